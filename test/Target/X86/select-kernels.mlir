// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(x86-select-kernels))' | FileCheck %s

// CHECK-LABEL: @kept
// CHECK: attn.attention
func.func @kept(%q: tensor<1x?x8x32xf32>, %y: tensor<1x?x8x32xf32>) -> tensor<1x?x8x32xf32> {
  %r = attn.attention scale 0.25 causal ins(%q, %q, %q : tensor<1x?x8x32xf32>, tensor<1x?x8x32xf32>, tensor<1x?x8x32xf32>) outs(%y : tensor<1x?x8x32xf32>) -> tensor<1x?x8x32xf32>
  return %r : tensor<1x?x8x32xf32>
}

// The others: hard attention, the largest scores only, half precision, heads of
// an open size.
// CHECK-LABEL: @decomposed
// CHECK-NOT: attn.attention
// CHECK: return
func.func @decomposed(%q: tensor<1x2x8x32xf32>, %h: tensor<1x2x8x32xf16>, %o: tensor<1x2x8x?xf32>)
    -> (tensor<1x2x8x32xf32>, tensor<1x2x8x32xf32>, tensor<1x2x8x32xf16>, tensor<1x2x8x?xf32>) {
  %a = attn.attention score hard scale 0.25 ins(%q, %q, %q : tensor<1x2x8x32xf32>, tensor<1x2x8x32xf32>, tensor<1x2x8x32xf32>) outs(%q : tensor<1x2x8x32xf32>) -> tensor<1x2x8x32xf32>
  %b = attn.attention top 3 scale 0.25 ins(%q, %q, %q : tensor<1x2x8x32xf32>, tensor<1x2x8x32xf32>, tensor<1x2x8x32xf32>) outs(%q : tensor<1x2x8x32xf32>) -> tensor<1x2x8x32xf32>
  %c = attn.attention scale 0.25 ins(%h, %h, %h : tensor<1x2x8x32xf16>, tensor<1x2x8x32xf16>, tensor<1x2x8x32xf16>) outs(%h : tensor<1x2x8x32xf16>) -> tensor<1x2x8x32xf16>
  %d = attn.attention scale 0.25 ins(%o, %o, %o : tensor<1x2x8x?xf32>, tensor<1x2x8x?xf32>, tensor<1x2x8x?xf32>) outs(%o : tensor<1x2x8x?xf32>) -> tensor<1x2x8x?xf32>
  return %a, %b, %c, %d : tensor<1x2x8x32xf32>, tensor<1x2x8x32xf32>, tensor<1x2x8x32xf16>, tensor<1x2x8x?xf32>
}
