; What a kernel does wrong fails the launch and says what, where and which thread;
; beside each fault is a kernel that does the same right.

; RUN: split-file %s %t
; RUN: tfc-launch-kernel %t/k.ll --kernel aligned --arg f32:64=iota --arg i32=4 --print 0:1
; RUN: not tfc-launch-kernel %t/k.ll --kernel aligned --arg f32:64=iota --arg i32=1 2>&1 | FileCheck %s --check-prefix=ALIGN
; ALIGN: CUDA_ERROR_MISALIGNED_ADDRESS: kernel 'aligned', block (0,0,0), thread (0,0,0): a load of 16 bytes of global memory at {{0x[0-9a-f]+}}, which is no multiple of 16, at '%v = load <4 x float>

; A null pointer, in an argument.
; RUN: not tfc-launch-kernel %t/k.ll --kernel aligned --arg i64=0 --arg i32=0 2>&1 | FileCheck %s --check-prefix=NULL
; NULL: CUDA_ERROR_ILLEGAL_ADDRESS: kernel 'aligned', block (0,0,0), thread (0,0,0): a load of 16 bytes of global memory at 0x0: a null pointer

; Shared memory: a variable of 128 bytes and 64 of dynamic memory.
; RUN: tfc-launch-kernel %t/k.ll --kernel shared --block 1 --shared 64 --arg i32=47
; RUN: not tfc-launch-kernel %t/k.ll --kernel shared --block 1 --shared 64 --arg i32=48 2>&1 | FileCheck %s --check-prefix=SHARED
; SHARED: CUDA_ERROR_ILLEGAL_ADDRESS: kernel 'shared', block (0,0,0), thread (0,0,0): a store of 4 bytes of shared memory at byte 192 of 192
; RUN: not tfc-launch-kernel %t/k.ll --kernel shared --block 1 --shared 64 --arg i32=-1 2>&1 | FileCheck %s --check-prefix=BEFORE
; BEFORE: a store of 4 bytes of {{shared|global}} memory at

; A local array of 16 bytes.
; RUN: tfc-launch-kernel %t/k.ll --kernel local --block 1 --arg f32:1=none --arg i32=3 --print 0 | FileCheck %s --check-prefix=INSIDE
; RUN: not tfc-launch-kernel %t/k.ll --kernel local --block 1 --arg f32:1=none --arg i32=4 2>&1 | FileCheck %s --check-prefix=LOCAL
; RUN: not tfc-launch-kernel %t/k.ll --kernel local --block 1 --arg f32:1=none --arg i32=-1 2>&1 | FileCheck %s --check-prefix=LOCAL
; INSIDE: 0: 5{{$}}
; LOCAL: CUDA_ERROR_ILLEGAL_ADDRESS: kernel 'local', block (0,0,0), thread (0,0,0): a store of 4 bytes of local memory at byte {{16|-4}} of 16

