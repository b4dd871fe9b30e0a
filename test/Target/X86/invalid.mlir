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

// -----

func.func @quantized(%x: memref<4x8xf32>, %w: memref<1x8x16xi8>, %s: memref<1x2x16xf32>, %b: memref<16xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected panels of 1x4x16, found 'memref<1x8x16xi8>'}}
  x86.packed_quantized_linear bits 4 group 4 ins(%x, %w, %s, %b : memref<4x8xf32>, memref<1x8x16xi8>, memref<1x2x16xf32>, memref<16xf32>) outs(%o : memref<4x10xf32>)
  return
}

// -----

func.func @quantized(%x: memref<4x8xf32>, %w: memref<1x8x16xi8>, %s: memref<1x2x16xf32>, %b: memref<16xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected 3 scales for a column, found 2}}
  x86.packed_quantized_linear bits 8 group 3 ins(%x, %w, %s, %b : memref<4x8xf32>, memref<1x8x16xi8>, memref<1x2x16xf32>, memref<16xf32>) outs(%o : memref<4x10xf32>)
  return
}

// -----

func.func @quantized(%x: memref<4x8xf32>, %w: memref<1x8x16xi8>, %s: memref<1x2x16xf32>, %b: memref<16xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected 4 or 8 bits and a group of 1 at least, found 2 and 4}}
  x86.packed_quantized_linear bits 2 group 4 ins(%x, %w, %s, %b : memref<4x8xf32>, memref<1x8x16xi8>, memref<1x2x16xf32>, memref<16xf32>) outs(%o : memref<4x10xf32>)
  return
}

// -----

func.func @quantized(%x: memref<4x8xf32>, %w: memref<1x4x16xi8>, %s: memref<1x3x16xf32>, %b: memref<16xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected a group with an even number of rows, found 3}}
  x86.packed_quantized_linear bits 4 group 3 ins(%x, %w, %s, %b : memref<4x8xf32>, memref<1x4x16xi8>, memref<1x3x16xf32>, memref<16xf32>) outs(%o : memref<4x10xf32>)
  return
}

// -----

func.func @quantized(%x: memref<4x8xf32>, %w: memref<1x8x16xi8>, %s: memref<1x2x16xf32>, %z: memref<1x1x16xi8>, %b: memref<16xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected as many zero points as scales, found}}
  x86.packed_quantized_linear bits 8 group 4 ins(%x, %w, %s, %b : memref<4x8xf32>, memref<1x8x16xi8>, memref<1x2x16xf32>, memref<16xf32>) zero_points(%z : memref<1x1x16xi8>) outs(%o : memref<4x10xf32>)
  return
}

// -----

func.func @quantized(%x: memref<4x8xf32>, %w: memref<1x8x16xi8>, %s: memref<1x2x16xf32>, %b: memref<10xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected a bias of 16 and at most as many columns, found 10 and 10}}
  x86.packed_quantized_linear bits 8 group 4 ins(%x, %w, %s, %b : memref<4x8xf32>, memref<1x8x16xi8>, memref<1x2x16xf32>, memref<10xf32>) outs(%o : memref<4x10xf32>)
  return
}

// -----

func.func @integers(%x: memref<4x10xi8>, %w: memref<1x2x64xi8>, %c: memref<1x1x16xi32>, %s: memref<1x1x16xf32>, %b: memref<16xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected a quarter of the columns of x as rows in a panel, found 2 of 10}}
  x86.packed_integer_linear ins(%x, %w, %c, %s, %b : memref<4x10xi8>, memref<1x2x64xi8>, memref<1x1x16xi32>, memref<1x1x16xf32>, memref<16xf32>) outs(%o : memref<4x10xf32>)
  return
}

// -----

func.func @integers(%x: memref<4x8xi8>, %w: memref<1x2x64xi8>, %c: memref<1x1x8xi32>, %s: memref<1x1x16xf32>, %b: memref<16xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected a correction and a scale for each column of the panels, found}}
  x86.packed_integer_linear ins(%x, %w, %c, %s, %b : memref<4x8xi8>, memref<1x2x64xi8>, memref<1x1x8xi32>, memref<1x1x16xf32>, memref<16xf32>) outs(%o : memref<4x10xf32>)
  return
}

// -----

func.func @integers(%x: memref<4x8xi8>, %w: memref<1x2x64xi8>, %c: memref<1x1x16xi32>, %s: memref<1x1x16xf32>, %b: memref<16xf32>, %o: memref<4x17xf32>) {
  // expected-error @below {{expected a bias of 16 and at most as many columns, found 16 and 17}}
  x86.packed_integer_linear ins(%x, %w, %c, %s, %b : memref<4x8xi8>, memref<1x2x64xi8>, memref<1x1x16xi32>, memref<1x1x16xf32>, memref<16xf32>) outs(%o : memref<4x17xf32>)
  return
}

// -----

func.func @integers(%x: memref<4x2x4xi8>, %w: memref<1x2x64xi8>, %c: memref<1x1x16xi32>, %s: memref<1x1x16xf32>, %b: memref<16xf32>, %o: memref<4x10xf32>) {
  // expected-error @below {{expected ranks 2, 3, 3, 3, 1 and 2, found 3, 3, 3, 3, 1 and 2}}
  x86.packed_integer_linear ins(%x, %w, %c, %s, %b : memref<4x2x4xi8>, memref<1x2x64xi8>, memref<1x1x16xi32>, memref<1x1x16xf32>, memref<16xf32>) outs(%o : memref<4x10xf32>)
  return
}
