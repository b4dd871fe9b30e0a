// RUN: tfc-opt %s --m7-split-patch-embedding=reads-once=true --split-input-file | FileCheck %s

// Overlapping windows of an image that comes by rows: what a strip shares with
// the next stays, and what makes the rows, a change of the highest bit, is done
// to the new ones.
// CHECK-LABEL: @once
// CHECK-SAME: %[[IMAGE:.*]]: tensor<1x8x8xi8>
// CHECK: %[[AHEAD:.*]] = tensor.extract_slice %[[IMAGE]][0, 0, 0] [1, 2, 8]
// CHECK: linalg.generic {{.*}} ins(%[[AHEAD]] : tensor<1x2x8xi8>)
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: tensor.insert_slice
// CHECK: %[[FIRST:.*]] = affine.apply #{{.*}}(%[[ROW]])
// CHECK: %[[NEW:.*]] = tensor.extract_slice %[[IMAGE]][0, %[[FIRST]], 0] [1, 2, 8]
// CHECK: linalg.generic {{.*}} ins(%[[NEW]] : tensor<1x2x8xi8>)
// CHECK-NOT: tensor.extract_slice %[[IMAGE]]
#window = affine_map<(d0, d1, d2, d3, d4) -> (d2, d0 * 2 + d3, d1 * 2 + d4)>
#all = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
func.func @once(%image: tensor<1x8x8xi8>) -> tensor<9x4xi8> {
  %bit = arith.constant -128 : i8
  %s = tensor.empty() : tensor<1x8x8xi8>
  %signed = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%image : tensor<1x8x8xi8>) outs(%s : tensor<1x8x8xi8>) {
  ^bb0(%in: i8, %out: i8):
    %x = arith.xori %in, %bit : i8
    linalg.yield %x : i8
  } -> tensor<1x8x8xi8>
  %e = tensor.empty() : tensor<3x3x1x4x4xi8>
  %w = linalg.generic {indexing_maps = [#window, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%signed : tensor<1x8x8xi8>) outs(%e : tensor<3x3x1x4x4xi8>) {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<3x3x1x4x4xi8>
  %rows = tensor.collapse_shape %w [[0, 1], [2, 3, 4]] : tensor<3x3x1x4x4xi8> into tensor<9x16xi8>
  %i = tensor.empty() : tensor<9x4xi8>
  %p = m7.product ins(%rows : tensor<9x16xi8>) weights dense<3> : tensor<4x16xi8> bias dense<1> : tensor<4xi32> multipliers dense<1000000> : tensor<4xi32> zero 5 outs(%i : tensor<9x4xi8>) -> tensor<9x4xi8>
  return %p : tensor<9x4xi8>
}
