// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(lower-fold-transposes))' --split-input-file | FileCheck %s

// Heads are read where the products left them and written where the next takes
// them.
// CHECK-LABEL: @both_sides
// CHECK-NOT: linalg.transpose
// CHECK: %[[X:.*]] = memref.alloc() : memref<2x8x4x16xf32>
// CHECK: %[[Q:.*]] = memref.transpose %[[X]] (d0, d1, d2, d3) -> (d0, d2, d1, d3)
// CHECK: %[[OUT:.*]] = memref.alloc() : memref<2x8x4x16xf32>
// CHECK: %[[T:.*]] = memref.transpose %[[OUT]] (d0, d1, d2, d3) -> (d0, d2, d1, d3)
// CHECK: attn.attention scale 2.500000e-01 ins(%[[Q]], {{.*}} outs(%[[T]]
// CHECK-NOT: linalg.transpose
func.func @both_sides(%source: memref<2x8x4x16xf32>, %k: memref<2x4x8x16xf32>, %y: memref<2x8x4x16xf32>) {
  %x = memref.alloc() : memref<2x8x4x16xf32>
  linalg.copy ins(%source : memref<2x8x4x16xf32>) outs(%x : memref<2x8x4x16xf32>)
  %q = memref.alloc() : memref<2x4x8x16xf32>
  linalg.transpose ins(%x : memref<2x8x4x16xf32>) outs(%q : memref<2x4x8x16xf32>) permutation = [0, 2, 1, 3]
  %r = memref.alloc() : memref<2x4x8x16xf32>
  attn.attention scale 0.25 ins(%q, %k, %k : memref<2x4x8x16xf32>, memref<2x4x8x16xf32>, memref<2x4x8x16xf32>) outs(%r : memref<2x4x8x16xf32>)
  %out = memref.alloc() : memref<2x8x4x16xf32>
  linalg.transpose ins(%r : memref<2x4x8x16xf32>) outs(%out : memref<2x8x4x16xf32>) permutation = [0, 2, 1, 3]
  linalg.copy ins(%out : memref<2x8x4x16xf32>) outs(%y : memref<2x8x4x16xf32>)
  return
}

// -----

// A permutation that is not its own inverse.
// CHECK-LABEL: @rotated
// CHECK: %[[Q:.*]] = memref.transpose %{{.*}} (d0, d1, d2, d3) -> (d2, d0, d1, d3) : memref<4x8x2x16xf32> to memref<2x4x8x16xf32
// CHECK: %[[T:.*]] = memref.transpose %{{.*}} (d0, d1, d2, d3) -> (d1, d2, d0, d3) : memref<8x2x4x16xf32> to memref<2x4x8x16xf32
// CHECK: attn.attention scale 2.500000e-01 ins(%[[Q]], {{.*}} outs(%[[T]]
func.func @rotated(%k: memref<2x4x8x16xf32>, %y: memref<8x2x4x16xf32>, %value: f32) {
  %x = memref.alloc() : memref<4x8x2x16xf32>
  linalg.fill ins(%value : f32) outs(%x : memref<4x8x2x16xf32>)
  %q = memref.alloc() : memref<2x4x8x16xf32>
  linalg.transpose ins(%x : memref<4x8x2x16xf32>) outs(%q : memref<2x4x8x16xf32>) permutation = [2, 0, 1, 3]
  %r = memref.alloc() : memref<2x4x8x16xf32>
  attn.attention scale 0.25 ins(%q, %k, %k : memref<2x4x8x16xf32>, memref<2x4x8x16xf32>, memref<2x4x8x16xf32>) outs(%r : memref<2x4x8x16xf32>)
  %out = memref.alloc() : memref<8x2x4x16xf32>
  linalg.transpose ins(%r : memref<2x4x8x16xf32>) outs(%out : memref<8x2x4x16xf32>) permutation = [2, 0, 1, 3]
  linalg.copy ins(%out : memref<8x2x4x16xf32>) outs(%y : memref<8x2x4x16xf32>)
  return
}

// -----

