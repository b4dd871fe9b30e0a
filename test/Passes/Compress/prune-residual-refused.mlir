// RUN: split-file %s %t
// RUN: not tfc-opt %t/post.mlir --pass-pipeline='builtin.module(func.func(attn-prune-residual))' 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: prune-residual: expected share or keep
// RUN: not tfc-opt %t/post.mlir --pass-pipeline='builtin.module(func.func(attn-prune-residual{keep=2 share=0.5}))' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not tfc-opt %t/post.mlir --pass-pipeline='builtin.module(func.func(attn-prune-residual{share=1}))' 2>&1 | FileCheck %s --check-prefix=SHARE
// SHARE: error: prune-residual: share is 0 or more and below 1, keep 1 or more
// RUN: not tfc-opt %t/other.mlir --pass-pipeline='builtin.module(func.func(attn-prune-residual{keep=4}))' 2>&1 | FileCheck %s --check-prefix=ALL
// ALL: error: prune-residual: the stream of 'down' has 4 features, of which all would stay
// RUN: not tfc-opt %t/result.mlir --pass-pipeline='builtin.module(func.func(attn-prune-residual{keep=2}))' 2>&1 | FileCheck %s --check-prefix=RESULT
// RESULT: error: prune-residual: the stream of 'down' cannot lose features: {{.*}}
// What a norm adds to the stream has the norm's scale, which is no rotation's.
// RUN: not tfc-opt %t/post.mlir --pass-pipeline='builtin.module(func.func(attn-prune-residual{keep=2}))' 2>&1 | FileCheck %s --check-prefix=POST
// POST: error: prune-residual: the stream of 'down' cannot lose features: 'attn.linear' of 'up': it reads the residual stream, or what a norm adds to it, without a norm before
// RUN: not tfc-opt %t/activation.mlir --pass-pipeline='builtin.module(func.func(attn-prune-residual{keep=2}))' 2>&1 | FileCheck %s --check-prefix=ACTIVATION
// ACTIVATION: error: prune-residual: the stream of 'down' cannot lose features: 'attn.linear' of 'down': what it writes goes through an activation
// RUN: not tfc-opt %t/product.mlir --pass-pipeline='builtin.module(func.func(attn-prune-residual{keep=2}))' 2>&1 | FileCheck %s --check-prefix=PRODUCT
// PRODUCT: error: prune-residual: the stream of 'down' cannot lose features: 'linalg.mul' of {{.*}}: it is neither a sum nor a linear layer
// RUN: not tfc-opt %t/none.mlir --pass-pipeline='builtin.module(func.func(attn-prune-residual{keep=2}))' 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: error: prune-residual: the model has no residual stream

