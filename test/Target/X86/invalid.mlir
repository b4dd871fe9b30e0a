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
