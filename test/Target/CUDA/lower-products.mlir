// RUN: tfc-opt %s --split-input-file --cuda-lower-products --canonicalize --cse | FileCheck %s

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#nk = affine_map<(m, n, k) -> (n, k)>
#n = affine_map<(m, n, k) -> (n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// All tiles are full: nothing is checked, 16 bytes are copied at a time, and each
// lane writes 16 bytes.
// CHECK-LABEL: func @full
func.func @full(%a: memref<128x96xf16>, %b: memref<96x128xf16>, %bias: memref<128xf32>, %c: memref<128x128xf16>) {
  // CHECK: %[[BYTES:.*]] = arith.constant 24576 : i32
  // CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %c4, {{.*}}) threads({{.*}}) in (%{{.*}} = %c128,
  // CHECK-SAME: dynamic_shared_memory_size %[[BYTES]]
  // CHECK-NOT: arith.cmpi ult
  // CHECK: nvgpu.device_async_copy {{.*}}, 8 {bypassL1} : memref<128x96xf16>
  // CHECK: nvvm.cp.async.commit.group
  // CHECK: scf.for
  // CHECK: nvvm.cp.async.wait.group 1
  // CHECK-NEXT: gpu.barrier
  // CHECK: nvgpu.ldmatrix {{.*}} {numTiles = 4 : i32, transpose = false}
  // CHECK: nvgpu.ldmatrix {{.*}} {numTiles = 4 : i32, transpose = true}
  // CHECK-COUNT-16: nvvm.mma.sync
  // CHECK: nvvm.cp.async.wait.group 0
  // CHECK-NEXT: gpu.barrier
  // CHECK: nvvm.bar.warp.sync
  // CHECK-NOT: scf.if
  // CHECK: vector.load %{{.*}} {alignment = 16 : i64} : memref<128xf32>, vector<4xf32>
  // CHECK-COUNT-8: arith.truncf
  // CHECK: vector.store %{{.*}}, %{{.*}} {alignment = 16 : i64} : memref<128x128xf16>, vector<8xf16>
  cuda.product f16 tile [64, 64, 32, 32, 32, 3] maps [#mk, #kn, #n, #mn]
      ins(%a, %b : memref<128x96xf16>, memref<96x128xf16>) others(%bias : memref<128xf32>)
      outs(%c : memref<128x128xf16>) {
  ^bb0(%sum: f32, %offset: f32):
    %moved = arith.addf %sum, %offset : f32
    %half = arith.truncf %moved : f32 to f16
    cuda.yield %half : f16
  }
  return
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Nothing is known: f32 is copied by elements, asynchronously, f16 through
// registers.
// CHECK-LABEL: func @open_f32
// CHECK: gpu.launch
// CHECK: nvgpu.device_async_copy {{.*}}, 1, %{{.*}} : memref<?x?xf32>
// CHECK-NOT: bypassL1
// CHECK: math.fma
// CHECK: scf.if
// CHECK: memref.store %{{.*}} : memref<?x?xf32>
// CHECK: gpu.terminator
func.func @open_f32(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  cuda.product f32 maps [#mk, #nk, #mn] ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>)
      outs(%c : memref<?x?xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  }
  return
}

// CHECK-LABEL: func @odd_f16
// CHECK: gpu.launch
// CHECK-NOT: device_async_copy
// CHECK: memref.load %{{.*}} : memref<64x33xf16>
// CHECK-NOT: device_async_copy
// CHECK: gpu.terminator
func.func @odd_f16(%a: memref<64x33xf16>, %b: memref<64x33xf16>, %c: memref<64x64xf32>) {
  cuda.product f16 maps [#mk, #nk, #mn] ins(%a, %b : memref<64x33xf16>, memref<64x33xf16>)
      outs(%c : memref<64x64xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  }
  return
}

// -----

#bmk = affine_map<(b, m, n, k) -> (b, m, k)>
#kn = affine_map<(b, m, n, k) -> (k, n)>
#n = affine_map<(b, m, n, k) -> (n)>
#m = affine_map<(b, m, n, k) -> (m)>
#bmn = affine_map<(b, m, n, k) -> (b, m, n)>

// Batches that share a matrix are rows of one product: 2 tiles of 64 rows, not 10.
// CHECK-LABEL: func @merged
func.func @merged(%a: memref<10x8x32xf32>, %b: memref<32x64xf32>, %bias: memref<64xf32>, %c: memref<10x8x64xf32>) {
  // CHECK: memref.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : memref<10x8x32xf32> into memref<80x32xf32>
  // CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %c2,
  cuda.product f32 tile [64, 64, 32, 32, 32, 3] maps [#bmk, #kn, #n, #bmn]
      ins(%a, %b : memref<10x8x32xf32>, memref<32x64xf32>) others(%bias : memref<64xf32>)
      outs(%c : memref<10x8x64xf32>) {
  ^bb0(%sum: f32, %offset: f32):
    %moved = arith.addf %sum, %offset : f32
    cuda.yield %moved : f32
  }
  return
}

// One number a row of every batch: batches stay.
// CHECK-LABEL: func @apart
func.func @apart(%a: memref<10x8x32xf32>, %b: memref<32x64xf32>, %bias: memref<8xf32>, %c: memref<10x8x64xf32>) {
  // CHECK-NOT: memref.collapse_shape
  // CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %c10,
  cuda.product f32 tile [64, 64, 32, 32, 32, 3] maps [#bmk, #kn, #m, #bmn]
      ins(%a, %b : memref<10x8x32xf32>, memref<32x64xf32>) others(%bias : memref<8xf32>)
      outs(%c : memref<10x8x64xf32>) {
  ^bb0(%sum: f32, %offset: f32):
    %moved = arith.addf %sum, %offset : f32
    cuda.yield %moved : f32
  }
  return
}
