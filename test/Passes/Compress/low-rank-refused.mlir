// RUN: split-file %s %t
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank))' 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: low-rank: expected one of rank, energy and budget, or ranks
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 energy=0.5}))' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 method=exact}))' 2>&1 | FileCheck %s --check-prefix=EXACT
// EXACT: error: low-rank: the method exact finds the ranks itself
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 method=best}))' 2>&1 | FileCheck %s --check-prefix=METHOD
// METHOD: error: low-rank: method is svd, whitened, snmf or exact, not 'best'
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=-1}))' 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: error: low-rank: a rank is 1 at least, not -1
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{energy=1.5}))' 2>&1 | FileCheck %s --check-prefix=SHARE
// SHARE: error: low-rank: energy and budget are shares above 0 and up to 1
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{energy=nan}))' 2>&1 | FileCheck %s --check-prefix=SHARE
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{ranks=up}))' 2>&1 | FileCheck %s --check-prefix=FORM
// FORM: error: low-rank: ranks takes SITE=N, N from 1 on, not 'up'
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{ranks=up=0}))' 2>&1 | FileCheck %s --check-prefix=ZERO
// ZERO: error: low-rank: ranks takes SITE=N, N from 1 on, not 'up=0'
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{ranks=up=1,up=1}))' 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: low-rank: ranks names 'up' twice
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{ranks=down=1}))' 2>&1 | FileCheck %s --check-prefix=SITE
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 sites=down}))' 2>&1 | FileCheck %s --check-prefix=SITE
// SITE: error: low-rank: there is no linear layer 'down' with a constant weight in f32; there are 'up'
// A rank that was asked for by name and makes the layer larger is no wish to ignore.
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{ranks=up=2}))' 2>&1 | FileCheck %s --check-prefix=LARGE
// LARGE: error: {{.*}}rank 2 would hold 16 numbers, not fewer than 16
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 method=whitened}))' 2>&1 | FileCheck %s --check-prefix=DATA
// DATA: error: low-rank: the method whitened needs inputs: --calibration=FILE.npz
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{budget=0.1}))' 2>&1 | FileCheck %s --check-prefix=BUDGET
// BUDGET: error: low-rank: the layers hold 16 numbers, and more than 1, which the budget allows, with rank 1 each
// RUN: not tfc-opt %t/other.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1}))' 2>&1 | FileCheck %s --check-prefix=WIDTH
// WIDTH: error: {{.*}}'attn.linear' op has other statistics than tfc.input_moments of 4x4 and tfc.input_mean of 4 numbers in f64
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 methods=up=exact}))' 2>&1 | FileCheck %s --check-prefix=METHODS
// METHODS: error: low-rank: methods has 'up=exact'; expected a site, '=' and svd, whitened or snmf
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 methods=down=svd}))' 2>&1 | FileCheck %s --check-prefix=SITE
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{method=exact methods=up=svd}))' 2>&1 | FileCheck %s --check-prefix=EXACT
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-low-rank{rank=1 methods=up=whitened}))' 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: {{.*}}cannot have a lower rank: what goes into it is not known

//--- layer.mlir
func.func @layer(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0], [0.0, 0.0, 0.0, 0.0], [0.5, 1.0, 1.5, 2.5]]> : tensor<4x4xf32>
  %y = attn.linear ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) outs(%x : tensor<2x4xf32>) -> tensor<2x4xf32> loc("up")
  return %y : tensor<2x4xf32>
}

//--- other.mlir
func.func @other(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense<1.0> : tensor<4x4xf32>
  %y = attn.linear ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) outs(%x : tensor<2x4xf32>)
    {tfc.input_moments = dense<1.0> : tensor<3x3xf64>, tfc.input_mean = dense<1.0> : tensor<3xf64>} -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
