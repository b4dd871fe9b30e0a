; What f32 functions of CUDA's device library are made of: questions about the
; target, and assembly that stands for an intrinsic or for a long product.
; RUN: tfc-launch-kernel %s --kernel k --block 1 --arg f32:1=8 --arg i32:3=none --print 0 --print 1 | FileCheck %s
; RUN: env TFC_EMULATE_ARCH=80 tfc-launch-kernel %s --kernel k --block 1 --arg f32:1=8 --arg i32:3=none --print 1 | FileCheck %s --check-prefix=ARCH

; 1 / 8; 0x80000000 times 6 plus 7 in halves; the architecture.
; CHECK: 0: 0.125
; CHECK: 1: 7 3 900
; ARCH: 1: 7 3 800

target triple = "nvptx64-nvidia-cuda"

@name = private addrspace(4) constant [12 x i8] c"__CUDA_ARCH\00"
@ftz = private unnamed_addr constant [11 x i8] c"__CUDA_FTZ\00"

declare i32 @__nvvm_reflect(ptr)

define internal float @reciprocal(float %x) {
  %flush = call i32 @__nvvm_reflect(ptr @ftz)
  %c = icmp ne i32 %flush, 0
  br i1 %c, label %no, label %yes
no:
  ret float 0.0
yes:
  %r = call float asm "rcp.approx.ftz.f32 $0,$1;", "=f,f"(float %x)
  ret float %r
}

define ptx_kernel void @k(ptr %x, ptr %y) {
  %v = load float, ptr %x
  %r = call float @reciprocal(float %v)
  store float %r, ptr %x
  %m = call { i32, i32 } asm "{\0A\09mad.lo.cc.u32   $0, $2, $3, $4;\0A\09madc.hi.u32     $1, $2, $3,  0;\0A\09}", "=r,=r,r,r,r"(i32 -2147483648, i32 6, i32 7)
  %lo = extractvalue { i32, i32 } %m, 0
  %hi = extractvalue { i32, i32 } %m, 1
  %arch = call i32 @__nvvm_reflect(ptr addrspacecast (ptr addrspace(4) @name to ptr))
  store i32 %lo, ptr %y
  %y1 = getelementptr i32, ptr %y, i32 1
  store i32 %hi, ptr %y1
  %y2 = getelementptr i32, ptr %y, i32 2
  store i32 %arch, ptr %y2
  ret void
}
