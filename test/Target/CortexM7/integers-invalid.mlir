// RUN: tfc-opt %s --split-input-file --verify-diagnostics

func.func @rows(%x: tensor<9x4xi8>, %y: tensor<8x2xi8>) {
  // expected-error @+1 {{'m7.product' op expected the rows of x to be those of the result, found 'tensor<9x4xi8>' and 'tensor<8x2xi8>'}}
  %0 = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<2x4xi8> bias dense<0> : tensor<2xi32>
    multipliers dense<1> : tensor<2xi32> zero 0 outs(%y : tensor<8x2xi8>) -> tensor<8x2xi8>
  return
}

// -----

func.func @weights(%x: tensor<9x4xi8>, %y: tensor<9x2xi8>) {
  // expected-error @+1 {{'m7.product' op expected weights of type 'tensor<2x4xi8>', found 'tensor<4x2xi8>'}}
  %0 = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<4x2xi8> bias dense<0> : tensor<2xi32>
    multipliers dense<1> : tensor<2xi32> zero 0 outs(%y : tensor<9x2xi8>) -> tensor<9x2xi8>
  return
}

// -----

func.func @multipliers(%x: tensor<9x4xi8>, %y: tensor<9x2xi8>) {
  // expected-error @+1 {{'m7.product' op expected a multiplier of 0 to 2^31 - 1, found -1}}
  %0 = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<2x4xi8> bias dense<0> : tensor<2xi32>
    multipliers dense<[1, -1]> : tensor<2xi32> zero 0 outs(%y : tensor<9x2xi8>) -> tensor<9x2xi8>
  return
}

// -----

func.func @depths(%x: tensor<9x4xi8>, %y: tensor<6x8xi8>, %r: tensor<9x6xi8>) {
  // expected-error @+1 {{'m7.activation_product' op expected [R, K] and [N, K] to give [R, N], found 'tensor<9x4xi8>', 'tensor<6x8xi8>' and 'tensor<9x6xi8>'}}
  %0 = m7.activation_product ins(%x, %y : tensor<9x4xi8>, tensor<6x8xi8>) zeros 0, 0 multiplier 1 zero 0
    outs(%r : tensor<9x6xi8>) -> tensor<9x6xi8>
  return
}

// -----

func.func @matrices(%x: tensor<1x9x8xi8>, %y: tensor<6x8xi8>, %r: tensor<9x6xi8>) {
  // expected-error @+1 {{'m7.activation_product' op expected matrices, found 'tensor<1x9x8xi8>'}}
  %0 = m7.activation_product ins(%x, %y : tensor<1x9x8xi8>, tensor<6x8xi8>) zeros 0, 0 multiplier 1 zero 0
    outs(%r : tensor<9x6xi8>) -> tensor<9x6xi8>
  return
}

// -----

func.func @values(%q: tensor<9x8xi8>, %k: tensor<6x8xi8>, %v: tensor<7x8xi8>) {
  // expected-error @+1 {{'m7.attention' op expected keys and values of one shape and q's depth, found 'tensor<6x8xi8>' and 'tensor<7x8xi8>'}}
  %0 = m7.attention ins(%q, %k, %v : tensor<9x8xi8>, tensor<6x8xi8>, tensor<7x8xi8>) zeros 1, 2, 3 scores 2 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 3 zero 4
    outs(%q : tensor<9x8xi8>) -> tensor<9x8xi8>
  return
}

// -----

func.func @scores(%q: tensor<9x8xi8>, %k: tensor<6x8xi8>) {
  // expected-error @+1 {{'m7.attention' op expected a multiplier of 0 to 2^31 - 1, found -2}}
  %0 = m7.attention ins(%q, %k, %k : tensor<9x8xi8>, tensor<6x8xi8>, tensor<6x8xi8>) zeros 1, 2, 3 scores -2 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 3 zero 4
    outs(%q : tensor<9x8xi8>) -> tensor<9x8xi8>
  return
}

// -----

func.func @entries(%x: tensor<9x6xi8>) {
  // expected-error @+1 {{'m7.softmax' op expected table of type 'tensor<256xi32>', found 'tensor<255xi32>'}}
  %0 = m7.softmax ins(%x : tensor<9x6xi8>) table dense<1000> : tensor<255xi32> numerator 7 zero -128
    outs(%x : tensor<9x6xi8>) -> tensor<9x6xi8>
  return
}

// -----

func.func @shape(%x: tensor<9x6xi8>, %y: tensor<54xi8>) {
  // expected-error @+1 {{'m7.table' op expected x to have the shape of the result, found 'tensor<9x6xi8>' and 'tensor<54xi8>'}}
  %0 = m7.table ins(%x : tensor<9x6xi8>) table dense<7> : tensor<256xi8> outs(%y : tensor<54xi8>) -> tensor<54xi8>
  return
}

// -----

func.func @factors(%x: tensor<4xi8>) {
  // expected-error @+1 {{'m7.add' op expected factors that together are below 2^23, and an offset below 2^30, so that no sum leaves 32 bits}}
  %0 = m7.add ins(%x, %x : tensor<4xi8>, tensor<4xi8>) factors 4194304, -4194304 offset 0
    outs(%x : tensor<4xi8>) -> tensor<4xi8>
  return
}

// -----

func.func @mean(%x: tensor<9x8xi8>, %y: tensor<9xi8>) {
  // expected-error @+1 {{'m7.mean' op expected [R, C] to give [C], found 'tensor<9x8xi8>' and 'tensor<9xi8>'}}
  %0 = m7.mean ins(%x : tensor<9x8xi8>) offset 0 multiplier 1 zero 0 outs(%y : tensor<9xi8>) -> tensor<9xi8>
  return
}

// -----

func.func @epsilon(%x: tensor<9x8xi8>) {
  // expected-error @+1 {{'m7.norm' op expected an epsilon of 1 to 2^29, found 0}}
  %0 = m7.norm ins(%x : tensor<9x8xi8>) gains dense<1> : tensor<8xi32> offsets dense<1> : tensor<8xi64>
    epsilon 0 x_zero 0 outs(%x : tensor<9x8xi8>) -> tensor<9x8xi8>
  return
}

// -----

func.func @gains(%x: tensor<9x8xi8>) {
  // expected-error @+1 {{'m7.norm' op expected gains of type 'tensor<8xi32>', found 'tensor<9xi32>'}}
  %0 = m7.norm ins(%x : tensor<9x8xi8>) gains dense<1> : tensor<9xi32> offsets dense<1> : tensor<8xi64>
    epsilon 1 x_zero 0 outs(%x : tensor<9x8xi8>) -> tensor<9x8xi8>
  return
}

// -----

func.func @groups(%x: tensor<9x8xi8>) {
  // expected-error @+1 {{'m7.norm' op expected offsets of type 'tensor<4xi64>', found 'tensor<8xi64>'}}
  %0 = m7.norm ins(%x : tensor<9x8xi8>) gains dense<1> : tensor<4xi32> offsets dense<1> : tensor<8xi64>
    epsilon 1 x_zero 0 outs(%x : tensor<9x8xi8>) -> tensor<9x8xi8>
  return
}
