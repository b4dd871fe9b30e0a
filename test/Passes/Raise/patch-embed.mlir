// RUN: tfc-opt %s --raise --split-input-file | FileCheck %s

// A convolution that steps by its own size, flattened and turned to tokens.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.patch_embed ins(%{{.*}}, %{{.*}} : tensor<?x3x16x16xf32>, tensor<32x3x4x4xf32>) bias(
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%i: tensor<?x3x16x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "i"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %w = onnx.initializer "w" = dense<0.5> : tensor<32x3x4x4xf32>
  %b = onnx.initializer "b" = dense<0.5> : tensor<32xf32>
  %c = onnx.node "Conv"(%i, %w, %b) opset 18 name "c" attributes {kernel_shape = array<i64: 4, 4>, strides = array<i64: 4, 4>} outputs ["c"] : (tensor<?x3x16x16xf32>, tensor<32x3x4x4xf32>, tensor<32xf32>) -> !onnx.value
  %sh = onnx.initializer "sh" = dense<[0, 32, -1]> : tensor<3xi64>
  %f = onnx.node "Reshape"(%c, %sh) opset 18 name "f" outputs ["f"] : (!onnx.value, tensor<3xi64>) -> !onnx.value
  %y = onnx.node "Transpose"(%f) opset 18 name "y" attributes {perm = array<i64: 0, 2, 1>} outputs ["y"] : (!onnx.value) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Patches that overlap are a convolution.
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.patch_embed
// CHECK: linalg.generic
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%i: tensor<?x3x16x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "i"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %w = onnx.initializer "w" = dense<0.5> : tensor<32x3x4x4xf32>
  %b = onnx.initializer "b" = dense<0.5> : tensor<32xf32>
  %c = onnx.node "Conv"(%i, %w, %b) opset 18 name "c" attributes {kernel_shape = array<i64: 4, 4>, strides = array<i64: 2, 2>} outputs ["c"] : (tensor<?x3x16x16xf32>, tensor<32x3x4x4xf32>, tensor<32xf32>) -> !onnx.value
  %sh = onnx.initializer "sh" = dense<[0, 32, -1]> : tensor<3xi64>
  %f = onnx.node "Reshape"(%c, %sh) opset 18 name "f" outputs ["f"] : (!onnx.value, tensor<3xi64>) -> !onnx.value
  %y = onnx.node "Transpose"(%f) opset 18 name "y" attributes {perm = array<i64: 0, 2, 1>} outputs ["y"] : (!onnx.value) -> !onnx.value
  return %y : !onnx.value
}
}
