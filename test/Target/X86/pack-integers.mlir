// RUN: tfc-opt %s --x86-pack-integers=vector-bits=128 --split-input-file | FileCheck %s
// RUN: tfc-opt %s --x86-pack-integers=vector-bits=512 --one-shot-bufferize=bufferize-function-boundaries --x86-lower-kernels=vector-bits=512 --split-input-file | FileCheck %s --check-prefix=KERNEL

// Four rows of each column side by side. The correction takes back what x has too much by
// without a sign, 128 + 3, times the sum of a column: 10 and -4. Scales are multiplied.
// CHECK-LABEL: @linear
// CHECK-SAME: %[[x:.*]]: tensor<2x4xi8>
// CHECK-DAG: %[[corrections:.*]] = arith.constant dense<{{\[\[\[}}-1310, 524, 0, 0]]]> : tensor<1x1x4xi32>
// CHECK-DAG: %[[scales:.*]] = arith.constant dense<{{\[\[\[}}1.000000e+00, 5.000000e-01, 0.000000e+00, 0.000000e+00]]]> : tensor<1x1x4xf32>
// CHECK-DAG: %[[bias:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00, 0.000000e+00, 0.000000e+00]> : tensor<4xf32>
// CHECK: x86.packed_integer_linear signed ins(%[[x]], %{{.*}}, %[[corrections]], %[[scales]], %[[bias]]
// CHECK: packed: "0x4000000001020304FFFFFFFF0000000000000000"

// KERNEL-LABEL: @linear
// KERNEL: call @tfc_gemm_s8s8_16
// KERNEL: func.func private @tfc_gemm_s8s8_16
// KERNEL: arith.xori {{.*}} : vector<16xi32>
// KERNEL: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"({{.*}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
func.func @linear(%i: tensor<2x4xi8>, %init: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = arith.constant dense<[[1, -1], [2, -1], [3, -1], [4, -1]]> : tensor<4x2xi8>
  %b = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %xe = tensor.empty() : tensor<2x4xf32>
  %we = tensor.empty() : tensor<4x2xf32>
  %x = attn.dequantize ins(%i : tensor<2x4xi8>) as !quant.uniform<i8:f32, 2.0:3> outs(%xe : tensor<2x4xf32>) -> tensor<2x4xf32>
  %d = attn.dequantize ins(%w : tensor<4x2xi8>) as !quant.uniform<i8:f32:1, {0.5, 0.25}> outs(%we : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y = attn.linear ins(%x, %d : tensor<2x4xf32>, tensor<4x2xf32>) bias(%b : tensor<2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

// A contraction of tokens; x has no sign, so nothing is flipped.
// CHECK-LABEL: @tokens
// CHECK: x86.packed_integer_linear ins(%{{.*}} : tensor<?x4xi8>
// CHECK: tensor.expand_shape {{.*}} into tensor<?x3x2xf32>
// KERNEL-LABEL: @tokens
// KERNEL: call @tfc_gemm_u8s8_16
// KERNEL-NOT: arith.xori
// KERNEL: return
func.func @tokens(%i: tensor<?x3x4xi8>, %xe: tensor<?x3x4xf32>, %e: tensor<?x3x2xf32>) -> tensor<?x3x2xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[1, -1, 5, 6], [2, -1, 3, -1]]> : tensor<2x4xi8>
  %we = tensor.empty() : tensor<2x4xf32>
  %x = attn.dequantize ins(%i : tensor<?x3x4xi8>) as !quant.uniform<u8:f32, 2.0:3> outs(%xe : tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  %d = attn.dequantize ins(%w : tensor<2x4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%we : tensor<2x4xf32>) -> tensor<2x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<?x3x2xf32>) -> tensor<?x3x2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(a, b, n, k) -> (a, b, k)>, affine_map<(a, b, n, k) -> (n, k)>,
                                        affine_map<(a, b, n, k) -> (a, b, n)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %d : tensor<?x3x4xf32>, tensor<2x4xf32>) outs(%init : tensor<?x3x2xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %term = arith.mulf %p, %q : f32
    %next = arith.addf %sum, %term : f32
    linalg.yield %next : f32
  } -> tensor<?x3x2xf32>
  return %y : tensor<?x3x2xf32>
}

// -----

// In f32 as before: depths of no multiple of four, weights with zero points or of fewer
// bits, scales along the depth, x with several scales, and sums onto something.
// CHECK-LABEL: @others
// CHECK-NOT: x86.packed_integer_linear
// CHECK: return
func.func @others(%i: tensor<2x4xi8>, %i6: tensor<2x6xi8>, %init: tensor<2x2xf32>)
    -> (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  %w6 = arith.constant dense<1> : tensor<6x2xi8>
  %xe = tensor.empty() : tensor<2x4xf32>
  %we = tensor.empty() : tensor<4x2xf32>
  %xe6 = tensor.empty() : tensor<2x6xf32>
  %we6 = tensor.empty() : tensor<6x2xf32>
  %x = attn.dequantize ins(%i : tensor<2x4xi8>) as !quant.uniform<i8:f32, 2.0:3> outs(%xe : tensor<2x4xf32>) -> tensor<2x4xf32>
  %x6 = attn.dequantize ins(%i6 : tensor<2x6xi8>) as !quant.uniform<i8:f32, 2.0:3> outs(%xe6 : tensor<2x6xf32>) -> tensor<2x6xf32>
  %d6 = attn.dequantize ins(%w6 : tensor<6x2xi8>) as !quant.uniform<i8:f32, 0.5> outs(%we6 : tensor<6x2xf32>) -> tensor<6x2xf32>
  %0 = attn.linear ins(%x6, %d6 : tensor<2x6xf32>, tensor<6x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  %dz = attn.dequantize ins(%w : tensor<4x2xi8>) as !quant.uniform<i8:f32, 0.5:1> outs(%we : tensor<4x2xf32>) -> tensor<4x2xf32>
  %1 = attn.linear ins(%x, %dz : tensor<2x4xf32>, tensor<4x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  %d4 = attn.dequantize ins(%w : tensor<4x2xi8>) as !quant.uniform<i4:f32, 0.5> outs(%we : tensor<4x2xf32>) -> tensor<4x2xf32>
  %2 = attn.linear ins(%x, %d4 : tensor<2x4xf32>, tensor<4x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  %dk = attn.dequantize ins(%w : tensor<4x2xi8>) as !quant.uniform<i8:f32:0, {0.5, 0.25, 0.5, 0.5}> outs(%we : tensor<4x2xf32>) -> tensor<4x2xf32>
  %3 = attn.linear ins(%x, %dk : tensor<2x4xf32>, tensor<4x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  %d = attn.dequantize ins(%w : tensor<4x2xi8>) as !quant.uniform<i8:f32, 0.5> outs(%we : tensor<4x2xf32>) -> tensor<4x2xf32>
  %xs = attn.dequantize ins(%i : tensor<2x4xi8>) as !quant.uniform<i8:f32:0, {0.5, 0.25}> outs(%xe : tensor<2x4xf32>) -> tensor<2x4xf32>
  %4 = attn.linear ins(%xs, %d : tensor<2x4xf32>, tensor<4x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  %5 = linalg.matmul ins(%x, %d : tensor<2x4xf32>, tensor<4x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}
