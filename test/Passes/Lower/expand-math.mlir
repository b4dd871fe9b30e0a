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

// Without a logarithm, in registers of any width.
// CHECK-LABEL: func.func @expm1
// CHECK-NOT: math.expm1
// CHECK-NOT: math.log
// CHECK: math.roundeven {{.*}} : f32
// CHECK: math.roundeven {{.*}} : vector<8xf32>
// CHECK: return
func.func @expm1(%x: f32, %v: vector<8xf32>) -> (f32, vector<8xf32>) {
  %y = math.expm1 %x : f32
  %z = math.expm1 %v : vector<8xf32>
  return %y, %z : f32, vector<8xf32>
}
