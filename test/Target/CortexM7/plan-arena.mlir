// RUN: tfc-opt %s --m7-plan-arena --attn-verify-memory-plan --split-input-file --verify-diagnostics | FileCheck %s

// The first and the last do not meet: 64 bytes do for three of 32.
// CHECK: m7.plan = {bound_step = {{[0-9]+}} : i64, buffers = [
// CHECK-SAME: {bytes = 32 : i64, first = 0 : i64, last = 1 : i64, node = "first", offset = [[A:[0-9]+]] : i64, type = "8xf32"}
// CHECK-SAME: {bytes = 32 : i64, first = 1 : i64, last = 2 : i64, node = "", offset = {{[0-9]+}} : i64, type = "8xf32"}
// CHECK-SAME: {bytes = 32 : i64, first = 2 : i64, last = 3 : i64, node = "", offset = [[A]] : i64, type = "8xf32"}
// CHECK-SAME: bytes = 64 : i64, gap = 0.000000e+00 : f64, live_bytes = 64 : i64, lower_bound = 64 : i64, proven = true,
// CHECK-SAME: steps = [{node = "first", op = "linalg.exp"}, {node = "", op = "linalg.exp"}, {node = "", op = "linalg.exp"}, {node = "", op = "linalg.exp"}]
// CHECK-LABEL: func.func @tfc_compute(
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<8xf32>, %[[Y:[a-z0-9]+]]: memref<8xf32>, %[[ARENA:[a-z0-9]+]]: memref<64xi8>)
// CHECK-COUNT-3: memref.view %[[ARENA]][%{{.*}}][] : memref<64xi8> to memref<8xf32>
func.func @tfc_compute(%x: memref<8xf32>, %y: memref<8xf32>) -> i32 {
  %ok = arith.constant 0 : i32
  %a = memref.alloc() : memref<8xf32> loc("another")
  linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>) loc("first")
  %b = memref.alloc() : memref<8xf32>
  linalg.exp ins(%a : memref<8xf32>) outs(%b : memref<8xf32>)
  %c = memref.alloc() : memref<8xf32>
  linalg.exp ins(%b : memref<8xf32>) outs(%c : memref<8xf32>)
  linalg.exp ins(%c : memref<8xf32>) outs(%y : memref<8xf32>)
  return %ok : i32
}

// -----

// What is used in a loop lives as long as the loop, also by another name; a size
// that data decides takes its bound.
// CHECK: bytes = 96 : i64, {{.*}}lower_bound = 96 : i64
// CHECK-LABEL: func.func @tfc_compute(
// CHECK: memref.view %{{.*}}[%{{.*}}][%{{.*}}] : memref<96xi8> to memref<?xf32>
func.func @tfc_compute(%n: memref<index>, %y: memref<4xf32>) -> i32 {
  %ok = arith.constant 0 : i32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %f = arith.constant 0.0 : f32
  %size = memref.load %n[] : memref<index>
  %least = arith.minui %size, %c8 : index
  %a = memref.alloc() : memref<4x4xf32>
  %part = memref.subview %a[0, 0] [1, 4] [1, 1] : memref<4x4xf32> to memref<1x4xf32, strided<[4, 1]>>
  scf.for %i = %c0 to %c8 step %c1 {
    %b = memref.alloc(%least) : memref<?xf32>
    linalg.fill ins(%f : f32) outs(%b : memref<?xf32>)
    linalg.fill ins(%f : f32) outs(%part : memref<1x4xf32, strided<[4, 1]>>)
  }
  return %ok : i32
}

// -----

// What is made in an iteration ends in it: %a and %b share bytes, and none of
// %outside, which the next iteration reads.
// CHECK: bytes = 96 : i64, {{.*}}lower_bound = 96 : i64
func.func @tfc_compute(%x: memref<8xf32>, %y: memref<8xf32>) -> i32 {
  %ok = arith.constant 0 : i32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %outside = memref.alloc() : memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%outside : memref<8xf32>)
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.alloc() : memref<8xf32>
    linalg.exp ins(%outside : memref<8xf32>) outs(%a : memref<8xf32>)
    %b = memref.alloc() : memref<8xf32>
    linalg.exp ins(%a : memref<8xf32>) outs(%b : memref<8xf32>)
    %c = memref.alloc() : memref<8xf32>
    linalg.exp ins(%b : memref<8xf32>) outs(%c : memref<8xf32>)
    linalg.exp ins(%c : memref<8xf32>) outs(%y : memref<8xf32>)
  }
  return %ok : i32
}

// -----

// A buffer that one iteration hands to the next lives as long as the loop.
// CHECK: buffers = [{bytes = 32 : i64, first = 0 : i64, last = 3 : i64,
// CHECK-SAME: {bytes = 32 : i64, first = 1 : i64, last = 3 : i64,
// CHECK-SAME: {bytes = 32 : i64, first = 2 : i64, last = 3 : i64,
func.func @tfc_compute(%x: memref<8xf32>, %y: memref<8xf32>) -> i32 {
  %ok = arith.constant 0 : i32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %start = memref.alloc() : memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%start : memref<8xf32>)
  %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%last = %start) -> (memref<8xf32>) {
    %a = memref.alloc() : memref<8xf32>
    linalg.exp ins(%last : memref<8xf32>) outs(%a : memref<8xf32>)
    %b = memref.alloc() : memref<8xf32>
    linalg.exp ins(%a : memref<8xf32>) outs(%b : memref<8xf32>)
    linalg.exp ins(%b : memref<8xf32>) outs(%y : memref<8xf32>)
    scf.yield %a : memref<8xf32>
  }
  return %ok : i32
}

// -----

func.func @tfc_compute(%n: memref<index>) -> i32 {
  %ok = arith.constant 0 : i32
  %f = arith.constant 0.0 : f32
  %size = memref.load %n[] : memref<index>
  // expected-error @+1 {{the size of a temporary of type 'memref<?xf32>' has no known bound; the cortex-m7 target has no heap}}
  %b = memref.alloc(%size) : memref<?xf32>
  linalg.fill ins(%f : f32) outs(%b : memref<?xf32>)
  return %ok : i32
}
