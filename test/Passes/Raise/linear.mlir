// RUN: tfc-opt %s --raise --split-input-file | FileCheck %s

// A product with a constant matrix and the sum after it, either way round.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.linear ins(%{{.*}}, %{{.*}} : tensor<?x8x16xf32>, tensor<16x32xf32>) bias(%{{.*}} : tensor<32xf32>)
// CHECK-NOT: linalg.generic
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<?x8x16xf32> {onnx.dims = ["n", "", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %w = onnx.initializer "w" = dense<0.5> : tensor<16x32xf32>
  %b = onnx.initializer "b" = dense<0.25> : tensor<32xf32>
  %m = onnx.node "MatMul"(%x, %w) opset 18 name "m" outputs ["m"] : (tensor<?x8x16xf32>, tensor<16x32xf32>) -> !onnx.value
  %y = onnx.node "Add"(%b, %m) opset 18 name "y" outputs ["y"] : (tensor<32xf32>, !onnx.value) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A product that is used twice keeps its value; the sum is not part of it.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.linear ins(%{{.*}}) outs
// CHECK: linalg.generic
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<?x8x16xf32> {onnx.dims = ["n", "", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}, !onnx.value {onnx.dims = [], onnx.name = "m"}) attributes {onnx.graph_name = "g"} {
  %w = onnx.initializer "w" = dense<0.5> : tensor<16x32xf32>
  %b = onnx.initializer "b" = dense<0.25> : tensor<32xf32>
  %m = onnx.node "MatMul"(%x, %w) opset 18 name "m" outputs ["m"] : (tensor<?x8x16xf32>, tensor<16x32xf32>) -> !onnx.value
  %y = onnx.node "Add"(%m, %b) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<32xf32>) -> !onnx.value
  return %y, %m : !onnx.value, !onnx.value
}
}

// -----

// Gemm transposes, scales and adds.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.linear ins(%{{.*}} : tensor<?x16xf32>, tensor<32x16xf32>) bias(%{{.*}}) outs(%{{.*}}) transpose_weight
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<?x16xf32> {onnx.dims = ["n", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %w = onnx.initializer "w" = dense<0.5> : tensor<32x16xf32>
  %b = onnx.initializer "b" = dense<0.25> : tensor<32xf32>
  %y = onnx.node "Gemm"(%x, %w, %b) opset 18 name "y" attributes {transB = 1 : i64} outputs ["y"] : (tensor<?x16xf32>, tensor<32x16xf32>, tensor<32xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Two matrices that are computed are no linear layer.
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.linear
// CHECK: linalg.matmul
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x8xf32> {onnx.dims = ["", ""], onnx.name = "x"}, %z: tensor<8x5xf32> {onnx.dims = ["", ""], onnx.name = "z"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %y = onnx.node "MatMul"(%x, %z) opset 18 name "y" outputs ["y"] : (tensor<4x8xf32>, tensor<8x5xf32>) -> !onnx.value
  return %y : !onnx.value
}
}
