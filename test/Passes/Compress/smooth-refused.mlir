// RUN: not tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-smooth{alpha=2}))' 2>&1 | FileCheck %s --check-prefix=ALPHA
// ALPHA: error: smooth: alpha is from 0 to 1, not 2
// RUN: not tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-smooth))' 2>&1 | FileCheck %s --check-prefix=DATA
// DATA: error: smooth: it needs inputs: --calibration=FILE.npz
// RUN: not tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-smooth{sites=down}))' 2>&1 | FileCheck %s --check-prefix=SITE
// SITE: error: smooth: there is no linear layer 'down' with a constant weight in f32; there are 'up'
// RUN: not tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-smooth{sites=up}))' 2>&1 | FileCheck %s --check-prefix=ALONE
// ALONE: error: {{.*}}cannot have its input smoothed: what goes into it is not known
func.func @f(%x: tensor<2x4xf32>, %i: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense<1.0> : tensor<4x4xf32>
  %y = attn.linear ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) outs(%i : tensor<2x4xf32>) -> tensor<2x4xf32> loc("up")
  return %y : tensor<2x4xf32>
}
