// RUN: tfc-opt %s --resolve-shaped-type-result-dims --canonicalize | FileCheck %s

// A result's size is its destination's.
// CHECK-LABEL: @size
// CHECK-SAME: %[[N:[a-z0-9]+]]: index
// CHECK: return %[[N]]
func.func @size(%q: tensor<2x4x?x8xf32>, %k: tensor<2x4x?x8xf32>, %n: index) -> index {
  %c2 = arith.constant 2 : index
  %init = tensor.empty(%n) : tensor<2x4x?x8xf32>
  %0 = attn.attention scale 1.0
      ins(%q, %k, %k : tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>)
      outs(%init : tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  %size = tensor.dim %0, %c2 : tensor<2x4x?x8xf32>
  return %size : index
}
