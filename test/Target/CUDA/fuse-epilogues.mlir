// RUN: tfc-opt %s --split-input-file --cuda-fuse-epilogues | FileCheck %s

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#row = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>

// CHECK-DAG: #[[$N:.*]] = affine_map<(d0, d1, d2) -> (d1)>
// CHECK-LABEL: func @bias
// CHECK-SAME: %[[BIAS:[a-z0-9]+]]: tensor<16xf32>, %[[OUT:[a-z0-9]+]]: tensor<4x16xf16>)
func.func @bias(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %init: tensor<4x16xf32>,
                %bias: tensor<16xf32>, %out: tensor<4x16xf16>) -> tensor<4x16xf16> {
  %y = cuda.product f32 tile [16, 64, 32, 16, 32, 4] maps [#mk, #kn, #mn]
      ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%init : tensor<4x16xf32>) {
  ^bb0(%sum: f32):
    %twice = arith.addf %sum, %sum : f32
    cuda.yield %twice : f32
  } -> tensor<4x16xf32>
  // CHECK: %[[Y:.*]] = cuda.product f32 tile [16, 64, 32, 16, 32, 4] maps [#{{.*}}, #{{.*}}, #[[$N]], #{{.*}}]
  // CHECK-SAME: others(%[[BIAS]] : tensor<16xf32>) outs(%[[OUT]] : tensor<4x16xf16>)
  // CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32, %[[OFFSET:.*]]: f32):
  // CHECK-NEXT: %[[TWICE:.*]] = arith.addf %[[SUM]], %[[SUM]]
  // CHECK-NEXT: %[[MOVED:.*]] = arith.addf %[[TWICE]], %[[OFFSET]]
  // CHECK-NEXT: %[[HALF:.*]] = arith.truncf %[[MOVED]]
  // CHECK-NEXT: cuda.yield %[[HALF]] : f16
  // CHECK-NOT: linalg.generic
  %z = linalg.generic {indexing_maps = [#column, #row, #row], iterator_types = ["parallel", "parallel"]}
      ins(%bias, %y : tensor<16xf32>, tensor<4x16xf32>) outs(%out : tensor<4x16xf16>) {
  ^bb0(%b: f32, %v: f32, %o: f16):
    %moved = arith.addf %v, %b : f32
    %half = arith.truncf %moved : f32 to f16
    linalg.yield %half : f16
  } -> tensor<4x16xf16>
  // CHECK: return %[[Y]]
  return %z : tensor<4x16xf16>
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#row = affine_map<(d0, d1) -> (d0, d1)>
#turned = affine_map<(d0, d1) -> (d1, d0)>

// A transposition would be written in another order than read; the other reader of
// a product needs it whole.
// CHECK-LABEL: func @kept
func.func @kept(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %init: tensor<4x16xf32>,
                %out: tensor<16x4xf32>) -> (tensor<16x4xf32>, tensor<4x16xf32>, tensor<4x16xf32>) {
  // CHECK-COUNT-2: cuda.product
  // CHECK-COUNT-2: linalg.generic
  %y = cuda.product f32 maps [#mk, #kn, #mn]
      ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%init : tensor<4x16xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x16xf32>
  %u = cuda.product tf32 maps [#mk, #kn, #mn]
      ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%init : tensor<4x16xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  } -> tensor<4x16xf32>
  %z = linalg.generic {indexing_maps = [#row, #turned], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<4x16xf32>) outs(%out : tensor<16x4xf32>) {
  ^bb0(%v: f32, %o: f32):
    linalg.yield %v : f32
  } -> tensor<16x4xf32>
  %a = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel", "parallel"]}
      ins(%u : tensor<4x16xf32>) outs(%init : tensor<4x16xf32>) {
  ^bb0(%v: f32, %o: f32):
    %n = arith.negf %v : f32
    linalg.yield %n : f32
  } -> tensor<4x16xf32>
  return %z, %a, %u : tensor<16x4xf32>, tensor<4x16xf32>, tensor<4x16xf32>
}
