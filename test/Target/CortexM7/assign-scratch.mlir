// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(m7-assign-scratch))' --split-input-file | FileCheck %s

// Three rows of 16 bits; rows may lie apart where a product writes, and where
// both sides are activations.
// CHECK-LABEL: @product
// CHECK-NEXT: %[[S:.*]] = memref.alloc() {alignment = 8 : i64} : memref<48xi8>
// CHECK-NEXT: m7.product ins(%arg0 : memref<9x8xi8>) {{.*}} outs(%arg1 : memref<9x4xi8, strided<[7, 1], offset: 3>>) scratch(%[[S]] : memref<48xi8>)
// CHECK-NEXT: memref.dealloc %[[S]]
// CHECK-NEXT: %[[T:.*]] = memref.alloc()
// CHECK-NEXT: m7.activation_product ins(%arg2, %arg2 : memref<9x8xi8, strided<[24, 1], offset: 1>>,
func.func @product(%x: memref<9x8xi8>, %y: memref<9x4xi8, strided<[7, 1], offset: 3>>,
                   %z: memref<9x8xi8, strided<[24, 1], offset: 1>>, %s: memref<9x9xi8>) {
  m7.product ins(%x : memref<9x8xi8>) weights dense<1> : tensor<4x8xi8>
    bias dense<0> : tensor<4xi32> multipliers dense<9> : tensor<4xi32> zero 0
    outs(%y : memref<9x4xi8, strided<[7, 1], offset: 3>>)
  m7.activation_product ins(%z, %z : memref<9x8xi8, strided<[24, 1], offset: 1>>, memref<9x8xi8, strided<[24, 1], offset: 1>>)
    zeros 0, 0 multiplier 1 zero 0 outs(%s : memref<9x9xi8>)
  return
}

// -----

// Fewer rows need less.
// CHECK-LABEL: @few
// CHECK: memref.alloc() {alignment = 8 : i64} : memref<32xi8>
// CHECK: m7.activation_product
// CHECK: memref.alloc() {alignment = 8 : i64} : memref<88xi8>
// CHECK: m7.attention
func.func @few(%x: memref<2x8xi8>, %y: memref<6x8xi8>, %z: memref<2x6xi8>, %q: memref<1x8xi8>, %r: memref<1x8xi8>) {
  m7.activation_product ins(%x, %y : memref<2x8xi8>, memref<6x8xi8>) zeros 0, 0 multiplier 1 zero 0 outs(%z : memref<2x6xi8>)
  m7.attention ins(%q, %y, %y : memref<1x8xi8>, memref<6x8xi8>, memref<6x8xi8>) zeros 1, 2, 3 scores 2 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 3 zero 4 outs(%r : memref<1x8xi8>)
  return
}

// -----

// Elements that do not follow one another are copied for a table, and its
// result goes back where it belongs. Dense buffers stay.
// CHECK-LABEL: @apart
// CHECK-DAG: %[[X:.*]] = memref.alloc() {alignment = 8 : i64} : memref<9x8xi8>
// CHECK-DAG: memref.copy %arg0, %[[X]]
// CHECK-DAG: %[[Y:.*]] = memref.alloc() {alignment = 8 : i64} : memref<9x8xi8>
// CHECK: m7.table ins(%[[X]] : memref<9x8xi8>) {{.*}} outs(%[[Y]] : memref<9x8xi8>)
// CHECK: memref.copy %[[Y]], %arg1
// CHECK: m7.softmax ins(%arg2 : memref<3x5xi8>) {{.*}} outs(%arg2 : memref<3x5xi8>)
// CHECK-NOT: memref.copy
func.func @apart(%x: memref<9x8xi8, strided<[24, 1]>>, %y: memref<9x8xi8, strided<[10, 1]>>, %z: memref<3x5xi8>) {
  m7.table ins(%x : memref<9x8xi8, strided<[24, 1]>>) table dense<7> : tensor<256xi8> outs(%y : memref<9x8xi8, strided<[10, 1]>>)
  m7.softmax ins(%z : memref<3x5xi8>) table dense<1000> : tensor<256xi32> numerator 7 zero -128 outs(%z : memref<3x5xi8>)
  return
}

// -----

// Tensors have no scratch.
// CHECK-LABEL: @tensors
// CHECK-NOT: memref
func.func @tensors(%x: tensor<9x8xi8>, %y: tensor<9x4xi8>) -> tensor<9x4xi8> {
  %r = m7.product ins(%x : tensor<9x8xi8>) weights dense<1> : tensor<4x8xi8> bias dense<0> : tensor<4xi32>
    multipliers dense<9> : tensor<4xi32> zero 0 outs(%y : tensor<9x4xi8>) -> tensor<9x4xi8>
  return %r : tensor<9x4xi8>
}
