// RUN: tfc-opt %s --m7-emit-kernel="kind=product k=192" | FileCheck %s
// RUN: tfc-opt %s --m7-emit-kernel="kind=product k=192" --m7-emit-kernel="kind=product k=192" | FileCheck %s --check-prefix=ONCE

// Two weights a lane: the word and its low bytes both go to smlad.
// CHECK-LABEL: func.func @tfc_m7_product_k192_r3
// CHECK: llvm.load volatile
// CHECK: llvm.call_intrinsic "llvm.arm.sxtb16"
// CHECK-COUNT-12: llvm.call_intrinsic "llvm.arm.smlad"
// CHECK: llvm.call_intrinsic "llvm.arm.ssat"

// ONCE-COUNT-1: func.func
// ONCE-NOT: func.func
module {}
