// RUN: tfc-opt %s --transform-interpreter --canonicalize --cse --split-input-file | FileCheck %s

// Rows and columns of a product, then the operation before it in the same loop.
// CHECK-LABEL: @mlp
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c64 step %c16
// CHECK:   %[[X:.*]] = tensor.extract_slice %{{.*}}[%[[ROW]], 0] [16, 32] [1, 1]
// CHECK:   %[[N:.*]] = attn.norm layer axis 1 {{.*}} ins(%[[X]] : tensor<16x32xf32>) scale(%{{.*}} : tensor<32xf32>)
// CHECK:   scf.for %[[COLUMN:.*]] = %c0 to %c128 step %c32
// CHECK:     %[[W:.*]] = tensor.extract_slice %{{.*}}[%[[COLUMN]], 0] [32, 32] [1, 1]
// CHECK:     %[[B:.*]] = tensor.extract_slice %{{.*}}[%[[COLUMN]]] [32] [1]
// CHECK:     attn.linear ins(%[[N]], %[[W]] : tensor<16x32xf32>, tensor<32x32xf32>) bias(%[[B]] : tensor<32xf32>) {{.*}} transpose_weight activation relu
func.func @mlp(%x: tensor<64x32xf32>, %s: tensor<32xf32>, %w: tensor<128x32xf32>, %b: tensor<128xf32>)
    -> tensor<64x128xf32> {
  %e = tensor.empty() : tensor<64x32xf32>
  %n = attn.norm layer axis 1 epsilon 1.0e-5 ins(%x : tensor<64x32xf32>) scale(%s : tensor<32xf32>)
                 outs(%e : tensor<64x32xf32>) -> tensor<64x32xf32>
  %i = tensor.empty() : tensor<64x128xf32>
  %y = attn.linear ins(%n, %w : tensor<64x32xf32>, tensor<128x32xf32>) bias(%b : tensor<128xf32>)
                   outs(%i : tensor<64x128xf32>) transpose_weight activation relu -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %linear = transform.structured.match ops{["attn.linear"]} in %root : (!transform.any_op) -> !transform.any_op
    %rows, %loop = transform.structured.fuse %linear tile_sizes [16, 0]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %inner = transform.structured.match ops{["attn.linear"]} in %root : (!transform.any_op) -> !transform.any_op
    %columns, %loop2 = transform.structured.tile_using_for %inner tile_sizes [0, 32]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A tile of causal queries reads the keys up to its last query, not all; its
// heads share one group of keys.
// CHECK: #[[GROUP:.*]] = affine_map<(d0) -> (d0 floordiv 2)>
// CHECK-LABEL: @causal
// CHECK: scf.for %[[HEAD:.*]] = %c0 to %c4 step %c1
// CHECK: scf.for %[[QUERY:.*]] = %c0 to %c32 step %c8
// CHECK-DAG: %[[G:.*]] = affine.apply #[[GROUP]](%[[HEAD]])
// CHECK-DAG: %[[SEEN:.*]] = affine.max #{{.*}}()[%[[QUERY]]]
// CHECK-DAG: tensor.extract_slice %{{.*}}[0, %[[HEAD]], %[[QUERY]], 0] [1, 1, 8, 16]
// CHECK-DAG: tensor.extract_slice %{{.*}}[0, %[[G]], 0, 0] [1, 1, %[[SEEN]], 16]
// CHECK-DAG: tensor.extract_slice %{{.*}}[0, 0, %[[QUERY]], 0] [1, 1, 8, %[[SEEN]]]
// CHECK: attn.attention scale {{.*}} causal
func.func @causal(%q: tensor<1x4x32x16xf32>, %k: tensor<1x2x48x16xf32>, %b: tensor<1x1x32x48xf32>)
    -> tensor<1x4x32x16xf32> {
  %e = tensor.empty() : tensor<1x4x32x16xf32>
  %y = attn.attention scale 0.25 causal
      ins(%q, %k, %k : tensor<1x4x32x16xf32>, tensor<1x2x48x16xf32>, tensor<1x2x48x16xf32>)
      bias(%b : tensor<1x1x32x48xf32>) outs(%e : tensor<1x4x32x16xf32>) -> tensor<1x4x32x16xf32>
  return %y : tensor<1x4x32x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:2 = transform.structured.tile_using_for %op tile_sizes [0, 1, 8]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: @images
// CHECK: scf.for
// CHECK:   tensor.extract_slice %{{.*}} [1, 3, 8, 8]
// CHECK:   attn.patch_embed {{.*}} outs(%{{.*}} : tensor<1x4x6xf32>)
func.func @images(%image: tensor<5x3x8x8xf32>, %p: tensor<6x3x4x4xf32>) -> tensor<5x4x6xf32> {
  %e = tensor.empty() : tensor<5x4x6xf32>
  %y = attn.patch_embed ins(%image, %p : tensor<5x3x8x8xf32>, tensor<6x3x4x4xf32>)
      outs(%e : tensor<5x4x6xf32>) -> tensor<5x4x6xf32>
  return %y : tensor<5x4x6xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.patch_embed"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [1]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A tile of a window reads the keys around it, and knows where they begin.
// CHECK-LABEL: @window
// CHECK: scf.for %[[QUERY:.*]] = %c0 to %c32 step %c8
// CHECK: tensor.extract_slice %{{.*}}[0, 0, %[[FIRST:[^,]*]], 0] [1, 4, %[[COUNT:[^,]*]], 16]
// CHECK: attn.attention scale {{.*}} left_window 3 right_window 2 ins({{.*}}tensor<1x4x8x16xf32>, tensor<1x4x?x16xf32>{{.*}}) query_offset(%{{.*}})
func.func @window(%q: tensor<1x4x32x16xf32>) -> tensor<1x4x32x16xf32> {
  %e = tensor.empty() : tensor<1x4x32x16xf32>
  %y = attn.attention scale 0.25 left_window 3 right_window 2
      ins(%q, %q, %q : tensor<1x4x32x16xf32>, tensor<1x4x32x16xf32>, tensor<1x4x32x16xf32>)
      outs(%e : tensor<1x4x32x16xf32>) -> tensor<1x4x32x16xf32>
  return %y : tensor<1x4x32x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 0, 8]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

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
