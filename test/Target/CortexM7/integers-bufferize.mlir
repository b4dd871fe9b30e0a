// RUN: tfc-opt %s --one-shot-bufferize --split-input-file | FileCheck %s

// A result in its init's memory; tables, sums, softmax and norms in that of what
// they read.
// CHECK-LABEL: @in_place
// CHECK: %[[X:.*]] = memref.alloc() {{.*}} : memref<9x8xi8>
// CHECK-NOT: memref.alloc
// CHECK: m7.product ins(%{{.*}} : memref<9x4xi8{{.*}}>) {{.*}} outs(%[[X]] : memref<9x8xi8>)
// CHECK: m7.table ins(%[[X]] : memref<9x8xi8>) {{.*}} outs(%[[X]] : memref<9x8xi8>)
// CHECK: m7.norm ins(%[[X]] : memref<9x8xi8>) {{.*}} outs(%[[X]] : memref<9x8xi8>)
// CHECK: m7.add ins(%[[X]], %{{.*}} : memref<9x8xi8>, {{.*}} outs(%[[X]] : memref<9x8xi8>)
// CHECK: m7.multiply ins(%[[X]], %{{.*}} : memref<9x8xi8>, {{.*}} outs(%[[X]] : memref<9x8xi8>)
// CHECK: m7.softmax ins(%[[X]] : memref<9x8xi8>) {{.*}} outs(%[[X]] : memref<9x8xi8>)
func.func @in_place(%x: tensor<9x4xi8>, %other: tensor<9x8xi8>) -> tensor<9x8xi8> {
  %e = tensor.empty() : tensor<9x8xi8>
  %p = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<8x4xi8> bias dense<0> : tensor<8xi32>
    multipliers dense<9> : tensor<8xi32> zero 0 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %t = m7.table ins(%p : tensor<9x8xi8>) table dense<7> : tensor<256xi8> outs(%p : tensor<9x8xi8>) -> tensor<9x8xi8>
  %n = m7.norm ins(%t : tensor<9x8xi8>) gains dense<65536> : tensor<8xi32> offsets dense<0> : tensor<8xi64>
    epsilon 10 x_zero 0 outs(%t : tensor<9x8xi8>) -> tensor<9x8xi8>
  %a = m7.add ins(%n, %other : tensor<9x8xi8>, tensor<9x8xi8>) factors 9, 7 offset 5 outs(%n : tensor<9x8xi8>) -> tensor<9x8xi8>
  %m = m7.multiply ins(%a, %other : tensor<9x8xi8>, tensor<9x8xi8>) zeros 0, 0 multiplier 5 zero 0
    outs(%a : tensor<9x8xi8>) -> tensor<9x8xi8>
  %s = m7.softmax ins(%m : tensor<9x8xi8>) table dense<1000> : tensor<256xi32> numerator 7 zero -128
    outs(%m : tensor<9x8xi8>) -> tensor<9x8xi8>
  return %s : tensor<9x8xi8>
}

// -----

// A product reads rows that it has written already: not in place. Nor has an
// attention read all keys.
// CHECK-LABEL: @copied
// CHECK: %[[X:.*]] = bufferization.to_buffer
// CHECK: m7.product ins(%[[X]] : {{.*}} outs(%[[Y:.*]] : memref<9x8xi8>)
// CHECK-NOT: outs(%[[Y]]
// CHECK: m7.attention ins(%[[Y]], %[[Y]], %[[Y]] : {{.*}} outs(%{{.*}} : memref<9x8xi8>)
func.func @copied(%x: tensor<9x8xi8> {bufferization.writable = true}) -> tensor<9x8xi8> {
  %p = m7.product ins(%x : tensor<9x8xi8>) weights dense<1> : tensor<8x8xi8> bias dense<0> : tensor<8xi32>
    multipliers dense<9> : tensor<8xi32> zero 0 outs(%x : tensor<9x8xi8>) -> tensor<9x8xi8>
  %a = m7.attention ins(%p, %p, %p : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4
    outs(%p : tensor<9x8xi8>) -> tensor<9x8xi8>
  return %a : tensor<9x8xi8>
}

// -----

// Queries are read row by row.
// CHECK-LABEL: @queries
// CHECK: m7.norm {{.*}} outs(%[[Q:[^ ]*]] : memref<9x8xi8>)
// CHECK-NOT: memref.copy
// CHECK: m7.attention ins(%[[Q]], {{.*}} outs(%[[Q]] : memref<9x8xi8>)
func.func @queries(%x: tensor<9x8xi8>, %k: tensor<6x8xi8>) -> tensor<9x8xi8> {
  %e = tensor.empty() : tensor<9x8xi8>
  %q = m7.norm ins(%x : tensor<9x8xi8>) gains dense<65536> : tensor<8xi32> offsets dense<0> : tensor<8xi64>
    epsilon 10 x_zero 0 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %a = m7.attention ins(%q, %k, %k : tensor<9x8xi8>, tensor<6x8xi8>, tensor<6x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4
    outs(%q : tensor<9x8xi8>) -> tensor<9x8xi8>
  return %a : tensor<9x8xi8>
}