//--- other.mlir
func.func @f(%in: tensor<3x5xf32>) -> tensor<3x2xf32> {
  %wi = arith.constant dense<0.5> : tensor<5x4xf32>
  %up = arith.constant dense<0.25> : tensor<4x6xf32>
  %down = arith.constant dense<0.125> : tensor<6x4xf32>
  %head = arith.constant dense<2.0> : tensor<4x2xf32>
  %g = arith.constant dense<[1.0, 2.0, 0.5, 1.5]> : tensor<4xf32>
  %e4 = tensor.empty() : tensor<3x4xf32>
  %e6 = tensor.empty() : tensor<3x6xf32>
  %e2 = tensor.empty() : tensor<3x2xf32>
  %x = attn.linear ins(%in, %wi : tensor<3x5xf32>, tensor<5x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("in")
  %n = attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %h = attn.linear ins(%n, %up : tensor<3x4xf32>, tensor<4x6xf32>) outs(%e6 : tensor<3x6xf32>) activation relu -> tensor<3x6xf32> loc("up")
  %d = attn.linear ins(%h, %down : tensor<3x6xf32>, tensor<6x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("down")
  %s = linalg.add ins(%x, %d : tensor<3x4xf32>, tensor<3x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %l = attn.norm layer axis 1 epsilon 1.0e-05 ins(%s : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = attn.linear ins(%l, %head : tensor<3x4xf32>, tensor<4x2xf32>) outs(%e2 : tensor<3x2xf32>) -> tensor<3x2xf32> loc("head")
  return %y : tensor<3x2xf32>
}

//--- result.mlir
func.func @f(%in: tensor<3x5xf32>) -> tensor<3x4xf32> {
  %wi = arith.constant dense<0.5> : tensor<5x4xf32>
  %up = arith.constant dense<0.25> : tensor<4x6xf32>
  %down = arith.constant dense<0.125> : tensor<6x4xf32>
  %head = arith.constant dense<2.0> : tensor<4x2xf32>
  %g = arith.constant dense<[1.0, 2.0, 0.5, 1.5]> : tensor<4xf32>
  %e4 = tensor.empty() : tensor<3x4xf32>
  %e6 = tensor.empty() : tensor<3x6xf32>
  %e2 = tensor.empty() : tensor<3x2xf32>
  %x = attn.linear ins(%in, %wi : tensor<3x5xf32>, tensor<5x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("in")
  %n = attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %h = attn.linear ins(%n, %up : tensor<3x4xf32>, tensor<4x6xf32>) outs(%e6 : tensor<3x6xf32>) activation relu -> tensor<3x6xf32> loc("up")
  %d = attn.linear ins(%h, %down : tensor<3x6xf32>, tensor<6x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("down")
  %s = linalg.add ins(%x, %d : tensor<3x4xf32>, tensor<3x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  return %s : tensor<3x4xf32>
}

//--- post.mlir
func.func @f(%in: tensor<3x5xf32>) -> tensor<3x2xf32> {
  %wi = arith.constant dense<0.5> : tensor<5x4xf32>
  %up = arith.constant dense<0.25> : tensor<4x6xf32>
  %down = arith.constant dense<0.125> : tensor<6x4xf32>
  %head = arith.constant dense<2.0> : tensor<4x2xf32>
  %g = arith.constant dense<[1.0, 2.0, 0.5, 1.5]> : tensor<4xf32>
  %e4 = tensor.empty() : tensor<3x4xf32>
  %e6 = tensor.empty() : tensor<3x6xf32>
  %e2 = tensor.empty() : tensor<3x2xf32>
  %x = attn.linear ins(%in, %wi : tensor<3x5xf32>, tensor<5x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("in")
  %n = attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %h = attn.linear ins(%n, %up : tensor<3x4xf32>, tensor<4x6xf32>) outs(%e6 : tensor<3x6xf32>) activation relu -> tensor<3x6xf32> loc("up")
  %d = attn.linear ins(%h, %down : tensor<3x6xf32>, tensor<6x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("down")
  %s = linalg.add ins(%n, %d : tensor<3x4xf32>, tensor<3x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %l = attn.norm layer axis 1 epsilon 1.0e-05 ins(%s : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = attn.linear ins(%l, %head : tensor<3x4xf32>, tensor<4x2xf32>) outs(%e2 : tensor<3x2xf32>) -> tensor<3x2xf32> loc("head")
  return %y : tensor<3x2xf32>
}

//--- activation.mlir
func.func @f(%in: tensor<3x5xf32>) -> tensor<3x2xf32> {
  %wi = arith.constant dense<0.5> : tensor<5x4xf32>
  %up = arith.constant dense<0.25> : tensor<4x6xf32>
  %down = arith.constant dense<0.125> : tensor<6x4xf32>
  %head = arith.constant dense<2.0> : tensor<4x2xf32>
  %g = arith.constant dense<[1.0, 2.0, 0.5, 1.5]> : tensor<4xf32>
  %e4 = tensor.empty() : tensor<3x4xf32>
  %e6 = tensor.empty() : tensor<3x6xf32>
  %e2 = tensor.empty() : tensor<3x2xf32>
  %x = attn.linear ins(%in, %wi : tensor<3x5xf32>, tensor<5x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("in")
  %n = attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %h = attn.linear ins(%n, %up : tensor<3x4xf32>, tensor<4x6xf32>) outs(%e6 : tensor<3x6xf32>) activation relu -> tensor<3x6xf32> loc("up")
  %d = attn.linear ins(%h, %down : tensor<3x6xf32>, tensor<6x4xf32>) outs(%e4 : tensor<3x4xf32>) activation relu -> tensor<3x4xf32> loc("down")
  %s = linalg.add ins(%x, %d : tensor<3x4xf32>, tensor<3x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %l = attn.norm layer axis 1 epsilon 1.0e-05 ins(%s : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = attn.linear ins(%l, %head : tensor<3x4xf32>, tensor<4x2xf32>) outs(%e2 : tensor<3x2xf32>) -> tensor<3x2xf32> loc("head")
  return %y : tensor<3x2xf32>
}

//--- product.mlir
func.func @f(%in: tensor<3x5xf32>) -> tensor<3x2xf32> {
  %wi = arith.constant dense<0.5> : tensor<5x4xf32>
  %up = arith.constant dense<0.25> : tensor<4x6xf32>
  %down = arith.constant dense<0.125> : tensor<6x4xf32>
  %head = arith.constant dense<2.0> : tensor<4x2xf32>
  %g = arith.constant dense<[1.0, 2.0, 0.5, 1.5]> : tensor<4xf32>
  %e4 = tensor.empty() : tensor<3x4xf32>
  %e6 = tensor.empty() : tensor<3x6xf32>
  %e2 = tensor.empty() : tensor<3x2xf32>
  %x = attn.linear ins(%in, %wi : tensor<3x5xf32>, tensor<5x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("in")
  %n = attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %h = attn.linear ins(%n, %up : tensor<3x4xf32>, tensor<4x6xf32>) outs(%e6 : tensor<3x6xf32>) activation relu -> tensor<3x6xf32> loc("up")
  %d = attn.linear ins(%h, %down : tensor<3x6xf32>, tensor<6x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("down")
  %m = linalg.mul ins(%d, %d : tensor<3x4xf32>, tensor<3x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("product")
  %s = linalg.add ins(%x, %m : tensor<3x4xf32>, tensor<3x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %l = attn.norm layer axis 1 epsilon 1.0e-05 ins(%s : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = attn.linear ins(%l, %head : tensor<3x4xf32>, tensor<4x2xf32>) outs(%e2 : tensor<3x2xf32>) -> tensor<3x2xf32> loc("head")
  return %y : tensor<3x2xf32>
}

//--- none.mlir
func.func @f(%in: tensor<3x5xf32>) -> tensor<3x2xf32> {
  %wi = arith.constant dense<0.5> : tensor<5x4xf32>
  %up = arith.constant dense<0.25> : tensor<4x6xf32>
  %down = arith.constant dense<0.125> : tensor<6x4xf32>
  %head = arith.constant dense<2.0> : tensor<4x2xf32>
  %g = arith.constant dense<[1.0, 2.0, 0.5, 1.5]> : tensor<4xf32>
  %e4 = tensor.empty() : tensor<3x4xf32>
  %e6 = tensor.empty() : tensor<3x6xf32>
  %e2 = tensor.empty() : tensor<3x2xf32>
  %x = attn.linear ins(%in, %wi : tensor<3x5xf32>, tensor<5x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("in")
  %n = attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %h = attn.linear ins(%n, %up : tensor<3x4xf32>, tensor<4x6xf32>) outs(%e6 : tensor<3x6xf32>) activation relu -> tensor<3x6xf32> loc("up")
  %d = attn.linear ins(%h, %down : tensor<3x6xf32>, tensor<6x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("down")
  %s = linalg.mul ins(%d, %d : tensor<3x4xf32>, tensor<3x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %l = attn.norm layer axis 1 epsilon 1.0e-05 ins(%s : tensor<3x4xf32>) scale(%g : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = attn.linear ins(%l, %head : tensor<3x4xf32>, tensor<4x2xf32>) outs(%e2 : tensor<3x2xf32>) -> tensor<3x2xf32> loc("head")
  return %y : tensor<3x2xf32>
}
