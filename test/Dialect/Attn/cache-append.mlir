// RUN: tfc-opt %s --split-input-file | tfc-opt --split-input-file | FileCheck %s
// RUN: tfc-opt %s --split-input-file --one-shot-bufferize=bufferize-function-boundaries | FileCheck %s --check-prefix=BUFFER
// RUN: tfc-opt %s --split-input-file --attn-decompose --canonicalize | FileCheck %s --check-prefix=SLICES

// The cache is gone on from: an argument that may be written is not copied.
// CHECK-LABEL: @decode
// CHECK: attn.cache_append axis 2 ins(%{{.*}} : tensor<?x4x1x8xi8>) positions(%{{.*}} : tensor<?xi64>) outs(%{{.*}} : tensor<?x4x128x8xi8>) -> tensor<?x4x128x8xi8>
// BUFFER-LABEL: @decode
// BUFFER-SAME: %[[CACHE:[a-z0-9]+]]: memref<?x4x128x8xi8
// BUFFER-NOT: memref.copy
// BUFFER: attn.cache_append axis 2 ins(%{{.*}}) positions(%{{.*}}) outs(%[[CACHE]] :
// Only the new tokens are touched.
// SLICES-LABEL: @decode
// SLICES: scf.for %[[BATCH:.*]] = %c0 to %{{.*}} step %c1 iter_args(%[[ALL:.*]] = %arg2)
// SLICES:   %[[AT:.*]] = arith.index_cast
// SLICES:   %[[NEW:.*]] = tensor.extract_slice %arg0[%[[BATCH]], 0, 0, 0] [1, 4, 1, 8]
// SLICES:   tensor.insert_slice %[[NEW]] into %[[ALL]][%[[BATCH]], 0, %[[AT]], 0] [1, 4, 1, 8]
func.func @decode(%new: tensor<?x4x1x8xi8>, %at: tensor<?xi64>, %cache: tensor<?x4x128x8xi8>) -> tensor<?x4x128x8xi8> {
  %all = attn.cache_append axis 2 ins(%new : tensor<?x4x1x8xi8>) positions(%at : tensor<?xi64>)
      outs(%cache : tensor<?x4x128x8xi8>) -> tensor<?x4x128x8xi8>
  return %all : tensor<?x4x128x8xi8>
}

// -----

// CHECK-LABEL: @ring
// CHECK: attn.cache_append circular axis 1
// BUFFER-LABEL: @ring
// SLICES-LABEL: @ring
// SLICES: scf.for
// SLICES:   scf.for %[[TOKEN:.*]] = %c0 to %c3 step %c1
// SLICES:     %[[PLACE:.*]] = arith.remui
// SLICES:     tensor.extract_slice %arg0[%{{.*}}, %[[TOKEN]], 0] [1, 1, 6]
// SLICES:     tensor.insert_slice %{{.*}}[%{{.*}}, %[[PLACE]], 0] [1, 1, 6]
func.func @ring(%new: tensor<2x3x6xf32>, %at: tensor<2xi32>, %cache: tensor<2x4x6xf32>) -> tensor<2x4x6xf32> {
  %all = attn.cache_append circular axis 1 ins(%new : tensor<2x3x6xf32>) positions(%at : tensor<2xi32>)
      outs(%cache : tensor<2x4x6xf32>) -> tensor<2x4x6xf32>
  return %all : tensor<2x4x6xf32>
}

// -----

// CHECK-LABEL: @prefill
// SLICES-LABEL: @prefill
// SLICES-NOT: scf.for
// SLICES: tensor.insert_slice %arg0 into %arg1[0, 0, 0] [2, 3, 6]
func.func @prefill(%new: tensor<2x3x6xf32>, %cache: tensor<2x4x6xf32>) -> tensor<2x4x6xf32> {
  %all = attn.cache_append axis 1 ins(%new : tensor<2x3x6xf32>) outs(%cache : tensor<2x4x6xf32>) -> tensor<2x4x6xf32>
  return %all : tensor<2x4x6xf32>
}
