// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-prune-residual{keep=2}))' | FileCheck %s
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-prune-residual{share=0.5}))' | FileCheck %s

// What is written has no mean, and lies in two directions of four: nothing is lost.
// CHECK-LABEL: @f
// CHECK-SAME: {energy_kept = {{1.0|0.9999999999}}{{.*}}, features = 2 : i64, features_before = 4 : i64, pass = "prune-residual", site = "down"}
// The table, the position and the layers that write.
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<3x2xf32>)
// CHECK: %[[START:.*]] = linalg.generic {{.*}}, tensor<1x2xf32>) outs(%{{.*}} : tensor<3x2xf32>)
// Of squares as if they were all in two of four features.
// CHECK: %[[N:.*]] = attn.norm rms axis 1 epsilon 2.0{{.*}}e-05 ins(%[[START]] : tensor<3x2xf32>) outs({{.*}} : tensor<3x2xf32>)
// CHECK: attn.linear ins(%[[N]], %{{.*}} : tensor<3x2xf32>, tensor<2x6xf32>) bias(%{{.*}} : tensor<6xf32>) {{.*}} activation relu
// CHECK: attn.linear {{.*}} tensor<6x2xf32>) bias(%{{.*}} : tensor<2xf32>)
// CHECK: linalg.add {{.*}} -> tensor<3x2xf32>
// The maximum reads four features as before.
// CHECK: attn.norm rms
// CHECK: %[[ALL:.*]] = attn.linear {{.*}} tensor<2x4xf32>) bias({{.*}} -> tensor<3x4xf32>
// CHECK: linalg.generic {{.*}} ins(%[[ALL]] : tensor<3x4xf32>)
// CHECK: arith.maximumf
func.func @f(%ids: tensor<3xi64>) -> tensor<4xf32> {
  %table = arith.constant dense<[[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 2.0, -2.0], [1.0, -1.0, 1.0, -1.0]]> : tensor<3x4xf32>
  %position = arith.constant dense<[[0.5, -0.5, 0.25, -0.25]]> : tensor<1x4xf32>
  %g = arith.constant dense<[1.0, 2.0, 0.5, 1.5]> : tensor<4xf32>
  %b = arith.constant dense<[0.1, 0.2, 0.3, 0.4]> : tensor<4xf32>
  %up = arith.constant dense<0.25> : tensor<4x6xf32>
  %down = arith.constant dense<[[1.0, -1.0, 0.5, -0.5], [0.5, -0.5, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0], [1.0, -1.0, 1.0, -1.0], [0.0, 0.0, 0.0, 0.0], [2.0, -2.0, 0.0, 0.0]]> : tensor<6x4xf32>
  %bias = arith.constant dense<[0.25, -0.25, 0.75, -0.75]> : tensor<4xf32>
  %lowest = arith.constant 0xFF800000 : f32
  %e4 = tensor.empty() : tensor<3x4xf32>
  %e6 = tensor.empty() : tensor<3x6xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<3xi64>) outs(%e4 : tensor<3x4xf32>) {
  ^bb0(%id: i64, %out: f32):
    %row = arith.index_cast %id : i64 to index
    %column = linalg.index 1 : index
    %element = tensor.extract %table[%row, %column] : tensor<3x4xf32>
    linalg.yield %element : f32
  } -> tensor<3x4xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%x, %position : tensor<3x4xf32>, tensor<1x4xf32>) outs(%e4 : tensor<3x4xf32>) {
  ^bb0(%left: f32, %right: f32, %out: f32):
    %sum = arith.addf %left, %right : f32
    linalg.yield %sum : f32
  } -> tensor<3x4xf32>
  %n = attn.norm layer axis 1 epsilon 1.0e-05 ins(%p : tensor<3x4xf32>) scale(%g : tensor<4xf32>) bias(%b : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %h = attn.linear ins(%n, %up : tensor<3x4xf32>, tensor<4x6xf32>) outs(%e6 : tensor<3x6xf32>) activation relu -> tensor<3x6xf32> loc("up")
  %d = attn.linear ins(%h, %down : tensor<3x6xf32>, tensor<6x4xf32>) bias(%bias : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32> loc("down")
  %s = linalg.add ins(%p, %d : tensor<3x4xf32>, tensor<3x4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %m = attn.norm layer axis 1 epsilon 1.0e-05 ins(%s : tensor<3x4xf32>) scale(%g : tensor<4xf32>) bias(%b : tensor<4xf32>) outs(%e4 : tensor<3x4xf32>) -> tensor<3x4xf32>
  %e = tensor.empty() : tensor<4xf32>
  %fill = linalg.fill ins(%lowest : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %most = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>], iterator_types = ["reduction", "parallel"]} ins(%m : tensor<3x4xf32>) outs(%fill : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %greatest = arith.maximumf %in, %out : f32
    linalg.yield %greatest : f32
  } -> tensor<4xf32>
  return %most : tensor<4xf32>
}
