// RUN: split-file %s %t
// RUN: tfc-opt %t/linear.mlir --pass-pipeline='builtin.module(func.func(attn-quantize{ranges=-1.0,1.55,-2.0,3.1}))' | FileCheck %t/linear.mlir
// RUN: tfc-opt %t/bias.mlir --pass-pipeline='builtin.module(func.func(attn-quantize{ranges=-1.0,1.55,0.0,5.0}))' | FileCheck %t/bias.mlir
// RUN: tfc-opt %t/join.mlir --pass-pipeline='builtin.module(func.func(attn-quantize{ranges=-1.0,1.55,0.5,3.1,-0.25,3.1}),canonicalize)' | FileCheck %t/join.mlir
// RUN: tfc-opt %t/left.mlir --pass-pipeline='builtin.module(func.func(attn-quantize))' | FileCheck %t/left.mlir
// RUN: not tfc-opt %t/linear.mlir --pass-pipeline='builtin.module(func.func(attn-quantize{ranges=-1.0,1.55}))' 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: error: expected 4 numbers in ranges, two for each observed tensor, found 2
// RUN: not tfc-opt %t/linear.mlir --pass-pipeline='builtin.module(func.func(attn-quantize{ranges=-1.0,1.55,2.0,1.0}))' 2>&1 | FileCheck %s --check-prefix=ORDER
// ORDER: error: expected the least and the greatest element of observed tensor 1, found 2
// RUN: not tfc-opt %t/quantised.mlir --pass-pipeline='builtin.module(func.func(attn-quantize))' 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: is quantised already; expected a function in f32

//--- linear.mlir
// A scale for each output, and the bias' scale is x's times that; a channel of
// zeros has that of the greatest. 0.01 and 0.02 are f32's.
// CHECK-LABEL: @linear
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[\[}}127, -64, 0], [0, 127, 0]]> : tensor<2x3xi8>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[12700, 0, -6350]> : tensor<3xi32>
// CHECK-DAG: attn.quantize ins(%arg0 : tensor<4x2xf32>) as !quant.uniform<i8:f32, 0.0099999997764825821:-28>
// CHECK-DAG: %[[X:.*]] = attn.dequantize {{.*}} as !quant.uniform<i8:f32, 0.0099999997764825821:-28>
// CHECK-DAG: %[[WEIGHT:.*]] = attn.dequantize ins(%[[W]] : tensor<2x3xi8>) as !quant.uniform<i8:f32:1, {0.0078740157186985015,0.015748031437397003,0.015748031437397003}>
// CHECK-DAG: %[[BIAS:.*]] = attn.dequantize ins(%[[B]] : tensor<3xi32>) as !quant.uniform<i32:f32:0, {7.874
// CHECK: %[[Y:.*]] = attn.linear ins(%[[X]], %[[WEIGHT]] : {{.*}}) bias(%[[BIAS]] :
// CHECK: attn.quantize ins(%[[Y]] : tensor<4x3xf32>) as !quant.uniform<i8:f32, 0.019999999552965164:-28>
// CHECK: %[[OUT:.*]] = attn.dequantize {{.*}} as !quant.uniform<i8:f32, 0.019999999552965164:-28>
// CHECK: return %[[OUT]]
func.func @linear(%x: tensor<4x2xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[1.0, -1.0, 0.0], [0.0, 2.0, 0.0]]> : tensor<2x3xf32>
  %b = arith.constant dense<[1.0, 0.0, -1.0]> : tensor<3xf32>
  %e = tensor.empty() : tensor<4x3xf32>
  %y = attn.linear ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) bias(%b : tensor<3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

//--- bias.mlir
// Bias and relu are of the product: nothing is rounded between.
// CHECK-LABEL: @bias
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[12700, 0]> : tensor<2xi32>
// CHECK-DAG: %[[P:.*]] = linalg.matmul
// CHECK-DAG: %[[BIAS:.*]] = attn.dequantize ins(%[[B]] : tensor<2xi32>)
// CHECK: %[[A:.*]] = linalg.generic {{.*}} ins(%[[P]], %[[BIAS]] :
// CHECK-NOT: attn.quantize
// CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[A]] :
// CHECK: attn.quantize ins(%[[R]] : {{.*}} as !quant.uniform<i8:f32, 0.019{{.*}}:-128>
func.func @bias(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>
  %b = arith.constant dense<[1.0, 0.0]> : tensor<2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %p = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%f : tensor<4x2xf32>) -> tensor<4x2xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%p, %b : tensor<4x2xf32>, tensor<2xf32>) outs(%e : tensor<4x2xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %0 = arith.addf %u, %v : f32
    linalg.yield %0 : f32
  } -> tensor<4x2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) {
  ^bb0(%u: f32, %o: f32):
    %0 = arith.maximumf %u, %zero : f32
    linalg.yield %0 : f32
  } -> tensor<4x2xf32>
  return %r : tensor<4x2xf32>
}

//--- join.mlir
// What is joined has one range; a product with a number has the integers of its
// operand; what is moved last keeps its scale.
// CHECK-LABEL: @join
// CHECK-COUNT-3: attn.quantize {{.*}} as !quant.uniform<i8:f32, [[SCALE:0.016.*]]:-66>
// CHECK: attn.quantize {{.*}} as !quant.uniform<i8:f32, 0.0080{{.*}}:-66>
// CHECK: linalg.transpose
// CHECK: attn.quantize {{.*}} as !quant.uniform<i8:f32, 0.0080{{.*}}:-66>
// CHECK: attn.dequantize
// CHECK-NEXT: return
func.func @join(%x: tensor<2x4xf32>, %z: tensor<2x4xf32>) -> tensor<4x4xf32> {
  %e = tensor.empty() : tensor<4x4xf32>
  %a = tensor.insert_slice %x into %e[0, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<4x4xf32>
  %b = tensor.insert_slice %z into %a[2, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<4x4xf32>
  %h = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%b : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%p: f32, %o: f32):
    %half = arith.constant 0.5 : f32
    %0 = arith.mulf %p, %half : f32
    linalg.yield %0 : f32
  } -> tensor<4x4xf32>
  %y = linalg.transpose ins(%h : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) permutation = [1, 0]
  return %y : tensor<4x4xf32>
}

//--- left.mlir
// No kernel of integers reads or gives these.
// CHECK-LABEL: @left
// CHECK-NOT: attn.quantize
// CHECK: return
func.func @left(%x: tensor<1x2x4x8xf32>, %c: tensor<1x1x4x8xf32>, %i: tensor<4xi64>, %h: tensor<4xf16>) -> (tensor<1x2x4x8xf32>, tensor<4xi64>, tensor<4xf16>) {
  %e = tensor.empty() : tensor<1x2x4x8xf32>
  %y = attn.rope ins(%x, %c, %c : tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>) outs(%e : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  %f = tensor.empty() : tensor<4xi64>
  %j = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%i : tensor<4xi64>) outs(%f : tensor<4xi64>) {
  ^bb0(%p: i64, %o: i64):
    %0 = arith.addi %p, %p : i64
    linalg.yield %0 : i64
  } -> tensor<4xi64>
  return %y, %j, %h : tensor<1x2x4x8xf32>, tensor<4xi64>, tensor<4xf16>
}

//--- quantised.mlir
func.func @quantised(%x: tensor<2xi8>) -> tensor<2xf32> {
  %e = tensor.empty() : tensor<2xf32>
  %y = attn.dequantize ins(%x : tensor<2xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
