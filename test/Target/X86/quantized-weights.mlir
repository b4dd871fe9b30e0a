// RUN: tfc-opt %s --x86-pack-weights=vector-bits=128 --split-input-file | FileCheck %s
// RUN: tfc-opt %s --x86-pack-weights=vector-bits=128 --one-shot-bufferize=bufferize-function-boundaries --x86-lower-kernels=vector-bits=128 --split-input-file | FileCheck %s --check-prefix=KERNEL

// Five rows of four columns: rows 0 and 1 share bytes, the first in the low half, and
// the last has its bytes for itself. Scales and zero points are by panels too.
// CHECK-LABEL: @four_bits
// CHECK: x86.packed_quantized_linear bits 4 group 2 ins({{.*}} : tensor<2x5xf32>, tensor<1x3x4xi8>, tensor<1x3x4xf32>, tensor<4xf32>) zero_points(%{{.*}} : tensor<1x3x4xi8>) outs
// 0x40000000 is the alignment; 1 2 3 4 below -1 -2 -3 -4, and so on.
// CHECK: packed: "0x40000000F1E2D3C48586878807000009"

// Few rows alone need no room for a panel in f32.
// KERNEL-LABEL: @four_bits
// KERNEL-NOT: memref.alloc(%{{.*}})
// KERNEL: call @tfc_gemm_i4_zp_4(
// KERNEL-NOT: tfc_unpack
// KERNEL: func.func private @tfc_gemm_i4_zp_4
// KERNEL: arith.shrsi %{{.*}} : vector<4xi32>
// KERNEL: arith.subf %{{.*}} : vector<4xf32>
func.func @four_bits(%x: tensor<2x5xf32>, %i: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense<[[1, 2, 3, 4], [-1, -2, -3, -4], [5, 6, 7, -8], [-8, -8, -8, -8], [7, 0, 0, -7]]> : tensor<5x4xi8>
  %e = tensor.empty() : tensor<5x4xf32>
  %r = attn.dequantize ins(%w : tensor<5x4xi8>) as !quant.uniform<i4:f32:{0:2, 1:1}, {{1.0, 2.0, 3.0:1, 4.0}, {1.0, 2.0, 3.0, 4.0}, {1.0, 2.0, 3.0, 4.0}}> outs(%e : tensor<5x4xf32>) -> tensor<5x4xf32>
  %y = attn.linear ins(%x, %r : tensor<2x5xf32>, tensor<5x4xf32>) outs(%i : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

// A transposed weight without signs, a scale for each of its outputs: bytes and zero
// points less 128. Where rows may be many, a panel is made f32 once for all of them.
// CHECK-LABEL: @transposed
// CHECK: x86.packed_quantized_linear bits 8 group 2 ins({{.*}} : tensor<?x2xf32>, tensor<1x2x4xi8>, tensor<1x1x4xf32>, tensor<4xf32>) zero_points(
// CHECK: packed: "0x400000008090A00081FF0000"
// KERNEL-LABEL: @transposed
// KERNEL: %[[N:.*]] = x86.num_threads
// KERNEL: memref.alloc(%[[N]]) {{.*}} : memref<?x2x4xf32>
// KERNEL: x86.parallel
// KERNEL: scf.if
// KERNEL: call @tfc_unpack_i8_zp_4(
// KERNEL: call @tfc_gemm_f32_4(
// KERNEL: } else {
// KERNEL: call @tfc_gemm_i8_zp_4(
func.func @transposed(%x: tensor<?x2xf32>, %i: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %w = arith.constant dense<[[0, 1], [16, 127], [32, -128]]> : tensor<3x2xi8>
  %e = tensor.empty() : tensor<3x2xf32>
  %r = attn.dequantize ins(%w : tensor<3x2xi8>) as !quant.uniform<u8:f32:0, {0.5:128, 0.25:128, 0.125:3}> outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %y = attn.linear ins(%x, %r : tensor<?x2xf32>, tensor<3x2xf32>) outs(%i : tensor<?x3xf32>) transpose_weight -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// -----

// A scale for each row would be no smaller than f32 where the rows are many.
// CHECK-LABEL: @rows
// CHECK: attn.linear
// KERNEL-LABEL: @rows
func.func @rows(%x: tensor<2x5xf32>, %i: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = arith.constant dense<1> : tensor<5x4xi8>
  %e = tensor.empty() : tensor<5x4xf32>
  %r = attn.dequantize ins(%w : tensor<5x4xi8>) as !quant.uniform<i8:f32:0, {1.0, 2.0, 3.0, 4.0, 5.0}> outs(%e : tensor<5x4xf32>) -> tensor<5x4xf32>
  %y = attn.linear ins(%x, %r : tensor<2x5xf32>, tensor<5x4xf32>) outs(%i : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
