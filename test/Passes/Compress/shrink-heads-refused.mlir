// RUN: split-file %s %t
// RUN: tfc-opt %t/rotated.mlir --pass-pipeline='builtin.module(func.func(attn-shrink-heads{query-key=1 value=1}))' | FileCheck %s
// RUN: not tfc-opt %t/rotated.mlir --pass-pipeline='builtin.module(func.func(attn-shrink-heads{query-keys=out=1}))' 2>&1 | FileCheck %s --check-prefix=ROPE
// ROPE: error: {{.*}}shrink-heads: query-key of 'out': its operands are no linear layer's heads but for their order: there is 'attn.rope'
// RUN: not tfc-opt %t/rotated.mlir --pass-pipeline='builtin.module(func.func(attn-shrink-heads{values=out=3}))' 2>&1 | FileCheck %s --check-prefix=MORE
// MORE: error: {{.*}}shrink-heads: value of 'out': it has 2 elements, fewer than 3
// RUN: not tfc-opt %t/rotated.mlir --pass-pipeline='builtin.module(func.func(attn-shrink-heads{values=in=1}))' 2>&1 | FileCheck %s --check-prefix=SITE
// RUN: not tfc-opt %t/rotated.mlir --pass-pipeline='builtin.module(func.func(attn-shrink-heads{value=1 sites=in}))' 2>&1 | FileCheck %s --check-prefix=SITE
// SITE: error: shrink-heads: there is no attention before a linear layer 'in'; there are 'out'
// RUN: not tfc-opt %t/rotated.mlir --pass-pipeline='builtin.module(func.func(attn-shrink-heads))' 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: shrink-heads: expected query-key, value, energy, query-keys or values
// RUN: not tfc-opt %t/rotated.mlir --pass-pipeline='builtin.module(func.func(attn-shrink-heads{values=out}))' 2>&1 | FileCheck %s --check-prefix=FORM
// FORM: error: shrink-heads: values takes SITE=N, N from 1 on, not 'out'
// RUN: not tfc-opt %t/rotated.mlir --pass-pipeline='builtin.module(func.func(attn-shrink-heads{energy=2}))' 2>&1 | FileCheck %s --check-prefix=SHARE
// SHARE: error: shrink-heads: numbers of elements are from 1 on, and energy is a share above 0 and up to 1

// Rotated queries stay, and keys with them; values become smaller.
// CHECK-LABEL: @rotated
// CHECK-SAME: {left_alone = "query-key: its operands are no linear layer's heads but for their order: there is 'attn.rope'", pass = "shrink-heads", site = "out"}
// CHECK-SAME: value = 1 : i64
// CHECK: attn.attention {{.*}} : tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>, tensor<1x1x3x1xf32>)
// A value that is a result of the function too.
// RUN: tfc-opt %t/cached.mlir --pass-pipeline='builtin.module(func.func(attn-shrink-heads{value=1}))' | FileCheck %s --check-prefix=CACHE
// CACHE: left_alone = "a layer before it is read elsewhere too"
// CACHE: attn.attention {{.*}} tensor<1x1x3x2xf32>)
// A reshape that mixes rows with elements is no order of heads.
// RUN: tfc-opt %t/mixed.mlir --pass-pipeline='builtin.module(func.func(attn-shrink-heads{value=1 query-key=1}))' | FileCheck %s --check-prefix=MIXED
// MIXED: left_alone = "query-key: its operands are no linear layer's heads but for their order

