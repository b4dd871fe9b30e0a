// RUN: tfc-opt %s --raise --split-input-file --verify-diagnostics | FileCheck %s

// Nothing is left of a list.
// CHECK-LABEL: func.func @main_graph
// CHECK: tensor.extract_slice %{{.*}}[2, 0] [1, 3] [1, 1] : tensor<4x3xf32> to tensor<1x3xf32>
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x3xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %p = onnx.initializer "p" = dense<-2> : tensor<i64>
  %s = onnx.node "SplitToSequence"(%x) opset 18 name "s" outputs ["s"] : (tensor<4x3xf32>) -> !onnx.value
  %y = onnx.node "SequenceAt"(%s, %p) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<i64>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A position that data decides.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x3xf32> {onnx.dims = ["", ""], onnx.name = "x"}, %p: tensor<i64> {onnx.dims = [], onnx.name = "p"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.node "SplitToSequence"(%x) opset 18 name "s" outputs ["s"] : (tensor<4x3xf32>) -> !onnx.value
  // expected-error @+1 {{node 'y' (SequenceAt, opset 18): its position depends on data}}
  %y = onnx.node "SequenceAt"(%s, %p) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<i64>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// One beyond the end.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x3xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %p = onnx.initializer "p" = dense<4> : tensor<i64>
  %s = onnx.node "SplitToSequence"(%x) opset 18 name "s" outputs ["s"] : (tensor<4x3xf32>) -> !onnx.value
  // expected-error @+1 {{node 'y' (SequenceAt, opset 18): its position 4 lies outside a sequence of 4}}
  %y = onnx.node "SequenceAt"(%s, %p) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<i64>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A length that the call decides.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<?x3xf32> {onnx.dims = ["n", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 's' (SplitToSequence, opset 18): the size of the axis that it splits is not known}}
  %s = onnx.node "SplitToSequence"(%x) opset 18 name "s" outputs ["s"] : (tensor<?x3xf32>) -> !onnx.value
  %y = onnx.node "ConcatFromSequence"(%s) opset 18 name "y" attributes {axis = 0 : i64} outputs ["y"] : (!onnx.value) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A list where a tensor is expected.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x3xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %s = onnx.node "SplitToSequence"(%x) opset 18 name "s" outputs ["s"] : (tensor<4x3xf32>) -> !onnx.value
  // expected-error @+1 {{node 'y' (Add, opset 18): its input is a sequence}}
  %y = onnx.node "Add"(%s, %s) opset 18 name "y" outputs ["y"] : (!onnx.value, !onnx.value) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Only tensors leave the model.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
// expected-error @+1 {{output 0: only tensors can be an output}}
func.func @main_graph(%x: tensor<4x3xf32> {onnx.dims = ["", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %y = onnx.node "SplitToSequence"(%x) opset 18 name "y" outputs ["y"] : (tensor<4x3xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Which list it is depends on data.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x3xf32> {onnx.dims = ["", ""], onnx.name = "x"}, %c: tensor<i1> {onnx.dims = [], onnx.name = "c"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  // expected-error @+1 {{node 's' (If, opset 18): its branches give a sequence, and which one is taken depends on data}}
  %s = onnx.node "If"(%c) opset 18 name "s" outputs ["s"] subgraphs ["then_branch", "else_branch"] : (tensor<i1>) -> !onnx.value {
    %a = onnx.node "SequenceConstruct"(%x) opset 18 name "a" outputs ["a"] : (tensor<4x3xf32>) -> !onnx.value
    onnx.yield %a : !onnx.value
  }, {
    %b = onnx.node "SequenceConstruct"(%x, %x) opset 18 name "b" outputs ["b"] : (tensor<4x3xf32>, tensor<4x3xf32>) -> !onnx.value
    onnx.yield %b : !onnx.value
  }
  %y = onnx.node "ConcatFromSequence"(%s) opset 18 name "y" attributes {axis = 0 : i64} outputs ["y"] : (!onnx.value) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// How often it inserts depends on data.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4x3xf32> {onnx.dims = ["", ""], onnx.name = "x"}, %n: tensor<i64> {onnx.dims = [], onnx.name = "n"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %c = onnx.initializer "c" = dense<true> : tensor<i1>
  %e = onnx.node "SequenceEmpty"() opset 18 name "e" outputs ["e"] : () -> !onnx.value
  // expected-error @+1 {{node 's' (Loop, opset 18): it carries a sequence, and how often it runs is not known}}
  %s = onnx.node "Loop"(%n, %c, %e) opset 18 name "s" outputs ["s"] subgraphs ["body"] : (tensor<i64>, tensor<i1>, !onnx.value) -> !onnx.value {
  ^bb0(%i: !onnx.value, %d: !onnx.value, %l: !onnx.value):
    %m = onnx.node "SequenceInsert"(%l, %x) opset 18 name "m" outputs ["m"] : (!onnx.value, tensor<4x3xf32>) -> !onnx.value
    onnx.yield %d, %m : !onnx.value, !onnx.value
  }
  %y = onnx.node "ConcatFromSequence"(%s) opset 18 name "y" attributes {axis = 0 : i64} outputs ["y"] : (!onnx.value) -> !onnx.value
  return %y : !onnx.value
}
}
