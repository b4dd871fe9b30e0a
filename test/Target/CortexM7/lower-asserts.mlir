// RUN: tfc-opt %s --m7-lower-asserts | FileCheck %s

// CHECK-LABEL: @tfc_compute
// CHECK: cf.cond_br %arg0, ^[[REST:.*]], ^[[REFUSED:.*]]
// CHECK: ^[[REST]]:
// CHECK: return %c0_i32
// CHECK: ^[[REFUSED]]:
// CHECK: return %c2_i32
func.func @tfc_compute(%ok: i1) -> i32 {
  cf.assert %ok, "an index is out of range"
  %zero = arith.constant 0 : i32
  return %zero : i32
}
