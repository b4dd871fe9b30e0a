// RUN: tfc-opt %s --attn-decompose --canonicalize | FileCheck %s

// Rounded to even, limited, as ONNX says; the product is f32's.
// CHECK-LABEL: @one
// CHECK: linalg.generic
// CHECK: %[[Q:.*]] = arith.divf %{{.*}}, %cst{{.*}} : f32
// CHECK: math.roundeven %[[Q]]
// CHECK: arith.addf
// CHECK: arith.maxnumf
// CHECK: arith.minnumf
// CHECK: arith.fptosi
// CHECK: arith.trunci {{.*}} to i8
// CHECK: linalg.generic
// CHECK: %[[I:.*]] = arith.extui %{{.*}} : i8 to i32
// CHECK: %[[D:.*]] = arith.subi %[[I]], %c3_i32
// CHECK: %[[F:.*]] = arith.sitofp %[[D]] : i32 to f32
// CHECK: arith.mulf %[[F]]
func.func @one(%x: tensor<?x4xf32>, %i: tensor<?x4xi8>, %f: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %q = attn.quantize ins(%x : tensor<?x4xf32>) as !quant.uniform<u8:f32, 0.1:3> outs(%i : tensor<?x4xi8>) -> tensor<?x4xi8>
  %y = attn.dequantize ins(%q : tensor<?x4xi8>) as !quant.uniform<u8:f32, 0.1:3> outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// Scales and zero points by slices.
// CHECK-LABEL: @slices
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<[0, 1]> : tensor<2xi32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[SCALE]], %[[ZERO]] : tensor<4x2xi8>, tensor<2xf32>, tensor<2xi32>)
// CHECK: arith.extsi
func.func @slices(%x: tensor<4x2xi8>, %f: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %y = attn.dequantize ins(%x : tensor<4x2xi8>) as !quant.uniform<i8:f32:1, {0.5, 0.25:1}> outs(%f : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
