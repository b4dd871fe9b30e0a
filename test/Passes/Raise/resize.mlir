// Positions and weights of known sizes and scales are constants; others are loops.
// RUN: tfc-opt %s --raise --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @main_graph
// CHECK-DAG: arith.constant dense<{{\[}}[0], [0], [1], [2], [2], [3]]> : tensor<6x1xi64>
// CHECK-NOT: f64
// CHECK: tensor.extract %arg0
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4xf32> {onnx.dims = [""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.initializer "s" = dense<6> : tensor<1xi64>
  %a = onnx.absent
  %y = onnx.node "Resize"(%x, %a, %a, %s) opset 18 name "y" attributes {coordinate_transformation_mode = "asymmetric", mode = "nearest", nearest_mode = "floor"} outputs ["y"] : (tensor<4xf32>, none, none, tensor<1xi64>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// CHECK-LABEL: func.func @main_graph
// CHECK-DAG: arith.constant dense<{{\[}}[0, 0], [0, 1], [0, 1], [1, 1]]> : tensor<4x2xi64>
// CHECK-DAG: arith.constant dense<{{\[}}[2.500000e-01, 7.500000e-01], [7.500000e-01, 2.500000e-01], [2.500000e-01, 7.500000e-01], [7.500000e-01, 2.500000e-01]]> : tensor<4x2xf32>
// CHECK-NOT: f64
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<2xf32> {onnx.dims = [""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.initializer "s" = dense<2.0> : tensor<1xf32>
  %a = onnx.absent
  %y = onnx.node "Resize"(%x, %a, %s) opset 18 name "y" attributes {mode = "linear"} outputs ["y"] : (tensor<2xf32>, none, tensor<1xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// CHECK-LABEL: func.func @main_graph
// CHECK: arith.divf {{.*}} : f64
// CHECK: tensor.extract %arg0
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<?xf32> {onnx.dims = ["n"], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.initializer "s" = dense<6> : tensor<1xi64>
  %a = onnx.absent
  %y = onnx.node "Resize"(%x, %a, %a, %s) opset 18 name "y" attributes {mode = "linear"} outputs ["y"] : (tensor<?xf32>, none, none, tensor<1xi64>) -> !onnx.value
  return %y : !onnx.value
}
}
