// RUN: tfc-opt %s --split-input-file --cuda-transpose-by-tiles | FileCheck %s

// Tiles of 32 x 32, whole: 6 blocks of 8 warps. Lanes read neighbours of x, and write
// neighbours of y; rows of the tile are 33 elements apart.
// CHECK-LABEL: @transpose
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<64x96xf32>, %[[Y:[a-z0-9]*]]: memref<96x64xf32>
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %c6{{.*}}) threads(%[[T:[a-z0-9_]*]], {{.*}}) in (%{{.*}} = %c256{{.*}}) dynamic_shared_memory_size %c4224
// CHECK: %[[LANE:.*]] = arith.remui %[[T]], %c32
// CHECK: %[[COLUMN:.*]] = arith.addi %{{.*}}, %[[LANE]]
// CHECK-NOT: scf.if
// CHECK-COUNT-4: memref.load %[[X]][%{{.*}}, %[[COLUMN]]]
// CHECK: gpu.barrier
// CHECK: %[[ROW:.*]] = arith.addi %{{.*}}, %[[LANE]]
// CHECK: llvm.load
// CHECK: memref.store %{{.*}}, %[[Y]][%{{.*}}, %[[ROW]]]
// CHECK-NOT: linalg
func.func @transpose(%x: memref<64x96xf32>, %y: memref<96x64xf32>) {
  linalg.transpose ins(%x : memref<64x96xf32>) outs(%y : memref<96x64xf32>) permutation = [1, 0]
  return
}

// -----

// Tiles that are cut off; another input is read where results are written.
// CHECK-LABEL: @with_bias
// CHECK-SAME: %[[B:[a-z0-9]*]]: memref<?xf16>
// CHECK: gpu.launch
// CHECK: scf.if
// CHECK: memref.load %{{.*}} : memref<?x5x48xf16>
// CHECK: gpu.barrier
// CHECK: scf.if
// CHECK: memref.load %[[B]]
// CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<contract>
func.func @with_bias(%b: memref<?xf16>, %x: memref<?x5x48xf16>, %y: memref<5x48x?xf16>) {
  linalg.generic {indexing_maps = [affine_map<(h, c, r) -> (r, h, c)>, affine_map<(h, c, r) -> (r)>, affine_map<(h, c, r) -> (h, c, r)>],
                  iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %b : memref<?x5x48xf16>, memref<?xf16>) outs(%y : memref<5x48x?xf16>) {
  ^bb0(%v: f16, %w: f16, %o: f16):
    %s = arith.addf %v, %w : f16
    linalg.yield %s : f16
  }
  return
}

// -----

// Left alone: rows of few elements; rows that stay rows; inputs along two other loops; i1,
// and columns of a buffer that lie apart already.
// CHECK-LABEL: @others
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @others(%few: memref<64x8xf32>, %t: memref<8x64xf32>, %rows: memref<4x64x32xf32>, %u: memref<64x4x32xf32>,
                  %a: memref<64x64x64xf32>, %bits: memref<64x64xi1>, %bits2: memref<64x64xi1>, %apart: memref<64x64xf32, strided<[1, 64]>>, %v: memref<64x64xf32>) {
  linalg.transpose ins(%few : memref<64x8xf32>) outs(%t : memref<8x64xf32>) permutation = [1, 0]
  linalg.transpose ins(%rows : memref<4x64x32xf32>) outs(%u : memref<64x4x32xf32>) permutation = [1, 0, 2]
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, j, i)>, affine_map<(i, j, k) -> (i, k, j)>, affine_map<(i, j, k) -> (i, j, k)>],
                  iterator_types = ["parallel", "parallel", "parallel"]} ins(%a, %a : memref<64x64x64xf32>, memref<64x64x64xf32>) outs(%a : memref<64x64x64xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  }
  linalg.transpose ins(%bits : memref<64x64xi1>) outs(%bits2 : memref<64x64xi1>) permutation = [1, 0]
  linalg.transpose ins(%apart : memref<64x64xf32, strided<[1, 64]>>) outs(%v : memref<64x64xf32>) permutation = [1, 0]
  return
}
