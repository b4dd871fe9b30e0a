// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-expose))' | FileCheck %s

// Scores, scaled, with what a query does not see at -infinity; the softmax in its
// steps; the product with the values of the group's head.
// CHECK-DAG: #[[KEY:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 floordiv 2, d3, d4)>
// CHECK-DAG: #[[VALUE:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 floordiv 2, d4, d3)>
// CHECK-LABEL: @attention
// CHECK-NOT: attn.attention
// CHECK: %[[PRODUCT:.*]] = linalg.generic {indexing_maps = [{{.*}}#[[KEY]]{{.*}} ins(%arg0, %arg1 :
// CHECK: %[[SCALED:.*]] = linalg.generic {{.*}} ins(%[[PRODUCT]] :
// CHECK: arith.mulf
// CHECK: %[[HIDDEN:.*]] = linalg.generic {{.*}} ins(%[[SCALED]] :
// CHECK: arith.cmpi sle
// CHECK: arith.select
// CHECK: %[[MOST:.*]] = linalg.generic {{.*}} ins(%[[HIDDEN]] :
// CHECK: arith.maximumf
// CHECK: %[[BELOW:.*]] = linalg.generic {{.*}} ins(%[[HIDDEN]], %[[MOST]] :
// CHECK: arith.subf
// CHECK: %[[POWERS:.*]] = linalg.generic {{.*}} ins(%[[BELOW]] :
// CHECK: math.exp
// CHECK: %[[SUMS:.*]] = linalg.generic {{.*}} ins(%[[POWERS]] :
// CHECK: arith.addf
// CHECK: %[[SHARES:.*]] = linalg.generic {{.*}} ins(%[[POWERS]], %[[SUMS]] :
// CHECK: arith.divf
// CHECK: linalg.generic {indexing_maps = [{{.*}}#[[VALUE]]{{.*}} ins(%[[SHARES]], %arg2 :
func.func @attention(%q: tensor<1x4x8x16xf32>, %k: tensor<1x2x8x16xf32>, %v: tensor<1x2x8x16xf32>) -> tensor<1x4x8x16xf32> {
  %e = tensor.empty() : tensor<1x4x8x16xf32>
  %y = attn.attention scale 0.25 causal ins(%q, %k, %v : tensor<1x4x8x16xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>)
      outs(%e : tensor<1x4x8x16xf32>) -> tensor<1x4x8x16xf32>
  return %y : tensor<1x4x8x16xf32>
}

// CHECK-LABEL: @activation
// CHECK: %[[Y:.*]] = attn.linear ins(%arg0, %arg1 : {{.*}}) outs({{.*}}) -> tensor<2x4xf32>
// CHECK: linalg.generic {{.*}} ins(%[[Y]] :
// CHECK: arith.maximumf
func.func @activation(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>) -> tensor<2x4xf32> {
  %e = tensor.empty() : tensor<2x4xf32>
  %y = attn.linear ins(%x, %w : tensor<2x8xf32>, tensor<8x4xf32>) outs(%e : tensor<2x4xf32>) activation relu -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// CHECK-LABEL: @patches
// CHECK-NOT: attn.patch_embed
// CHECK: linalg.transpose
// CHECK: attn.linear
func.func @patches(%x: tensor<?x3x8x8xf32>, %w: tensor<16x3x4x4xf32>, %e: tensor<?x4x16xf32>) -> tensor<?x4x16xf32> {
  %y = attn.patch_embed ins(%x, %w : tensor<?x3x8x8xf32>, tensor<16x3x4x4xf32>) outs(%e : tensor<?x4x16xf32>) -> tensor<?x4x16xf32>
  return %y : tensor<?x4x16xf32>
}

// Rows that see nothing are zero, scores are no softmax, numbers are not f32.
// CHECK-LABEL: @left_alone
// CHECK: attn.attention scale {{.*}} zero_masked_rows
// CHECK: attn.attention score hard
// CHECK: attn.linear {{.*}} activation silu
func.func @left_alone(%q: tensor<1x4x8x16xf32>, %m: tensor<1x1x8x8xi1>, %x: tensor<2x8xf16>, %w: tensor<8x4xf16>) -> (tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<2x4xf16>) {
  %e = tensor.empty() : tensor<1x4x8x16xf32>
  %y = attn.attention scale 0.25 zero_masked_rows ins(%q, %q, %q : tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>)
      mask(%m : tensor<1x1x8x8xi1>) outs(%e : tensor<1x4x8x16xf32>) -> tensor<1x4x8x16xf32>
  %z = attn.attention score hard scale 0.25 ins(%q, %q, %q : tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>)
      outs(%e : tensor<1x4x8x16xf32>) -> tensor<1x4x8x16xf32>
  %f = tensor.empty() : tensor<2x4xf16>
  %h = attn.linear ins(%x, %w : tensor<2x8xf16>, tensor<8x4xf16>) outs(%f : tensor<2x4xf16>) activation silu -> tensor<2x4xf16>
  return %y, %z, %h : tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<2x4xf16>
}

// Rounded scores have ties, and so other greatest ones.
// CHECK-LABEL: @top
// CHECK-NOT: math.exp
// CHECK: attn.attention top 2
func.func @top(%q: tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> {
  %y = attn.attention top 2 scale 0.5 ins(%q, %q, %q : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>)
      outs(%q : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32>
  return %y : tensor<1x2x5x4xf32>
}
