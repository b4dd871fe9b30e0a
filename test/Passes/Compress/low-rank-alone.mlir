// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1}))' --split-input-file | FileCheck %s

// A weight that two read, one in f16, one that is no constant.
// CHECK-LABEL: @alone
// CHECK-SAME: [{left_alone = "its weight is read elsewhere too", pass = "low-rank", site = "attn.linear"}, {left_alone = "its weight is read elsewhere too", pass = "low-rank", site = "attn.linear#2"}]
// CHECK-COUNT-4: = attn.linear
// CHECK-NOT: = attn.linear
// CHECK: return
func.func @alone(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>, %h: tensor<2x4xf16>) -> (tensor<2x4xf32>, tensor<2x4xf16>) {
  %c = arith.constant dense<[[1.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]> : tensor<4x4xf32>
  %d = arith.constant dense<1.0> : tensor<4x4xf16>
  %0 = attn.linear ins(%x, %c : tensor<2x4xf32>, tensor<4x4xf32>) outs(%x : tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = attn.linear ins(%0, %c : tensor<2x4xf32>, tensor<4x4xf32>) outs(%x : tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = attn.linear ins(%1, %w : tensor<2x4xf32>, tensor<4x4xf32>) outs(%x : tensor<2x4xf32>) -> tensor<2x4xf32>
  %3 = attn.linear ins(%h, %d : tensor<2x4xf16>, tensor<4x4xf16>) outs(%h : tensor<2x4xf16>) -> tensor<2x4xf16>
  return %2, %3 : tensor<2x4xf32>, tensor<2x4xf16>
}

// -----

// Zeros, and NaN; what a loop computes has a lower rank too.
// CHECK-LABEL: @numbers
// CHECK-SAME: {left_alone = "its weight is zero",
// CHECK-SAME: {left_alone = "its weight has NaN or infinity",
// CHECK-SAME: rank = 1 : i64
// CHECK: scf.for
// CHECK-COUNT-2: = attn.linear
// CHECK: scf.yield
func.func @numbers(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0.0> : tensor<4x4xf32>
  %nan = arith.constant dense<0x7FC00000> : tensor<4x4xf32>
  %one = arith.constant dense<1.0> : tensor<4x4xf32>
  %0 = attn.linear ins(%x, %zero : tensor<4xf32>, tensor<4x4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  %1 = attn.linear ins(%0, %nan : tensor<4xf32>, tensor<4x4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  %2 = scf.for %k = %c0 to %n step %c1 iter_args(%a = %1) -> tensor<4xf32> {
    %p = attn.linear ins(%a, %one : tensor<4xf32>, tensor<4x4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %p : tensor<4xf32>
  }
  return %2 : tensor<4xf32>
}
