// RUN: tfc-opt %s '--pass-pipeline=builtin.module(func.func(m7-select-integers{allow-float float-operators=MatMul,Add}))' | FileCheck %s
// RUN: not tfc-opt %s '--pass-pipeline=builtin.module(func.func(m7-select-integers{allow-float float-operators=Add}))' 2>&1 | FileCheck %s --check-prefix=SUM
// RUN: not tfc-opt %s '--pass-pipeline=builtin.module(func.func(m7-select-integers{allow-float float-operators=MatMul}))' 2>&1 | FileCheck %s --check-prefix=PRODUCT
// RUN: not tfc-opt %s --m7-select-integers 2>&1 | FileCheck %s --check-prefix=SUM

// A node that was fused from two needs both of them.
// CHECK-LABEL: func.func @missing(
// CHECK: linalg.matmul
// CHECK: attn.quantize
// SUM: error: {{.*}}its result enters another operation in f32: a scale is missing between them; --allow-float=Add,MatMul computes
// SUM-NOT: error:
// PRODUCT: error: {{.*}}its result enters another operation in f32: a scale is missing between them; --allow-float=Add,MatMul computes
module attributes {tfc.operators = {"/a" = ["MatMul"], "/b" = ["Add"]}} {
  func.func @missing(%x: tensor<4x4xi8>) -> tensor<4x4xi8> {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<4x4xf32>
    %i = tensor.empty() : tensor<4x4xi8>
    %f = attn.dequantize ins(%x : tensor<4x4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    %start = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    %p = linalg.matmul ins(%f, %f : tensor<4x4xf32>, tensor<4x4xf32>) outs(%start : tensor<4x4xf32>) -> tensor<4x4xf32> loc(fused["/a", "/b"])
    %s = linalg.add ins(%p, %f : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32> loc("/b")
    %y = attn.quantize ins(%s : tensor<4x4xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<4x4xi8>) -> tensor<4x4xi8>
    return %y : tensor<4x4xi8>
  }
}
