; Collectives of a warp. Values are those of PTX ISA 8.4's definitions, worked out
; by hand for lane l with the value l (or l / 4 for match).

; down by 1 in segments of 8 lanes (clamp 0x181f): the last lane of each keeps its own.
; RUN: tfc-launch-kernel %s --kernel down --arg i32:32=none --arg i32:32=none --print 0 --print 1 | FileCheck %s --check-prefix=DOWN
; DOWN: 0: 1 2 3 4 5 6 7 7 9 10 11 12 13 14 15 15 17 18 19 20 21 22 23 23 25 26 27 28 29 30 31 31{{$}}
; DOWN: 1: 1 1 1 1 1 1 1 0 1 1 1 1 1 1 1 0 1 1 1 1 1 1 1 0 1 1 1 1 1 1 1 0{{$}}

; up by 2 over the whole warp (clamp 0).
; RUN: tfc-launch-kernel %s --kernel up --arg i32:32=none --print 0 | FileCheck %s --check-prefix=UP
; UP: 0: 0 1 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29{{$}}

; idx 9 in segments of 16: lane 9 of each.
; RUN: tfc-launch-kernel %s --kernel idx --arg f32:32=none --print 0 | FileCheck %s --check-prefix=IDX
; IDX: 0: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 25 25 25 25 25 25 25 25 25 25 25 25 25 25 25 25{{$}}

; bfly 3.
; RUN: tfc-launch-kernel %s --kernel bfly --arg i32:32=none --print 0:8 | FileCheck %s --check-prefix=BFLY
; BFLY: 0: 3 2 1 0 7 6 5 4{{$}}

; ballot of l < 5, any, all, uni of the same; two halves of a warp with masks of their own.
; RUN: tfc-launch-kernel %s --kernel vote --arg i32:128=none --print 0:8 | FileCheck %s --check-prefix=VOTE
; VOTE: 0: 31 1 0 0 31 1 0 0{{$}}
; RUN: tfc-launch-kernel %s --kernel halves --arg i32:32=none --print 0 | FileCheck %s --check-prefix=HALVES
; HALVES: 0: 120 120 120 120 120 120 120 120 120 120 120 120 120 120 120 120 376 376 376 376

; RUN: tfc-launch-kernel %s --kernel match --arg i32:32=none --print 0:9 | FileCheck %s --check-prefix=MATCH
; MATCH: 0: 15 15 15 15 240 240 240 240 3840{{$}}

; Sum 496, minimum of l - 16 signed and as unsigned (0), maximum signed (15), or (31), xor (0).
; RUN: tfc-launch-kernel %s --kernel redux --arg i32:6=none --print 0 | FileCheck %s --check-prefix=REDUX
; REDUX: 0: 496 -16 0 15 31 0{{$}}

; Lanes that do not exist take no part: a block of 16, sum of all.
; RUN: tfc-launch-kernel %s --kernel halves --block 16 --arg i32:32=0 --print 0:1 | FileCheck %s --check-prefix=FEW
; FEW: 0: 120{{$}}

target triple = "nvptx64-nvidia-cuda"

define ptx_kernel void @down(ptr addrspace(1) %x, ptr addrspace(1) %y) {
  %l = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %r = call { i32, i1 } @llvm.nvvm.shfl.sync.down.i32p(i32 -1, i32 %l, i32 1, i32 6175)
  %v = extractvalue { i32, i1 } %r, 0
  %p = extractvalue { i32, i1 } %r, 1
  %q = zext i1 %p to i32
  %px = getelementptr i32, ptr addrspace(1) %x, i32 %l
  store i32 %v, ptr addrspace(1) %px
  %py = getelementptr i32, ptr addrspace(1) %y, i32 %l
  store i32 %q, ptr addrspace(1) %py
  ret void
}

define ptx_kernel void @up(ptr addrspace(1) %x) {
  %l = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %v = call i32 @llvm.nvvm.shfl.sync.up.i32(i32 -1, i32 %l, i32 2, i32 0)
  %px = getelementptr i32, ptr addrspace(1) %x, i32 %l
  store i32 %v, ptr addrspace(1) %px
  ret void
}

define ptx_kernel void @idx(ptr addrspace(1) %x) {
  %l = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %f = uitofp i32 %l to float
  %v = call float @llvm.nvvm.shfl.sync.idx.f32(i32 -1, float %f, i32 9, i32 4127)
  %px = getelementptr i32, ptr addrspace(1) %x, i32 %l
  store float %v, ptr addrspace(1) %px
  ret void
}

