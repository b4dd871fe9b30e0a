// RUN: tfc-opt %s --m7-fit-arena=sram=32768 | FileCheck %s --check-prefix=WHOLE
// RUN: tfc-opt %s --m7-fit-arena=sram=8192 | FileCheck %s --check-prefix=TILES
// RUN: tfc-opt %s --m7-fit-arena=sram=1024 | FileCheck %s --check-prefix=LEAST
// RUN: tfc-opt %s --m7-fit-arena | FileCheck %s --check-prefix=ANY

// What fits is left whole; the largest tiles that fit are taken, or the least
// arena. The module is planned on copies, and itself left as it was.
// WHOLE: m7.tiles = {held = 0 : i64, rows = 0 : i64, tried = [{bytes = 8192 : i64, rows = 0 : i64}]}
// WHOLE-NOT: memory.tile_rows
// TILES: m7.tiles = {held = 0 : i64, rows = 32 : i64, tried = [{bytes = 8192 : i64, rows = 0 : i64}, {bytes = 4096 : i64, rows = 32 : i64}]}
// TILES: func.func @tfc_compute{{.*}} attributes {memory.tile_rows = 32 : i64}
// TILES: linalg.matmul {{.*}} -> tensor<64x32xf32>
// TILES-NOT: module
// LEAST: m7.tiles = {held = 0 : i64, rows = 4 : i64, tried = [{{.*}}{bytes = 512 : i64, rows = 4 : i64}]}
// LEAST: func.func @tfc_compute{{.*}} attributes {memory.tile_rows = 4 : i64}
// ANY-NOT: m7.tiles
// ANY-NOT: memory.tile_rows
func.func @tfc_compute(%x: memref<64x8xf32>, %y: memref<64x8xf32>) -> i32 {
  %ok = arith.constant 0 : i32
  %zero = arith.constant 0.0 : f32
  %w1 = arith.constant dense<1.0> : tensor<8x32xf32>
  %w2 = arith.constant dense<1.0> : tensor<32x8xf32>
  %in = bufferization.to_tensor %x restrict : memref<64x8xf32> to tensor<64x8xf32>
  %e0 = tensor.empty() : tensor<64x32xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<64x32xf32>) -> tensor<64x32xf32>
  %h = linalg.matmul ins(%in, %w1 : tensor<64x8xf32>, tensor<8x32xf32>) outs(%s0 : tensor<64x32xf32>) -> tensor<64x32xf32>
  %e1 = tensor.empty() : tensor<64x8xf32>
  %s1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<64x8xf32>) -> tensor<64x8xf32>
  %r = linalg.matmul ins(%h, %w2 : tensor<64x32xf32>, tensor<32x8xf32>) outs(%s1 : tensor<64x8xf32>) -> tensor<64x8xf32>
  bufferization.materialize_in_destination %r in restrict writable %y : (tensor<64x8xf32>, memref<64x8xf32>) -> ()
  return %ok : i32
}
