// RUN: tfc-opt %s --x86-entry-point | FileCheck %s

// Inputs and results leave the signature; a size named twice is one value.

// CHECK: module attributes
// CHECK-SAME: inputs = [{dims = array<i64: -1, 4>, name = "x", symbols = ["batch", ""], type = 1 : i32}
// CHECK-SAME: outputs = [{dims = array<i64: -1, 4>, name = "z", symbols = ["batch", ""], type = 1 : i32}]
// CHECK: func.func @tfc_generated_compute(%{{.*}}: !llvm.ptr) -> i32
// CHECK: %[[BATCH:.*]] = x86.input_dim 0
// CHECK-NOT: x86.input_dim
// CHECK: %[[X:.*]] = x86.buffer input 0 sizes(%[[BATCH]]) : memref<?x4xf32>
// CHECK: bufferization.to_tensor %[[X]] restrict
// CHECK: x86.buffer input 1 sizes(%[[BATCH]]) : memref<?x4xf32>
// CHECK: %[[SUM:.*]] = linalg.add
// CHECK: %[[D:.*]] = tensor.dim %[[SUM]]
// CHECK: x86.output_dims %[[D]], %{{.*}}
// CHECK: %[[OUT:.*]] = x86.buffer output 0 sizes(%[[D]]) : memref<?x4xf32>
// CHECK: bufferization.materialize_in_destination %[[SUM]] in restrict writable %[[OUT]]
func.func @main_graph(
    %x: tensor<?x4xf32> {tfc.name = "x", tfc.dims = ["batch", ""], tfc.type = 1 : i32},
    %y: tensor<?x4xf32> {tfc.name = "y", tfc.dims = ["batch", ""], tfc.type = 1 : i32})
    -> (tensor<?x4xf32> {tfc.name = "z", tfc.dims = ["batch", ""]}) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %empty = tensor.empty(%n) : tensor<?x4xf32>
  %sum = linalg.add ins(%x, %y : tensor<?x4xf32>, tensor<?x4xf32>)
                    outs(%empty : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %sum : tensor<?x4xf32>
}
