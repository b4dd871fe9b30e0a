// RUN: tfc-opt %s --raise --split-input-file --verify-diagnostics | FileCheck %s

// How many there are is counted when the call runs, and bounded by how many
// there can be.
// CHECK-LABEL: func.func @main_graph
// CHECK-SAME: %[[X:.*]]: tensor<3x4xf32>
// CHECK: %[[MOST:.*]] = arith.constant 12 : index
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "reduction"]
// CHECK: %[[FOUND:.*]] = arith.minui %{{.*}}, %[[MOST]]
// CHECK: tensor.empty(%[[FOUND]]) : tensor<2x?xi64>
// CHECK: scf.for
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<3x4xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %y = onnx.node "NonZero"(%x) opset 18 name "y" outputs ["y"] : (tensor<3x4xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Of a constant it is known when compiling.
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: scf.for
// CHECK: arith.constant dense<{{\[\[}}0, 1], [1, 0]]> : tensor<2x2xi64>
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph() -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %x = onnx.initializer "x" = dense<[[0, 5], [7, 0]]> : tensor<2x2xi64>
  %y = onnx.node "NonZero"(%x) opset 18 name "y" outputs ["y"] : (tensor<2x2xi64>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A shape that is an input: the sizes that the model states, compared with it.
// CHECK-LABEL: func.func @main_graph
// CHECK: cf.assert {{.*}}its shape is not the one that the model states
// CHECK: cf.assert {{.*}}its shape is not the one that the model states
// CHECK: tensor<3x4xf32>
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<2x6xf32> {onnx.dims = ["", ""], onnx.name = "x"}, %s: tensor<2xi64> {onnx.dims = [""], onnx.name = "s"}) -> (tensor<3x4xf32> {onnx.dims = ["", ""], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %y = onnx.node "Reshape"(%x, %s) opset 18 name "y" outputs ["y"] : (tensor<2x6xf32>, tensor<2xi64>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
}

// -----

// Without them there is no bound.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<2x6xf32> {onnx.dims = ["", ""], onnx.name = "x"}, %s: tensor<2xi64> {onnx.dims = [""], onnx.name = "s"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (Reshape, opset 18): its shape depends on data, and the model states no sizes for its output}}
  %y = onnx.node "Reshape"(%x, %s) opset 18 name "y" outputs ["y"] : (tensor<2x6xf32>, tensor<2xi64>) -> !onnx.value
  return %y : !onnx.value
}
}
