// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-quantize-weights{bits=4 group=2}))' --split-input-file | FileCheck %s
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-quantize-weights{bits=4 group=2 asymmetric}))' --split-input-file | FileCheck %s --check-prefix=ASYMMETRIC
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-quantize-weights{group=0}))' --split-input-file | FileCheck %s --check-prefix=COLUMN
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-quantize-weights{bits=4 group=0}))' --split-input-file | FileCheck %s --check-prefix=GPTQ
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-quantize-weights{bits=4 group=0 method=nearest}))' --split-input-file | FileCheck %s --check-prefix=NEAREST

// Rows 0 and 1, then 2 and 3, then 4 alone share a scale: the greatest, over 7, or the
// span from the least to the greatest and 0, over 15.
// CHECK-LABEL: @groups
// CHECK-SAME: bits = 4 : i64, bytes_after = 29 : i64, bytes_before = 40 : i64, group = 2 : i64, method = "nearest"
// CHECK-SAME: site = "attn.linear"
// CHECK: %[[W:.*]] = attn.dequantize ins(%{{.*}} : tensor<5x2xi8>) as !quant.uniform<i4:f32:{0:2, 1:1}, {{[{][{]}}1.000000e+00, 2.000000e+00}, {1.000000e+00, 1.000000e+00}, {5.000000e-01, 0.142857149}}>
// CHECK: attn.linear ins(%{{.*}}, %[[W]] : tensor<3x5xf32>, tensor<5x2xf32>) outs(%{{.*}}) -> tensor<3x2xf32>
// Four bytes that say their alignment, then rows: 7 7, 3 -2, 0 0, 0 7, -7 7.
// CHECK: quantized: "0x01000000070703FE00000007F907"
// ASYMMETRIC-LABEL: @groups
// ASYMMETRIC: {{[{][{]}}0.466666669:-8, 1.200000e+00:-5}, {1.000000e+00, 0.466666669:-8}, {0.233333334:7, 0.0666666701:-8}}
// COLUMN-LABEL: @groups
// COLUMN-SAME: bits = 8 : i64, bytes_after = 18 : i64
// COLUMN: as !quant.uniform<i8:f32:1, {0.0551181{{[0-9]*}},0.1102362{{[0-9]*}}}>
func.func @groups(%x: tensor<3x5xf32>, %i: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = arith.constant dense<[[7.0, 14.0], [3.1, -4.0], [0.0, 0.0], [0.0, 7.0], [-3.5, 1.0]]> : tensor<5x2xf32>
  %y = attn.linear ins(%x, %w : tensor<3x5xf32>, tensor<5x2xf32>) outs(%i : tensor<3x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// The first two inputs are always the same, so that only the sum of their weights
// counts: 0.4 + 0.3 is 1 rather than 0 + 0. What is lost on average goes to the bias:
// 2 * (0.7 - 1).
// GPTQ-LABEL: @compensated
// GPTQ-SAME: method = "gptq", pass = "quantize-weights", relative_error = 0.00181
// GPTQ: attn.linear {{.*}} bias(
// GPTQ: quantized: "0x01000000000107000000"
// GPTQ: quantized.bias: "0x04000000999919BF"
// NEAREST-LABEL: @compensated
// NEAREST-SAME: method = "nearest"
// NEAREST-NOT: quantized.bias
// NEAREST: quantized: "0x01000000000007000000"
func.func @compensated(%x: tensor<3x6xf32>, %i: tensor<3x1xf32>) -> tensor<3x1xf32> {
  %w = arith.constant dense<[[0.4], [0.3], [7.0], [0.0], [0.0], [0.0]]> : tensor<6x1xf32>
  %y = attn.linear ins(%x, %w : tensor<3x6xf32>, tensor<6x1xf32>) outs(%i : tensor<3x1xf32>)
    {tfc.input_moments = dense<[[5.0, 5.0, 0.0, 0.0, 0.0, 0.0], [5.0, 5.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]]> : tensor<6x6xf64>,
     tfc.input_mean = dense<[2.0, 2.0, 0.0, 0.0, 0.0, 0.0]> : tensor<6xf64>} -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

// Layers that share a weight go on sharing it; what is a result of the
// model too stays.
// CHECK-LABEL: @shared
// CHECK-SAME: method = "nearest", {{.*}} site = "attn.linear"
// CHECK-SAME: method = "nearest", {{.*}} site = "attn.linear#2"
// CHECK-SAME: left_alone = "its weight is read elsewhere too", pass = "quantize-weights", site = "attn.linear#3"
// CHECK: %[[W:.*]] = arith.constant dense_resource<[[NAME:.*]]> : tensor<8x2xi8>
// CHECK: %[[R:.*]] = attn.dequantize ins(%[[W]]
// CHECK: attn.linear ins(%{{.*}}, %[[R]]
// CHECK: %[[W2:.*]] = arith.constant dense_resource<[[NAME]]> : tensor<8x2xi8>
// CHECK: %[[R2:.*]] = attn.dequantize ins(%[[W2]]
// CHECK: attn.linear ins(%{{.*}}, %[[R2]]
// CHECK: attn.linear ins(%{{.*}}, %cst{{.*}} : tensor<3x8xf32>, tensor<8x8xf32>)
func.func @shared(%x: tensor<3x8xf32>, %i: tensor<3x2xf32>, %j: tensor<3x8xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x8xf32>, tensor<8x8xf32>) {
  %w = arith.constant dense<2.0> : tensor<8x2xf32>
  %v = arith.constant dense<3.0> : tensor<8x8xf32>
  %y = attn.linear ins(%x, %w : tensor<3x8xf32>, tensor<8x2xf32>) outs(%i : tensor<3x2xf32>) -> tensor<3x2xf32>
  %z = attn.linear ins(%x, %w : tensor<3x8xf32>, tensor<8x2xf32>) outs(%i : tensor<3x2xf32>) -> tensor<3x2xf32>
  %u = attn.linear ins(%x, %v : tensor<3x8xf32>, tensor<8x8xf32>) outs(%j : tensor<3x8xf32>) -> tensor<3x8xf32>
  return %y, %z, %u, %v : tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x8xf32>, tensor<8x8xf32>
}

// -----

// An argument is no constant, and one row a group is as large as f32.
// CHECK-LABEL: @alone
// CHECK-SAME: left_alone = "it would take 5 bytes, not fewer than 4", pass = "quantize-weights", site = "attn.linear#2"
// CHECK-NOT: attn.dequantize
func.func @alone(%x: tensor<3x8xf32>, %w: tensor<8x2xf32>, %i: tensor<3x2xf32>, %t: tensor<3x1xf32>, %k: tensor<3x1xf32>) -> (tensor<3x2xf32>, tensor<3x1xf32>) {
  %v = arith.constant dense<3.0> : tensor<1x1xf32>
  %y = attn.linear ins(%x, %w : tensor<3x8xf32>, tensor<8x2xf32>) outs(%i : tensor<3x2xf32>) -> tensor<3x2xf32>
  %z = attn.linear ins(%t, %v : tensor<3x1xf32>, tensor<1x1xf32>) outs(%k : tensor<3x1xf32>) -> tensor<3x1xf32>
  return %y, %z : tensor<3x2xf32>, tensor<3x1xf32>
}
