// RUN: tfc-opt %s --x86-outline-parallel --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: llvm.func @tfc_generated_compute(%arg0: !llvm.ptr) -> i32
// CHECK: llvm.alloca %{{.*}} x !llvm.struct<(i64)>
// CHECK: %[[TASK:.*]] = llvm.mlir.addressof @tfc_task_0
// CHECK: llvm.call %{{.*}}(%{{.*}}, %[[TASK]], %{{.*}}, %[[N:.*]], %{{.*}})
// CHECK: llvm.cond_br %{{.*}}, ^[[REST:.*]], ^[[FAIL:.*]]
// CHECK: ^[[FAIL]]:
// CHECK: %[[CODE:.*]] = llvm.mlir.constant(3 : i32)
// CHECK: llvm.return %[[CODE]]
// CHECK-LABEL: llvm.func internal @tfc_task_0(
// CHECK-SAME: %[[CAPTURES:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %[[WORKER:.*]]: i64)
// CHECK: %[[FIELD:.*]] = llvm.getelementptr %[[CAPTURES]][0, 0]
// CHECK: llvm.load %[[FIELD]] invariant
llvm.func @tfc_generated_compute(%frame: !llvm.ptr) -> i32 {
  %n = llvm.load %frame : !llvm.ptr -> i64
  %one = llvm.mlir.constant(1 : i64) : i64
  x86.parallel %n grain %one : i64 {
  ^bb0(%begin: i64, %end: i64, %worker: i64):
    %sum = llvm.add %n, %begin : i64
    %p = llvm.inttoptr %sum : i64 to !llvm.ptr
    llvm.store %one, %p : i64, !llvm.ptr
    x86.yield
  }
  %ok = llvm.icmp "eq" %n, %one : i64
  x86.check %ok, 2
  %zero = llvm.mlir.constant(0 : i32) : i32
  llvm.return %zero : i32
}

// -----

llvm.func @tfc_generated_compute(%frame: !llvm.ptr) -> i32 {
  %one = llvm.mlir.constant(1 : i64) : i64
  x86.parallel %one grain %one : i64 {
  ^bb0(%begin: i64, %end: i64, %worker: i64):
    // expected-error @below {{parallel regions cannot be nested}}
    x86.parallel %one grain %one : i64 {
    ^bb0(%begin2: i64, %end2: i64, %worker2: i64):
      x86.yield
    }
    x86.yield
  }
  %zero = llvm.mlir.constant(0 : i32) : i32
  llvm.return %zero : i32
}
