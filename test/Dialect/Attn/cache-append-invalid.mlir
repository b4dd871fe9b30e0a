// RUN: tfc-opt %s --split-input-file --verify-diagnostics

func.func @axis(%new: tensor<2x3x6xf32>, %cache: tensor<2x4x6xf32>) {
  // expected-error @below {{'attn.cache_append' op expected an axis from 1 to 2, found 0}}
  %0 = attn.cache_append axis 0 ins(%new : tensor<2x3x6xf32>) outs(%cache : tensor<2x4x6xf32>) -> tensor<2x4x6xf32>
  return
}

// -----

func.func @sizes(%new: tensor<2x3x5xf32>, %cache: tensor<2x4x6xf32>) {
  // expected-error @below {{'attn.cache_append' op expected present of sizes [2, 3, 6], found 'tensor<2x3x5xf32>'}}
  %0 = attn.cache_append axis 1 ins(%new : tensor<2x3x5xf32>) outs(%cache : tensor<2x4x6xf32>) -> tensor<2x4x6xf32>
  return
}

// -----

func.func @too_many(%new: tensor<2x5x6xf32>, %cache: tensor<2x4x6xf32>) {
  // expected-error @below {{'attn.cache_append' op expected at most 4 tokens, as the cache has, found 5}}
  %0 = attn.cache_append axis 1 ins(%new : tensor<2x5x6xf32>) outs(%cache : tensor<2x4x6xf32>) -> tensor<2x4x6xf32>
  return
}

// -----

func.func @elements(%new: tensor<2x3x6xi8>, %cache: tensor<2x4x6xf32>) {
  // expected-error @below {{'attn.cache_append' op expected elements of type 'f32' everywhere, found 'tensor<2x3x6xi8>'}}
  %0 = attn.cache_append axis 1 ins(%new : tensor<2x3x6xi8>) outs(%cache : tensor<2x4x6xf32>) -> tensor<2x4x6xf32>
  return
}

// -----

func.func @positions(%new: tensor<2x3x6xf32>, %at: tensor<3xi64>, %cache: tensor<2x4x6xf32>) {
  // expected-error @below {{'attn.cache_append' op expected positions of sizes [2], found 'tensor<3xi64>'}}
  %0 = attn.cache_append axis 1 ins(%new : tensor<2x3x6xf32>) positions(%at : tensor<3xi64>) outs(%cache : tensor<2x4x6xf32>) -> tensor<2x4x6xf32>
  return
}
