// RUN: split-file %s %t

// Rows of zeros in all weights that read a channel: it goes. 0 and -0 are zero.
// RUN: tfc-opt %t/zeros.mlir --pass-pipeline='builtin.module(func.func(attn-prune-zeros))' | FileCheck %t/zeros.mlir
//--- zeros.mlir
// CHECK-LABEL: @zeros
// CHECK-SAME: {channels = 2 : i64, of = 4 : i64, pass = "attn-prune-zeros", site = "a", with = ["b"]}
// CHECK-DAG: dense<{{\[\[}}1.000000e+00, 4.000000e+00]]> : tensor<1x2xf32>
// CHECK-DAG: dense<{{\[\[}}1.000000e+00, 0.000000e+00], [0.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
// CHECK-DAG: dense<{{\[\[}}5.000000e+00, 8.000000e+00]]> : tensor<1x2xf32>
func.func @zeros(%x: tensor<4x1xf32>) -> (tensor<4x2xf32>, tensor<4x1xf32>) {
  %up = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %a = arith.constant dense<[[1.0, 0.0], [0.0, -0.0], [0.0, 0.0], [0.0, 4.0]]> : tensor<4x2xf32>
  %b = arith.constant dense<[[5.0, 0.0, 0.0, 8.0]]> : tensor<1x4xf32>
  %e4 = tensor.empty() : tensor<4x4xf32>
  %e2 = tensor.empty() : tensor<4x2xf32>
  %e1 = tensor.empty() : tensor<4x1xf32>
  %h = attn.linear ins(%x, %up : tensor<4x1xf32>, tensor<1x4xf32>) outs(%e4 : tensor<4x4xf32>) activation relu -> tensor<4x4xf32>
  %y = attn.linear ins(%h, %a : tensor<4x4xf32>, tensor<4x2xf32>) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32> loc("a")
  %z = attn.linear ins(%h, %b : tensor<4x4xf32>, tensor<1x4xf32>) outs(%e1 : tensor<4x1xf32>) transpose_weight -> tensor<4x1xf32> loc("b")
  return %y, %z : tensor<4x2xf32>, tensor<4x1xf32>
}

// Of nothing but zeros one is left.
// RUN: tfc-opt %t/all.mlir --pass-pipeline='builtin.module(func.func(attn-prune-zeros))' | FileCheck %t/all.mlir
//--- all.mlir
// CHECK-LABEL: @all
// CHECK: attn.linear {{.*}} : tensor<4x1xf32>, tensor<1x1xf32>)
// CHECK: attn.linear {{.*}} : tensor<4x1xf32>, tensor<1x2xf32>)
func.func @all(%x: tensor<4x1xf32>) -> tensor<4x2xf32> {
  %up = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %a = arith.constant dense<0.0> : tensor<4x2xf32>
  %e4 = tensor.empty() : tensor<4x4xf32>
  %e2 = tensor.empty() : tensor<4x2xf32>
  %h = attn.linear ins(%x, %up : tensor<4x1xf32>, tensor<1x4xf32>) outs(%e4 : tensor<4x4xf32>) activation relu -> tensor<4x4xf32>
  %y = attn.linear ins(%h, %a : tensor<4x4xf32>, tensor<4x2xf32>) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// Left alone, to the byte.
// RUN: tfc-opt %t/alone.mlir > %t/before.mlir
// RUN: tfc-opt %t/alone.mlir --pass-pipeline='builtin.module(func.func(attn-prune-zeros))' | diff - %t/before.mlir
//--- alone.mlir
// One of the two that read it has a weight.
func.func @half(%x: tensor<4x1xf32>) -> (tensor<4x1xf32>, tensor<4x1xf32>) {
  %up = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %a = arith.constant dense<[[1.0], [0.0]]> : tensor<2x1xf32>
  %b = arith.constant dense<[[0.0], [2.0]]> : tensor<2x1xf32>
  %e2 = tensor.empty() : tensor<4x2xf32>
  %e1 = tensor.empty() : tensor<4x1xf32>
  %h = attn.linear ins(%x, %up : tensor<4x1xf32>, tensor<1x2xf32>) outs(%e2 : tensor<4x2xf32>) activation relu -> tensor<4x2xf32>
  %y = attn.linear ins(%h, %a : tensor<4x2xf32>, tensor<2x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32>
  %z = attn.linear ins(%h, %b : tensor<4x2xf32>, tensor<2x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y, %z : tensor<4x1xf32>, tensor<4x1xf32>
}

// Its square is in a sum that the other channel is divided by.
func.func @norm(%x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %up = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %a = arith.constant dense<[[1.0], [0.0]]> : tensor<2x1xf32>
  %zero = arith.constant 0.0 : f32
  %e2 = tensor.empty() : tensor<4x2xf32>
  %e1 = tensor.empty() : tensor<4x1xf32>
  %e = tensor.empty() : tensor<4xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %h = attn.linear ins(%x, %up : tensor<4x1xf32>, tensor<1x2xf32>) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  %squares = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%h : tensor<4x2xf32>) outs(%zeros : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %p = arith.mulf %in, %in : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %n = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%h, %squares : tensor<4x2xf32>, tensor<4xf32>) outs(%e2 : tensor<4x2xf32>) {
  ^bb0(%in: f32, %s: f32, %out: f32):
    %q = arith.divf %in, %s : f32
    linalg.yield %q : f32
  } -> tensor<4x2xf32>
  %y = attn.linear ins(%n, %a : tensor<4x2xf32>, tensor<2x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// It is a result too; the model's input has a size of its own.
func.func @results(%x: tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x1xf32>) {
  %up = arith.constant dense<[[1.0, 2.0], [0.0, 0.0]]> : tensor<2x2xf32>
  %a = arith.constant dense<[[1.0], [0.0]]> : tensor<2x1xf32>
  %e2 = tensor.empty() : tensor<4x2xf32>
  %e1 = tensor.empty() : tensor<4x1xf32>
  %h = attn.linear ins(%x, %up : tensor<4x2xf32>, tensor<2x2xf32>) outs(%e2 : tensor<4x2xf32>) activation relu -> tensor<4x2xf32>
  %y = attn.linear ins(%h, %a : tensor<4x2xf32>, tensor<2x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32>
  return %h, %y : tensor<4x2xf32>, tensor<4x1xf32>
}
func.func private @declared(tensor<2xf32>) -> tensor<2xf32>
