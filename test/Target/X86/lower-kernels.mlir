// RUN: tfc-opt %s --x86-lower-kernels=vector-bits=256 | FileCheck %s
// RUN: tfc-opt %s --x86-lower-kernels=vector-bits=128 | FileCheck %s --check-prefix=NARROW

// One region over blocks of rows and panels; two products share a kernel.
// CHECK-LABEL: @two
// CHECK: x86.parallel
// CHECK:   arith.remui
// CHECK:   call @tfc_gemm_f32_24
// CHECK: x86.parallel
// CHECK:   call @tfc_gemm_f32_24
func.func @two(%x: memref<?x8xf32>, %w: memref<2x8x24xf32>, %b: memref<48xf32>, %y: memref<?x40xf32>,
               %v: memref<1x8x24xf32>, %c: memref<24xf32>, %z: memref<?x24xf32>) {
  x86.packed_linear ins(%x, %w, %b : memref<?x8xf32>, memref<2x8x24xf32>, memref<48xf32>) outs(%y : memref<?x40xf32>)
  x86.packed_linear ins(%x, %v, %c : memref<?x8xf32>, memref<1x8x24xf32>, memref<24xf32>) outs(%z : memref<?x24xf32>)
  return
}

// Four rows of three vectors are twelve sums in registers; the tail of a panel
// is masked, rows that do not fill a block have blocks of two and one.
// CHECK: func.func private @tfc_gemm_f32_24
// CHECK: scf.for {{.*}} -> ({{(vector<8xf32>(, )?){12}[)]}}
// CHECK: vector.fma
// CHECK: vector.store
// CHECK: scf.for {{.*}} -> ({{(vector<8xf32>(, )?){6}[)]}}
// CHECK: scf.for {{.*}} -> ({{(vector<8xf32>(, )?){3}[)]}}
// CHECK: vector.maskedstore
// CHECK-NOT: func.func private @tfc_gemm

// Without the instruction, a product and a sum.
// NARROW-NOT: vector.fma
// NARROW: arith.mulf {{.*}} : vector<4xf32>
