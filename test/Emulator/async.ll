; Asynchronous copies, atomics, ldmatrix and stmatrix, named barriers.

; 16 bytes of which 4 are read: zeros behind them.
; RUN: tfc-launch-kernel %s --kernel partial --block 1 --arg f32:4=1,2,3,4 --arg f32:4=none --print 1 | FileCheck %s --check-prefix=PARTIAL
; RUN: env TFC_EMULATE=lazy tfc-launch-kernel %s --kernel partial --block 1 --arg f32:4=1,2,3,4 --arg f32:4=none --print 1 | FileCheck %s --check-prefix=PARTIAL
; PARTIAL: 1: 1 0 0 0{{$}}

; The second group of two is still on its way after wait_group 1, the first is not.
; RUN: tfc-launch-kernel %s --kernel groups --block 1 --arg i32:2=7,8 --arg i32:2=none --arg i32=0 --print 1:1 | FileCheck %s --check-prefix=GROUPS
; RUN: not tfc-launch-kernel %s --kernel groups --block 1 --arg i32:2=7,8 --arg i32:2=none --arg i32=1 2>&1 | FileCheck %s --check-prefix=FLIGHT
; GROUPS: 1: 7{{$}}
; FLIGHT: a load of 4 bytes of shared memory at byte 20 is a race: cp.async of thread 0 of the block still writes there: no wait has retired it

; Two warps each with a barrier of its own; all at a third.
; RUN: tfc-launch-kernel %s --kernel named --block 64 --arg i32:64=none --print 0:2 | FileCheck %s --check-prefix=NAMED
; NAMED: 0: 31 30{{$}}

; 64 threads in two blocks: sum, largest, and a float sum by compare and swap.
; RUN: tfc-launch-kernel %s --kernel atomics --grid 2 --block 32 --arg i32:2=0 --arg f32:1=0 --print 0 --print 1 | FileCheck %s --check-prefix=ATOMICS
; ATOMICS: 0: 64 31{{$}}
; ATOMICS: 1: 32{{$}}

; An 8x8 matrix of 0, 1, ... through shared memory; transposed by stmatrix.trans.
; RUN: tfc-launch-kernel %s --kernel matrix --arg i16:64=iota --arg i16:64=none --print 1 | FileCheck %s --check-prefix=MATRIX
; MATRIX: 1: 0 8 16 24 32 40 48 56 1 9 17 25 33 41 49 57 2 10 18 26 34 42 50 58 3 11

; A structure passed by value, a constant array, and a local one.
; RUN: tfc-launch-kernel %s --kernel values --block 4 --arg i64=0x300000002 --arg i32:4=none --print 1 | FileCheck %s --check-prefix=VALUES
; VALUES: 1: 12 22 32 42{{$}}

target triple = "nvptx64-nvidia-cuda"

@tile = internal addrspace(3) global [64 x i32] undef, align 16
@table = internal addrspace(4) constant [4 x i32] [i32 10, i32 20, i32 30, i32 40], align 4

define ptx_kernel void @partial(ptr addrspace(1) %x, ptr addrspace(1) %y) {
  call void @llvm.nvvm.cp.async.ca.shared.global.16.s(ptr addrspace(3) @tile, ptr addrspace(1) %x, i32 4)
  call void @llvm.nvvm.cp.async.wait.all()
  %v = load <4 x float>, ptr addrspace(3) @tile, align 16
  store <4 x float> %v, ptr addrspace(1) %y, align 16
  ret void
}

