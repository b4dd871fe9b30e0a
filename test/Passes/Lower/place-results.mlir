// RUN: tfc-opt %s --lower-place-results --split-input-file | FileCheck %s

// Each sum has a start of its own, and the first is made in the result.
// CHECK-LABEL: @two
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[A:.*]]: memref<4xf32>, %[[B:.*]]: memref<4xf32>
// CHECK-DAG: %[[TO_A:.*]] = bufferization.to_tensor %[[A]] restrict writable
// CHECK-DAG: %[[TO_B:.*]] = bufferization.to_tensor %[[B]] restrict writable
// CHECK-DAG: linalg.fill {{.*}} outs(%[[TO_A]]
// CHECK-DAG: linalg.fill {{.*}} outs(%[[TO_B]]
func.func @two(%x: tensor<4xf32>, %a: memref<4xf32>, %b: memref<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  %p = linalg.map { math.exp } ins(%x : tensor<4xf32>) outs(%start : tensor<4xf32>)
  %q = linalg.map { math.sqrt } ins(%x : tensor<4xf32>) outs(%start : tensor<4xf32>)
  bufferization.materialize_in_destination %p in restrict writable %a : (tensor<4xf32>, memref<4xf32>) -> ()
  bufferization.materialize_in_destination %q in restrict writable %b : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}

// -----

// Another value on the way than a filled one is not made in the result.
// CHECK-LABEL: @between
// CHECK: tensor.empty
// CHECK-NOT: bufferization.to_tensor
func.func @between(%x: tensor<4xf32>, %y: tensor<4xf32>, %a: memref<4xf32>, %b: memref<4xf32>) {
  %empty = tensor.empty() : tensor<4xf32>
  %start = linalg.map { math.exp } ins(%x : tensor<4xf32>) outs(%empty : tensor<4xf32>)
  %p = linalg.add ins(%x, %y : tensor<4xf32>, tensor<4xf32>) outs(%start : tensor<4xf32>) -> tensor<4xf32>
  %q = linalg.mul ins(%x, %y : tensor<4xf32>, tensor<4xf32>) outs(%start : tensor<4xf32>) -> tensor<4xf32>
  bufferization.materialize_in_destination %p in restrict writable %a : (tensor<4xf32>, memref<4xf32>) -> ()
  bufferization.materialize_in_destination %q in restrict writable %b : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}

// -----

// Operations that share an empty tensor would share a buffer for longer than any
// of them needs it.
// CHECK-LABEL: @shared
// CHECK: %[[E:.*]] = tensor.empty
// CHECK-NEXT: linalg.exp {{.*}} outs(%[[E]]
// CHECK-NEXT: %[[F:.*]] = tensor.empty
// CHECK-NEXT: linalg.sqrt {{.*}} outs(%[[F]]
func.func @shared(%x: tensor<4xf32>) -> tensor<4xf32> {
  %empty = tensor.empty() : tensor<4xf32>
  %p = linalg.exp ins(%x : tensor<4xf32>) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  %q = linalg.sqrt ins(%p : tensor<4xf32>) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  return %q : tensor<4xf32>
}
