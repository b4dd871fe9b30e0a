// RUN: tfc-opt %s --cuda-lower-attention --verify-diagnostics

func.func @wide(%q: memref<1x1x4x4xf64>, %y: memref<1x1x4x4xf64>) {
  // expected-error@+1 {{there is no kernel for it: its elements are not f32, f16 or bf16}}
  attn.attention scale 0.5 ins(%q, %q, %q : memref<1x1x4x4xf64>, memref<1x1x4x4xf64>, memref<1x1x4x4xf64>)
      outs(%y : memref<1x1x4x4xf64>)
  return
}
