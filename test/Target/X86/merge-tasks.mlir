// RUN: tfc-opt %s --x86-merge-tasks | FileCheck %s
// RUN: tfc-opt %s --x86-merge-tasks --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s --check-prefix=PLACES

// The second does what the first does, the third something else; what is seen
// from outside stays, and so does what has other attributes.
// CHECK-LABEL: llvm.func @tfc_generated_compute
// CHECK: llvm.mlir.addressof @task_0
// CHECK: llvm.mlir.addressof @task_0
// CHECK: llvm.mlir.addressof @task_2
// CHECK: llvm.mlir.addressof @task_3
// CHECK: llvm.mlir.addressof @visible
// CHECK-DAG: llvm.func internal @task_0
// CHECK-DAG: llvm.func internal @task_2
// CHECK-DAG: llvm.func internal @task_3
// CHECK-DAG: llvm.func @visible
// CHECK-NOT: @task_1
// PLACES: llvm.func internal @task_0
// PLACES: llvm.load {{.*}} loc(fused["first", "second"])
llvm.func @tfc_generated_compute(%out: !llvm.ptr) {
  %0 = llvm.mlir.addressof @task_0 : !llvm.ptr
  %1 = llvm.mlir.addressof @task_1 : !llvm.ptr
  %2 = llvm.mlir.addressof @task_2 : !llvm.ptr
  %3 = llvm.mlir.addressof @task_3 : !llvm.ptr
  %4 = llvm.mlir.addressof @visible : !llvm.ptr
  llvm.store %0, %out : !llvm.ptr, !llvm.ptr
  llvm.store %1, %out : !llvm.ptr, !llvm.ptr
  llvm.store %2, %out : !llvm.ptr, !llvm.ptr
  llvm.store %3, %out : !llvm.ptr, !llvm.ptr
  llvm.store %4, %out : !llvm.ptr, !llvm.ptr
  llvm.return
}
llvm.func internal @task_0(%record: !llvm.ptr, %begin: i64) {
  %0 = llvm.load %record : !llvm.ptr -> i64 loc("first")
  %1 = llvm.sub %0, %begin : i64
  llvm.store %1, %record : i64, !llvm.ptr
  llvm.return
}
llvm.func internal @task_1(%record: !llvm.ptr, %begin: i64) {
  %0 = llvm.load %record : !llvm.ptr -> i64 loc("second")
  %1 = llvm.sub %0, %begin : i64
  llvm.store %1, %record : i64, !llvm.ptr
  llvm.return
}
llvm.func internal @task_2(%record: !llvm.ptr, %begin: i64) {
  %0 = llvm.load %record : !llvm.ptr -> i64
  %1 = llvm.sub %begin, %0 : i64
  llvm.store %1, %record : i64, !llvm.ptr
  llvm.return
}
llvm.func internal @task_3(%record: !llvm.ptr, %begin: i64) attributes {passthrough = ["cold"]} {
  %0 = llvm.load %record : !llvm.ptr -> i64
  %1 = llvm.sub %0, %begin : i64
  llvm.store %1, %record : i64, !llvm.ptr
  llvm.return
}
llvm.func @visible(%record: !llvm.ptr, %begin: i64) {
  %0 = llvm.load %record : !llvm.ptr -> i64
  %1 = llvm.sub %0, %begin : i64
  llvm.store %1, %record : i64, !llvm.ptr
  llvm.return
}
