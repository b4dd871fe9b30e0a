// RUN: tfc-opt %s --split-input-file --cuda-vectorize-elementwise --canonicalize --cse | FileCheck %s
// RUN: tfc-opt %s --split-input-file --cuda-vectorize-elementwise=report-misses --verify-diagnostics -o /dev/null

// Dense operands are one row; its last piece may be shorter.
// CHECK-LABEL: @add
// CHECK: gpu.launch
// CHECK: scf.for
// CHECK: %[[END:.*]] = arith.addi %[[FIRST:.*]], %c4
// CHECK: %[[WHOLE:.*]] = arith.cmpi ule, %[[END]]
// CHECK: scf.if %[[WHOLE]]
// CHECK: vector.load %{{.*}}[%[[FIRST]]] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
// CHECK: vector.load %{{.*}}[%[[FIRST]]] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
// CHECK-COUNT-4: arith.addf
// CHECK: vector.store %{{.*}}[%[[FIRST]]] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
// CHECK: else
// CHECK: scf.for %[[I:.*]] = %[[FIRST]]
// CHECK: memref.load %{{.*}}[%[[I]]]
// CHECK: arith.addf
// CHECK: memref.store %{{.*}}[%[[I]]]
func.func @add(%x: memref<?x7xf32>, %y: memref<?x7xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x7xf32>) outs(%y : memref<?x7xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Rows of halves, eight at a time; what all of a row share is computed once; no
// row ends within a piece.
// CHECK-LABEL: @rows
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<?x64xf16>, vector<8xf16>
// CHECK: memref.load {{.*}} : memref<?xf16>
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<64xf16>, vector<8xf16>
// CHECK: arith.negf
// CHECK-NOT: arith.negf
// CHECK: vector.store {{.*}} {alignment = 16 : i64} : memref<?x64xf16>, vector<8xf16>
// CHECK-NOT: memref.store
func.func @rows(%x: memref<?x?x64xf16>, %scale: memref<?x?xf16>, %bias: memref<64xf16>, %y: memref<?x?x64xf16>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>,
                                   affine_map<(i, j, k) -> (k)>, affine_map<(i, j, k) -> (i, j, k)>],
                  iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %scale, %bias : memref<?x?x64xf16>, memref<?x?xf16>, memref<64xf16>) outs(%y : memref<?x?x64xf16>) {
  ^bb0(%a: f16, %s: f16, %b: f16, %o: f16):
    %n = arith.negf %s : f16
    %p = arith.mulf %a, %n : f16
    %q = arith.addf %p, %b : f16
    linalg.yield %q : f16
  }
  return
}

// -----

// Of mixed types, as many as 16 bytes hold of the largest; bits by themselves.
// CHECK-LABEL: @mixed
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<16xf32>, vector<4xf32>
// CHECK-COUNT-4: memref.load {{.*}} : memref<16xi1>
// CHECK: vector.store {{.*}} {alignment = 8 : i64} : memref<16xf16>, vector<4xf16>
func.func @mixed(%x: memref<16xf32>, %m: memref<16xi1>, %y: memref<16xf16>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
                  iterator_types = ["parallel"]}
      ins(%x, %m : memref<16xf32>, memref<16xi1>) outs(%y : memref<16xf16>) {
  ^bb0(%a: f32, %c: i1, %o: f16):
    %h = arith.truncf %a : f32 to f16
    %z = arith.constant 0.0 : f16
    %s = arith.select %c, %h, %z : f16
    linalg.yield %s : f16
  }
  return
}

// -----

// A gather reads its index once and a piece of the row.
// CHECK-LABEL: @gather
// CHECK: %[[ROW:.*]] = memref.load {{.*}} : memref<?xi64>
// CHECK-NOT: memref.load
// CHECK: %[[AT:.*]] = arith.index_cast %[[ROW]]
// CHECK: %[[PIECE:.*]] = vector.load %{{.*}}[%[[AT]], %[[COLUMN:.*]]] {alignment = 16 : i64} : memref<100x768xf32>, vector<4xf32>
// CHECK: vector.store %[[PIECE]], %{{.*}}[%{{.*}}, %[[COLUMN]]] {alignment = 16 : i64}
func.func @gather(%table: memref<100x768xf32>, %rows: memref<?xi64>, %y: memref<?x768xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%rows : memref<?xi64>) outs(%y : memref<?x768xf32>) {
  ^bb0(%r: i64, %o: f32):
    %row = arith.index_cast %r : i64 to index
    %column = linalg.index 1 : index
    %e = memref.load %table[%row, %column] : memref<100x768xf32>
    linalg.yield %e : f32
  }
  return
}

// -----

// A copy to columns of a wider buffer: its rows begin at multiples of 8 bytes.
// CHECK-LABEL: @copy
// CHECK: vector.load {{.*}} {alignment = 8 : i64} : memref<4x4xf32>, vector<2xf32>
// CHECK: vector.store {{.*}} {alignment = 8 : i64} : memref<4x4xf32, strided<[10, 1], offset: 6>>, vector<2xf32>
func.func @copy(%x: memref<4x4xf32>, %y: memref<4x10xf32>) {
  %part = memref.subview %y[0, 6] [4, 4] [1, 1] : memref<4x10xf32> to memref<4x4xf32, strided<[10, 1], offset: 6>>
  memref.copy %x, %part : memref<4x4xf32> to memref<4x4xf32, strided<[10, 1], offset: 6>>
  return
}

// -----

// CHECK-LABEL: @fill
// CHECK: vector.store {{.*}} {alignment = 16 : i64} : memref<64xf32>, vector<4xf32>
func.func @fill(%y: memref<64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64xf32>)
  return
}

// -----

// CHECK-LABEL: @transpose
// CHECK-NOT: gpu.launch
func.func @transpose(%x: memref<64x64xf32>, %y: memref<64x64xf32>) {
  // expected-remark @below {{a thread for each element: it reads or writes across rows}}
  linalg.transpose ins(%x : memref<64x64xf32>) outs(%y : memref<64x64xf32>) permutation = [1, 0]
  return
}

// -----

// CHECK-LABEL: @odd
// CHECK-NOT: gpu.launch
func.func @odd(%x: memref<4x7xf32>, %bias: memref<7xf32>, %y: memref<4x7xf32>) {
  // expected-remark @below {{a thread for each element: its rows may begin where vectors may not}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %bias : memref<4x7xf32>, memref<7xf32>) outs(%y : memref<4x7xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// CHECK-LABEL: @elements
// CHECK-NOT: gpu.launch
func.func @elements(%table: memref<4x8xf32>, %columns: memref<4x8xindex>, %y: memref<4x8xf32>) {
  // expected-remark @below {{a thread for each element: it gathers elements, not rows}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%columns : memref<4x8xindex>) outs(%y : memref<4x8xf32>) {
  ^bb0(%c: index, %o: f32):
    %row = linalg.index 1 : index
    %e = memref.load %table[%row, %c] : memref<4x8xf32>
    linalg.yield %e : f32
  }
  return
}

// -----

// CHECK-LABEL: @sum
// CHECK-NOT: gpu.launch
func.func @sum(%x: memref<8xf32>, %y: memref<f32>) {
  // expected-remark @below {{a thread for each element: it is not elementwise on buffers}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<8xf32>) outs(%y : memref<f32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  return
}
