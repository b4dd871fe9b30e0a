// RUN: tfc-opt %s --raise --split-input-file | FileCheck %s

// Products around a softmax over the last dimension; the scores are divided.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.attention scale 2.500000e-01 ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x4x8x16xf32>, tensor<?x4x12x16xf32>, tensor<?x4x12x16xf32>) outs
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%q: tensor<?x4x8x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "q"}, %k: tensor<?x4x12x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "k"}, %v: tensor<?x4x12x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "v"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %kt = onnx.node "Transpose"(%k) opset 18 name "kt" attributes {perm = array<i64: 0, 1, 3, 2>} outputs ["kt"] : (tensor<?x4x12x16xf32>) -> !onnx.value
  %p = onnx.node "MatMul"(%q, %kt) opset 18 name "p" outputs ["p"] : (tensor<?x4x8x16xf32>, !onnx.value) -> !onnx.value
  %c = onnx.initializer "c" = dense<4.0> : tensor<f32>
  %sc = onnx.node "Div"(%p, %c) opset 18 name "sc" outputs ["sc"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %pr = onnx.node "Softmax"(%sc) opset 18 name "pr" attributes {axis = -1 : i64} outputs ["pr"] : (!onnx.value) -> !onnx.value
  %y = onnx.node "MatMul"(%pr, %v) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<?x4x12x16xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// With a mask that is added.
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.attention scale 2.500000e-01 ins({{.*}}) bias(%{{.*}} : tensor<?x1x1x12xf32>)
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%q: tensor<?x4x8x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "q"}, %k: tensor<?x4x12x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "k"}, %v: tensor<?x4x12x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "v"}, %mask: tensor<?x1x1x12xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "mask"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %kt = onnx.node "Transpose"(%k) opset 18 name "kt" attributes {perm = array<i64: 0, 1, 3, 2>} outputs ["kt"] : (tensor<?x4x12x16xf32>) -> !onnx.value
  %p = onnx.node "MatMul"(%q, %kt) opset 18 name "p" outputs ["p"] : (tensor<?x4x8x16xf32>, !onnx.value) -> !onnx.value
  %c = onnx.initializer "c" = dense<0.25> : tensor<f32>
  %sc = onnx.node "Mul"(%p, %c) opset 18 name "sc" outputs ["sc"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %sm = onnx.node "Add"(%sc, %mask) opset 18 name "sm" outputs ["sm"] : (!onnx.value, tensor<?x1x1x12xf32>) -> !onnx.value
  %pr = onnx.node "Softmax"(%sm) opset 18 name "pr" attributes {axis = -1 : i64} outputs ["pr"] : (!onnx.value) -> !onnx.value
  %y = onnx.node "MatMul"(%pr, %v) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<?x4x12x16xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A mask and a position bias, one added after the other: their sum is as small
// as the two allow, and the note for the report names the softmax.
// CHECK: module attributes {{.*}}tfc.attentions = [{detail = "scale 0.250000, with a bias", form = "attn.attention", node = "pr", operator = "Softmax"}]
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.attention scale 2.500000e-01 ins({{.*}}) bias(%{{.*}} : tensor<?x4x8x12xf32>)
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%q: tensor<?x4x8x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "q"}, %k: tensor<?x4x12x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "k"}, %v: tensor<?x4x12x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "v"}, %mask: tensor<?x1x1x12xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "mask"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %kt = onnx.node "Transpose"(%k) opset 18 name "kt" attributes {perm = array<i64: 0, 1, 3, 2>} outputs ["kt"] : (tensor<?x4x12x16xf32>) -> !onnx.value
  %p = onnx.node "MatMul"(%q, %kt) opset 18 name "p" outputs ["p"] : (tensor<?x4x8x16xf32>, !onnx.value) -> !onnx.value
  %c = onnx.initializer "c" = dense<0.25> : tensor<f32>
  %sc = onnx.node "Mul"(%p, %c) opset 18 name "sc" outputs ["sc"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %sm = onnx.node "Add"(%sc, %mask) opset 18 name "sm" outputs ["sm"] : (!onnx.value, tensor<?x1x1x12xf32>) -> !onnx.value
  %bias = onnx.initializer "bias" = dense<0.5> : tensor<4x8x12xf32>
  %sb = onnx.node "Add"(%sm, %bias) opset 18 name "sb" outputs ["sb"] : (!onnx.value, tensor<4x8x12xf32>) -> !onnx.value
  %pr = onnx.node "Softmax"(%sb) opset 18 name "pr" attributes {axis = -1 : i64} outputs ["pr"] : (!onnx.value) -> !onnx.value
  %y = onnx.node "MatMul"(%pr, %v) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<?x4x12x16xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A softmax over heads is something else.
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.attention
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%q: tensor<?x4x8x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "q"}, %k: tensor<?x4x12x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "k"}, %v: tensor<?x4x12x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "v"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %kt = onnx.node "Transpose"(%k) opset 18 name "kt" attributes {perm = array<i64: 0, 1, 3, 2>} outputs ["kt"] : (tensor<?x4x12x16xf32>) -> !onnx.value
  %p = onnx.node "MatMul"(%q, %kt) opset 18 name "p" outputs ["p"] : (tensor<?x4x8x16xf32>, !onnx.value) -> !onnx.value
  %c = onnx.initializer "c" = dense<4.0> : tensor<f32>
  %sc = onnx.node "Div"(%p, %c) opset 18 name "sc" outputs ["sc"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %pr = onnx.node "Softmax"(%sc) opset 18 name "pr" attributes {axis = 1 : i64} outputs ["pr"] : (!onnx.value) -> !onnx.value
  %y = onnx.node "MatMul"(%pr, %v) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<?x4x12x16xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// Probabilities that leave the graph are computed.
// CHECK-LABEL: func.func @main_graph
// CHECK: math.exp
// CHECK: return
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%q: tensor<?x4x8x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "q"}, %k: tensor<?x4x12x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "k"}, %v: tensor<?x4x12x16xf32> {onnx.dims = ["n", "", "", ""], onnx.name = "v"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}, !onnx.value {onnx.dims = [], onnx.name = "pr"}) attributes {onnx.graph_name = "g"} {
  %kt = onnx.node "Transpose"(%k) opset 18 name "kt" attributes {perm = array<i64: 0, 1, 3, 2>} outputs ["kt"] : (tensor<?x4x12x16xf32>) -> !onnx.value
  %p = onnx.node "MatMul"(%q, %kt) opset 18 name "p" outputs ["p"] : (tensor<?x4x8x16xf32>, !onnx.value) -> !onnx.value
  %c = onnx.initializer "c" = dense<4.0> : tensor<f32>
  %sc = onnx.node "Div"(%p, %c) opset 18 name "sc" outputs ["sc"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %pr = onnx.node "Softmax"(%sc) opset 18 name "pr" attributes {axis = -1 : i64} outputs ["pr"] : (!onnx.value) -> !onnx.value
  %y = onnx.node "MatMul"(%pr, %v) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<?x4x12x16xf32>) -> !onnx.value
  return %y, %pr : !onnx.value, !onnx.value
}
}

