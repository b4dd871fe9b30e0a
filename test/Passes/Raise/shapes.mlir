// RUN: tfc-opt %s --raise --split-input-file | FileCheck %s

// Sizes of one name are one value; what is computed from them folds.
// CHECK-LABEL: func.func @main_graph
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x8x16xf32>
// CHECK: %[[N:.*]] = tensor.dim %[[X]]
// CHECK-NOT: tensor.dim
// CHECK: tensor.expand_shape %{{.*}} output_shape [%[[N]], 8, 4, 4]
// CHECK-NOT: cf.assert
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<?x8x16xf32> {onnx.dims = ["n", "", ""], onnx.name = "x"}, %z: tensor<?x8x16xf32> {onnx.dims = ["n", "", ""], onnx.name = "z"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.node "Shape"(%z) opset 18 name "s" outputs ["s"] : (tensor<?x8x16xf32>) -> !onnx.value
  %i = onnx.initializer "i" = dense<0> : tensor<1xi64>
  %n = onnx.node "Gather"(%s, %i) opset 18 name "n" attributes {axis = 0 : i64} outputs ["n"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
  %r = onnx.initializer "r" = dense<[8, 4, 4]> : tensor<3xi64>
  %t = onnx.node "Concat"(%n, %r) opset 18 name "t" attributes {axis = 0 : i64} outputs ["t"] : (!onnx.value, tensor<3xi64>) -> !onnx.value
  %m = onnx.node "Add"(%x, %z) opset 18 name "m" outputs ["m"] : (tensor<?x8x16xf32>, tensor<?x8x16xf32>) -> !onnx.value
  %y = onnx.node "Reshape"(%m, %t) opset 18 name "y" outputs ["y"] : (!onnx.value, !onnx.value) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// 0 keeps a size, -1 is what remains.
// CHECK-LABEL: func.func @main_graph
// CHECK: tensor.collapse_shape {{.*}} {{\[\[0\], \[1, 2\]\]}} : tensor<?x8x16xf32> into tensor<?x128xf32>
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<?x8x16xf32> {onnx.dims = ["n", "", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.initializer "s" = dense<[0, -1]> : tensor<2xi64>
  %y = onnx.node "Reshape"(%x, %s) opset 18 name "y" outputs ["y"] : (tensor<?x8x16xf32>, tensor<2xi64>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A range of a size, from a constant.
// CHECK-LABEL: func.func @main_graph
// CHECK: tensor.dim
// CHECK: linalg.generic
// CHECK: return {{.*}} : tensor<?xi64>
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<?x8x16xf32> {onnx.dims = ["n", "", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.node "Shape"(%x) opset 18 name "s" outputs ["s"] : (tensor<?x8x16xf32>) -> !onnx.value
  %i = onnx.initializer "i" = dense<0> : tensor<i64>
  %n = onnx.node "Gather"(%s, %i) opset 18 name "n" attributes {axis = 0 : i64} outputs ["n"] : (!onnx.value, tensor<i64>) -> !onnx.value
  %one = onnx.initializer "one" = dense<1> : tensor<i64>
  %y = onnx.node "Range"(%i, %n, %one) opset 18 name "y" outputs ["y"] : (tensor<i64>, !onnx.value, tensor<i64>) -> !onnx.value
  return %y : !onnx.value
}
}
