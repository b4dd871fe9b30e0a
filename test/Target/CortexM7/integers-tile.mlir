// RUN: tfc-opt %s --transform-interpreter --canonicalize --cse --split-input-file | FileCheck %s

// Rows of a product, with what is before it in the same loop. Keys stay whole.
// CHECK-LABEL: @chain
// CHECK-SAME: %[[X:.*]]: tensor<12x8xi8>, %[[K:.*]]: tensor<6x8xi8>
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c12 step %c4
// CHECK:   %[[TILE:.*]] = tensor.extract_slice %[[X]][%[[ROW]], 0] [4, 8] [1, 1]
// CHECK:   %[[N:.*]] = m7.norm ins(%[[TILE]] : tensor<4x8xi8>) gains dense<65536> : tensor<8xi32>
// CHECK:   %[[S:.*]] = m7.activation_product ins(%[[N]], %[[K]] : tensor<4x8xi8>, tensor<6x8xi8>)
// CHECK:   %[[P:.*]] = m7.softmax ins(%[[S]] : tensor<4x6xi8>)
// CHECK:   m7.product ins(%[[P]] : tensor<4x6xi8>) weights dense<1> : tensor<2x6xi8>
// CHECK-NOT: = m7.
func.func @chain(%x: tensor<12x8xi8>, %k: tensor<6x8xi8>) -> tensor<12x2xi8> {
  %e8 = tensor.empty() : tensor<12x8xi8>
  %n = m7.norm ins(%x : tensor<12x8xi8>) gains dense<65536> : tensor<8xi32> offsets dense<0> : tensor<8xi64>
    epsilon 10 x_zero 0 outs(%e8 : tensor<12x8xi8>) -> tensor<12x8xi8>
  %e6 = tensor.empty() : tensor<12x6xi8>
  %s = m7.activation_product ins(%n, %k : tensor<12x8xi8>, tensor<6x8xi8>) zeros 3, -4 multiplier 20000000 zero 5
    outs(%e6 : tensor<12x6xi8>) -> tensor<12x6xi8>
  %p = m7.softmax ins(%s : tensor<12x6xi8>) table dense<1000> : tensor<256xi32> numerator 7 zero -128
    outs(%e6 : tensor<12x6xi8>) -> tensor<12x6xi8>
  %e2 = tensor.empty() : tensor<12x2xi8>
  %y = m7.product ins(%p : tensor<12x6xi8>) weights dense<1> : tensor<2x6xi8> bias dense<0> : tensor<2xi32>
    multipliers dense<9> : tensor<2xi32> zero 0 outs(%e2 : tensor<12x2xi8>) -> tensor<12x2xi8>
  return %y : tensor<12x2xi8>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %product = transform.structured.match ops{["m7.product"]} in %root : (!transform.any_op) -> !transform.any_op
    %rows, %loop = transform.structured.fuse %product tile_sizes [4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Elements tile in every dimension.
// CHECK-LABEL: @elements
// CHECK: scf.for
// CHECK: scf.for
// CHECK: m7.table ins(%{{.*}} : tensor<2x3xi8>) table {{.*}} outs(%{{.*}} : tensor<2x3xi8>)
// CHECK: %[[ROW:.*]] = tensor.extract_slice %{{.*}}[%{{.*}}] [3] [1] : tensor<6xi8> to tensor<3xi8>
// CHECK: m7.add ins(%{{.*}}, %[[ROW]] : tensor<2x3xi8>, tensor<3xi8>)
// CHECK: m7.add ins(%{{.*}}, %{{.*}} : tensor<2x3xi8>, tensor<2x3xi8>)
func.func @elements(%a: tensor<4x6xi8>, %b: tensor<4x6xi8>, %row: tensor<6xi8>) -> tensor<4x6xi8> {
  %e = tensor.empty() : tensor<4x6xi8>
  %t = m7.table ins(%a : tensor<4x6xi8>) table dense<7> : tensor<256xi8> outs(%e : tensor<4x6xi8>) -> tensor<4x6xi8>
  %r = m7.add ins(%t, %row : tensor<4x6xi8>, tensor<6xi8>) factors 9, 7 offset 5 outs(%e : tensor<4x6xi8>) -> tensor<4x6xi8>
  %y = m7.add ins(%r, %b : tensor<4x6xi8>, tensor<4x6xi8>) factors 9, 7 offset 5 outs(%e : tensor<4x6xi8>) -> tensor<4x6xi8>
  return %y : tensor<4x6xi8>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %adds = transform.structured.match ops{["m7.add"]} in %root : (!transform.any_op) -> !transform.any_op
    %row, %add = transform.split_handle %adds : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %tile, %loops:2 = transform.structured.fuse %add tile_sizes [2, 3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Queries of an attention on buffers; its scratch serves every tile.
// CHECK-LABEL: @head
// CHECK-SAME: %[[SCRATCH:[a-z0-9]*]]: memref<256xi8>)
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c9 step %c3
// CHECK: m7.attention ins(%{{.*}}, %{{.*}}, %{{.*}} : memref<3x8xi8, {{.*}}>, memref<6x8xi8>, memref<6x8xi8>)
// CHECK-SAME: scratch(%[[SCRATCH]] : memref<256xi8>)
func.func @head(%q: memref<9x8xi8>, %k: memref<6x8xi8>, %v: memref<6x8xi8>, %y: memref<9x8xi8>, %scratch: memref<256xi8>) {
  m7.attention ins(%q, %k, %v : memref<9x8xi8>, memref<6x8xi8>, memref<6x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4
    outs(%y : memref<9x8xi8>) scratch(%scratch : memref<256xi8>)
  return
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %head = transform.structured.match ops{["m7.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_for %head tile_sizes [3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
