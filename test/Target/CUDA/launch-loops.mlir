// RUN: tfc-opt %s --split-input-file --cuda-launch-loops --canonicalize | FileCheck %s

// A thread for each element; one loop over both dimensions.
// CHECK-LABEL: @add
// CHECK-SAME: (%[[X:.*]]: memref<?x8xf32>, %[[Y:.*]]: memref<?x8xf32>)
// CHECK: %[[BLOCKS:.*]] = arith.minui
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %[[BLOCKS]], {{.*}} threads({{.*}}) in (%{{.*}} = %c256
// CHECK: scf.for
// CHECK: memref.load
// CHECK: arith.addf
// CHECK: memref.store
// CHECK-NOT: scf.for
// CHECK: gpu.terminator
func.func @add(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A reduction to one number is a thread's.
// CHECK-LABEL: @sum
// CHECK: gpu.launch
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args
func.func @sum(%x: memref<8xf32>, %y: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<8xf32>) outs(%y : memref<f32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A recurrence is one thread's; what the host needs of it comes by way of memory.
// CHECK-LABEL: @count
// CHECK: %[[SLOT:.*]] = memref.alloc() : memref<index>
// CHECK: gpu.launch
// CHECK: %[[N:.*]] = scf.for
// CHECK: memref.store %[[N]], %[[SLOT]]
// CHECK: gpu.terminator
// CHECK: %[[HERE:.*]] = memref.load %[[SLOT]]
// CHECK: return %[[HERE]]
func.func @count(%x: memref<8xi1>) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %n = scf.for %i = %c0 to %c8 step %c1 iter_args(%n = %c0) -> index {
    %t = memref.load %x[%i] : memref<8xi1>
    %more = arith.addi %n, %c1 : index
    %next = arith.select %t, %more, %n : index
    scf.yield %next : index
  }
  return %n : index
}

// -----

// A loop around operations stays on the host.
// CHECK-LABEL: @repeated
// CHECK: scf.for
// CHECK: gpu.launch
func.func @repeated(%x: memref<8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%x : memref<8xf32>) {
    ^bb0(%a: f32):
      %s = arith.addf %a, %a : f32
      linalg.yield %s : f32
    }
  }
  return
}