define ptx_kernel void @bfly(ptr addrspace(1) %x) {
  %l = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %v = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %l, i32 3, i32 31)
  %px = getelementptr i32, ptr addrspace(1) %x, i32 %l
  store i32 %v, ptr addrspace(1) %px
  ret void
}

define ptx_kernel void @vote(ptr addrspace(1) %x) {
  %l = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %c = icmp ult i32 %l, 5
  %ballot = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, i1 %c)
  %any = call i1 @llvm.nvvm.vote.any.sync(i32 -1, i1 %c)
  %all = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %c)
  %uni = call i1 @llvm.nvvm.vote.uni.sync(i32 -1, i1 %c)
  %any32 = zext i1 %any to i32
  %all32 = zext i1 %all to i32
  %uni32 = zext i1 %uni to i32
  %i0 = mul i32 %l, 4
  %p0 = getelementptr i32, ptr addrspace(1) %x, i32 %i0
  store i32 %ballot, ptr addrspace(1) %p0
  %p1 = getelementptr i32, ptr addrspace(1) %p0, i32 1
  store i32 %any32, ptr addrspace(1) %p1
  %p2 = getelementptr i32, ptr addrspace(1) %p0, i32 2
  store i32 %all32, ptr addrspace(1) %p2
  %p3 = getelementptr i32, ptr addrspace(1) %p0, i32 3
  store i32 %uni32, ptr addrspace(1) %p3
  ret void
}

define ptx_kernel void @halves(ptr addrspace(1) %x) {
  %l = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %c = icmp ult i32 %l, 16
  br i1 %c, label %low, label %high
low:
  %a = call i32 @llvm.nvvm.redux.sync.add(i32 %l, i32 65535)
  br label %end
high:
  %b = call i32 @llvm.nvvm.redux.sync.add(i32 %l, i32 -65536)
  br label %end
end:
  %v = phi i32 [ %a, %low ], [ %b, %high ]
  %px = getelementptr i32, ptr addrspace(1) %x, i32 %l
  store i32 %v, ptr addrspace(1) %px
  ret void
}

define ptx_kernel void @match(ptr addrspace(1) %x) {
  %l = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %q = udiv i32 %l, 4
  %v = call i32 @llvm.nvvm.match.any.sync.i32(i32 -1, i32 %q)
  %px = getelementptr i32, ptr addrspace(1) %x, i32 %l
  store i32 %v, ptr addrspace(1) %px
  ret void
}

define ptx_kernel void @redux(ptr addrspace(1) %x) {
  %l = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %m = sub i32 %l, 16
  %sum = call i32 @llvm.nvvm.redux.sync.add(i32 %l, i32 -1)
  %min = call i32 @llvm.nvvm.redux.sync.min(i32 %m, i32 -1)
  %umin = call i32 @llvm.nvvm.redux.sync.umin(i32 %m, i32 -1)
  %max = call i32 @llvm.nvvm.redux.sync.max(i32 %m, i32 -1)
  %or = call i32 @llvm.nvvm.redux.sync.or(i32 %l, i32 -1)
  %xor = call i32 @llvm.nvvm.redux.sync.xor(i32 %l, i32 -1)
  %e = call { i32, i1 } @llvm.nvvm.elect.sync(i32 -1)
  %first = extractvalue { i32, i1 } %e, 1
  br i1 %first, label %write, label %end
write:
  store i32 %sum, ptr addrspace(1) %x
  %p1 = getelementptr i32, ptr addrspace(1) %x, i32 1
  store i32 %min, ptr addrspace(1) %p1
  %p2 = getelementptr i32, ptr addrspace(1) %x, i32 2
  store i32 %umin, ptr addrspace(1) %p2
  %p3 = getelementptr i32, ptr addrspace(1) %x, i32 3
  store i32 %max, ptr addrspace(1) %p3
  %p4 = getelementptr i32, ptr addrspace(1) %x, i32 4
  store i32 %or, ptr addrspace(1) %p4
  %p5 = getelementptr i32, ptr addrspace(1) %x, i32 5
  store i32 %xor, ptr addrspace(1) %p5
  br label %end
end:
  ret void
}
