// RUN: tfc-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(cuda-convert-kernels),cuda-convert-host)' --verify-diagnostics | FileCheck %s

// A launch calls the runtime with the kernel's number; a load outside of kernels
// copies an element, and a failure ends the call.
// CHECK: module attributes {cuda.host_access, cuda.kernels = ["fill"]
// CHECK-LABEL: llvm.func @tfc_generated_compute
// CHECK: %[[LAUNCHED:.*]] = llvm.call @tfc_device_launch(
// CHECK: llvm.icmp "eq" %[[LAUNCHED]]
// CHECK: %[[READ:.*]] = llvm.call @tfc_device_read(
// CHECK: llvm.icmp "eq" %[[READ]]
// CHECK: %[[CODE:.*]] = llvm.mlir.constant(-1 : i32)
// CHECK: llvm.return %[[CODE]]
// CHECK: gpu.module @kernels
// CHECK: llvm.func @fill({{.*}}) attributes {{{.*}}nvvm.kernel
// CHECK: nvvm.read.ptx.sreg.tid.x
module attributes {gpu.container_module} {
  func.func @tfc_generated_compute(%frame: !llvm.ptr) -> i32 {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %x = x86.buffer output 0 : memref<8xi32>
    gpu.launch_func @kernels::@fill blocks in (%c1, %c1, %c1) threads in (%c8, %c1, %c1) args(%x : memref<8xi32>)
    %first = memref.load %x[%c1] : memref<8xi32>
    return %first : i32
  }
  gpu.module @kernels {
    gpu.func @fill(%x: memref<8xi32>) kernel {
      %i = gpu.thread_id x
      %n = arith.index_cast %i : index to i32
      memref.store %n, %x[%i] : memref<8xi32>
      gpu.return
    }
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @kernels {
    gpu.func @wide(%x: memref<8xf64>) kernel {
      %i = gpu.thread_id x
      %a = memref.load %x[%i] : memref<8xf64>
      // expected-error@+1 {{the CUDA target has no code for 'math.sin' of 'f64'}}
      %b = math.sin %a : f64
      memref.store %b, %x[%i] : memref<8xf64>
      gpu.return
    }
  }
}
