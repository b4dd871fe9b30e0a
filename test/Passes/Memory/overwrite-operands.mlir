// RUN: tfc-opt %s --memory-overwrite-operands --split-input-file | FileCheck %s

#same = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#turned = affine_map<(d0, d1) -> (d1, d0)>

// An activation and a residual: the branch's buffer does for both.
// CHECK-LABEL: func.func @residual(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<4x4xf32>
// CHECK: %[[F:.*]] = linalg.matmul
// CHECK: %[[G:.*]] = linalg.generic {{.*}} outs(%[[F]] : tensor<4x4xf32>)
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[G]] : {{.*}}) outs(%[[G]] : tensor<4x4xf32>)
// CHECK: materialize_in_destination %[[Y]]
func.func @residual(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>, %to: memref<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<4x4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e0 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %f = linalg.matmul ins(%x, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%start : tensor<4x4xf32>) -> tensor<4x4xf32>
  %e1 = tensor.empty() : tensor<4x4xf32>
  %g = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%f : tensor<4x4xf32>) outs(%e1 : tensor<4x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %r = math.tanh %in : f32
    linalg.yield %r : f32
  } -> tensor<4x4xf32>
  %e2 = tensor.empty() : tensor<4x4xf32>
  %y = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%x, %g : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e2 : tensor<4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<4x4xf32>
  bufferization.materialize_in_destination %y in restrict writable %to : (tensor<4x4xf32>, memref<4x4xf32>) -> ()
  return
}

// -----

// What a norm does last: its row's mean lies elsewhere.
// CHECK-LABEL: func.func @centre(
// CHECK: %[[X:[a-z0-9]+]] = linalg.exp
// CHECK: %[[MEAN:.*]] = linalg.reduce
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[MEAN]] : {{.*}}) outs(%[[X]] : tensor<4x8xf32>)
#same = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @centre(%given: tensor<4x8xf32>, %start: tensor<4xf32>, %to: memref<4x8xf32>) {
  %e0 = tensor.empty() : tensor<4x8xf32>
  %x = linalg.exp ins(%given : tensor<4x8xf32>) outs(%e0 : tensor<4x8xf32>) -> tensor<4x8xf32>
  %mean = linalg.reduce ins(%x : tensor<4x8xf32>) outs(%start : tensor<4xf32>) dimensions = [1] (%in: f32, %acc: f32) {
    %r = arith.addf %in, %acc : f32
    linalg.yield %r : f32
  }
  %e1 = tensor.empty() : tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#same, #row, #same], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean : tensor<4x8xf32>, tensor<4xf32>) outs(%e1 : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %r = arith.subf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  bufferization.materialize_in_destination %y in restrict writable %to : (tensor<4x8xf32>, memref<4x8xf32>) -> ()
  return
}

// -----

