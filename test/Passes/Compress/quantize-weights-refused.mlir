// RUN: split-file %s %t
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-quantize-weights{bits=5}))' 2>&1 | FileCheck %s --check-prefix=BITS
// BITS: error: quantize-weights: bits is 4 or 8, not 5
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-quantize-weights{group=-1}))' 2>&1 | FileCheck %s --check-prefix=GROUP
// GROUP: error: quantize-weights: group is a number of rows, or 0 for all of a column, not -1
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-quantize-weights{bits=4 group=3}))' 2>&1 | FileCheck %s --check-prefix=ODD
// ODD: error: quantize-weights: a group of 3 numbers of 4 bits ends inside of a byte; expected an even number
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-quantize-weights{method=best}))' 2>&1 | FileCheck %s --check-prefix=METHOD
// METHOD: error: quantize-weights: method is nearest or gptq, not 'best'
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-quantize-weights{method=gptq}))' 2>&1 | FileCheck %s --check-prefix=DATA
// DATA: error: quantize-weights: the method gptq needs inputs: --calibration=FILE.npz
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-quantize-weights{damping=nan}))' 2>&1 | FileCheck %s --check-prefix=DAMPING
// DAMPING: error: quantize-weights: damping is a share above 0
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-quantize-weights{sites=down}))' 2>&1 | FileCheck %s --check-prefix=SITE
// SITE: error: quantize-weights: there is no linear layer 'down' with a constant weight in f32; there are 'up'
// What is asked for by name and cannot be is no wish to ignore.
// RUN: not tfc-opt %t/layer.mlir --pass-pipeline='builtin.module(func.func(attn-quantize-weights{group=1 sites=up}))' 2>&1 | FileCheck %s --check-prefix=LARGE
// LARGE: error: {{.*}}cannot have its weight quantised: it would take 80 bytes, not fewer than 64
// RUN: not tfc-opt %t/other.mlir --pass-pipeline='builtin.module(func.func(attn-quantize-weights))' 2>&1 | FileCheck %s --check-prefix=WIDTH
// WIDTH: error: {{.*}}has other statistics than tfc.input_moments of 4x4
// RUN: not tfc %t/layer.mlir --compress='quantize-weights,low-rank{rank=1}' -o %t/x.so 2>&1 | FileCheck %s --check-prefix=ORDER
// ORDER: error: --compress: 'low-rank' finds no weights in f32 after quantize-weights; put it before

//--- layer.mlir
func.func @f(%x: tensor<2x4xf32>, %i: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense<[[1.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]> : tensor<4x4xf32>
  %y = attn.linear ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) outs(%i : tensor<2x4xf32>) -> tensor<2x4xf32> loc("up")
  return %y : tensor<2x4xf32>
}

//--- other.mlir
func.func @f(%x: tensor<2x4xf32>, %i: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense<1.0> : tensor<4x4xf32>
  %y = attn.linear ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) outs(%i : tensor<2x4xf32>)
    {tfc.input_moments = dense<1.0> : tensor<3x3xf64>, tfc.input_mean = dense<1.0> : tensor<3xf64>} -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
