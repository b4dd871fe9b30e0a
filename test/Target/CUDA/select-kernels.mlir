// RUN: tfc-opt %s --split-input-file --cuda-select-kernels | FileCheck %s
// RUN: tfc-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(cuda-select-kernels{matmul=f16}))' | FileCheck %s --check-prefix=HALVES

// CHECK-LABEL: @softmax
// CHECK: attn.attention
func.func @softmax(%q: tensor<1x2x9x8xf16>, %k: tensor<1x2x?x8xf16>, %init: tensor<1x2x9x8xf16>) -> tensor<1x2x9x8xf16> {
  %y = attn.attention scale 0.5 causal ins(%q, %k, %k : tensor<1x2x9x8xf16>, tensor<1x2x?x8xf16>, tensor<1x2x?x8xf16>)
      outs(%init : tensor<1x2x9x8xf16>) -> tensor<1x2x9x8xf16>
  return %y : tensor<1x2x9x8xf16>
}

// -----

// Heads of 6 numbers are no whole chunks of 16 bytes.
// CHECK-LABEL: @odd
// CHECK-NOT: attn.attention
func.func @odd(%q: tensor<1x2x9x6xf32>, %init: tensor<1x2x9x6xf32>) -> tensor<1x2x9x6xf32> {
  %y = attn.attention scale 0.5 ins(%q, %q, %q : tensor<1x2x9x6xf32>, tensor<1x2x9x6xf32>, tensor<1x2x9x6xf32>)
      outs(%init : tensor<1x2x9x6xf32>) -> tensor<1x2x9x6xf32>
  return %y : tensor<1x2x9x6xf32>
}

// -----

// CHECK-LABEL: @hard
// CHECK-NOT: attn.attention
func.func @hard(%q: tensor<1x2x9x8xf32>, %init: tensor<1x2x9x8xf32>) -> tensor<1x2x9x8xf32> {
  %y = attn.attention score hard scale 0.5 ins(%q, %q, %q : tensor<1x2x9x8xf32>, tensor<1x2x9x8xf32>, tensor<1x2x9x8xf32>)
      outs(%init : tensor<1x2x9x8xf32>) -> tensor<1x2x9x8xf32>
  return %y : tensor<1x2x9x8xf32>
}

// -----

// CHECK-LABEL: @norms
// CHECK-COUNT-1: attn.norm
// CHECK-NOT: attn.norm
func.func @norms(%x: tensor<?x64xf32>, %long: tensor<?x4096xf32>, %a: tensor<?x64xf32>, %b: tensor<?x4096xf32>)
    -> (tensor<?x64xf32>, tensor<?x4096xf32>) {
  %y = attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : tensor<?x64xf32>) outs(%a : tensor<?x64xf32>) -> tensor<?x64xf32>
  %z = attn.norm rms axis 1 epsilon 1.0e-05 ins(%long : tensor<?x4096xf32>) outs(%b : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  return %y, %z : tensor<?x64xf32>, tensor<?x4096xf32>
}

// -----

// HALVES-LABEL: @singles
// HALVES: arith.truncf {{.*}} : f32 to f16
// HALVES: %[[Y:.*]] = attn.attention {{.*}} tensor<1x2x?x8xf16>{{.*}} -> tensor<1x2x9x8xf16>
// HALVES: linalg.generic {{.*}} ins(%[[Y]]
// HALVES: arith.extf {{.*}} : f16 to f32
// HALVES-LABEL: @short
// HALVES: attn.attention {{.*}} -> tensor<1x2x9x4xf32>
// CHECK-LABEL: @singles
// CHECK: attn.attention {{.*}} -> tensor<1x2x9x8xf32>
func.func @singles(%q: tensor<1x2x9x8xf32>, %k: tensor<1x2x?x8xf32>, %init: tensor<1x2x9x8xf32>) -> tensor<1x2x9x8xf32> {
  %y = attn.attention scale 0.5 ins(%q, %k, %k : tensor<1x2x9x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>)
      outs(%init : tensor<1x2x9x8xf32>) -> tensor<1x2x9x8xf32>
  return %y : tensor<1x2x9x8xf32>
}
func.func @short(%q: tensor<1x2x9x4xf32>, %init: tensor<1x2x9x4xf32>) -> tensor<1x2x9x4xf32> {
  %y = attn.attention scale 0.5 ins(%q, %q, %q : tensor<1x2x9x4xf32>, tensor<1x2x9x4xf32>, tensor<1x2x9x4xf32>)
      outs(%init : tensor<1x2x9x4xf32>) -> tensor<1x2x9x4xf32>
  return %y : tensor<1x2x9x4xf32>
}

