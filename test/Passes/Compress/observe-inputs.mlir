// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-observe-inputs))' --split-input-file | FileCheck %s

// What two layers read is observed once.
// CHECK-DAG: #[[LEFT:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[RIGHT:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[PAIR:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-LABEL: @shared
// CHECK-SAME: -> (tensor<?x2xf32> {tfc.name = "y"}, tensor<?x4xf32>,
// CHECK-SAME: tensor<3x3xf32> {tfc.sum_of_moments = 0 : i32}, tensor<3xf32> {tfc.sum_of_rows = 0 : i32}, tensor<3xf32> {tfc.greatest_of_columns = 0 : i32}, tensor<i64> {tfc.number_of_rows = 0 : i32},
// CHECK-SAME: tensor<2x2xf32> {tfc.sum_of_moments = 1 : i32}, tensor<2xf32> {tfc.sum_of_rows = 1 : i32}, tensor<2xf32> {tfc.greatest_of_columns = 1 : i32}, tensor<i64> {tfc.number_of_rows = 1 : i32})
// CHECK: %[[Y:.*]] = attn.linear ins(%arg0
// CHECK: %[[MOMENTS:.*]] = linalg.generic {indexing_maps = [#[[LEFT]], #[[RIGHT]], #[[PAIR]]], iterator_types = ["reduction", "parallel", "parallel"]} ins(%arg0, %arg0
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%arg0
// CHECK: %[[GREATEST:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%arg0
// CHECK: math.absf
// CHECK: %[[ROWS:.*]] = tensor.from_elements
// CHECK: linalg.generic {{.*}} ins(%[[Y]], %[[Y]]
// CHECK: return %{{.*}}, %{{.*}}, %[[MOMENTS]], %[[SUM]], %[[GREATEST]], %[[ROWS]],
func.func @shared(%x: tensor<?x3xf32>, %i: tensor<?x2xf32>, %j: tensor<?x4xf32>) -> (tensor<?x2xf32> {tfc.name = "y"}, tensor<?x4xf32>) {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %v = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %u = arith.constant dense<0.5> : tensor<4x3xf32>
  %h = attn.linear ins(%x, %w : tensor<?x3xf32>, tensor<3x2xf32>) outs(%i : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = attn.linear ins(%h, %v : tensor<?x2xf32>, tensor<2x2xf32>) outs(%i : tensor<?x2xf32>) -> tensor<?x2xf32>
  %z = attn.linear ins(%x, %u : tensor<?x3xf32>, tensor<4x3xf32>) outs(%j : tensor<?x4xf32>) transpose_weight -> tensor<?x4xf32>
  return %y, %z : tensor<?x2xf32>, tensor<?x4xf32>
}

// -----

// One row.
// CHECK-LABEL: @row
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]}
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel"]}
func.func @row(%x: tensor<3xf32>, %i: tensor<2xf32>) -> tensor<2xf32> {
  %w = arith.constant dense<1.0> : tensor<3x2xf32>
  %y = attn.linear ins(%x, %w : tensor<3xf32>, tensor<3x2xf32>) outs(%i : tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// Weights that are no constants, other types, what is inside of a loop.
// CHECK-LABEL: @alone
// CHECK-NOT: tfc.sum_of
func.func @alone(%x: tensor<4x2xf32>, %f: tensor<4x2xf16>, %w: tensor<2x2xf32>, %n: index) -> (tensor<4x2xf32>, tensor<4x2xf16>, tensor<4x2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %h = arith.constant dense<1.0> : tensor<2x2xf16>
  %s = arith.constant dense<1.0> : tensor<2x2xf32>
  %y = attn.linear ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%x : tensor<4x2xf32>) -> tensor<4x2xf32>
  %g = attn.linear ins(%f, %h : tensor<4x2xf16>, tensor<2x2xf16>) outs(%f : tensor<4x2xf16>) -> tensor<4x2xf16>
  %z = scf.for %k = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<4x2xf32> {
    %p = attn.linear ins(%a, %s : tensor<4x2xf32>, tensor<2x2xf32>) outs(%x : tensor<4x2xf32>) -> tensor<4x2xf32>
    scf.yield %p : tensor<4x2xf32>
  }
  return %y, %g, %z : tensor<4x2xf32>, tensor<4x2xf16>, tensor<4x2xf32>
}

// -----

// CHECK-LABEL: func.func private @declared
func.func private @declared(tensor<2xf32>) -> tensor<2xf32>
