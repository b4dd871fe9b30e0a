; Indices, parameters by value and by pointer, a branch around memory.
; RUN: tfc-launch-kernel %s --kernel scale --grid 2 --block 5 --arg f32:9=iota --arg f32=2 --arg i32=9 --print 0 \
; RUN:   | FileCheck %s --check-prefix=SCALE
; RUN: env TFC_EMULATE_ORDER=backward tfc-launch-kernel %s --kernel scale --grid 2 --block 5 --arg f32:9=iota --arg f32=2 --arg i32=9 --print 0 \
; RUN:   | FileCheck %s --check-prefix=SCALE
; SCALE: 0: 0 2 4 6 8 10 12 14 16{{$}}

; A captured graph has its own copy of the arguments; three launches.
; RUN: tfc-launch-kernel %s --kernel scale --block 9 --arg f32:9=iota --arg f32=2 --arg i32=9 --graph --repeat 3 --print 0 \
; RUN:   | FileCheck %s --check-prefix=GRAPH
; GRAPH: 0: 0 8 16 24 32 40 48 56 64{{$}}

; The ninth element of eight.
; RUN: not tfc-launch-kernel %s --kernel scale --grid 2 --block 5 --arg f32:8=iota --arg f32=2 --arg i32=9 2>&1 \
; RUN:   | FileCheck %s --check-prefix=PAST
; PAST: error: cuLaunchKernel: CUDA_ERROR_ILLEGAL_ADDRESS: kernel 'scale', block (1,0,0), thread (3,0,0): a load of 4 bytes of global memory at {{0x[0-9a-f]+}}: 0 bytes past the end of the 32 bytes at {{0x[0-9a-f]+}}, at '%v = load float, ptr addrspace(1) %p, align 4'

; RUN: tfc-launch-kernel %s --kernel reverse --block 64 --arg f32:64=iota --print 0:3 | FileCheck %s --check-prefix=REVERSE
; RUN: env TFC_EMULATE_ORDER=backward tfc-launch-kernel %s --kernel reverse --block 64 --arg f32:64=iota --print 0:3 | FileCheck %s --check-prefix=REVERSE
; REVERSE: 0: 63 62 61{{$}}

; Dimensions of grid and block, each in its place.
; RUN: tfc-launch-kernel %s --kernel sizes --grid 2,3,4 --block 5,6,7 --arg i32:12=0 --print 0 | FileCheck %s --check-prefix=SIZES
; SIZES: 0: 5 6 7 2 3 4 4 5 6 1 2 3{{$}}

; What does not fit the device or the kernel.
; RUN: not tfc-launch-kernel %s --kernel scale --block 1025 --arg f32:8=0 --arg f32=0 --arg i32=0 2>&1 | FileCheck %s --check-prefix=THREADS
; THREADS: CUDA_ERROR_INVALID_VALUE: kernel 'scale': a block of 1025x1x1 threads, where 1024x1024x64 and 1024 in all are the most
; RUN: not tfc-launch-kernel %s --kernel bounded --block 65 2>&1 | FileCheck %s --check-prefix=BOUNDED
; BOUNDED: CUDA_ERROR_INVALID_VALUE: kernel 'bounded': a block of 65 threads, where it was compiled for 64
; RUN: not tfc-launch-kernel %s --kernel reverse --shared 232300 --arg f32:8=0 2>&1 | FileCheck %s --check-prefix=SHARED
; SHARED: cuFuncSetAttribute: CUDA_ERROR_INVALID_VALUE: kernel 'reverse': 232300 bytes of dynamic shared memory and 256 of static, where there are 232448
; RUN: not tfc-launch-kernel %s --kernel missing 2>&1 | FileCheck %s --check-prefix=MISSING
; MISSING: CUDA_ERROR_NOT_FOUND: the module has no kernel 'missing'

target triple = "nvptx64-nvidia-cuda"

@tile = internal addrspace(3) global [64 x float] undef, align 16

define ptx_kernel void @scale(ptr addrspace(1) %x, float %s, i32 %n) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %b = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %nt = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %o = mul i32 %b, %nt
  %i = add i32 %o, %t
  %in = icmp ult i32 %i, %n
  br i1 %in, label %do, label %end
do:
  %p = getelementptr float, ptr addrspace(1) %x, i32 %i
  %v = load float, ptr addrspace(1) %p
  %w = fmul float %v, %s
  store float %w, ptr addrspace(1) %p
  br label %end
end:
  ret void
}

define ptx_kernel void @reverse(ptr %x) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %p = getelementptr float, ptr %x, i32 %t
  %v = load float, ptr %p
  %s = getelementptr float, ptr addrspace(3) @tile, i32 %t
  store float %v, ptr addrspace(3) %s
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %r = sub i32 63, %t
  %s2 = getelementptr float, ptr addrspace(3) @tile, i32 %r
  %w = load float, ptr addrspace(3) %s2
  store float %w, ptr %p
  ret void
}

define ptx_kernel void @bounded() "nvvm.maxntid"="64" {
  ret void
}

; The last thread of all writes the sizes, then its own indices.
define ptx_kernel void @sizes(ptr addrspace(1) %x) {
  %nx = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %ny = call i32 @llvm.nvvm.read.ptx.sreg.ntid.y()
  %nz = call i32 @llvm.nvvm.read.ptx.sreg.ntid.z()
  %gx = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()
  %gy = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.y()
  %gz = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.z()
  %tx = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %ty = call i32 @llvm.nvvm.read.ptx.sreg.tid.y()
  %tz = call i32 @llvm.nvvm.read.ptx.sreg.tid.z()
  %bx = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %by = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.y()
  %bz = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.z()
  %tzy = add i32 %tz, %ty
  %tzyx = add i32 %tzy, %tx
  %bzy = add i32 %bz, %by
  %bzyx = add i32 %bzy, %bx
  %all = add i32 %tzyx, %bzyx
  %last = icmp eq i32 %all, 21
  br i1 %last, label %write, label %end
write:
  store i32 %nx, ptr addrspace(1) %x
  %p1 = getelementptr i32, ptr addrspace(1) %x, i32 1
  store i32 %ny, ptr addrspace(1) %p1
  %p2 = getelementptr i32, ptr addrspace(1) %x, i32 2
  store i32 %nz, ptr addrspace(1) %p2
  %p3 = getelementptr i32, ptr addrspace(1) %x, i32 3
  store i32 %gx, ptr addrspace(1) %p3
  %p4 = getelementptr i32, ptr addrspace(1) %x, i32 4
  store i32 %gy, ptr addrspace(1) %p4
  %p5 = getelementptr i32, ptr addrspace(1) %x, i32 5
  store i32 %gz, ptr addrspace(1) %p5
  %p6 = getelementptr i32, ptr addrspace(1) %x, i32 6
  store i32 %tx, ptr addrspace(1) %p6
  %p7 = getelementptr i32, ptr addrspace(1) %x, i32 7
  store i32 %ty, ptr addrspace(1) %p7
  %p8 = getelementptr i32, ptr addrspace(1) %x, i32 8
  store i32 %tz, ptr addrspace(1) %p8
  %p9 = getelementptr i32, ptr addrspace(1) %x, i32 9
  store i32 %bx, ptr addrspace(1) %p9
  %p10 = getelementptr i32, ptr addrspace(1) %x, i32 10
  store i32 %by, ptr addrspace(1) %p10
  %p11 = getelementptr i32, ptr addrspace(1) %x, i32 11
  store i32 %bz, ptr addrspace(1) %p11
  br label %end
end:
  ret void
}