// What it was copied from is something else by the time of the attention.
// CHECK-LABEL: @written_between
// CHECK: linalg.transpose
// CHECK-NOT: memref.transpose
// CHECK: attn.attention
func.func @written_between(%source: memref<2x8x4x16xf32>, %k: memref<2x4x8x16xf32>, %y: memref<2x4x8x16xf32>, %value: f32) {
  %x = memref.alloc() : memref<2x8x4x16xf32>
  linalg.copy ins(%source : memref<2x8x4x16xf32>) outs(%x : memref<2x8x4x16xf32>)
  %q = memref.alloc() : memref<2x4x8x16xf32>
  linalg.transpose ins(%x : memref<2x8x4x16xf32>) outs(%q : memref<2x4x8x16xf32>) permutation = [0, 2, 1, 3]
  %part = memref.subview %x[0, 0, 0, 0] [1, 8, 4, 16] [1, 1, 1, 1] : memref<2x8x4x16xf32> to memref<1x8x4x16xf32, strided<[512, 64, 16, 1]>>
  linalg.fill ins(%value : f32) outs(%part : memref<1x8x4x16xf32, strided<[512, 64, 16, 1]>>)
  attn.attention scale 0.25 ins(%q, %k, %k : memref<2x4x8x16xf32>, memref<2x4x8x16xf32>, memref<2x4x8x16xf32>) outs(%y : memref<2x4x8x16xf32>)
  return
}

// -----

// Somebody else needs the copy, and a result that is read twice.
// CHECK-LABEL: @read_by_others
// CHECK-COUNT-2: linalg.transpose
// CHECK-NOT: memref.transpose
func.func @read_by_others(%source: memref<2x8x4x16xf32>, %k: memref<2x4x8x16xf32>, %y: memref<2x8x4x16xf32>, %z: memref<2x4x8x16xf32>) {
  %x = memref.alloc() : memref<2x8x4x16xf32>
  linalg.copy ins(%source : memref<2x8x4x16xf32>) outs(%x : memref<2x8x4x16xf32>)
  %q = memref.alloc() : memref<2x4x8x16xf32>
  linalg.transpose ins(%x : memref<2x8x4x16xf32>) outs(%q : memref<2x4x8x16xf32>) permutation = [0, 2, 1, 3]
  linalg.copy ins(%q : memref<2x4x8x16xf32>) outs(%z : memref<2x4x8x16xf32>)
  %r = memref.alloc() : memref<2x4x8x16xf32>
  attn.attention scale 0.25 ins(%q, %k, %k : memref<2x4x8x16xf32>, memref<2x4x8x16xf32>, memref<2x4x8x16xf32>) outs(%r : memref<2x4x8x16xf32>)
  %out = memref.alloc() : memref<2x8x4x16xf32>
  linalg.transpose ins(%r : memref<2x4x8x16xf32>) outs(%out : memref<2x8x4x16xf32>) permutation = [0, 2, 1, 3]
  linalg.copy ins(%out : memref<2x8x4x16xf32>) outs(%y : memref<2x8x4x16xf32>)
  linalg.copy ins(%r : memref<2x4x8x16xf32>) outs(%z : memref<2x4x8x16xf32>)
  return
}

// -----

// The same where transposes are loops already; a loop that computes is none.
// CHECK-LABEL: @as_loops
// CHECK: %[[X:[a-z0-9_]+]] = memref.alloc() : memref<8x2x4x16xf32>
// CHECK: %[[K:[a-z0-9_]+]] = memref.alloc() : memref<2x4x8x16xf32>
// CHECK: arith.negf
// CHECK: %[[Q:[a-z0-9_]+]] = memref.transpose %[[X]] (d0, d1, d2, d3) -> (d1, d2, d0, d3) : memref<8x2x4x16xf32> to memref<2x4x8x16xf32
// CHECK: attn.attention scale 2.500000e-01 ins(%[[Q]], %[[K]], %[[K]] :
func.func @as_loops(%y: memref<2x4x8x16xf32>, %value: f32) {
  %x = memref.alloc() : memref<8x2x4x16xf32>
  linalg.fill ins(%value : f32) outs(%x : memref<8x2x4x16xf32>)
  %q = memref.alloc() : memref<2x4x8x16xf32>
  linalg.generic {indexing_maps = [affine_map<(t, b, h, d) -> (t, b, h, d)>, affine_map<(t, b, h, d) -> (b, h, t, d)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : memref<8x2x4x16xf32>) outs(%q : memref<2x4x8x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  %k = memref.alloc() : memref<2x4x8x16xf32>
  linalg.generic {indexing_maps = [affine_map<(b, h, t, d) -> (t, b, h, d)>, affine_map<(b, h, t, d) -> (b, h, t, d)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : memref<8x2x4x16xf32>) outs(%k : memref<2x4x8x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %n = arith.negf %in : f32
    linalg.yield %n : f32
  }
  attn.attention scale 0.25 ins(%q, %k, %k : memref<2x4x8x16xf32>, memref<2x4x8x16xf32>, memref<2x4x8x16xf32>) outs(%y : memref<2x4x8x16xf32>)
  return
}
