// RUN: tfc-opt %s --m7-split-patch-embedding --split-input-file | FileCheck %s

// A convolution by rows of patches; what makes its image goes with it.
// CHECK-LABEL: @patches
// CHECK-SAME: %[[IMAGE:.*]]: tensor<1x24x20x3xf32>
// CHECK-NOT: linalg.transpose
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: tensor.extract_slice %[[IMAGE]][0, %{{.*}}, 0, 0] [1, 8, 20, 3]
// CHECK: linalg.transpose
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x1x6x1x5xf32>)
// CHECK: tensor.insert_slice {{.*}}[0, 0, 0, %[[ROW]], 0] [1, 1, 6, 1, 5]
#image = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7) -> (d0, d1, d5, d3 * 8 + d6, d4 * 4 + d7)>
#weight = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7) -> (d1, d2, d5, d6, d7)>
#map = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7) -> (d0, d1, d2, d3, d4)>
func.func @patches(%image: tensor<1x24x20x3xf32>, %w: tensor<1x6x3x8x4xf32>, %init: tensor<1x1x6x3x5xf32>) -> tensor<1x1x6x3x5xf32> {
  %e = tensor.empty() : tensor<1x3x24x20xf32>
  %t = linalg.transpose ins(%image : tensor<1x24x20x3xf32>) outs(%e : tensor<1x3x24x20xf32>) permutation = [0, 3, 1, 2]
  %x = tensor.expand_shape %t [[0], [1, 2], [3], [4]] output_shape [1, 1, 3, 24, 20] : tensor<1x3x24x20xf32> into tensor<1x1x3x24x20xf32>
  %y = linalg.generic {indexing_maps = [#image, #weight, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x1x3x24x20xf32>, tensor<1x6x3x8x4xf32>) outs(%init : tensor<1x1x6x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  } -> tensor<1x1x6x3x5xf32>
  return %y : tensor<1x1x6x3x5xf32>
}

// -----

// Rows that more than one window reads: left alone.
// CHECK-LABEL: @shared
// CHECK-NOT: scf.for
#image = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7) -> (d0, d1, d5, d3 * 4 + d6, d4 * 4 + d7)>
#weight = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7) -> (d1, d2, d5, d6, d7)>
#map = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7) -> (d0, d1, d2, d3, d4)>
func.func @shared(%x: tensor<1x1x3x24x20xf32>, %w: tensor<1x6x3x8x4xf32>, %init: tensor<1x1x6x5x5xf32>) -> tensor<1x1x6x5x5xf32> {
  %y = linalg.generic {indexing_maps = [#image, #weight, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x1x3x24x20xf32>, tensor<1x6x3x8x4xf32>) outs(%init : tensor<1x1x6x5x5xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  } -> tensor<1x1x6x5x5xf32>
  return %y : tensor<1x1x6x5x5xf32>
}
