// RUN: tfc-opt %s --raise --split-input-file | FileCheck %s

// All experts on all tokens, times what the choices' gates sum to.
// CHECK: module attributes {{.*}}tfc.routes = [{detail = "2 experts, 2 a token", form = "attn.route"
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.route activation {{.*}}silu ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x4xf32>, tensor<?x2xi64>, tensor<?x2xf32>) w1(%{{.*}} : tensor<2x4x8xf32>) w2(%{{.*}} : tensor<2x8x4xf32>) w3(%{{.*}} : tensor<2x4x8xf32>) outs
// CHECK-NEXT: return
module attributes {onnx.file = "/tmp/h1_g/a.onnx", onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main_graph(%arg0: tensor<?x4xf32> {onnx.dims = ["n", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.initializer "c0" = dense<5.000000e-01> : tensor<4x2xf32>
    %1 = onnx.initializer "c1" = dense<2> : tensor<1xi64>
    %2 = onnx.initializer "c2" = dense<-1> : tensor<1xi64>
    %3 = onnx.initializer "c3" = dense<0> : tensor<i64>
    %4 = onnx.initializer "c4" = dense<-1> : tensor<1xi64>
    %5 = onnx.initializer "c5" = dense<5.000000e-01> : tensor<4x8xf32>
    %6 = onnx.initializer "c6" = dense<5.000000e-01> : tensor<4x8xf32>
    %7 = onnx.initializer "c7" = dense<5.000000e-01> : tensor<8x4xf32>
    %8 = onnx.initializer "c8" = dense<1> : tensor<i64>
    %9 = onnx.initializer "c9" = dense<-1> : tensor<1xi64>
    %10 = onnx.initializer "c10" = dense<5.000000e-01> : tensor<4x8xf32>
    %11 = onnx.initializer "c11" = dense<5.000000e-01> : tensor<4x8xf32>
    %12 = onnx.initializer "c12" = dense<5.000000e-01> : tensor<8x4xf32>
    %13 = onnx.node "MatMul"(%arg0, %0) opset 20 outputs ["v0_0"] : (tensor<?x4xf32>, tensor<4x2xf32>) -> !onnx.value
    %14 = onnx.node "Softmax"(%13) opset 20 attributes {axis = -1 : i64} outputs ["v1_0"] : (!onnx.value) -> !onnx.value
    %15:2 = onnx.node "TopK"(%14, %1) opset 20 attributes {axis = -1 : i64} outputs ["v2_0", "v2_1"] : (!onnx.value, tensor<1xi64>) -> (!onnx.value, !onnx.value)
    %16 = onnx.node "ReduceSum"(%15#0, %2) opset 20 attributes {keepdims = 1 : i64} outputs ["v3_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %17 = onnx.node "Div"(%15#0, %16) opset 20 outputs ["v4_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %18 = onnx.node "Equal"(%15#1, %3) opset 20 outputs ["v5_0"] : (!onnx.value, tensor<i64>) -> !onnx.value
    %19 = onnx.node "Cast"(%18) opset 20 attributes {to = 1 : i64} outputs ["v6_0"] : (!onnx.value) -> !onnx.value
    %20 = onnx.node "Mul"(%17, %19) opset 20 outputs ["v7_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %21 = onnx.node "ReduceSum"(%20, %4) opset 20 attributes {keepdims = 1 : i64} outputs ["v8_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %22 = onnx.node "MatMul"(%arg0, %5) opset 20 outputs ["v9_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %23 = onnx.node "Sigmoid"(%22) opset 20 outputs ["v10_0"] : (!onnx.value) -> !onnx.value
    %24 = onnx.node "Mul"(%22, %23) opset 20 outputs ["v11_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %25 = onnx.node "MatMul"(%arg0, %6) opset 20 outputs ["v12_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %26 = onnx.node "Mul"(%24, %25) opset 20 outputs ["v13_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %27 = onnx.node "MatMul"(%26, %7) opset 20 outputs ["v14_0"] : (!onnx.value, tensor<8x4xf32>) -> !onnx.value
    %28 = onnx.node "Mul"(%27, %21) opset 20 outputs ["v15_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %29 = onnx.node "Equal"(%15#1, %8) opset 20 outputs ["v16_0"] : (!onnx.value, tensor<i64>) -> !onnx.value
    %30 = onnx.node "Cast"(%29) opset 20 attributes {to = 1 : i64} outputs ["v17_0"] : (!onnx.value) -> !onnx.value
    %31 = onnx.node "Mul"(%17, %30) opset 20 outputs ["v18_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %32 = onnx.node "ReduceSum"(%31, %9) opset 20 attributes {keepdims = 1 : i64} outputs ["v19_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %33 = onnx.node "MatMul"(%arg0, %10) opset 20 outputs ["v20_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %34 = onnx.node "Sigmoid"(%33) opset 20 outputs ["v21_0"] : (!onnx.value) -> !onnx.value
    %35 = onnx.node "Mul"(%33, %34) opset 20 outputs ["v22_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %36 = onnx.node "MatMul"(%arg0, %11) opset 20 outputs ["v23_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %37 = onnx.node "Mul"(%35, %36) opset 20 outputs ["v24_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %38 = onnx.node "MatMul"(%37, %12) opset 20 outputs ["v25_0"] : (!onnx.value, tensor<8x4xf32>) -> !onnx.value
    %39 = onnx.node "Mul"(%38, %32) opset 20 outputs ["v26_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %40 = onnx.node "Add"(%28, %39) opset 20 outputs ["v27_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %41 = onnx.node "Identity"(%40) opset 20 outputs ["y"] : (!onnx.value) -> !onnx.value
    return %41 : !onnx.value
  }
}

// -----

// Each expert on the tokens that chose it; the search for them goes away, and the
// gates come in after. The weights are stacked as [D, F], biases beside them.
// CHECK: module attributes {{.*}}tfc.routes = [{detail = "2 experts, 1 a token", form = "attn.route"
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: cf.assert
// CHECK-NOT: scf.
// CHECK: attn.route activation {{.*}}relu ins(%{{.*}} : tensor<?x4xf32>, tensor<?x1xi64>, tensor<?x1xf32>) w1(%{{.*}} : tensor<2x4x8xf32>) w2(%{{.*}} : tensor<2x8x4xf32>) b1(%{{.*}} : tensor<2x8xf32>) b2(%{{.*}} : tensor<2x4xf32>)
module attributes {onnx.file = "/tmp/h1_g/a.onnx", onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main_graph(%arg0: tensor<?x4xf32> {onnx.dims = ["n", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.initializer "c0" = dense<5.000000e-01> : tensor<4x2xf32>
    %1 = onnx.initializer "c1" = dense<0> : tensor<i64>
    %2 = onnx.initializer "c2" = dense<1> : tensor<1xi64>
    %3 = onnx.initializer "c3" = dense<5.000000e-01> : tensor<8x4xf32>
    %4 = onnx.initializer "c4" = dense<5.000000e-01> : tensor<8xf32>
    %5 = onnx.initializer "c5" = dense<5.000000e-01> : tensor<4x8xf32>
    %6 = onnx.initializer "c6" = dense<5.000000e-01> : tensor<4xf32>
    %7 = onnx.initializer "c7" = dense<1> : tensor<i64>
    %8 = onnx.initializer "c8" = dense<1> : tensor<1xi64>
    %9 = onnx.initializer "c9" = dense<5.000000e-01> : tensor<8x4xf32>
    %10 = onnx.initializer "c10" = dense<5.000000e-01> : tensor<8xf32>
    %11 = onnx.initializer "c11" = dense<5.000000e-01> : tensor<4x8xf32>
    %12 = onnx.initializer "c12" = dense<5.000000e-01> : tensor<4xf32>
    %13 = onnx.initializer "c13" = dense<-1> : tensor<1xi64>
    %14 = onnx.node "MatMul"(%arg0, %0) opset 20 outputs ["v0_0"] : (tensor<?x4xf32>, tensor<4x2xf32>) -> !onnx.value
    %15 = onnx.node "Softmax"(%14) opset 20 attributes {axis = -1 : i64} outputs ["v1_0"] : (!onnx.value) -> !onnx.value
    %16 = onnx.node "ArgMax"(%15) opset 20 attributes {axis = -1 : i64, keepdims = 0 : i64} outputs ["v2_0"] : (!onnx.value) -> !onnx.value
    %17 = onnx.node "Shape"(%arg0) opset 20 outputs ["v3_0"] : (tensor<?x4xf32>) -> !onnx.value
    %18 = onnx.node "ConstantOfShape"(%17) opset 20 attributes {value = dense<0.000000e+00> : tensor<1xf32>} outputs ["v4_0"] : (!onnx.value) -> !onnx.value
    %19 = onnx.node "Equal"(%16, %1) opset 20 outputs ["v5_0"] : (!onnx.value, tensor<i64>) -> !onnx.value
    %20 = onnx.node "NonZero"(%19) opset 20 outputs ["v6_0"] : (!onnx.value) -> !onnx.value
    %21 = onnx.node "Transpose"(%20) opset 20 attributes {perm = array<i64: 1, 0>} outputs ["v7_0"] : (!onnx.value) -> !onnx.value
    %22 = onnx.node "Squeeze"(%21, %2) opset 20 outputs ["v8_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %23 = onnx.node "Gather"(%arg0, %22) opset 20 attributes {axis = 0 : i64} outputs ["v9_0"] : (tensor<?x4xf32>, !onnx.value) -> !onnx.value
    %24 = onnx.node "Gemm"(%23, %3, %4) opset 20 attributes {transB = 1 : i64} outputs ["v10_0"] : (!onnx.value, tensor<8x4xf32>, tensor<8xf32>) -> !onnx.value
    %25 = onnx.node "Relu"(%24) opset 20 outputs ["v11_0"] : (!onnx.value) -> !onnx.value
    %26 = onnx.node "Gemm"(%25, %5, %6) opset 20 attributes {transB = 1 : i64} outputs ["v12_0"] : (!onnx.value, tensor<4x8xf32>, tensor<4xf32>) -> !onnx.value
    %27 = onnx.node "ScatterND"(%18, %21, %26) opset 20 outputs ["v13_0"] : (!onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %28 = onnx.node "Equal"(%16, %7) opset 20 outputs ["v14_0"] : (!onnx.value, tensor<i64>) -> !onnx.value
    %29 = onnx.node "NonZero"(%28) opset 20 outputs ["v15_0"] : (!onnx.value) -> !onnx.value
    %30 = onnx.node "Transpose"(%29) opset 20 attributes {perm = array<i64: 1, 0>} outputs ["v16_0"] : (!onnx.value) -> !onnx.value
    %31 = onnx.node "Squeeze"(%30, %8) opset 20 outputs ["v17_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %32 = onnx.node "Gather"(%arg0, %31) opset 20 attributes {axis = 0 : i64} outputs ["v18_0"] : (tensor<?x4xf32>, !onnx.value) -> !onnx.value
    %33 = onnx.node "Gemm"(%32, %9, %10) opset 20 attributes {transB = 1 : i64} outputs ["v19_0"] : (!onnx.value, tensor<8x4xf32>, tensor<8xf32>) -> !onnx.value
    %34 = onnx.node "Relu"(%33) opset 20 outputs ["v20_0"] : (!onnx.value) -> !onnx.value
    %35 = onnx.node "Gemm"(%34, %11, %12) opset 20 attributes {transB = 1 : i64} outputs ["v21_0"] : (!onnx.value, tensor<4x8xf32>, tensor<4xf32>) -> !onnx.value
    %36 = onnx.node "ScatterND"(%27, %30, %35) opset 20 outputs ["v22_0"] : (!onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %37 = onnx.node "ReduceMax"(%15, %13) opset 20 attributes {keepdims = 1 : i64} outputs ["v23_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %38 = onnx.node "Mul"(%36, %37) opset 20 outputs ["v24_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %39 = onnx.node "Identity"(%38) opset 20 outputs ["y"] : (!onnx.value) -> !onnx.value
    return %39 : !onnx.value
  }
}

// -----

// Matrices by choice: each choice is a token of its own.
// CHECK: module attributes {{.*}}tfc.routes = [{detail = "2 experts, 1 a token", form = "attn.route"
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.route activation {{.*}}relu ins(%{{.*}} : tensor<?x4xf32>, tensor<?x1xi64>, tensor<?x1xf32>) w1(%{{.*}} : tensor<2x4x8xf32>) w2(%{{.*}} : tensor<2x8x4xf32>)
module attributes {onnx.file = "/tmp/h1_g/a.onnx", onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main_graph(%arg0: tensor<?x4xf32> {onnx.dims = ["n", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.initializer "c0" = dense<5.000000e-01> : tensor<4x2xf32>
    %1 = onnx.initializer "c1" = dense<2> : tensor<1xi64>
    %2 = onnx.initializer "c2" = dense<-1> : tensor<1xi64>
    %3 = onnx.initializer "c3" = dense<[1, 2]> : tensor<2xi64>
    %4 = onnx.initializer "c4" = dense<5.000000e-01> : tensor<2x4x8xf32>
    %5 = onnx.initializer "c5" = dense<5.000000e-01> : tensor<2x8x4xf32>
    %6 = onnx.initializer "c6" = dense<2> : tensor<1xi64>
    %7 = onnx.initializer "c7" = dense<-1> : tensor<1xi64>
    %8 = onnx.initializer "c8" = dense<1> : tensor<1xi64>
    %9 = onnx.node "MatMul"(%arg0, %0) opset 20 outputs ["v0_0"] : (tensor<?x4xf32>, tensor<4x2xf32>) -> !onnx.value
    %10 = onnx.node "Softmax"(%9) opset 20 attributes {axis = -1 : i64} outputs ["v1_0"] : (!onnx.value) -> !onnx.value
    %11:2 = onnx.node "TopK"(%10, %1) opset 20 attributes {axis = -1 : i64} outputs ["v2_0", "v2_1"] : (!onnx.value, tensor<1xi64>) -> (!onnx.value, !onnx.value)
    %12 = onnx.node "ReduceSum"(%11#0, %2) opset 20 attributes {keepdims = 1 : i64} outputs ["v3_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %13 = onnx.node "Div"(%11#0, %12) opset 20 outputs ["v4_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %14 = onnx.node "Unsqueeze"(%arg0, %3) opset 20 outputs ["v5_0"] : (tensor<?x4xf32>, tensor<2xi64>) -> !onnx.value
    %15 = onnx.node "Gather"(%4, %11#1) opset 20 attributes {axis = 0 : i64} outputs ["v6_0"] : (tensor<2x4x8xf32>, !onnx.value) -> !onnx.value
    %16 = onnx.node "Gather"(%5, %11#1) opset 20 attributes {axis = 0 : i64} outputs ["v7_0"] : (tensor<2x8x4xf32>, !onnx.value) -> !onnx.value
    %17 = onnx.node "MatMul"(%14, %15) opset 20 outputs ["v8_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %18 = onnx.node "Relu"(%17) opset 20 outputs ["v9_0"] : (!onnx.value) -> !onnx.value
    %19 = onnx.node "MatMul"(%18, %16) opset 20 outputs ["v10_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %20 = onnx.node "Squeeze"(%19, %6) opset 20 outputs ["v11_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %21 = onnx.node "Unsqueeze"(%13, %7) opset 20 outputs ["v12_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %22 = onnx.node "Mul"(%20, %21) opset 20 outputs ["v13_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %23 = onnx.node "ReduceSum"(%22, %8) opset 20 attributes {keepdims = 0 : i64} outputs ["v14_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %24 = onnx.node "Identity"(%23) opset 20 outputs ["y"] : (!onnx.value) -> !onnx.value
    return %24 : !onnx.value
  }
}

// -----

// Experts 0 and 2, without 1.
// CHECK: module attributes {{.*}}tfc.routes = [{detail = "its experts are not alike, or not numbered from 0", form = "graph"
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.route
module attributes {onnx.file = "/tmp/h1_g/a.onnx", onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main_graph(%arg0: tensor<?x4xf32> {onnx.dims = ["n", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.initializer "c0" = dense<5.000000e-01> : tensor<4x2xf32>
    %1 = onnx.initializer "c1" = dense<1> : tensor<1xi64>
    %2 = onnx.initializer "c2" = dense<-1> : tensor<1xi64>
    %3 = onnx.initializer "c3" = dense<5.000000e-01> : tensor<4x8xf32>
    %4 = onnx.initializer "c4" = dense<5.000000e-01> : tensor<4x8xf32>
    %5 = onnx.initializer "c5" = dense<5.000000e-01> : tensor<8x4xf32>
    %6 = onnx.initializer "c6" = dense<0> : tensor<i64>
    %7 = onnx.initializer "c7" = dense<0.000000e+00> : tensor<f32>
    %8 = onnx.initializer "c8" = dense<5.000000e-01> : tensor<4x8xf32>
    %9 = onnx.initializer "c9" = dense<5.000000e-01> : tensor<4x8xf32>
    %10 = onnx.initializer "c10" = dense<5.000000e-01> : tensor<8x4xf32>
    %11 = onnx.initializer "c11" = dense<2> : tensor<i64>
    %12 = onnx.initializer "c12" = dense<0.000000e+00> : tensor<f32>
    %13 = onnx.node "MatMul"(%arg0, %0) opset 20 outputs ["v0_0"] : (tensor<?x4xf32>, tensor<4x2xf32>) -> !onnx.value
    %14 = onnx.node "Softmax"(%13) opset 20 attributes {axis = -1 : i64} outputs ["v1_0"] : (!onnx.value) -> !onnx.value
    %15:2 = onnx.node "TopK"(%14, %1) opset 20 attributes {axis = -1 : i64} outputs ["v2_0", "v2_1"] : (!onnx.value, tensor<1xi64>) -> (!onnx.value, !onnx.value)
    %16 = onnx.node "ReduceSum"(%15#0, %2) opset 20 attributes {keepdims = 1 : i64} outputs ["v3_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %17 = onnx.node "Div"(%15#0, %16) opset 20 outputs ["v4_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %18 = onnx.node "MatMul"(%arg0, %3) opset 20 outputs ["v5_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %19 = onnx.node "Sigmoid"(%18) opset 20 outputs ["v6_0"] : (!onnx.value) -> !onnx.value
    %20 = onnx.node "Mul"(%18, %19) opset 20 outputs ["v7_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %21 = onnx.node "MatMul"(%arg0, %4) opset 20 outputs ["v8_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %22 = onnx.node "Mul"(%20, %21) opset 20 outputs ["v9_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %23 = onnx.node "MatMul"(%22, %5) opset 20 outputs ["v10_0"] : (!onnx.value, tensor<8x4xf32>) -> !onnx.value
    %24 = onnx.node "Equal"(%15#1, %6) opset 20 outputs ["v11_0"] : (!onnx.value, tensor<i64>) -> !onnx.value
    %25 = onnx.node "Where"(%24, %17, %7) opset 20 outputs ["v12_0"] : (!onnx.value, !onnx.value, tensor<f32>) -> !onnx.value
    %26 = onnx.node "Mul"(%23, %25) opset 20 outputs ["v13_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %27 = onnx.node "MatMul"(%arg0, %8) opset 20 outputs ["v14_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %28 = onnx.node "Sigmoid"(%27) opset 20 outputs ["v15_0"] : (!onnx.value) -> !onnx.value
    %29 = onnx.node "Mul"(%27, %28) opset 20 outputs ["v16_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %30 = onnx.node "MatMul"(%arg0, %9) opset 20 outputs ["v17_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %31 = onnx.node "Mul"(%29, %30) opset 20 outputs ["v18_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %32 = onnx.node "MatMul"(%31, %10) opset 20 outputs ["v19_0"] : (!onnx.value, tensor<8x4xf32>) -> !onnx.value
    %33 = onnx.node "Equal"(%15#1, %11) opset 20 outputs ["v20_0"] : (!onnx.value, tensor<i64>) -> !onnx.value
    %34 = onnx.node "Where"(%33, %17, %12) opset 20 outputs ["v21_0"] : (!onnx.value, !onnx.value, tensor<f32>) -> !onnx.value
    %35 = onnx.node "Mul"(%32, %34) opset 20 outputs ["v22_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %36 = onnx.node "Add"(%26, %35) opset 20 outputs ["v23_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %37 = onnx.node "Identity"(%36) opset 20 outputs ["y"] : (!onnx.value) -> !onnx.value
    return %37 : !onnx.value
  }
}

// -----

// What experts write into is not zero: tokens without an expert keep it.
// CHECK: module attributes {{.*}}tfc.routes = [{detail = "experts write into what is not zero", form = "graph"
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.route
module attributes {onnx.file = "/tmp/h1_g/a.onnx", onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main_graph(%arg0: tensor<?x4xf32> {onnx.dims = ["n", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.initializer "c0" = dense<5.000000e-01> : tensor<4x2xf32>
    %1 = onnx.initializer "c1" = dense<0> : tensor<i64>
    %2 = onnx.initializer "c2" = dense<1> : tensor<1xi64>
    %3 = onnx.initializer "c3" = dense<5.000000e-01> : tensor<8x4xf32>
    %4 = onnx.initializer "c4" = dense<5.000000e-01> : tensor<8xf32>
    %5 = onnx.initializer "c5" = dense<5.000000e-01> : tensor<4x8xf32>
    %6 = onnx.initializer "c6" = dense<5.000000e-01> : tensor<4xf32>
    %7 = onnx.initializer "c7" = dense<1> : tensor<i64>
    %8 = onnx.initializer "c8" = dense<1> : tensor<1xi64>
    %9 = onnx.initializer "c9" = dense<5.000000e-01> : tensor<8x4xf32>
    %10 = onnx.initializer "c10" = dense<5.000000e-01> : tensor<8xf32>
    %11 = onnx.initializer "c11" = dense<5.000000e-01> : tensor<4x8xf32>
    %12 = onnx.initializer "c12" = dense<5.000000e-01> : tensor<4xf32>
    %13 = onnx.node "MatMul"(%arg0, %0) opset 20 outputs ["v0_0"] : (tensor<?x4xf32>, tensor<4x2xf32>) -> !onnx.value
    %14 = onnx.node "ArgMax"(%13) opset 20 attributes {axis = -1 : i64, keepdims = 0 : i64} outputs ["v1_0"] : (!onnx.value) -> !onnx.value
    %15 = onnx.node "Equal"(%14, %1) opset 20 outputs ["v2_0"] : (!onnx.value, tensor<i64>) -> !onnx.value
    %16 = onnx.node "NonZero"(%15) opset 20 outputs ["v3_0"] : (!onnx.value) -> !onnx.value
    %17 = onnx.node "Transpose"(%16) opset 20 attributes {perm = array<i64: 1, 0>} outputs ["v4_0"] : (!onnx.value) -> !onnx.value
    %18 = onnx.node "Squeeze"(%17, %2) opset 20 outputs ["v5_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %19 = onnx.node "Gather"(%arg0, %18) opset 20 attributes {axis = 0 : i64} outputs ["v6_0"] : (tensor<?x4xf32>, !onnx.value) -> !onnx.value
    %20 = onnx.node "Gemm"(%19, %3, %4) opset 20 attributes {transB = 1 : i64} outputs ["v7_0"] : (!onnx.value, tensor<8x4xf32>, tensor<8xf32>) -> !onnx.value
    %21 = onnx.node "Relu"(%20) opset 20 outputs ["v8_0"] : (!onnx.value) -> !onnx.value
    %22 = onnx.node "Gemm"(%21, %5, %6) opset 20 attributes {transB = 1 : i64} outputs ["v9_0"] : (!onnx.value, tensor<4x8xf32>, tensor<4xf32>) -> !onnx.value
    %23 = onnx.node "ScatterND"(%arg0, %17, %22) opset 20 outputs ["v10_0"] : (tensor<?x4xf32>, !onnx.value, !onnx.value) -> !onnx.value
    %24 = onnx.node "Equal"(%14, %7) opset 20 outputs ["v11_0"] : (!onnx.value, tensor<i64>) -> !onnx.value
    %25 = onnx.node "NonZero"(%24) opset 20 outputs ["v12_0"] : (!onnx.value) -> !onnx.value
    %26 = onnx.node "Transpose"(%25) opset 20 attributes {perm = array<i64: 1, 0>} outputs ["v13_0"] : (!onnx.value) -> !onnx.value
    %27 = onnx.node "Squeeze"(%26, %8) opset 20 outputs ["v14_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %28 = onnx.node "Gather"(%arg0, %27) opset 20 attributes {axis = 0 : i64} outputs ["v15_0"] : (tensor<?x4xf32>, !onnx.value) -> !onnx.value
    %29 = onnx.node "Gemm"(%28, %9, %10) opset 20 attributes {transB = 1 : i64} outputs ["v16_0"] : (!onnx.value, tensor<8x4xf32>, tensor<8xf32>) -> !onnx.value
    %30 = onnx.node "Relu"(%29) opset 20 outputs ["v17_0"] : (!onnx.value) -> !onnx.value
    %31 = onnx.node "Gemm"(%30, %11, %12) opset 20 attributes {transB = 1 : i64} outputs ["v18_0"] : (!onnx.value, tensor<4x8xf32>, tensor<4xf32>) -> !onnx.value
    %32 = onnx.node "ScatterND"(%23, %26, %31) opset 20 outputs ["v19_0"] : (!onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %33 = onnx.node "Identity"(%32) opset 20 outputs ["y"] : (!onnx.value) -> !onnx.value
    return %33 : !onnx.value
  }
}

// -----

// The two matrices are chosen by different numbers.
// CHECK: module attributes {{.*}}tfc.routes = [{detail = "its matrices are gathered by different numbers", form = "graph"
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.route
module attributes {onnx.file = "/tmp/h1_g/a.onnx", onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main_graph(%arg0: tensor<?x4xf32> {onnx.dims = ["n", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.initializer "c0" = dense<5.000000e-01> : tensor<4x2xf32>
    %1 = onnx.initializer "c1" = dense<1> : tensor<1xi64>
    %2 = onnx.initializer "c2" = dense<5.000000e-01> : tensor<2x4x8xf32>
    %3 = onnx.initializer "c3" = dense<5.000000e-01> : tensor<2x8x4xf32>
    %4 = onnx.node "MatMul"(%arg0, %0) opset 20 outputs ["v0_0"] : (tensor<?x4xf32>, tensor<4x2xf32>) -> !onnx.value
    %5 = onnx.node "ArgMax"(%4) opset 20 attributes {axis = -1 : i64, keepdims = 0 : i64, select_last_index = 0 : i64} outputs ["v1_0"] : (!onnx.value) -> !onnx.value
    %6 = onnx.node "ArgMax"(%4) opset 20 attributes {axis = -1 : i64, keepdims = 0 : i64, select_last_index = 1 : i64} outputs ["v2_0"] : (!onnx.value) -> !onnx.value
    %7 = onnx.node "Unsqueeze"(%arg0, %1) opset 20 outputs ["v3_0"] : (tensor<?x4xf32>, tensor<1xi64>) -> !onnx.value
    %8 = onnx.node "Gather"(%2, %5) opset 20 attributes {axis = 0 : i64} outputs ["v4_0"] : (tensor<2x4x8xf32>, !onnx.value) -> !onnx.value
    %9 = onnx.node "Gather"(%3, %6) opset 20 attributes {axis = 0 : i64} outputs ["v5_0"] : (tensor<2x8x4xf32>, !onnx.value) -> !onnx.value
    %10 = onnx.node "MatMul"(%7, %8) opset 20 outputs ["v6_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %11 = onnx.node "Relu"(%10) opset 20 outputs ["v7_0"] : (!onnx.value) -> !onnx.value
    %12 = onnx.node "MatMul"(%11, %9) opset 20 outputs ["v8_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %13 = onnx.node "Identity"(%12) opset 20 outputs ["y"] : (!onnx.value) -> !onnx.value
    return %13 : !onnx.value
  }
}

// -----

// Gates of all experts: none is chosen, and nothing is said.
// CHECK-NOT: tfc.routes
// CHECK-LABEL: func.func @main_graph
// CHECK-NOT: attn.route
// CHECK: return
module attributes {onnx.file = "/tmp/h1_g/a.onnx", onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main_graph(%arg0: tensor<?x4xf32> {onnx.dims = ["n", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.initializer "c0" = dense<5.000000e-01> : tensor<4x2xf32>
    %1 = onnx.initializer "c1" = dense<5.000000e-01> : tensor<4x8xf32>
    %2 = onnx.initializer "c2" = dense<5.000000e-01> : tensor<4x8xf32>
    %3 = onnx.initializer "c3" = dense<5.000000e-01> : tensor<8x4xf32>
    %4 = onnx.initializer "c4" = dense<0> : tensor<1xi64>
    %5 = onnx.initializer "c5" = dense<1> : tensor<1xi64>
    %6 = onnx.initializer "c6" = dense<-1> : tensor<1xi64>
    %7 = onnx.initializer "c7" = dense<5.000000e-01> : tensor<4x8xf32>
    %8 = onnx.initializer "c8" = dense<5.000000e-01> : tensor<4x8xf32>
    %9 = onnx.initializer "c9" = dense<5.000000e-01> : tensor<8x4xf32>
    %10 = onnx.initializer "c10" = dense<1> : tensor<1xi64>
    %11 = onnx.initializer "c11" = dense<2> : tensor<1xi64>
    %12 = onnx.initializer "c12" = dense<-1> : tensor<1xi64>
    %13 = onnx.node "MatMul"(%arg0, %0) opset 20 outputs ["v0_0"] : (tensor<?x4xf32>, tensor<4x2xf32>) -> !onnx.value
    %14 = onnx.node "Softmax"(%13) opset 20 attributes {axis = -1 : i64} outputs ["v1_0"] : (!onnx.value) -> !onnx.value
    %15 = onnx.node "MatMul"(%arg0, %1) opset 20 outputs ["v2_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %16 = onnx.node "Sigmoid"(%15) opset 20 outputs ["v3_0"] : (!onnx.value) -> !onnx.value
    %17 = onnx.node "Mul"(%15, %16) opset 20 outputs ["v4_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %18 = onnx.node "MatMul"(%arg0, %2) opset 20 outputs ["v5_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %19 = onnx.node "Mul"(%17, %18) opset 20 outputs ["v6_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %20 = onnx.node "MatMul"(%19, %3) opset 20 outputs ["v7_0"] : (!onnx.value, tensor<8x4xf32>) -> !onnx.value
    %21 = onnx.node "Slice"(%14, %4, %5, %6) opset 20 outputs ["v8_0"] : (!onnx.value, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.value
    %22 = onnx.node "Mul"(%20, %21) opset 20 outputs ["v9_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %23 = onnx.node "MatMul"(%arg0, %7) opset 20 outputs ["v10_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %24 = onnx.node "Sigmoid"(%23) opset 20 outputs ["v11_0"] : (!onnx.value) -> !onnx.value
    %25 = onnx.node "Mul"(%23, %24) opset 20 outputs ["v12_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %26 = onnx.node "MatMul"(%arg0, %8) opset 20 outputs ["v13_0"] : (tensor<?x4xf32>, tensor<4x8xf32>) -> !onnx.value
    %27 = onnx.node "Mul"(%25, %26) opset 20 outputs ["v14_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %28 = onnx.node "MatMul"(%27, %9) opset 20 outputs ["v15_0"] : (!onnx.value, tensor<8x4xf32>) -> !onnx.value
    %29 = onnx.node "Slice"(%14, %10, %11, %12) opset 20 outputs ["v16_0"] : (!onnx.value, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.value
    %30 = onnx.node "Mul"(%28, %29) opset 20 outputs ["v17_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %31 = onnx.node "Add"(%22, %30) opset 20 outputs ["v18_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %32 = onnx.node "Identity"(%31) opset 20 outputs ["y"] : (!onnx.value) -> !onnx.value
    return %32 : !onnx.value
  }
}

// -----

// All experts at once, by stacks of matrices.
// CHECK: module attributes {{.*}}tfc.routes = [{detail = "2 experts, 2 a token", form = "attn.route"
// CHECK-LABEL: func.func @main_graph
// CHECK: attn.route activation {{.*}}relu ins(%arg0, %{{.*}} : tensor<?x4xf32>, tensor<?x2xi64>, tensor<?x2xf32>) w1(%{{.*}} : tensor<2x4x8xf32>) w2(%{{.*}} : tensor<2x8x4xf32>) b1(%{{.*}} : tensor<2x8xf32>) b2(%{{.*}} : tensor<2x4xf32>)
// CHECK-NEXT: return
module attributes {onnx.file = "/tmp/h1_g/a.onnx", onnx.ir_version = 10 : i64, onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main_graph(%arg0: tensor<?x4xf32> {onnx.dims = ["n", ""], onnx.name = "x"}) -> (!onnx.value {onnx.dims = [], onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %0 = onnx.initializer "c0" = dense<5.000000e-01> : tensor<4x2xf32>
    %1 = onnx.initializer "c1" = dense<2> : tensor<1xi64>
    %2 = onnx.initializer "c2" = dense<-1> : tensor<1xi64>
    %3 = onnx.initializer "c3" = dense<0.000000e+00> : tensor<f32>
    %4 = onnx.initializer "c4" = dense<[2, 1]> : tensor<2xi64>
    %5 = onnx.initializer "c5" = dense<[2, -1, 4]> : tensor<3xi64>
    %6 = onnx.initializer "c6" = dense<5.000000e-01> : tensor<2x4x8xf32>
    %7 = onnx.initializer "c7" = dense<5.000000e-01> : tensor<2x1x8xf32>
    %8 = onnx.initializer "c8" = dense<5.000000e-01> : tensor<2x8x4xf32>
    %9 = onnx.initializer "c9" = dense<5.000000e-01> : tensor<2x1x4xf32>
    %10 = onnx.initializer "c10" = dense<2> : tensor<1xi64>
    %11 = onnx.initializer "c11" = dense<0> : tensor<1xi64>
    %12 = onnx.node "MatMul"(%arg0, %0) opset 20 outputs ["v0_0"] : (tensor<?x4xf32>, tensor<4x2xf32>) -> !onnx.value
    %13 = onnx.node "Softmax"(%12) opset 20 attributes {axis = -1 : i64} outputs ["v1_0"] : (!onnx.value) -> !onnx.value
    %14:2 = onnx.node "TopK"(%13, %1) opset 20 attributes {axis = -1 : i64} outputs ["v2_0", "v2_1"] : (!onnx.value, tensor<1xi64>) -> (!onnx.value, !onnx.value)
    %15 = onnx.node "ReduceSum"(%14#0, %2) opset 20 attributes {keepdims = 1 : i64} outputs ["v3_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %16 = onnx.node "Div"(%14#0, %15) opset 20 outputs ["v4_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %17 = onnx.node "Shape"(%13) opset 20 outputs ["v5_0"] : (!onnx.value) -> !onnx.value
    %18 = onnx.node "Expand"(%3, %17) opset 20 outputs ["v6_0"] : (tensor<f32>, !onnx.value) -> !onnx.value
    %19 = onnx.node "ScatterElements"(%18, %14#1, %16) opset 20 attributes {axis = 1 : i64} outputs ["v7_0"] : (!onnx.value, !onnx.value, !onnx.value) -> !onnx.value
    %20 = onnx.node "Tile"(%arg0, %4) opset 20 outputs ["v8_0"] : (tensor<?x4xf32>, tensor<2xi64>) -> !onnx.value
    %21 = onnx.node "Reshape"(%20, %5) opset 20 outputs ["v9_0"] : (!onnx.value, tensor<3xi64>) -> !onnx.value
    %22 = onnx.node "MatMul"(%21, %6) opset 20 outputs ["v10_0"] : (!onnx.value, tensor<2x4x8xf32>) -> !onnx.value
    %23 = onnx.node "Add"(%22, %7) opset 20 outputs ["v11_0"] : (!onnx.value, tensor<2x1x8xf32>) -> !onnx.value
    %24 = onnx.node "Relu"(%23) opset 20 outputs ["v12_0"] : (!onnx.value) -> !onnx.value
    %25 = onnx.node "MatMul"(%24, %8) opset 20 outputs ["v13_0"] : (!onnx.value, tensor<2x8x4xf32>) -> !onnx.value
    %26 = onnx.node "Add"(%25, %9) opset 20 outputs ["v14_0"] : (!onnx.value, tensor<2x1x4xf32>) -> !onnx.value
    %27 = onnx.node "Transpose"(%19) opset 20 attributes {perm = array<i64: 1, 0>} outputs ["v15_0"] : (!onnx.value) -> !onnx.value
    %28 = onnx.node "Unsqueeze"(%27, %10) opset 20 outputs ["v16_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %29 = onnx.node "Mul"(%26, %28) opset 20 outputs ["v17_0"] : (!onnx.value, !onnx.value) -> !onnx.value
    %30 = onnx.node "ReduceSum"(%29, %11) opset 20 attributes {keepdims = 0 : i64} outputs ["v18_0"] : (!onnx.value, tensor<1xi64>) -> !onnx.value
    %31 = onnx.node "Identity"(%30) opset 20 outputs ["y"] : (!onnx.value) -> !onnx.value
    return %31 : !onnx.value
  }
}
