// RUN: tfc-opt %s --m7-call-kernels --split-input-file --verify-diagnostics

func.func @scratch(%x: memref<9x4xi8>, %y: memref<9x2xi8>) {
  // expected-error @+1 {{'m7.product' op expected scratch of 24 bytes; m7-assign-scratch gives it}}
  m7.product ins(%x : memref<9x4xi8>) weights dense<1> : tensor<2x4xi8> bias dense<0> : tensor<2xi32>
    multipliers dense<1> : tensor<2xi32> zero 0 outs(%y : memref<9x2xi8>)
  return
}

// -----

func.func @tensors(%x: tensor<9x4xi8>) {
  // expected-error @+1 {{'m7.table' op works on tensors still}}
  %0 = m7.table ins(%x : tensor<9x4xi8>) table dense<7> : tensor<256xi8> outs(%x : tensor<9x4xi8>) -> tensor<9x4xi8>
  return
}

// -----

func.func @sizes(%x: memref<?x4xi8>) {
  // expected-error @+1 {{'m7.table' op expected known sizes, found 'memref<?x4xi8>'}}
  m7.table ins(%x : memref<?x4xi8>) table dense<7> : tensor<256xi8> outs(%x : memref<?x4xi8>)
  return
}

// -----

func.func @apart(%x: memref<9x4xi8, strided<[8, 1]>>) {
  // expected-error @+1 {{'m7.table' op expected elements that follow one another, found 'memref<9x4xi8, strided<[8, 1]>>'}}
  m7.table ins(%x : memref<9x4xi8, strided<[8, 1]>>) table dense<7> : tensor<256xi8> outs(%x : memref<9x4xi8, strided<[8, 1]>>)
  return
}

// -----

func.func @depth(%x: memref<9x10xi8>, %y: memref<9x2xi8>, %scratch: memref<60xi8>) {
  // expected-error @+1 {{'m7.product' op expected rows of a multiple of 4 elements, found 10}}
  m7.product ins(%x : memref<9x10xi8>) weights dense<1> : tensor<2x10xi8> bias dense<0> : tensor<2xi32>
    multipliers dense<1> : tensor<2xi32> zero 0 outs(%y : memref<9x2xi8>) scratch(%scratch : memref<60xi8>)
  return
}

// -----

func.func @channels(%x: memref<1x32769xi8>) {
  // expected-error @+1 {{'m7.norm' op expected at most 32768 channels, found 32769}}
  m7.norm ins(%x : memref<1x32769xi8>) gains dense<65536> : tensor<32769xi32> offsets dense<0> : tensor<32769xi64>
    epsilon 10 x_zero 0 outs(%x : memref<1x32769xi8>)
  return
}

// -----

func.func @keys(%q: memref<3x4xi8>, %k: memref<4097x4xi8>, %scratch: memref<70000xi8>) {
  // expected-error @+1 {{'m7.attention' op expected 1 to 4096 keys, found 4097}}
  m7.attention ins(%q, %k, %k : memref<3x4xi8>, memref<4097x4xi8>, memref<4097x4xi8>) zeros 1, 2, 3 scores 2 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 3 zero 4
    outs(%q : memref<3x4xi8>) scratch(%scratch : memref<70000xi8>)
  return
}
