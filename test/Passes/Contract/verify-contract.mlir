// RUN: tfc-opt %s --split-input-file --allow-unregistered-dialect --verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(attn-verify-contract{border=attn-to-target})'

// All that holds, and a private function that nobody calls.
func.func private @declared(tensor<4xf32>)
func.func @kept(%x: tensor<?x4xf32> {tfc.name = "x", tfc.dims = ["n", ""], tfc.type = 1 : i64})
    -> (tensor<?x4xf32> {tfc.name = "x"}) {
  return %x : tensor<?x4xf32>
}

// -----

func.func @unknown(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'their.op' op is of a dialect that no target lowers}}
  %y = "their.op"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @known(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'tosa.exp' op is of a dialect that no target lowers}}
  %y = tosa.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @node(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'onnx.node' op is left of the onnx dialect; raise-onnx comes first, for functions with onnx.graph_name}}
  %y = onnx.node "Exp"(%x) opset 13 outputs ["y"] : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func private @callee(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func @caller(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'func.call' op calls a function; targets take one, so run inline and symbol-dce first}}
  %y = call @callee(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @first(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
// expected-error @below {{'func.func' op is a second public function; targets take one}}
func.func @second(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{has no public function with a body}}
module {
  func.func private @declared(tensor<4xf32>)
}

// -----

// expected-error @below {{'func.func' op argument 0 has the type 'i32'; expected a ranked tensor of}}
// expected-error @below {{'func.func' op argument 1 has the type 'tensor<4xui8>'; expected a ranked tensor of}}
// expected-error @below {{'func.func' op result 0 has the type 'tensor<4xui8>'; expected a ranked tensor of}}
func.func @types(%i: i32, %x: tensor<4xui8>) -> tensor<4xui8> {
  return %x : tensor<4xui8>
}

// -----

// expected-error @below {{has a value of type 'tensor<*xf32>'; tensors have a rank here}}
// expected-error @below {{'func.func' op argument 0 has the type 'tensor<*xf32>'}}
func.func @unranked(%x: tensor<*xf32>) {
  return
}

// -----

// expected-error @below {{argument 1 has the name 'x' of an earlier one}}
// expected-error @below {{argument 0 has the tfc.dims ["n"]; expected a string for each of 2 dimensions}}
// expected-error @below {{argument 1 has the tfc.type "f32"; expected an integer}}
// expected-error @below {{result 0 has the tfc.name 7 : i64; expected a string}}
func.func @names(%x: tensor<?x4xf32> {tfc.name = "x", tfc.dims = ["n"]}, %y: tensor<4xf32> {tfc.name = "x", tfc.type = "f32"})
    -> (tensor<4xf32> {tfc.name = 7 : i64}) {
  return %y : tensor<4xf32>
}

// -----

// expected-error @below {{argument 0 has the attribute 'onnx.name'; names are in tfc.name here}}
func.func @onnx_name(%x: tensor<4xf32> {onnx.name = "x"}) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{has 2 blocks; targets take one, with scf for control flow}}
func.func @blocks(%x: tensor<4xf32>) -> tensor<4xf32> {
  cf.br ^next
^next:
  return %x : tensor<4xf32>
}
