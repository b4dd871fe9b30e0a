// What cannot be right is said of the node; no module comes out.
// RUN: tfc-opt %s --raise --split-input-file --verify-diagnostics

// Reshape that does not fit.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x8xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.initializer "s" = dense<[5, 8]> : tensor<2xi64>
  // expected-error @+1 {{node 'y' (Reshape, opset 18)}}
  %y = onnx.node "Reshape"(%x, %s) opset 18 name "y" outputs ["y"] : (tensor<4x8xf32>, tensor<2xi64>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Shapes that cannot broadcast.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x8xf32> {onnx.dims = ["", ""], onnx.name = "x"}, %z: tensor<3x8xf32> {onnx.dims = ["", ""], onnx.name = "z"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (Add, opset 18)}}
  %y = onnx.node "Add"(%x, %z) opset 18 name "y" outputs ["y"] : (tensor<4x8xf32>, tensor<3x8xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// An axis outside the rank.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x8xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (Softmax, opset 18)}}
  %y = onnx.node "Softmax"(%x) opset 18 name "y" attributes {axis = 2 : i64} outputs ["y"] : (tensor<4x8xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A permutation that is none.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x8xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (Transpose, opset 18)}}
  %y = onnx.node "Transpose"(%x) opset 18 name "y" attributes {perm = array<i64: 0, 0>} outputs ["y"] : (tensor<4x8xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Types that differ.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x8xf32> {onnx.dims = ["", ""], onnx.name = "x"}, %z: tensor<4x8xi64> {onnx.dims = ["", ""], onnx.name = "z"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (Add, opset 18): its inputs 1 and 2 must have one type, and are tensor(float) and tensor(int64)}}
  %y = onnx.node "Add"(%x, %z) opset 18 name "y" outputs ["y"] : (tensor<4x8xf32>, tensor<4x8xi64>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// An operator without a rule or a body.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x4xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (Det, opset 18): tfc has no rule for it, and ONNX no function body}}
  %y = onnx.node "Det"(%x) opset 18 name "y" outputs ["y"] : (tensor<4x4xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Parts that do not add up.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x8xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.initializer "s" = dense<[3, 3]> : tensor<2xi64>
  // expected-error @+1 {{node 'y' (Split, opset 18)}}
  %y = onnx.node "Split"(%x, %s) opset 18 name "y" attributes {axis = 0 : i64} outputs ["y"] : (tensor<4x8xf32>, tensor<2xi64>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// An index outside.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x8xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %i = onnx.initializer "i" = dense<9> : tensor<i64>
  // expected-error @+1 {{node 'y' (Gather, opset 18)}}
  %y = onnx.node "Gather"(%x, %i) opset 18 name "y" attributes {axis = 0 : i64} outputs ["y"] : (tensor<4x8xf32>, tensor<i64>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A kernel larger than the image.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<1x3x4x4xf32> {onnx.dims = ["", "", "", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %w = onnx.initializer "w" = dense<1.0> : tensor<2x3x5x5xf32>
  // expected-error @+1 {{node 'y' (Conv, opset 18)}}
  %y = onnx.node "Conv"(%x, %w) opset 18 name "y" outputs ["y"] : (tensor<1x3x4x4xf32>, tensor<2x3x5x5xf32>) -> !onnx.value
  return %y : !onnx.value
}
}
