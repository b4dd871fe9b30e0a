// RUN: split-file %s %t
// RUN: tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out}))' | FileCheck %s
// RUN: tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out importance=class keep=0.2}))' | FileCheck %s --check-prefix=CLASS

// The first of 5 and half of the others. The fit knows no rows of the original for what is behind.
// CHECK-LABEL: @f
// CHECK-SAME: {pass = "prune-tokens", site = "out", tokens = 3 : i64, tokens_before = 5 : i64}
// CHECK: %[[SUM:.*]] = linalg.add {{.*}} -> tensor<1x5x2xf32>
// CHECK: math.exp
// CHECK: %[[RECEIVED:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction", "reduction", "parallel"]{{.*}} outs(%{{.*}} : tensor<1x5xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[RECEIVED]], %[[RECEIVED]] : tensor<1x5xf32>, tensor<1x5xf32>)
// CHECK: %[[TOKENS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x3xi64>)
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} ins(%[[TOKENS]] : tensor<1x3xi64>) outs(%{{.*}} : tensor<1x3x2xf32>)
// CHECK: tensor.extract %[[SUM]]
// CHECK: attn.linear ins(%[[ROWS]],
// CHECK-NOT: tfc.layer
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0] [1, 1, 2] [1, 1, 1] : tensor<1x3x2xf32> to tensor<1x2xf32>

// As many as are said.
// RUN: tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{tokens=out=3}))' | FileCheck %s
// RUN: not tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{tokens=out=5}))' 2>&1 | FileCheck %s --check-prefix=ALL
// RUN: not tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{tokens=in=3}))' 2>&1 | FileCheck %s --check-prefix=SITE
// RUN: not tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{tokens=out=0}))' 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: error: {{.*}}prune-tokens: tokens takes SITE=N, N from 1 on, not 'out=0'

// CLASS: func.func @f
// CLASS-SAME: tokens = 2 : i64
// CLASS: tensor.extract_slice %{{.*}}[0, 0, 0, 0] [1, 1, 1, 2] {{.*}} to tensor<1x1x1x2xf32>

// RUN: not tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{keep=1 after=out}))' 2>&1 | FileCheck %s --check-prefix=SHARE
// SHARE: error: {{.*}}prune-tokens: keep is a share above 0 and below 1
// RUN: not tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{}))' 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: {{.*}}prune-tokens: expected after, the sites of attentions, or tokens
// RUN: not tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{importance=most after=out}))' 2>&1 | FileCheck %s --check-prefix=HOW
// HOW: error: {{.*}}prune-tokens: importance is received or class, not 'most'
// RUN: not tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=in}))' 2>&1 | FileCheck %s --check-prefix=SITE
// SITE: error: {{.*}}prune-tokens: there is no attention before a linear layer 'in'; there are 'out'
// RUN: not tfc-opt %t/class.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{keep=0.9 after=out}))' 2>&1 | FileCheck %s --check-prefix=ALL
// ALL: error: {{.*}}prune-tokens: 'out': it has 5 tokens, of which all would stay
// RUN: not tfc-opt %t/causal.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out}))' 2>&1 | FileCheck %s --check-prefix=CAUSAL
// CAUSAL: error: {{.*}}prune-tokens: 'out': a bias or a window goes by the tokens' places
// RUN: not tfc-opt %t/results.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out}))' 2>&1 | FileCheck %s --check-prefix=RESULTS
// RESULTS: error: {{.*}}prune-tokens: 'out': what follows needs all tokens: 'func.return': result 0 of the model has something for each token
// RUN: not tfc-opt %t/constant.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out}))' 2>&1 | FileCheck %s --check-prefix=CONSTANT
// CONSTANT: error: {{.*}}prune-tokens: 'out': what follows needs all tokens: 'linalg.generic' of '{{.*}}': it reads a constant that has something of its own for each token
// RUN: not tfc-opt %t/input.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out}))' 2>&1 | FileCheck %s --check-prefix=INPUT
// INPUT: error: {{.*}}prune-tokens: 'out': what follows needs all tokens: 'func.func': its argument 1 has a size of its own
// RUN: not tfc-opt %t/computed.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out}))' 2>&1 | FileCheck %s --check-prefix=COMPUTED
// COMPUTED: error: {{.*}}prune-tokens: 'out': what follows needs all tokens: 'linalg.{{.*}}: it reads a {{constant|tensor}} that has something of its own for each token
// RUN: not tfc-opt %t/place.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out}))' 2>&1 | FileCheck %s --check-prefix=PLACE
// PLACE: error: {{.*}}prune-tokens: 'out': what follows needs all tokens: 'tensor.extract_slice' of '{{.*}}': it takes tokens by their places
// RUN: not tfc-opt %t/beside.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out}))' 2>&1 | FileCheck %s --check-prefix=BESIDE
// BESIDE: error: {{.*}}prune-tokens: 'out': what follows needs all tokens: 'tensor.insert_slice' of '{{.*}}': it puts other tokens beside
// RUN: not tfc-opt %t/biased.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out}))' 2>&1 | FileCheck %s --check-prefix=BIASED
// BIASED: error: {{.*}}prune-tokens: 'out': what follows needs all tokens: 'attn.attention': a bias or a window goes by the tokens' places

