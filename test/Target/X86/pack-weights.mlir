// RUN: tfc-opt %s --x86-pack-weights=vector-bits=512 --split-input-file | FileCheck %s
// RUN: tfc-opt %s --x86-pack-weights=vector-bits=128 --split-input-file | FileCheck %s --check-prefix=NARROW

// Ten columns need one vector of 16; the rest is zeros. Leading sizes are rows.
// CHECK-LABEL: @rows
// CHECK-DAG: %[[X:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<?x3x2xf32> into tensor<?x2xf32>
// CHECK-DAG: %[[P:.*]] = arith.constant dense_resource<{{.*}}> : tensor<1x2x16xf32>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[5.000000e-01, 5.000000e-01, 5.000000e-01, 5.000000e-01, 5.000000e-01, 5.000000e-01, 5.000000e-01, 5.000000e-01, 5.000000e-01, 5.000000e-01, 0.0
// CHECK: x86.packed_linear ins(%[[X]], %[[P]], %[[B]] : tensor<?x2xf32>, tensor<1x2x16xf32>, tensor<16xf32>) outs(%{{.*}} : tensor<?x10xf32>) -> tensor<?x10xf32>
// CHECK: tensor.expand_shape {{.*}} into tensor<?x3x10xf32>
// NARROW-LABEL: @rows
// NARROW: tensor<3x2x4xf32>
func.func @rows(%x: tensor<?x3x2xf32>, %i: tensor<?x3x10xf32>) -> tensor<?x3x10xf32> {
  %w = arith.constant dense<1.0> : tensor<2x10xf32>
  %b = arith.constant dense<0.5> : tensor<10xf32>
  %y = attn.linear ins(%x, %w : tensor<?x3x2xf32>, tensor<2x10xf32>) bias(%b : tensor<10xf32>)
                   outs(%i : tensor<?x3x10xf32>) -> tensor<?x3x10xf32>
  return %y : tensor<?x3x10xf32>
}

// -----

// Panels hold the weight's rows; a transposed weight gives the same.
// CHECK-LABEL: @order
// CHECK-COUNT-2: x86.packed_linear
// CHECK: packed: "0x400000000000803F000000400000404000008040
// CHECK-NOT: packed_1
func.func @order(%x: tensor<1x1xf32>, %i: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %0 = attn.linear ins(%x, %w : tensor<1x1xf32>, tensor<1x4xf32>) outs(%i : tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = attn.linear ins(%x, %w : tensor<1x1xf32>, tensor<1x4xf32>) outs(%i : tensor<1x4xf32>) -> tensor<1x4xf32>
  return %0, %1 : tensor<1x4xf32>, tensor<1x4xf32>
}

// -----

// What the kernel has no form for stays: a weight that is computed, half
// precision, an activation.
// CHECK-LABEL: @stays
// CHECK-NOT: x86.packed_linear
// CHECK: return
func.func @stays(%x: tensor<4x2xf32>, %w: tensor<2x8xf32>, %h: tensor<4x2xf16>, %i: tensor<4x8xf32>, %j: tensor<4x8xf16>)
    -> (tensor<4x8xf32>, tensor<4x8xf16>, tensor<4x8xf32>) {
  %c = arith.constant dense<1.0> : tensor<2x8xf16>
  %d = arith.constant dense<1.0> : tensor<2x8xf32>
  %0 = attn.linear ins(%x, %w : tensor<4x2xf32>, tensor<2x8xf32>) outs(%i : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = attn.linear ins(%h, %c : tensor<4x2xf16>, tensor<2x8xf16>) outs(%j : tensor<4x8xf16>) -> tensor<4x8xf16>
  %2 = attn.linear ins(%x, %d : tensor<4x2xf32>, tensor<2x8xf32>) outs(%i : tensor<4x8xf32>) activation relu -> tensor<4x8xf32>
  return %0, %1, %2 : tensor<4x8xf32>, tensor<4x8xf16>, tensor<4x8xf32>
}

// -----

// A matrix of a stack, which of them the call knows: the panels of each are one
// after the other, two a matrix here.
// CHECK-LABEL: @stack
// CHECK: %[[PANELS:.*]] = arith.constant dense_resource<{{.*}}> : tensor<6x2x32xf32>
// CHECK: %[[FIRST:.*]] = affine.apply #{{.*}}()[%arg2]
// CHECK: %[[OWN:.*]] = tensor.extract_slice %[[PANELS]][%[[FIRST]], 0, 0] [2, 2, 32] [1, 1, 1]
// CHECK: x86.packed_linear ins(%{{.*}}, %[[OWN]], %{{.*}} : tensor<?x2xf32>, tensor<2x2x32xf32>, tensor<64xf32>)
func.func @stack(%x: tensor<?x2xf32>, %i: tensor<?x60xf32>, %e: index) -> tensor<?x60xf32> {
  %w = arith.constant dense<1.0> : tensor<3x2x60xf32>
  %own = tensor.extract_slice %w[%e, 0, 0] [1, 2, 60] [1, 1, 1] : tensor<3x2x60xf32> to tensor<2x60xf32>
  %y = attn.linear ins(%x, %own : tensor<?x2xf32>, tensor<2x60xf32>) outs(%i : tensor<?x60xf32>) -> tensor<?x60xf32>
  return %y : tensor<?x60xf32>
}
