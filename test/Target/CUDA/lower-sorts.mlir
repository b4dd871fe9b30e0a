// RUN: tfc-opt %s --split-input-file --cuda-lower-sorts --canonicalize --cse | FileCheck %s
// RUN: not tfc-opt %S/Inputs/sort-tensors.mlir --cuda-lower-sorts 2>&1 | FileCheck %s --check-prefix=TENSORS
// TENSORS: error: 'cuda.sort' op expected buffers

// A block for each row: keys and positions in shared memory, 128 with what fills them up.
// CHECK-LABEL: @one
// CHECK-DAG: %[[BYTES:.*]] = arith.constant 1024 : i32
// CHECK: gpu.launch {{.*}} threads({{.*}}) in (%{{.*}} = %c64{{.*}} dynamic_shared_memory_size %[[BYTES]]
// CHECK: scf.for
// CHECK: scf.if
// CHECK: memref.load {{.*}} : memref<?x100xf32>
// CHECK: arith.bitcast
// CHECK: llvm.store {{.*}} !llvm.ptr<3>
// CHECK: gpu.barrier
// CHECK: scf.for %{{.*}} = %c1_i32 to %c8_i32
// CHECK: scf.for
// CHECK: gpu.barrier
// CHECK: memref.store {{.*}} : memref<?x5xf32>
// CHECK: memref.store {{.*}} : memref<?x5xi64>
// CHECK: gpu.barrier
// CHECK-NOT: gpu.launch
func.func @one(%x: memref<?x100xf32>, %values: memref<?x5xf32>, %positions: memref<?x5xi64>) {
  cuda.sort 1 ins(%x : memref<?x100xf32>) outs(%values, %positions : memref<?x5xf32>, memref<?x5xi64>) {
  ^bb0(%element: f32):
    %key = arith.bitcast %element : f32 to i32
    cuda.yield %key : i32
  }
  return
}

// -----

// 5000 elements are three pieces, which two launches merge; a last one writes places.
// CHECK-LABEL: @three
// CHECK-DAG: memref.alloc() : memref<2x1x5000xi64>
// CHECK-DAG: memref.alloc() : memref<2x1x5000xi32>
// CHECK-COUNT-4: gpu.launch
// CHECK-NOT: gpu.launch
func.func @three(%x: memref<5000xi64>, %places: memref<5000xi64>) {
  cuda.sort 0 ins(%x : memref<5000xi64>) outs(%places : memref<5000xi64>) {
  ^bb0(%element: i64):
    cuda.yield %element : i64
  }
  return
}

// -----

// As many mergers as an open size takes.
// CHECK-LABEL: @open
// CHECK: gpu.launch
// CHECK: scf.for {{.*}} iter_args
// CHECK: arith.shli
// CHECK: scf.if
// CHECK: gpu.launch
// CHECK: scf.while
// CHECK: gpu.launch
// CHECK-NOT: gpu.launch
func.func @open(%x: memref<?xi32>, %places: memref<?xi64>) {
  cuda.sort 0 ins(%x : memref<?xi32>) outs(%places : memref<?xi64>) {
  ^bb0(%element: i32):
    cuda.yield %element : i32
  }
  return
}
