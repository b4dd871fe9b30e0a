// RUN: split-file %s %t
// RUN: tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-sparse-attention{top=3}))' | FileCheck %s
// RUN: tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-sparse-attention{top=1}))' | FileCheck %s --check-prefix=HARD
// RUN: tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-sparse-attention{top=3 tops=causal=2 sites=causal}))' | FileCheck %s --check-prefix=ONE

// CHECK-LABEL: @attentions
// CHECK-SAME: {pass = "sparse-attention", site = "plain", top = 3 : i64}
// CHECK-SAME: {left_alone = "its scores go through no softmax", pass = "sparse-attention", site = "linear"}
// CHECK-SAME: {left_alone = "its keys are in blocks that are listed", pass = "sparse-attention", site = "blocks"}
// CHECK-SAME: {left_alone = "it has the greatest 2 scores alone", pass = "sparse-attention", site = "sparse"}
// CHECK-SAME: {left_alone = "it has 3 keys, not more than 3", pass = "sparse-attention", site = "few"}
// CHECK: attn.attention top 3 scale
// CHECK: attn.attention top 3 scale 5.000000e-01 causal
// CHECK: attn.attention score {{.*}}linear scale
// CHECK: attn.attention scale 5.000000e-01 block_size 1
// CHECK: attn.attention top 2 scale
// CHECK: attn.attention scale

// A row that may be hidden as a whole is no row of one key.
// HARD: attn.attention score {{.*}}hard scale
// HARD: attn.attention top 1 scale 5.000000e-01 causal
// HARD: attn.attention score {{.*}}linear scale
// HARD: attn.attention scale 5.000000e-01 block_size 1
// HARD: attn.attention score {{.*}}hard scale
// HARD: attn.attention score {{.*}}hard scale

// ONE: attn.attention scale
// ONE: attn.attention top 2 scale 5.000000e-01 causal

// RUN: not tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-sparse-attention{tops=linear=2}))' 2>&1 | FileCheck %s --check-prefix=NAMED
// NAMED: error: {{.*}}sparse-attention: 'linear': its scores go through no softmax
// RUN: not tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-sparse-attention{top=2 sites=none}))' 2>&1 | FileCheck %s --check-prefix=SITE
// SITE: error: sparse-attention: there is no attention before a linear layer 'none'; there are 'plain', 'causal',
// RUN: not tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-sparse-attention))' 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: sparse-attention: expected top or tops
// RUN: not tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-sparse-attention{tops=plain}))' 2>&1 | FileCheck %s --check-prefix=FORM
// FORM: error: sparse-attention: tops takes SITE=N, N from 1 on, not 'plain'

//--- ok.mlir
func.func @attentions(%q: tensor<1x2x5x4xf32>, %k: tensor<1x2x5x4xf32>, %f: tensor<1x2x3x4xf32>, %b: tensor<5x1xi64>)
    -> (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) {
  %e = tensor.empty() : tensor<1x2x5x4xf32>
  %plain = attn.attention scale 0.5 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("plain")
  %causal = attn.attention scale 0.5 causal ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("causal")
  %linear = attn.attention score linear scale 0.5 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("linear")
  %blocks = attn.attention scale 0.5 block_size 1 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) key_blocks(%b : tensor<5x1xi64>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("blocks")
  %sparse = attn.attention top 2 scale 0.5 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("sparse")
  %few = attn.attention scale 0.5 ins(%q, %f, %f : tensor<1x2x5x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("few")
  return %plain, %causal, %linear, %blocks, %sparse, %few : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>
}
