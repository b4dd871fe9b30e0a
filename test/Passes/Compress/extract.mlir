// RUN: split-file %s %t

// The first channels of every hidden layer, or of each its own.
// RUN: tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract{ffn=0.5}))' | FileCheck %t/ffn.mlir --check-prefixes=CHECK,HALF
// RUN: tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract{ffn=0.25,1}))' | FileCheck %t/ffn.mlir --check-prefixes=CHECK,MIXED
// RUN: tfc-opt %t/ffn.mlir > %t/before.mlir
// RUN: tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract{ffn=1 heads=1 layers=0}))' | diff - %t/before.mlir
// RUN: tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract))' | diff - %t/before.mlir

// RUN: not tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract{ffn=0.5,0.5,0.5}))' 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: error: attn-extract: ffn has 3 shares; the model has 2 hidden layers, for which one share, or one each, is expected
// RUN: not tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract{ffn=0}))' 2>&1 | FileCheck %s --check-prefix=ZERO
// ZERO: error: attn-extract: ffn has 0.000000e+00; expected more than 0, 1 at most
// RUN: not tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract{ffn=1.5}))' 2>&1 | FileCheck %s --check-prefix=MORE
// MORE: error: attn-extract: ffn has 1.500000e+00; expected more than 0, 1 at most
// RUN: not tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract{ffn=0.01}))' 2>&1 | FileCheck %s --check-prefix=FEW
// FEW: error: attn-extract: ffn has 1.000000e-02; expected more than 0, 1 at most, and of 4 one at least
// RUN: not tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract{heads=0.5}))' 2>&1 | FileCheck %s --check-prefix=HEADS
// HEADS: error: attn-extract: heads is given; the model has no attentions whose heads can go
// RUN: not tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract{layers=3}))' 2>&1 | FileCheck %s --check-prefix=LAYERS
// LAYERS: error: attn-extract: layers is 3; the model has 2
// RUN: not tfc-opt %t/ffn.mlir --pass-pipeline='builtin.module(func.func(attn-extract{layers=-1}))' 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: error: attn-extract: layers is -1; the model has 2

//--- ffn.mlir
// CHECK-LABEL: @ffn
// HALF-SAME: tfc.compression = [{channels = 2 : i64, of = 4 : i64, pass = "attn-extract", site = "a"}, {channels = 2 : i64, of = 4 : i64, pass = "attn-extract", site = "b"}]
// HALF-DAG: dense<{{\[\[}}1.000000e+00, 2.000000e+00]]> : tensor<1x2xf32>
// HALF-DAG: dense<{{\[\[}}1.000000e+01], [2.000000e+01]]> : tensor<2x1xf32>
// HALF-DAG: dense<{{\[\[}}5.000000e+00, 6.000000e+00]]> : tensor<1x2xf32>
// HALF-DAG: dense<{{\[\[}}5.000000e+01], [6.000000e+01]]> : tensor<2x1xf32>
// MIXED-SAME: tfc.compression = [{channels = 1 : i64, of = 4 : i64, pass = "attn-extract", site = "a"}]
// MIXED-DAG: dense<1.000000e+00> : tensor<1x1xf32>
// MIXED-DAG: dense<1.000000e+01> : tensor<1x1xf32>
// MIXED-DAG: dense<{{\[\[}}5.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00]]> : tensor<1x4xf32>
func.func @ffn(%x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %u1 = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %d1 = arith.constant dense<[[10.0], [20.0], [30.0], [40.0]]> : tensor<4x1xf32>
  %u2 = arith.constant dense<[[5.0, 6.0, 7.0, 8.0]]> : tensor<1x4xf32>
  %d2 = arith.constant dense<[[50.0], [60.0], [70.0], [80.0]]> : tensor<4x1xf32>
  %e4 = tensor.empty() : tensor<4x4xf32>
  %e1 = tensor.empty() : tensor<4x1xf32>
  %h1 = attn.linear ins(%x, %u1 : tensor<4x1xf32>, tensor<1x4xf32>) outs(%e4 : tensor<4x4xf32>) activation relu -> tensor<4x4xf32>
  %y1 = attn.linear ins(%h1, %d1 : tensor<4x4xf32>, tensor<4x1xf32>) outs(%e1 : tensor<4x1xf32>)
      {tfc.input_moments = dense<1.0> : tensor<4x4xf64>, tfc.input_mean = dense<0.0> : tensor<4xf64>} -> tensor<4x1xf32> loc("a")
  %s1 = linalg.add ins(%x, %y1 : tensor<4x1xf32>, tensor<4x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32>
  %h2 = attn.linear ins(%s1, %u2 : tensor<4x1xf32>, tensor<1x4xf32>) outs(%e4 : tensor<4x4xf32>) activation relu -> tensor<4x4xf32>
  %y2 = attn.linear ins(%h2, %d2 : tensor<4x4xf32>, tensor<4x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32> loc("b")
  %s2 = linalg.add ins(%s1, %y2 : tensor<4x1xf32>, tensor<4x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32>
  return %s2 : tensor<4x1xf32>
}