// -----

// Causal linear attention becomes a recurrence in f32, of 9 columns; keys
// of 600 numbers are too long for a kernel.
// CHECK-LABEL: @linear
// CHECK-NOT: attn.attention
// CHECK: attn.scan {{.*}} : tensor<1x4x70x8xf32>, tensor<1x2x70x8xf32>, tensor<1x2x70x9xf32>)
// CHECK: arith.divf
// CHECK: arith.truncf
func.func @linear(%q: tensor<1x4x70x8xf16>, %k: tensor<1x2x70x8xf16>, %init: tensor<1x4x70x8xf16>) -> tensor<1x4x70x8xf16> {
  %y = attn.attention score linear scale 0.5 epsilon 1.0e-6 causal
      ins(%q, %k, %k : tensor<1x4x70x8xf16>, tensor<1x2x70x8xf16>, tensor<1x2x70x8xf16>)
      outs(%init : tensor<1x4x70x8xf16>) -> tensor<1x4x70x8xf16>
  return %y : tensor<1x4x70x8xf16>
}

// CHECK-LABEL: @long_keys
// CHECK-NOT: attn.scan
func.func @long_keys(%k: tensor<1x1x5x600xf32>, %init: tensor<1x1x5x600xf32>, %state: tensor<1x1x600x600xf32>) -> tensor<1x1x5x600xf32> {
  %y, %last = attn.scan scale 1.0 ins(%k, %k, %k : tensor<1x1x5x600xf32>, tensor<1x1x5x600xf32>, tensor<1x1x5x600xf32>)
      outs(%init, %state : tensor<1x1x5x600xf32>, tensor<1x1x600x600xf32>) -> tensor<1x1x5x600xf32>, tensor<1x1x600x600xf32>
  return %y : tensor<1x1x5x600xf32>
}

// -----

// Blocks of keys are a mask of blocks; not so where one counts twice, or where they are
// less than a tile.
// CHECK-LABEL: @key_blocks
// CHECK: %[[MASK:.*]] = arith.constant dense<{{\[\[\[\[}}true, true, false], [false, true, true]]]]> : tensor<1x1x2x3xi1>
// CHECK: attn.attention scale 5.000000e-01 mask_block 64 ins({{.*}}) mask(%[[MASK]]
func.func @key_blocks(%q: tensor<1x1x128x8xf32>, %k: tensor<1x1x192x8xf32>, %init: tensor<1x1x128x8xf32>) -> tensor<1x1x128x8xf32> {
  %blocks = arith.constant dense<[[0, 1], [2, 1]]> : tensor<2x2xi64>
  %y = attn.attention scale 0.5 block_size 64 ins(%q, %k, %k : tensor<1x1x128x8xf32>, tensor<1x1x192x8xf32>, tensor<1x1x192x8xf32>)
      key_blocks(%blocks : tensor<2x2xi64>) outs(%init : tensor<1x1x128x8xf32>) -> tensor<1x1x128x8xf32>
  return %y : tensor<1x1x128x8xf32>
}

// CHECK-LABEL: @key_blocks_twice
// CHECK-NOT: mask_block
func.func @key_blocks_twice(%q: tensor<1x1x128x8xf32>, %init: tensor<1x1x128x8xf32>) -> tensor<1x1x128x8xf32> {
  %blocks = arith.constant dense<[[0, 1], [1, 1]]> : tensor<2x2xi64>
  %y = attn.attention scale 0.5 block_size 64 ins(%q, %q, %q : tensor<1x1x128x8xf32>, tensor<1x1x128x8xf32>, tensor<1x1x128x8xf32>)
      key_blocks(%blocks : tensor<2x2xi64>) outs(%init : tensor<1x1x128x8xf32>) -> tensor<1x1x128x8xf32>
  return %y : tensor<1x1x128x8xf32>
}

// CHECK-LABEL: @small_key_blocks
// CHECK-NOT: mask_block
func.func @small_key_blocks(%q: tensor<1x1x32x8xf32>, %init: tensor<1x1x32x8xf32>) -> tensor<1x1x32x8xf32> {
  %blocks = arith.constant dense<[[0], [1]]> : tensor<2x1xi64>
  %y = attn.attention scale 0.5 block_size 16 ins(%q, %q, %q : tensor<1x1x32x8xf32>, tensor<1x1x32x8xf32>, tensor<1x1x32x8xf32>)
      key_blocks(%blocks : tensor<2x1xi64>) outs(%init : tensor<1x1x32x8xf32>) -> tensor<1x1x32x8xf32>
  return %y : tensor<1x1x32x8xf32>
}
