// RUN: tfc-opt %s | tfc-opt | FileCheck %s
// RUN: tfc-opt %s --mlir-print-op-generic | tfc-opt | FileCheck %s
// RUN: tfc-opt %s --emit-bytecode | tfc-opt | FileCheck %s

// CHECK-LABEL: @linear
func.func @linear(%x: tensor<?x64xf32>, %w: tensor<64x256xf32>, %wt: tensor<256x64xf32>,
                  %b: tensor<256xf32>, %init: tensor<?x256xf32>) -> tensor<?x256xf32> {
  // CHECK: attn.linear ins(%{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<64x256xf32>) outs(%{{.*}} : tensor<?x256xf32>) -> tensor<?x256xf32>
  %0 = attn.linear ins(%x, %w : tensor<?x64xf32>, tensor<64x256xf32>)
                   outs(%init : tensor<?x256xf32>) -> tensor<?x256xf32>
  // CHECK: attn.linear ins(%{{.*}}) bias(%{{.*}} : tensor<256xf32>) outs(%{{.*}}) transpose_weight activation gelu_erf -> tensor<?x256xf32>
  %1 = attn.linear ins(%x, %wt : tensor<?x64xf32>, tensor<256x64xf32>) bias(%b : tensor<256xf32>)
                   outs(%0 : tensor<?x256xf32>) transpose_weight activation gelu_erf -> tensor<?x256xf32>
  // CHECK: activation relu {note = "kept"} -> tensor<?x256xf32>
  %2 = attn.linear ins(%x, %w : tensor<?x64xf32>, tensor<64x256xf32>)
                   outs(%1 : tensor<?x256xf32>) activation relu {note = "kept"} -> tensor<?x256xf32>
  return %2 : tensor<?x256xf32>
}

// CHECK-LABEL: @linear_buffers
func.func @linear_buffers(%x: memref<?x64xf16, strided<[?, 1], offset: ?>>, %w: memref<64x8xf16>,
                          %init: memref<?x8xf16>) {
  // CHECK: attn.linear ins(%{{.*}}, %{{.*}} : memref<?x64xf16, strided<[?, 1], offset: ?>>, memref<64x8xf16>) outs(%{{.*}} : memref<?x8xf16>){{$}}
  attn.linear ins(%x, %w : memref<?x64xf16, strided<[?, 1], offset: ?>>, memref<64x8xf16>)
              outs(%init : memref<?x8xf16>)
  return
}

