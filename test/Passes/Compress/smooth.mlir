// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-smooth))' --split-input-file | FileCheck %s
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-smooth{alpha=1}))' --split-input-file | FileCheck %s --check-prefix=WHOLE

// The greatest rows of both weights are 1 and 4, the greatest columns 16 and 1: the
// factors are 4 and 1/2.
// CHECK-LABEL: @norm
// CHECK-SAME: greatest_after = 4.000000e+00 : f64, greatest_before = 1.600000e+01 : f64, pass = "smooth"
// CHECK: attn.norm {{.*}} scale(%[[S:.*]] : tensor<2xf32>) bias(%[[B:.*]] : tensor<2xf32>)
// Scale, bias, then weights: 2 2, 1 4, 4 -0.25, 2 2.
// CHECK: smoothed: "0x040000000000004000000040"
// CHECK: smoothed_1: "0x040000000000803F00008040"
// CHECK: smoothed_2: "0x0400000000008040000080BE"
// CHECK: smoothed_3: "0x040000000000004000000040"
// With alpha 1 columns become 1: the factors are 16 and 1.
// WHOLE-LABEL: @norm
// WHOLE-SAME: greatest_after = 1.000000e+00 : f64
func.func @norm(%x: tensor<3x2xf32>, %e: tensor<3x2xf32>, %i: tensor<3x1xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>) {
  %g = arith.constant dense<[8.0, 1.0]> : tensor<2xf32>
  %b = arith.constant dense<[4.0, 2.0]> : tensor<2xf32>
  %v = arith.constant dense<[[1.0], [-0.5]]> : tensor<2x1xf32>
  %w = arith.constant dense<[[0.5, 4.0]]> : tensor<1x2xf32>
  %n = attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : tensor<3x2xf32>) scale(%g : tensor<2xf32>) bias(%b : tensor<2xf32>) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %y = attn.linear ins(%n, %v : tensor<3x2xf32>, tensor<2x1xf32>) outs(%i : tensor<3x1xf32>)
    {tfc.input_moments = dense<1.0> : tensor<2x2xf64>, tfc.input_mean = dense<0.0> : tensor<2xf64>, tfc.input_greatest = dense<[16.0, 1.0]> : tensor<2xf64>} -> tensor<3x1xf32>
  %z = attn.linear ins(%n, %w : tensor<3x2xf32>, tensor<1x2xf32>) outs(%i : tensor<3x1xf32>) transpose_weight
    {tfc.input_moments = dense<1.0> : tensor<2x2xf64>, tfc.input_mean = dense<0.0> : tensor<2xf64>, tfc.input_greatest = dense<[16.0, 1.0]> : tensor<2xf64>} -> tensor<3x1xf32>
  return %y, %z : tensor<3x1xf32>, tensor<3x1xf32>
}

// -----

// What the model gives itself cannot be divided, nor an argument.
// CHECK-LABEL: @others
// CHECK-SAME: left_alone = "what goes into it is read by others too"
// CHECK-SAME: left_alone = "neither a norm nor a linear layer gives what goes into it"
// WHOLE-LABEL: @others
func.func @others(%x: tensor<3x2xf32>, %a: tensor<3x2xf32>, %e: tensor<3x2xf32>, %i: tensor<3x1xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>, tensor<3x2xf32>) {
  %v = arith.constant dense<[[1.0], [0.5]]> : tensor<2x1xf32>
  %w = arith.constant dense<[[0.5], [4.0]]> : tensor<2x1xf32>
  %n = attn.norm rms axis 1 epsilon 1.0e-05 ins(%x : tensor<3x2xf32>) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %y = attn.linear ins(%n, %v : tensor<3x2xf32>, tensor<2x1xf32>) outs(%i : tensor<3x1xf32>)
    {tfc.input_moments = dense<1.0> : tensor<2x2xf64>, tfc.input_mean = dense<0.0> : tensor<2xf64>, tfc.input_greatest = dense<[16.0, 1.0]> : tensor<2xf64>} -> tensor<3x1xf32>
  %z = attn.linear ins(%a, %w : tensor<3x2xf32>, tensor<2x1xf32>) outs(%i : tensor<3x1xf32>)
    {tfc.input_moments = dense<1.0> : tensor<2x2xf64>, tfc.input_mean = dense<0.0> : tensor<2xf64>, tfc.input_greatest = dense<[16.0, 1.0]> : tensor<2xf64>} -> tensor<3x1xf32>
  return %y, %z, %n : tensor<3x1xf32>, tensor<3x1xf32>, tensor<3x2xf32>
}
