// RUN: tfc-opt %s --split-input-file --verify-diagnostics

func.func @axis(%rows: (memref<1xi8>, i32, i32, memref<4x3xf32>) -> i32, %context: memref<1xi8>, %first: index, %strip: memref<4x3xf32>) {
  // expected-error @+1 {{expected an axis of 'memref<4x3xf32>', found 2}}
  m7.read_rows %rows(%context) axis 2 first %first outs(%strip : memref<4x3xf32>)
  return
}

// -----

func.func @gaps(%rows: (memref<1xi8>, i32, i32, memref<4x3xf32>) -> i32, %context: memref<1xi8>, %first: index, %strip: memref<4x3xf32, strided<[5, 1]>>) {
  // expected-error @+1 {{expected a strip without gaps, found 'memref<4x3xf32, strided<[5, 1]>>'}}
  m7.read_rows %rows(%context) axis 0 first %first outs(%strip : memref<4x3xf32, strided<[5, 1]>>)
  return
}

// -----

func.func @open(%rows: (memref<1xi8>, i32, i32, memref<?x3xf32>) -> i32, %context: memref<1xi8>, %first: index, %strip: memref<?x3xf32>) {
  // expected-error @+1 {{expected a strip of known size, found 'memref<?x3xf32>'}}
  m7.read_rows %rows(%context) axis 0 first %first outs(%strip : memref<?x3xf32>)
  return
}

// -----

func.func @result(%rows: (memref<1xi8>, i32, i32, memref<4x3xf32>) -> i32, %context: memref<1xi8>, %first: index, %strip: tensor<4x3xf32>) {
  // expected-error @+1 {{expected a result of init's type for tensors, and none for buffers}}
  m7.read_rows %rows(%context) axis 0 first %first outs(%strip : tensor<4x3xf32>)
  return
}

// -----

// expected-note @+1 {{prior use here}}
func.func @function(%rows: (memref<1xi8>, i32, memref<4x3xf32>) -> i32, %context: memref<1xi8>, %first: index, %strip: memref<4x3xf32>) {
  // expected-error @+1 {{use of value '%rows' expects different type than prior uses: '(memref<1xi8>, i32, i32, memref<4x3xf32>) -> i32' vs '(memref<1xi8>, i32, memref<4x3xf32>) -> i32'}}
  m7.read_rows %rows(%context) axis 0 first %first outs(%strip : memref<4x3xf32>)
  return
}
