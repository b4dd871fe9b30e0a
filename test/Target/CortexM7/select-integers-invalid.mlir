// RUN: tfc-opt %s --m7-select-integers --split-input-file --verify-diagnostics
// RUN: tfc-opt %s --m7-select-integers=allow-float --split-input-file | FileCheck %s

// A sum of two products has a scale at its end only.
// CHECK-LABEL: func.func @missing(
// CHECK: linalg.matmul
// CHECK: attn.quantize
func.func @missing(%x: tensor<4x4xi8>) -> tensor<4x4xi8> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %i = tensor.empty() : tensor<4x4xi8>
  %f = attn.dequantize ins(%x : tensor<4x4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  // expected-error @+1 {{its result enters another operation in f32: a scale is missing between them; --allow-float computes}}
  %p = linalg.matmul ins(%f, %f : tensor<4x4xf32>, tensor<4x4xf32>) outs(%start : tensor<4x4xf32>) -> tensor<4x4xf32>
  %s = linalg.add ins(%p, %f : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y = attn.quantize ins(%s : tensor<4x4xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<4x4xi8>) -> tensor<4x4xi8>
  return %y : tensor<4x4xi8>
}

// -----

// Two scales side by side, and none for both.
func.func @together(%a: tensor<2x2xi8>, %b: tensor<2x2xi8>) -> tensor<2x4xi8> {
  %weights = arith.constant dense<1> : tensor<4x4xi8>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x2xf32>
  %we = tensor.empty() : tensor<4x4xf32>
  %o = tensor.empty() : tensor<2x4xf32>
  %i = tensor.empty() : tensor<2x4xi8>
  %f = attn.dequantize ins(%a : tensor<2x2xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %g = attn.dequantize ins(%b : tensor<2x2xi8>) as !quant.uniform<i8:f32, 0.25> outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %w = attn.dequantize ins(%weights : tensor<4x4xi8>) as !quant.uniform<i8:f32, 0.25> outs(%we : tensor<4x4xf32>) -> tensor<4x4xf32>
  %c = tensor.insert_slice %f into %o[0, 0] [2, 2] [1, 1] : tensor<2x2xf32> into tensor<2x4xf32>
  // expected-error @+1 {{a scale is missing between them}}
  %d = tensor.insert_slice %g into %c[0, 2] [2, 2] [1, 1] : tensor<2x2xf32> into tensor<2x4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%o : tensor<2x4xf32>) -> tensor<2x4xf32>
  %p = linalg.matmul ins(%d, %w : tensor<2x4xf32>, tensor<4x4xf32>) outs(%start : tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = attn.quantize ins(%p : tensor<2x4xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<2x4xi8>) -> tensor<2x4xi8>
  return %y : tensor<2x4xi8>
}

// -----

func.func @scales(%x: tensor<4x4xi8>) -> tensor<4x4xi8> {
  %weights = arith.constant dense<1> : tensor<4x4xi8>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %i = tensor.empty() : tensor<4x4xi8>
  %f = attn.dequantize ins(%x : tensor<4x4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %w = attn.dequantize ins(%weights : tensor<4x4xi8>) as !quant.uniform<i8:f32, 1.0> outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  // expected-error @+1 {{the scales of x and weights are not below half of the result's}}
  %p = linalg.matmul ins(%f, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%start : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y = attn.quantize ins(%p : tensor<4x4xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<4x4xi8>) -> tensor<4x4xi8>
  return %y : tensor<4x4xi8>
}

// -----

// Scales along what is summed cannot be taken out of the sum.
func.func @along(%x: tensor<4x4xi8>) -> tensor<4x4xi8> {
  %weights = arith.constant dense<1> : tensor<4x4xi8>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %i = tensor.empty() : tensor<4x4xi8>
  %f = attn.dequantize ins(%x : tensor<4x4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %w = attn.dequantize ins(%weights : tensor<4x4xi8>) as !quant.uniform<i8:f32:0, {0.1, 0.2, 0.1, 0.1}> outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  // expected-error @+1 {{its weights have scales along the dimension that is summed}}
  %p = linalg.matmul ins(%f, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%start : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y = attn.quantize ins(%p : tensor<4x4xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<4x4xi8>) -> tensor<4x4xi8>
  return %y : tensor<4x4xi8>
}

// -----

func.func @weight(%x: tensor<4x4xi8>) -> tensor<4x4xi8> {
  %weights = arith.constant dense<-1> : tensor<4x4xi8>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %i = tensor.empty() : tensor<4x4xi8>
  %f = attn.dequantize ins(%x : tensor<4x4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %w = attn.dequantize ins(%weights : tensor<4x4xi8>) as !quant.uniform<u8:f32, 0.25> outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  // expected-error @+1 {{a weight less its zero point leaves two of int8}}
  %p = linalg.matmul ins(%f, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%start : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y = attn.quantize ins(%p : tensor<4x4xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<4x4xi8>) -> tensor<4x4xi8>
  return %y : tensor<4x4xi8>
}

// -----

func.func @bias(%x: tensor<4x4xi8>) -> tensor<4x4xi8> {
  %weights = arith.constant dense<1> : tensor<4x4xi8>
  %numbers = arith.constant dense<[[1.0], [2.0], [1.0], [1.0]]> : tensor<4x1xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %i = tensor.empty() : tensor<4x4xi8>
  %f = attn.dequantize ins(%x : tensor<4x4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %w = attn.dequantize ins(%weights : tensor<4x4xi8>) as !quant.uniform<i8:f32, 0.25> outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  // expected-error @+1 {{what is added to it differs from row to row}}
  %p = linalg.matmul ins(%f, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%start : tensor<4x4xf32>) -> tensor<4x4xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, 0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%p, %numbers : tensor<4x4xf32>, tensor<4x1xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%v: f32, %n: f32, %out: f32):
    %q = arith.addf %v, %n : f32
    linalg.yield %q : f32
  } -> tensor<4x4xf32>
  %y = attn.quantize ins(%s : tensor<4x4xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<4x4xi8>) -> tensor<4x4xi8>
  return %y : tensor<4x4xi8>
}

// -----

// 2^-7 / 2^-7 / 2^-12 leaves 10 bits of 22.
func.func @quotient(%a: tensor<4xi8>, %b: tensor<4xi8>) -> tensor<4xi8> {
  %e = tensor.empty() : tensor<4xf32>
  %i = tensor.empty() : tensor<4xi8>
  %f = attn.dequantize ins(%a : tensor<4xi8>) as !quant.uniform<i8:f32, 0.0078125> outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %g = attn.dequantize ins(%b : tensor<4xi8>) as !quant.uniform<i8:f32, 0.0078125> outs(%e : tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{the quotient's scale is too far above the result's}}
  %s = linalg.div ins(%f, %g : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %y = attn.quantize ins(%s : tensor<4xf32>) as !quant.uniform<i8:f32, 2.44140625E-4> outs(%i : tensor<4xi8>) -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// -----

// A power of two tensors.
func.func @power(%a: tensor<4xi8>, %b: tensor<4xi8>) -> tensor<4xi8> {
  %e = tensor.empty() : tensor<4xf32>
  %i = tensor.empty() : tensor<4xi8>
  %f = attn.dequantize ins(%a : tensor<4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %g = attn.dequantize ins(%b : tensor<4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{computes 'math.powf' in f32, of several quantised values or of one that has no scale}}
  %s = linalg.powf ins(%f, %g : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %y = attn.quantize ins(%s : tensor<4xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<4xi8>) -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// -----

func.func @epsilon(%x: tensor<3x4xi8>) -> tensor<3x4xi8> {
  %e = tensor.empty() : tensor<3x4xf32>
  %i = tensor.empty() : tensor<3x4xi8>
  %f = attn.dequantize ins(%x : tensor<3x4xi8>) as !quant.uniform<i8:f32, 0.00001:3> outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  // expected-error @+1 {{epsilon is too many of x's steps}}
  %n = attn.norm layer axis 1 epsilon 0.25 ins(%f : tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = attn.quantize ins(%n : tensor<3x4xf32>) as !quant.uniform<i8:f32, 0.5:1> outs(%i : tensor<3x4xi8>) -> tensor<3x4xi8>
  return %y : tensor<3x4xi8>
}

// -----

func.func @output(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %i = tensor.empty() : tensor<4xi8>
  %q = attn.quantize ins(%x : tensor<4xf32>) as !quant.uniform<i8:f32, 0.5> outs(%i : tensor<4xi8>) -> tensor<4xi8>
  %f = attn.dequantize ins(%q : tensor<4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{gives an output in f32, which is not quantised}}
  %y = linalg.tanh ins(%f : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// expected-error @+1 {{an input is used in f32; expected it to be quantised before anything else}}
func.func @input(%x: tensor<4xf32>) -> tensor<4xi8> {
  %e = tensor.empty() : tensor<4xf32>
  %i = tensor.empty() : tensor<4xi8>
  %g = linalg.add ins(%x, %x : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %y = attn.quantize ins(%g : tensor<4xf32>) as !quant.uniform<i8:f32, 0.5> outs(%i : tensor<4xi8>) -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// -----

// Where a number lies between two steps, their order says nothing of it.
func.func @rest(%x: tensor<4xi8>) -> (tensor<4xi8>, tensor<4xi1>) {
  %number = arith.constant 0.3 : f32
  %e = tensor.empty() : tensor<4xf32>
  %i = tensor.empty() : tensor<4xi8>
  %b = tensor.empty() : tensor<4xi1>
  // expected-error @+1 {{is computed in f32: no scale is known for its result}}
  %f = attn.dequantize ins(%x : tensor<4xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %y = attn.quantize ins(%f : tensor<4xf32>) as !quant.uniform<i8:f32, 0.5> outs(%i : tensor<4xi8>) -> tensor<4xi8>
  %c = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%f : tensor<4xf32>) outs(%b : tensor<4xi1>) {
  ^bb0(%v: f32, %out: i1):
    %q = arith.cmpf ogt, %v, %number : f32
    linalg.yield %q : i1
  } -> tensor<4xi1>
  return %y, %c : tensor<4xi8>, tensor<4xi1>
}
