// RUN: tfc-opt %s --split-input-file --verify-diagnostics

func.func @buffer_layout() {
  // expected-error @below {{expected an identity layout, found 'memref<4xf32, strided<[2]>>'}}
  %x = x86.buffer input 0 : memref<4xf32, strided<[2]>>
  return
}

// -----

func.func @buffer_sizes() {
  // expected-error @below {{expected 1 sizes, found 0}}
  %x = x86.buffer input 0 : memref<?xf32>
  return
}

// -----

func.func @buffer_offset() {
  // expected-error @below {{expected an offset for, and only for, the arena}}
  %x = x86.buffer arena 0 : memref<4xf32>
  return
}

// -----

func.func @yield_outside() {
  // expected-error @below {{expects parent op 'x86.parallel'}}
  x86.yield
}

// -----

func.func @packed(%x: memref<4x7xf32>, %w: memref<1x8x16xf32>, %b: memref<16xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected as many columns in x as rows in a panel, found 7 and 8}}
  x86.packed_linear ins(%x, %w, %b : memref<4x7xf32>, memref<1x8x16xf32>, memref<16xf32>) outs(%o : memref<4x10xf32>)
  return
}

// -----

func.func @packed(%x: memref<4x8xf32>, %w: memref<1x8x16xf32>, %b: memref<10xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected a bias of 16, found 10}}
  x86.packed_linear ins(%x, %w, %b : memref<4x8xf32>, memref<1x8x16xf32>, memref<10xf32>) outs(%o : memref<4x10xf32>)
  return
}

// -----

func.func @packed(%x: memref<4x8xf32>, %w: memref<1x8x16xf32>, %b: memref<16xf32>, %o: memref<4x17xf32>) {
  // expected-error @below {{expected at most 16 columns in init, found 17}}
  x86.packed_linear ins(%x, %w, %b : memref<4x8xf32>, memref<1x8x16xf32>, memref<16xf32>) outs(%o : memref<4x17xf32>)
  return
}

// -----

func.func @packed(%x: memref<4x8x1xf32>, %w: memref<1x8x16xf32>, %b: memref<16xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected ranks 2, 3, 1 and 2, found 3, 3, 1 and 2}}
  x86.packed_linear ins(%x, %w, %b : memref<4x8x1xf32>, memref<1x8x16xf32>, memref<16xf32>) outs(%o : memref<4x10xf32>)
  return
}
