// RUN: tfc-opt %s --transform-interpreter --canonicalize --cse | FileCheck %s

// Heads of keys bring the query heads that read their state; features of values
// are apart, those of keys are not.
// CHECK-DAG: #[[QUERIES:.*]] = affine_map<(d0) -> (d0 * 2)>
// CHECK-LABEL: @scan
// CHECK: scf.for %[[HEAD:.*]] = %c0 to %c4 step %c1
// CHECK: scf.for %[[FEATURE:.*]] = %c0 to %c32 step %c16
// CHECK-DAG: %[[Q:.*]] = affine.apply #[[QUERIES]](%[[HEAD]])
// CHECK-DAG: tensor.extract_slice %{{.*}}[0, %[[Q]], 0, 0] [2, 2, %{{.*}}, 8]
// CHECK-DAG: tensor.extract_slice %{{.*}}[0, %[[HEAD]], 0, %[[FEATURE]]] [2, 1, %{{.*}}, 16]
// CHECK-DAG: tensor.extract_slice %{{.*}}[%[[HEAD]], 0, %[[FEATURE]]] [1, 8, 16]
// CHECK-DAG: tensor.extract_slice %{{.*}}[0, %[[HEAD]], 0, %[[FEATURE]]] [2, 1, 8, 16]
// CHECK: attn.scan scale {{.*}} step({{.*}}) rate({{.*}}) {{.*}} -> tensor<2x2x?x16xf32>, tensor<2x1x8x16xf32>
// CHECK-DAG: tensor.insert_slice %{{.*}}[0, %[[Q]], 0, %[[FEATURE]]]
// CHECK-DAG: tensor.insert_slice %{{.*}}[0, %[[HEAD]], 0, %[[FEATURE]]]
func.func @scan(%q: tensor<2x8x?x8xf32>, %k: tensor<2x4x?x8xf32>, %v: tensor<2x4x?x32xf32>,
                %r: tensor<4x8x32xf32>, %i: tensor<2x8x?x32xf32>, %s: tensor<2x4x8x32xf32>)
    -> (tensor<2x8x?x32xf32>, tensor<2x4x8x32xf32>) {
  %y:2 = attn.scan scale 1.0 ins(%q, %k, %v : tensor<2x8x?x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x32xf32>)
      step(%v : tensor<2x4x?x32xf32>) rate(%r : tensor<4x8x32xf32>)
      outs(%i, %s : tensor<2x8x?x32xf32>, tensor<2x4x8x32xf32>) -> tensor<2x8x?x32xf32>, tensor<2x4x8x32xf32>
  return %y#0, %y#1 : tensor<2x8x?x32xf32>, tensor<2x4x8x32xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.scan"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:2 = transform.structured.tile_using_for %op tile_sizes [0, 1, 16]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
