// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{method=exact}))' | FileCheck %s

// The first weight has rank 1; the second would, but for one number that is above
// what rounding explains: 4 * 2^-23 of its greatest singular value.
// CHECK-LABEL: @exact
// CHECK-SAME: [{columns = 4 : i64, energy_kept = {{1.0+e[+]00|0.99999999[0-9]*}} : f64, method = "exact",
// CHECK-SAME: rank = 1 : i64, rows = 4 : i64, site = "attn.linear"},
// CHECK-SAME: {left_alone = "rank 2 would hold 16 numbers, not fewer than 16",
// CHECK-COUNT-3: = attn.linear
// CHECK-NOT: = attn.linear
func.func @exact(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %v = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0], [0.0, 0.0, 0.0, 0.0], [0.5, 1.0, 1.5, 2.0000002]]> : tensor<4x4xf32>
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0], [0.0, 0.0, 0.0, 0.0], [0.5, 1.0, 1.5, 2.0001]]> : tensor<4x4xf32>
  %0 = attn.linear ins(%x, %v : tensor<2x4xf32>, tensor<4x4xf32>) outs(%x : tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = attn.linear ins(%0, %w : tensor<2x4xf32>, tensor<4x4xf32>) outs(%x : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}