// Masks are those of the tokens that stay, in columns and rows; the one of the site hides what is received.
// RUN: tfc-opt %t/masked.mlir --pass-pipeline='builtin.module(func.func(attn-prune-tokens{after=out}))' | FileCheck %s --check-prefix=MASKED
// MASKED: @f(%{{.*}}: tensor<1x5x2xf32>, %[[Y:.*]]: tensor<1x1x1x5xi1>, %[[Z:.*]]: tensor<1x1x5x5xi1>)
// MASKED: attn.attention {{.*}} mask(%[[Y]] :
// MASKED: linalg.generic {{.*}} ins(%{{.*}}, %[[Y]] : tensor<1x1x5x5xf32>, tensor<1x1x1x5xi1>)
// MASKED: arith.select
// MASKED: %[[TOKENS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x3xi64>)
// MASKED: %[[COLUMNS:.*]] = linalg.generic {{.*}} ins(%[[TOKENS]] : tensor<1x3xi64>) outs(%{{.*}} : tensor<1x1x1x3xi1>)
// MASKED: tensor.extract %[[Y]]
// MASKED: %[[BOTH:.*]] = linalg.generic {{.*}} ins(%[[TOKENS]], %[[TOKENS]] : tensor<1x3xi64>, tensor<1x3xi64>) outs(%{{.*}} : tensor<1x1x3x3xi1>)
// MASKED: tensor.extract %[[Z]]
// MASKED: attn.attention {{.*}} mask(%[[COLUMNS]] : tensor<1x1x1x3xi1>)
// MASKED: attn.attention {{.*}} mask(%[[BOTH]] : tensor<1x1x3x3xi1>)
// MASKED-NOT: unrealized_conversion_cast

//--- class.mlir
func.func @f(%x: tensor<1x5x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %places = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0]]]> : tensor<1x5x1xf32>
  %e = tensor.empty() : tensor<1x5x2xf32>
  %he = tensor.empty() : tensor<1x1x5x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %h = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %a = attn.attention scale 0.5 ins(%h, %h, %h : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %o = attn.linear ins(%j, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("out")
  %s = linalg.add ins(%x, %o : tensor<1x5x2xf32>, tensor<1x5x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %f = attn.linear ins(%s, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) {tfc.layer = 7} -> tensor<1x5x2xf32> loc("ffn")
  %c = tensor.extract_slice %f[0, 0, 0] [1, 1, 2] [1, 1, 1] : tensor<1x5x2xf32> to tensor<1x2xf32>
  return %c : tensor<1x2xf32>
}

//--- causal.mlir
func.func @f(%x: tensor<1x5x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %places = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0]]]> : tensor<1x5x1xf32>
  %e = tensor.empty() : tensor<1x5x2xf32>
  %he = tensor.empty() : tensor<1x1x5x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %h = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %a = attn.attention scale 0.5 causal ins(%h, %h, %h : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %o = attn.linear ins(%j, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("out")
  %s = linalg.add ins(%x, %o : tensor<1x5x2xf32>, tensor<1x5x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %f = attn.linear ins(%s, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) {tfc.layer = 7} -> tensor<1x5x2xf32> loc("ffn")
  %c = tensor.extract_slice %f[0, 0, 0] [1, 1, 2] [1, 1, 1] : tensor<1x5x2xf32> to tensor<1x2xf32>
  return %c : tensor<1x2xf32>
}

//--- results.mlir
func.func @f(%x: tensor<1x5x2xf32>) -> tensor<1x5x2xf32> {
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %places = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0]]]> : tensor<1x5x1xf32>
  %e = tensor.empty() : tensor<1x5x2xf32>
  %he = tensor.empty() : tensor<1x1x5x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %h = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %a = attn.attention scale 0.5 ins(%h, %h, %h : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %o = attn.linear ins(%j, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("out")
  %s = linalg.add ins(%x, %o : tensor<1x5x2xf32>, tensor<1x5x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %f = attn.linear ins(%s, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) {tfc.layer = 7} -> tensor<1x5x2xf32> loc("ffn")
  return %f : tensor<1x5x2xf32>
}

//--- constant.mlir
func.func @f(%x: tensor<1x5x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %places = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0]]]> : tensor<1x5x1xf32>
  %e = tensor.empty() : tensor<1x5x2xf32>
  %he = tensor.empty() : tensor<1x1x5x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %h = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %a = attn.attention scale 0.5 ins(%h, %h, %h : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %o = attn.linear ins(%j, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("out")
  %s = linalg.add ins(%x, %o : tensor<1x5x2xf32>, tensor<1x5x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, 0)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%s, %places : tensor<1x5x2xf32>, tensor<1x5x1xf32>) outs(%e : tensor<1x5x2xf32>) {
  ^bb0(%l: f32, %r: f32, %i: f32):
    %m = arith.mulf %l, %r : f32
    linalg.yield %m : f32
  } -> tensor<1x5x2xf32>
  %c = tensor.extract_slice %f[0, 0, 0] [1, 1, 2] [1, 1, 1] : tensor<1x5x2xf32> to tensor<1x2xf32>
  return %c : tensor<1x2xf32>
}

