// RUN: tfc-opt %s --split-input-file --verify-diagnostics

func.func @names(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected 1 output names, found 2}}
  %y = onnx.node "Relu"(%x) opset 18 outputs ["y", "z"] : (tensor<4xf32>) -> !onnx.value
  return
}

// -----

func.func @subgraphs(%c: tensor<i1>) {
  // expected-error @+1 {{expected 1 subgraph names, found 2}}
  %y = onnx.node "If"(%c) opset 18 outputs ["y"] subgraphs ["then_branch", "else_branch"] : (tensor<i1>) -> !onnx.value {
    onnx.yield %c : tensor<i1>
  }
  return
}

// -----

func.func @terminator(%c: tensor<i1>) {
  // expected-error @+1 {{expected subgraphs of one block that ends in onnx.yield}}
  %y = onnx.node "If"(%c) opset 18 outputs ["y"] subgraphs ["then_branch"] : (tensor<i1>) -> !onnx.value {
    func.return
  }
  return
}

// -----

func.func @type() {
  // expected-error @+1 {{result #0 must be ranked tensor of any type values}}
  %w = "onnx.initializer"() {initializer_name = "w", value = dense<1.0> : vector<4xf32>} : () -> vector<4xf32>
  return
}
