// RUN: tfc-opt %s --m7-select-integers | FileCheck %s
// RUN: not tfc-opt %s --m7-select-integers --m7-entry-point 2>&1 | FileCheck %s --check-prefix=SIZES

// One message says what to do about open sizes, not one for each operation.
// CHECK: attn.dequantize
// CHECK: linalg.add
// SIZES: error: input 'x' has open sizes (dimension 0); the cortex-m7 target needs every size: fix them with --shape x=Nx4
// SIZES-NOT: error
func.func @main(%x: tensor<?x4xi8> {tfc.name = "x"}) -> tensor<?x4xi8> {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x4xi8>
  %e = tensor.empty(%rows) : tensor<?x4xf32>
  %i = tensor.empty(%rows) : tensor<?x4xi8>
  %f = attn.dequantize ins(%x : tensor<?x4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %s = linalg.add ins(%f, %f : tensor<?x4xf32>, tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = attn.quantize ins(%s : tensor<?x4xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<?x4xi8>) -> tensor<?x4xi8>
  return %y : tensor<?x4xi8>
}
