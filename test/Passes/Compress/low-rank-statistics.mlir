// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1}))' --split-input-file | FileCheck %s
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 method=svd}))' --split-input-file | FileCheck %s --check-prefix=SVD
// The method of the site comes before that of all.
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 method=whitened methods=up=svd}))' --split-input-file | FileCheck %s --check-prefix=SVD
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{energy=0.95}))' --split-input-file | FileCheck %s --check-prefix=ENERGY
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{budget=0.75}))' --split-input-file | FileCheck %s --check-prefix=BUDGET

// The covariance is 100, 1, 1, 1 on its diagonal, and the mean 1, 2, 0, 0. The weight
// is greatest in the second row, but most of what it gives comes from the first:
// 100 + 9 + 1 + 1. The bias takes up 2 * 3 of the second.
// CHECK-LABEL: @diagonal
// CHECK-SAME: energy_kept = 0.900900900{{.*}} method = "whitened"
// CHECK: dense_resource<low_rank.bias> : tensor<4xf32>
// CHECK: attn.linear {{.*}}tfc.input_mean = dense_resource<{{.*}}> : tensor<4xf64>, tfc.input_moments = dense_resource<{{.*}}> : tensor<4x4xf64>
// CHECK: attn.linear {{.*}} bias({{.*}}tfc.input_mean = dense_resource<{{.*}}> : tensor<1xf64>, tfc.input_moments = dense_resource<{{.*}}> : tensor<1x1xf64>
// CHECK: builtin: {
// Four bytes that say their alignment, then 1 0 0 0 and 0 6 0 0.
// CHECK-DAG: low_rank.a: "0x040000000000803F000000000000000000000000"
// CHECK-DAG: low_rank.b: "0x040000000000803F000000000000000000000000"
// CHECK-DAG: low_rank.bias: "0x04000000000000000000C0400000000000000000"

// SVD-LABEL: @diagonal
// SVD-SAME: energy_kept = 7.500000e-01
// SVD-SAME: method = "svd"
// SVD-NOT: low_rank.bias

// Rank 2 holds as much as the layer.
// ENERGY-LABEL: @diagonal
// ENERGY-SAME: left_alone = "rank 2 would hold 20 numbers, not fewer than 16"

// Rank 1 holds 12, with the bias.
// BUDGET-LABEL: @diagonal
// BUDGET-SAME: parameters_after = 12 : i64
// BUDGET-SAME: rank = 1
func.func @diagonal(%x: tensor<2x4xf32>, %i: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense<[[1.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]> : tensor<4x4xf32>
  %y = attn.linear ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) outs(%i : tensor<2x4xf32>)
    {tfc.input_moments = dense<[[101.0, 2.0, 0.0, 0.0], [2.0, 5.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]> : tensor<4x4xf64>,
     tfc.input_mean = dense<[1.0, 2.0, 0.0, 0.0]> : tensor<4xf64>} -> tensor<2x4xf32> loc("up")
  return %y : tensor<2x4xf32>
}
