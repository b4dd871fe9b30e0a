// RUN: tfc-opt %s --split-input-file --allow-unregistered-dialect --verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(attn-verify-contract{border=onnx-to-attn})'

// Other dialects, calls and functions are no fault before a target.
func.func private @callee(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = "their.op"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func @first(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = call @callee(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func @second(%x: tensor<4xf32>, %i: i32) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

func.func @node(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'onnx.node' op is left of the onnx dialect; raise-onnx comes first, for functions with onnx.graph_name}}
  %y = onnx.node "Exp"(%x) opset 13 outputs ["y"] : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @value(%x: tensor<4xf32>) {
  // expected-error @below {{'their.op' op has a value of type '!onnx.value' of the onnx dialect}}
  %y = "their.op"(%x) : (tensor<4xf32>) -> !onnx.value
  return
}