// Left alone: the argument is the caller's; %a is read later; a transposed read
// comes after its element was written; a part keeps the whole alive.
// CHECK-LABEL: func.func @left_alone(
// CHECK: %[[A:.*]] = linalg.exp ins(%{{.*}}) outs(%[[E0:.*]] : tensor<4x4xf32>)
// CHECK: linalg.exp ins(%[[A]] : {{.*}}) outs(%[[E1:.*]] : tensor<4x4xf32>)
// CHECK: %[[T:.*]] = linalg.generic {{.*}} ins(%[[A]] : {{.*}}) outs(%[[E2:.*]] : tensor<4x4xf32>)
// CHECK: %[[PART:.*]] = tensor.extract_slice %{{.*}}[0, 0] [4, 4] [1, 1]
// CHECK: linalg.exp ins(%[[PART]] : {{.*}}) outs(%[[E3:.*]] : tensor<4x4xf32>)
#same = affine_map<(d0, d1) -> (d0, d1)>
#turned = affine_map<(d0, d1) -> (d1, d0)>
func.func @left_alone(%x: tensor<4x4xf32>, %o0: memref<4x4xf32>, %o1: memref<4x4xf32>, %o2: memref<4x4xf32>) {
  %e0 = tensor.empty() : tensor<4x4xf32>
  %a = linalg.exp ins(%x : tensor<4x4xf32>) outs(%e0 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %e1 = tensor.empty() : tensor<4x4xf32>
  %b = linalg.exp ins(%a : tensor<4x4xf32>) outs(%e1 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %e2 = tensor.empty() : tensor<4x4xf32>
  %t = linalg.generic {indexing_maps = [#turned, #same], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<4x4xf32>) outs(%e2 : tensor<4x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<4x4xf32>
  %large = tensor.empty() : tensor<8x4xf32>
  %zero = arith.constant 0.0 : f32
  %filled = linalg.fill ins(%zero : f32) outs(%large : tensor<8x4xf32>) -> tensor<8x4xf32>
  %part = tensor.extract_slice %filled[0, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
  %e3 = tensor.empty() : tensor<4x4xf32>
  %p = linalg.exp ins(%part : tensor<4x4xf32>) outs(%e3 : tensor<4x4xf32>) -> tensor<4x4xf32>
  bufferization.materialize_in_destination %b in restrict writable %o0 : (tensor<4x4xf32>, memref<4x4xf32>) -> ()
  bufferization.materialize_in_destination %t in restrict writable %o1 : (tensor<4x4xf32>, memref<4x4xf32>) -> ()
  bufferization.materialize_in_destination %p in restrict writable %o2 : (tensor<4x4xf32>, memref<4x4xf32>) -> ()
  return
}

// -----

// Left alone: %a lies in the caller's buffer, and is a result.
// CHECK-LABEL: func.func @result(
// CHECK: %[[OUT:.*]] = bufferization.to_tensor %{{.*}} restrict writable
// CHECK: %[[A:.*]] = linalg.exp ins(%{{.*}}) outs(%[[OUT]] : tensor<4xf32>)
// CHECK: %[[E:.*]] = tensor.empty()
// CHECK: linalg.exp ins(%[[A]] : tensor<4xf32>) outs(%[[E]] : tensor<4xf32>)
func.func @result(%x: memref<4xf32>, %y: memref<4xf32>, %z: memref<4xf32>) {
  %in = bufferization.to_tensor %x restrict : memref<4xf32> to tensor<4xf32>
  %out = bufferization.to_tensor %y restrict writable : memref<4xf32> to tensor<4xf32>
  %a = linalg.exp ins(%in : tensor<4xf32>) outs(%out : tensor<4xf32>) -> tensor<4xf32>
  bufferization.materialize_in_destination %a in restrict writable %y : (tensor<4xf32>, memref<4xf32>) -> ()
  %e = tensor.empty() : tensor<4xf32>
  %b = linalg.exp ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  bufferization.materialize_in_destination %b in restrict writable %z : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}

// -----

// Kernels that work in place do, also on int8.
// CHECK-LABEL: func.func @integers(
// CHECK: %[[T:.*]] = m7.table ins(%[[P:[a-z0-9]+]] : tensor<4x8xi8>) {{.*}} outs(%[[P]] : tensor<4x8xi8>)
// CHECK: m7.add ins(%[[X:[a-z0-9]+]], %[[T]] : {{.*}}) {{.*}} outs(%[[T]] : tensor<4x8xi8>)
func.func @integers(%x: tensor<4x8xi8>, %to: memref<4x8xi8>) {
  %init = tensor.empty() : tensor<4x8xi8>
  %p = m7.product ins(%x : tensor<4x8xi8>) weights dense<1> : tensor<8x8xi8> bias dense<0> : tensor<8xi32>
    multipliers dense<1000> : tensor<8xi32> zero 0 outs(%init : tensor<4x8xi8>) -> tensor<4x8xi8>
  %e0 = tensor.empty() : tensor<4x8xi8>
  %t = m7.table ins(%p : tensor<4x8xi8>) table dense<7> : tensor<256xi8> outs(%e0 : tensor<4x8xi8>) -> tensor<4x8xi8>
  %e1 = tensor.empty() : tensor<4x8xi8>
  %y = m7.add ins(%x, %t : tensor<4x8xi8>, tensor<4x8xi8>) factors 1048576, 500000 offset 524288
    outs(%e1 : tensor<4x8xi8>) -> tensor<4x8xi8>
  bufferization.materialize_in_destination %y in restrict writable %to : (tensor<4x8xi8>, memref<4x8xi8>) -> ()
  return
}
