// RUN: tfc-opt %s --m7-check-indices --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @clamped
// CHECK: %[[LOW:.*]] = arith.maxsi %arg0, %{{.*}} : i64
// CHECK: %[[IN:.*]] = arith.minsi %[[LOW]], %{{.*}} : i64
// CHECK: arith.index_cast %[[IN]] : i64 to index
// CHECK: arith.index_cast %arg1 : i32 to index
func.func @clamped(%x: i64, %y: i32) -> (index, index) {
  %i = arith.index_cast %x : i64 to index
  %j = arith.index_cast %y : i32 to index
  return %i, %j : index, index
}

// -----

func.func @large() -> index {
  // expected-error @+1 {{an index is beyond 32 bits, which are the Cortex-M7's}}
  %i = arith.constant 2147483648 : index
  return %i : index
}
