// RUN: tfc-opt %s --split-input-file --cuda-reduce-by-warps | FileCheck %s

// A warp for each row, 8 in a block. A lane has 4 neighbours of 128, each in a sum of its own.
// CHECK-LABEL: @sum
// CHECK: gpu.launch {{.*}} threads({{.*}}) in (%{{.*}} = %c256
// CHECK: %[[LANE:.*]] = arith.remui %{{.*}}, %c32
// CHECK: scf.for
// CHECK: %[[START:.*]] = arith.constant 0.0
// CHECK: %[[FROM:.*]] = arith.muli %[[LANE]], %c4
// CHECK: %[[SUMS:.*]]:4 = scf.for %{{.*}} = %[[FROM]] to %{{.*}} step %c128{{.*}} iter_args(%{{.*}} = %[[START]], %{{.*}} = %[[START]], %{{.*}} = %[[START]], %{{.*}} = %[[START]])
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<?x768xf32>, vector<4xf32>
// CHECK-COUNT-4: arith.mulf
// CHECK: arith.addf %[[SUMS]]#0, %[[SUMS]]#1
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[LANE]]
// CHECK: scf.if %[[FIRST]]
// CHECK: memref.load
// CHECK: arith.addf
// CHECK: memref.store
// CHECK-NOT: linalg
func.func @sum(%x: memref<?x768xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]} ins(%x : memref<?x768xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %p = arith.mulf %a, %a : f32
    %s = arith.addf %b, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Columns lie apart; few numbers are a thread's; two results are not combined.
// CHECK-LABEL: @others
// CHECK-NOT: gpu.launch
func.func @others(%x: memref<256x768xf32>, %y: memref<768xf32>, %few: memref<768x8xf32>, %n: memref<256xi32>, %z: memref<256xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]} ins(%x : memref<256x768xf32>) outs(%y : memref<768xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %b, %a : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]} ins(%few : memref<768x8xf32>) outs(%y : memref<768xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %b, %a : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<256x768xf32>) outs(%z, %n : memref<256xf32>, memref<256xi32>) {
  ^bb0(%a: f32, %b: f32, %c: i32):
    %m = arith.maximumf %b, %a : f32
    %j = linalg.index 1 : index
    %k = arith.index_cast %j : index to i32
    %l = arith.maxsi %c, %k : i32
    linalg.yield %m, %l : f32, i32
  }
  return
}

// -----

// 802 numbers are pieces of 2. 248 of f16 would be 31 pieces of 8, of which a lane has none;
// they are pieces of 4. An open number, and rows that begin at odd places, have none.
// CHECK-LABEL: @pieces
// CHECK: gpu.launch
// CHECK: vector.load {{.*}} {alignment = 8 : i64} : memref<?x802xf32>, vector<2xf32>
// CHECK: gpu.launch
// CHECK: vector.load {{.*}} {alignment = 8 : i64} : memref<?x248xf16>, vector<4xf16>
// CHECK: gpu.launch
// CHECK: memref.load %{{.*}} : memref<?x?xf32>
// CHECK: gpu.launch
// CHECK: memref.load %{{.*}} : memref<?x768xf32, strided<[769, 1]>>
#row = affine_map<(i, j) -> (i, j)>
#result = affine_map<(i, j) -> (i)>
func.func @pieces(%x: memref<?x802xf32>, %h: memref<?x248xf16>, %open: memref<?x?xf32>, %odd: memref<?x768xf32, strided<[769, 1]>>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [#row, #result], iterator_types = ["parallel", "reduction"]} ins(%x : memref<?x802xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %b, %a : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#row, #result], iterator_types = ["parallel", "reduction"]} ins(%h : memref<?x248xf16>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f16, %b: f32):
    %w = arith.extf %a : f16 to f32
    %s = arith.addf %b, %w : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#row, #result], iterator_types = ["parallel", "reduction"]} ins(%open : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %b, %a : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#row, #result], iterator_types = ["parallel", "reduction"]} ins(%odd : memref<?x768xf32, strided<[769, 1]>>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %b, %a : f32
    linalg.yield %s : f32
  }
  return
}
