// RUN: tfc-opt %s --split-input-file --cuda-check-on-device | FileCheck %s

// A check of what a kernel wrote sets the status; what follows asks for it first.
// CHECK-LABEL: @index
// CHECK: %[[STATUS:.*]] = cuda.status
// CHECK: gpu.launch
// CHECK-NOT: %[[STATUS]]
// CHECK: gpu.terminator
// CHECK: gpu.launch
// CHECK-NEXT: %[[FLAG:.*]] = memref.load %[[SLOT:.*]][]
// CHECK: %[[FAILS:.*]] = arith.xori %[[FLAG]]
// CHECK: scf.if %[[FAILS]]
// CHECK: %[[CODE:.*]] = arith.constant 4 : i32
// CHECK: memref.store %[[CODE]], %[[STATUS]][]
// CHECK: gpu.launch
// CHECK-NEXT: %[[NOW:.*]] = memref.load %[[STATUS]][]
// CHECK: %[[GOOD:.*]] = arith.cmpi eq, %[[NOW]]
// CHECK: scf.if %[[GOOD]]
// CHECK: memref.store
// CHECK-NOT: x86.check
func.func @index(%flag: memref<i1>, %y: memref<8xf32>, %z: f32) {
  %c1 = arith.constant 1 : index
  %true = arith.constant true
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    memref.store %true, %flag[] : memref<i1>
    gpu.terminator
  }
  %holds = memref.load %flag[] : memref<i1>
  x86.check %holds, 3
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    memref.store %z, %y[%tx] : memref<8xf32>
    gpu.terminator
  }
  // Checked before.
  x86.check %holds, 5
  return
}

// -----

// The flag may have changed since it was read: the host checks what it has read.
// CHECK-LABEL: @disturbed
// CHECK: %[[FLAG:.*]] = memref.load
// CHECK: x86.check %[[FLAG]], 0
func.func @disturbed(%flag: memref<i1>) {
  %true = arith.constant true
  %holds = memref.load %flag[] : memref<i1>
  memref.store %true, %flag[] : memref<i1>
  x86.check %holds, 0
  return
}

// -----

// What follows from sizes alone is no work for the device.
// CHECK-LABEL: @size
// CHECK-NOT: gpu.launch
// CHECK: x86.check
func.func @size(%n: index) {
  %c8 = arith.constant 8 : index
  %holds = arith.cmpi eq, %n, %c8 : index
  x86.check %holds, 0
  return
}
