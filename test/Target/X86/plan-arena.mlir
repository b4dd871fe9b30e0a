// RUN: tfc-opt %s --x86-plan-arena --canonicalize --cse --split-input-file --verify-diagnostics | FileCheck %s

// %a and %c do not live together, nor %b and %d: two places of 256 bytes.
// CHECK-LABEL: func @tfc_generated_compute
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[NEXT:.*]] = arith.constant 256 : index
// CHECK-DAG: %[[TOTAL:.*]] = arith.constant 512 : index
// CHECK: x86.arena_bytes %[[TOTAL]]
// CHECK: %[[A:.*]] = x86.buffer arena 0 offset(%[[ZERO]])
// CHECK: linalg.copy {{.*}} outs(%[[A]]
// CHECK: %[[B:.*]] = x86.buffer arena 0 offset(%[[NEXT]])
// CHECK: linalg.copy ins(%[[A]] {{.*}} outs(%[[B]]
// CHECK: linalg.copy ins(%[[B]] {{.*}} outs(%[[A]]
// CHECK: linalg.copy ins(%[[A]] {{.*}} outs(%[[B]]
func.func @tfc_generated_compute(%frame: !llvm.ptr) {
  %x = x86.buffer input 0 : memref<64xf32>
  %a = memref.alloc() : memref<64xf32>
  linalg.copy ins(%x : memref<64xf32>) outs(%a : memref<64xf32>)
  %b = memref.alloc() : memref<64xf32>
  linalg.copy ins(%a : memref<64xf32>) outs(%b : memref<64xf32>)
  %c = memref.alloc() : memref<64xf32>
  linalg.copy ins(%b : memref<64xf32>) outs(%c : memref<64xf32>)
  %d = memref.alloc() : memref<64xf32>
  linalg.copy ins(%c : memref<64xf32>) outs(%d : memref<64xf32>)
  %out = x86.buffer output 0 : memref<64xf32>
  linalg.copy ins(%d : memref<64xf32>) outs(%out : memref<64xf32>)
  return
}

// -----

// A view keeps its buffer alive.
// CHECK-LABEL: func @tfc_generated_compute
// CHECK-DAG: %[[TOTAL:.*]] = arith.constant 768 : index
// CHECK: x86.arena_bytes %[[TOTAL]]
func.func @tfc_generated_compute(%frame: !llvm.ptr) {
  %x = x86.buffer input 0 : memref<64xf32>
  %a = memref.alloc() : memref<64xf32>
  %view = memref.expand_shape %a [[0, 1]] output_shape [8, 8] : memref<64xf32> into memref<8x8xf32>
  linalg.copy ins(%x : memref<64xf32>) outs(%a : memref<64xf32>)
  %b = memref.alloc() : memref<64xf32>
  linalg.copy ins(%a : memref<64xf32>) outs(%b : memref<64xf32>)
  %c = memref.alloc() : memref<64xf32>
  linalg.copy ins(%b : memref<64xf32>) outs(%c : memref<64xf32>)
  %out = x86.buffer output 0 : memref<8x8xf32>
  linalg.copy ins(%view : memref<8x8xf32>) outs(%out : memref<8x8xf32>)
  %out1 = x86.buffer output 1 : memref<64xf32>
  linalg.copy ins(%c : memref<64xf32>) outs(%out1 : memref<64xf32>)
  return
}

// -----

// Equal symbolic sizes are one size: the third buffer takes the first's place.
// CHECK-LABEL: func @tfc_generated_compute
// CHECK: %[[N:.*]] = x86.input_dim 0
// CHECK: %[[SIZE:.*]] = arith.andi
// CHECK: %[[TOTAL:.*]] = arith.addi %[[SIZE]], %[[SIZE]]
// CHECK: x86.arena_bytes %[[TOTAL]]
func.func @tfc_generated_compute(%frame: !llvm.ptr) {
  %n = x86.input_dim 0
  %x = x86.buffer input 0 sizes(%n) : memref<?xf32>
  %a = memref.alloc(%n) : memref<?xf32>
  linalg.copy ins(%x : memref<?xf32>) outs(%a : memref<?xf32>)
  %b = memref.alloc(%n) : memref<?xf32>
  linalg.copy ins(%a : memref<?xf32>) outs(%b : memref<?xf32>)
  %c = memref.alloc(%n) : memref<?xf32>
  linalg.copy ins(%b : memref<?xf32>) outs(%c : memref<?xf32>)
  %out = x86.buffer output 0 sizes(%n) : memref<?xf32>
  linalg.copy ins(%c : memref<?xf32>) outs(%out : memref<?xf32>)
  return
}

// -----

// What data decides is planned by its bound: here the size of the input.
// CHECK-LABEL: func @tfc_generated_compute
// CHECK: %[[N:.*]] = x86.input_dim 0
// CHECK: %[[BYTES:.*]] = arith.muli %[[N]]
// CHECK: %[[UP:.*]] = arith.addi %[[BYTES]]
// CHECK: %[[ROUND:.*]] = arith.andi %[[UP]]
// CHECK: x86.arena_bytes %[[ROUND]]
// CHECK: %[[FOUND:.*]] = arith.minui
// CHECK: x86.buffer arena 0 offset(%{{.*}}) sizes(%[[FOUND]])
func.func @tfc_generated_compute(%frame: !llvm.ptr) {
  %c0 = arith.constant 0 : index
  %n = x86.input_dim 0
  %x = x86.buffer input 0 : memref<4xindex>
  %counted = memref.load %x[%c0] : memref<4xindex>
  %found = arith.minui %counted, %n : index
  %a = memref.alloc(%found) : memref<?xf32>
  %y = x86.buffer output 0 sizes(%found) : memref<?xf32>
  linalg.copy ins(%a : memref<?xf32>) outs(%y : memref<?xf32>)
  return
}

// -----

func.func @tfc_generated_compute(%frame: !llvm.ptr) {
  %c0 = arith.constant 0 : index
  %x = x86.buffer input 0 : memref<4xindex>
  // expected-note @below {{on the result of 'memref.load'}}
  %n = memref.load %x[%c0] : memref<4xindex>
  // expected-error @below {{the size of a temporary of type 'memref<?xf32>' depends on data and has no known bound}}
  %a = memref.alloc(%n) : memref<?xf32>
  memref.dealloc %a : memref<?xf32>
  return
}

// -----

func.func @tfc_generated_compute(%frame: !llvm.ptr) {
  %n = x86.input_dim 0
  x86.parallel %n grain %n : index {
  ^bb0(%begin: index, %end: index, %worker: index):
    // expected-error @below {{a parallel region cannot allocate}}
    %a = memref.alloc() : memref<4xf32>
    x86.yield
  }
  return
}

// -----

// A transposed view keeps its buffer alive: the third buffer takes neither the first's
// place nor the second's.
// CHECK-LABEL: func @tfc_generated_compute
// CHECK: %[[THREE:.*]] = arith.constant 768 : index
// CHECK: x86.arena_bytes %[[THREE]]
func.func @tfc_generated_compute(%frame: !llvm.ptr) {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<8x8xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<8x8xf32>)
  %view = memref.transpose %a (i, j) -> (j, i) : memref<8x8xf32> to memref<8x8xf32, strided<[1, 8]>>
  %b = memref.alloc() : memref<8x8xf32>
  linalg.fill ins(%zero : f32) outs(%b : memref<8x8xf32>)
  %c = memref.alloc() : memref<8x8xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<8x8xf32>)
  linalg.matmul ins(%view, %b : memref<8x8xf32, strided<[1, 8]>>, memref<8x8xf32>) outs(%c : memref<8x8xf32>)
  return
}
