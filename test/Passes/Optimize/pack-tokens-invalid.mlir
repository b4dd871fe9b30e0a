// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-pack-tokens))' --split-input-file --verify-diagnostics

// expected-error @below {{batches without padding: no attention has a mask that an input of ones and zeros, [batch, tokens], is made to}}
func.func @no_mask(%q: tensor<2x4x8x16xf32>) -> tensor<2x4x8x16xf32> {
  %y = attn.attention scale 0.25 ins(%q, %q, %q : tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>) outs(%q : tensor<2x4x8x16xf32>) -> tensor<2x4x8x16xf32>
  return %y : tensor<2x4x8x16xf32>
}

// -----

#same = affine_map<(d0, d1) -> (d0, d1)>
func.func @another_attends_to_all(%x: tensor<2x8x16xf32>, %m: tensor<2x8xi1>) -> tensor<2x1x8x16xf32> {
  %mask = tensor.expand_shape %m [[0], [1, 2, 3]] output_shape [2, 1, 1, 8] : tensor<2x8xi1> into tensor<2x1x1x8xi1>
  %q = tensor.expand_shape %x [[0], [1, 2], [3]] output_shape [2, 1, 8, 16] : tensor<2x8x16xf32> into tensor<2x1x8x16xf32>
  %y = attn.attention scale 0.25 ins(%q, %q, %q : tensor<2x1x8x16xf32>, tensor<2x1x8x16xf32>, tensor<2x1x8x16xf32>) mask(%mask : tensor<2x1x1x8xi1>) outs(%q : tensor<2x1x8x16xf32>) -> tensor<2x1x8x16xf32>
  // expected-error @below {{batches without padding: it attends to all tokens, whatever the mask says}}
  %z = attn.attention scale 0.25 ins(%y, %y, %y : tensor<2x1x8x16xf32>, tensor<2x1x8x16xf32>, tensor<2x1x8x16xf32>) outs(%q : tensor<2x1x8x16xf32>) -> tensor<2x1x8x16xf32>
  return %z : tensor<2x1x8x16xf32>
}

// -----

// A window counts tokens that are not there any more.
func.func @window(%x: tensor<2x8x16xf32>, %m: tensor<2x8xi1>) -> tensor<2x1x8x16xf32> {
  %mask = tensor.expand_shape %m [[0], [1, 2, 3]] output_shape [2, 1, 1, 8] : tensor<2x8xi1> into tensor<2x1x1x8xi1>
  %q = tensor.expand_shape %x [[0], [1, 2], [3]] output_shape [2, 1, 8, 16] : tensor<2x8x16xf32> into tensor<2x1x8x16xf32>
  // expected-error @below {{batches without padding: it is no plain attention by softmax}}
  %y = attn.attention scale 0.25 left_window 2 ins(%q, %q, %q : tensor<2x1x8x16xf32>, tensor<2x1x8x16xf32>, tensor<2x1x8x16xf32>) mask(%mask : tensor<2x1x1x8xi1>) outs(%q : tensor<2x1x8x16xf32>) -> tensor<2x1x8x16xf32>
  return %y : tensor<2x1x8x16xf32>
}

// -----

// A mean over all tokens, padding too.
func.func @sum(%x: tensor<2x8x16xf32>, %m: tensor<2x8xi1>, %zero: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %mask = tensor.expand_shape %m [[0], [1, 2, 3]] output_shape [2, 1, 1, 8] : tensor<2x8xi1> into tensor<2x1x1x8xi1>
  %q = tensor.expand_shape %x [[0], [1, 2], [3]] output_shape [2, 1, 8, 16] : tensor<2x8x16xf32> into tensor<2x1x8x16xf32>
  %y = attn.attention scale 0.25 ins(%q, %q, %q : tensor<2x1x8x16xf32>, tensor<2x1x8x16xf32>, tensor<2x1x8x16xf32>) mask(%mask : tensor<2x1x1x8xi1>) outs(%q : tensor<2x1x8x16xf32>) -> tensor<2x1x8x16xf32>
  %rows = tensor.collapse_shape %y [[0], [1, 2], [3]] : tensor<2x1x8x16xf32> into tensor<2x8x16xf32>
  // expected-error @below {{batches without padding: it reads tokens that attention leads to otherwise than token by token, and would see the padding gone}}
  %s = linalg.reduce ins(%rows : tensor<2x8x16xf32>) outs(%zero : tensor<2x16xf32>) dimensions = [1] (%in: f32, %out: f32) {
    %t = arith.addf %in, %out : f32
    linalg.yield %t : f32
  }
  return %s : tensor<2x16xf32>
}

// -----

// The mask multiplies, but by 1 where there is padding.
#rows = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#token = affine_map<(d0, d1, d2) -> (d0, d1)>
func.func @opposite_sum(%x: tensor<2x8x16xf32>, %m: tensor<2x8xi1>, %zero: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %mask = tensor.expand_shape %m [[0], [1, 2, 3]] output_shape [2, 1, 1, 8] : tensor<2x8xi1> into tensor<2x1x1x8xi1>
  %q = tensor.expand_shape %x [[0], [1, 2], [3]] output_shape [2, 1, 8, 16] : tensor<2x8x16xf32> into tensor<2x1x8x16xf32>
  %y = attn.attention scale 0.25 ins(%q, %q, %q : tensor<2x1x8x16xf32>, tensor<2x1x8x16xf32>, tensor<2x1x8x16xf32>) mask(%mask : tensor<2x1x1x8xi1>) outs(%q : tensor<2x1x8x16xf32>) -> tensor<2x1x8x16xf32>
  %rows = tensor.collapse_shape %y [[0], [1, 2], [3]] : tensor<2x1x8x16xf32> into tensor<2x8x16xf32>
  %weights = tensor.empty() : tensor<2x8xf32>
  %true = arith.constant true
  %w = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%m : tensor<2x8xi1>) outs(%weights : tensor<2x8xf32>) {
  ^bb0(%in: i1, %out: f32):
    %not = arith.xori %in, %true : i1
    %n = arith.uitofp %not : i1 to f32
    linalg.yield %n : f32
  } -> tensor<2x8xf32>
  %p = linalg.generic {indexing_maps = [#rows, #token, #rows], iterator_types = ["parallel", "parallel", "parallel"]} ins(%rows, %w : tensor<2x8x16xf32>, tensor<2x8xf32>) outs(%rows : tensor<2x8x16xf32>) {
  ^bb0(%in: f32, %weight: f32, %out: f32):
    %t = arith.mulf %in, %weight : f32
    linalg.yield %t : f32
  } -> tensor<2x8x16xf32>
  // expected-error @below {{batches without padding: it reads tokens}}
  %s = linalg.reduce ins(%p : tensor<2x8x16xf32>) outs(%zero : tensor<2x16xf32>) dimensions = [1] (%in: f32, %out: f32) {
    %t = arith.addf %in, %out : f32
    linalg.yield %t : f32
  }
  return %s : tensor<2x16xf32>
}
