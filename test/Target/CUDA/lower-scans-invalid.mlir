// RUN: tfc-opt %s --split-input-file --cuda-lower-scans --verify-diagnostics

func.func @open(%k: memref<1x2x8x?xf32>, %y: memref<1x2x8x?xf32>, %state: memref<1x2x?x?xf32>) {
  // expected-error @below {{there is no kernel for it: keys have no known size up to 512}}
  attn.scan scale 1.0 ins(%k, %k, %k : memref<1x2x8x?xf32>, memref<1x2x8x?xf32>, memref<1x2x8x?xf32>)
      outs(%y, %state : memref<1x2x8x?xf32>, memref<1x2x?x?xf32>)
  return
}

// -----

func.func @double(%k: memref<1x2x8x4xf64>, %y: memref<1x2x8x4xf64>, %state: memref<1x2x4x4xf64>) {
  // expected-error @below {{there is no kernel for it: there is none for f64}}
  attn.scan scale 1.0 ins(%k, %k, %k : memref<1x2x8x4xf64>, memref<1x2x8x4xf64>, memref<1x2x8x4xf64>)
      outs(%y, %state : memref<1x2x8x4xf64>, memref<1x2x4x4xf64>)
  return
}

// -----

func.func @shared(%q: memref<1x64x8x512xf32>, %k: memref<1x1x8x512xf32>, %y: memref<1x64x8x512xf32>, %state: memref<1x1x512x512xf32>) {
  // expected-error @below {{there is no kernel for it: too many heads share a state}}
  attn.scan scale 1.0 ins(%q, %k, %k : memref<1x64x8x512xf32>, memref<1x1x8x512xf32>, memref<1x1x8x512xf32>)
      outs(%y, %state : memref<1x64x8x512xf32>, memref<1x1x512x512xf32>)
  return
}

// -----

func.func @tensors(%k: tensor<1x2x8x4xf32>, %state: tensor<1x2x4x4xf32>) -> (tensor<1x2x8x4xf32>, tensor<1x2x4x4xf32>) {
  // expected-error @below {{there is no kernel for it: expected buffers}}
  %y, %last = attn.scan scale 1.0 ins(%k, %k, %k : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>)
      outs(%k, %state : tensor<1x2x8x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x8x4xf32>, tensor<1x2x4x4xf32>
  return %y, %last : tensor<1x2x8x4xf32>, tensor<1x2x4x4xf32>
}
