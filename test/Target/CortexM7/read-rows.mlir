// RUN: tfc-opt %s --split-input-file --one-shot-bufferize | tfc-opt --split-input-file | FileCheck %s

// The strip is a buffer of the loop's own, which the caller writes; the loop is
// not dead, though nothing uses what it reads.
// CHECK-LABEL: @tensors
// CHECK-SAME: %[[ROWS:.*]]: (memref<1xi8>, i32, i32, memref<2x4x3xf32>) -> i32, %[[CONTEXT:.*]]: memref<1xi8>
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: %[[STRIP:.*]] = memref.alloc() {{.*}}: memref<2x4x3xf32>
// CHECK: m7.read_rows %[[ROWS]](%[[CONTEXT]]) axis 1 first %[[ROW]] outs(%[[STRIP]] : memref<2x4x3xf32>)
// CHECK-NOT: memref.copy
func.func @tensors(%rows: (memref<1xi8>, i32, i32, memref<2x4x3xf32>) -> i32, %context: memref<1xi8>) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  scf.for %row = %c0 to %c8 step %c4 {
    %init = tensor.empty() : tensor<2x4x3xf32>
    %strip = m7.read_rows %rows(%context) axis 1 first %row outs(%init : tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  }
  return
}

// -----

// Rows that are wanted between others come in a buffer without gaps.
// CHECK-LABEL: @between
// CHECK: %[[ALL:.*]] = memref.alloc() {{.*}}: memref<2x4x8xi8>
// CHECK: %[[PLACE:.*]] = memref.subview %[[ALL]][0, 0, 2] [2, 4, 3]
// CHECK: %[[STRIP:.*]] = memref.alloc() {{.*}}: memref<2x4x3xi8>
// CHECK: m7.read_rows {{.*}} outs(%[[STRIP]] : memref<2x4x3xi8>)
// CHECK: memref.copy %[[STRIP]], %[[PLACE]]
func.func @between(%rows: (memref<1xi8>, i32, i32, memref<2x4x3xi8>) -> i32, %context: memref<1xi8>) -> tensor<2x4x8xi8> {
  %c0 = arith.constant 0 : index
  %all = tensor.empty() : tensor<2x4x8xi8>
  %place = tensor.extract_slice %all[0, 0, 2] [2, 4, 3] [1, 1, 1] : tensor<2x4x8xi8> to tensor<2x4x3xi8>
  %strip = m7.read_rows %rows(%context) axis 1 first %c0 outs(%place : tensor<2x4x3xi8>) -> tensor<2x4x3xi8>
  %y = tensor.insert_slice %strip into %all[0, 0, 2] [2, 4, 3] [1, 1, 1] : tensor<2x4x3xi8> into tensor<2x4x8xi8>
  return %y : tensor<2x4x8xi8>
}