; Races: a neighbour's element without a barrier, with one, with bar.warp.sync.
; RUN: tfc-launch-kernel %t/k.ll --kernel barrier --block 64 --arg f32:64=iota --print 0:2 | FileCheck %s --check-prefix=NEXT
; RUN: tfc-launch-kernel %t/k.ll --kernel warpsync --arg f32:32=iota --print 0:2 | FileCheck %s --check-prefix=NEXT
; NEXT: 0: 1 2{{$}}
; RUN: not tfc-launch-kernel %t/k.ll --kernel nobarrier --block 64 --arg f32:64=iota 2>&1 | FileCheck %s --check-prefix=RACE
; RACE: CUDA_ERROR_LAUNCH_FAILED: kernel 'nobarrier', block (0,0,0), thread (1,0,0): a store of 4 bytes of shared memory at byte 4 is a race: thread 0 of the block read there, and nothing orders the two accesses
; RUN: not env TFC_EMULATE_ORDER=backward tfc-launch-kernel %t/k.ll --kernel nobarrier --block 64 --arg f32:64=iota 2>&1 | FileCheck %s --check-prefix=RACEBACK
; RACEBACK: a load of 4 bytes of shared memory at byte 252 is a race: thread 63 of the block wrote there
; bar.warp.sync orders nothing between warps.
; RUN: not tfc-launch-kernel %t/k.ll --kernel warpsync --block 64 --arg f32:64=iota 2>&1 | FileCheck %s --check-prefix=WARPRACE
; WARPRACE: kernel 'warpsync', block (0,0,0), thread ({{[0-9]+}},0,0): a {{load|store}} of 4 bytes of shared memory at byte 128 is a race
; RUN: not env TFC_EMULATE_ORDER=backward tfc-launch-kernel %t/k.ll --kernel ownwarp --block 64 --arg f32:64=iota --arg i32=32 2>&1 | FileCheck %s --check-prefix=OWNRACE
; Nor does a barrier of each warp's own: here the first reads the second's.
; RUN: tfc-launch-kernel %t/k.ll --kernel ownbarrier --block 64 --arg f32:64=iota --arg i32=31 --print 0:2 | FileCheck %s --check-prefix=OWN
; RUN: not env TFC_EMULATE_ORDER=backward tfc-launch-kernel %t/k.ll --kernel ownbarrier --block 64 --arg f32:64=iota --arg i32=32 2>&1 | FileCheck %s --check-prefix=OWNRACE
; OWN: 0: 31 30{{$}}
; OWNRACE: thread (31,0,0): a load of 4 bytes of shared memory at byte 252 is a race: thread 63 of the block wrote there
; Neither does a shuffle, even inside a warp (CUDA C++ Programming Guide, 10.22).
; RUN: not tfc-launch-kernel %t/k.ll --kernel shuffled --arg f32:32=iota 2>&1 | FileCheck %s --check-prefix=SHUFFLE
; SHUFFLE: kernel 'shuffled', {{.*}} is a race
; Atomics do not race with each other.
; RUN: tfc-launch-kernel %t/k.ll --kernel atomic --block 64 --arg i32:1=none --print 0 | FileCheck %s --check-prefix=ATOMIC
; ATOMIC: 0: 2016{{$}}

; Barriers and collectives that some never reach.
; RUN: tfc-launch-kernel %t/k.ll --kernel early --block 64 --arg i32=64
; RUN: not tfc-launch-kernel %t/k.ll --kernel early --block 64 --arg i32=40 2>&1 | FileCheck %s --check-prefix=EARLY
; EARLY: CUDA_ERROR_LAUNCH_FAILED: kernel 'early', block (0,0,0): its threads wait for each other forever: threads 0 to 39 wait at barrier 0, at 'call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)'; threads 40 to 63 have ended
; RUN: not tfc-launch-kernel %t/k.ll --kernel diverged 2>&1 | FileCheck %s --check-prefix=DIVERGED
; DIVERGED: kernel 'diverged', block (0,0,0), thread ({{[0-9]+}},0,0): its warp has diverged: another lane is at another barrier that is aligned
; RUN: not tfc-launch-kernel %t/k.ll --kernel masks 2>&1 | FileCheck %s --check-prefix=MASKS
; MASKS: its threads wait for each other forever: threads 0 to 15 wait at vote.sync.any with mask 0xffffffff, at '{{.*}}'; threads 16 to 31 wait at barrier 0, at 'call void
; RUN: not tfc-launch-kernel %t/k.ll --kernel outside 2>&1 | FileCheck %s --check-prefix=OUTSIDE
; OUTSIDE: thread (16,0,0): lane 16 is not in the mask 0xffff that it names

; The process lives after a fault, and what was never written is found when asked.
; RUN: tfc-launch-kernel %t/k.ll --kernel copy --arg f32:32=none --arg f32:32=none
; RUN: env TFC_EMULATE=unwritten tfc-launch-kernel %t/k.ll --kernel copy --arg f32:32=1 --arg f32:32=none
; RUN: not env TFC_EMULATE=unwritten tfc-launch-kernel %t/k.ll --kernel copy --arg f32:32=none --arg f32:32=none 2>&1 | FileCheck %s --check-prefix=UNWRITTEN
; UNWRITTEN: CUDA_ERROR_LAUNCH_FAILED: kernel 'copy', {{.*}} a load of 4 bytes of global memory at {{0x[0-9a-f]+}}, which was never written: byte 0 of the 128 bytes at