// CHECK-LABEL: @norm
func.func @norm(%x: tensor<2x3x8xf32>, %s: tensor<3x8xf32>, %init: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  // CHECK: attn.norm layer axis 1 epsilon 1.000000e-05 ins(%{{.*}} : tensor<2x3x8xf32>) scale(%{{.*}} : tensor<3x8xf32>) bias(%{{.*}} : tensor<3x8xf32>) outs(%{{.*}} : tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  %0 = attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : tensor<2x3x8xf32>) scale(%s : tensor<3x8xf32>)
                 bias(%s : tensor<3x8xf32>) outs(%init : tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  // CHECK: attn.norm rms axis 2 epsilon 0.000000e+00 ins(%{{.*}}) outs(%{{.*}}) -> tensor<2x3x8xf32>
  %1 = attn.norm rms axis 2 epsilon 0.0 ins(%0 : tensor<2x3x8xf32>)
                 outs(%init : tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  return %1 : tensor<2x3x8xf32>
}

// CHECK-LABEL: @attention
func.func @attention(%q: tensor<2x4x?x8xbf16>, %k: tensor<2x2x?x8xbf16>, %v: tensor<2x2x?x16xbf16>,
                     %bias: tensor<2x1x1x?xbf16>, %init: tensor<2x4x?x16xbf16>) -> tensor<2x4x?x16xbf16> {
  // CHECK: attn.attention scale 2.500000e-01 causal ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x4x?x8xbf16>, tensor<2x2x?x8xbf16>, tensor<2x2x?x16xbf16>) bias(%{{.*}} : tensor<2x1x1x?xbf16>) outs(%{{.*}} : tensor<2x4x?x16xbf16>) -> tensor<2x4x?x16xbf16>
  %0 = attn.attention scale 0.25 causal
      ins(%q, %k, %v : tensor<2x4x?x8xbf16>, tensor<2x2x?x8xbf16>, tensor<2x2x?x16xbf16>)
      bias(%bias : tensor<2x1x1x?xbf16>)
      outs(%init : tensor<2x4x?x16xbf16>) -> tensor<2x4x?x16xbf16>
  // CHECK: attn.attention scale 1.000000e+00 zero_masked_rows ins(
  %1 = attn.attention scale 1.0 zero_masked_rows
      ins(%q, %k, %v : tensor<2x4x?x8xbf16>, tensor<2x2x?x8xbf16>, tensor<2x2x?x16xbf16>)
      bias(%bias : tensor<2x1x1x?xbf16>)
      outs(%0 : tensor<2x4x?x16xbf16>) -> tensor<2x4x?x16xbf16>
  return %1 : tensor<2x4x?x16xbf16>
}

// CHECK-LABEL: @patch_embed
func.func @patch_embed(%image: tensor<?x3x32x33xf32>, %w: tensor<64x3x8x8xf32>, %b: tensor<64xf32>,
                       %init: tensor<?x16x64xf32>) -> tensor<?x16x64xf32> {
  // CHECK: attn.patch_embed ins(%{{.*}}, %{{.*}} : tensor<?x3x32x33xf32>, tensor<64x3x8x8xf32>) bias(%{{.*}} : tensor<64xf32>) outs(%{{.*}} : tensor<?x16x64xf32>) -> tensor<?x16x64xf32>
  %0 = attn.patch_embed ins(%image, %w : tensor<?x3x32x33xf32>, tensor<64x3x8x8xf32>)
                        bias(%b : tensor<64xf32>) outs(%init : tensor<?x16x64xf32>) -> tensor<?x16x64xf32>
  return %0 : tensor<?x16x64xf32>
}

// CHECK-LABEL: @attention_forms
func.func @attention_forms(%q: tensor<2x4x8x4xf32>, %m: tensor<1x1x4x4xi1>, %n: tensor<2xi64>, %at: index,
                           %init: tensor<2x4x8x4xf32>) -> (tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>) {
  // CHECK: softcap 3.000000e+01 left_window 3 right_window 1 global 2 mask_block 2 masked_score -1.000000e+30 zero_nan_rows ins({{.*}}) mask(%{{.*}} : tensor<1x1x4x4xi1>) key_lengths(%{{.*}} : tensor<2xi64>) query_offset(%{{.*}}) outs
  %0 = attn.attention scale 0.5 softcap 30.0 left_window 3 right_window 1 global 2 mask_block 2 masked_score -1.0e30 zero_nan_rows
      ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      mask(%m : tensor<1x1x4x4xi1>) key_lengths(%n : tensor<2xi64>) query_offset(%at)
      outs(%init : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  // CHECK: attn.attention scale {{.*}} causal ins({{.*}}) query_offset(%{{.*}} : tensor<2xi64>) outs
  %3 = attn.attention scale 0.5 causal
      ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      query_offset(%n : tensor<2xi64>) outs(%init : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  // CHECK: attn.attention score {{.*}}linear scale 1.000000e+00 epsilon 5.000000e-01 causal
  %1 = attn.attention score linear scale 1.0 epsilon 0.5 causal
      ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      outs(%init : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  // CHECK: attn.attention score {{.*}}hard scale
  %2 = attn.attention score hard scale 1.0
      ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      outs(%init : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  return %0, %1, %2 : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>
}

// CHECK-LABEL: @attention_blocks
func.func @attention_blocks(%q: tensor<2x4x8x4xf32>, %blocks: tensor<4x3xi64>, %init: tensor<2x4x8x4xf32>)
    -> (tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>) {
  // CHECK: attn.attention scale 5.000000e-01 block_size 2 ins({{.*}}) key_blocks(%{{.*}} : tensor<4x3xi64>) outs
  %0 = attn.attention scale 0.5 block_size 2
      ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      key_blocks(%blocks : tensor<4x3xi64>) outs(%init : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  // CHECK: attn.attention score {{.*}}grouped group_size 4 top_groups 1 scale 5.000000e-01 ins
  %1 = attn.attention score grouped group_size 4 top_groups 1 scale 0.5
      ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      outs(%init : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  return %0, %1 : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>
}

// CHECK-LABEL: @attention_top
func.func @attention_top(%q: tensor<2x4x8x4xf32>, %init: tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32> {
  // CHECK: attn.attention top 3 scale 5.000000e-01 causal ins
  %0 = attn.attention top 3 scale 0.5 causal
      ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      outs(%init : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  return %0 : tensor<2x4x8x4xf32>
}

// CHECK-LABEL: @rope
func.func @rope(%x: tensor<2x4x?x8xf32>, %a: tensor<1x1x?x2xf32>, %init: tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32> {
  // CHECK: attn.rope interleaved rotary_size 4 ins(
  %0 = attn.rope interleaved rotary_size 4 ins(%x, %a, %a : tensor<2x4x?x8xf32>, tensor<1x1x?x2xf32>, tensor<1x1x?x2xf32>)
      outs(%init : tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  return %0 : tensor<2x4x?x8xf32>
}

// CHECK-LABEL: @route
func.func @route(%x: tensor<?x8xf16>, %c: tensor<?x2xi32>, %g: tensor<?x2xf16>, %w1: tensor<4x8x16xf16>, %w2: tensor<4x16x6xf16>,
                 %b1: tensor<4x16xf16>, %b2: tensor<4x6xf16>, %init: tensor<?x6xf16>) -> (tensor<?x6xf16>, tensor<?x6xf16>) {
  // CHECK: attn.route activation {{.*}}silu ins({{.*}} : tensor<?x8xf16>, tensor<?x2xi32>, tensor<?x2xf16>) w1(%{{.*}} : tensor<4x8x16xf16>) w2(%{{.*}} : tensor<4x16x6xf16>) w3(%{{.*}} : tensor<4x8x16xf16>) b1(%{{.*}} : tensor<4x16xf16>) b2(%{{.*}} : tensor<4x6xf16>) outs
  %0 = attn.route activation silu ins(%x, %c, %g : tensor<?x8xf16>, tensor<?x2xi32>, tensor<?x2xf16>)
      w1(%w1 : tensor<4x8x16xf16>) w2(%w2 : tensor<4x16x6xf16>) w3(%w1 : tensor<4x8x16xf16>)
      b1(%b1 : tensor<4x16xf16>) b2(%b2 : tensor<4x6xf16>) outs(%init : tensor<?x6xf16>) -> tensor<?x6xf16>
  // CHECK: attn.route ins({{.*}}) w1(%{{.*}}) w2(%{{.*}}) outs
  %1 = attn.route ins(%x, %c, %g : tensor<?x8xf16>, tensor<?x2xi32>, tensor<?x2xf16>)
      w1(%w1 : tensor<4x8x16xf16>) w2(%w2 : tensor<4x16x6xf16>) outs(%init : tensor<?x6xf16>) -> tensor<?x6xf16>
  return %0, %1 : tensor<?x6xf16>, tensor<?x6xf16>
}

// CHECK-LABEL: @sequences
// CHECK: attn.attention scale 1.000000e+00 causal ins({{.*}}) sequences(%{{.*}} : tensor<?xi32>) outs(
func.func @sequences(%q: tensor<1x4x?x8xf32>, %bounds: tensor<?xi32>) -> tensor<1x4x?x8xf32> {
  %0 = attn.attention scale 1.0 causal ins(%q, %q, %q : tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>) sequences(%bounds : tensor<?xi32>) outs(%q : tensor<1x4x?x8xf32>) -> tensor<1x4x?x8xf32>
  return %0 : tensor<1x4x?x8xf32>
}
