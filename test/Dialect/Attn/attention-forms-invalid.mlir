// RUN: tfc-opt %s --split-input-file --verify-diagnostics

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

// -----

func.func @top_of_none(%q: tensor<1x4x6x8xf32>) {
  // expected-error @below {{'attn.attention' op expected a top of one at least, and beside softmax without key_blocks}}
  %0 = attn.attention top 0 scale 1.0 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @top_of_linear(%q: tensor<1x4x6x8xf32>) {
  // expected-error @below {{'attn.attention' op expected a top of one at least, and beside softmax without key_blocks}}
  %0 = attn.attention score linear top 2 scale 1.0 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @top_of_blocks(%q: tensor<1x4x6x8xf32>, %b: tensor<3x2xi64>) {
  // expected-error @below {{'attn.attention' op expected a top of one at least, and beside softmax without key_blocks}}
  %0 = attn.attention top 2 scale 1.0 block_size 2 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) key_blocks(%b : tensor<3x2xi64>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return
}

// -----

func.func @sequences_with_lengths(%q: tensor<1x4x6x8xf32>, %b: tensor<3xi64>, %n: tensor<1xi64>) -> tensor<1x4x6x8xf32> {
  // expected-error @below {{'attn.attention' op expected sequences with softmax, causality and windows alone}}
  %0 = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) key_lengths(%n : tensor<1xi64>) sequences(%b : tensor<3xi64>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return %0 : tensor<1x4x6x8xf32>
}

// -----

func.func @sequences_in_batches(%q: tensor<2x4x6x8xf32>, %b: tensor<3xi64>) -> tensor<2x4x6x8xf32> {
  // expected-error @below {{'attn.attention' op expected query of sizes [1, 4, 6, 8], found 'tensor<2x4x6x8xf32>'}}
  %0 = attn.attention scale 1.0 ins(%q, %q, %q : tensor<2x4x6x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x8xf32>) sequences(%b : tensor<3xi64>) outs(%q : tensor<2x4x6x8xf32>) -> tensor<2x4x6x8xf32>
  return %0 : tensor<2x4x6x8xf32>
}

// -----

func.func @no_bounds(%q: tensor<1x4x6x8xf32>, %b: tensor<0xi64>) -> tensor<1x4x6x8xf32> {
  // expected-error @below {{'attn.attention' op expected one bound of sequences at least}}
  %0 = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>, tensor<1x4x6x8xf32>) sequences(%b : tensor<0xi64>) outs(%q : tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return %0 : tensor<1x4x6x8xf32>
}
