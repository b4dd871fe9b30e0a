// RUN: tfc-opt %s --raise --split-input-file | FileCheck %s

// Pairs in even and odd places, turned and stacked; rows before heads.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.rope interleaved ins(%arg0, %arg1, %arg2 : tensor<?x?x3x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>)
// CHECK-NEXT: return
module attributes {onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 23 : i64, ai.onnx.preview = 1 : i64, com.microsoft = 1 : i64}} {
  func.func @main_graph(%arg0: tensor<?x?x3x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "x"}, %arg1: tensor<?x?x1x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "c"}, %arg2: tensor<?x?x1x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "d"}) -> (tensor<?x?x3x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: -1>} outputs ["last"] : () -> !onnx.value
    %2 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 0>} outputs ["n0"] : () -> !onnx.value
    %3 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 1>} outputs ["n1"] : () -> !onnx.value
    %4 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 2>} outputs ["n2"] : () -> !onnx.value
    %9 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 9223372036854775807>} outputs ["end"] : () -> !onnx.value
    %10 = onnx.node "Slice"(%arg0, %2, %9, %0, %4) opset 23 outputs ["a"] : (tensor<?x?x3x8xf32>, !onnx.value, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %11 = onnx.node "Slice"(%arg0, %3, %9, %0, %4) opset 23 outputs ["b"] : (tensor<?x?x3x8xf32>, !onnx.value, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %12 = onnx.node "Neg"(%11) opset 23 outputs ["m"] : (!onnx.value) -> !onnx.value
    %13 = onnx.node "Unsqueeze"(%12, %0) opset 23 outputs ["u"] : (!onnx.value, !onnx.value) -> !onnx.value
    %14 = onnx.node "Unsqueeze"(%10, %0) opset 23 outputs ["v"] : (!onnx.value, !onnx.value) -> !onnx.value
    %15 = onnx.node "Concat"(%13, %14) opset 23 attributes {axis = -1 : i64} outputs ["st"] : (!onnx.value, !onnx.value) -> !onnx.value
    %16 = onnx.node "Shape"(%arg0) opset 23 outputs ["sh"] : (tensor<?x?x3x8xf32>) -> !onnx.value
    %17 = onnx.node "Reshape"(%15, %16) opset 23 outputs ["t"] : (!onnx.value, !onnx.value) -> !onnx.value
    %18 = onnx.node "Mul"(%arg0, %arg1) opset 23 outputs ["xc"] : (tensor<?x?x3x8xf32>, tensor<?x?x1x8xf32>) -> !onnx.value
    %19 = onnx.node "Mul"(%17, %arg2) opset 23 outputs ["td"] : (!onnx.value, tensor<?x?x1x8xf32>) -> !onnx.value
    %20 = onnx.node "Add"(%18, %19) opset 23 outputs ["y"] : (!onnx.value, !onnx.value) -> tensor<?x?x3x8xf32>
    return %20 : tensor<?x?x3x8xf32>
  }
}

// -----

// Products of halves, angles given once for both.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.rope ins(%arg0, %arg1, %arg2 : tensor<?x?x3x8xf32>, tensor<1x?x1x4xf32>, tensor<1x?x1x4xf32>)
module attributes {onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 23 : i64, ai.onnx.preview = 1 : i64, com.microsoft = 1 : i64}} {
  func.func @main_graph(%arg0: tensor<?x?x3x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "x"}, %arg1: tensor<1x?x1x4xf32> {onnx.dims = ["", "s", "", ""], onnx.name = "c"}, %arg2: tensor<1x?x1x4xf32> {onnx.dims = ["", "s", "", ""], onnx.name = "d"}) -> (tensor<?x?x3x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: -1>} outputs ["last"] : () -> !onnx.value
    %2 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 0>} outputs ["n0"] : () -> !onnx.value
    %6 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 4>} outputs ["n4"] : () -> !onnx.value
    %9 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 9223372036854775807>} outputs ["end"] : () -> !onnx.value
    %10 = onnx.node "Slice"(%arg0, %2, %6, %0) opset 23 outputs ["a"] : (tensor<?x?x3x8xf32>, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %11 = onnx.node "Slice"(%arg0, %6, %9, %0) opset 23 outputs ["b"] : (tensor<?x?x3x8xf32>, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %12 = onnx.node "Mul"(%10, %arg1) opset 23 outputs ["ac"] : (!onnx.value, tensor<1x?x1x4xf32>) -> !onnx.value
    %13 = onnx.node "Mul"(%11, %arg2) opset 23 outputs ["bd"] : (!onnx.value, tensor<1x?x1x4xf32>) -> !onnx.value
    %14 = onnx.node "Sub"(%12, %13) opset 23 outputs ["f"] : (!onnx.value, !onnx.value) -> !onnx.value
    %15 = onnx.node "Mul"(%11, %arg1) opset 23 outputs ["bc"] : (!onnx.value, tensor<1x?x1x4xf32>) -> !onnx.value
    %16 = onnx.node "Mul"(%10, %arg2) opset 23 outputs ["ad"] : (!onnx.value, tensor<1x?x1x4xf32>) -> !onnx.value
    %17 = onnx.node "Add"(%16, %15) opset 23 outputs ["g"] : (!onnx.value, !onnx.value) -> !onnx.value
    %18 = onnx.node "Concat"(%14, %17) opset 23 attributes {axis = -1 : i64} outputs ["y"] : (!onnx.value, !onnx.value) -> tensor<?x?x3x8xf32>
    return %18 : tensor<?x?x3x8xf32>
  }
}

