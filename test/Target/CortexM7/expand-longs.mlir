// RUN: tfc-opt %s --m7-expand-longs | FileCheck %s

// CHECK-LABEL: @wide
// CHECK-NOT: arith.sitofp %{{.*}} : i64
// CHECK-NOT: arith.fptosi %{{.*}} : f32 to i64
// CHECK: math.ctlz %{{.*}} : i64
// CHECK: arith.uitofp %{{.*}} : i32 to f32
// CHECK: arith.fptosi %{{.*}} : f32 to i32
// CHECK: return
func.func @wide(%x: i64) -> i64 {
  %y = arith.sitofp %x : i64 to f32
  %z = arith.fptosi %y : f32 to i64
  return %z : i64
}

// CHECK-LABEL: @narrow
// CHECK-NEXT: arith.sitofp %{{.*}} : i32 to f32
func.func @narrow(%x: i32) -> f32 {
  %y = arith.sitofp %x : i32 to f32
  return %y : f32
}
