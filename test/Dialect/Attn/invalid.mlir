// RUN: tfc-opt %s --split-input-file --verify-diagnostics

func.func @linear(%x: tensor<4x8xf32>, %w: tensor<9x16xf32>, %i: tensor<4x16xf32>) {
  // expected-error @+1 {{expected a weight of 8 rows, as x has columns, found 9}}
  %0 = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<9x16xf32>) outs(%i : tensor<4x16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @linear(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %i: tensor<4x8xf32>) {
  // expected-error @+1 {{expected init of sizes [4, 16], found 'tensor<4x8xf32>'}}
  %0 = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%i : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @linear(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %b: tensor<4xf32>, %i: tensor<4x16xf32>) {
  // expected-error @+1 {{expected bias of sizes [16], found 'tensor<4xf32>'}}
  %0 = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) bias(%b : tensor<4xf32>) outs(%i : tensor<4x16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @linear(%x: tensor<4x8xf32>, %w: tensor<8xf32>, %i: tensor<4x16xf32>) {
  // expected-error @+1 {{expected weight of rank 2, found 'tensor<8xf32>'}}
  %0 = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8xf32>) outs(%i : tensor<4x16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @linear(%x: tensor<4x8xf16>, %w: tensor<8x16xf32>, %i: tensor<4x16xf32>) {
  // expected-error @+1 {{expected elements of type 'f32' everywhere, found 'tensor<4x8xf16>'}}
  %0 = attn.linear ins(%x, %w : tensor<4x8xf16>, tensor<8x16xf32>) outs(%i : tensor<4x16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @linear(%x: memref<4x8xf32>, %w: tensor<8x16xf32>, %i: tensor<4x16xf32>) {
  // expected-error @+1 {{expected tensors only or buffers only, found 'memref<4x8xf32>' beside 'tensor<4x16xf32>'}}
  %0 = attn.linear ins(%x, %w : memref<4x8xf32>, tensor<8x16xf32>) outs(%i : tensor<4x16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @linear(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %i: tensor<4x16xf32>) {
  // expected-error @+1 {{expected one result, found 0}}
  attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%i : tensor<4x16xf32>)
  return
}

// -----

func.func @linear(%x: tensor<4x8xi32>, %w: tensor<8x16xi32>, %i: tensor<4x16xi32>) {
  // expected-error @+1 {{operand #0 must be ranked tensor or memref of floating point numbers}}
  %0 = attn.linear ins(%x, %w : tensor<4x8xi32>, tensor<8x16xi32>) outs(%i : tensor<4x16xi32>) -> tensor<4x16xi32>
  return
}

// -----

func.func @norm(%x: tensor<4x8xf32>, %i: tensor<4x8xf32>) {
  // expected-error @+1 {{expected an axis from 0 to 1, found 2}}
  %0 = attn.norm layer axis 2 epsilon 0.0 ins(%x : tensor<4x8xf32>) outs(%i : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @norm(%x: tensor<4x8xf32>, %i: tensor<4x8xf32>) {
  // expected-error @+1 {{expected an epsilon of 0 or more}}
  %0 = attn.norm layer axis 1 epsilon -1.0 ins(%x : tensor<4x8xf32>) outs(%i : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @norm(%x: tensor<4x8xf32>, %i: tensor<4x9xf32>) {
  // expected-error @+1 {{expected init of sizes [4, 8], found 'tensor<4x9xf32>'}}
  %0 = attn.norm rms axis 1 epsilon 0.0 ins(%x : tensor<4x8xf32>) outs(%i : tensor<4x9xf32>) -> tensor<4x9xf32>
  return
}

// -----

func.func @norm(%x: tensor<4x8xf32>, %s: tensor<4xf32>, %i: tensor<4x8xf32>) {
  // expected-error @+1 {{expected scale of sizes [8], found 'tensor<4xf32>'}}
  %0 = attn.norm rms axis 1 epsilon 0.0 ins(%x : tensor<4x8xf32>) scale(%s : tensor<4xf32>) outs(%i : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @attention(%q: tensor<1x4x5x8xf32>, %k: tensor<1x3x6x8xf32>) {
  // expected-error @+1 {{expected the heads of query to be a multiple of those of key, found 4 and 3}}
  %0 = attn.attention scale 1.0 ins(%q, %k, %k : tensor<1x4x5x8xf32>, tensor<1x3x6x8xf32>, tensor<1x3x6x8xf32>) outs(%q : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  return
}

// -----

func.func @attention(%q: tensor<1x4x5x8xf32>, %k: tensor<1x4x6x7xf32>) {
  // expected-error @+1 {{expected key of sizes [1, 4, 6, 8], found 'tensor<1x4x6x7xf32>'}}
  %0 = attn.attention scale 1.0 ins(%q, %k, %k : tensor<1x4x5x8xf32>, tensor<1x4x6x7xf32>, tensor<1x4x6x7xf32>) outs(%q : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  return
}

// -----

func.func @attention(%q: tensor<1x4x5x8xf32>, %k: tensor<1x4x6x8xf32>, %v: tensor<1x4x7x8xf32>) {
  // expected-error @+1 {{expected value of sizes [1, 4, 6, 8], found 'tensor<1x4x7x8xf32>'}}
  %0 = attn.attention scale 1.0 ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x7x8xf32>) outs(%q : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  return
}

// -----

func.func @attention(%q: tensor<1x4x5x8xf32>, %b: tensor<1x1x5x6xf32>) {
  // expected-error @+1 {{expected a bias of sizes 1 or [1, 4, 5, 5], found 'tensor<1x1x5x6xf32>'}}
  %0 = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>) bias(%b : tensor<1x1x5x6xf32>) outs(%q : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  return
}

// -----

func.func @attention(%q: tensor<4x5x8xf32>) {
  // expected-error @+1 {{expected query of rank 4, found 'tensor<4x5x8xf32>'}}
  %0 = attn.attention scale 1.0 ins(%q, %q, %q : tensor<4x5x8xf32>, tensor<4x5x8xf32>, tensor<4x5x8xf32>) outs(%q : tensor<4x5x8xf32>) -> tensor<4x5x8xf32>
  return
}

// -----

func.func @patch_embed(%x: tensor<1x3x8x8xf32>, %w: tensor<6x2x4x4xf32>, %i: tensor<1x4x6xf32>) {
  // expected-error @+1 {{expected a weight of 3 channels, as image has, found 2}}
  %0 = attn.patch_embed ins(%x, %w : tensor<1x3x8x8xf32>, tensor<6x2x4x4xf32>) outs(%i : tensor<1x4x6xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @patch_embed(%x: tensor<1x3x8x8xf32>, %w: tensor<6x3x4x4xf32>, %i: tensor<1x5x6xf32>) {
  // expected-error @+1 {{expected init of sizes [1, 4, 6], found 'tensor<1x5x6xf32>'}}
  %0 = attn.patch_embed ins(%x, %w : tensor<1x3x8x8xf32>, tensor<6x3x4x4xf32>) outs(%i : tensor<1x5x6xf32>) -> tensor<1x5x6xf32>
  return
}

// -----

func.func @patch_embed(%x: tensor<1x3x8x8xf32>, %w: tensor<6x3x0x4xf32>, %i: tensor<1x5x6xf32>) {
  // expected-error @+1 {{expected patches of one pixel at least, found 'tensor<6x3x0x4xf32>'}}
  %0 = attn.patch_embed ins(%x, %w : tensor<1x3x8x8xf32>, tensor<6x3x0x4xf32>) outs(%i : tensor<1x5x6xf32>) -> tensor<1x5x6xf32>
  return
}

// -----

func.func @both_edges(%q: tensor<1x4x5x8xf32>) {
  // expected-error @below {{'attn.attention' op expected causal or a right_window, which says the same in general, found both}}
  %0 = attn.attention scale 1.0 causal right_window 2 ins(%q, %q, %q : tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>) outs(%q : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  return
}

// -----

func.func @coarse_mask(%q: tensor<1x4x5x8xf32>, %m: tensor<1x1x5x5xi1>) {
  // expected-error @below {{'attn.attention' op expected a mask of sizes 1 or [1, 4, 3, 3], found 'tensor<1x1x5x5xi1>'}}
  %0 = attn.attention scale 1.0 mask_block 2 ins(%q, %q, %q : tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>) mask(%m : tensor<1x1x5x5xi1>) outs(%q : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  return
}

// -----

func.func @linear_bias(%q: tensor<1x4x5x8xf32>, %b: tensor<1x1x5x5xf32>) {
  // expected-error @below {{'attn.attention' op expected no bias, softcap or masked_score with linear scores}}
  %0 = attn.attention score linear scale 1.0 ins(%q, %q, %q : tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>) bias(%b : tensor<1x1x5x5xf32>) outs(%q : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  return
}

// -----

func.func @rope_odd(%x: tensor<1x4x5x8xf32>, %a: tensor<1x1x5x3xf32>) {
  // expected-error @below {{'attn.rope' op expected an even number of rotated features of at most 8, found 3}}
  %0 = attn.rope rotary_size 3 ins(%x, %a, %a : tensor<1x4x5x8xf32>, tensor<1x1x5x3xf32>, tensor<1x1x5x3xf32>) outs(%x : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
  return
}

// -----

func.func @group_size_missing(%q: tensor<1x4x6x8xf32>) {
  // expected-error @below {{'attn.attention' op expected group_size beside grouped scores, and nowhere else}}
  %0 = attn.attention score grouped scale 1.0 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @group_size_alone(%q: tensor<1x4x6x8xf32>) {
  // expected-error @below {{'attn.attention' op expected group_size beside grouped scores, and nowhere else}}
  %0 = attn.attention group_size 2 scale 1.0 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @top_groups_alone(%q: tensor<1x4x6x8xf32>) {
  // expected-error @below {{'attn.attention' op expected top_groups of one at least, and beside grouped scores}}
  %0 = attn.attention top_groups 2 scale 1.0 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @group_of_one(%q: tensor<1x4x6x8xf32>) {
  // expected-error @below {{'attn.attention' op expected groups of two keys at least}}
  %0 = attn.attention score grouped group_size 1 scale 1.0 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @group_size(%q: tensor<1x4x6x8xf32>) {
  // expected-error @below {{'attn.attention' op expected a group_size that divides the number of keys, found 4 and 6}}
  %0 = attn.attention score grouped group_size 4 scale 1.0 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @grouped_causal(%q: tensor<1x4x6x8xf32>) {
  // expected-error @below {{'attn.attention' op expected nothing that hides keys beside grouped scores}}
  %0 = attn.attention score grouped group_size 2 scale 1.0 causal ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @block_size_alone(%q: tensor<1x4x6x8xf32>) {
  // expected-error @below {{'attn.attention' op expected key_blocks and block_size together}}
  %0 = attn.attention scale 1.0 block_size 2 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @block_of_none(%q: tensor<1x4x6x8xf32>, %b: tensor<3x2xi64>) {
  // expected-error @below {{'attn.attention' op expected blocks of one key at least}}
  %0 = attn.attention scale 1.0 block_size 0 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) key_blocks(%b : tensor<3x2xi64>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @block_size(%q: tensor<1x4x6x8xf32>, %b: tensor<3x2xi64>) {
  // expected-error @below {{'attn.attention' op expected a block_size that divides the number of keys, found 4 and 6}}
  %0 = attn.attention scale 1.0 block_size 4 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) key_blocks(%b : tensor<3x2xi64>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @blocks_causal(%q: tensor<1x4x6x8xf32>, %b: tensor<3x2xi64>) {
  // expected-error @below {{'attn.attention' op expected softmax, and nothing that hides or biases scores, beside key_blocks}}
  %0 = attn.attention scale 1.0 causal block_size 2 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) key_blocks(%b : tensor<3x2xi64>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @blocks_rank(%q: tensor<1x4x6x8xf32>, %b: tensor<6xi64>) {
  // expected-error @below {{'attn.attention' op expected key_blocks of rank 2, found 'tensor<6xi64>'}}
  %0 = attn.attention scale 1.0 block_size 2 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) key_blocks(%b : tensor<6xi64>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @blocks_count(%q: tensor<1x4x6x8xf32>, %b: tensor<3x2xi64>) {
  // expected-error @below {{'attn.attention' op expected key_blocks of sizes [2, 2], found 'tensor<3x2xi64>'}}
  %0 = attn.attention scale 1.0 block_size 3 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) key_blocks(%b : tensor<3x2xi64>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}
