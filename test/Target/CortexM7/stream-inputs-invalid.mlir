// RUN: tfc-opt %s --m7-stream-inputs --split-input-file --verify-diagnostics

// Strips that share rows, that leave rows out, that begin later, or that take a part
// of each row.
module attributes {m7.interface = {inputs = [{dims = array<i64: 8, 4>, element = "float", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%x: memref<8x4xf32>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %ok = arith.constant 0 : i32
    %t = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
    %e = tensor.empty() : tensor<4x4xf32>
    %r = scf.for %row = %c0 to %c4 step %c2 iter_args(%s = %e) -> (tensor<4x4xf32>) {
      // expected-error @+1 {{needs more of input 'x' than a strip of rows at a time; it cannot be streamed}}
      %strip = tensor.extract_slice %t[%row, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
      %n = linalg.max ins(%strip, %s : tensor<4x4xf32>, tensor<4x4xf32>) outs(%s : tensor<4x4xf32>) -> tensor<4x4xf32>
      scf.yield %n : tensor<4x4xf32>
    }
    return %ok : i32
  }
}

// -----

module attributes {m7.interface = {inputs = [{dims = array<i64: 8, 4>, element = "float", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%x: memref<8x4xf32>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %ok = arith.constant 0 : i32
    %t = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
    %e = tensor.empty() : tensor<4x4xf32>
    %r = scf.for %row = %c4 to %c8 step %c4 iter_args(%s = %e) -> (tensor<4x4xf32>) {
      // expected-error @+1 {{needs more of input 'x' than a strip of rows at a time; it cannot be streamed}}
      %strip = tensor.extract_slice %t[%row, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
      %n = linalg.max ins(%strip, %s : tensor<4x4xf32>, tensor<4x4xf32>) outs(%s : tensor<4x4xf32>) -> tensor<4x4xf32>
      scf.yield %n : tensor<4x4xf32>
    }
    return %ok : i32
  }
}

// -----

module attributes {m7.interface = {inputs = [{dims = array<i64: 8, 4>, element = "float", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%x: memref<8x4xf32>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %ok = arith.constant 0 : i32
    %t = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
    %e = tensor.empty() : tensor<4x4xf32>
    %e2 = tensor.empty() : tensor<4x2xf32>
    %r = scf.for %row = %c0 to %c8 step %c4 iter_args(%s = %e2) -> (tensor<4x2xf32>) {
      // expected-error @+1 {{needs more of input 'x' than a strip of rows at a time; it cannot be streamed}}
      %strip = tensor.extract_slice %t[%row, 2] [4, 2] [1, 1] : tensor<8x4xf32> to tensor<4x2xf32>
      %n = linalg.max ins(%strip, %s : tensor<4x2xf32>, tensor<4x2xf32>) outs(%s : tensor<4x2xf32>) -> tensor<4x2xf32>
      scf.yield %n : tensor<4x2xf32>
    }
    return %ok : i32
  }
}

// -----

// A loop that runs more than once.
module attributes {m7.interface = {inputs = [{dims = array<i64: 8, 4>, element = "float", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%x: memref<8x4xf32>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %ok = arith.constant 0 : i32
    %t = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
    %e = tensor.empty() : tensor<4x4xf32>
    scf.for %i = %c0 to %c2 step %c2 {
    %r = scf.for %row = %c0 to %c8 step %c4 iter_args(%s = %e) -> (tensor<4x4xf32>) {
      // expected-error @+1 {{needs more of input 'x' than a strip of rows at a time; it cannot be streamed}}
      %strip = tensor.extract_slice %t[%row, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
      %n = linalg.max ins(%strip, %s : tensor<4x4xf32>, tensor<4x4xf32>) outs(%s : tensor<4x4xf32>) -> tensor<4x4xf32>
      scf.yield %n : tensor<4x4xf32>
    }
    }
    return %ok : i32
  }
}

// -----

// Two loops over one input.
module attributes {m7.interface = {inputs = [{dims = array<i64: 8, 4>, element = "float", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%x: memref<8x4xf32>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %ok = arith.constant 0 : i32
    %t = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
    %e = tensor.empty() : tensor<4x4xf32>
    %r = scf.for %row = %c0 to %c8 step %c4 iter_args(%s = %e) -> (tensor<4x4xf32>) {
      // expected-note @+1 {{after this}}
      %strip = tensor.extract_slice %t[%row, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
      %n = linalg.max ins(%strip, %s : tensor<4x4xf32>, tensor<4x4xf32>) outs(%s : tensor<4x4xf32>) -> tensor<4x4xf32>
      scf.yield %n : tensor<4x4xf32>
    }
    %r2 = scf.for %row = %c0 to %c8 step %c4 iter_args(%s = %e) -> (tensor<4x4xf32>) {
      // expected-error @+1 {{reads input 'x' once more; it cannot be streamed}}
      %strip = tensor.extract_slice %t[%row, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
      %n = linalg.max ins(%strip, %s : tensor<4x4xf32>, tensor<4x4xf32>) outs(%s : tensor<4x4xf32>) -> tensor<4x4xf32>
      scf.yield %n : tensor<4x4xf32>
    }
    return %ok : i32
  }
}

// -----

// Rows are left out before the loop.
module attributes {m7.interface = {inputs = [{dims = array<i64: 8, 4>, element = "float", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%x: memref<8x4xf32>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %ok = arith.constant 0 : i32
    %t = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
    %e = tensor.empty() : tensor<2x4xf32>
    %r = scf.for %row = %c0 to %c4 step %c2 iter_args(%s = %e) -> (tensor<2x4xf32>) {
      %first = affine.apply affine_map<(d0) -> (d0 + 2)>(%row)
      // expected-error @+1 {{begins with row 2 of input 'x'; it cannot be streamed}}
      %strip = tensor.extract_slice %t[%first, 0] [2, 4] [1, 1] : tensor<8x4xf32> to tensor<2x4xf32>
      %n = linalg.max ins(%strip, %s : tensor<2x4xf32>, tensor<2x4xf32>) outs(%s : tensor<2x4xf32>) -> tensor<2x4xf32>
      scf.yield %n : tensor<2x4xf32>
    }
    return %ok : i32
  }
}

// -----

// The loop begins with a row that came before.
module attributes {m7.interface = {inputs = [{dims = array<i64: 8, 4>, element = "float", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%x: memref<8x4xf32>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %ok = arith.constant 0 : i32
    %t = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
    %e = tensor.empty() : tensor<2x4xf32>
    // expected-note @+1 {{after this}}
    %start = tensor.extract_slice %t[0, 0] [2, 4] [1, 1] : tensor<8x4xf32> to tensor<2x4xf32>
    %r = scf.for %row = %c0 to %c4 step %c2 iter_args(%s = %e) -> (tensor<2x4xf32>) {
      %first = affine.apply affine_map<(d0) -> (d0 + 1)>(%row)
      // expected-error @+1 {{reads input 'x' once more; it cannot be streamed}}
      %strip = tensor.extract_slice %t[%first, 0] [2, 4] [1, 1] : tensor<8x4xf32> to tensor<2x4xf32>
      %n = linalg.max ins(%strip, %s : tensor<2x4xf32>, tensor<2x4xf32>) outs(%s : tensor<2x4xf32>) -> tensor<2x4xf32>
      scf.yield %n : tensor<2x4xf32>
    }
    return %ok : i32
  }
}

// -----

// Another number of rows before the loop.
module attributes {m7.interface = {inputs = [{dims = array<i64: 8, 4>, element = "float", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%x: memref<8x4xf32>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %ok = arith.constant 0 : i32
    %t = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
    %e = tensor.empty() : tensor<2x4xf32>
    %start = tensor.extract_slice %t[0, 0] [1, 4] [1, 1] : tensor<8x4xf32> to tensor<1x4xf32>
    %r = scf.for %row = %c0 to %c4 step %c2 iter_args(%s = %e) -> (tensor<2x4xf32>) {
      %first = affine.apply affine_map<(d0) -> (d0 + 1)>(%row)
      // expected-error @+1 {{takes 2 rows of input 'x' at a time, after 1; it cannot be streamed}}
      %strip = tensor.extract_slice %t[%first, 0] [2, 4] [1, 1] : tensor<8x4xf32> to tensor<2x4xf32>
      %n = linalg.max ins(%strip, %s : tensor<2x4xf32>, tensor<2x4xf32>) outs(%s : tensor<2x4xf32>) -> tensor<2x4xf32>
      scf.yield %n : tensor<2x4xf32>
    }
    return %ok : i32
  }
}

// -----

// All of it.
module attributes {m7.interface = {inputs = [{dims = array<i64: 8, 4>, element = "float", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%x: memref<8x4xf32>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %ok = arith.constant 0 : i32
    %t = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
    %e = tensor.empty() : tensor<4x4xf32>
    %i = tensor.empty() : tensor<8x4xf32>
    // expected-error @+1 {{needs more of input 'x' than a strip of rows at a time; it cannot be streamed}}
    %n = linalg.exp ins(%t : tensor<8x4xf32>) outs(%i : tensor<8x4xf32>) -> tensor<8x4xf32>
    return %ok : i32
  }
}

// -----

// Nothing of it.
module attributes {m7.interface = {inputs = [{dims = array<i64: 8, 4>, element = "float", name = "x"}], outputs = []}} {
  // expected-error @+1 {{input 'x' is not used; it cannot be streamed}}
  func.func @tfc_compute(%x: memref<8x4xf32>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %ok = arith.constant 0 : i32
    %t = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
    %e = tensor.empty() : tensor<4x4xf32>
    return %ok : i32
  }
}

// -----

// A name is missing or wrong.
module attributes {m7.interface = {inputs = [{dims = array<i64: 4>, element = "float", name = "a"}, {dims = array<i64: 4>, element = "float", name = "b"}], outputs = []}} {
  // expected-error @+1 {{which input is to be streamed must be said, as --input-stream=NAME; the model has 'a', 'b'}}
  func.func @tfc_compute(%a: memref<4xf32>, %b: memref<4xf32>) -> i32 {
    %ok = arith.constant 0 : i32
    return %ok : i32
  }
}

// -----

// expected-error @+1 {{expected the model's function in buffers}}
module {
  func.func @main_graph(%a: tensor<4xf32>) -> tensor<4xf32> {
    return %a : tensor<4xf32>
  }
}
