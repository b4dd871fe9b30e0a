// RUN: tfc-opt %s --split-input-file --attn-observe-fit='original=was layer=1' | FileCheck %s
// RUN: not tfc-opt %s --split-input-file --attn-observe-fit='original=was layer=7' 2>&1 | FileCheck %s --check-prefix=NONE

// The target is the original's sum less the stream that the layer is added to
// now, which is that behind the first layer.
// NONE: attn-observe-fit: expected two functions, one of them 'was', both with a linear layer of tfc.layer 7
// CHECK-LABEL: func.func @now
// CHECK-SAME: -> (tensor<1x1xf32>, tensor<1x2xf32>, tensor<1xf32>, tensor<2xf32>, tensor<i64>)
// CHECK: %[[HIDDEN:.*]] = attn.linear ins(%arg0, {{.*}}tensor<2x1xf32>
// CHECK-NOT: attn.linear {{.*}} tensor<1x2xf32>)
// CHECK: %[[WAS:.*]] = attn.linear ins(%arg0, {{.*}}tensor<2x3xf32>
// CHECK: %[[BRANCH:.*]] = attn.linear ins(%[[WAS]]
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%arg0, %[[BRANCH]]
// CHECK: arith.addf
// CHECK: %[[TARGET:.*]] = linalg.generic {{.*}} ins(%[[SUM]], %arg0
// CHECK: arith.subf
// CHECK: linalg.generic {{.*}} ins(%[[HIDDEN]], %[[HIDDEN]]
// CHECK: linalg.generic {{.*}} ins(%[[HIDDEN]], %[[TARGET]]
// CHECK-NOT: func.func
#same = affine_map<(d0, d1) -> (d0, d1)>
func.func @now(%x: tensor<?x2xf32>) -> (tensor<?x2xf32> {tfc.name = "y"}) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x2xf32>
  %w = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %v = arith.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %narrow = tensor.empty(%rows) : tensor<?x1xf32>
  %init = tensor.empty(%rows) : tensor<?x2xf32>
  %h = attn.linear ins(%x, %w : tensor<?x2xf32>, tensor<2x1xf32>) outs(%narrow : tensor<?x1xf32>) {tfc.layer = 0 : i64} -> tensor<?x1xf32>
  %b = attn.linear ins(%h, %v : tensor<?x1xf32>, tensor<1x2xf32>) outs(%init : tensor<?x2xf32>) {tfc.layer = 1 : i64} -> tensor<?x2xf32>
  %y = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel", "parallel"]} ins(%x, %b : tensor<?x2xf32>, tensor<?x2xf32>) outs(%init : tensor<?x2xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
func.func private @was(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x2xf32>
  %w = arith.constant dense<[[1.0, 5.0, 6.0], [2.0, 7.0, 8.0]]> : tensor<2x3xf32>
  %v = arith.constant dense<[[3.0, 4.0], [0.5, 0.25], [2.0, 1.0]]> : tensor<3x2xf32>
  %narrow = tensor.empty(%rows) : tensor<?x3xf32>
  %init = tensor.empty(%rows) : tensor<?x2xf32>
  %h = attn.linear ins(%x, %w : tensor<?x2xf32>, tensor<2x3xf32>) outs(%narrow : tensor<?x3xf32>) {tfc.layer = 0 : i64} -> tensor<?x3xf32>
  %b = attn.linear ins(%h, %v : tensor<?x3xf32>, tensor<3x2xf32>) outs(%init : tensor<?x2xf32>) {tfc.layer = 1 : i64} -> tensor<?x2xf32>
  %y = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel", "parallel"]} ins(%x, %b : tensor<?x2xf32>, tensor<?x2xf32>) outs(%init : tensor<?x2xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
