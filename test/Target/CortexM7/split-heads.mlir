// RUN: tfc-opt %s --m7-split-heads --canonicalize --split-input-file | FileCheck %s
// RUN: tfc-opt %s --m7-split-heads --canonicalize --lower-place-results --memory-overwrite-operands --one-shot-bufferize --cse --canonicalize --split-input-file | FileCheck %s --check-prefix=BUFFERS

// Each head's queries, keys and values are made when it needs them, the queries
// where its result is to be.
// CHECK-LABEL: @products
// CHECK-NOT: tensor<16x4xi8>
// CHECK: %[[Q:.*]] = m7.product {{.*}} bias dense<[0, 1, 2, 3, 4, 5, 6, 7]>
// CHECK: %[[K:.*]] = m7.product {{.*}} bias dense<[0, 1, 2, 3, 4, 5, 6, 7]>
// CHECK: %[[V:.*]] = m7.product {{.*}} bias dense<[0, 1, 2, 3, 4, 5, 6, 7]>
// CHECK: %[[H:.*]] = m7.attention ins(%[[Q]], %[[K]], %[[V]] : {{.*}} outs(%[[Q]] : tensor<9x8xi8>)
// CHECK: %[[Y:.*]] = tensor.insert_slice %[[H]] into %{{.*}}[0, 0] [9, 8]
// CHECK: %[[Q1:.*]] = m7.product {{.*}} bias dense<[8, 9, 10, 11, 12, 13, 14, 15]>
// CHECK: %[[H1:.*]] = m7.attention ins(%[[Q1]], {{.*}} outs(%[[Q1]] : tensor<9x8xi8>)
// CHECK: tensor.insert_slice %[[H1]] into %[[Y]][0, 8] [9, 8]
// BUFFERS-LABEL: @products
// BUFFERS: %[[Y:.*]] = memref.alloc() {{.*}} : memref<9x16xi8>
// BUFFERS: %[[PLACE:.*]] = memref.subview %[[Y]][0, 0] [9, 8]
// BUFFERS: m7.product {{.*}} outs(%[[PLACE]]
// BUFFERS: m7.attention ins(%[[PLACE]], {{.*}} outs(%[[PLACE]]
// BUFFERS: %[[PLACE1:.*]] = memref.subview %[[Y]][0, 8] [9, 8]
// BUFFERS: m7.attention ins(%[[PLACE1]], {{.*}} outs(%[[PLACE1]]
// BUFFERS-NOT: memref.copy
func.func @products(%x: tensor<9x4xi8>) -> tensor<9x16xi8> {
  %o = tensor.empty() : tensor<9x16xi8>
  %q = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %k = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %v = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %q0 = tensor.extract_slice %q[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %q[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %k[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %k[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %v[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1 : tensor<9x16xi8>
}

// -----

// The same out of one product of all three, seen in another shape: weights go
// with their columns.
// CHECK-LABEL: @fused
// CHECK-NOT: tensor<48x4xi8>
// CHECK: m7.product {{.*}} weights dense<1> {{.*}} bias dense<[0, 1, 2, 3, 4, 5, 6, 7]>
// CHECK: m7.product {{.*}} bias dense<[16, 17, 18, 19, 20, 21, 22, 23]>
// CHECK: m7.product {{.*}} bias dense<[32, 33, 34, 35, 36, 37, 38, 39]>
// CHECK: m7.product {{.*}} bias dense<[8, 9, 10, 11, 12, 13, 14, 15]>
// CHECK: m7.product {{.*}} bias dense<[24, 25, 26, 27, 28, 29, 30, 31]>
// CHECK: m7.product {{.*}} bias dense<[40, 41, 42, 43, 44, 45, 46, 47]>
// BUFFERS-LABEL: @fused
func.func @fused(%x: tensor<9x4xi8>) -> tensor<9x16xi8> {
  %o48 = tensor.empty() : tensor<9x48xi8>
  %p = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<48x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47]> : tensor<48xi32>
    multipliers dense<9> : tensor<48xi32> zero 0 outs(%o48 : tensor<9x48xi8>) -> tensor<9x48xi8>
  %s = tensor.expand_shape %p [[0, 1], [2, 3, 4]] output_shape [1, 9, 3, 2, 8] : tensor<9x48xi8> into tensor<1x9x3x2x8xi8>
  %q0 = tensor.extract_slice %s[0, 0, 0, 0, 0] [1, 9, 1, 1, 8] [1, 1, 1, 1, 1] : tensor<1x9x3x2x8xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %s[0, 0, 0, 1, 0] [1, 9, 1, 1, 8] [1, 1, 1, 1, 1] : tensor<1x9x3x2x8xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %s[0, 0, 1, 0, 0] [1, 9, 1, 1, 8] [1, 1, 1, 1, 1] : tensor<1x9x3x2x8xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %s[0, 0, 1, 1, 0] [1, 9, 1, 1, 8] [1, 1, 1, 1, 1] : tensor<1x9x3x2x8xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %s[0, 0, 2, 0, 0] [1, 9, 1, 1, 8] [1, 1, 1, 1, 1] : tensor<1x9x3x2x8xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %s[0, 0, 2, 1, 0] [1, 9, 1, 1, 8] [1, 1, 1, 1, 1] : tensor<1x9x3x2x8xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1 : tensor<9x16xi8>
}

// -----

// What the products are made of is large: only the queries' place is used.
// CHECK-LABEL: @large
// CHECK-COUNT-3: m7.product {{.*}} -> tensor<9x16xi8>
// CHECK-NOT: m7.product
// BUFFERS-LABEL: @large
// BUFFERS: m7.product {{.*}} outs(%[[ALL:[^ ]*]] : memref<9x16xi8>)
// BUFFERS: %[[Q:.*]] = memref.subview %[[ALL]][0, 0] [9, 8]
// BUFFERS: m7.attention ins(%[[Q]], {{.*}} outs(%[[Q]]
// BUFFERS: %[[Q1:.*]] = memref.subview %[[ALL]][0, 8] [9, 8]
// BUFFERS: m7.attention ins(%[[Q1]], {{.*}} outs(%[[Q1]]
// BUFFERS-NOT: memref.copy
func.func @large(%x: tensor<9x16xi8>) -> tensor<9x16xi8> {
  %o = tensor.empty() : tensor<9x16xi8>
  %q = m7.product ins(%x : tensor<9x16xi8>) weights dense<1> : tensor<16x16xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %k = m7.product ins(%x : tensor<9x16xi8>) weights dense<1> : tensor<16x16xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %v = m7.product ins(%x : tensor<9x16xi8>) weights dense<1> : tensor<16x16xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %q0 = tensor.extract_slice %q[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %q[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %k[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %k[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %v[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1 : tensor<9x16xi8>
}

// -----

// Queries that are no product's: one head after the other in their place.
// CHECK-LABEL: @norm
// CHECK: %[[N:.*]] = m7.norm
// CHECK: %[[Q:.*]] = tensor.extract_slice %[[N]][0, 0]
// CHECK: %[[H:.*]] = m7.attention ins(%[[Q]], {{.*}} outs(%[[Q]] : tensor<9x8xi8>)
// CHECK: %[[Y:.*]] = tensor.insert_slice %[[H]] into %[[N]][0, 0]
// CHECK: %[[Q1:.*]] = tensor.extract_slice %[[Y]][0, 8]
// CHECK: m7.attention ins(%[[Q1]], {{.*}} outs(%[[Q1]] : tensor<9x8xi8>)
// BUFFERS-LABEL: @norm
// BUFFERS: m7.norm {{.*}} outs(%[[N:[^ ]*]] : memref<9x16xi8>)
// BUFFERS: %[[Q:.*]] = memref.subview %[[N]][0, 0] [9, 8]
// BUFFERS: m7.attention ins(%[[Q]], {{.*}} outs(%[[Q]]
// BUFFERS-NOT: memref.copy
func.func @norm(%q: tensor<9x16xi8>, %k: tensor<9x16xi8>, %v: tensor<9x16xi8>) -> tensor<9x16xi8> {
  %o = tensor.empty() : tensor<9x16xi8>
  %n = m7.norm ins(%q : tensor<9x16xi8>) gains dense<65536> : tensor<16xi32> offsets dense<0> : tensor<16xi64>
    epsilon 10 x_zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %q0 = tensor.extract_slice %n[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %n[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %k[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %k[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %v[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1 : tensor<9x16xi8>
}

// -----

// Queries that something else reads.
// CHECK-LABEL: @used
// CHECK: %[[E:.*]] = tensor.empty() : tensor<9x8xi8>
// CHECK-COUNT-2: m7.attention {{.*}} outs(%[[E]] : tensor<9x8xi8>)
// BUFFERS-LABEL: @used
func.func @used(%q: tensor<9x16xi8>, %k: tensor<9x16xi8>, %v: tensor<9x16xi8>) -> (tensor<9x16xi8>, tensor<9x16xi8>) {
  %o = tensor.empty() : tensor<9x16xi8>
  %n = m7.norm ins(%q : tensor<9x16xi8>) gains dense<65536> : tensor<16xi32> offsets dense<0> : tensor<16xi64>
    epsilon 10 x_zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %q0 = tensor.extract_slice %n[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %n[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %k[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %k[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %v[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1, %n : tensor<9x16xi8>, tensor<9x16xi8>
}

// -----

// Queries of the caller.
// CHECK-LABEL: @input
// CHECK: %[[E:.*]] = tensor.empty() : tensor<9x8xi8>
// CHECK-COUNT-2: m7.attention {{.*}} outs(%[[E]] : tensor<9x8xi8>)
// BUFFERS-LABEL: @input
func.func @input(%q: tensor<9x16xi8>, %k: tensor<9x16xi8>, %v: tensor<9x16xi8>) -> tensor<9x16xi8> {
  %q0 = tensor.extract_slice %q[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %q[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %k[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %k[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %v[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1 : tensor<9x16xi8>
}

// -----

// Queries that are keys too.
// CHECK-LABEL: @keys
// CHECK: %[[E:.*]] = tensor.empty() : tensor<9x8xi8>
// CHECK-COUNT-2: m7.attention {{.*}} outs(%[[E]] : tensor<9x8xi8>)
// BUFFERS-LABEL: @keys
func.func @keys(%q: tensor<9x16xi8>, %k: tensor<9x16xi8>, %v: tensor<9x16xi8>) -> tensor<9x16xi8> {
  %o = tensor.empty() : tensor<9x16xi8>
  %n = m7.norm ins(%q : tensor<9x16xi8>) gains dense<65536> : tensor<16xi32> offsets dense<0> : tensor<16xi64>
    epsilon 10 x_zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %q0 = tensor.extract_slice %n[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %n[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %n[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %n[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %v[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1 : tensor<9x16xi8>
}

// -----

// Results in another order than queries.
// CHECK-LABEL: @order
// CHECK: %[[E:.*]] = tensor.empty() : tensor<9x8xi8>
// CHECK-COUNT-2: m7.attention {{.*}} outs(%[[E]] : tensor<9x8xi8>)
// BUFFERS-LABEL: @order
func.func @order(%q: tensor<9x16xi8>, %k: tensor<9x16xi8>, %v: tensor<9x16xi8>) -> tensor<9x16xi8> {
  %o = tensor.empty() : tensor<9x16xi8>
  %n = m7.norm ins(%q : tensor<9x16xi8>) gains dense<65536> : tensor<16xi32> offsets dense<0> : tensor<16xi64>
    epsilon 10 x_zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %q0 = tensor.extract_slice %n[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %n[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %k[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %k[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %v[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1 : tensor<9x16xi8>
}

// -----

// Two heads share keys and values, which are made once.
// CHECK-LABEL: @grouped
// CHECK-COUNT-4: m7.product {{.*}} -> tensor<9x8xi8>
// CHECK-NOT: m7.product
// BUFFERS-LABEL: @grouped
func.func @grouped(%x: tensor<9x4xi8>) -> tensor<9x16xi8> {
  %o = tensor.empty() : tensor<9x16xi8>
  %q = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %k = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %v = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %q0 = tensor.extract_slice %q[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %q[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %k[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %k[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1 : tensor<9x16xi8>
}

// -----

// Products that are queries and keys are made once, the result elsewhere.
// CHECK-LABEL: @same
// CHECK: %[[E:.*]] = tensor.empty() : tensor<9x8xi8>
// CHECK-COUNT-2: m7.attention {{.*}} outs(%[[E]] : tensor<9x8xi8>)
// BUFFERS-LABEL: @same
func.func @same(%x: tensor<9x4xi8>) -> tensor<9x16xi8> {
  %o = tensor.empty() : tensor<9x16xi8>
  %q = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %k = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %v = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %q0 = tensor.extract_slice %q[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %q[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %q[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %q[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %v[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1 : tensor<9x16xi8>
}

// -----

// Keys that something else reads stay, values do not.
// CHECK-LABEL: @shared
// CHECK: %[[K:.*]] = m7.product {{.*}} -> tensor<9x16xi8>
// CHECK-NOT: -> tensor<9x16xi8>
// CHECK-COUNT-2: m7.product {{.*}} -> tensor<9x8xi8>
// BUFFERS-LABEL: @shared
func.func @shared(%x: tensor<9x4xi8>, %n: tensor<9x16xi8>) -> (tensor<9x16xi8>, tensor<9x16xi8>) {
  %o = tensor.empty() : tensor<9x16xi8>
  %k = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %v = m7.product ins(%x : tensor<9x4xi8>) weights dense<1> : tensor<16x4xi8> bias dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32>
    multipliers dense<9> : tensor<16xi32> zero 0 outs(%o : tensor<9x16xi8>) -> tensor<9x16xi8>
  %q0 = tensor.extract_slice %n[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %q1 = tensor.extract_slice %n[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k0 = tensor.extract_slice %k[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %k1 = tensor.extract_slice %k[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v0 = tensor.extract_slice %v[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %v1 = tensor.extract_slice %v[0, 8] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
  %e = tensor.empty() : tensor<9x8xi8>
  %h0 = m7.attention ins(%q0, %k0, %v0 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %h1 = m7.attention ins(%q1, %k1, %v1 : tensor<9x8xi8>, tensor<9x8xi8>, tensor<9x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5
    table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 30000000 zero 4 outs(%e : tensor<9x8xi8>) -> tensor<9x8xi8>
  %y = tensor.empty() : tensor<9x16xi8>
  %y0 = tensor.insert_slice %h0 into %y[0, 0] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  %y1 = tensor.insert_slice %h1 into %y0[0, 8] [9, 8] [1, 1] : tensor<9x8xi8> into tensor<9x16xi8>
  return %y1, %k : tensor<9x16xi8>, tensor<9x16xi8>
}
