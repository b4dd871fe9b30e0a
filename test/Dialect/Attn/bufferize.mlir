// RUN: tfc-opt %s --one-shot-bufferize=bufferize-function-boundaries | FileCheck %s

// The destination is overwritten, never copied; it becomes the result.
// CHECK-LABEL: @chain
// CHECK: attn.linear ins(%{{.*}} : memref<4x8xf32{{.*}}>, memref<8x8xf32{{.*}}>) outs(%[[A:.*]] : memref<4x8xf32>)
// CHECK: attn.norm layer axis 1 {{.*}} ins(%[[A]] {{.*}} outs(%[[B:.*]] : memref<4x8xf32>)
// CHECK-NOT: memref.copy
// CHECK: return %[[B]]
func.func @chain(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %f = tensor.empty() : tensor<4x8xf32>
  %0 = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = attn.norm layer axis 1 epsilon 1.0e-5 ins(%0 : tensor<4x8xf32>) outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// A product cannot write over what it still reads.
// CHECK-LABEL: @in_place
// CHECK: %[[NEW:.*]] = memref.alloc
// CHECK: attn.linear ins(%[[X:.*]], %{{.*}} outs(%[[NEW]]
func.func @in_place(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %0 = attn.linear ins(%x, %w : tensor<8x8xf32>, tensor<8x8xf32>) outs(%x : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %0 : tensor<8x8xf32>
}

// CHECK-LABEL: @others
// CHECK: attn.attention {{.*}} memref
// CHECK: attn.patch_embed {{.*}} memref
func.func @others(%q: tensor<1x2x4x8xf32>, %image: tensor<1x3x8x8xf32>, %p: tensor<6x3x4x4xf32>)
    -> (tensor<1x2x4x8xf32>, tensor<1x4x6xf32>) {
  %e = tensor.empty() : tensor<1x2x4x8xf32>
  %f = tensor.empty() : tensor<1x4x6xf32>
  %0 = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%e : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  %1 = attn.patch_embed ins(%image, %p : tensor<1x3x8x8xf32>, tensor<6x3x4x4xf32>)
      outs(%f : tensor<1x4x6xf32>) -> tensor<1x4x6xf32>
  return %0, %1 : tensor<1x2x4x8xf32>, tensor<1x4x6xf32>
}

// CHECK-LABEL: @route
// CHECK: attn.route ins(%{{.*}} : memref<4x8xf32{{.*}}>, memref<4x1xi64{{.*}}>, memref<4x1xf32{{.*}}>) w1({{.*}}) w2({{.*}}) outs(%[[R:.*]] : memref<4x8xf32>)
// CHECK-NOT: memref.copy
// CHECK: return %[[R]]
func.func @route(%x: tensor<4x8xf32>, %c: tensor<4x1xi64>, %g: tensor<4x1xf32>, %w1: tensor<2x8x16xf32>, %w2: tensor<2x16x8xf32>)
    -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = attn.route ins(%x, %c, %g : tensor<4x8xf32>, tensor<4x1xi64>, tensor<4x1xf32>)
      w1(%w1 : tensor<2x8x16xf32>) w2(%w2 : tensor<2x16x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: @blocks
// CHECK: attn.attention {{.*}} key_blocks(%{{.*}} : memref<2x1xi32{{.*}}) {{.*}}memref
// CHECK: attn.attention score {{.*}}grouped {{.*}} memref
func.func @blocks(%q: tensor<1x2x4x8xf32>, %b: tensor<2x1xi32>) -> (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) {
  %e = tensor.empty() : tensor<1x2x4x8xf32>
  %0 = attn.attention scale 1.0 block_size 2 ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      key_blocks(%b : tensor<2x1xi32>) outs(%e : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  %f = tensor.empty() : tensor<1x2x4x8xf32>
  %1 = attn.attention score grouped group_size 2 scale 1.0 ins(%q, %q, %q : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%f : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return %0, %1 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>
}
