// RUN: tfc-opt %s --x86-entry-point | FileCheck %s

// A cache: new tokens are written behind those in the caller's buffer, of which the part in
// use is the result too.
// CHECK-LABEL: func.func @tfc_generated_compute
// CHECK: %[[PAST:.*]] = x86.input_dim 1
// CHECK: %[[OUT:.*]] = x86.buffer output 0 : memref<2x64x8xf32>
// CHECK: %[[IN:.*]] = x86.buffer input 0 : memref<2x64x8xf32>
// CHECK: cf.assert %{{.*}}, "cache 'past': it has room for 64 tokens, fewer than there are"
// CHECK: cf.assert %{{.*}}, "cache 'past': the input and the output must be one buffer"
// CHECK: %[[USED:.*]] = memref.subview %[[OUT]][0, 0, 0] [2, %{{.*}}, 8] [1, 1, 1]
// CHECK: %[[TENSOR:.*]] = bufferization.to_tensor %[[USED]] restrict writable
// CHECK: %[[ALL:.*]] = tensor.insert_slice %{{.*}} into %[[TENSOR]][0, %[[PAST]], 0] [2, 1, 8]
// CHECK: bufferization.materialize_in_destination %[[ALL]] in restrict writable %[[USED]]
func.func @cache(%k: tensor<2x?x8xf32> {tfc.name = "past", tfc.cache = array<i64: 0, 1, 64>}, %new: tensor<2x1x8xf32>)
    -> (tensor<2x?x8xf32> {tfc.name = "present"}) {
  %c1 = arith.constant 1 : index
  %past = tensor.dim %k, %c1 : tensor<2x?x8xf32>
  %all = arith.addi %past, %c1 : index
  %empty = tensor.empty(%all) : tensor<2x?x8xf32>
  %k0 = tensor.insert_slice %k into %empty[0, 0, 0] [2, %past, 8] [1, 1, 1] : tensor<2x?x8xf32> into tensor<2x?x8xf32>
  %k1 = tensor.insert_slice %new into %k0[0, %past, 0] [2, 1, 8] [1, 1, 1] : tensor<2x1x8xf32> into tensor<2x?x8xf32>
  return %k1 : tensor<2x?x8xf32>
}
