// RUN: tfc-opt %s --pass-pipeline='builtin.module(raise-onnx)' | FileCheck %s
// RUN: tfc-opt %s --pass-pipeline='builtin.module(raise{find-structure=false})' | FileCheck %s

// A graph that another front end wrote, without the name that importing gives, and
// a function that is none.
module attributes {onnx.opset = {ai.onnx = 20 : i64}} {
  // CHECK-LABEL: func.func @graph(%arg0: tensor<4xf32>
  // CHECK: arith.addf
  // CHECK-NOT: onnx.
  func.func @graph(%x: tensor<4xf32> {onnx.name = "x"}) -> (tensor<4xf32> {onnx.name = "y"}) {
    %y = onnx.node "Add"(%x, %x) opset 20 outputs ["y"] : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    return %y : tensor<4xf32>
  }

  // CHECK-LABEL: func.func private @other
  // CHECK: return %arg0
  func.func private @other(%x: memref<4xf32>) -> memref<4xf32> {
    return %x : memref<4xf32>
  }
}
