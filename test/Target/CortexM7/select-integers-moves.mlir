// RUN: tfc-opt %s --m7-select-integers | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-LABEL: func.func @moved(
// CHECK-SAME: %[[X:.*]]: tensor<2x6xi8>
// CHECK: %[[S:.*]] = tensor.extract_slice %[[X]][0, 1] [2, 4] [1, 1] : tensor<2x6xi8> to tensor<2x4xi8>
// CHECK: %[[T:.*]] = linalg.transpose ins(%[[S]] : tensor<2x4xi8>) outs(%{{.*}} : tensor<4x2xi8>)
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[T]]
// CHECK: return %[[C]] : tensor<8xi8>
func.func @moved(%x: tensor<2x6xi8>) -> tensor<8xi8> {
  %e = tensor.empty() : tensor<2x6xf32>
  %te = tensor.empty() : tensor<4x2xf32>
  %i = tensor.empty() : tensor<8xi8>
  %f = attn.dequantize ins(%x : tensor<2x6xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<2x6xf32>) -> tensor<2x6xf32>
  %s = tensor.extract_slice %f[0, 1] [2, 4] [1, 1] : tensor<2x6xf32> to tensor<2x4xf32>
  %t = linalg.transpose ins(%s : tensor<2x4xf32>) outs(%te : tensor<4x2xf32>) permutation = [1, 0]
  %c = tensor.collapse_shape %t [[0, 1]] : tensor<4x2xf32> into tensor<8xf32>
  %y = attn.quantize ins(%c : tensor<8xf32>) as !quant.uniform<i8:f32, 0.5:3> outs(%i : tensor<8xi8>) -> tensor<8xi8>
  return %y : tensor<8xi8>
}

// Two scales are put together in the result's.
// CHECK-LABEL: func.func @together(
// CHECK-SAME: %[[A:.*]]: tensor<2x3xi8>, %[[B:.*]]: tensor<2x3xi8>
// CHECK-DAG: %[[FIRST:.*]] = tensor.insert_slice %[[A]] into %{{.*}}[0, 0] [2, 3] [1, 1]
// CHECK-DAG: %[[SAME:.*]] = m7.table ins(%[[B]] : tensor<2x3xi8>)
// CHECK: tensor.insert_slice %[[SAME]] into %[[FIRST]][0, 3] [2, 3] [1, 1]
func.func @together(%a: tensor<2x3xi8>, %b: tensor<2x3xi8>) -> tensor<2x6xi8> {
  %e = tensor.empty() : tensor<2x3xf32>
  %o = tensor.empty() : tensor<2x6xf32>
  %i = tensor.empty() : tensor<2x6xi8>
  %f = attn.dequantize ins(%a : tensor<2x3xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = attn.dequantize ins(%b : tensor<2x3xi8>) as !quant.uniform<i8:f32, 0.25:-4> outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %p = tensor.insert_slice %f into %o[0, 0] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<2x6xf32>
  %q = tensor.insert_slice %g into %p[0, 3] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<2x6xf32>
  %y = attn.quantize ins(%q : tensor<2x6xf32>) as !quant.uniform<i8:f32, 0.5:3> outs(%i : tensor<2x6xi8>) -> tensor<2x6xi8>
  return %y : tensor<2x6xi8>
}

// Padding is a number of the scale: -1 is two steps below the zero point.
// CHECK-LABEL: func.func @padded(
// CHECK: linalg.fill ins(%c1_i8 : i8)
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 1] [2, 3] [1, 1]
func.func @padded(%a: tensor<2x3xi8>) -> tensor<2x5xi8> {
  %number = arith.constant -1.0 : f32
  %e = tensor.empty() : tensor<2x3xf32>
  %o = tensor.empty() : tensor<2x5xf32>
  %i = tensor.empty() : tensor<2x5xi8>
  %f = attn.dequantize ins(%a : tensor<2x3xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %w = linalg.fill ins(%number : f32) outs(%o : tensor<2x5xf32>) -> tensor<2x5xf32>
  %p = tensor.insert_slice %f into %w[0, 1] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<2x5xf32>
  %y = attn.quantize ins(%p : tensor<2x5xf32>) as !quant.uniform<i8:f32, 0.5:3> outs(%i : tensor<2x5xi8>) -> tensor<2x5xi8>
  return %y : tensor<2x5xi8>
}

// Rows of a table by number.
// CHECK-LABEL: func.func @rows(
// CHECK: %[[TABLE:.*]] = arith.constant dense<{{\[\[}}1, 2], [3, 4], [5, 6{{\]\]}}> : tensor<3x2xi8>
// CHECK: tensor.extract %[[TABLE]][%{{.*}}, %{{.*}}] : tensor<3x2xi8>
func.func @rows(%ids: tensor<4xi32>) -> tensor<4x2xi8> {
  %table = arith.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi8>
  %te = tensor.empty() : tensor<3x2xf32>
  %e = tensor.empty() : tensor<4x2xf32>
  %i = tensor.empty() : tensor<4x2xi8>
  %t = attn.dequantize ins(%table : tensor<3x2xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%te : tensor<3x2xf32>) -> tensor<3x2xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>, #id], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<4xi32>) outs(%e : tensor<4x2xf32>) {
  ^bb0(%id: i32, %out: f32):
    %n = arith.index_cast %id : i32 to index
    %c = linalg.index 1 : index
    %v = tensor.extract %t[%n, %c] : tensor<3x2xf32>
    linalg.yield %v : f32
  } -> tensor<4x2xf32>
  %y = attn.quantize ins(%g : tensor<4x2xf32>) as !quant.uniform<i8:f32, 0.5:3> outs(%i : tensor<4x2xi8>) -> tensor<4x2xi8>
  return %y : tensor<4x2xi8>
}

