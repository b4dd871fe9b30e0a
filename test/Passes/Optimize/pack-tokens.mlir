// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-pack-tokens),canonicalize,cse)' | FileCheck %s

#rows = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#place = affine_map<(d0, d1, d2) -> (d1, d2)>
#all = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// What is for a place of all batches is gathered by the tokens' places; the
// mask is read no more; the result is spread again, zero where there is none.
// CHECK-LABEL: @layer
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x?x32xf32>
// CHECK-SAME: %[[M:[a-z0-9]+]]: tensor<?x?xi64>
// CHECK-SAME: %[[POSITIONS:[a-z0-9]+]]: tensor<?x32xf32>
// CHECK: cf.assert %{{.*}}, "input 'attention_mask': batches without padding take a mask of zeros and ones"
// CHECK: %[[COUNT:.*]] = arith.minui
// CHECK: %[[LISTS:.*]]:5 = scf.for
// CHECK: %[[BOUNDS:.*]] = tensor.insert {{.*}} into %[[LISTS]]#3
// CHECK: %[[TOKENS:.*]] = linalg.generic {{.*}} ins(%[[LISTS]]#0, %[[LISTS]]#1 {{.*}} outs(%{{.*}} : tensor<1x?x32xf32>)
// CHECK: tensor.extract %[[X]][
// CHECK: %[[PLACED:.*]] = linalg.generic {{.*}} ins(%[[LISTS]]#0, %[[LISTS]]#1 {{.*}} outs(%{{.*}} : tensor<?x32xf32>)
// CHECK: tensor.extract %[[POSITIONS]][
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[TOKENS]], %[[PLACED]] :
// CHECK: attn.linear ins(%[[SUM]], {{.*}} -> tensor<1x?x32xf32>
// CHECK: attn.attention scale 2.500000e-01 causal ins({{.*}}tensor<1x4x?x8xf32>) sequences(%[[BOUNDS]] : tensor<?xi64>) outs(
// CHECK-NOT: bias
// CHECK: %[[Y:.*]] = attn.norm {{.*}} -> tensor<1x?x32xf32>
// CHECK: %[[OUT:.*]] = linalg.generic {{.*}} ins(%[[LISTS]]#2 : tensor<?x?xi64>) outs(%{{.*}} : tensor<?x?x32xf32>)
// CHECK: tensor.extract %[[Y]][
// CHECK: return %[[OUT]]
func.func @layer(%x: tensor<?x?x32xf32> {tfc.dims = ["batch", "tokens", ""], tfc.name = "x"},
                 %m: tensor<?x?xi64> {tfc.dims = ["batch", "tokens"], tfc.name = "attention_mask"},
                 %positions: tensor<?x32xf32> {tfc.dims = ["tokens", ""], tfc.name = "positions"},
                 %w: tensor<32x32xf32>) -> tensor<?x?x32xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  %far = arith.constant -3.4e38 : f32
  %b = tensor.dim %x, %c0 : tensor<?x?x32xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x32xf32>
  %wide = tensor.expand_shape %m [[0], [1, 2, 3]] output_shape [%b, 1, 1, %s] : tensor<?x?xi64> into tensor<?x1x1x?xi64>
  %empty = tensor.empty(%b, %s) : tensor<?x1x1x?xf32>
  %bias = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%wide : tensor<?x1x1x?xi64>) outs(%empty : tensor<?x1x1x?xf32>) {
  ^bb0(%in: i64, %out: f32):
    %f = arith.sitofp %in : i64 to f32
    %n = arith.subf %one, %f : f32
    %h = arith.mulf %n, %far : f32
    linalg.yield %h : f32
  } -> tensor<?x1x1x?xf32>
  %init = tensor.empty(%b, %s) : tensor<?x?x32xf32>
  %sum = linalg.generic {indexing_maps = [#rows, #place, #rows], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %positions : tensor<?x?x32xf32>, tensor<?x32xf32>) outs(%init : tensor<?x?x32xf32>) {
  ^bb0(%in: f32, %p: f32, %out: f32):
    %t = arith.addf %in, %p : f32
    linalg.yield %t : f32
  } -> tensor<?x?x32xf32>
  %q = attn.linear ins(%sum, %w : tensor<?x?x32xf32>, tensor<32x32xf32>) outs(%init : tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
  %heads = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [%b, %s, 4, 8] : tensor<?x?x32xf32> into tensor<?x?x4x8xf32>
  %turned = tensor.empty(%b, %s) : tensor<?x4x?x8xf32>
  %t = linalg.transpose ins(%heads : tensor<?x?x4x8xf32>) outs(%turned : tensor<?x4x?x8xf32>) permutation = [0, 2, 1, 3]
  %a = attn.attention scale 0.25 causal ins(%t, %t, %t : tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) bias(%bias : tensor<?x1x1x?xf32>) outs(%turned : tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  %back = tensor.empty(%b, %s) : tensor<?x?x4x8xf32>
  %r = linalg.transpose ins(%a : tensor<?x4x?x8xf32>) outs(%back : tensor<?x?x4x8xf32>) permutation = [0, 2, 1, 3]
  %flat = tensor.collapse_shape %r [[0], [1], [2, 3]] : tensor<?x?x4x8xf32> into tensor<?x?x32xf32>
  %y = attn.norm layer axis 2 epsilon 1.0e-5 ins(%flat : tensor<?x?x32xf32>) outs(%init : tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
  return %y : tensor<?x?x32xf32>
}
