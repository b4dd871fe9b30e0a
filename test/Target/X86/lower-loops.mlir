// RUN: tfc-opt %s --x86-lower-loops --canonicalize --cse | FileCheck %s

#identity = affine_map<(i, j) -> (i, j)>
#columns = affine_map<(i, j) -> (j)>
#rows = affine_map<(i, j) -> (i)>
#transposed = affine_map<(i, j) -> (j, i)>

// A dense elementwise operation is one loop over all elements.
// CHECK-LABEL: func @elementwise
// CHECK: %[[FLAT:.*]] = memref.collapse_shape
// CHECK: x86.parallel %{{.*}} grain %{{.*}}
// CHECK: scf.for %[[I:.*]] = %{{.*}} to
// CHECK: memref.load %{{.*}}[%[[I]]]
// CHECK-NOT: scf.for
// CHECK: math.exp
// CHECK: memref.store
func.func @elementwise(%x: memref<?x?xf32>, %y: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [#identity, #identity],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  }
  return
}

// A sum over contiguous elements is carried in a register.
// CHECK-LABEL: func @row_sum
// CHECK: x86.parallel
// CHECK: scf.for
// CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args
// CHECK: arith.addf {{.*}} fastmath<reassoc,contract>
// CHECK: memref.store %[[SUM]]
func.func @row_sum(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [#identity, #rows],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  return
}

// A sum over rows keeps the columns innermost: they are contiguous.
// CHECK-LABEL: func @column_sum
// CHECK: x86.parallel
// CHECK-NEXT: ^bb0(%[[BEGIN:.*]]: index, %[[END:.*]]: index, %{{.*}}: index):
// CHECK: scf.for %[[I:[a-z0-9]+]] =
// CHECK: scf.for %[[J:[a-z0-9]+]] = %[[BEGIN]] to %[[END]]
// CHECK: memref.load %{{.*}}[%[[I]], %[[J]]]
func.func @column_sum(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [#identity, #columns],
                  iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  return
}

// Too little work for a second worker: no parallel region.
// CHECK-LABEL: func @small
// CHECK-NOT: x86.parallel
// CHECK: scf.for
func.func @small(%x: memref<8x8xf32>, %y: memref<8x8xf32>) {
  linalg.generic {indexing_maps = [#transposed, #identity],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x8xf32>) outs(%y : memref<8x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  return
}

// CHECK-LABEL: func @copy
// CHECK: scf.for
// CHECK: memref.store
// CHECK-NOT: memref.copy
func.func @copy(%x: memref<?xf32, strided<[2]>>, %y: memref<?xf32>) {
  memref.copy %x, %y : memref<?xf32, strided<[2]>> to memref<?xf32>
  return
}

// Loops over an image are one where all buffers have it whole, so that the inner loop is
// long enough for vectors; a bias has no image.
// CHECK-LABEL: func @image
// CHECK: %[[X:.*]] = memref.collapse_shape %{{.*}} {{\[}}[0], [1], [2, 3]] : memref<?x8x7x7xf32> into memref<?x8x49xf32>
// CHECK: scf.for %[[P:.*]] = %c0 to %c49
// CHECK: memref.load %[[X]][%{{.*}}, %{{.*}}, %[[P]]]
#image = affine_map<(n, c, y, x) -> (n, c, y, x)>
func.func @image(%x: memref<?x8x7x7xf32>, %b: memref<8x1x1xf32>, %z: memref<?x8x7x7xf32>) {
  linalg.generic {indexing_maps = [#image, affine_map<(n, c, y, x) -> (c, 0, 0)>, #image],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %b : memref<?x8x7x7xf32>, memref<8x1x1xf32>) outs(%z : memref<?x8x7x7xf32>) {
  ^bb0(%a: f32, %bias: f32, %out: f32):
    %s = arith.addf %a, %bias : f32
    linalg.yield %s : f32
  }
  return
}

// Sums over what lies side by side are one loop too; rows that lie apart are not.
// CHECK-LABEL: func @sums
// CHECK: scf.for %{{.*}} = %c0 to %c35 {{.*}} iter_args
// CHECK: scf.for %{{.*}} = %c0 to %c5 {{.*}} iter_args
// CHECK: scf.for %{{.*}} = %c0 to %c7 {{.*}} iter_args
#tensor = affine_map<(i, j, k) -> (i, j, k)>
#first = affine_map<(i, j, k) -> (i)>
func.func @sums(%x: memref<9x5x7xf32>, %y: memref<9xf32>, %apart: memref<9x5x7xf32, strided<[50, 10, 1]>>) {
  linalg.generic {indexing_maps = [#tensor, #first], iterator_types = ["parallel", "reduction", "reduction"]}
      ins(%x : memref<9x5x7xf32>) outs(%y : memref<9xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#tensor, #first], iterator_types = ["parallel", "reduction", "reduction"]}
      ins(%apart : memref<9x5x7xf32, strided<[50, 10, 1]>>) outs(%y : memref<9xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  return
}
