// RUN: split-file %s %t

// RUN: tfc-opt %t/plain.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=down=0:2}))' | FileCheck %t/plain.mlir
// RUN: tfc-opt %t/plain.mlir --pass-pipeline='builtin.module(func.func(attn-prune{channel-share=0.67}))' | FileCheck %t/plain.mlir
// RUN: tfc-opt %t/plain.mlir --pass-pipeline='builtin.module(func.func(attn-prune{keep=down=1}))' | FileCheck %t/plain.mlir
// RUN: tfc-opt %t/plain.mlir --pass-pipeline='builtin.module(func.func(attn-prune{share=0.5}))' | FileCheck %t/plain.mlir
// Nothing is asked for, nothing is done.
// RUN: tfc-opt %t/plain.mlir > %t/before.mlir
// RUN: tfc-opt %t/plain.mlir --pass-pipeline='builtin.module(func.func(attn-prune))' | diff - %t/before.mlir
// RUN: tfc-opt %t/plain.mlir --pass-pipeline='builtin.module(func.func(attn-prune{channel-share=0.3}))' | diff - %t/before.mlir
//--- plain.mlir
// A function of elements between, of constants of one number and of one a channel.
// CHECK-LABEL: @plain
// CHECK-SAME: {channels = 1 : i64, of = 3 : i64, pass = "attn-prune", site = "down"}
// CHECK-DAG: %[[W1:.*]] = arith.constant dense<{{\[\[}}2.000000e+00], [5.000000e+00]]> : tensor<2x1xf32>
// CHECK-DAG: %[[B1:.*]] = arith.constant dense<8.000000e+00> : tensor<1xf32>
// CHECK-DAG: %[[S:.*]] = arith.constant dense<1.100000e+01> : tensor<1xf32>
// CHECK-DAG: %[[T:.*]] = arith.constant dense<5.000000e-01> : tensor<f32>
// CHECK-DAG: %[[W2:.*]] = arith.constant dense<{{\[\[}}6.000000e+00, 7.000000e+00]]> : tensor<1x2xf32>
// CHECK-DAG: %[[B2:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK-DAG: %[[ANY:.*]] = tensor.dim %arg0
// CHECK: attn.linear ins(%arg0, %[[W1]] : tensor<?x2xf32>, tensor<2x1xf32>) bias(%[[B1]] : tensor<1xf32>) outs(%[[E1:.*]] : tensor<?x1xf32>) -> tensor<?x1xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[S]], %[[T]] : tensor<?x1xf32>, tensor<1xf32>, tensor<f32>) outs(%{{.*}} : tensor<?x1xf32>)
// CHECK: attn.linear ins(%{{.*}}, %[[W2]] : tensor<?x1xf32>, tensor<1x2xf32>) bias(%[[B2]] :
// CHECK: attn.norm {{.*}} scale(%{{.*}} : tensor<3xf32>)
func.func @plain(%x: tensor<?x2xf32>, %z: tensor<?x3xf32>) -> (tensor<?x2xf32>, tensor<?x3xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x2xf32>
  %w1 = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %b1 = arith.constant dense<[7.0, 8.0, 9.0]> : tensor<3xf32>
  %s = arith.constant dense<[10.0, 11.0, 12.0]> : tensor<3xf32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %w2 = arith.constant dense<[[1.0, 1.0], [6.0, 7.0], [2.0, 2.0]]> : tensor<3x2xf32>
  %b2 = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %e3 = tensor.empty(%n) : tensor<?x3xf32>
  %e2 = tensor.empty(%n) : tensor<?x2xf32>
  %h = attn.linear ins(%x, %w1 : tensor<?x2xf32>, tensor<2x3xf32>) bias(%b1 : tensor<3xf32>) outs(%e3 : tensor<?x3xf32>) -> tensor<?x3xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> ()>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%h, %s, %half : tensor<?x3xf32>, tensor<3xf32>, tensor<f32>) outs(%e3 : tensor<?x3xf32>) {
  ^bb0(%in: f32, %sc: f32, %t: f32, %out: f32):
    %p = arith.mulf %in, %sc : f32
    %r = arith.maximumf %p, %t : f32
    linalg.yield %r : f32
  } -> tensor<?x3xf32>
  %y = attn.linear ins(%a, %w2 : tensor<?x3xf32>, tensor<3x2xf32>) bias(%b2 : tensor<2xf32>) outs(%e2 : tensor<?x2xf32>) -> tensor<?x2xf32> loc("down")
  // The same constants, read by what has nothing to do with it.
  %norm = attn.norm rms axis 1 epsilon 1.0e-05 ins(%z : tensor<?x3xf32>) scale(%s : tensor<3xf32>) outs(%e3 : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %y, %norm : tensor<?x2xf32>, tensor<?x3xf32>
}