define ptx_kernel void @groups(ptr addrspace(1) %x, ptr addrspace(1) %y, i32 %which) {
  %x1 = getelementptr i32, ptr addrspace(1) %x, i32 1
  %t1 = getelementptr i32, ptr addrspace(3) @tile, i32 5
  %t0 = getelementptr i32, ptr addrspace(3) @tile, i32 4
  call void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3) %t0, ptr addrspace(1) %x)
  call void @llvm.nvvm.cp.async.commit.group()
  call void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3) %t1, ptr addrspace(1) %x1)
  call void @llvm.nvvm.cp.async.commit.group()
  call void @llvm.nvvm.cp.async.wait.group(i32 1)
  %p = getelementptr i32, ptr addrspace(3) %t0, i32 %which
  %v = load i32, ptr addrspace(3) %p
  store i32 %v, ptr addrspace(1) %y
  ret void
}

define ptx_kernel void @named(ptr addrspace(1) %x) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %w = lshr i32 %t, 5
  %id = add i32 %w, 1
  %s = getelementptr i32, ptr addrspace(3) @tile, i32 %t
  store i32 %t, ptr addrspace(3) %s
  call void @llvm.nvvm.barrier.cta.sync.aligned.count(i32 %id, i32 32)
  %m = xor i32 %t, 31
  %q = getelementptr i32, ptr addrspace(3) @tile, i32 %m
  %v = load i32, ptr addrspace(3) %q
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  store i32 0, ptr addrspace(3) %s
  %p = getelementptr i32, ptr addrspace(1) %x, i32 %t
  store i32 %v, ptr addrspace(1) %p
  ret void
}

define ptx_kernel void @atomics(ptr addrspace(1) %x, ptr addrspace(1) %y) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %a = atomicrmw add ptr addrspace(1) %x, i32 1 syncscope("device") monotonic
  %x1 = getelementptr i32, ptr addrspace(1) %x, i32 1
  %b = atomicrmw umax ptr addrspace(1) %x1, i32 %t monotonic
  br label %again
again:
  %old = load i32, ptr addrspace(1) %y
  %f = bitcast i32 %old to float
  %g = fadd float %f, 0.5
  %new = bitcast float %g to i32
  %r = cmpxchg ptr addrspace(1) %y, i32 %old, i32 %new monotonic monotonic
  %ok = extractvalue { i32, i1 } %r, 1
  br i1 %ok, label %end, label %again
end:
  ret void
}

define ptx_kernel void @matrix(ptr addrspace(1) %x, ptr addrspace(1) %y) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %p = getelementptr i32, ptr addrspace(1) %x, i32 %t
  %v = load i32, ptr addrspace(1) %p
  %s = getelementptr i32, ptr addrspace(3) @tile, i32 %t
  store i32 %v, ptr addrspace(3) %s
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  %row = and i32 %t, 7
  %o = mul i32 %row, 4
  %from = getelementptr i32, ptr addrspace(3) @tile, i32 %o
  %m = call i32 @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x1.b16.p3(ptr addrspace(3) %from)
  %o2 = add i32 %o, 32
  %to = getelementptr i32, ptr addrspace(3) @tile, i32 %o2
  call void @llvm.nvvm.stmatrix.sync.aligned.m8n8.x1.trans.b16.p3(ptr addrspace(3) %to, i32 %m)
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  %i = add i32 %t, 32
  %back = getelementptr i32, ptr addrspace(3) @tile, i32 %i
  %w = load i32, ptr addrspace(3) %back
  %q = getelementptr i32, ptr addrspace(1) %y, i32 %t
  store i32 %w, ptr addrspace(1) %q
  ret void
}

define ptx_kernel void @values(ptr byval({ i32, i32 }) align 4 %pair, ptr addrspace(1) %y) {
  %local = alloca [4 x i32], align 4
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %first = load i32, ptr %pair
  %e = getelementptr i32, ptr addrspace(4) @table, i32 %t
  %v = load i32, ptr addrspace(4) %e
  %s = add i32 %v, %first
  %l = getelementptr i32, ptr %local, i32 %t
  store i32 %s, ptr %l
  %w = load i32, ptr %l
  %q = getelementptr i32, ptr addrspace(1) %y, i32 %t
  store i32 %w, ptr addrspace(1) %q
  ret void
}