//--- input.mlir
func.func @f(%x: tensor<1x5x2xf32>, %y: tensor<1x5x1xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %places = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0]]]> : tensor<1x5x1xf32>
  %e = tensor.empty() : tensor<1x5x2xf32>
  %he = tensor.empty() : tensor<1x1x5x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %h = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %a = attn.attention scale 0.5 ins(%h, %h, %h : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %o = attn.linear ins(%j, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("out")
  %s = linalg.add ins(%x, %o : tensor<1x5x2xf32>, tensor<1x5x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, 0)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%s, %y : tensor<1x5x2xf32>, tensor<1x5x1xf32>) outs(%e : tensor<1x5x2xf32>) {
  ^bb0(%l: f32, %r: f32, %i: f32):
    %m = arith.mulf %l, %r : f32
    linalg.yield %m : f32
  } -> tensor<1x5x2xf32>
  %c = tensor.extract_slice %f[0, 0, 0] [1, 1, 2] [1, 1, 1] : tensor<1x5x2xf32> to tensor<1x2xf32>
  return %c : tensor<1x2xf32>
}

//--- computed.mlir
func.func @f(%x: tensor<1x5x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %places = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0]]]> : tensor<1x5x1xf32>
  %e = tensor.empty() : tensor<1x5x2xf32>
  %he = tensor.empty() : tensor<1x1x5x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %h = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %a = attn.attention scale 0.5 ins(%h, %h, %h : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %o = attn.linear ins(%j, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("out")
  %s = linalg.add ins(%x, %o : tensor<1x5x2xf32>, tensor<1x5x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %ze = tensor.empty() : tensor<1x5x1xf32>
  %z = linalg.exp ins(%places : tensor<1x5x1xf32>) outs(%ze : tensor<1x5x1xf32>) -> tensor<1x5x1xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, 0)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%s, %z : tensor<1x5x2xf32>, tensor<1x5x1xf32>) outs(%e : tensor<1x5x2xf32>) {
  ^bb0(%l: f32, %r: f32, %i: f32):
    %m = arith.mulf %l, %r : f32
    linalg.yield %m : f32
  } -> tensor<1x5x2xf32>
  %c = tensor.extract_slice %f[0, 0, 0] [1, 1, 2] [1, 1, 1] : tensor<1x5x2xf32> to tensor<1x2xf32>
  return %c : tensor<1x2xf32>
}

