// RUN: tfc-opt %s --m7-mark-nodes --split-input-file | FileCheck %s

// A call where the node changes, not for views and sizes, and one at the end. A
// node that begins again keeps its number; what has no node is named by its kind.
// CHECK: module attributes {m7.nodes = ["/A", "/B", "memref.copy"]}
// CHECK: llvm.func @tfc_profile(i32)
// CHECK-LABEL: @tfc_compute
// CHECK-NEXT: memref.subview
// CHECK-NEXT: %[[A:.*]] = arith.constant 0 : i32
// CHECK-NEXT: llvm.call @tfc_profile(%[[A]])
// CHECK-NEXT: memref.copy
// CHECK-NEXT: memref.copy
// CHECK-NEXT: %[[B:.*]] = arith.constant 1 : i32
// CHECK-NEXT: llvm.call @tfc_profile(%[[B]])
// CHECK-NEXT: memref.copy
// CHECK-NEXT: %[[AGAIN:.*]] = arith.constant 0 : i32
// CHECK-NEXT: llvm.call @tfc_profile(%[[AGAIN]])
// CHECK-NEXT: memref.copy
// CHECK-NEXT: %[[OTHER:.*]] = arith.constant 2 : i32
// CHECK-NEXT: llvm.call @tfc_profile(%[[OTHER]])
// CHECK-NEXT: memref.copy
// CHECK-NEXT: arith.constant 0 : i32
// CHECK-NEXT: %[[END:.*]] = arith.constant 3 : i32
// CHECK-NEXT: llvm.call @tfc_profile(%[[END]])
// CHECK-NEXT: return
func.func @tfc_compute(%x: memref<4xf32>, %t: memref<8xf32>, %y: memref<4xf32>) -> i32 {
  %v = memref.subview %t[0] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1]>> loc("/C")
  memref.copy %x, %y : memref<4xf32> to memref<4xf32> loc("/A")
  memref.copy %x, %v : memref<4xf32> to memref<4xf32, strided<[1]>> loc("/A")
  memref.copy %y, %v : memref<4xf32> to memref<4xf32, strided<[1]>> loc("/B")
  memref.copy %x, %y : memref<4xf32> to memref<4xf32> loc("/A")
  memref.copy %v, %y : memref<4xf32, strided<[1]>> to memref<4xf32>
  %zero = arith.constant 0 : i32
  return %zero : i32
}

// -----

// Left alone: what is not the model.
// CHECK-LABEL: @other
// CHECK-NEXT: memref.copy
// CHECK-NEXT: return
func.func @other(%x: memref<4xf32>, %y: memref<4xf32>) {
  memref.copy %x, %y : memref<4xf32> to memref<4xf32> loc("/A")
  return
}
