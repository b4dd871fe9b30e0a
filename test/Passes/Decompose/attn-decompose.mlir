// RUN: tfc-opt %s --attn-decompose --split-input-file | FileCheck %s
// RUN: tfc-opt %s --attn-decompose="keep=attn.norm,attn.linear" --split-input-file | FileCheck %s --check-prefix=KEEP

// CHECK-LABEL: @linear
// CHECK: linalg.fill
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x8xf16>, tensor<16x8xf16>) outs(%{{.*}} : tensor<?x16xf32>)
// CHECK:   arith.extf
// CHECK:   arith.mulf {{.*}} : f32
// CHECK: linalg.generic
// CHECK:   math.erf
// CHECK:   arith.truncf
// KEEP-LABEL: @linear
// KEEP: attn.linear
func.func @linear(%x: tensor<?x8xf16>, %w: tensor<16x8xf16>, %b: tensor<16xf16>, %i: tensor<?x16xf16>) -> tensor<?x16xf16> {
  %y = attn.linear ins(%x, %w : tensor<?x8xf16>, tensor<16x8xf16>) bias(%b : tensor<16xf16>)
                   outs(%i : tensor<?x16xf16>) transpose_weight activation gelu_erf -> tensor<?x16xf16>
  return %y : tensor<?x16xf16>
}

// -----

