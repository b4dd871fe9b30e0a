// Operators of integers whose scales are constant are those of f32 between roundings;
// what has other scales is computed as its function body says.
// RUN: tfc-opt %s --raise --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @main_graph
// CHECK-DAG: attn.dequantize ins(%arg0 : tensor<3x4xi8>) as !quant.uniform<u8:f32, 5.000000e-01:7>
// CHECK-DAG: attn.dequantize ins(%{{.*}} : tensor<4x2xi8>) as !quant.uniform<i8:f32:1, {2.500000e-01,1.250000e-01}>
// CHECK: linalg.matmul
// CHECK: attn.quantize ins(%{{.*}} : tensor<3x2xf32>) as !quant.uniform<u8:f32, 2.000000e+00:9>
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<3x4xui8> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %xs = onnx.initializer "xs" = dense<0.5> : tensor<f32>
  %xz = onnx.initializer "xz" = dense<7> : tensor<ui8>
  %w = onnx.initializer "w" = dense<3> : tensor<4x2xi8>
  %ws = onnx.initializer "ws" = dense<[0.25, 0.125]> : tensor<2xf32>
  %wz = onnx.initializer "wz" = dense<0> : tensor<2xi8>
  %ys = onnx.initializer "ys" = dense<2.0> : tensor<f32>
  %yz = onnx.initializer "yz" = dense<9> : tensor<ui8>
  %y = onnx.node "QLinearMatMul"(%x, %xs, %xz, %w, %ws, %wz, %ys, %yz) opset 18 name "y" outputs ["y"] : (tensor<3x4xui8>, tensor<f32>, tensor<ui8>, tensor<4x2xi8>, tensor<2xf32>, tensor<2xi8>, tensor<f32>, tensor<ui8>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.dequantize
// CHECK: linalg.matmul {{.*}} -> tensor<3x2xi32>
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<3x4xui8> {onnx.dims = ["", ""], onnx.name = "x"}, %xs: tensor<f32> {onnx.dims = [], onnx.name = "s"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %xz = onnx.initializer "xz" = dense<7> : tensor<ui8>
  %w = onnx.initializer "w" = dense<3> : tensor<4x2xi8>
  %ws = onnx.initializer "ws" = dense<0.25> : tensor<f32>
  %wz = onnx.initializer "wz" = dense<0> : tensor<i8>
  %ys = onnx.initializer "ys" = dense<2.0> : tensor<f32>
  %yz = onnx.initializer "yz" = dense<9> : tensor<ui8>
  %y = onnx.node "QLinearMatMul"(%x, %xs, %xz, %w, %ws, %wz, %ys, %yz) opset 18 name "y" outputs ["y"] : (tensor<3x4xui8>, tensor<f32>, tensor<ui8>, tensor<4x2xi8>, tensor<f32>, tensor<i8>, tensor<f32>, tensor<ui8>) -> !onnx.value
  return %y : !onnx.value
}
}
