// RUN: tfc-opt %s --m7-emit-kernel="kind=product k=192" | FileCheck %s
// RUN: tfc-opt %s --m7-emit-kernel="kind=product k=192" --m7-emit-kernel="kind=product k=192" | FileCheck %s --check-prefix=ONCE
// RUN: tfc-opt %s --m7-emit-kernel="kind=product k=4 weights=1,2,3,-4,5,6,7,-8" | FileCheck %s --check-prefix=PAIRED
// RUN: tfc-opt %s --m7-emit-kernel="kind=product k=4 weights=-128,0,0,127,0,-128,0,-1" | FileCheck %s --check-prefix=EXTREME

// 256 a + b in the order 0, 2, 1, 3.
// PAIRED: m7.paired = array<i16: 261, 775, 518, -1032>
// EXTREME: m7.paired = array<i16: -32768, 0, -128, 32511>

// Two weights a lane: the word and its low bytes both go to smlad.
// CHECK-LABEL: func.func @tfc_m7_product_k192_r3
// CHECK: llvm.load volatile
// CHECK: llvm.call_intrinsic "llvm.arm.sxtb16"
// CHECK-COUNT-12: llvm.call_intrinsic "llvm.arm.smlad"
// CHECK: llvm.call_intrinsic "llvm.arm.ssat"

// ONCE-COUNT-1: func.func
// ONCE-NOT: func.func
module {}
