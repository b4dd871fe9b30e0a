// RUN: tfc-opt %s --attn-tile-tokens=rows=16 --canonicalize --cse --split-input-file | FileCheck %s
// RUN: tfc-opt %s --attn-tile-tokens --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=NONE

// NONE-NOT: scf.for

#same = affine_map<(d0, d1) -> (d0, d1)>

// A feed-forward block: 16 rows of the hidden layer at a time.
// CHECK-LABEL: func.func @feed_forward(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<64x8xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %c64 step %c16 iter_args(%[[MADE:.*]] = %{{.*}}) -> (tensor<64x8xf32>) {
// CHECK:   %[[XS:.*]] = tensor.extract_slice %[[X]][%[[I]], 0] [16, 8] [1, 1]
// CHECK:   linalg.fill {{.*}} -> tensor<16x32xf32>
// CHECK:   %[[H:.*]] = linalg.matmul ins(%[[XS]], %{{.*}}) outs(%{{.*}} : tensor<16x32xf32>)
// CHECK:   %[[A:.*]] = linalg.generic {{.*}} ins(%[[H]] : tensor<16x32xf32>)
// CHECK:   %[[Y:.*]] = linalg.matmul ins(%[[A]], %{{.*}})
// CHECK:   tensor.insert_slice %[[Y]] into %[[MADE]][%[[I]], 0] [16, 8] [1, 1]
// CHECK-NOT: tensor<64x32xf32>
// CHECK: return
func.func @feed_forward(%x: tensor<64x8xf32>, %w1: tensor<8x32xf32>, %w2: tensor<32x8xf32>) -> tensor<64x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<64x32xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<64x32xf32>) -> tensor<64x32xf32>
  %h = linalg.matmul ins(%x, %w1 : tensor<64x8xf32>, tensor<8x32xf32>) outs(%s0 : tensor<64x32xf32>) -> tensor<64x32xf32>
  %a = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%h : tensor<64x32xf32>) outs(%e0 : tensor<64x32xf32>) {
  ^bb0(%in: f32, %out: f32):
    %r = math.tanh %in : f32
    linalg.yield %r : f32
  } -> tensor<64x32xf32>
  %e1 = tensor.empty() : tensor<64x8xf32>
  %s1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<64x8xf32>) -> tensor<64x8xf32>
  %y = linalg.matmul ins(%a, %w2 : tensor<64x32xf32>, tensor<32x8xf32>) outs(%s1 : tensor<64x8xf32>) -> tensor<64x8xf32>
  return %y : tensor<64x8xf32>
}

// -----

// 37 rows are two tiles of 16 and one of 5, all of known sizes.
// CHECK-LABEL: func.func @rest(
// CHECK: scf.for %{{.*}} = %c0 to %c32 step %c16
// CHECK:   linalg.matmul {{.*}} -> tensor<16x32xf32>
// CHECK:   linalg.matmul {{.*}} -> tensor<16x8xf32>
// CHECK: }
// CHECK: linalg.matmul {{.*}} -> tensor<5x32xf32>
// CHECK: linalg.matmul {{.*}} -> tensor<5x8xf32>
// CHECK-NOT: tensor<?
// CHECK: return
func.func @rest(%x: tensor<37x8xf32>, %w1: tensor<8x32xf32>, %w2: tensor<32x8xf32>) -> tensor<37x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<37x32xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<37x32xf32>) -> tensor<37x32xf32>
  %h = linalg.matmul ins(%x, %w1 : tensor<37x8xf32>, tensor<8x32xf32>) outs(%s0 : tensor<37x32xf32>) -> tensor<37x32xf32>
  %e1 = tensor.empty() : tensor<37x8xf32>
  %s1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<37x8xf32>) -> tensor<37x8xf32>
  %y = linalg.matmul ins(%h, %w2 : tensor<37x32xf32>, tensor<32x8xf32>) outs(%s1 : tensor<37x8xf32>) -> tensor<37x8xf32>
  return %y : tensor<37x8xf32>
}

// -----

