// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-expose,canonicalize,attn-observe))' | FileCheck %s

// A bias may be a mask: what is below -1e4 in it is observed just so far below the
// rest that scores with it are 12 below all others, by the spread of the scores.
// Of their sum, only what is near the greatest of a row counts; rows below -5e8
// are hidden as a whole.
// CHECK-LABEL: @bias
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %arg1 : tensor<1x4x8x8xf32>, tensor<1x1x8x8xf32>)
// CHECK: arith.addf
// CHECK: arith.divf
// The mask: the least and the greatest score, its own least that hides nothing.
// CHECK: arith.minimumf
// CHECK: arith.maximumf
// CHECK: arith.cmpf ole, %{{.*}}, %[[FAR:.*]] : f32
// CHECK: %[[MASK:.*]] = linalg.generic {{.*}} ins(%arg1, %{{.*}} : tensor<1x1x8x8xf32>, tensor<f32>)
// CHECK: arith.cmpf ole
// CHECK: arith.select
// The sum.
// CHECK: %[[MOST:.*]] = linalg.generic {{.*}} ins(%[[SUM]] :
// CHECK: %[[NEAR:.*]] = linalg.generic {{.*}} ins(%[[SUM]], %[[MOST]] :
// CHECK: arith.subf
// CHECK: arith.maximumf
// CHECK: arith.cmpf olt
// CHECK: return {{.*}}%[[MASK]], {{.*}}%[[NEAR]], 
func.func @bias(%q: tensor<1x4x8x16xf32>, %m: tensor<1x1x8x8xf32>) -> tensor<1x4x8x16xf32> {
  %e = tensor.empty() : tensor<1x4x8x16xf32>
  %y = attn.attention scale 0.25 ins(%q, %q, %q : tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>)
      bias(%m : tensor<1x1x8x8xf32>) outs(%e : tensor<1x4x8x16xf32>) -> tensor<1x4x8x16xf32>
  return %y : tensor<1x4x8x16xf32>
}
