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
