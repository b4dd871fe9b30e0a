// What a file cannot hold is named, and no file is left.
// RUN: rm -rf %t && split-file %s %t
// RUN: not tfc %t/foreign.mlir --emit=onnx-model -o %t/m.onnx 2>&1 | FileCheck %s --check-prefix=FOREIGN
// RUN: not tfc %t/untyped.mlir --emit=onnx-model -o %t/m.onnx 2>&1 | FileCheck %s --check-prefix=UNTYPED
// RUN: not tfc %t/elided.mlir --emit=onnx-model -o %t/m.onnx 2>&1 | FileCheck %s --check-prefix=ELIDED
// RUN: not tfc %t/opset.mlir --emit=onnx-model -o %t/m.onnx 2>&1 | FileCheck %s --check-prefix=OPSET
// RUN: not tfc %t/attribute.mlir --emit=onnx-model -o %t/m.onnx 2>&1 | FileCheck %s --check-prefix=ATTRIBUTE
// RUN: not tfc %t/type.mlir --emit=onnx-model -o %t/m.onnx 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not ls %t/m.onnx

// FOREIGN: error: 'arith.addf' is no operation of the onnx dialect; a file cannot hold it
//--- foreign.mlir
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %y = arith.addf %x, %x : tensor<4xf32>
    return %y : tensor<4xf32>
  }
}

// UNTYPED: error: output 'y': its element type is not stated, which a file needs
//--- untyped.mlir
module attributes {onnx.opset = {ai.onnx = 18 : i64, com.microsoft = 1 : i64}} {
  func.func @main(%x: tensor<4xf32>) -> (!onnx.value {onnx.name = "y"}) {
    %y = onnx.node "Strange"(%x) domain "com.microsoft" opset 1 outputs ["y"] : (tensor<4xf32>) -> !onnx.value
    return %y : !onnx.value
  }
}

// ELIDED: error: the contents of a tensor are not in the module
//--- elided.mlir
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %w = onnx.initializer "w" = dense_resource<__elided__> : tensor<4xf32>
    %y = onnx.node "Add"(%x, %w) opset 18 outputs ["y"] : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    return %y : tensor<4xf32>
  }
}

// OPSET: error: node 'squeeze' (Squeeze, opset 11): the model imports opset 18 of its domain, in which the operator is another one
//--- opset.mlir
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
  func.func @main(%x: tensor<1x4xf32>) -> tensor<4xf32> {
    %y = onnx.node "Squeeze"(%x) opset 11 name "squeeze" attributes {axes = array<i64: 0>} outputs ["y"] : (tensor<1x4xf32>) -> tensor<4xf32>
    return %y : tensor<4xf32>
  }
}

// ATTRIBUTE: error: node 'relu' (Relu, opset 18): attribute 'odd' has no form in a file
//--- attribute.mlir
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %y = onnx.node "Relu"(%x) opset 18 name "relu" attributes {odd = {}} outputs ["y"] : (tensor<4xf32>) -> tensor<4xf32>
    return %y : tensor<4xf32>
  }
}

// TYPE: error: value 'x': ONNX has no tensors of 'index'
//--- type.mlir
module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
  func.func @main(%x: tensor<4xindex> {onnx.name = "x"}) -> tensor<4xindex> {
    %y = onnx.node "Relu"(%x) opset 18 outputs ["y"] : (tensor<4xindex>) -> tensor<4xindex>
    return %y : tensor<4xindex>
  }
}