// -----

// Capped by tanh, then masked by Where; the weights that are NaN are zero. The
// mask is the operation's, and its finite number is kept.
// CHECK: form = "attn.attention"
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.attention scale 5.000000e-01 softcap 3.000000e+01 masked_score -3.4{{.*}} zero_nan_rows ins({{[^)]*}}) mask(%{{.*}} : tensor<1x1x8x12xi1>)
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%q: tensor<2x4x8x16xf32> {onnx.name = "q"}, %k: tensor<2x4x12x16xf32> {onnx.name = "k"}, %v: tensor<2x4x12x16xf32> {onnx.name = "v"}, %m: tensor<8x12xi1> {onnx.name = "m"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %kt = onnx.node "Transpose"(%k) opset 18 name "kt" attributes {perm = array<i64: 0, 1, 3, 2>} outputs ["kt"] : (tensor<2x4x12x16xf32>) -> !onnx.value
  %p = onnx.node "MatMul"(%q, %kt) opset 18 name "p" outputs ["p"] : (tensor<2x4x8x16xf32>, !onnx.value) -> !onnx.value
  %half = onnx.initializer "half" = dense<0.5> : tensor<f32>
  %cap = onnx.initializer "cap" = dense<30.0> : tensor<f32>
  %low = onnx.initializer "low" = dense<-3.40282347E+38> : tensor<f32>
  %zero = onnx.initializer "zero" = dense<0.0> : tensor<f32>
  %sc = onnx.node "Mul"(%p, %half) opset 18 name "sc" outputs ["sc"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %in = onnx.node "Div"(%sc, %cap) opset 18 name "in" outputs ["in"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %th = onnx.node "Tanh"(%in) opset 18 name "th" outputs ["th"] : (!onnx.value) -> !onnx.value
  %ca = onnx.node "Mul"(%th, %cap) opset 18 name "ca" outputs ["ca"] : (!onnx.value, tensor<f32>) -> !onnx.value
  %ma = onnx.node "Where"(%m, %ca, %low) opset 18 name "ma" outputs ["ma"] : (tensor<8x12xi1>, !onnx.value, tensor<f32>) -> !onnx.value
  %pr = onnx.node "Softmax"(%ma) opset 18 name "pr" attributes {axis = -1 : i64} outputs ["pr"] : (!onnx.value) -> !onnx.value
  %nan = onnx.node "IsNaN"(%pr) opset 18 name "nan" outputs ["nan"] : (!onnx.value) -> !onnx.value
  %safe = onnx.node "Where"(%nan, %zero, %pr) opset 18 name "safe" outputs ["safe"] : (!onnx.value, tensor<f32>, !onnx.value) -> !onnx.value
  %y = onnx.node "MatMul"(%safe, %v) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<2x4x12x16xf32>) -> !onnx.value
  return %y : !onnx.value
}
}

// -----

// A mask inside a bias whose number is small is another function.
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.attention
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main_graph(%q: tensor<2x4x8x16xf32> {onnx.name = "q"}, %kt: tensor<2x4x16x12xf32> {onnx.name = "k"}, %v: tensor<2x4x12x16xf32> {onnx.name = "v"}, %m: tensor<8x12xi1> {onnx.name = "m"}, %b: tensor<8x12xf32> {onnx.name = "b"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
  %p = onnx.node "MatMul"(%q, %kt) opset 18 name "p" outputs ["p"] : (tensor<2x4x8x16xf32>, tensor<2x4x16x12xf32>) -> !onnx.value
  %low = onnx.initializer "low" = dense<-1.0e4> : tensor<f32>
  %ma = onnx.node "Where"(%m, %p, %low) opset 18 name "ma" outputs ["ma"] : (tensor<8x12xi1>, !onnx.value, tensor<f32>) -> !onnx.value
  %sb = onnx.node "Add"(%ma, %b) opset 18 name "sb" outputs ["sb"] : (!onnx.value, tensor<8x12xf32>) -> !onnx.value
  %pr = onnx.node "Softmax"(%sb) opset 18 name "pr" attributes {axis = -1 : i64} outputs ["pr"] : (!onnx.value) -> !onnx.value
  %y = onnx.node "MatMul"(%pr, %v) opset 18 name "y" outputs ["y"] : (!onnx.value, tensor<2x4x12x16xf32>) -> !onnx.value
  return %y : !onnx.value
}
}
