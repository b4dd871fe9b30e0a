// RUN: tfc-opt %s -pass-pipeline="builtin.module(func.func(lower-convolutions-to-products))" -split-input-file | FileCheck %s

// Windows become columns of a matrix.

// CHECK-DAG: #[[gathered:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d5 * 2 + d3, d6 * 2 + d4 * 3)>
// CHECK-DAG: #[[filters:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d1, d2, d4)>
// CHECK-DAG: #[[columns:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>
// CHECK-LABEL: func.func @windows
// CHECK-SAME: %[[x:.*]]: tensor<?x2x3x9x19xf32>, %[[w:.*]]: tensor<2x8x3x3x3xf32>
// CHECK: %[[patches:.*]] = linalg.generic {indexing_maps = [#[[gathered]], {{.*}} ins(%[[x]]
// CHECK: %[[flat:.*]] = tensor.collapse_shape %[[patches]] {{\[}}[0], [1], [2, 3, 4], [5, 6]] : tensor<?x2x3x3x3x4x7xf32> into tensor<?x2x27x28xf32>
// CHECK: %[[rows:.*]] = tensor.collapse_shape %[[w]] {{\[}}[0], [1], [2, 3, 4]] : tensor<2x8x3x3x3xf32> into tensor<2x8x27xf32>
// CHECK: %[[fill:.*]] = linalg.fill {{.*}} -> tensor<?x2x8x28xf32>
// CHECK: %[[product:.*]] = linalg.generic {indexing_maps = [#[[filters]], #[[columns]]
// CHECK-SAME: ins(%[[rows]], %[[flat]]
// CHECK-SAME: outs(%[[fill]]
// CHECK: tensor.expand_shape %[[product]] {{\[}}[0], [1], [2], [3, 4]]
#x = affine_map<(b, g, f, p, q, c, v, u) -> (b, g, c, p * 2 + v, q * 2 + u * 3)>
#w = affine_map<(b, g, f, p, q, c, v, u) -> (g, f, c, v, u)>
#y = affine_map<(b, g, f, p, q, c, v, u) -> (b, g, f, p, q)>
func.func @windows(%x: tensor<?x2x3x9x19xf32>, %w: tensor<2x8x3x3x3xf32>, %n: index) -> tensor<?x2x8x4x7xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%n) : tensor<?x2x8x4x7xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x2x8x4x7xf32>) -> tensor<?x2x8x4x7xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<?x2x3x9x19xf32>, tensor<2x8x3x3x3xf32>) outs(%init : tensor<?x2x8x4x7xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %term = arith.mulf %a, %b : f32
    %next = arith.addf %sum, %term : f32
    linalg.yield %next : f32
  } -> tensor<?x2x8x4x7xf32>
  return %y : tensor<?x2x8x4x7xf32>
}

// -----

// Pixels that lie side by side are columns already.

// CHECK-LABEL: func.func @pointwise
// CHECK-SAME: %[[x:.*]]: tensor<2x30x7x7xf32>
// CHECK: %[[flat:.*]] = tensor.collapse_shape %[[x]] {{\[}}[0], [1], [2, 3]] : tensor<2x30x7x7xf32> into tensor<2x30x49xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[flat]] : tensor<40x30xf32>, tensor<2x30x49xf32>)
#x = affine_map<(b, f, p, q, c, v, u) -> (b, c, p + v, q + u)>
#w = affine_map<(b, f, p, q, c, v, u) -> (f, c, v, u)>
#y = affine_map<(b, f, p, q, c, v, u) -> (b, f, p, q)>
func.func @pointwise(%x: tensor<2x30x7x7xf32>, %w: tensor<40x30x1x1xf32>, %init: tensor<2x40x7x7xf32>) -> tensor<2x40x7x7xf32> {
  %y = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<2x30x7x7xf32>, tensor<40x30x1x1xf32>) outs(%init : tensor<2x40x7x7xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %term = arith.mulf %a, %b : f32
    %next = arith.addf %sum, %term : f32
    linalg.yield %next : f32
  } -> tensor<2x40x7x7xf32>
  return %y : tensor<2x40x7x7xf32>
}

// -----

// Left alone: filters for each channel, and channels behind the image.

// CHECK-LABEL: func.func @others
// CHECK-NOT: tensor.collapse_shape
// CHECK: linalg.depthwise_conv_2d_nchw_chw
// CHECK: linalg.conv_2d_nhwc_hwcf
func.func @others(%x: tensor<2x30x7x7xf32>, %w: tensor<30x3x3xf32>, %y: tensor<2x30x5x5xf32>,
                  %x1: tensor<2x7x7x30xf32>, %w1: tensor<3x3x30x40xf32>, %y1: tensor<2x5x5x40xf32>)
    -> (tensor<2x30x5x5xf32>, tensor<2x5x5x40xf32>) {
  %a = linalg.depthwise_conv_2d_nchw_chw ins(%x, %w : tensor<2x30x7x7xf32>, tensor<30x3x3xf32>) outs(%y : tensor<2x30x5x5xf32>) -> tensor<2x30x5x5xf32>
  %b = linalg.conv_2d_nhwc_hwcf ins(%x1, %w1 : tensor<2x7x7x30xf32>, tensor<3x3x30x40xf32>) outs(%y1 : tensor<2x5x5x40xf32>) -> tensor<2x5x5x40xf32>
  return %a, %b : tensor<2x30x5x5xf32>, tensor<2x5x5x40xf32>
}
