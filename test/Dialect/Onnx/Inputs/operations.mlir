// What unversioned.mlirbc and version-1.mlirbc, which releases wrote, must read as.

// CHECK-LABEL: @everything
func.func @everything(%c: tensor<i1>, %x: tensor<?x4xf32>, %s: tensor<2x!onnx.string>) -> !onnx.value {
  // CHECK: %[[W:.*]] = onnx.initializer "weight" = dense<1.000000e+00> : tensor<4xf32>
  %w = onnx.initializer "weight" = dense<1.0> : tensor<4xf32>
  // CHECK: %[[NONE:.*]] = onnx.absent
  %none = onnx.absent
  // CHECK: onnx.node "LayerNormalization"(%{{.*}}, %[[W]], %[[NONE]]) opset 17 name "norm" attributes {axis = -1 : i64} outputs ["a", "", "b"] : (tensor<?x4xf32>, tensor<4xf32>, none) -> (!onnx.value, !onnx.value, !onnx.value)
  %a:3 = onnx.node "LayerNormalization"(%x, %w, %none) opset 17 name "norm" attributes {axis = -1 : i64}
      outputs ["a", "", "b"] : (tensor<?x4xf32>, tensor<4xf32>, none) -> (!onnx.value, !onnx.value, !onnx.value)
  // CHECK: onnx.node "Twist"(%{{.*}}) domain "org.example" opset 1 outputs ["t"]
  %t = onnx.node "Twist"(%s) domain "org.example" opset 1 outputs ["t"] : (tensor<2x!onnx.string>) -> !onnx.value
  // CHECK: onnx.node "If"(%{{.*}}) opset 18 outputs ["y"] subgraphs ["then_branch", "else_branch"]
  // CHECK:   onnx.yield %{{.*}} : !onnx.value
  // CHECK: }, {
  // CHECK:   onnx.yield %{{.*}} : tensor<?x4xf32>
  %y = onnx.node "If"(%c) opset 18 outputs ["y"] subgraphs ["then_branch", "else_branch"] : (tensor<i1>) -> !onnx.value {
    %n = onnx.node "Neg"(%a#0) opset 18 outputs ["n"] : (!onnx.value) -> !onnx.value
    onnx.yield %n : !onnx.value
  }, {
    onnx.yield %x : tensor<?x4xf32>
  }
  return %y : !onnx.value
}
