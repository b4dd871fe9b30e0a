// RUN: tfc-opt %s --lower-expand-math --allow-unregistered-dialect | FileCheck %s

// Functions of f16 are computed in f32; what others do stays.
// CHECK-LABEL: func.func @half
// CHECK: %[[X:.*]] = "their.op"
// CHECK: arith.extf %[[X]]{{.*}} : f16 to f32
// CHECK-NOT: math.exp
// CHECK: arith.truncf {{.*}} : f32 to f16
func.func @half(%x: f16) -> f16 {
  %y = "their.op"(%x) : (f16) -> f16
  %z = math.exp %y : f16
  return %z : f16
}
