// RUN: tfc-opt %s --raise --split-input-file --verify-diagnostics | FileCheck %s

// A condition that the body gives: scf.while, without a trip count.
// CHECK-LABEL: func.func @main_graph
// CHECK: scf.while
// CHECK-NEXT: scf.condition
// CHECK: } do {
// CHECK: linalg.generic
// CHECK: scf.yield
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4xf32> {onnx.dims = [""], onnx.name = "x"}, %c: tensor<i1> {onnx.dims = [], onnx.name = "c"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %none = onnx.absent
  %l = onnx.initializer "l" = dense<5.0> : tensor<f32>
  %y = onnx.node "Loop"(%none, %c, %x) opset 18 name "y" outputs ["y"] subgraphs ["body"] : (none, tensor<i1>, tensor<4xf32>) -> !onnx.value {
  ^bb0(%i: !onnx.value, %d: !onnx.value, %s: !onnx.value):
    %t = onnx.node "Add"(%s, %s) opset 18 name "t" outputs ["t"] : (!onnx.value, !onnx.value) -> !onnx.value
    %m = onnx.node "ReduceMax"(%t) opset 18 name "m" attributes {keepdims = 0 : i64} outputs ["m"] : (!onnx.value) -> !onnx.value
    %e = onnx.node "Less"(%m, %l) opset 18 name "e" outputs ["e"] : (!onnx.value, tensor<f32>) -> !onnx.value
    onnx.yield %e, %t : !onnx.value, !onnx.value
  }
  return %y : !onnx.value
}
}

// -----

// A constant condition needs no test of it.
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: scf.while
// CHECK: scf.for
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4xf32> {onnx.dims = [""], onnx.name = "x"}, %n: tensor<i64> {onnx.dims = [], onnx.name = "n"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %c = onnx.initializer "c" = dense<true> : tensor<i1>
  %y = onnx.node "Loop"(%n, %c, %x) opset 18 name "y" outputs ["y"] subgraphs ["body"] : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> !onnx.value {
  ^bb0(%i: !onnx.value, %d: !onnx.value, %s: !onnx.value):
    %t = onnx.node "Add"(%s, %s) opset 18 name "t" outputs ["t"] : (!onnx.value, !onnx.value) -> !onnx.value
    onnx.yield %c, %t : tensor<i1>, !onnx.value
  }
  return %y : !onnx.value
}
}

// -----

// What is collected needs a bound.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4xf32> {onnx.dims = [""], onnx.name = "x"}, %c: tensor<i1> {onnx.dims = [], onnx.name = "c"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %none = onnx.absent
  %l = onnx.initializer "l" = dense<5.0> : tensor<f32>
  // expected-error @+1 {{node 'y' (Loop, opset 18): it collects values, and how many has no bound that is known before the call}}
  %y:2 = onnx.node "Loop"(%none, %c, %x) opset 18 name "y" outputs ["y", "all"] subgraphs ["body"] : (none, tensor<i1>, tensor<4xf32>) -> (!onnx.value, !onnx.value) {
  ^bb0(%i: !onnx.value, %d: !onnx.value, %s: !onnx.value):
    %t = onnx.node "Add"(%s, %s) opset 18 name "t" outputs ["t"] : (!onnx.value, !onnx.value) -> !onnx.value
    %m = onnx.node "ReduceMax"(%t) opset 18 name "m" attributes {keepdims = 0 : i64} outputs ["m"] : (!onnx.value) -> !onnx.value
    %e = onnx.node "Less"(%m, %l) opset 18 name "e" outputs ["e"] : (!onnx.value, tensor<f32>) -> !onnx.value
    onnx.yield %e, %t, %m : !onnx.value, !onnx.value, !onnx.value
  }
  return %y#1 : !onnx.value
}
}

// -----

// A trip count that bounds nothing.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4xf32> {onnx.dims = [""], onnx.name = "x"}, %c: tensor<i1> {onnx.dims = [], onnx.name = "c"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %n = onnx.initializer "n" = dense<9223372036854775807> : tensor<i64>
  // expected-error @+1 {{node 'y' (Loop, opset 18): it collects values, and its trip count does not bound them}}
  %y:2 = onnx.node "Loop"(%n, %c, %x) opset 18 name "y" outputs ["y", "all"] subgraphs ["body"] : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> (!onnx.value, !onnx.value) {
  ^bb0(%i: !onnx.value, %d: !onnx.value, %s: !onnx.value):
    %t = onnx.node "Add"(%s, %s) opset 18 name "t" outputs ["t"] : (!onnx.value, !onnx.value) -> !onnx.value
    onnx.yield %d, %t, %t : !onnx.value, !onnx.value, !onnx.value
  }
  return %y#1 : !onnx.value
}
}

// -----

// What is carried grows, and data ends the loop.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4xf32> {onnx.dims = [""], onnx.name = "x"}, %c: tensor<i1> {onnx.dims = [], onnx.name = "c"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %none = onnx.absent
  // expected-error @+1 {{node 'y' (Loop, opset 18): the size of its carried value 0 changes, or cannot be seen not to}}
  %y = onnx.node "Loop"(%none, %c, %x) opset 18 name "y" outputs ["y"] subgraphs ["body"] : (none, tensor<i1>, tensor<4xf32>) -> !onnx.value {
  ^bb0(%i: !onnx.value, %d: !onnx.value, %s: !onnx.value):
    %t = onnx.node "Concat"(%s, %s) opset 18 name "t" attributes {axis = 0 : i64} outputs ["t"] : (!onnx.value, !onnx.value) -> !onnx.value
    onnx.yield %d, %t : !onnx.value, !onnx.value
  }
  return %y : !onnx.value
}
}

// -----

// Nothing ends it.
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%x: tensor<4xf32> {onnx.dims = [""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %none = onnx.absent
  // expected-error @+1 {{node 'y' (Loop, opset 18): nothing ends it}}
  %y = onnx.node "Loop"(%none, %none, %x) opset 18 name "y" outputs ["y"] subgraphs ["body"] : (none, none, tensor<4xf32>) -> !onnx.value {
  ^bb0(%i: !onnx.value, %d: !onnx.value, %s: !onnx.value):
    onnx.yield %d, %s : !onnx.value, !onnx.value
  }
  return %y : !onnx.value
}
}
