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

func.func @route_rank(%x: tensor<1x5x8xf32>, %c: tensor<5x2xi64>, %g: tensor<5x2xf32>, %w1: tensor<4x8x16xf32>, %w2: tensor<4x16x8xf32>, %w3: tensor<4x8x16xf32>, %b1: tensor<4x16xf32>, %b2: tensor<4x8xf32>, %i: tensor<5x8xf32>) {
  // expected-error @below {{'attn.route' op expected x of rank 2, found 'tensor<1x5x8xf32>'}}
  %0 = attn.route ins(%x, %c, %g : tensor<1x5x8xf32>, tensor<5x2xi64>, tensor<5x2xf32>) w1(%w1 : tensor<4x8x16xf32>) w2(%w2 : tensor<4x16x8xf32>) w3(%w3 : tensor<4x8x16xf32>) b1(%b1 : tensor<4x16xf32>) b2(%b2 : tensor<4x8xf32>) outs(%i : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @route_choices(%x: tensor<5x8xf32>, %c: tensor<6x2xi64>, %g: tensor<5x2xf32>, %w1: tensor<4x8x16xf32>, %w2: tensor<4x16x8xf32>, %w3: tensor<4x8x16xf32>, %b1: tensor<4x16xf32>, %b2: tensor<4x8xf32>, %i: tensor<5x8xf32>) {
  // expected-error @below {{'attn.route' op expected choices of sizes [5, 2], found 'tensor<6x2xi64>'}}
  %0 = attn.route ins(%x, %c, %g : tensor<5x8xf32>, tensor<6x2xi64>, tensor<5x2xf32>) w1(%w1 : tensor<4x8x16xf32>) w2(%w2 : tensor<4x16x8xf32>) w3(%w3 : tensor<4x8x16xf32>) b1(%b1 : tensor<4x16xf32>) b2(%b2 : tensor<4x8xf32>) outs(%i : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @route_gates(%x: tensor<5x8xf32>, %c: tensor<5x2xi64>, %g: tensor<5x3xf32>, %w1: tensor<4x8x16xf32>, %w2: tensor<4x16x8xf32>, %w3: tensor<4x8x16xf32>, %b1: tensor<4x16xf32>, %b2: tensor<4x8xf32>, %i: tensor<5x8xf32>) {
  // expected-error @below {{'attn.route' op expected gates of sizes [5, 2], found 'tensor<5x3xf32>'}}
  %0 = attn.route ins(%x, %c, %g : tensor<5x8xf32>, tensor<5x2xi64>, tensor<5x3xf32>) w1(%w1 : tensor<4x8x16xf32>) w2(%w2 : tensor<4x16x8xf32>) w3(%w3 : tensor<4x8x16xf32>) b1(%b1 : tensor<4x16xf32>) b2(%b2 : tensor<4x8xf32>) outs(%i : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @route_gate_type(%x: tensor<5x8xf32>, %c: tensor<5x2xi64>, %g: tensor<5x2xf16>, %w1: tensor<4x8x16xf32>, %w2: tensor<4x16x8xf32>, %w3: tensor<4x8x16xf32>, %b1: tensor<4x16xf32>, %b2: tensor<4x8xf32>, %i: tensor<5x8xf32>) {
  // expected-error @below {{'attn.route' op expected elements of type 'f32' everywhere, found 'tensor<5x2xf16>'}}
  %0 = attn.route ins(%x, %c, %g : tensor<5x8xf32>, tensor<5x2xi64>, tensor<5x2xf16>) w1(%w1 : tensor<4x8x16xf32>) w2(%w2 : tensor<4x16x8xf32>) w3(%w3 : tensor<4x8x16xf32>) b1(%b1 : tensor<4x16xf32>) b2(%b2 : tensor<4x8xf32>) outs(%i : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @route_w1(%x: tensor<5x8xf32>, %c: tensor<5x2xi64>, %g: tensor<5x2xf32>, %w1: tensor<4x7x16xf32>, %w2: tensor<4x16x8xf32>, %w3: tensor<4x8x16xf32>, %b1: tensor<4x16xf32>, %b2: tensor<4x8xf32>, %i: tensor<5x8xf32>) {
  // expected-error @below {{'attn.route' op expected w1 of sizes [4, 8, 16], found 'tensor<4x7x16xf32>'}}
  %0 = attn.route ins(%x, %c, %g : tensor<5x8xf32>, tensor<5x2xi64>, tensor<5x2xf32>) w1(%w1 : tensor<4x7x16xf32>) w2(%w2 : tensor<4x16x8xf32>) w3(%w3 : tensor<4x8x16xf32>) b1(%b1 : tensor<4x16xf32>) b2(%b2 : tensor<4x8xf32>) outs(%i : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @route_w2(%x: tensor<5x8xf32>, %c: tensor<5x2xi64>, %g: tensor<5x2xf32>, %w1: tensor<4x8x16xf32>, %w2: tensor<3x16x8xf32>, %w3: tensor<4x8x16xf32>, %b1: tensor<4x16xf32>, %b2: tensor<4x8xf32>, %i: tensor<5x8xf32>) {
  // expected-error @below {{'attn.route' op expected w2 of sizes [4, 16, 8], found 'tensor<3x16x8xf32>'}}
  %0 = attn.route ins(%x, %c, %g : tensor<5x8xf32>, tensor<5x2xi64>, tensor<5x2xf32>) w1(%w1 : tensor<4x8x16xf32>) w2(%w2 : tensor<3x16x8xf32>) w3(%w3 : tensor<4x8x16xf32>) b1(%b1 : tensor<4x16xf32>) b2(%b2 : tensor<4x8xf32>) outs(%i : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @route_w3(%x: tensor<5x8xf32>, %c: tensor<5x2xi64>, %g: tensor<5x2xf32>, %w1: tensor<4x8x16xf32>, %w2: tensor<4x16x8xf32>, %w3: tensor<4x8x15xf32>, %b1: tensor<4x16xf32>, %b2: tensor<4x8xf32>, %i: tensor<5x8xf32>) {
  // expected-error @below {{'attn.route' op expected w3 of sizes [4, 8, 16], found 'tensor<4x8x15xf32>'}}
  %0 = attn.route ins(%x, %c, %g : tensor<5x8xf32>, tensor<5x2xi64>, tensor<5x2xf32>) w1(%w1 : tensor<4x8x16xf32>) w2(%w2 : tensor<4x16x8xf32>) w3(%w3 : tensor<4x8x15xf32>) b1(%b1 : tensor<4x16xf32>) b2(%b2 : tensor<4x8xf32>) outs(%i : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @route_b1(%x: tensor<5x8xf32>, %c: tensor<5x2xi64>, %g: tensor<5x2xf32>, %w1: tensor<4x8x16xf32>, %w2: tensor<4x16x8xf32>, %w3: tensor<4x8x16xf32>, %b1: tensor<16xf32>, %b2: tensor<4x8xf32>, %i: tensor<5x8xf32>) {
  // expected-error @below {{'attn.route' op expected b1 of sizes [4, 16], found 'tensor<16xf32>'}}
  %0 = attn.route ins(%x, %c, %g : tensor<5x8xf32>, tensor<5x2xi64>, tensor<5x2xf32>) w1(%w1 : tensor<4x8x16xf32>) w2(%w2 : tensor<4x16x8xf32>) w3(%w3 : tensor<4x8x16xf32>) b1(%b1 : tensor<16xf32>) b2(%b2 : tensor<4x8xf32>) outs(%i : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @route_b2(%x: tensor<5x8xf32>, %c: tensor<5x2xi64>, %g: tensor<5x2xf32>, %w1: tensor<4x8x16xf32>, %w2: tensor<4x16x8xf32>, %w3: tensor<4x8x16xf32>, %b1: tensor<4x16xf32>, %b2: tensor<4x9xf32>, %i: tensor<5x8xf32>) {
  // expected-error @below {{'attn.route' op expected b2 of sizes [4, 8], found 'tensor<4x9xf32>'}}
  %0 = attn.route ins(%x, %c, %g : tensor<5x8xf32>, tensor<5x2xi64>, tensor<5x2xf32>) w1(%w1 : tensor<4x8x16xf32>) w2(%w2 : tensor<4x16x8xf32>) w3(%w3 : tensor<4x8x16xf32>) b1(%b1 : tensor<4x16xf32>) b2(%b2 : tensor<4x9xf32>) outs(%i : tensor<5x8xf32>) -> tensor<5x8xf32>
  return
}

// -----

func.func @route_init(%x: tensor<5x8xf32>, %c: tensor<5x2xi64>, %g: tensor<5x2xf32>, %w1: tensor<4x8x16xf32>, %w2: tensor<4x16x8xf32>, %w3: tensor<4x8x16xf32>, %b1: tensor<4x16xf32>, %b2: tensor<4x8xf32>, %i: tensor<5x9xf32>) {
  // expected-error @below {{'attn.route' op expected init of sizes [5, 8], found 'tensor<5x9xf32>'}}
  %0 = attn.route ins(%x, %c, %g : tensor<5x8xf32>, tensor<5x2xi64>, tensor<5x2xf32>) w1(%w1 : tensor<4x8x16xf32>) w2(%w2 : tensor<4x16x8xf32>) w3(%w3 : tensor<4x8x16xf32>) b1(%b1 : tensor<4x16xf32>) b2(%b2 : tensor<4x8xf32>) outs(%i : tensor<5x9xf32>) -> tensor<5x9xf32>
  return
}

// -----

func.func @offset_per_batch(%q: tensor<2x4x5x8xf32>, %at: tensor<3xi64>) {
  // expected-error @below {{'attn.attention' op expected query_offset of sizes [2], found 'tensor<3xi64>'}}
  %0 = attn.attention scale 1.0 causal ins(%q, %q, %q : tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) query_offset(%at : tensor<3xi64>) outs(%q : tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return
}
