// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(m7-call-rows))' | FileCheck %s

// CHECK-LABEL: @strip
// CHECK-SAME: %[[ROWS:.*]]: (memref<1xi8>, {{.*}}, %[[CONTEXT:.*]]: memref<1xi8>, %[[FIRST:.*]]: index, %[[STRIP:.*]]: memref<1x4x3xf32>
// CHECK-DAG: %[[F:.*]] = arith.index_cast %[[FIRST]] : index to i32
// CHECK-DAG: %[[N:.*]] = arith.constant 4 : i32
// CHECK: %[[STATUS:.*]] = call_indirect %[[ROWS]](%[[CONTEXT]], %[[F]], %[[N]], %[[STRIP]])
// CHECK: %[[GOOD:.*]] = arith.cmpi eq, %[[STATUS]], %c0_i32
// CHECK: cf.cond_br %[[GOOD]], ^[[REST:.*]], ^[[ENDED:.*]]
// CHECK: ^[[REST]]:
// CHECK: return %c0_i32
// CHECK: ^[[ENDED]]:
// CHECK: %[[THREE:.*]] = arith.constant 3 : i32
// CHECK: return %[[THREE]]
func.func @strip(%rows: (memref<1xi8>, i32, i32, memref<1x4x3xf32>) -> i32, %context: memref<1xi8>, %first: index, %strip: memref<1x4x3xf32>) -> i32 {
  m7.read_rows %rows(%context) axis 1 first %first outs(%strip : memref<1x4x3xf32>)
  %ok = arith.constant 0 : i32
  return %ok : i32
}

// Functions without it stay as they are.
// CHECK-LABEL: @none
// CHECK-NEXT: arith.constant
// CHECK-NEXT: return
// CHECK-NEXT: }
func.func @none() -> i32 {
  %ok = arith.constant 0 : i32
  return %ok : i32
}
