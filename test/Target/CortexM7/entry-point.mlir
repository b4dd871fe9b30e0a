// RUN: tfc-opt %s --m7-entry-point | FileCheck %s

// CHECK: module attributes {m7.interface = {inputs = [{dims = array<i64: 1, 4>, element = "float", name = "x"}, {dims = array<i64: 2>, element = "uint8_t", name = "n"}],
// CHECK-SAME: outputs = [{dims = array<i64: 1, 4>, element = "float", name = "output0"}]}
// CHECK: func.func @tfc_compute(%[[X:.*]]: memref<1x4xf32>, %{{.*}}: memref<2xi8>, %[[Y:.*]]: memref<1x4xf32>) -> i32
// CHECK: %[[T:.*]] = bufferization.to_tensor %[[X]] restrict
// CHECK: bufferization.materialize_in_destination %[[T]] in restrict writable %[[Y]]
// CHECK: return %{{.*}} : i32
func.func @main_graph(%x: tensor<1x4xf32> {tfc.name = "x"}, %n: tensor<2xi8> {tfc.name = "n", tfc.type = 2 : i32}) -> tensor<1x4xf32> {
  return %x : tensor<1x4xf32>
}
