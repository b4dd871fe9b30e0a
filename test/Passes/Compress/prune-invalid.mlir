// RUN: split-file %s %t
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{head-share=1}))' 2>&1 | FileCheck %s --check-prefix=SHARE
// SHARE: error: attn-prune: head-share is 1.000000e+00; expected 0 or more, below 1
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{share=-0.5}))' 2>&1 | FileCheck %s --check-prefix=LESS
// LESS: error: attn-prune: share is -5.000000e-01; expected 0 or more, below 1
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{share=0.9}))' 2>&1 | FileCheck %s --check-prefix=MOST
// MOST: error: attn-prune: share is 9.000000e-01; without less than one of all heads and channels, or with weights of other types than f32, it can be 5.000000e-01 at most
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{importance=size}))' 2>&1 | FileCheck %s --check-prefix=IMPORTANCE
// IMPORTANCE: error: attn-prune: importance is 'size'; expected moments or magnitude
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{damping=-1}))' 2>&1 | FileCheck %s --check-prefix=DAMPING
// DAMPING: error: attn-prune: damping is -1.000000e+00; expected 0 or more
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=nowhere=0}))' 2>&1 | FileCheck %s --check-prefix=SITE
// SITE: error: attn-prune: 'nowhere' sums over no heads or channels; those that do are 'down'
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{keep=down=3}))' 2>&1 | FileCheck %s --check-prefix=MANY
// MANY: error: attn-prune: keep has 'down=3'; expected a number from 1 to 2
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{keep=down=0}))' 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: attn-prune: keep has 'down=0'; expected a number from 1 to 2
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=down=0 keep=down=1}))' 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: attn-prune: keep has 'down=1', of which drop or keep have said what stays
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=down=0:x}))' 2>&1 | FileCheck %s --check-prefix=LIST
// LIST: error: attn-prune: drop has 'down=0:x'; expected a site, '=' and numbers with ':' between
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=down}))' 2>&1 | FileCheck %s --check-prefix=NOLIST
// NOLIST: error: attn-prune: drop has 'down'; expected a site
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=down=2}))' 2>&1 | FileCheck %s --check-prefix=INDEX
// INDEX: error: attn-prune: 'down' has 2 channels, counted from 0; there is no 2
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=down=0:1}))' 2>&1 | FileCheck %s --check-prefix=ALL
// ALL: error: attn-prune: 'down': 'linalg.exp': nothing of it would stay
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{head-share=0.5}))' 2>&1 | FileCheck %s --check-prefix=NOHEADS
// NOHEADS: error: attn-prune: there are no heads that can go
// What the model is read and written through, and what norms are over.
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=up=0}))' 2>&1 | FileCheck %s --check-prefix=INPUT
// INPUT: error: attn-prune: what 'up' sums over cannot lose any: it reads an input of the model
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=normed=0}))' 2>&1 | FileCheck %s --check-prefix=NORM
// NORM: error: attn-prune: what 'normed' sums over cannot lose any: 'attn.norm' of node 'norm': a norm is over all features
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=result=0}))' 2>&1 | FileCheck %s --check-prefix=RESULT
// RESULT: error: attn-prune: what 'result' sums over cannot lose any: 'func.return': all of dimension 1 of operand 1 takes part
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=most=0}))' 2>&1 | FileCheck %s --check-prefix=MOSTOF
// MOSTOF: error: attn-prune: what 'most' sums over cannot lose any: 'linalg.generic' of node 'largest': it reduces over it, and not by a sum
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=summed=0}))' 2>&1 | FileCheck %s --check-prefix=SUM
// SUM: error: attn-prune: what 'summed' sums over cannot lose any: other operations sum over what it reads
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop-layers=1}))' 2>&1 | FileCheck %s --check-prefix=LAYER
// LAYER: error: attn-prune: there is no layer 1; they count from 1 to 0
// RUN: not tfc-opt %t/m.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop-blocks=down}))' 2>&1 | FileCheck %s --check-prefix=BLOCK
// BLOCK: error: attn-prune: no residual block ends with 'down'; there are none
// Text without numbers.
// RUN: not tfc-opt %t/f16.mlir --pass-pipeline='builtin.module(func.func(attn-prune{channel-share=0.5}))' 2>&1 | FileCheck %s --check-prefix=F16
// F16: error: attn-prune: 'down' has weights that are not there as numbers of f32
// Given by number, any type goes.
// RUN: tfc-opt %t/f16.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=down=0}))' | FileCheck %s --check-prefix=GIVEN
// GIVEN: dense<2.000000e+00> : tensor<1x1xf16>
//--- m.mlir
func.func @m(%x: tensor<4x2xf32>) -> (tensor<4x1xf32>, tensor<4x2xf32>, tensor<4x1xf32>, tensor<4x1xf32>, tensor<4x1xf32>, tensor<4x1xf32>, tensor<4xf32>, tensor<4xf32>) {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %v = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %zero = arith.constant 0.0 : f32
  %e2 = tensor.empty() : tensor<4x2xf32>
  %e1 = tensor.empty() : tensor<4x1xf32>
  %e = tensor.empty() : tensor<4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %h = attn.linear ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32> loc("up")
  %a = linalg.exp ins(%h : tensor<4x2xf32>) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y = attn.linear ins(%a, %v : tensor<4x2xf32>, tensor<2x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32> loc("down")
  %h2 = attn.linear ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  %n = attn.norm rms axis 1 epsilon 1.0 ins(%h2 : tensor<4x2xf32>) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32> loc("norm")
  %y2 = attn.linear ins(%n, %v : tensor<4x2xf32>, tensor<2x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32> loc("normed")
  %h3 = attn.linear ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y3 = attn.linear ins(%h3, %v : tensor<4x2xf32>, tensor<2x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32> loc("result")
  %h4 = attn.linear ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y4 = attn.linear ins(%h4, %v : tensor<4x2xf32>, tensor<2x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32> loc("most")
  %max = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%h4 : tensor<4x2xf32>) outs(%fill : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.maximumf %out, %in : f32
    linalg.yield %m : f32
  } -> tensor<4xf32> loc("largest")
  %h5 = attn.linear ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y5 = attn.linear ins(%h5, %v : tensor<4x2xf32>, tensor<2x1xf32>) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32> loc("summed")
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%h5 : tensor<4x2xf32>) outs(%fill : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.addf %out, %in : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  return %y, %h3, %y2, %y3, %y4, %y5, %max, %sum : tensor<4x1xf32>, tensor<4x2xf32>, tensor<4x1xf32>, tensor<4x1xf32>, tensor<4x1xf32>, tensor<4x1xf32>, tensor<4xf32>, tensor<4xf32>
}
//--- f16.mlir
func.func @f16(%x: tensor<4x2xf16>) -> tensor<4x1xf16> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf16>
  %v = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf16>
  %e2 = tensor.empty() : tensor<4x2xf16>
  %e1 = tensor.empty() : tensor<4x1xf16>
  %h = attn.linear ins(%x, %w : tensor<4x2xf16>, tensor<2x2xf16>) outs(%e2 : tensor<4x2xf16>) activation relu -> tensor<4x2xf16>
  %y = attn.linear ins(%h, %v : tensor<4x2xf16>, tensor<2x1xf16>) outs(%e1 : tensor<4x1xf16>) -> tensor<4x1xf16> loc("down")
  return %y : tensor<4x1xf16>
}
