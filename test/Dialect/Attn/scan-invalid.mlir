// RUN: tfc-opt %s --split-input-file --verify-diagnostics

func.func @key(%q: tensor<1x2x5x8xf32>, %k: tensor<1x2x4x8xf32>, %s: tensor<1x2x8x8xf32>) {
  // expected-error @below {{'attn.scan' op expected key of sizes [1, 2, 5, 8], found 'tensor<1x2x4x8xf32>'}}
  %y:2 = attn.scan scale 1.0 ins(%q, %k, %k : tensor<1x2x5x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q, %s : tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>
  return
}

// -----

func.func @state(%q: tensor<1x2x5x8xf32>, %s: tensor<1x2x8x6xf32>) {
  // expected-error @below {{'attn.scan' op expected state of sizes [1, 2, 8, 8], found 'tensor<1x2x8x6xf32>'}}
  %y:2 = attn.scan scale 1.0 ins(%q, %q, %q : tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>)
      outs(%q, %s : tensor<1x2x5x8xf32>, tensor<1x2x8x6xf32>) -> tensor<1x2x5x8xf32>, tensor<1x2x8x6xf32>
  return
}

// -----

func.func @heads(%q: tensor<1x3x5x8xf32>, %k: tensor<1x2x5x8xf32>, %s: tensor<1x2x8x8xf32>) {
  // expected-error @below {{'attn.scan' op expected the heads of query to be a multiple of those of key, found 3 and 2}}
  %y:2 = attn.scan scale 1.0 ins(%q, %k, %k : tensor<1x3x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>)
      outs(%q, %s : tensor<1x3x5x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x3x5x8xf32>, tensor<1x2x8x8xf32>
  return
}

// -----

func.func @step_alone(%q: tensor<1x2x5x8xf32>, %s: tensor<1x2x8x8xf32>) {
  // expected-error @below {{'attn.scan' op expected both step and rate, or none}}
  %y:2 = attn.scan scale 1.0 ins(%q, %q, %q : tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>)
      step(%q : tensor<1x2x5x8xf32>)
      outs(%q, %s : tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>
  return
}

// -----

func.func @two_decays(%q: tensor<1x2x5x8xf32>, %r: tensor<2x8x8xf32>, %s: tensor<1x2x8x8xf32>) {
  // expected-error @below {{'attn.scan' op expected decay, or step and rate, found both}}
  %y:2 = attn.scan scale 1.0 ins(%q, %q, %q : tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>)
      decay(%q : tensor<1x2x5x8xf32>) step(%q : tensor<1x2x5x8xf32>) rate(%r : tensor<2x8x8xf32>)
      outs(%q, %s : tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>
  return
}

// -----

func.func @rate(%q: tensor<1x2x5x8xf32>, %r: tensor<1x8x8xf32>, %s: tensor<1x2x8x8xf32>) {
  // expected-error @below {{'attn.scan' op expected rate of sizes [2, 8, 8], found 'tensor<1x8x8xf32>'}}
  %y:2 = attn.scan scale 1.0 ins(%q, %q, %q : tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>)
      step(%q : tensor<1x2x5x8xf32>) rate(%r : tensor<1x8x8xf32>)
      outs(%q, %s : tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>
  return
}

// -----

func.func @beta(%q: tensor<1x2x5x8xf32>, %s: tensor<1x2x8x8xf32>) {
  // expected-error @below {{'attn.scan' op expected beta of sizes [1, 2, 5, 1], found 'tensor<1x2x5x8xf32>'}}
  %y:2 = attn.scan scale 1.0 ins(%q, %q, %q : tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>)
      beta(%q : tensor<1x2x5x8xf32>)
      outs(%q, %s : tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>
  return
}

// -----

func.func @one_result(%q: tensor<1x2x5x8xf32>, %s: tensor<1x2x8x8xf32>) {
  // expected-error @below {{'attn.scan' op expected one result a destination, found 1}}
  %y = attn.scan scale 1.0 ins(%q, %q, %q : tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>)
      outs(%q, %s : tensor<1x2x5x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x2x5x8xf32>
  return
}
