// RUN: tfc-opt %s --x86-outline-parallel=profile | FileCheck %s
// RUN: tfc-opt %s --x86-outline-parallel | FileCheck %s --check-prefix=PLAIN

// What a task captures stands behind the region's number and work.
// CHECK: module attributes {x86.regions = ["/First, /Second", ""]}
// CHECK-LABEL: llvm.func @tfc_generated_compute
// CHECK-COUNT-2: llvm.alloca %{{.*}} x !llvm.struct<(i64, i64, i64, i64)>
// CHECK: %[[NUMBER:.*]] = llvm.mlir.constant(0 : i64)
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[RECORD:.*]][0, 0]
// CHECK: llvm.store %[[NUMBER]], %[[AT]]
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[RECORD]][0, 1]
// CHECK: llvm.store %[[N:.*]], %[[AT]]
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[RECORD]][0, 2]
// CHECK: llvm.store %[[N]], %[[AT]]
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[RECORD]][0, 3]
// CHECK: llvm.store %[[N]], %[[AT]]
// CHECK-LABEL: llvm.func internal @tfc_task_0(
// CHECK-SAME: %[[CAPTURES:.*]]: !llvm.ptr
// CHECK: llvm.getelementptr %[[CAPTURES]][0, 3]
// PLAIN-NOT: x86.regions
// PLAIN-COUNT-2: llvm.alloca %{{.*}} x !llvm.struct<(i64)>
llvm.func @tfc_generated_compute(%frame: !llvm.ptr) -> i32 {
  %n = llvm.load %frame : !llvm.ptr -> i64
  %one = llvm.mlir.constant(1 : i64) : i64
  x86.parallel %n grain %one work %n, %n : i64 {
  ^bb0(%begin: i64, %end: i64, %worker: i64):
    %p = llvm.inttoptr %n : i64 to !llvm.ptr
    llvm.store %begin, %p : i64, !llvm.ptr
    x86.yield
  } loc(fused["/First", "/Second"])
  x86.parallel %n grain %one : i64 {
  ^bb0(%begin: i64, %end: i64, %worker: i64):
    %p = llvm.inttoptr %n : i64 to !llvm.ptr
    llvm.store %end, %p : i64, !llvm.ptr
    x86.yield
  }
  %zero = llvm.mlir.constant(0 : i32) : i32
  llvm.return %zero : i32
}