// Two products multiplied, one with its activation, weights in all their forms.
// RUN: tfc-opt %t/gated.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=down=1}))' | FileCheck %t/gated.mlir
//--- gated.mlir
// CHECK-LABEL: @gated
// CHECK-DAG: %[[GATE:.*]] = arith.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<2x2xf32>
// CHECK-DAG: %[[UP:.*]] = arith.constant dense<{{\[\[}}7.000000e+00, 8.000000e+00], [1.100000e+01, 1.200000e+01]]> : tensor<2x2xf32>
// CHECK-DAG: %[[DOWN:.*]] = arith.constant dense<{{\[\[}}1.000000e+00, 3.000000e+00], [4.000000e+00, 6.000000e+00]]> : tensor<2x2xf32>
// CHECK: attn.linear ins(%arg0, %[[GATE]] : tensor<4x2xf32>, tensor<2x2xf32>) {{.*}} transpose_weight activation relu -> tensor<4x2xf32>
// CHECK: %[[TURNED:.*]] = linalg.transpose ins(%[[UP]] : tensor<2x2xf32>) outs(%{{.*}} : tensor<2x2xf32>)
// CHECK: attn.linear ins(%arg0, %[[TURNED]] :
// CHECK: linalg.mul {{.*}} tensor<4x2xf32>
// CHECK: attn.linear ins(%{{.*}}, %[[DOWN]] : tensor<4x2xf32>, tensor<2x2xf32>) {{.*}} transpose_weight -> tensor<4x2xf32>
func.func @gated(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %wg = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %wu = arith.constant dense<[[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]]> : tensor<3x2xf32>
  %wd = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %e3 = tensor.empty() : tensor<4x3xf32>
  %e2 = tensor.empty() : tensor<4x2xf32>
  %et = tensor.empty() : tensor<2x3xf32>
  %g = attn.linear ins(%x, %wg : tensor<4x2xf32>, tensor<3x2xf32>) outs(%e3 : tensor<4x3xf32>) transpose_weight activation relu -> tensor<4x3xf32>
  %wt = linalg.transpose ins(%wu : tensor<3x2xf32>) outs(%et : tensor<2x3xf32>) permutation = [1, 0]
  %u = attn.linear ins(%x, %wt : tensor<4x2xf32>, tensor<2x3xf32>) outs(%e3 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %p = linalg.mul ins(%g, %u : tensor<4x3xf32>, tensor<4x3xf32>) outs(%e3 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = attn.linear ins(%p, %wd : tensor<4x3xf32>, tensor<2x3xf32>) outs(%e2 : tensor<4x2xf32>) transpose_weight -> tensor<4x2xf32> loc("down")
  return %y : tensor<4x2xf32>
}

// Layers with the same weights lose the same channels, by the sum of both, and
// go on sharing; either name is that of the group.
// RUN: tfc-opt %t/twins.mlir --pass-pipeline='builtin.module(func.func(attn-prune{channel-share=0.5}))' | FileCheck %t/twins.mlir
// RUN: tfc-opt %t/twins.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=second=0}))' | FileCheck %t/twins.mlir
//--- twins.mlir
// CHECK-LABEL: @twins
// CHECK-SAME: {channels = 1 : i64, of = 2 : i64, pass = "attn-prune", site = "first", with = ["second"]}
// CHECK-DAG: %[[W1:.*]] = arith.constant dense<{{\[\[}}3.000000e+00], [5.000000e+00]]> : tensor<2x1xf32>
// CHECK-DAG: %[[W2:.*]] = arith.constant dense<{{\[\[}}3.000000e+00, 4.000000e+00]]> : tensor<1x2xf32>
// CHECK-NOT: arith.constant
// CHECK: attn.linear ins(%arg0, %[[W1]] :
// CHECK: attn.linear ins(%{{.*}}, %[[W2]] :
// CHECK: attn.linear ins(%{{.*}}, %[[W1]] :
// CHECK: attn.linear ins(%{{.*}}, %[[W2]] :
func.func @twins(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w1 = arith.constant dense<[[2.0, 3.0], [4.0, 5.0]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %e = tensor.empty() : tensor<4x2xf32>
  %h1 = attn.linear ins(%x, %w1 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%e : tensor<4x2xf32>) activation relu -> tensor<4x2xf32>
  %y1 = attn.linear ins(%h1, %w2 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32> loc("first")
  %s = linalg.add ins(%x, %y1 : tensor<4x2xf32>, tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %n = attn.norm rms axis 1 epsilon 1.0e-05 ins(%s : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %h2 = attn.linear ins(%n, %w1 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%e : tensor<4x2xf32>) activation relu -> tensor<4x2xf32>
  %y2 = attn.linear ins(%h2, %w2 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32> loc("second")
  return %y2 : tensor<4x2xf32>
}
