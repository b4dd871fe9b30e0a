// RUN: tfc-opt %s --x86-pack-weights="vector-bits=512 weights=f16" -split-input-file -verify-diagnostics | FileCheck %s
// RUN: tfc-opt %s --x86-pack-weights="vector-bits=512 weights=bf16" -split-input-file 2>/dev/null | FileCheck %s --check-prefix=BF16
// RUN: tfc-opt %s --x86-pack-weights="vector-bits=512 weights=bf16" --one-shot-bufferize=bufferize-function-boundaries --x86-lower-kernels=vector-bits=512 -split-input-file | FileCheck %s --check-prefix=KERNEL
// RUN: not tfc-opt %s --x86-pack-weights=weights=f8 -split-input-file 2>&1 | FileCheck %s --check-prefix=TYPE

// TYPE: weights are f32, f16 or bf16, not f8

// Rounded to the nearest, halves to even: 1 + 2^-11 lies between 1 and the next of f16, and 1 +
// 2^-8 and 1 + 3 * 2^-8 between numbers of bf16; NaN stays one.
// CHECK-LABEL: @rounded
// CHECK: x86.packed_linear ins({{.*}} : tensor<2x4xf32>, tensor<1x4x16xf16>, tensor<16xf32>)
// CHECK: packed{{.*}}: "0x40000000003C{{0+}}43C{{0+}}C3C{{0+}}7E
// BF16-LABEL: @rounded
// BF16: tensor<1x4x16xbf16>
// BF16: packed{{.*}}: "0x40000000803F{{0+}}803F{{0+}}823F{{0+}}C07F
// KERNEL-LABEL: @rounded
// KERNEL: call @tfc_gemm_bf16_16
// KERNEL: func.func private @tfc_gemm_bf16_16
// KERNEL: %[[W:.*]] = vector.load {{.*}} vector<16xbf16>
// KERNEL: arith.extf %[[W]] : vector<16xbf16> to vector<16xf32>
// KERNEL: vector.fma {{.*}} : vector<16xf32>
func.func @rounded(%x: tensor<2x4xf32>, %i: tensor<2x1xf32>) -> tensor<2x1xf32> {
  %w = arith.constant dense<[[1.00048828125], [1.00390625], [1.01171875], [0x7FC00000]]> : tensor<4x1xf32>
  %y = attn.linear ins(%x, %w : tensor<2x4xf32>, tensor<4x1xf32>) outs(%i : tensor<2x1xf32>) -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

// -----

// CHECK-NOT: @large
func.func @large(%x: tensor<2x2xf32>, %i: tensor<2x1xf32>) -> tensor<2x1xf32> {
  %w = arith.constant dense<[[1.0], [70000.0]]> : tensor<2x1xf32>
  // expected-error @below {{its weights in f16 would be infinite: one is 7.000000e+04}}
  %y = attn.linear ins(%x, %w : tensor<2x2xf32>, tensor<2x1xf32>) outs(%i : tensor<2x1xf32>) -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}
