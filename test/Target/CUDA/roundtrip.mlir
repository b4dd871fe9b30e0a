// RUN: tfc-opt %s | tfc-opt | FileCheck %s
// RUN: tfc-opt %s --mlir-print-op-generic | tfc-opt | FileCheck %s

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#n = affine_map<(m, n, k) -> (n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func @linear
func.func @linear(%x: tensor<?x64xf32>, %w: tensor<64x256xf32>, %bias: tensor<256xf32>,
                  %init: tensor<?x256xf32>) -> tensor<?x256xf32> {
  // CHECK: cuda.product tf32 tile [64, 64, 32, 32, 32, 3] maps [#{{.*}}, #{{.*}}, #{{.*}}, #{{.*}}]
  // CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<64x256xf32>)
  // CHECK-SAME: others(%{{.*}} : tensor<256xf32>) outs(%{{.*}} : tensor<?x256xf32>) {
  // CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32, %[[OFFSET:.*]]: f32):
  // CHECK-NEXT: %[[MOVED:.*]] = arith.addf %[[SUM]], %[[OFFSET]] : f32
  // CHECK-NEXT: cuda.yield %[[MOVED]] : f32
  // CHECK-NEXT: } -> tensor<?x256xf32>
  %y = cuda.product tf32 tile [64, 64, 32, 32, 32, 3] maps [#mk, #kn, #n, #mn]
      ins(%x, %w : tensor<?x64xf32>, tensor<64x256xf32>)
      others(%bias : tensor<256xf32>) outs(%init : tensor<?x256xf32>) {
  ^bb0(%sum: f32, %offset: f32):
    %moved = arith.addf %sum, %offset : f32
    cuda.yield %moved : f32
  } -> tensor<?x256xf32>
  return %y : tensor<?x256xf32>
}

// CHECK-LABEL: func @buffers
func.func @buffers(%a: memref<8x16xf16>, %b: memref<16x8xf16>, %c: memref<8x8xf16>) {
  // CHECK: cuda.product f16 maps
  cuda.product f16 maps [#mk, #kn, #mn] ins(%a, %b : memref<8x16xf16>, memref<16x8xf16>)
      outs(%c : memref<8x8xf16>) {
  ^bb0(%sum: f32):
    %rounded = arith.truncf %sum : f32 to f16
    cuda.yield %rounded : f16
  }
  return
}
