// RUN: tfc-opt %s --m7-stream-inputs=input=x --split-input-file | FileCheck %s

// CHECK: module attributes {m7.interface = {inputs = [{dims = array<i64: 4>, element = "float", name = "a"}, {dims = array<i64: 1, 2, 9, 4>, element = "int8_t", name = "x", strip_axis = 2 : i64, strip_rows = 4 : i64}], outputs
// CHECK: func.func @tfc_compute(%{{.*}}: memref<4xf32>, %[[ROWS:.*]]: (memref<1xi8>, i32, i32, memref<1x2x4x4xi8>) -> i32, %[[CONTEXT:.*]]: memref<1xi8>, %{{.*}}: memref<1x2x4x4xi8>) -> i32
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: %[[INIT:.*]] = tensor.empty() : tensor<1x2x4x4xi8>
// CHECK: m7.read_rows %[[ROWS]](%[[CONTEXT]]) axis 2 first %[[ROW]] outs(%[[INIT]] : tensor<1x2x4x4xi8>) -> tensor<1x2x4x4xi8>
module attributes {m7.interface = {inputs = [{dims = array<i64: 4>, element = "float", name = "a"}, {dims = array<i64: 1, 2, 9, 4>, element = "int8_t", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%a: memref<4xf32>, %x: memref<1x2x9x4xi8>, %y: memref<1x2x4x4xi8>) -> i32 {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %ok = arith.constant 0 : i32
    %image = bufferization.to_tensor %x restrict : memref<1x2x9x4xi8> to tensor<1x2x9x4xi8>
    %e = tensor.empty() : tensor<1x2x4x4xi8>
    %r = scf.for %row = %c0 to %c8 step %c4 iter_args(%sum = %e) -> (tensor<1x2x4x4xi8>) {
      %strip = tensor.extract_slice %image[0, 0, %row, 0] [1, 2, 4, 4] [1, 1, 1, 1] : tensor<1x2x9x4xi8> to tensor<1x2x4x4xi8>
      %next = linalg.max ins(%strip, %sum : tensor<1x2x4x4xi8>, tensor<1x2x4x4xi8>) outs(%sum : tensor<1x2x4x4xi8>) -> tensor<1x2x4x4xi8>
      scf.yield %next : tensor<1x2x4x4xi8>
    }
    bufferization.materialize_in_destination %r in restrict writable %y : (tensor<1x2x4x4xi8>, memref<1x2x4x4xi8>) -> ()
    return %ok : i32
  }
}

// -----

// Rows before those of the loop, as many at a time.
// CHECK: strip_rows = 2
// CHECK: func.func @tfc_compute(%[[ROWS:.*]]: (memref<1xi8>, i32, i32, memref<2x4xi8>) -> i32, %[[CONTEXT:.*]]: memref<1xi8>, %{{.*}}: memref<2x4xi8>) -> i32
// CHECK: m7.read_rows %[[ROWS]](%[[CONTEXT]]) axis 0 first %c0
// CHECK: m7.read_rows %[[ROWS]](%[[CONTEXT]]) axis 0 first %c2
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: %[[FIRST:.*]] = affine.apply {{.*}}(%[[ROW]])
// CHECK: m7.read_rows %[[ROWS]](%[[CONTEXT]]) axis 0 first %[[FIRST]]
module attributes {m7.interface = {inputs = [{dims = array<i64: 9, 4>, element = "int8_t", name = "x"}], outputs = []}} {
  func.func @tfc_compute(%x: memref<9x4xi8>, %y: memref<2x4xi8>) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %ok = arith.constant 0 : i32
    %image = bufferization.to_tensor %x restrict : memref<9x4xi8> to tensor<9x4xi8>
    %e = tensor.empty() : tensor<2x4xi8>
    %a = tensor.extract_slice %image[0, 0] [2, 4] [1, 1] : tensor<9x4xi8> to tensor<2x4xi8>
    %b = tensor.extract_slice %image[2, 0] [2, 4] [1, 1] : tensor<9x4xi8> to tensor<2x4xi8>
    %m = linalg.max ins(%a, %b : tensor<2x4xi8>, tensor<2x4xi8>) outs(%e : tensor<2x4xi8>) -> tensor<2x4xi8>
    %r = scf.for %row = %c0 to %c4 step %c2 iter_args(%sum = %m) -> (tensor<2x4xi8>) {
      %first = affine.apply affine_map<(d0) -> (d0 + 4)>(%row)
      %strip = tensor.extract_slice %image[%first, 0] [2, 4] [1, 1] : tensor<9x4xi8> to tensor<2x4xi8>
      %next = linalg.max ins(%strip, %sum : tensor<2x4xi8>, tensor<2x4xi8>) outs(%sum : tensor<2x4xi8>) -> tensor<2x4xi8>
      scf.yield %next : tensor<2x4xi8>
    }
    bufferization.materialize_in_destination %r in restrict writable %y : (tensor<2x4xi8>, memref<2x4xi8>) -> ()
    return %ok : i32
  }
}
