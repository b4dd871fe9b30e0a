// RUN: tfc-opt %s --m7-select-integers | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#rows = affine_map<(d0, d1) -> (d0)>

// Where the greatest of a row is: of the integers, of which any is above the first one.
// CHECK-LABEL: func.func @greatest(
// CHECK-SAME: %[[X:.*]]: tensor<3x4xi8>
// CHECK: %[[LEAST:.*]] = linalg.fill ins(%c-2147483648_i32 : i32) outs(%{{.*}} : tensor<3xi32>)
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<3x4xi8>) outs(%[[LEAST]], %{{.*}} : tensor<3xi32>, tensor<3xi64>)
// CHECK: %[[V:.*]] = arith.extsi %{{.*}} : i8 to i32
// CHECK: arith.cmpi sgt, %[[V]], %{{.*}} : i32
// CHECK-NOT: f32
func.func @greatest(%x: tensor<3x4xi8>) -> (tensor<3xi64>, tensor<3x4xi8>) {
  %least = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0 : i64
  %e = tensor.empty() : tensor<3x4xf32>
  %i = tensor.empty() : tensor<3x4xi8>
  %r = tensor.empty() : tensor<3xf32>
  %n = tensor.empty() : tensor<3xi64>
  %f = attn.dequantize ins(%x : tensor<3x4xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = attn.quantize ins(%f : tensor<3x4xf32>) as !quant.uniform<i8:f32, 0.5:3> outs(%i : tensor<3x4xi8>) -> tensor<3x4xi8>
  %start = linalg.fill ins(%least : f32) outs(%r : tensor<3xf32>) -> tensor<3xf32>
  %first = linalg.fill ins(%zero : i64) outs(%n : tensor<3xi64>) -> tensor<3xi64>
  %m:2 = linalg.generic {indexing_maps = [#id, #rows, #rows], iterator_types = ["parallel", "reduction"]} ins(%f : tensor<3x4xf32>) outs(%start, %first : tensor<3xf32>, tensor<3xi64>) {
  ^bb0(%v: f32, %best: f32, %at: i64):
    %c = arith.cmpf ogt, %v, %best : f32
    %d = linalg.index 1 : index
    %k = arith.index_cast %d : index to i64
    %b = arith.select %c, %v, %best : f32
    %w = arith.select %c, %k, %at : i64
    linalg.yield %b, %w : f32, i64
  } -> (tensor<3xf32>, tensor<3xi64>)
  return %m#1, %y : tensor<3xi64>, tensor<3x4xi8>
}

// 2.5 is five steps above the zero point. A condition as a number is 0 or 1 of the
// result's scale.
// CHECK-LABEL: func.func @above(
// CHECK: %[[C:.*]] = linalg.generic {{.*}} ins(%{{.*}} : tensor<3x4xi8>) outs(%{{.*}} : tensor<3x4xi1>)
// CHECK: arith.cmpi sge, %{{.*}}, %c8_i32 : i32
// CHECK: linalg.generic {{.*}} ins(%[[C]] : tensor<3x4xi1>)
// CHECK: arith.select %{{.*}}, %c4_i8, %c0_i8 : i8
func.func @above(%x: tensor<3x4xi8>) -> tensor<3x4xi8> {
  %number = arith.constant 2.5 : f32
  %e = tensor.empty() : tensor<3x4xf32>
  %i = tensor.empty() : tensor<3x4xi8>
  %b = tensor.empty() : tensor<3x4xi1>
  %f = attn.dequantize ins(%x : tensor<3x4xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %c = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%f : tensor<3x4xf32>) outs(%b : tensor<3x4xi1>) {
  ^bb0(%v: f32, %out: i1):
    %q = arith.cmpf oge, %v, %number : f32
    linalg.yield %q : i1
  } -> tensor<3x4xi1>
  %g = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%c : tensor<3x4xi1>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%v: i1, %out: f32):
    %q = arith.uitofp %v : i1 to f32
    linalg.yield %q : f32
  } -> tensor<3x4xf32>
  %y = attn.quantize ins(%g : tensor<3x4xf32>) as !quant.uniform<i8:f32, 0.25> outs(%i : tensor<3x4xi8>) -> tensor<3x4xi8>
  return %y : tensor<3x4xi8>
}
