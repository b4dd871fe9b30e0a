// RUN: tfc-opt %s --split-input-file --cuda-select-products | FileCheck %s
// RUN: tfc-opt %s --split-input-file --cuda-select-products=matmul=tf32 | FileCheck %s --check-prefix=TF32
// RUN: tfc-opt %s --split-input-file --cuda-select-products=matmul=f16 | FileCheck %s --check-prefix=HALF
// RUN: not tfc-opt %s --split-input-file --cuda-select-products=matmul=f8 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: expected matmul to be f32, tf32 or f16, found f8

// CHECK-DAG: #[[$MK:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$KN:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[$MN:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-LABEL: func @matmul
// CHECK-SAME: (%[[X:.*]]: tensor<4x8xf32>, %[[INIT:.*]]: tensor<4x16xf32>)
// TF32-LABEL: func @matmul
// HALF-LABEL: func @matmul
func.func @matmul(%x: tensor<4x8xf32>, %init: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %w = arith.constant dense<0.1> : tensor<8x16xf32>
  %zero = arith.constant 0.0 : f32
  %start = linalg.fill ins(%zero : f32) outs(%init : tensor<4x16xf32>) -> tensor<4x16xf32>
  // CHECK: %[[W:.*]] = arith.constant dense<1.000000e-01> : tensor<8x16xf32>
  // CHECK: cuda.product f32 tile [16, 64, 32, 16, 32, 4] maps [#[[$MK]], #[[$KN]], #[[$MN]]]
  // CHECK-SAME: ins(%[[X]], %[[W]] :
  // CHECK-SAME: outs(%[[INIT]] : tensor<4x16xf32>)
  // CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32):
  // CHECK-NEXT: cuda.yield %[[SUM]] : f32
  // TF32: cuda.product tf32
  // HALF: arith.truncf
  // HALF: cuda.product f16
  // HALF-SAME: tensor<4x8xf16>, tensor<8x16xf16>)
  %y = linalg.matmul {cuda.tile = array<i64: 16, 64, 32, 16, 32, 4>}
      ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%start : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

// -----

// What a sum starts from is added to it.
// CHECK-LABEL: func @start
// CHECK-SAME: %[[START:[a-z0-9]+]]: tensor<4x16xf32>)
func.func @start(%x: tensor<4x8xbf16>, %w: tensor<8x16xbf16>, %start: tensor<4x16xf32>) -> tensor<4x16xf32> {
  // CHECK: cuda.product bf16
  // CHECK-SAME: others(%[[START]] : tensor<4x16xf32>)
  // CHECK: arith.addf
  // TF32: cuda.product bf16
  %y = linalg.matmul ins(%x, %w : tensor<4x8xbf16>, tensor<8x16xbf16>) outs(%start : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

// -----

// Heads are a loop of the batch; transpositions are read through; query head h
// reads key head h / 2.
// CHECK-DAG: #[[$Q:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d2, d1, d4)>
// CHECK-DAG: #[[$K:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 floordiv 2, d3, d4)>
// CHECK-LABEL: func @scores
// CHECK-SAME: (%[[Q:.*]]: tensor<2x?x4x16xf32>, %[[K:.*]]: tensor<2x2x?x16xf32>,
func.func @scores(%q: tensor<2x?x4x16xf32>, %k: tensor<2x2x?x16xf32>, %empty: tensor<2x4x?x16xf32>,
                  %init: tensor<2x4x?x?xf32>) -> tensor<2x4x?x?xf32> {
  %moved = linalg.transpose ins(%q : tensor<2x?x4x16xf32>) outs(%empty : tensor<2x4x?x16xf32>) permutation = [0, 2, 1, 3]
  %zero = arith.constant 0.0 : f32
  %start = linalg.fill ins(%zero : f32) outs(%init : tensor<2x4x?x?xf32>) -> tensor<2x4x?x?xf32>
  // CHECK: cuda.product f32 maps [#[[$Q]], #[[$K]], #{{.*}}] ins(%[[Q]], %[[K]] :
  %s = linalg.generic {
      indexing_maps = [affine_map<(b, h, s, t, d) -> (b, h, s, d)>,
                       affine_map<(b, h, s, t, d) -> (b, h floordiv 2, t, d)>,
                       affine_map<(b, h, s, t, d) -> (b, h, s, t)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%moved, %k : tensor<2x4x?x16xf32>, tensor<2x2x?x16xf32>) outs(%start : tensor<2x4x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %term = arith.mulf %x, %y : f32
    %next = arith.addf %sum, %term : f32
    linalg.yield %next : f32
  } -> tensor<2x4x?x?xf32>
  return %s : tensor<2x4x?x?xf32>
}

// -----

// Of a transposed result the factors change places: neighbours stay neighbours.
// CHECK-LABEL: func @transposed
// CHECK-SAME: (%[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8x16xf32>,
func.func @transposed(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %init: tensor<16x4xf32>) -> tensor<16x4xf32> {
  %zero = arith.constant 0.0 : f32
  %start = linalg.fill ins(%zero : f32) outs(%init : tensor<16x4xf32>) -> tensor<16x4xf32>
  // CHECK: cuda.product f32 maps {{.*}} ins(%[[W]], %[[X]] :
  %y = linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                       affine_map<(m, n, k) -> (n, m)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%start : tensor<16x4xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %term = arith.mulf %a, %b : f32
    %next = arith.addf %term, %sum : f32
    linalg.yield %next : f32
  } -> tensor<16x4xf32>
  return %y : tensor<16x4xf32>
}

// -----

// There is no kernel for f64, for sums in f16, or for windows.
// CHECK-LABEL: func @others
// CHECK-NOT: cuda.product
// HALF-LABEL: func @others
// HALF-NOT: cuda.product
func.func @others(%a: tensor<4x8xf64>, %b: tensor<8x4xf64>, %c: tensor<4x4xf64>,
                  %x: tensor<4x8xf16>, %y: tensor<8x4xf16>, %z: tensor<4x4xf16>,
                  %image: tensor<9xf32>, %filter: tensor<3xf32>, %out: tensor<7xf32>)
    -> (tensor<4x4xf64>, tensor<4x4xf16>, tensor<7xf32>) {
  %0 = linalg.matmul ins(%a, %b : tensor<4x8xf64>, tensor<8x4xf64>) outs(%c : tensor<4x4xf64>) -> tensor<4x4xf64>
  %1 = linalg.matmul ins(%x, %y : tensor<4x8xf16>, tensor<8x4xf16>) outs(%z : tensor<4x4xf16>) -> tensor<4x4xf16>
  %2 = linalg.conv_1d ins(%image, %filter : tensor<9xf32>, tensor<3xf32>) outs(%out : tensor<7xf32>) -> tensor<7xf32>
  return %0, %1, %2 : tensor<4x4xf64>, tensor<4x4xf16>, tensor<7xf32>
}
