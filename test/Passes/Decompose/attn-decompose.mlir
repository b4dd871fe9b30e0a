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

// Choices are counted, their rows set, and each expert takes the rows of its
// own: two products and an activation between, in f32. What is of no expert adds
// zero.
// CHECK-LABEL: @route
// CHECK: tensor.empty() : tensor<5xindex>
// CHECK: scf.for
// CHECK:   arith.minui %{{.*}}, %c4
// CHECK: scf.for {{.*}} -> (tensor<5xindex>, index)
// CHECK: scf.for {{.*}} -> (tensor<5xindex>, tensor<?x2xindex>, tensor<?xindex>)
// CHECK: linalg.generic
// CHECK:   tensor.extract %{{.*}} : tensor<?x8xf16>
// CHECK: scf.for %[[EXPERT:.*]] = %c0 to %c4 step %c1
// CHECK:   tensor.extract_slice %{{.*}}[%[[EXPERT]], 0, 0] [1, 8, 16] [1, 1, 1] : tensor<4x8x16xf16> to tensor<8x16xf16>
// CHECK:   linalg.matmul ins({{.*}} : tensor<?x8xf16>, tensor<8x16xf16>) outs({{.*}} : tensor<?x16xf32>)
// CHECK:   linalg.generic {{.*}} ins(%{{.*}} : tensor<16xf16>)
// CHECK:     arith.maximumf {{.*}} : f32
// CHECK:   linalg.matmul ins({{.*}} : tensor<?x16xf32>, tensor<16x8xf16>) outs({{.*}} : tensor<?x8xf32>)
// CHECK: linalg.generic
// CHECK:   %[[KNOWN:.*]] = arith.cmpi ult, %{{.*}}, %c4
// CHECK:   arith.select %[[KNOWN]], %{{.*}}, %cst
// KEEP-LABEL: @route
// KEEP: scf.for
func.func @route(%x: tensor<?x8xf16>, %c: tensor<?x2xi32>, %g: tensor<?x2xf16>, %w1: tensor<4x8x16xf16>, %w2: tensor<4x16x8xf16>,
                 %b1: tensor<4x16xf16>, %i: tensor<?x8xf16>) -> tensor<?x8xf16> {
  %y = attn.route activation relu ins(%x, %c, %g : tensor<?x8xf16>, tensor<?x2xi32>, tensor<?x2xf16>)
      w1(%w1 : tensor<4x8x16xf16>) w2(%w2 : tensor<4x16x8xf16>) b1(%b1 : tensor<4x16xf16>)
      outs(%i : tensor<?x8xf16>) -> tensor<?x8xf16>
  return %y : tensor<?x8xf16>
}

// -----

// A second matrix multiplies what the first one activates. In single precision
// the products are linear layers, for which a target may have a kernel.
// KEEP-LABEL: @gated
// KEEP: scf.for %[[EXPERT:.*]] = %c0 to %c4
// KEEP:   %[[W1:.*]] = tensor.extract_slice %{{.*}}[%[[EXPERT]], 0, 0] [1, 8, 16]
// KEEP:   %[[HIDDEN:.*]] = attn.linear ins(%{{.*}}, %[[W1]] :
// KEEP:   %[[FACTOR:.*]] = attn.linear
// KEEP:   linalg.generic {{.*}} ins(%[[FACTOR]] : {{.*}}) outs(%[[HIDDEN]] :
// KEEP:     math.exp
// KEEP:     arith.mulf
// KEEP:   attn.linear
// CHECK-LABEL: @gated
// CHECK: scf.for %{{.*}} = %c0 to %c4
// CHECK-NOT: attn.
func.func @gated(%x: tensor<6x8xf32>, %c: tensor<6x2xi64>, %g: tensor<6x2xf32>, %w: tensor<4x8x16xf32>, %w2: tensor<4x16x8xf32>,
                 %i: tensor<6x8xf32>) -> tensor<6x8xf32> {
  %y = attn.route activation silu ins(%x, %c, %g : tensor<6x8xf32>, tensor<6x2xi64>, tensor<6x2xf32>)
      w1(%w : tensor<4x8x16xf32>) w2(%w2 : tensor<4x16x8xf32>) w3(%w : tensor<4x8x16xf32>)
      outs(%i : tensor<6x8xf32>) -> tensor<6x8xf32>
  return %y : tensor<6x8xf32>
}

// -----

// Each batch counts its queries from a position of its own.
// CHECK-LABEL: @offset_per_batch
// CHECK: linalg.generic
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %arg1 : tensor<2x4x5x6xf32>, tensor<2xi64>)
// CHECK: %[[AT:.*]] = arith.index_cast %in_{{.*}} : i64 to index
// CHECK: arith.addi %{{.*}}, %[[AT]]
// CHECK: arith.cmpi sle
func.func @offset_per_batch(%q: tensor<2x4x5x8xf32>, %at: tensor<2xi64>, %k: tensor<2x4x6x8xf32>) -> tensor<2x4x5x8xf32> {
  %e = tensor.empty() : tensor<2x4x5x8xf32>
  %y = attn.attention scale 0.5 causal ins(%q, %k, %k : tensor<2x4x5x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x8xf32>)
      query_offset(%at : tensor<2xi64>) outs(%e : tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %y : tensor<2x4x5x8xf32>
}