// Heads are tiled before rows: the scores of one head exist at a time. Values are
// read whole for each tile, and stay outside.
// CHECK-LABEL: func.func @attention(
// CHECK: %[[V:.*]] = linalg.exp ins(%{{.*}} : tensor<4x16x8xf32>)
// CHECK: scf.for %[[I:.*]] = %c0 to %c4 step %c1
// CHECK:   tensor.extract_slice %{{.*}}[%[[I]], 0, 0] [1, 16, 8]
// CHECK:   linalg.generic {{.*}} outs(%{{.*}} : tensor<1x16x16xf32>)
// CHECK-NOT: linalg.exp
// CHECK:   linalg.batch_matmul {{.*}} -> tensor<1x16x8xf32>
func.func @attention(%q: tensor<4x16x8xf32>, %k: tensor<4x16x8xf32>, %v0: tensor<4x16x8xf32>, %s0: tensor<4x16x16xf32>, %s1: tensor<4x16x8xf32>) -> (tensor<4x16x8xf32>, tensor<4x16x8xf32>) {
  %e = tensor.empty() : tensor<4x16x8xf32>
  %v = linalg.exp ins(%v0 : tensor<4x16x8xf32>) outs(%e : tensor<4x16x8xf32>) -> tensor<4x16x8xf32>
  %scores = linalg.generic {indexing_maps = [affine_map<(h, i, j, d) -> (h, i, d)>, affine_map<(h, i, j, d) -> (h, j, d)>, affine_map<(h, i, j, d) -> (h, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<4x16x8xf32>, tensor<4x16x8xf32>) outs(%s0 : tensor<4x16x16xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %out, %m : f32
    linalg.yield %r : f32
  } -> tensor<4x16x16xf32>
  %y = linalg.batch_matmul ins(%scores, %v : tensor<4x16x16xf32>, tensor<4x16x8xf32>) outs(%s1 : tensor<4x16x8xf32>) -> tensor<4x16x8xf32>
  return %y, %v : tensor<4x16x8xf32>, tensor<4x16x8xf32>
}

// -----

// Left alone: the hidden layer is a result too; nothing on the way is larger than
// the end; few rows.
// CHECK-LABEL: func.func @used_twice(
// CHECK-NOT: scf.for
// CHECK: return
func.func @used_twice(%x: tensor<64x8xf32>, %w1: tensor<8x32xf32>, %w2: tensor<32x8xf32>, %s0: tensor<64x32xf32>, %s1: tensor<64x8xf32>) -> (tensor<64x8xf32>, tensor<64x32xf32>) {
  %h = linalg.matmul ins(%x, %w1 : tensor<64x8xf32>, tensor<8x32xf32>) outs(%s0 : tensor<64x32xf32>) -> tensor<64x32xf32>
  %y = linalg.matmul ins(%h, %w2 : tensor<64x32xf32>, tensor<32x8xf32>) outs(%s1 : tensor<64x8xf32>) -> tensor<64x8xf32>
  return %y, %h : tensor<64x8xf32>, tensor<64x32xf32>
}

// CHECK-LABEL: func.func @widening(
// CHECK-NOT: scf.for
// CHECK: return
func.func @widening(%x: tensor<64x8xf32>, %w1: tensor<8x8xf32>, %w2: tensor<8x32xf32>, %s0: tensor<64x8xf32>, %s1: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %h = linalg.matmul ins(%x, %w1 : tensor<64x8xf32>, tensor<8x8xf32>) outs(%s0 : tensor<64x8xf32>) -> tensor<64x8xf32>
  %y = linalg.matmul ins(%h, %w2 : tensor<64x8xf32>, tensor<8x32xf32>) outs(%s1 : tensor<64x32xf32>) -> tensor<64x32xf32>
  return %y : tensor<64x32xf32>
}

// CHECK-LABEL: func.func @few(
// CHECK-NOT: scf.for
// CHECK: return
func.func @few(%x: tensor<16x8xf32>, %w1: tensor<8x32xf32>, %w2: tensor<32x8xf32>, %s0: tensor<16x32xf32>, %s1: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %h = linalg.matmul ins(%x, %w1 : tensor<16x8xf32>, tensor<8x32xf32>) outs(%s0 : tensor<16x32xf32>) -> tensor<16x32xf32>
  %y = linalg.matmul ins(%h, %w2 : tensor<16x32xf32>, tensor<32x8xf32>) outs(%s1 : tensor<16x8xf32>) -> tensor<16x8xf32>
  return %y : tensor<16x8xf32>
}
