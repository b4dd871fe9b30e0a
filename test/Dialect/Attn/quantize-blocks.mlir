// RUN: tfc-opt %s | tfc-opt | FileCheck %s
// RUN: tfc-opt %s --attn-decompose --canonicalize | FileCheck %s --check-prefix=LINALG

// Blocks of two rows, the last of one; integers of 4 bits lie in 8.
// CHECK-LABEL: @blocks
// CHECK: attn.dequantize ins(%{{.*}} : tensor<5x2xi8>) as !quant.uniform<i4:f32:{0:2, 1:1}, {{[{][{]}}5.000000e-01:1, 2.500000e-01}, {1.000000e+00, 2.000000e+00}, {3.000000e+00:-8, 4.000000e+00}}> outs(%{{.*}} : tensor<5x2xf32>) -> tensor<5x2xf32>
// LINALG-LABEL: @blocks
// LINALG-DAG: %[[S:.*]] = arith.constant dense<{{.*}}5.000000e-01, 2.500000e-01{{.*}}> : tensor<3x2xf32>
// LINALG-DAG: %[[Z:.*]] = arith.constant dense<{{\[\[}}1, 0], [0, 0], [-8, 0]]> : tensor<3x2xi32>
// LINALG: linalg.generic
// LINALG: %[[R:.*]] = linalg.index 0
// LINALG: %[[G:.*]] = arith.divui %[[R]], %c2
// LINALG: tensor.extract %[[S]][%[[G]], %{{.*}}]
// LINALG: tensor.extract %[[Z]][%[[G]], %{{.*}}]
func.func @blocks(%x: tensor<5x2xi8>, %f: tensor<5x2xf32>) -> tensor<5x2xf32> {
  %y = attn.dequantize ins(%x : tensor<5x2xi8>) as !quant.uniform<i4:f32:{0:2, 1:1}, {{0.5:1, 0.25}, {1.0, 2.0}, {3.0:-8, 4.0}}> outs(%f : tensor<5x2xf32>) -> tensor<5x2xf32>
  return %y : tensor<5x2xf32>
}

// Without zero points there is no table of them.
// LINALG-LABEL: @symmetric
// LINALG-NOT: xi32>
// LINALG: return
func.func @symmetric(%x: tensor<4x1xi8>, %f: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %y = attn.dequantize ins(%x : tensor<4x1xi8>) as !quant.uniform<i8:f32:{0:2, 1:1}, {{0.5}, {1.0}}> outs(%f : tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}
