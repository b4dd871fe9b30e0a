// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-quantize{ranges=-1.0,1.55,-128.0,127.0 correct-biases}))' --split-input-file | FileCheck %s
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-quantize{ranges=-1.0,1.55,-128.0,127.0}))' --split-input-file | FileCheck %s --check-prefix=PLAIN

// The weight's scale is 1: 127 stays, 0.25 becomes 0. With E[x] = 2 the outputs lose 0.5
// on average, which is 50 steps of x's 0.01 times 1.
// CHECK-LABEL: @without_bias
// CHECK-DAG: arith.constant dense<50> : tensor<1xi32>
// CHECK: attn.linear {{.*}} bias(
// PLAIN-LABEL: @without_bias
// PLAIN-NOT: bias(
func.func @without_bias(%x: tensor<3x2xf32>, %i: tensor<3x1xf32>) -> tensor<3x1xf32> {
  %w = arith.constant dense<[[127.0], [0.25]]> : tensor<2x1xf32>
  %y = attn.linear ins(%x, %w : tensor<3x2xf32>, tensor<2x1xf32>) outs(%i : tensor<3x1xf32>)
    {tfc.input_moments = dense<[[1.0, 0.0], [0.0, 5.0]]> : tensor<2x2xf64>,
     tfc.input_mean = dense<[1.0, 2.0]> : tensor<2xf64>} -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

// A bias of 1 is 100 steps before.
// CHECK-LABEL: @with_bias
// CHECK-DAG: arith.constant dense<150> : tensor<1xi32>
// PLAIN-LABEL: @with_bias
// PLAIN-DAG: arith.constant dense<100> : tensor<1xi32>
func.func @with_bias(%x: tensor<3x2xf32>, %i: tensor<3x1xf32>) -> tensor<3x1xf32> {
  %w = arith.constant dense<[[127.0, 0.25]]> : tensor<1x2xf32>
  %b = arith.constant dense<1.0> : tensor<1xf32>
  %y = attn.linear ins(%x, %w : tensor<3x2xf32>, tensor<1x2xf32>) bias(%b : tensor<1xf32>) outs(%i : tensor<3x1xf32>) transpose_weight
    {tfc.input_moments = dense<[[1.0, 0.0], [0.0, 5.0]]> : tensor<2x2xf64>,
     tfc.input_mean = dense<[1.0, 2.0]> : tensor<2xf64>} -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

// What goes in is not known.
// CHECK-LABEL: @unknown
// CHECK-NOT: bias(
// CHECK: return
func.func @unknown(%x: tensor<3x2xf32>, %i: tensor<3x1xf32>) -> tensor<3x1xf32> {
  %w = arith.constant dense<[[127.0], [0.25]]> : tensor<2x1xf32>
  %y = attn.linear ins(%x, %w : tensor<3x2xf32>, tensor<2x1xf32>) outs(%i : tensor<3x1xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}
