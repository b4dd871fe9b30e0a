// RUN: tfc-opt %s --x86-extract-plan --split-input-file | FileCheck %s

// Checks of sizes move to the plan; a check of values stays in the call.

// CHECK-LABEL: func @tfc_generated_compute
// CHECK: memref.load
// CHECK: x86.check %{{.*}}, 1
// CHECK-NOT: x86.check
// CHECK-LABEL: func @tfc_generated_plan(
// CHECK-SAME: %[[DIMS:.*]]: !llvm.ptr, %{{.*}}: i64, %[[OUT:.*]]: !llvm.ptr, %[[ARENA:.*]]: !llvm.ptr) -> i32
// CHECK: llvm.getelementptr %[[DIMS]][1]
// CHECK: x86.check %{{.*}}, 0
// CHECK: llvm.getelementptr %[[ARENA]][0]
// CHECK: llvm.getelementptr %[[OUT]][0]
func.func @tfc_generated_compute(%frame: !llvm.ptr) -> i32 {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %n = x86.input_dim 1
  %small = arith.cmpi ult, %n, %c8 : index
  x86.check %small, 0
  %x = x86.buffer input 0 : memref<4xi1>
  %value = memref.load %x[%c0] : memref<4xi1>
  x86.check %value, 1
  %bytes = arith.muli %n, %c8 : index
  x86.arena_bytes %bytes
  x86.output_dims %n
  %ok = arith.constant 0 : i32
  return %ok : i32
}

// -----

// A size that data decides: the plan has its bound, the call tells the size,
// and the description says so.

// CHECK: outputs = [{data_dependent,
// CHECK-LABEL: func @tfc_generated_compute
// CHECK: %[[FOUND:.*]] = arith.minui
// CHECK: x86.output_dim 1, %[[FOUND]]
// CHECK-NOT: x86.output_dim 0
// CHECK-LABEL: func @tfc_generated_plan(
// CHECK: %[[N:.*]] = llvm.load
module attributes {x86.interface = {inputs = [], outputs = [{dims = array<i64: 2, -1>, name = "y", symbols = ["", ""], type = 7 : i32}]}} {
  func.func @tfc_generated_compute(%frame: !llvm.ptr) -> i32 {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %n = x86.input_dim 0
    %x = x86.buffer input 0 : memref<4xindex>
    %counted = memref.load %x[%c0] : memref<4xindex>
    %found = arith.minui %counted, %n : index
    x86.output_dims %c2, %found
    %ok = arith.constant 0 : i32
    return %ok : i32
  }
}