//--- rotated.mlir
func.func @rotated(%x: tensor<1x3x2xf32>, %cos: tensor<1x1x3x2xf32>) -> tensor<1x3x2xf32> {
  %w = arith.constant dense<[[1.0, 0.0], [2.0, 1.0]]> : tensor<2x2xf32>
  %u = arith.constant dense<[[1.0, 3.0], [2.0, 1.0]]> : tensor<2x2xf32>
  %v = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %wo = arith.constant dense<[[2.0, 1.0], [1.0, 2.0]]> : tensor<2x2xf32>
  %e = tensor.empty() : tensor<1x3x2xf32>
  %he = tensor.empty() : tensor<1x1x3x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x3x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x3x2xf32>) -> tensor<1x3x2xf32>
  %k = attn.linear ins(%x, %u : tensor<1x3x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x3x2xf32>) -> tensor<1x3x2xf32>
  %z = attn.linear ins(%x, %v : tensor<1x3x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x3x2xf32>) -> tensor<1x3x2xf32>
  %qh = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 3, 2] : tensor<1x3x2xf32> into tensor<1x1x3x2xf32>
  %kh = tensor.expand_shape %k [[0], [1, 2], [3]] output_shape [1, 1, 3, 2] : tensor<1x3x2xf32> into tensor<1x1x3x2xf32>
  %vh = tensor.expand_shape %z [[0], [1, 2], [3]] output_shape [1, 1, 3, 2] : tensor<1x3x2xf32> into tensor<1x1x3x2xf32>
  %qr = attn.rope ins(%qh, %cos, %cos : tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>) outs(%he : tensor<1x1x3x2xf32>) -> tensor<1x1x3x2xf32>
  %a = attn.attention scale 0.5 ins(%qr, %kh, %vh : tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>) outs(%he : tensor<1x1x3x2xf32>) -> tensor<1x1x3x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x3x2xf32> into tensor<1x3x2xf32>
  %y = attn.linear ins(%j, %wo : tensor<1x3x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x3x2xf32>) -> tensor<1x3x2xf32> loc("out")
  return %y : tensor<1x3x2xf32>
}

//--- cached.mlir
func.func @cached(%q: tensor<1x1x3x2xf32>, %x: tensor<1x3x2xf32>) -> (tensor<1x3x2xf32>, tensor<1x1x3x2xf32>) {
  %v = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %wo = arith.constant dense<[[2.0, 1.0], [1.0, 2.0]]> : tensor<2x2xf32>
  %e = tensor.empty() : tensor<1x3x2xf32>
  %he = tensor.empty() : tensor<1x1x3x2xf32>
  %z = attn.linear ins(%x, %v : tensor<1x3x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x3x2xf32>) -> tensor<1x3x2xf32>
  %vh = tensor.expand_shape %z [[0], [1, 2], [3]] output_shape [1, 1, 3, 2] : tensor<1x3x2xf32> into tensor<1x1x3x2xf32>
  %a = attn.attention scale 0.5 ins(%q, %q, %vh : tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>) outs(%he : tensor<1x1x3x2xf32>) -> tensor<1x1x3x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x3x2xf32> into tensor<1x3x2xf32>
  %y = attn.linear ins(%j, %wo : tensor<1x3x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x3x2xf32>) -> tensor<1x3x2xf32> loc("out")
  return %y, %vh : tensor<1x3x2xf32>, tensor<1x1x3x2xf32>
}

//--- mixed.mlir
func.func @mixed(%x: tensor<1x2x2xf32>) -> tensor<1x2x4xf32> {
  %w = arith.constant dense<[[1.0, 0.0, 2.0, 1.0], [2.0, 1.0, 0.5, 3.0]]> : tensor<2x4xf32>
  %e = tensor.empty() : tensor<1x2x4xf32>
  %he = tensor.empty() : tensor<1x2x2x2xf32>
  // Heads of [2 rows, 2 x 2 elements] as if the rows were the heads.
  %q = attn.linear ins(%x, %w : tensor<1x2x2xf32>, tensor<2x4xf32>) outs(%e : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %h = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 2, 2, 2] : tensor<1x2x4xf32> into tensor<1x2x2x2xf32>
  %a = attn.attention scale 0.5 ins(%h, %h, %h : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) outs(%he : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %j = tensor.collapse_shape %a [[0], [1], [2, 3]] : tensor<1x2x2x2xf32> into tensor<1x2x4xf32>
  return %j : tensor<1x2x4xf32>
}
