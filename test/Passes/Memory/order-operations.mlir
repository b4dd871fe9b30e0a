// RUN: tfc-opt %s --memory-order-operations --split-input-file | FileCheck %s

// Both large buffers need not live at once.
// CHECK-LABEL: func.func @branches(
// CHECK: %[[SMALL:.*]] = memref.alloc() : memref<64xf32>
// CHECK: linalg.fill {{.*}} outs(%[[SMALL]] :
// CHECK: %[[A:.*]] = memref.alloc() : memref<64x8xf32>
// CHECK: linalg.fill {{.*}} outs(%[[A]] :
// CHECK: linalg.reduce ins(%[[A]] :
// CHECK: %[[B:.*]] = memref.alloc() : memref<64x8xf32>
// CHECK: linalg.fill {{.*}} outs(%[[B]] :
// CHECK: linalg.reduce ins(%[[B]] :
// CHECK: memref.copy
// CHECK: return
func.func @branches(%x: f32, %zero: f32, %y: memref<64xf32>) {
  %a = memref.alloc() : memref<64x8xf32>
  linalg.fill ins(%x : f32) outs(%a : memref<64x8xf32>)
  %b = memref.alloc() : memref<64x8xf32>
  linalg.fill ins(%x : f32) outs(%b : memref<64x8xf32>)
  %small = memref.alloc() : memref<64xf32>
  linalg.fill ins(%zero : f32) outs(%small : memref<64xf32>)
  linalg.reduce ins(%a : memref<64x8xf32>) outs(%small : memref<64xf32>) dimensions = [1] (%in: f32, %acc: f32) {
    %r = arith.addf %in, %acc : f32
    linalg.yield %r : f32
  }
  linalg.reduce ins(%b : memref<64x8xf32>) outs(%small : memref<64xf32>) dimensions = [1] (%in: f32, %acc: f32) {
    %r = arith.addf %in, %acc : f32
    linalg.yield %r : f32
  }
  memref.copy %small, %y : memref<64xf32> to memref<64xf32>
  return
}

// -----

// A loop moves as a whole, with the views before it; a scratch buffer ends after
// its operation.
// CHECK-LABEL: func.func @loop(
// CHECK: %[[A:.*]] = memref.alloc() : memref<64x8xi8>
// CHECK: linalg.fill {{.*}} outs(%[[A]] :
// CHECK: %[[PART:.*]] = memref.subview %[[A]]
// CHECK: scf.for
// CHECK:   memref.load %[[PART]]
// CHECK: }
// CHECK: %[[SCRATCH:.*]] = memref.alloc() : memref<128xi8>
// CHECK: linalg.fill {{.*}} outs(%[[SCRATCH]] :
// CHECK: memref.dealloc %[[SCRATCH]]
// CHECK: %[[B:.*]] = memref.alloc() : memref<64x8xi8>
// CHECK: linalg.fill {{.*}} outs(%[[B]] :
// CHECK: memref.copy %[[B]]
func.func @loop(%x: i8, %y: memref<64xi8>, %z: memref<64x8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %scratch = memref.alloc() : memref<128xi8>
  %a = memref.alloc() : memref<64x8xi8>
  linalg.fill ins(%x : i8) outs(%a : memref<64x8xi8>)
  linalg.fill ins(%x : i8) outs(%scratch : memref<128xi8>)
  %b = memref.alloc() : memref<64x8xi8>
  linalg.fill ins(%x : i8) outs(%b : memref<64x8xi8>)
  memref.dealloc %scratch : memref<128xi8>
  %part = memref.subview %a[0, 0] [64, 1] [1, 1] : memref<64x8xi8> to memref<64x1xi8, strided<[8, 1]>>
  scf.for %i = %c0 to %c64 step %c1 {
    %v = memref.load %part[%i, %c0] : memref<64x1xi8, strided<[8, 1]>>
    memref.store %v, %y[%i] : memref<64xi8>
  }
  memref.copy %b, %z : memref<64x8xi8> to memref<64x8xi8>
  return
}

// -----

// Left alone: %b is written where the caller sees it only after %a was read from
// there; nothing may pass the assertion; a call may do anything.
// CHECK-LABEL: func.func @same_memory(
// CHECK: linalg.fill {{.*}} outs(%[[A:.*]] : memref<64x8xf32>)
// CHECK: memref.copy %[[Y:.*]], %[[A]]
// CHECK: linalg.fill {{.*}} outs(%[[B:.*]] : memref<64x8xf32>)
// CHECK: memref.copy %[[B]], %[[Y]]
// CHECK: memref.copy %[[A]],
func.func @same_memory(%x: f32, %y: memref<64x8xf32>, %z: memref<64x8xf32>) {
  %a = memref.alloc() : memref<64x8xf32>
  linalg.fill ins(%x : f32) outs(%a : memref<64x8xf32>)
  memref.copy %y, %a : memref<64x8xf32> to memref<64x8xf32>
  %b = memref.alloc() : memref<64x8xf32>
  linalg.fill ins(%x : f32) outs(%b : memref<64x8xf32>)
  memref.copy %b, %y : memref<64x8xf32> to memref<64x8xf32>
  memref.copy %a, %y : memref<64x8xf32> to memref<64x8xf32>
  return
}

// CHECK-LABEL: func.func @assertion(
// CHECK: linalg.fill {{.*}} outs(%[[A:.*]] : memref<64x8xf32>)
// CHECK: linalg.fill {{.*}} outs(%[[B:.*]] : memref<64x8xf32>)
// CHECK: cf.assert
// CHECK: memref.copy %[[A]]
// CHECK: memref.copy %[[B]]
func.func @assertion(%x: f32, %good: i1, %y: memref<64x8xf32>, %z: memref<64x8xf32>) {
  %a = memref.alloc() : memref<64x8xf32>
  linalg.fill ins(%x : f32) outs(%a : memref<64x8xf32>)
  %b = memref.alloc() : memref<64x8xf32>
  linalg.fill ins(%x : f32) outs(%b : memref<64x8xf32>)
  cf.assert %good, "bad input"
  memref.copy %a, %y : memref<64x8xf32> to memref<64x8xf32>
  memref.copy %b, %z : memref<64x8xf32> to memref<64x8xf32>
  return
}

// CHECK-LABEL: func.func @unknown(
// CHECK: linalg.fill {{.*}} outs(%[[A:.*]] : memref<64x8xf32>)
// CHECK: linalg.fill {{.*}} outs(%[[B:.*]] : memref<64x8xf32>)
// CHECK: call @anything()
// CHECK: memref.copy %[[A]]
// CHECK: memref.copy %[[B]]
func.func private @anything()
func.func @unknown(%x: f32, %y: memref<64x8xf32>, %z: memref<64x8xf32>) {
  %a = memref.alloc() : memref<64x8xf32>
  linalg.fill ins(%x : f32) outs(%a : memref<64x8xf32>)
  %b = memref.alloc() : memref<64x8xf32>
  linalg.fill ins(%x : f32) outs(%b : memref<64x8xf32>)
  func.call @anything() : () -> ()
  memref.copy %a, %y : memref<64x8xf32> to memref<64x8xf32>
  memref.copy %b, %z : memref<64x8xf32> to memref<64x8xf32>
  return
}