// What comes in is rounded by the caller, also where it is moved before; what goes
// out is not dequantised. Bytes without sign stay so outside.
// CHECK-LABEL: func.func @border(
// CHECK-SAME: %[[X:.*]]: tensor<2x3xi8> {tfc.name = "x", tfc.scale = 5.000000e-01 : f64, tfc.type = 2 : i32, tfc.zero = 131 : i32})
// CHECK-SAME: -> (tensor<3x2xi8> {tfc.name = "y", tfc.scale = 2.500000e-01 : f64, tfc.type = 3 : i32, tfc.zero = 4 : i32})
// CHECK: %[[S:.*]] = m7.table ins(%[[X]] : tensor<2x3xi8>)
// CHECK: %[[T:.*]] = linalg.transpose ins(%[[S]]
// CHECK: m7.table ins(%[[T]]
// CHECK-NOT: f32
func.func @border(%x: tensor<2x3xf32> {tfc.name = "x"}) -> (tensor<3x2xf32> {tfc.name = "y"}) {
  %e = tensor.empty() : tensor<3x2xf32>
  %i = tensor.empty() : tensor<3x2xi8>
  %t = linalg.transpose ins(%x : tensor<2x3xf32>) outs(%e : tensor<3x2xf32>) permutation = [1, 0]
  %q = attn.quantize ins(%t : tensor<3x2xf32>) as !quant.uniform<u8:f32, 0.5:131> outs(%i : tensor<3x2xi8>) -> tensor<3x2xi8>
  %f = attn.dequantize ins(%q : tensor<3x2xi8>) as !quant.uniform<u8:f32, 0.5:131> outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %g = linalg.tanh ins(%f : tensor<3x2xf32>) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %y = attn.quantize ins(%g : tensor<3x2xf32>) as !quant.uniform<i8:f32, 0.25:4> outs(%i : tensor<3x2xi8>) -> tensor<3x2xi8>
  %r = attn.dequantize ins(%y : tensor<3x2xi8>) as !quant.uniform<i8:f32, 0.25:4> outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  return %r : tensor<3x2xf32>
}

// Integers that are moved as such have their sign flipped outside only.
// CHECK-LABEL: func.func @integers(
// CHECK-NOT: f32
// CHECK: tensor.collapse_shape
// CHECK-NOT: f32
func.func @integers(%x: tensor<2x3xi8>) -> tensor<6xi8> {
  %e = tensor.empty() : tensor<2x3xf32>
  %i = tensor.empty() : tensor<2x3xi8>
  %f = attn.dequantize ins(%x : tensor<2x3xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = linalg.tanh ins(%f : tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %y = attn.quantize ins(%g : tensor<2x3xf32>) as !quant.uniform<u8:f32, 0.25:4> outs(%i : tensor<2x3xi8>) -> tensor<2x3xi8>
  %c = tensor.collapse_shape %y [[0, 1]] : tensor<2x3xi8> into tensor<6xi8>
  return %c : tensor<6xi8>
}

// Nothing is quantised here.
// CHECK-LABEL: func.func @untouched(
// CHECK: linalg.tanh
func.func @untouched(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %g = linalg.tanh ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}