; A kernel that cannot be emulated is refused when it is asked for; others of the
; module are not.
; RUN: tfc-launch-kernel %t/refused.ll --kernel fine
; RUN: not tfc-launch-kernel %t/refused.ll --kernel assembly 2>&1 | FileCheck %s --check-prefix=ASSEMBLY
; ASSEMBLY: cuModuleGetFunction: CUDA_ERROR_NOT_SUPPORTED: kernel 'assembly': inline assembly cannot be emulated: "mov.u32 $0, %clock;"
; RUN: not tfc-launch-kernel %t/refused.ll --kernel unknown 2>&1 | FileCheck %s --check-prefix=UNKNOWN
; UNKNOWN: CUDA_ERROR_NOT_SUPPORTED: kernel 'unknown': the emulator does not know 'llvm.nvvm.activemask'
; RUN: not tfc-launch-kernel %t/refused.ll --kernel library 2>&1 | FileCheck %s --check-prefix=LIBRARY
; LIBRARY: kernel 'library': the emulator does not know '__nv_expf'

; RUN: not env TFC_EMULATE=sometimes tfc-launch-kernel %t/k.ll --kernel copy 2>&1 | FileCheck %s --check-prefix=MODE
; MODE: cuInit: CUDA_ERROR_INVALID_VALUE: TFC_EMULATE is a list of eager, lazy, unwritten and deferred, not 'sometimes'

;--- k.ll
target triple = "nvptx64-nvidia-cuda"

@fixed = internal addrspace(3) global [32 x float] undef, align 16
@tile = internal addrspace(3) global [64 x float] undef, align 16
@count = internal addrspace(3) global i32 undef, align 4
@dynamic = external addrspace(3) global [0 x i8], align 16

define ptx_kernel void @aligned(ptr %x, i32 %i) {
  %p = getelementptr float, ptr %x, i32 %i
  %v = load <4 x float>, ptr %p, align 16
  store <4 x float> %v, ptr %p, align 4
  ret void
}

define ptx_kernel void @shared(i32 %i) {
  store float 0.0, ptr addrspace(3) @fixed
  %d = addrspacecast ptr addrspace(3) @dynamic to ptr
  %g = getelementptr float, ptr %d, i32 -32
  %p = getelementptr float, ptr %g, i32 %i
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %c = icmp eq i32 %t, 0
  br i1 %c, label %write, label %end
write:
  store float 0.0, ptr %p
  br label %end
end:
  ret void
}

define ptx_kernel void @local(ptr %x, i32 %i) {
  %array = alloca [4 x float], align 4
  %p = getelementptr float, ptr %array, i32 %i
  store float 5.0, ptr %p
  %v = load float, ptr %p
  store float %v, ptr %x
  ret void
}

define ptx_kernel void @nobarrier(ptr %x) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %p = getelementptr float, ptr %x, i32 %t
  %v = load float, ptr %p
  %s = getelementptr float, ptr addrspace(3) @tile, i32 %t
  store float %v, ptr addrspace(3) %s
  %next = add i32 %t, 1
  %n = and i32 %next, 63
  %q = getelementptr float, ptr addrspace(3) @tile, i32 %n
  %w = load float, ptr addrspace(3) %q
  store float %w, ptr %p
  ret void
}

define ptx_kernel void @barrier(ptr %x) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %p = getelementptr float, ptr %x, i32 %t
  %v = load float, ptr %p
  %s = getelementptr float, ptr addrspace(3) @tile, i32 %t
  store float %v, ptr addrspace(3) %s
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %next = add i32 %t, 1
  %n = and i32 %next, 63
  %q = getelementptr float, ptr addrspace(3) @tile, i32 %n
  %w = load float, ptr addrspace(3) %q
  store float %w, ptr %p
  ret void
}

define ptx_kernel void @warpsync(ptr %x) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %nt = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %last = sub i32 %nt, 1
  %p = getelementptr float, ptr %x, i32 %t
  %v = load float, ptr %p
  %s = getelementptr float, ptr addrspace(3) @tile, i32 %t
  store float %v, ptr addrspace(3) %s
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  %next = add i32 %t, 1
  %n = and i32 %next, %last
  %q = getelementptr float, ptr addrspace(3) @tile, i32 %n
  %w = load float, ptr addrspace(3) %q
  store float %w, ptr %p
  ret void
}

