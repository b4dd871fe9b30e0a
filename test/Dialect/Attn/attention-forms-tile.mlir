// RUN: tfc-opt %s --transform-interpreter --canonicalize --cse --split-input-file | FileCheck %s

// CHECK-LABEL: @blocks
// CHECK: attn.attention scale {{.*}} block_size 2 ins({{.*}}tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>{{.*}}) key_blocks(%{{.*}} : tensor<4x3xi64>)
func.func @blocks(%q: tensor<2x4x8x4xf32>, %b: tensor<4x3xi64>) -> tensor<2x4x8x4xf32> {
  %e = tensor.empty() : tensor<2x4x8x4xf32>
  %y = attn.attention scale 0.25 block_size 2
      ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      key_blocks(%b : tensor<4x3xi64>) outs(%e : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  return %y : tensor<2x4x8x4xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop:2 = transform.structured.tile_using_for %op tile_sizes [1, 2, 0]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: @grouped
// CHECK: attn.attention score {{.*}}grouped group_size 4 {{.*}} ins({{.*}}tensor<2x4x2x4xf32>, tensor<2x4x8x4xf32>
func.func @grouped(%q: tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32> {
  %e = tensor.empty() : tensor<2x4x8x4xf32>
  %y = attn.attention score grouped group_size 4 scale 0.25
      ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      outs(%e : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  return %y : tensor<2x4x8x4xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 0, 2]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Heads of a cache are tiles of their own, its tokens are not.
// CHECK-LABEL: @cache
// CHECK: scf.for %[[HEAD:.*]] = %c0 to %c4 step %c2
// CHECK-DAG: tensor.extract_slice %{{.*}}[0, %[[HEAD]], 0, 0] [2, 2, 3, 8]
// CHECK-DAG: tensor.extract_slice %{{.*}}[0, %[[HEAD]], 0, 0] [2, 2, 16, 8]
// CHECK: attn.cache_append axis 2 {{.*}} outs(%{{.*}} : tensor<2x2x16x8xf32>)
func.func @cache(%new: tensor<2x4x3x8xf32>, %at: tensor<2xi64>, %cache: tensor<2x4x16x8xf32>) -> tensor<2x4x16x8xf32> {
  %all = attn.cache_append axis 2 ins(%new : tensor<2x4x3x8xf32>) positions(%at : tensor<2xi64>)
      outs(%cache : tensor<2x4x16x8xf32>) -> tensor<2x4x16x8xf32>
  return %all : tensor<2x4x16x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.cache_append"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 2]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
