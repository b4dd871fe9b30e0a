// RUN: tfc-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: @zero_bias
// CHECK: attn.linear ins(%{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<8x16xf32>) outs
// CHECK: attn.patch_embed ins(%{{.*}} : tensor<1x3x8x8xf32>, tensor<6x3x4x4xf32>) outs
func.func @zero_bias(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %i: tensor<4x16xf32>,
                     %image: tensor<1x3x8x8xf32>, %p: tensor<6x3x4x4xf32>, %j: tensor<1x4x6xf32>)
    -> (tensor<4x16xf32>, tensor<1x4x6xf32>) {
  %b = arith.constant dense<0.0> : tensor<16xf32>
  %c = arith.constant dense<0.0> : tensor<6xf32>
  %0 = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) bias(%b : tensor<16xf32>)
                   outs(%i : tensor<4x16xf32>) -> tensor<4x16xf32>
  %1 = attn.patch_embed ins(%image, %p : tensor<1x3x8x8xf32>, tensor<6x3x4x4xf32>)
                        bias(%c : tensor<6xf32>) outs(%j : tensor<1x4x6xf32>) -> tensor<1x4x6xf32>
  return %0, %1 : tensor<4x16xf32>, tensor<1x4x6xf32>
}

// -----

// A bias that is not all zeros, or is not known, stays.
// CHECK-LABEL: @other_bias
// CHECK-COUNT-2: attn.linear {{.*}} bias(
func.func @other_bias(%x: tensor<4x8xf32>, %w: tensor<8x2xf32>, %i: tensor<4x2xf32>, %d: tensor<2xf32>)
    -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %b = arith.constant dense<[0.0, 1.0]> : tensor<2xf32>
  %0 = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>) bias(%b : tensor<2xf32>)
                   outs(%i : tensor<4x2xf32>) -> tensor<4x2xf32>
  %1 = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>) bias(%d : tensor<2xf32>)
                   outs(%i : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %0, %1 : tensor<4x2xf32>, tensor<4x2xf32>
}

// -----

// CHECK-LABEL: @norm
// CHECK: attn.norm rms axis 1 epsilon {{.*}} ins(%{{[^)]*}}) outs
// CHECK: attn.norm rms axis 1 epsilon {{.*}} scale(
func.func @norm(%x: tensor<4x8xf32>, %i: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %two = arith.constant dense<2.0> : tensor<8xf32>
  %0 = attn.norm rms axis 1 epsilon 1.0e-6 ins(%x : tensor<4x8xf32>) scale(%one : tensor<8xf32>)
                 outs(%i : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = attn.norm rms axis 1 epsilon 1.0e-6 ins(%x : tensor<4x8xf32>) scale(%two : tensor<8xf32>)
                 outs(%i : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0, %1 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// CHECK-LABEL: @one_query
// CHECK: attn.attention scale 1.000000e+00 ins
// CHECK: attn.attention scale 1.000000e+00 causal ins
func.func @one_query(%q: tensor<1x4x1x8xf32>, %p: tensor<1x4x2x8xf32>, %k: tensor<1x4x?x8xf32>)
    -> (tensor<1x4x1x8xf32>, tensor<1x4x2x8xf32>) {
  %0 = attn.attention scale 1.0 causal
      ins(%q, %k, %k : tensor<1x4x1x8xf32>, tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>)
      outs(%q : tensor<1x4x1x8xf32>) -> tensor<1x4x1x8xf32>
  %1 = attn.attention scale 1.0 causal
      ins(%p, %k, %k : tensor<1x4x2x8xf32>, tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>)
      outs(%p : tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32>
  return %0, %1 : tensor<1x4x1x8xf32>, tensor<1x4x2x8xf32>
}

// -----

// Sizes known through a cast reach the operation; one without a use goes.
// CHECK-LABEL: @cast
// CHECK-NEXT: attn.linear ins(%{{.*}} : tensor<4x8xf32>, tensor<8x16xf32>)
// CHECK-NEXT: tensor.cast
// CHECK-NEXT: return
func.func @cast(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %i: tensor<4x16xf32>) -> tensor<?x16xf32> {
  %y = tensor.cast %x : tensor<4x8xf32> to tensor<?x8xf32>
  %j = tensor.cast %i : tensor<4x16xf32> to tensor<?x16xf32>
  %0 = attn.linear ins(%y, %w : tensor<?x8xf32>, tensor<8x16xf32>)
                   outs(%j : tensor<?x16xf32>) -> tensor<?x16xf32>
  %unused = attn.linear ins(%y, %w : tensor<?x8xf32>, tensor<8x16xf32>)
                   outs(%j : tensor<?x16xf32>) activation relu -> tensor<?x16xf32>
  return %0 : tensor<?x16xf32>
}

// -----

// Biases of zeros go; another stays.
// CHECK-LABEL: @route
// CHECK: attn.route ins({{.*}}) w1({{.*}}) w2(%{{.*}} : tensor<2x16x8xf32>) b2(
// CHECK-NOT: b1(
func.func @route(%x: tensor<4x8xf32>, %c: tensor<4x1xi64>, %g: tensor<4x1xf32>, %w1: tensor<2x8x16xf32>, %w2: tensor<2x16x8xf32>,
                 %b2: tensor<2x8xf32>, %e: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %b1 = arith.constant dense<0.0> : tensor<2x16xf32>
  %0 = attn.route ins(%x, %c, %g : tensor<4x8xf32>, tensor<4x1xi64>, tensor<4x1xf32>)
      w1(%w1 : tensor<2x8x16xf32>) w2(%w2 : tensor<2x16x8xf32>) b1(%b1 : tensor<2x16xf32>) b2(%b2 : tensor<2x8xf32>)
      outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