define ptx_kernel void @ownbarrier(ptr %x, i32 %other) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %w = lshr i32 %t, 5
  %p = getelementptr float, ptr %x, i32 %t
  %v = load float, ptr %p
  %s = getelementptr float, ptr addrspace(3) @tile, i32 %t
  store float %v, ptr addrspace(3) %s
  call void @llvm.nvvm.barrier.cta.sync.aligned.count(i32 %w, i32 32)
  %first = icmp eq i32 %w, 0
  %mask = select i1 %first, i32 %other, i32 0
  %n = xor i32 %t, %mask
  %q = getelementptr float, ptr addrspace(3) @tile, i32 %n
  %u = load float, ptr addrspace(3) %q
  store float %u, ptr %p
  ret void
}

define ptx_kernel void @ownwarp(ptr %x, i32 %other) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %w = lshr i32 %t, 5
  %p = getelementptr float, ptr %x, i32 %t
  %v = load float, ptr %p
  %s = getelementptr float, ptr addrspace(3) @tile, i32 %t
  store float %v, ptr addrspace(3) %s
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  %first = icmp eq i32 %w, 0
  %mask = select i1 %first, i32 %other, i32 0
  %n = xor i32 %t, %mask
  %q = getelementptr float, ptr addrspace(3) @tile, i32 %n
  %u = load float, ptr addrspace(3) %q
  store float %u, ptr %p
  ret void
}

define ptx_kernel void @shuffled(ptr %x) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %p = getelementptr float, ptr %x, i32 %t
  %v = load float, ptr %p
  %s = getelementptr float, ptr addrspace(3) @tile, i32 %t
  store float %v, ptr addrspace(3) %s
  %a = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %v, i32 1, i32 31)
  %n = xor i32 %t, 1
  %q = getelementptr float, ptr addrspace(3) @tile, i32 %n
  %w = load float, ptr addrspace(3) %q
  %sum = fadd float %a, %w
  store float %sum, ptr %p
  ret void
}

define ptx_kernel void @atomic(ptr %x) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %c = icmp eq i32 %t, 0
  br i1 %c, label %zero, label %go
zero:
  store i32 0, ptr addrspace(3) @count
  br label %go
go:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %old = atomicrmw add ptr addrspace(3) @count, i32 %t monotonic
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br i1 %c, label %write, label %end
write:
  %v = load i32, ptr addrspace(3) @count
  store i32 %v, ptr %x
  br label %end
end:
  ret void
}

define ptx_kernel void @early(i32 %n) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %c = icmp ult i32 %t, %n
  br i1 %c, label %wait, label %end
wait:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %end
end:
  ret void
}

define ptx_kernel void @diverged() {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %c = icmp ult i32 %t, 16
  br i1 %c, label %a, label %b
a:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %end
b:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %end
end:
  ret void
}

define ptx_kernel void @masks() {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %c = icmp ult i32 %t, 16
  br i1 %c, label %vote, label %wait
vote:
  %v = call i1 @llvm.nvvm.vote.any.sync(i32 -1, i1 true)
  br label %wait
wait:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  ret void
}

define ptx_kernel void @outside() {
  %v = call i1 @llvm.nvvm.vote.any.sync(i32 65535, i1 true)
  ret void
}

define ptx_kernel void @copy(ptr %x, ptr %y) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %p = getelementptr float, ptr %x, i32 %t
  %v = load float, ptr %p
  %q = getelementptr float, ptr %y, i32 %t
  store float %v, ptr %q
  ret void
}

;--- refused.ll
target triple = "nvptx64-nvidia-cuda"

declare float @__nv_expf(float)

define ptx_kernel void @fine() {
  ret void
}

define ptx_kernel void @assembly() {
  %c = call i32 asm "mov.u32 $0, %clock;", "=r"()
  ret void
}

define ptx_kernel void @unknown(ptr %y) {
  %c = call i32 @llvm.nvvm.activemask()
  store i32 %c, ptr %y
  ret void
}

define ptx_kernel void @library() {
  %c = call float @__nv_expf(float 1.0)
  ret void
}
