// RUN: tfc-opt %s --m7-entry-point --split-input-file --verify-diagnostics

// All open sizes are said at once.
// expected-error @+2 {{input 'ids' has open sizes ('batch', 'length'); the cortex-m7 target needs every size: fix them with --shape ids=NxN}}
// expected-error @+1 {{input 'input1' has open sizes (dimension 1); the cortex-m7 target needs every size: fix them with --shape input1=3xN}}
func.func @open(%a: tensor<?x?xi64> {tfc.name = "ids", tfc.dims = ["batch", "length"]}, %b: tensor<3x?xf32>) -> tensor<3x?xf32> {
  return %b : tensor<3x?xf32>
}

// -----

// expected-error @+1 {{the cortex-m7 target cannot pass input 'x' of type 'tensor<4xf64>'; it takes f32, i1, i8, i16, i32 and i64}}
func.func @double(%x: tensor<4xf64> {tfc.name = "x"}) -> tensor<4xf64> {
  return %x : tensor<4xf64>
}

// -----

func.func @inside(%x: tensor<f32>) -> tensor<f32> {
  %a = tensor.extract %x[] : tensor<f32>
  // expected-error @+1 {{computes in double precision, for which the Cortex-M7 with a single precision FPU has no instructions}}
  %b = arith.extf %a : f32 to f64
  %c = arith.mulf %b, %b : f64
  %d = arith.truncf %c : f64 to f32
  %y = tensor.from_elements %d : tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @one(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
// expected-error @+1 {{expected one public function, found a second}}
func.func @two(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
