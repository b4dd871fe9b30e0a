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

// CHECK-LABEL: func @places
func.func @places(%x: tensor<4x?xf32>, %init: tensor<4x?xi64>) -> tensor<4x?xi64> {
  // CHECK: cuda.sort 1 ins(%{{.*}} : tensor<4x?xf32>) outs(%{{.*}} : tensor<4x?xi64>) {
  // CHECK-NEXT: ^bb0(%[[ELEMENT:.*]]: f32):
  // CHECK-NEXT: %[[KEY:.*]] = arith.bitcast %[[ELEMENT]] : f32 to i32
  // CHECK-NEXT: cuda.yield %[[KEY]] : i32
  // CHECK-NEXT: } -> tensor<4x?xi64>
  %places = cuda.sort 1 ins(%x : tensor<4x?xf32>) outs(%init : tensor<4x?xi64>) {
  ^bb0(%element: f32):
    %key = arith.bitcast %element : f32 to i32
    cuda.yield %key : i32
  } -> tensor<4x?xi64>
  return %places : tensor<4x?xi64>
}

// CHECK-LABEL: func @first
func.func @first(%x: memref<64x4xi8>, %values: memref<2x4xi8>, %positions: memref<2x4xindex>) {
  // CHECK: cuda.sort 0 ins(%{{.*}} : memref<64x4xi8>) outs(%{{.*}}, %{{.*}} : memref<2x4xi8>, memref<2x4xindex>) {
  cuda.sort 0 ins(%x : memref<64x4xi8>) outs(%values, %positions : memref<2x4xi8>, memref<2x4xindex>) {
  ^bb0(%element: i8):
    cuda.yield %element : i8
  }
  return
}