// -----

// The first six features turn, the others stay.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.rope rotary_size 6 ins(%arg0, %arg1, %arg2 : tensor<?x3x?x8xf32>, tensor<1x1x?x6xf32>, tensor<1x1x?x6xf32>)
// CHECK-NEXT: return
module attributes {onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 23 : i64, ai.onnx.preview = 1 : i64, com.microsoft = 1 : i64}} {
  func.func @main_graph(%arg0: tensor<?x3x?x8xf32> {onnx.dims = ["n", "", "s", ""], onnx.name = "z"}, %arg1: tensor<1x1x?x6xf32> {onnx.dims = ["", "", "s", ""], onnx.name = "c"}, %arg2: tensor<1x1x?x6xf32> {onnx.dims = ["", "", "s", ""], onnx.name = "d"}) -> (tensor<?x3x?x8xf32> {onnx.dims = ["n", "", "s", ""], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: -1>} outputs ["last"] : () -> !onnx.value
    %2 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 0>} outputs ["n0"] : () -> !onnx.value
    %5 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 3>} outputs ["n3"] : () -> !onnx.value
    %7 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 6>} outputs ["n6"] : () -> !onnx.value
    %9 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 9223372036854775807>} outputs ["end"] : () -> !onnx.value
    %10 = onnx.node "Slice"(%arg0, %2, %7, %0) opset 23 outputs ["x"] : (tensor<?x3x?x8xf32>, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %11 = onnx.node "Slice"(%arg0, %7, %9, %0) opset 23 outputs ["rest"] : (tensor<?x3x?x8xf32>, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %12 = onnx.node "Slice"(%10, %2, %5, %0) opset 23 outputs ["a"] : (!onnx.value, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %13 = onnx.node "Slice"(%10, %5, %9, %0) opset 23 outputs ["b"] : (!onnx.value, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %14 = onnx.node "Neg"(%13) opset 23 outputs ["m"] : (!onnx.value) -> !onnx.value
    %15 = onnx.node "Concat"(%14, %12) opset 23 attributes {axis = -1 : i64} outputs ["t"] : (!onnx.value, !onnx.value) -> !onnx.value
    %16 = onnx.node "Mul"(%10, %arg1) opset 23 outputs ["xc"] : (!onnx.value, tensor<1x1x?x6xf32>) -> !onnx.value
    %17 = onnx.node "Mul"(%15, %arg2) opset 23 outputs ["td"] : (!onnx.value, tensor<1x1x?x6xf32>) -> !onnx.value
    %18 = onnx.node "Add"(%16, %17) opset 23 outputs ["h"] : (!onnx.value, !onnx.value) -> !onnx.value
    %19 = onnx.node "Concat"(%18, %11) opset 23 attributes {axis = -1 : i64} outputs ["y"] : (!onnx.value, !onnx.value) -> tensor<?x3x?x8xf32>
    return %19 : tensor<?x3x?x8xf32>
  }
}

// -----

// No rotation: even and odd places come back as halves.
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.rope
module attributes {onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 23 : i64, ai.onnx.preview = 1 : i64, com.microsoft = 1 : i64}} {
  func.func @main_graph(%arg0: tensor<?x?x3x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "x"}, %arg1: tensor<?x?x1x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "c"}, %arg2: tensor<?x?x1x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "d"}) -> (tensor<?x?x3x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: -1>} outputs ["last"] : () -> !onnx.value
    %2 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 0>} outputs ["n0"] : () -> !onnx.value
    %3 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 1>} outputs ["n1"] : () -> !onnx.value
    %4 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 2>} outputs ["n2"] : () -> !onnx.value
    %9 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 9223372036854775807>} outputs ["end"] : () -> !onnx.value
    %10 = onnx.node "Slice"(%arg0, %2, %9, %0, %4) opset 23 outputs ["a"] : (tensor<?x?x3x8xf32>, !onnx.value, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %11 = onnx.node "Slice"(%arg0, %3, %9, %0, %4) opset 23 outputs ["b"] : (tensor<?x?x3x8xf32>, !onnx.value, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %12 = onnx.node "Neg"(%11) opset 23 outputs ["m"] : (!onnx.value) -> !onnx.value
    %13 = onnx.node "Concat"(%12, %10) opset 23 attributes {axis = -1 : i64} outputs ["t"] : (!onnx.value, !onnx.value) -> !onnx.value
    %14 = onnx.node "Mul"(%arg0, %arg1) opset 23 outputs ["xc"] : (tensor<?x?x3x8xf32>, tensor<?x?x1x8xf32>) -> !onnx.value
    %15 = onnx.node "Mul"(%13, %arg2) opset 23 outputs ["td"] : (!onnx.value, tensor<?x?x1x8xf32>) -> !onnx.value
    %16 = onnx.node "Add"(%14, %15) opset 23 outputs ["y"] : (!onnx.value, !onnx.value) -> tensor<?x?x3x8xf32>
    return %16 : tensor<?x?x3x8xf32>
  }
}

