// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1}))' | FileCheck %s
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{ranks=up=1}))' | FileCheck %s --check-prefix=SOME
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 sites=up#2}))' | FileCheck %s --check-prefix=SOME2
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=2}))' | FileCheck %s --check-prefix=LARGE

// One layer in its natural form and one in the other; bias and activation stay with
// the second of both.
// CHECK-LABEL: @forms
// CHECK-SAME: tfc.compression = [{columns = 4 : i64, energy_kept = {{1.0+e[+]00|0.9999999[0-9]*}} : f64, method = "svd", parameters_after = 8 : i64, parameters_before = 16 : i64, pass = "low-rank", rank = 1 : i64, rows = 4 : i64, site = "up"}
// CHECK-SAME: rows = 4 : i64, site = "up#2"}
// CHECK: %[[A:.*]] = arith.constant dense_resource<low_rank.a> : tensor<4x1xf32>
// CHECK: %[[H:.*]] = attn.linear ins(%arg0, %[[A]] : {{.*}}) outs(%{{.*}} : tensor<2x?x1xf32>) -> tensor<2x?x1xf32>
// CHECK: %[[B:.*]] = arith.constant dense_resource<low_rank.b> : tensor<1x4xf32>
// CHECK: %[[Y:.*]] = attn.linear ins(%[[H]], %[[B]] : {{.*}}) bias(%arg2 : tensor<4xf32>) outs(%arg1 : tensor<2x?x4xf32>) activation relu -> tensor<2x?x4xf32>
// CHECK: attn.linear ins(%[[Y]], {{.*}}) outs({{.*}}) -> tensor<2x?x1xf32>
// CHECK: attn.linear ins({{.*}}) outs({{.*}}) -> tensor<2x?x3xf32>
// SOME-LABEL: @forms
// SOME-COUNT-3: attn.linear
// SOME-NOT: attn.linear
// SOME2-LABEL: @forms
// SOME2-COUNT-3: attn.linear
// SOME2-NOT: attn.linear
// SOME2: return
// Twice 4 + 4 are no fewer than 16.
// LARGE-LABEL: @forms
// LARGE-SAME: {left_alone = "rank 2 would hold 16 numbers, not fewer than 16", pass = "low-rank", site = "up"}
// LARGE-COUNT-2: attn.linear
// LARGE-NOT: attn.linear
func.func @forms(%x: tensor<2x?x4xf32>, %i: tensor<2x?x4xf32>, %bias: tensor<4xf32>, %j: tensor<2x?x3xf32>) -> tensor<2x?x3xf32> {
  %w = arith.constant dense<[[2.0, 0.0, 4.0, 0.0], [1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 6.0, 0.0]]> : tensor<4x4xf32>
  %v = arith.constant dense<[[2.0, 0.0, 4.0, 0.0], [1.0, 0.0, 2.0, 1.0], [0.0, 5.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %y = attn.linear ins(%x, %w : tensor<2x?x4xf32>, tensor<4x4xf32>) bias(%bias : tensor<4xf32>) outs(%i : tensor<2x?x4xf32>) activation relu -> tensor<2x?x4xf32> loc("up")
  %z = attn.linear ins(%y, %v : tensor<2x?x4xf32>, tensor<3x4xf32>) outs(%j : tensor<2x?x3xf32>) transpose_weight -> tensor<2x?x3xf32> loc("up")
  return %z : tensor<2x?x3xf32>
}
