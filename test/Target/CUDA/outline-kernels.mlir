// RUN: tfc-opt %s --cuda-outline-kernels | FileCheck %s

// Equal launches share a kernel, others do not; constants go along.
// CHECK: func.func @three
// CHECK: gpu.launch_func @kernels::@kernel_0 {{.*}} args(%[[X:.*]] : memref<8xf32>)
// CHECK: gpu.launch_func @kernels::@kernel_0 {{.*}} args(%[[Y:.*]] : memref<8xf32>)
// CHECK: gpu.launch_func @kernels::@kernel_1 {{.*}} args(%[[X]] : memref<8xf32>)
// CHECK: gpu.module @kernels
// CHECK: gpu.func @kernel_0(%{{.*}}: memref<8xf32>) kernel
// CHECK: arith.constant 1.0
// CHECK: gpu.func @kernel_1(%{{.*}}: memref<8xf32>) kernel attributes {{{.*}}nvvm.minctasm = 1
// CHECK: arith.constant 2.0
// CHECK-NOT: gpu.func
func.func @three(%x: memref<8xf32>, %y: memref<8xf32>) {
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c8, %sy = %c1, %sz = %c1) {
    memref.store %one, %x[%tx] : memref<8xf32>
    gpu.terminator
  }
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c8, %sy = %c1, %sz = %c1) {
    memref.store %one, %y[%tx] : memref<8xf32>
    gpu.terminator
  }
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c8, %sy = %c1, %sz = %c1) {
    memref.store %two, %x[%tx] : memref<8xf32>
    gpu.terminator
  } {cuda.wants_registers}
  return
}
