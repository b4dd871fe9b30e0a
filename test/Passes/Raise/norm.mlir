// RUN: tfc-opt %s --raise --split-input-file | FileCheck %s

// The operator, with and without its bias; the axis counts from the end.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.norm layer axis 2 epsilon {{.*}} ins(%{{.*}} : tensor<?x8x16xf32>) scale(%{{.*}} : tensor<16xf32>) bias(
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<?x8x16xf32> {onnx.dims = ["n", "", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.initializer "s" = dense<2.0> : tensor<16xf32>
  %b = onnx.initializer "b" = dense<0.5> : tensor<16xf32>
  %y = onnx.node "LayerNormalization"(%x, %s, %b) opset 18 name "y" attributes {axis = -1 : i64, epsilon = 1.0e-5 : f32} outputs ["y"] : (tensor<?x8x16xf32>, tensor<16xf32>, tensor<16xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// The graph that exporters write below opset 17.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.norm layer axis 2 epsilon {{.*}} scale(%{{.*}}) bias(
// CHECK-NOT: linalg.generic
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main_graph(%x: tensor<?x8x16xf32> {onnx.dims = ["n", "", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %two = onnx.initializer "two" = dense<2.0> : tensor<f32>
  %e = onnx.initializer "e" = dense<1.0e-5> : tensor<f32>
  %s = onnx.initializer "s" = dense<2.0> : tensor<16xf32>
  %b = onnx.initializer "b" = dense<0.5> : tensor<16xf32>
  %mean = onnx.node "ReduceMean"(%x) opset 17 name "mean" attributes {axes = array<i64: -1>, keepdims = 1 : i64} outputs ["mean"] : (tensor<?x8x16xf32>) -> !onnx.value
  %d = onnx.node "Sub"(%x, %mean) opset 17 name "d" outputs ["d"] : (tensor<?x8x16xf32>, !onnx.value) -> !onnx.value
  %q = onnx.node "Pow"(%d, %two) opset 17 name "q" outputs ["q"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %var = onnx.node "ReduceMean"(%q) opset 17 name "var" attributes {axes = array<i64: -1>, keepdims = 1 : i64} outputs ["var"] : (!onnx.value) -> !onnx.value
  %ve = onnx.node "Add"(%var, %e) opset 17 name "ve" outputs ["ve"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %sd = onnx.node "Sqrt"(%ve) opset 17 name "sd" outputs ["sd"] : (!onnx.value) -> !onnx.value
  %n = onnx.node "Div"(%d, %sd) opset 17 name "n" outputs ["n"] : (!onnx.value, !onnx.value) -> !onnx.value
  %ns = onnx.node "Mul"(%n, %s) opset 17 name "ns" outputs ["ns"] : (!onnx.value, tensor<16xf32>) -> !onnx.value
  %y = onnx.node "Add"(%ns, %b) opset 17 name "y" outputs ["y"] : (!onnx.value, tensor<16xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A cube is no variance.
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.norm
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main_graph(%x: tensor<?x8x16xf32> {onnx.dims = ["n", "", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %two = onnx.initializer "two" = dense<3.0> : tensor<f32>
  %e = onnx.initializer "e" = dense<1.0e-5> : tensor<f32>
  %s = onnx.initializer "s" = dense<2.0> : tensor<16xf32>
  %b = onnx.initializer "b" = dense<0.5> : tensor<16xf32>
  %mean = onnx.node "ReduceMean"(%x) opset 17 name "mean" attributes {axes = array<i64: -1>, keepdims = 1 : i64} outputs ["mean"] : (tensor<?x8x16xf32>) -> !onnx.value
  %d = onnx.node "Sub"(%x, %mean) opset 17 name "d" outputs ["d"] : (tensor<?x8x16xf32>, !onnx.value) -> !onnx.value
  %q = onnx.node "Pow"(%d, %two) opset 17 name "q" outputs ["q"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %var = onnx.node "ReduceMean"(%q) opset 17 name "var" attributes {axes = array<i64: -1>, keepdims = 1 : i64} outputs ["var"] : (!onnx.value) -> !onnx.value
  %ve = onnx.node "Add"(%var, %e) opset 17 name "ve" outputs ["ve"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %sd = onnx.node "Sqrt"(%ve) opset 17 name "sd" outputs ["sd"] : (!onnx.value) -> !onnx.value
  %n = onnx.node "Div"(%d, %sd) opset 17 name "n" outputs ["n"] : (!onnx.value, !onnx.value) -> !onnx.value
  %ns = onnx.node "Mul"(%n, %s) opset 17 name "ns" outputs ["ns"] : (!onnx.value, tensor<16xf32>) -> !onnx.value
  %y = onnx.node "Add"(%ns, %b) opset 17 name "y" outputs ["y"] : (!onnx.value, tensor<16xf32>) -> !onnx.value
  return %y : !onnx.value
}
}