// The mean goes first, then the squares of what differs from it.
// CHECK-LABEL: @norm
// CHECK: arith.addf
// CHECK: arith.divf
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK: math.sqrt
// KEEP-LABEL: @norm
// KEEP: attn.norm
func.func @norm(%x: tensor<4x8xf32>, %i: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = attn.norm layer axis 1 epsilon 1.0e-5 ins(%x : tensor<4x8xf32>) outs(%i : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// Four query heads read two key heads.
// CHECK: affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 floordiv 2, d3, d4)>
// CHECK-LABEL: @attention
// CHECK: arith.cmpi sle
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: arith.divf
// KEEP-LABEL: @attention
// KEEP-NOT: attn.attention
func.func @attention(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x6x8xf32>) -> tensor<1x4x5x8xf32> {
  %e = tensor.empty() : tensor<1x4x5x8xf32>
  %y = attn.attention scale 0.5 causal ins(%q, %k, %k : tensor<1x4x5x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>)
      outs(%e : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  return %y : tensor<1x4x5x8xf32>
}

// -----

// Patches become rows of a product; the ninth row of pixels fills no patch.
// CHECK-LABEL: @patches
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0] [1, 3, 8, 8] [1, 1, 1, 1]
// CHECK: tensor.expand_shape %{{.*}} into tensor<1x3x2x4x2x4xf32>
// CHECK: linalg.transpose {{.*}} permutation = [0, 2, 4, 1, 3, 5]
// CHECK: linalg.generic
// KEEP-LABEL: @patches
// KEEP: attn.linear
func.func @patches(%image: tensor<1x3x9x8xf32>, %p: tensor<6x3x4x4xf32>, %i: tensor<1x4x6xf32>) -> tensor<1x4x6xf32> {
  %y = attn.patch_embed ins(%image, %p : tensor<1x3x9x8xf32>, tensor<6x3x4x4xf32>)
      outs(%i : tensor<1x4x6xf32>) -> tensor<1x4x6xf32>
  return %y : tensor<1x4x6xf32>
}

// -----

// What has no decomposition stays: buffers, and a number of heads not known.
// CHECK-LABEL: @stays
// CHECK: attn.linear
// CHECK: attn.attention
// KEEP-LABEL: @stays
func.func @stays(%x: memref<4x8xf32>, %w: memref<8x8xf32>, %q: tensor<1x?x5x8xf32>) -> tensor<1x?x5x8xf32> {
  attn.linear ins(%x, %w : memref<4x8xf32>, memref<8x8xf32>) outs(%x : memref<4x8xf32>)
  %y = attn.attention scale 0.5 ins(%q, %q, %q : tensor<1x?x5x8xf32>, tensor<1x?x5x8xf32>, tensor<1x?x5x8xf32>)
      outs(%q : tensor<1x?x5x8xf32>) -> tensor<1x?x5x8xf32>
  return %y : tensor<1x?x5x8xf32>
}

// -----

// The halves of all pairs are slices; the features after them are copied.
// CHECK-LABEL: @rope
// CHECK: tensor.extract_slice %arg0[0, 0, 0, 0] [1, 2, 4, 2] [1, 1, 1, 2]
// CHECK: tensor.extract_slice %arg0[0, 0, 0, 1] [1, 2, 4, 2] [1, 1, 1, 2]
// CHECK: arith.subf
// CHECK: tensor.insert_slice {{.*}}[0, 0, 0, 0] [1, 2, 4, 2] [1, 1, 1, 2]
// CHECK: arith.addf
// CHECK: tensor.insert_slice {{.*}}[0, 0, 0, 1] [1, 2, 4, 2] [1, 1, 1, 2]
// CHECK: tensor.insert_slice {{.*}}[0, 0, 0, 4] [1, 2, 4, 4] [1, 1, 1, 1]
// CHECK-NOT: attn.rope
func.func @rope(%x: tensor<1x2x4x8xf32>, %a: tensor<1x1x4x2xf32>) -> tensor<1x2x4x8xf32> {
  %e = tensor.empty() : tensor<1x2x4x8xf32>
  %y = attn.rope interleaved rotary_size 4 ins(%x, %a, %a : tensor<1x2x4x8xf32>, tensor<1x1x4x2xf32>, tensor<1x1x4x2xf32>)
      outs(%e : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return %y : tensor<1x2x4x8xf32>
}

// -----

// Linear scores that nothing hides need no scores: keys and values make a state.
// CHECK-LABEL: @linear_scores
// CHECK-NOT: tensor<1x2x4x4xf32>
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x8x6xf32>)
// CHECK: arith.divf
func.func @linear_scores(%q: tensor<1x2x4x8xf32>, %v: tensor<1x2x4x6xf32>) -> tensor<1x2x4x6xf32> {
  %e = tensor.empty() : tensor<1x2x4x6xf32>
  %y = attn.attention score linear scale 1.0 ins(%q, %q, %v : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x6xf32>)
      outs(%e : tensor<1x2x4x6xf32>) -> tensor<1x2x4x6xf32>
  return %y : tensor<1x2x4x6xf32>
}

// -----

// The blocks are gathered, and no scores are of all queries and keys.
// CHECK-LABEL: @blocks
// CHECK-NOT: 128x128
// CHECK: tensor.extract %{{.*}} : tensor<1x2x128x8xf32>
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<32x1x16x48xf32>)
// CHECK: math.exp
// CHECK-NOT: attn.attention
func.func @blocks(%q: tensor<1x4x128x8xf32>, %k: tensor<1x2x128x8xf32>, %b: tensor<8x3xi64>) -> tensor<1x4x128x8xf32> {
  %e = tensor.empty() : tensor<1x4x128x8xf32>
  %y = attn.attention scale 0.5 block_size 16 ins(%q, %k, %k : tensor<1x4x128x8xf32>, tensor<1x2x128x8xf32>, tensor<1x2x128x8xf32>)
      key_blocks(%b : tensor<8x3xi64>) outs(%e : tensor<1x4x128x8xf32>) -> tensor<1x4x128x8xf32>
  return %y : tensor<1x4x128x8xf32>
}

// -----

// Landmarks have scores of their own, and no values.
// CHECK-LABEL: @grouped
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0, 15] [1, 4, 128, 8, 1]
// CHECK: arith.cmpi slt, %{{.*}}, %c2_i64
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0, 0] [1, 4, 128, 8, 15]
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0, 0] [1, 2, 8, 15, 8]
// CHECK-NOT: attn.attention
func.func @grouped(%q: tensor<1x4x128x8xf32>, %k: tensor<1x2x128x8xf32>) -> tensor<1x4x128x8xf32> {
  %e = tensor.empty() : tensor<1x4x128x8xf32>
  %y = attn.attention score grouped group_size 16 top_groups 2 scale 0.5 ins(%q, %k, %k : tensor<1x4x128x8xf32>, tensor<1x2x128x8xf32>, tensor<1x2x128x8xf32>)
      outs(%e : tensor<1x4x128x8xf32>) -> tensor<1x4x128x8xf32>
  return %y : tensor<1x4x128x8xf32>
}

// -----

// Linear in the queries: scores of chunks, and the state before each.
// CHECK-LABEL: @causal_linear
// CHECK-NOT: 128x128
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x4x16x8x8xf32>)
// CHECK: scf.for
// CHECK-NOT: attn.attention
func.func @causal_linear(%q: tensor<1x4x128x8xf32>, %k: tensor<1x2x128x8xf32>) -> tensor<1x4x128x8xf32> {
  %e = tensor.empty() : tensor<1x4x128x8xf32>
  %y = attn.attention score linear scale 1.0 causal ins(%q, %k, %k : tensor<1x4x128x8xf32>, tensor<1x2x128x8xf32>, tensor<1x2x128x8xf32>)
      outs(%e : tensor<1x4x128x8xf32>) -> tensor<1x4x128x8xf32>
  return %y : tensor<1x4x128x8xf32>
}
