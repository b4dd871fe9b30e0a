// RUN: tfc-opt %s --m7-select-integers | FileCheck %s

#id = affine_map<(d0) -> (d0)>
#id2 = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>

// The same numbers of the same scale are themselves.
// CHECK-LABEL: func.func @same(
// CHECK-SAME: %[[X:.*]]: tensor<8xi8>
// CHECK-NEXT: return %[[X]]
func.func @same(%x: tensor<8xi8>) -> tensor<8xi8> {
  %e = tensor.empty() : tensor<8xf32>
  %i = tensor.empty() : tensor<8xi8>
  %f = attn.dequantize ins(%x : tensor<8xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %y = attn.quantize ins(%f : tensor<8xf32>) as !quant.uniform<i8:f32, 0.5:3> outs(%i : tensor<8xi8>) -> tensor<8xi8>
  return %y : tensor<8xi8>
}

// Another scale is a table.
// CHECK-LABEL: func.func @requantised(
// CHECK-SAME: %[[X:.*]]: tensor<8xi8>
// CHECK: %[[Y:.*]] = m7.table ins(%[[X]] : tensor<8xi8>)
// CHECK-NEXT: return %[[Y]]
func.func @requantised(%x: tensor<8xi8>) -> tensor<8xi8> {
  %e = tensor.empty() : tensor<8xf32>
  %i = tensor.empty() : tensor<8xi8>
  %f = attn.dequantize ins(%x : tensor<8xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %y = attn.quantize ins(%f : tensor<8xf32>) as !quant.uniform<i8:f32, 0.25:-3> outs(%i : tensor<8xi8>) -> tensor<8xi8>
  return %y : tensor<8xi8>
}

// A function of it that comes to one number: 0 x + 1 is 50 steps and the zero point.
// CHECK-LABEL: func.func @constant(
// CHECK: m7.table ins(%{{.*}}) table dense<57> : tensor<256xi8>
func.func @constant(%x: tensor<8xi8>) -> tensor<8xi8> {
  %zero = arith.constant 0.0 : f32
  %number = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %i = tensor.empty() : tensor<8xi8>
  %f = attn.dequantize ins(%x : tensor<8xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %g = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%f : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %p = arith.mulf %v, %zero : f32
    %s = arith.addf %p, %number : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  %y = attn.quantize ins(%g : tensor<8xf32>) as !quant.uniform<i8:f32, 0.02:7> outs(%i : tensor<8xi8>) -> tensor<8xi8>
  return %y : tensor<8xi8>
}

// x sigmoid(x), with roundings between: one table of x.
// CHECK-LABEL: func.func @graph(
// CHECK-SAME: %[[X:.*]]: tensor<8xi8>
// CHECK-NOT: attn.quantize
// CHECK: %[[Y:.*]] = m7.table ins(%[[X]] : tensor<8xi8>)
// CHECK-NOT: m7.
// CHECK: return %[[Y]]
func.func @graph(%x: tensor<8xi8>) -> tensor<8xi8> {
  %number = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %i = tensor.empty() : tensor<8xi8>
  %f = attn.dequantize ins(%x : tensor<8xi8>) as !quant.uniform<i8:f32, 0.05:3> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %g = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%f : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %n = arith.negf %v : f32
    %p = math.exp %n : f32
    %s = arith.addf %p, %number : f32
    %q = arith.divf %number, %s : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  %gi = attn.quantize ins(%g : tensor<8xf32>) as !quant.uniform<i8:f32, 0.00390625:-128> outs(%i : tensor<8xi8>) -> tensor<8xi8>
  %gf = attn.dequantize ins(%gi : tensor<8xi8>) as !quant.uniform<i8:f32, 0.00390625:-128> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %m = linalg.mul ins(%f, %gf : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %y = attn.quantize ins(%m : tensor<8xf32>) as !quant.uniform<i8:f32, 0.04:-10> outs(%i : tensor<8xi8>) -> tensor<8xi8>
  return %y : tensor<8xi8>
}

// Factors of 2^-20; the offset is 5 2^20 + 2^19 - 3 2^20 + 4 2^19.
// CHECK-LABEL: func.func @sum(
// CHECK-SAME: %[[A:.*]]: tensor<8xi8>, %[[B:.*]]: tensor<8xi8>
// CHECK: m7.add ins(%[[A]], %[[B]] : {{.*}}) factors 1048576, 524288 offset 4718592
func.func @sum(%a: tensor<8xi8>, %b: tensor<8xi8>) -> tensor<8xi8> {
  %e = tensor.empty() : tensor<8xf32>
  %i = tensor.empty() : tensor<8xi8>
  %f = attn.dequantize ins(%a : tensor<8xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %g = attn.dequantize ins(%b : tensor<8xi8>) as !quant.uniform<i8:f32, 0.25:-4> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.add ins(%f, %g : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %y = attn.quantize ins(%s : tensor<8xf32>) as !quant.uniform<i8:f32, 0.5:5> outs(%i : tensor<8xi8>) -> tensor<8xi8>
  return %y : tensor<8xi8>
}

// CHECK-LABEL: func.func @difference(
// CHECK: m7.add ins(%{{.*}}) factors 1048576, -524288 offset 524288
func.func @difference(%a: tensor<8xi8>, %b: tensor<8xi8>) -> tensor<8xi8> {
  %e = tensor.empty() : tensor<8xf32>
  %i = tensor.empty() : tensor<8xi8>
  %f = attn.dequantize ins(%a : tensor<8xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %g = attn.dequantize ins(%b : tensor<8xi8>) as !quant.uniform<i8:f32, 0.25> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.sub ins(%f, %g : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %y = attn.quantize ins(%s : tensor<8xf32>) as !quant.uniform<i8:f32, 0.5> outs(%i : tensor<8xi8>) -> tensor<8xi8>
  return %y : tensor<8xi8>
}

// Unsigned bytes are signed ones with 128 less; a constant is of one scale too, and
// is spread over what it is multiplied with.
// CHECK-LABEL: func.func @gate(
// CHECK-SAME: %[[A:.*]]: tensor<2x3xi8>
// CHECK-DAG: %[[C:.*]] = arith.constant dense<[-5, 0, 9]> : tensor<3xi8>
// CHECK-DAG: %[[SIGNED:.*]] = m7.table ins(%[[A]] : tensor<2x3xi8>)
// CHECK-DAG: %[[ALL:.*]] = linalg.generic {{.*}} ins(%[[C]] : tensor<3xi8>)
// CHECK: %[[Y:.*]] = m7.multiply ins(%[[SIGNED]], %[[ALL]] : {{.*}}) zeros 12, 0 multiplier 536870912 zero -128
// CHECK: m7.table ins(%[[Y]] : tensor<2x3xi8>)
func.func @gate(%a: tensor<2x3xi8>) -> tensor<2x3xi8> {
  %c = arith.constant dense<[-5, 0, 9]> : tensor<3xi8>
  %e = tensor.empty() : tensor<2x3xf32>
  %e3 = tensor.empty() : tensor<3xf32>
  %i = tensor.empty() : tensor<2x3xi8>
  %f = attn.dequantize ins(%a : tensor<2x3xi8>) as !quant.uniform<u8:f32, 0.25:140> outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %g = attn.dequantize ins(%c : tensor<3xi8>) as !quant.uniform<i8:f32, 0.25> outs(%e3 : tensor<3xf32>) -> tensor<3xf32>
  %s = linalg.generic {indexing_maps = [#id2, #row, #id2], iterator_types = ["parallel", "parallel"]} ins(%f, %g : tensor<2x3xf32>, tensor<3xf32>) outs(%e : tensor<2x3xf32>) {
  ^bb0(%v: f32, %w: f32, %o: f32):
    %p = arith.mulf %v, %w : f32
    linalg.yield %p : f32
  } -> tensor<2x3xf32>
  %y = attn.quantize ins(%s : tensor<2x3xf32>) as !quant.uniform<u8:f32, 0.5> outs(%i : tensor<2x3xi8>) -> tensor<2x3xi8>
  return %y : tensor<2x3xi8>
}

// What chooses among numbers chooses among their integers.
// CHECK-LABEL: func.func @choice(
// CHECK-SAME: %[[A:.*]]: tensor<8xi8>, %[[B:.*]]: tensor<8xi8>, %[[C:.*]]: tensor<8xi1>
// CHECK: %[[SAME:.*]] = m7.table ins(%[[B]] : tensor<8xi8>)
// CHECK: linalg.generic {{.*}} ins(%[[A]], %[[SAME]], %[[C]] : tensor<8xi8>, tensor<8xi8>, tensor<8xi1>)
// CHECK: %[[M:.*]] = arith.maxsi %{{.*}}, %{{.*}} : i8
// CHECK: arith.select %{{.*}}, %[[M]], %{{.*}} : i8
func.func @choice(%a: tensor<8xi8>, %b: tensor<8xi8>, %c: tensor<8xi1>) -> tensor<8xi8> {
  %least = arith.constant -2.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %i = tensor.empty() : tensor<8xi8>
  %f = attn.dequantize ins(%a : tensor<8xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %g = attn.dequantize ins(%b : tensor<8xi8>) as !quant.uniform<i8:f32, 0.25> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel"]} ins(%f, %g, %c : tensor<8xf32>, tensor<8xf32>, tensor<8xi1>) outs(%e : tensor<8xf32>) {
  ^bb0(%v: f32, %w: f32, %is: i1, %o: f32):
    %m = arith.maximumf %v, %w : f32
    %p = arith.select %is, %m, %least : f32
    linalg.yield %p : f32
  } -> tensor<8xf32>
  %y = attn.quantize ins(%s : tensor<8xf32>) as !quant.uniform<i8:f32, 0.5> outs(%i : tensor<8xi8>) -> tensor<8xi8>
  return %y : tensor<8xi8>
}

// Of 1, 22 bits; what is divided by 0 goes to the ends.
// CHECK-LABEL: func.func @quotient(
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<8xi8>, tensor<8xi8>)
// CHECK: arith.muli %{{.*}}, %c4194304_i32 : i32
// CHECK: arith.divsi
// CHECK: arith.shrsi %{{.*}}, %c22_i32 : i32
// CHECK: arith.select %{{.*}}, %c127_i32, %c-128_i32 : i32
func.func @quotient(%a: tensor<8xi8>, %b: tensor<8xi8>) -> tensor<8xi8> {
  %e = tensor.empty() : tensor<8xf32>
  %i = tensor.empty() : tensor<8xi8>
  %f = attn.dequantize ins(%a : tensor<8xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %g = attn.dequantize ins(%b : tensor<8xi8>) as !quant.uniform<i8:f32, 0.5:-4> outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.div ins(%f, %g : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %y = attn.quantize ins(%s : tensor<8xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<8xi8>) -> tensor<8xi8>
  return %y : tensor<8xi8>
}

// A table of a reshaped tensor is one of the tensor, so that rows stay rows; not
// where something else sees the other shape.
// CHECK-LABEL: func.func @reshaped(
// CHECK-SAME: %[[X:.*]]: tensor<8xi8>
// CHECK: %[[T:.*]] = m7.table ins(%[[X]] : tensor<8xi8>)
// CHECK: %[[Y:.*]] = tensor.expand_shape %[[T]]
// CHECK: return %[[Y]]
func.func @reshaped(%x: tensor<8xi8>) -> tensor<2x4xi8> {
  %i = tensor.empty() : tensor<2x4xi8>
  %e = tensor.empty() : tensor<2x4xf32>
  %s = tensor.expand_shape %x [[0, 1]] output_shape [2, 4] : tensor<8xi8> into tensor<2x4xi8>
  %f = attn.dequantize ins(%s : tensor<2x4xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = attn.quantize ins(%f : tensor<2x4xf32>) as !quant.uniform<i8:f32, 0.25:-3> outs(%i : tensor<2x4xi8>) -> tensor<2x4xi8>
  return %y : tensor<2x4xi8>
}

// CHECK-LABEL: func.func @reshaped_twice(
// CHECK: %[[S:.*]] = tensor.expand_shape
// CHECK: m7.table ins(%[[S]] : tensor<2x4xi8>)
func.func @reshaped_twice(%x: tensor<8xi8>) -> (tensor<2x4xi8>, tensor<2x4xi8>) {
  %i = tensor.empty() : tensor<2x4xi8>
  %e = tensor.empty() : tensor<2x4xf32>
  %s = tensor.expand_shape %x [[0, 1]] output_shape [2, 4] : tensor<8xi8> into tensor<2x4xi8>
  %f = attn.dequantize ins(%s : tensor<2x4xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = attn.quantize ins(%f : tensor<2x4xf32>) as !quant.uniform<i8:f32, 0.25:-3> outs(%i : tensor<2x4xi8>) -> tensor<2x4xi8>
  return %y, %s : tensor<2x4xi8>, tensor<2x4xi8>
}
