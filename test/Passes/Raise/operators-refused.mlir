// Forms of operators that are refused, and why.
// RUN: tfc-opt %s --raise --split-input-file --verify-diagnostics

// An activation with parameters.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<5x2x3xf32> {onnx.dims = ["", "", ""], onnx.name = "x"}, %w: tensor<1x4x3xf32> {onnx.dims = ["", "", ""], onnx.name = "w"}, %r: tensor<1x4x4xf32> {onnx.dims = ["", "", ""], onnx.name = "r"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (RNN, opset 18): its activation 'Elu' is not supported}}
  %y = onnx.node "RNN"(%x, %w, %r) opset 18 name "y" attributes {activations = ["Elu"], hidden_size = 4 : i64} outputs ["y"] : (tensor<5x2x3xf32>, tensor<1x4x3xf32>, tensor<1x4x4xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Gates that are clipped.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<5x2x3xf32> {onnx.dims = ["", "", ""], onnx.name = "x"}, %w: tensor<1x16x3xf32> {onnx.dims = ["", "", ""], onnx.name = "w"}, %r: tensor<1x16x4xf32> {onnx.dims = ["", "", ""], onnx.name = "r"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (LSTM, opset 18): clipping, parameters of activations and coupled gates are not supported}}
  %y = onnx.node "LSTM"(%x, %w, %r) opset 18 name "y" attributes {clip = 1.0 : f32, hidden_size = 4 : i64} outputs ["y"] : (tensor<5x2x3xf32>, tensor<1x16x3xf32>, tensor<1x16x4xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A grid of coordinates of another number than the image has dimensions.
module attributes {onnx.opset = {ai.onnx = 20 : i64}} {
func.func @main_graph(%x: tensor<1x1x4x4xf32> {onnx.dims = ["", "", "", ""], onnx.name = "x"}, %g: tensor<1x2x2x3xf32> {onnx.dims = ["", "", "", ""], onnx.name = "g"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (GridSample, opset 20): its image must have one to three dimensions of space, and its grid as many coordinates}}
  %y = onnx.node "GridSample"(%x, %g) opset 20 name "y" outputs ["y"] : (tensor<1x1x4x4xf32>, tensor<1x2x2x3xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Between integers there is nothing to interpolate.
module attributes {onnx.opset = {ai.onnx = 20 : i64}} {
func.func @main_graph(%x: tensor<1x1x4x4xi64> {onnx.dims = ["", "", "", ""], onnx.name = "x"}, %g: tensor<1x2x2x2xf32> {onnx.dims = ["", "", "", ""], onnx.name = "g"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (GridSample, opset 20): it mixes numbers that are not real}}
  %y = onnx.node "GridSample"(%x, %g) opset 20 name "y" outputs ["y"] : (tensor<1x1x4x4xi64>, tensor<1x2x2x2xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Sequences of a Scan that differ in length.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x2xf32> {onnx.dims = ["", ""], onnx.name = "x"}, %z: tensor<2x3xf32> {onnx.dims = ["", ""], onnx.name = "z"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (Scan, opset 18): its sequences cannot be seen to have one length}}
  %y = onnx.node "Scan"(%x, %z) opset 18 name "y" attributes {num_scan_inputs = 2 : i64, scan_input_axes = array<i64: 0, 1>} outputs ["y"] subgraphs ["body"] : (tensor<4x2xf32>, tensor<2x3xf32>) -> !onnx.value {
  ^bb0(%a: !onnx.value, %b: !onnx.value):
    %s = onnx.node "Add"(%a, %b) opset 18 name "s" outputs ["s"] : (!onnx.value, !onnx.value) -> !onnx.value
    onnx.yield %s : !onnx.value
  }
  return %y : !onnx.value
}
}

// -----

// A diagonal of what is not square.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x3xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (Einsum, opset 18): sizes of one subscript differ: 4 and 3}}
  %y = onnx.node "Einsum"(%x) opset 18 name "y" attributes {equation = "ii->i"} outputs ["y"] : (tensor<4x3xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Bits that do not fit.
module attributes {onnx.opset = {ai.onnx = 26 : i64}} {
func.func @main_graph(%x: tensor<4xf32> {onnx.dims = [""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (BitCast, opset 26): its types differ in width}}
  %y = onnx.node "BitCast"(%x) opset 26 name "y" attributes {to = 7 : i64} outputs ["y"] : (tensor<4xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// More parts than elements make.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<5xf32> {onnx.dims = [""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 'y' (Split, opset 18): it has more outputs than parts of 2}}
  %y:4 = onnx.node "Split"(%x) opset 18 name "y" attributes {num_outputs = 4 : i64} outputs ["y", "a", "b", "c"] : (tensor<5xf32>) -> (!onnx.value, !onnx.value, !onnx.value, !onnx.value)
  return %y#0 : !onnx.value
}
}

// -----

// What has no body of integers needs constant scales.
module attributes {onnx.opset = {ai.onnx = 18 : i64, com.microsoft = 1 : i64}} {
func.func @main_graph(%x: tensor<3x4xui8> {onnx.dims = ["", ""], onnx.name = "x"}, %s: tensor<f32> {onnx.dims = [], onnx.name = "s"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %z = onnx.initializer "z" = dense<7> : tensor<ui8>
  // expected-error @+1 {{node 'y' (com.microsoft.QLinearAdd, opset 1): its scales and zero points are not constant}}
  %y = onnx.node "QLinearAdd"(%x, %s, %z, %x, %s, %z, %s, %z) domain "com.microsoft" opset 1 name "y" outputs ["y"] : (tensor<3x4xui8>, tensor<f32>, tensor<ui8>, tensor<3x4xui8>, tensor<f32>, tensor<ui8>, tensor<f32>, tensor<ui8>) -> !onnx.value
  return %y : !onnx.value
}
}
