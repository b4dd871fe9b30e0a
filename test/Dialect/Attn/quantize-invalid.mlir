// RUN: tfc-opt %s --split-input-file --verify-diagnostics

func.func @type(%x: tensor<4xf32>, %i: tensor<4xi8>) {
  // expected-error @below {{'attn.quantize' op expected a uniform quantised type, found 'i8'}}
  %0 = attn.quantize ins(%x : tensor<4xf32>) as i8 outs(%i : tensor<4xi8>) -> tensor<4xi8>
  return
}

// -----

func.func @real(%x: tensor<4xf16>, %i: tensor<4xi8>) {
  // expected-error @below {{'attn.quantize' op expected f32 on one side, found 'tensor<4xf16>' and '!quant.uniform<i8:f32, 1.000000e-01>'}}
  %0 = attn.quantize ins(%x : tensor<4xf16>) as !quant.uniform<i8:f32, 0.1> outs(%i : tensor<4xi8>) -> tensor<4xi8>
  return
}

// -----

func.func @storage(%x: tensor<4xi16>, %f: tensor<4xf32>) {
  // expected-error @below {{'attn.dequantize' op expected the storage of '!quant.uniform<i8:f32, 1.000000e-01>', of at most 32 bits, found 'tensor<4xi16>'}}
  %0 = attn.dequantize ins(%x : tensor<4xi16>) as !quant.uniform<i8:f32, 0.1> outs(%f : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @wide(%x: tensor<4xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{'attn.quantize' op expected the storage of '!quant.uniform<i32:f32, 1.000000e-01>', of at most 16 bits, found 'tensor<4xi32>'}}
  %0 = attn.quantize ins(%x : tensor<4xf32>) as !quant.uniform<i32:f32, 0.1> outs(%i : tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @slices(%x: tensor<4x3xf32>, %i: tensor<4x3xi8>) {
  // expected-error @below {{'attn.quantize' op expected 2 slices along dimension 1, found 'tensor<4x3xi8>'}}
  %0 = attn.quantize ins(%x : tensor<4x3xf32>) as !quant.uniform<i8:f32:1, {0.1, 0.2}> outs(%i : tensor<4x3xi8>) -> tensor<4x3xi8>
  return
}

// -----

func.func @shape(%x: tensor<4x3xf32>, %i: tensor<4x2xi8>) {
  // expected-error @below {{'attn.quantize' op expected x of sizes [4, 2], found 'tensor<4x3xf32>'}}
  %0 = attn.quantize ins(%x : tensor<4x3xf32>) as !quant.uniform<i8:f32, 0.1> outs(%i : tensor<4x2xi8>) -> tensor<4x2xi8>
  return
}

// -----

func.func @blocks(%x: tensor<5x2xi8>, %f: tensor<5x2xf32>) -> tensor<5x2xf32> {
  // expected-error @below {{'attn.dequantize' op expected 3x2 scales, found 2x2}}
  %0 = attn.dequantize ins(%x : tensor<5x2xi8>) as !quant.uniform<i8:f32:{0:2, 1:1}, {{0.5, 0.25}, {1.0, 2.0}}> outs(%f : tensor<5x2xf32>) -> tensor<5x2xf32>
  return %0 : tensor<5x2xf32>
}

// -----

func.func @blocks(%x: tensor<?x2xi8>, %f: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // expected-error @below {{'attn.dequantize' op expected blocks along known dimensions, found 0 of rank 2}}
  %0 = attn.dequantize ins(%x : tensor<?x2xi8>) as !quant.uniform<i8:f32:{0:2, 1:1}, {{0.5, 0.25}, {1.0, 2.0}}> outs(%f : tensor<?x2xf32>) -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}
