// RUN: split-file %s %t
// RUN: tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-linformer{length=2 beyond=4}))' | FileCheck %s
// RUN: tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-linformer{length=2 beyond=4 sites=pieces}))' | FileCheck %s --check-prefix=ONE
// RUN: tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-linformer))' | FileCheck %s --check-prefix=FEW
// RUN: tfc-opt %t/alone.mlir --pass-pipeline='builtin.module(func.func(attn-linformer{length=2 beyond=2}))' | FileCheck %s --check-prefix=ALONE

// Without statistics pieces of 3 and 2, the first of which counts three times; with them
// the positions whose keys and values are the same: 0 and 2, and the others.
// CHECK-LABEL: @attentions
// CHECK-SAME: {keys = 2 : i64, keys_before = 5 : i64, pass = "linformer", projection = "pieces", site = "pieces"}
// CHECK-SAME: {keys = 2 : i64, keys_before = 5 : i64, pass = "linformer", projection = "groups", site = "groups", variance_kept = 1.000000e+00 : f64}
// CHECK: %[[X:.*]] = math.exp
// CHECK: %[[PIECES:.*]] = arith.constant dense_resource<[[PIECES_BYTES:.*]]> : tensor<2x5xf32>
// CHECK: %[[K:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%[[PIECES]], %[[X]] : tensor<2x5xf32>, tensor<1x2x5x4xf32>)
// CHECK: %[[V:.*]] = linalg.generic {{.*}} ins(%[[PIECES]], %[[X]]
// CHECK: %[[BIAS:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0, 1, 2, 3]] {{.*}} into tensor<1x1x1x2xf32>
// CHECK: attn.attention scale 5.000000e-01 ins(%arg0, %[[K]], %[[V]] : tensor<1x2x5x4xf32>, tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>) bias(%[[BIAS]] :
// CHECK: %[[GROUPS:.*]] = arith.constant dense_resource<[[GROUPS_BYTES:.*]]> : tensor<2x5xf32>
// CHECK: linalg.generic {{.*}} ins(%[[GROUPS]], %[[X]]
// CHECK-NOT: tfc.key_positions
// 1/3, 1/3, 1/3, 0, 0 and 0, 0, 0, 1/2, 1/2; 1/2, 0, 1/2, 0, 0 and 0, 1/3, 0, 1/3, 1/3.
// CHECK-DAG: [[PIECES_BYTES]]: "0x04000000ABAAAA3EABAAAA3EABAAAA3E00000000000000000000000000000000000000000000003F0000003F"
// CHECK-DAG: [[GROUPS_BYTES]]: "0x040000000000003F000000000000003F000000000000000000000000ABAAAA3E00000000ABAAAA3EABAAAA3E"

// ONE-COUNT-1: pass = "linformer"
// ONE-NOT: pass = "linformer"

// FEW-COUNT-2: left_alone = "it has 5 keys, not more than 512"
// FEW-NOT: tensor<1x2x64x4xf32>

// ALONE: {left_alone = "its scores go through no softmax", pass = "linformer", site = "linear"}
// ALONE-SAME: {left_alone = "its number of keys is open", pass = "linformer", site = "open"}
// ALONE-SAME: {left_alone = "its keys are in blocks that are listed", pass = "linformer", site = "blocks"}
// ALONE-SAME: {left_alone = "a mask hides some of its keys, which a mix of keys would show", pass = "linformer", site = "masked"}
// ALONE-SAME: {left_alone = "each of its queries sees other keys, by position, which a mix of keys would show", pass = "linformer", site = "causal"}
// ALONE-SAME: {left_alone = "a bias is added to the scores of each key", pass = "linformer", site = "biased"}
// ALONE-SAME: {left_alone = "its keys are an input of the model, as those of a cache are", pass = "linformer", site = "cached"}
// ALONE-NOT: linalg.generic

// RUN: not tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-linformer{lengths=groups=5}))' 2>&1 | FileCheck %s --check-prefix=LONG
// LONG: error: {{.*}}linformer: 'groups': it has 5 keys, not more than 5
// RUN: not tfc-opt %t/alone.mlir --pass-pipeline='builtin.module(func.func(attn-linformer{lengths=causal=2}))' 2>&1 | FileCheck %s --check-prefix=NAMED
// NAMED: error: {{.*}}linformer: 'causal': each of its queries sees other keys
// RUN: not tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-linformer{lengths=none=2}))' 2>&1 | FileCheck %s --check-prefix=SITE
// SITE: error: linformer: there is no attention before a linear layer 'none'; there are 'pieces', 'groups'
// RUN: not tfc-opt %t/ok.mlir --pass-pipeline='builtin.module(func.func(attn-linformer{length=-1}))' 2>&1 | FileCheck %s --check-prefix=LESS
// LESS: error: linformer: length is from 1 on
// RUN: not tfc-opt %t/wrong.mlir --pass-pipeline='builtin.module(func.func(attn-linformer{length=2 beyond=2}))' 2>&1 | FileCheck %s --check-prefix=WRONG
// WRONG: error: {{.*}}has other statistics than tfc.key_positions and tfc.value_positions of 5x5 numbers in f64

