// RUN: tfc-opt %s --attn-observe-fit='original=was layers=0,1' | FileCheck %s
// RUN: not tfc-opt %s --attn-observe-fit='original=was layers=1,7' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not tfc-opt %s --attn-observe-fit='original=new layers=1' 2>&1 | FileCheck %s --check-prefix=NAME

// Weights and biases are arguments. The first layer should give what the
// original's gives; the second the original's sum less the stream that it is
// added to now, which is that behind the first.
// NONE: attn-observe-fit: expected in both functions a linear layer of tfc.layer 7
// NAME: attn-observe-fit: expected two functions, one of them 'new'
// CHECK-LABEL: func.func @now
// CHECK-SAME: %[[X:.*]]: tensor<?x2xf32>, %[[W0:.*]]: tensor<2x2xf32>, %[[W1:.*]]: tensor<2x2xf32>, %[[B1:.*]]: tensor<2xf32>)
// CHECK-SAME: -> (tensor<?x2xf32> {tfc.name = "y"}, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>)
// CHECK: %[[HIDDEN:.*]] = attn.linear ins(%[[X]], %[[W0]] :
// CHECK: %[[LAST:.*]] = attn.linear ins(%[[HIDDEN]], %[[W1]] : {{.*}} bias(%[[B1]] :
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[LAST]]
// CHECK: %[[WAS:.*]] = attn.linear ins(%[[X]], %cst
// CHECK: %[[BRANCH:.*]] = attn.linear ins(%[[WAS]]
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[BRANCH]]
// CHECK: arith.addf
// CHECK: %[[TARGET:.*]] = linalg.generic {{.*}} ins(%[[SUM]], %[[X]]
// CHECK: arith.subf
// CHECK: return %[[Y]], %[[X]], %[[WAS]], %[[HIDDEN]], %[[TARGET]]
// CHECK-NOT: func.func
#same = affine_map<(d0, d1) -> (d0, d1)>
func.func @now(%x: tensor<?x2xf32>) -> (tensor<?x2xf32> {tfc.name = "y"}) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x2xf32>
  %w = arith.constant dense<[[1.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %v = arith.constant dense<[[3.0, 4.0], [5.0, 6.0]]> : tensor<2x2xf32>
  %d = arith.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %init = tensor.empty(%rows) : tensor<?x2xf32>
  %h = attn.linear ins(%x, %w : tensor<?x2xf32>, tensor<2x2xf32>) outs(%init : tensor<?x2xf32>) {tfc.layer = 0 : i64} -> tensor<?x2xf32>
  %b = attn.linear ins(%h, %v : tensor<?x2xf32>, tensor<2x2xf32>) bias(%d : tensor<2xf32>) outs(%init : tensor<?x2xf32>) {tfc.layer = 1 : i64} -> tensor<?x2xf32>
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
  %w = arith.constant dense<[[1.0, 5.0], [2.0, 7.0]]> : tensor<2x2xf32>
  %v = arith.constant dense<[[3.0, 4.0], [0.5, 0.25]]> : tensor<2x2xf32>
  %init = tensor.empty(%rows) : tensor<?x2xf32>
  %h = attn.linear ins(%x, %w : tensor<?x2xf32>, tensor<2x2xf32>) outs(%init : tensor<?x2xf32>) {tfc.layer = 0 : i64} -> tensor<?x2xf32>
  %b = attn.linear ins(%h, %v : tensor<?x2xf32>, tensor<2x2xf32>) outs(%init : tensor<?x2xf32>) {tfc.layer = 1 : i64} -> tensor<?x2xf32>
  %y = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel", "parallel"]} ins(%x, %b : tensor<?x2xf32>, tensor<?x2xf32>) outs(%init : tensor<?x2xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
