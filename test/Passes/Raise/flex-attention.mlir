// RUN: tfc-opt %s --raise --split-input-file | FileCheck %s

// A cap in the subgraph is one of the operation.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.attention scale {{.*}} softcap 2.000000e+00
// CHECK-NEXT: return
module attributes {onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 24 : i64, ai.onnx.preview = 1 : i64, com.microsoft = 1 : i64}} {
  func.func @main_graph(%arg0: tensor<2x4x5x8xf32> {onnx.dims = ["", "", "", ""], onnx.name = "q"}, %arg1: tensor<2x4x7x8xf32> {onnx.dims = ["", "", "", ""], onnx.name = "k"}, %arg2: tensor<2x4x7x6xf32> {onnx.dims = ["", "", "", ""], onnx.name = "v"}) -> (tensor<2x4x5x6xf32> {onnx.dims = ["", "", "", ""], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.node "FlexAttention"(%arg0, %arg1, %arg2) domain "ai.onnx.preview" opset 1 outputs ["y"] subgraphs ["score_mod"] : (tensor<2x4x5x8xf32>, tensor<2x4x7x8xf32>, tensor<2x4x7x6xf32>) -> tensor<2x4x5x6xf32> {
    ^bb0(%arg3: tensor<2x4x5x7xf32>):
      %1 = onnx.node "Constant"() opset 24 attributes {value_float = 2.000000e+00 : f32} outputs ["c"] : () -> !onnx.value
      %2 = onnx.node "Div"(%arg3, %1) opset 24 outputs ["t"] : (tensor<2x4x5x7xf32>, !onnx.value) -> !onnx.value
      %3 = onnx.node "Tanh"(%2) opset 24 outputs ["u"] : (!onnx.value) -> !onnx.value
      %4 = onnx.node "Mul"(%3, %1) opset 24 outputs ["r"] : (!onnx.value, !onnx.value) -> tensor<2x4x5x7xf32>
      onnx.yield %4 : tensor<2x4x5x7xf32>
    }
    return %0 : tensor<2x4x5x6xf32>
  }
}

// -----

// A causal mask in the subgraph, positions from outside.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.attention scale {{.*}} causal
module attributes {onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 24 : i64, ai.onnx.preview = 1 : i64, com.microsoft = 1 : i64}} {
  func.func @main_graph(%arg0: tensor<?x4x?x8xf32> {onnx.dims = ["n", "", "s", ""], onnx.name = "q"}, %arg1: tensor<?x4x?x8xf32> {onnx.dims = ["n", "", "t", ""], onnx.name = "k"}, %arg2: tensor<?x4x?x8xf32> {onnx.dims = ["n", "", "t", ""], onnx.name = "v"}) -> (tensor<?x4x?x8xf32> {onnx.dims = ["n", "", "s", ""], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.node "Constant"() opset 24 attributes {value_int = 0 : i64} outputs ["zero"] : () -> !onnx.value
    %1 = onnx.node "Constant"() opset 24 attributes {value_int = 1 : i64} outputs ["one"] : () -> !onnx.value
    %2 = onnx.node "Constant"() opset 24 attributes {value_ints = array<i64: 1>} outputs ["axis"] : () -> !onnx.value
    %3 = onnx.node "Shape"(%arg0) opset 24 attributes {end = 3 : i64, start = 2 : i64} outputs ["ss"] : (tensor<?x4x?x8xf32>) -> !onnx.value
    %4 = onnx.node "Squeeze"(%3) opset 24 outputs ["queries"] : (!onnx.value) -> !onnx.value
    %5 = onnx.node "Shape"(%arg1) opset 24 attributes {end = 3 : i64, start = 2 : i64} outputs ["ts"] : (tensor<?x4x?x8xf32>) -> !onnx.value
    %6 = onnx.node "Squeeze"(%5) opset 24 outputs ["keys"] : (!onnx.value) -> !onnx.value
    %7 = onnx.node "Range"(%0, %4, %1) opset 24 outputs ["i"] : (!onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %8 = onnx.node "Range"(%0, %6, %1) opset 24 outputs ["j"] : (!onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %9 = onnx.node "Unsqueeze"(%7, %2) opset 24 outputs ["rows"] : (!onnx.value, !onnx.value) -> !onnx.value
    %10 = onnx.node "FlexAttention"(%arg0, %arg1, %arg2) domain "ai.onnx.preview" opset 1 outputs ["y"] subgraphs ["score_mod"] : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32> {
    ^bb0(%arg3: tensor<?x4x?x?xf32>):
      %11 = onnx.node "LessOrEqual"(%8, %9) opset 24 outputs ["seen"] : (!onnx.value, !onnx.value) -> !onnx.value
      %12 = onnx.node "Constant"() opset 24 attributes {value_float = -9.99999968E+37 : f32} outputs ["hidden"] : () -> !onnx.value
      %13 = onnx.node "Where"(%11, %arg3, %12) opset 24 outputs ["r"] : (!onnx.value, tensor<?x4x?x?xf32>, !onnx.value) -> tensor<?x4x?x?xf32>
      onnx.yield %13 : tensor<?x4x?x?xf32>
    }
    return %10 : tensor<?x4x?x8xf32>
  }
}

// -----

// What is no structure of attention stays a graph.
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.attention
// CHECK: math.absf
module attributes {onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 24 : i64, ai.onnx.preview = 1 : i64, com.microsoft = 1 : i64}} {
  func.func @main_graph(%arg0: tensor<?x4x?x8xf32> {onnx.dims = ["n", "", "s", ""], onnx.name = "q"}, %arg1: tensor<?x4x?x8xf32> {onnx.dims = ["n", "", "t", ""], onnx.name = "k"}, %arg2: tensor<?x4x?x8xf32> {onnx.dims = ["n", "", "t", ""], onnx.name = "v"}) -> (tensor<?x4x?x8xf32> {onnx.dims = ["n", "", "s", ""], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.node "Constant"() opset 24 attributes {value_int = 0 : i64} outputs ["zero"] : () -> !onnx.value
    %1 = onnx.node "Constant"() opset 24 attributes {value_int = 1 : i64} outputs ["one"] : () -> !onnx.value
    %2 = onnx.node "Constant"() opset 24 attributes {value_ints = array<i64: 1>} outputs ["axis"] : () -> !onnx.value
    %3 = onnx.node "Shape"(%arg0) opset 24 attributes {end = 3 : i64, start = 2 : i64} outputs ["ss"] : (tensor<?x4x?x8xf32>) -> !onnx.value
    %4 = onnx.node "Squeeze"(%3) opset 24 outputs ["queries"] : (!onnx.value) -> !onnx.value
    %5 = onnx.node "Shape"(%arg1) opset 24 attributes {end = 3 : i64, start = 2 : i64} outputs ["ts"] : (tensor<?x4x?x8xf32>) -> !onnx.value
    %6 = onnx.node "Squeeze"(%5) opset 24 outputs ["keys"] : (!onnx.value) -> !onnx.value
    %7 = onnx.node "Range"(%0, %4, %1) opset 24 outputs ["i"] : (!onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %8 = onnx.node "Range"(%0, %6, %1) opset 24 outputs ["j"] : (!onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %9 = onnx.node "Unsqueeze"(%7, %2) opset 24 outputs ["rows"] : (!onnx.value, !onnx.value) -> !onnx.value
    %10 = onnx.node "FlexAttention"(%arg0, %arg1, %arg2) domain "ai.onnx.preview" opset 1 outputs ["y"] subgraphs ["score_mod"] : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32> {
    ^bb0(%arg3: tensor<?x4x?x?xf32>):
      %11 = onnx.node "Abs"(%arg3) opset 24 outputs ["r"] : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
      onnx.yield %11 : tensor<?x4x?x?xf32>
    }
    return %10 : tensor<?x4x?x8xf32>
  }
}
