// RUN: tfc-opt %s -x86-lower-products=vector-bits=512 -split-input-file | FileCheck %s

// One kernel of whole panels, one as wide as what is left: 100 is twice 48 and 4. Nothing fills
// the result again.

// CHECK-LABEL: func.func @batches
// CHECK-NOT: linalg.
// CHECK: %[[workers:.*]] = x86.num_threads
// CHECK: memref.alloc(%[[workers]]) {alignment = 64 : i64} : memref<?x384x48xf32>
// CHECK: memref.alloc(%[[workers]]) {alignment = 64 : i64} : memref<?x384x16xf32>
// CHECK: x86.parallel
// CHECK: scf.if
// CHECK: call @tfc_copy_to_panel_f32_48
// CHECK: call @tfc_product_f32_48
// CHECK: call @tfc_copy_to_panel_f32_16
// CHECK: call @tfc_product_f32_16
func.func @batches(%x: memref<3x20x40xf32>, %w: memref<3x40x100xf32>, %c: memref<3x20x100xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<3x20x100xf32>)
  linalg.batch_matmul ins(%x, %w : memref<3x20x40xf32>, memref<3x40x100xf32>) outs(%c : memref<3x20x100xf32>)
  return
}

// -----

// Deeper than a panel, onto what the result holds; factors contiguous along the other dimension.

// CHECK-LABEL: func.func @turned
// CHECK: scf.for {{.*}} step %c384
// CHECK: call @tfc_turn_to_panel_f32_48
// CHECK: call @tfc_product_turned_more_f32_48
// CHECK-NOT: call
func.func @turned(%x: memref<500x20xf32>, %w: memref<48x500xf32>, %c: memref<20x48xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, k)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<500x20xf32>, memref<48x500xf32>) outs(%c : memref<20x48xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %term = arith.mulf %a, %b : f32
    %next = arith.addf %sum, %term : f32
    linalg.yield %next : f32
  }
  return
}

// -----

// The factors change places where the result is contiguous along the rows.

// CHECK-LABEL: func.func @turned_result
// CHECK: call @tfc_turn_to_panel_f32_32
// CHECK: call @tfc_product_turned_more_f32_32
func.func @turned_result(%x: memref<20x40xf32>, %w: memref<40x50xf32>, %c: memref<50x20xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (n, m)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<20x40xf32>, memref<40x50xf32>) outs(%c : memref<50x20xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %term = arith.mulf %a, %b : f32
    %next = arith.addf %sum, %term : f32
    linalg.yield %next : f32
  }
  return
}

// -----

// Few rows take loops, and fill what they add to.

// CHECK-LABEL: func.func @open_rows
// CHECK: %[[few:.*]] = arith.cmpi ult, %{{.*}}, %c8
// CHECK: scf.if %[[few]] {
// CHECK: linalg.fill
// CHECK: linalg.matmul
// CHECK: } else {
// CHECK: call @tfc_product_f32_48
func.func @open_rows(%x: memref<?x40xf32>, %w: memref<40x48xf32>, %c: memref<?x48xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<?x48xf32>)
  linalg.matmul ins(%x, %w : memref<?x40xf32>, memref<40x48xf32>) outs(%c : memref<?x48xf32>)
  return
}

// -----

// A fill of something else, one that is read before, and one that is not the last, stay.

// CHECK-LABEL: func.func @other_fills
// CHECK: linalg.fill
// CHECK: call @tfc_product_more_f32_48
// CHECK: linalg.fill
// CHECK: memref.load
// CHECK: call @tfc_product_more_f32_48
// CHECK: linalg.fill
// CHECK: linalg.fill
// CHECK: call @tfc_product_more_f32_48
func.func @other_fills(%x: memref<20x40xf32>, %w: memref<40x48xf32>, %c: memref<20x48xf32>, %d: memref<20x48xf32>) -> f32 {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %i = arith.constant 0 : index
  linalg.fill ins(%one : f32) outs(%c : memref<20x48xf32>)
  linalg.matmul ins(%x, %w : memref<20x40xf32>, memref<40x48xf32>) outs(%c : memref<20x48xf32>)
  linalg.fill ins(%zero : f32) outs(%d : memref<20x48xf32>)
  %read = memref.load %d[%i, %i] : memref<20x48xf32>
  linalg.matmul ins(%x, %w : memref<20x40xf32>, memref<40x48xf32>) outs(%d : memref<20x48xf32>)
  %e = memref.alloc() : memref<20x48xf32>
  linalg.fill ins(%zero : f32) outs(%e : memref<20x48xf32>)
  %row = memref.subview %e[0, 0] [1, 48] [1, 1] : memref<20x48xf32> to memref<1x48xf32, strided<[48, 1]>>
  linalg.fill ins(%one : f32) outs(%row : memref<1x48xf32, strided<[48, 1]>>)
  linalg.matmul ins(%x, %w : memref<20x40xf32>, memref<40x48xf32>) outs(%e : memref<20x48xf32>)
  return %read : f32
}

// -----

// Left to loops: few rows, another type, a vector, a factor that lies elsewise, and one
// of which something is computed first.

// CHECK-LABEL: func.func @others
// CHECK-NOT: x86.parallel
// CHECK: linalg.matmul
// CHECK: linalg.matmul
// CHECK: linalg.matvec
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK: arith.negf
func.func @others(%few: memref<7x40xf32>, %w: memref<40x48xf32>, %c: memref<7x48xf32>,
                  %dx: memref<20x40xf64>, %dw: memref<40x48xf64>, %dc: memref<20x48xf64>,
                  %x: memref<20x40xf32>, %v: memref<40xf32>, %y: memref<20xf32>,
                  %apart: memref<20x40xf32, strided<[80, 2]>>, %e: memref<20x48xf32>) {
  linalg.matmul ins(%few, %w : memref<7x40xf32>, memref<40x48xf32>) outs(%c : memref<7x48xf32>)
  linalg.matmul ins(%dx, %dw : memref<20x40xf64>, memref<40x48xf64>) outs(%dc : memref<20x48xf64>)
  linalg.matvec ins(%x, %v : memref<20x40xf32>, memref<40xf32>) outs(%y : memref<20xf32>)
  linalg.matmul ins(%apart, %w : memref<20x40xf32, strided<[80, 2]>>, memref<40x48xf32>) outs(%e : memref<20x48xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<20x40xf32>, memref<40x48xf32>) outs(%e : memref<20x48xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %minus = arith.negf %a : f32
    %term = arith.mulf %minus, %b : f32
    %next = arith.addf %sum, %term : f32
    linalg.yield %next : f32
  }
  return
}