//--- ok.mlir
func.func @attentions(%q: tensor<1x2x5x4xf32>, %x: tensor<1x2x5x4xf32>) -> (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) {
  %e = tensor.empty() : tensor<1x2x5x4xf32>
  %k = math.exp %x : tensor<1x2x5x4xf32>
  %pieces = attn.attention scale 0.5 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("pieces")
  %groups = attn.attention scale 0.5 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) outs(%e : tensor<1x2x5x4xf32>) {tfc.key_positions = dense<[[4.0, 0.0, 4.0, 0.0, 0.0], [0.0, 4.0, 0.0, 4.0, 4.0], [4.0, 0.0, 4.0, 0.0, 0.0], [0.0, 4.0, 0.0, 4.0, 4.0], [0.0, 4.0, 0.0, 4.0, 4.0]]> : tensor<5x5xf64>, tfc.value_positions = dense<[[4.0, 0.0, 4.0, 0.0, 0.0], [0.0, 4.0, 0.0, 4.0, 4.0], [4.0, 0.0, 4.0, 0.0, 0.0], [0.0, 4.0, 0.0, 4.0, 4.0], [0.0, 4.0, 0.0, 4.0, 4.0]]> : tensor<5x5xf64>} -> tensor<1x2x5x4xf32> loc("groups")
  return %pieces, %groups : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>
}

//--- wrong.mlir
func.func @wrong(%q: tensor<1x2x5x4xf32>, %x: tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> {
  %e = tensor.empty() : tensor<1x2x5x4xf32>
  %k = math.exp %x : tensor<1x2x5x4xf32>
  %y = attn.attention scale 0.5 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) outs(%e : tensor<1x2x5x4xf32>) {tfc.key_positions = dense<1.0> : tensor<4x4xf64>} -> tensor<1x2x5x4xf32> loc("y")
  return %y : tensor<1x2x5x4xf32>
}

//--- alone.mlir
func.func @alone(%q: tensor<1x2x5x4xf32>, %x: tensor<1x2x5x4xf32>, %o: tensor<1x2x?x4xf32>, %b: tensor<5x1xi64>, %mask: tensor<1x1x1x5xi1>,
                 %bias: tensor<1x1x1x5xf32>, %c: tensor<1x2x4x4xf32>) -> (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) {
  %e = tensor.empty() : tensor<1x2x5x4xf32>
  %k = math.exp %x : tensor<1x2x5x4xf32>
  %last = tensor.extract_slice %k[0, 0, 0, 0] [1, 2, 1, 4] [1, 1, 1, 1] : tensor<1x2x5x4xf32> to tensor<1x2x1x4xf32>
  %before = tensor.insert_slice %c into %e[0, 0, 0, 0] [1, 2, 4, 4] [1, 1, 1, 1] : tensor<1x2x4x4xf32> into tensor<1x2x5x4xf32>
  %cache = tensor.insert_slice %last into %before[0, 0, 4, 0] [1, 2, 1, 4] [1, 1, 1, 1] : tensor<1x2x1x4xf32> into tensor<1x2x5x4xf32>
  %linear = attn.attention score linear scale 0.5 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("linear")
  %open = attn.attention scale 0.5 ins(%q, %o, %o : tensor<1x2x5x4xf32>, tensor<1x2x?x4xf32>, tensor<1x2x?x4xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("open")
  %blocks = attn.attention scale 0.5 block_size 1 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) key_blocks(%b : tensor<5x1xi64>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("blocks")
  %masked = attn.attention scale 0.5 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) mask(%mask : tensor<1x1x1x5xi1>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("masked")
  %causal = attn.attention scale 0.5 causal ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("causal")
  %biased = attn.attention scale 0.5 ins(%q, %k, %k : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) bias(%bias : tensor<1x1x1x5xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("biased")
  %cached = attn.attention scale 0.5 ins(%q, %cache, %cache : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) outs(%e : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> loc("cached")
  return %linear, %open, %blocks, %masked, %causal, %biased, %cached : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>
}