//--- place.mlir
func.func @f(%x: tensor<1x5x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %places = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0]]]> : tensor<1x5x1xf32>
  %e = tensor.empty() : tensor<1x5x2xf32>
  %he = tensor.empty() : tensor<1x1x5x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %h = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %a = attn.attention scale 0.5 ins(%h, %h, %h : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %o = attn.linear ins(%j, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("out")
  %s = linalg.add ins(%x, %o : tensor<1x5x2xf32>, tensor<1x5x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %f = attn.linear ins(%s, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) {tfc.layer = 7} -> tensor<1x5x2xf32> loc("ffn")
  %c = tensor.extract_slice %f[0, 1, 0] [1, 1, 2] [1, 1, 1] : tensor<1x5x2xf32> to tensor<1x2xf32>
  return %c : tensor<1x2xf32>
}

//--- beside.mlir
func.func @f(%x: tensor<1x5x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %places = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0]]]> : tensor<1x5x1xf32>
  %e = tensor.empty() : tensor<1x5x2xf32>
  %he = tensor.empty() : tensor<1x1x5x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %h = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %a = attn.attention scale 0.5 ins(%h, %h, %h : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %o = attn.linear ins(%j, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("out")
  %s = linalg.add ins(%x, %o : tensor<1x5x2xf32>, tensor<1x5x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %f = attn.linear ins(%s, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) {tfc.layer = 7} -> tensor<1x5x2xf32> loc("ffn")
  %we = tensor.empty() : tensor<1x6x2xf32>
  %wide = tensor.insert_slice %f into %we[0, 0, 0] [1, 5, 2] [1, 1, 1] : tensor<1x5x2xf32> into tensor<1x6x2xf32>
  %c = tensor.extract_slice %wide[0, 0, 0] [1, 1, 2] [1, 1, 1] : tensor<1x6x2xf32> to tensor<1x2xf32>
  return %c : tensor<1x2xf32>
}

//--- masked.mlir
func.func @f(%x: tensor<1x5x2xf32>, %y: tensor<1x1x1x5xi1>, %z: tensor<1x1x5x5xi1>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %places = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0]]]> : tensor<1x5x1xf32>
  %e = tensor.empty() : tensor<1x5x2xf32>
  %he = tensor.empty() : tensor<1x1x5x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %h = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %a = attn.attention scale 0.5 masked_score -1.0e9 ins(%h, %h, %h : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) mask(%y : tensor<1x1x1x5xi1>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %o = attn.linear ins(%j, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("out")
  %s = linalg.add ins(%x, %o : tensor<1x5x2xf32>, tensor<1x5x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %g = tensor.expand_shape %s [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %b = attn.attention scale 0.5 ins(%g, %g, %g : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) mask(%y : tensor<1x1x1x5xi1>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %d = attn.attention scale 0.5 ins(%b, %b, %b : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) mask(%z : tensor<1x1x5x5xi1>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %f = tensor.collapse_shape %d [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %c = tensor.extract_slice %f[0, 0, 0] [1, 1, 2] [1, 1, 1] : tensor<1x5x2xf32> to tensor<1x2xf32>
  return %c : tensor<1x2xf32>
}

//--- biased.mlir
func.func @f(%x: tensor<1x5x2xf32>, %y: tensor<1x1x1x5xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %places = arith.constant dense<[[[1.0], [2.0], [3.0], [4.0], [5.0]]]> : tensor<1x5x1xf32>
  %e = tensor.empty() : tensor<1x5x2xf32>
  %he = tensor.empty() : tensor<1x1x5x2xf32>
  %q = attn.linear ins(%x, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %h = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %a = attn.attention scale 0.5 ins(%h, %h, %h : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %j = tensor.collapse_shape %a [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %o = attn.linear ins(%j, %w : tensor<1x5x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("out")
  %s = linalg.add ins(%x, %o : tensor<1x5x2xf32>, tensor<1x5x2xf32>) outs(%e : tensor<1x5x2xf32>) -> tensor<1x5x2xf32>
  %g = tensor.expand_shape %s [[0], [1, 2], [3]] output_shape [1, 1, 5, 2] : tensor<1x5x2xf32> into tensor<1x1x5x2xf32>
  %b = attn.attention scale 0.5 ins(%g, %g, %g : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) bias(%y : tensor<1x1x1x5xf32>) outs(%he : tensor<1x1x5x2xf32>) -> tensor<1x1x5x2xf32>
  %f = tensor.collapse_shape %b [[0], [1, 2], [3]] : tensor<1x1x5x2xf32> into tensor<1x5x2xf32>
  %c = tensor.extract_slice %f[0, 0, 0] [1, 1, 2] [1, 1, 1] : tensor<1x5x2xf32> to tensor<1x2xf32>
  return %c : tensor<1x2xf32>
}