// -----

// No rotation: cosine and sine trade places in the second half.
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.rope
module attributes {onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 23 : i64, ai.onnx.preview = 1 : i64, com.microsoft = 1 : i64}} {
  func.func @main_graph(%arg0: tensor<?x?x3x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "x"}, %arg1: tensor<1x?x1x4xf32> {onnx.dims = ["", "s", "", ""], onnx.name = "c"}, %arg2: tensor<1x?x1x4xf32> {onnx.dims = ["", "s", "", ""], onnx.name = "d"}) -> (tensor<?x?x3x8xf32> {onnx.dims = ["n", "s", "", ""], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: -1>} outputs ["last"] : () -> !onnx.value
    %2 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 0>} outputs ["n0"] : () -> !onnx.value
    %6 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 4>} outputs ["n4"] : () -> !onnx.value
    %9 = onnx.node "Constant"() opset 23 attributes {value_ints = array<i64: 9223372036854775807>} outputs ["end"] : () -> !onnx.value
    %10 = onnx.node "Slice"(%arg0, %2, %6, %0) opset 23 outputs ["a"] : (tensor<?x?x3x8xf32>, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %11 = onnx.node "Slice"(%arg0, %6, %9, %0) opset 23 outputs ["b"] : (tensor<?x?x3x8xf32>, !onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %12 = onnx.node "Mul"(%10, %arg1) opset 23 outputs ["ac"] : (!onnx.value, tensor<1x?x1x4xf32>) -> !onnx.value
    %13 = onnx.node "Mul"(%11, %arg2) opset 23 outputs ["bd"] : (!onnx.value, tensor<1x?x1x4xf32>) -> !onnx.value
    %14 = onnx.node "Sub"(%12, %13) opset 23 outputs ["f"] : (!onnx.value, !onnx.value) -> !onnx.value
    %15 = onnx.node "Mul"(%11, %arg2) opset 23 outputs ["bc"] : (!onnx.value, tensor<1x?x1x4xf32>) -> !onnx.value
    %16 = onnx.node "Mul"(%10, %arg1) opset 23 outputs ["ad"] : (!onnx.value, tensor<1x?x1x4xf32>) -> !onnx.value
    %17 = onnx.node "Add"(%16, %15) opset 23 outputs ["g"] : (!onnx.value, !onnx.value) -> !onnx.value
    %18 = onnx.node "Concat"(%14, %17) opset 23 attributes {axis = -1 : i64} outputs ["y"] : (!onnx.value, !onnx.value) -> tensor<?x?x3x8xf32>
    return %18 : tensor<?x?x3x8xf32>
  }
}
