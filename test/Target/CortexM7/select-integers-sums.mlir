// RUN: tfc-opt %s --m7-select-integers | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#columns = affine_map<(d0, d1) -> (d1)>
#rows = affine_map<(d0, d1) -> (d0)>
#one = affine_map<(d0, d1) -> (0, d1)>
#by_rows = affine_map<(d0, d1) -> (d0, 0)>
#x = affine_map<(c, i, k) -> (c, i * 2 + k)>
#window = affine_map<(c, i, k) -> (k)>
#y = affine_map<(c, i, k) -> (c, i)>
#place = affine_map<(d0, d1) -> (0, d1)>

// CHECK-LABEL: func.func @mean(
// CHECK: m7.mean ins(%{{.*}} : tensor<5x4xi8>) offset -15 multiplier 429496730 zero 1
func.func @mean(%x: tensor<5x4xi8>) -> tensor<4xi8> {
  %zero = arith.constant 0.0 : f32
  %five = arith.constant 5.0 : f32
  %e = tensor.empty() : tensor<5x4xf32>
  %o = tensor.empty() : tensor<4xf32>
  %i = tensor.empty() : tensor<4xi8>
  %f = attn.dequantize ins(%x : tensor<5x4xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<5x4xf32>) -> tensor<5x4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%o : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#id, #columns], iterator_types = ["reduction", "parallel"]} ins(%f : tensor<5x4xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%v: f32, %out: f32):
    %q = arith.addf %v, %out : f32
    linalg.yield %q : f32
  } -> tensor<4xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%s : tensor<4xf32>) outs(%o : tensor<4xf32>) {
  ^bb0(%v: f32, %out: f32):
    %q = arith.divf %v, %five : f32
    linalg.yield %q : f32
  } -> tensor<4xf32>
  %y = attn.quantize ins(%m : tensor<4xf32>) as !quant.uniform<i8:f32, 1.0:1> outs(%i : tensor<4xi8>) -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// A sum in steps as large as those of its terms: no kernel, but loops, which begin
// with what the zero points come to; the multiplier is of 2^-30.
// CHECK-LABEL: func.func @sum(
// CHECK: linalg.fill ins(%c-15_i32 : i32)
// CHECK: arith.addi %{{.*}} : i32
// CHECK: arith.shrsi %{{.*}}, %c30_i64 : i64
func.func @sum(%x: tensor<5x4xi8>) -> tensor<4xi8> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x4xf32>
  %o = tensor.empty() : tensor<4xf32>
  %i = tensor.empty() : tensor<4xi8>
  %f = attn.dequantize ins(%x : tensor<5x4xi8>) as !quant.uniform<i8:f32, 1.0:3> outs(%e : tensor<5x4xf32>) -> tensor<5x4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%o : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#id, #columns], iterator_types = ["reduction", "parallel"]} ins(%f : tensor<5x4xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%v: f32, %out: f32):
    %q = arith.addf %v, %out : f32
    linalg.yield %q : f32
  } -> tensor<4xf32>
  %y = attn.quantize ins(%s : tensor<4xf32>) as !quant.uniform<i8:f32, 1.0:1> outs(%i : tensor<4xi8>) -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// Windows that have fewer elements at the border: how many is counted here.
// CHECK-LABEL: func.func @windows(
// CHECK-DAG: arith.constant dense<[{{\[}}1073741824, 715827883, 1073741824]]> : tensor<1x3xi32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x7xi8>, tensor<3xi8>) outs(%{{.*}} : tensor<2x3xi32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x3xi32>, tensor<1x3xi32>)
func.func @windows(%x: tensor<2x5xi8>) -> tensor<2x3xi8> {
  %zero = arith.constant 0.0 : f32
  %number = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<2x5xf32>
  %w = tensor.empty() : tensor<3xf32>
  %o = tensor.empty() : tensor<2x3xf32>
  %i = tensor.empty() : tensor<2x3xi8>
  %f = attn.dequantize ins(%x : tensor<2x5xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<2x5xf32>) -> tensor<2x5xf32>
  %whole = tensor.empty() : tensor<2x7xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%whole : tensor<2x7xf32>) -> tensor<2x7xf32>
  %padded = tensor.insert_slice %f into %zeros[0, 1] [2, 5] [1, 1] : tensor<2x5xf32> into tensor<2x7xf32>
  %start = linalg.fill ins(%zero : f32) outs(%o : tensor<2x3xf32>) -> tensor<2x3xf32>
  %s = linalg.generic {indexing_maps = [#x, #window, #y], iterator_types = ["parallel", "parallel", "reduction"]} ins(%padded, %w : tensor<2x7xf32>, tensor<3xf32>) outs(%start : tensor<2x3xf32>) {
  ^bb0(%v: f32, %u: f32, %out: f32):
    %q = arith.addf %v, %out : f32
    linalg.yield %q : f32
  } -> tensor<2x3xf32>
  %one = tensor.empty() : tensor<1x5xf32>
  %ones = linalg.fill ins(%number : f32) outs(%one : tensor<1x5xf32>) -> tensor<1x5xf32>
  %around = tensor.empty() : tensor<1x7xf32>
  %none = linalg.fill ins(%zero : f32) outs(%around : tensor<1x7xf32>) -> tensor<1x7xf32>
  %inside = tensor.insert_slice %ones into %none[0, 1] [1, 5] [1, 1] : tensor<1x5xf32> into tensor<1x7xf32>
  %c = tensor.empty() : tensor<1x3xf32>
  %first = linalg.fill ins(%zero : f32) outs(%c : tensor<1x3xf32>) -> tensor<1x3xf32>
  %counts = linalg.generic {indexing_maps = [#x, #window, #y], iterator_types = ["parallel", "parallel", "reduction"]} ins(%inside, %w : tensor<1x7xf32>, tensor<3xf32>) outs(%first : tensor<1x3xf32>) {
  ^bb0(%v: f32, %u: f32, %out: f32):
    %q = arith.addf %v, %out : f32
    linalg.yield %q : f32
  } -> tensor<1x3xf32>
  %m = linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %counts : tensor<2x3xf32>, tensor<1x3xf32>) outs(%o : tensor<2x3xf32>) {
  ^bb0(%v: f32, %u: f32, %out: f32):
    %q = arith.divf %v, %u : f32
    linalg.yield %q : f32
  } -> tensor<2x3xf32>
  %y = attn.quantize ins(%m : tensor<2x3xf32>) as !quant.uniform<i8:f32, 1.0:1> outs(%i : tensor<2x3xi8>) -> tensor<2x3xi8>
  return %y : tensor<2x3xi8>
}

// The greatest of windows is that of the integers.
// CHECK-LABEL: func.func @maximum(
// CHECK: linalg.fill ins(%c-128_i8 : i8)
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x7xi8>, tensor<3xi8>) outs(%{{.*}} : tensor<2x3xi8>)
// CHECK: arith.maxsi
func.func @maximum(%x: tensor<2x7xi8>) -> tensor<2x3xi8> {
  %least = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<2x7xf32>
  %w = tensor.empty() : tensor<3xf32>
  %o = tensor.empty() : tensor<2x3xf32>
  %i = tensor.empty() : tensor<2x3xi8>
  %f = attn.dequantize ins(%x : tensor<2x7xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<2x7xf32>) -> tensor<2x7xf32>
  %start = linalg.fill ins(%least : f32) outs(%o : tensor<2x3xf32>) -> tensor<2x3xf32>
  %s = linalg.generic {indexing_maps = [#x, #window, #y], iterator_types = ["parallel", "parallel", "reduction"]} ins(%f, %w : tensor<2x7xf32>, tensor<3xf32>) outs(%start : tensor<2x3xf32>) {
  ^bb0(%v: f32, %u: f32, %out: f32):
    %q = arith.maximumf %v, %out : f32
    linalg.yield %q : f32
  } -> tensor<2x3xf32>
  %y = attn.quantize ins(%s : tensor<2x3xf32>) as !quant.uniform<i8:f32, 0.5:3> outs(%i : tensor<2x3xi8>) -> tensor<2x3xi8>
  return %y : tensor<2x3xi8>
}

// Over the first dimension: turned, and turned back.
// CHECK-LABEL: func.func @softmax(
// CHECK: linalg.transpose ins(%{{.*}} : tensor<3x4xi8>) outs(%{{.*}} : tensor<4x3xi8>)
// CHECK: m7.softmax ins(%{{.*}} : tensor<4x3xi8>) {{.*}} numerator -2147483648 zero -128
// CHECK: linalg.transpose ins(%{{.*}} : tensor<4x3xi8>) outs(%{{.*}} : tensor<3x4xi8>)
func.func @softmax(%x: tensor<3x4xi8>) -> tensor<3x4xi8> {
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<3x4xf32>
  %i = tensor.empty() : tensor<3x4xi8>
  %r = tensor.empty() : tensor<4xf32>
  %f = attn.dequantize ins(%x : tensor<3x4xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %start = linalg.fill ins(%least : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
  %m = linalg.generic {indexing_maps = [#id, #columns], iterator_types = ["reduction", "parallel"]} ins(%f : tensor<3x4xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%v: f32, %out: f32):
    %q = arith.maximumf %v, %out : f32
    linalg.yield %q : f32
  } -> tensor<4xf32>
  %mm = tensor.expand_shape %m [[0, 1]] output_shape [1, 4] : tensor<4xf32> into tensor<1x4xf32>
  %d = linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel"]} ins(%f, %mm : tensor<3x4xf32>, tensor<1x4xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%v: f32, %u: f32, %out: f32):
    %q = arith.subf %v, %u : f32
    linalg.yield %q : f32
  } -> tensor<3x4xf32>
  %x1 = linalg.exp ins(%d : tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %none = linalg.fill ins(%zero : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#id, #columns], iterator_types = ["reduction", "parallel"]} ins(%x1 : tensor<3x4xf32>) outs(%none : tensor<4xf32>) {
  ^bb0(%v: f32, %out: f32):
    %q = arith.addf %v, %out : f32
    linalg.yield %q : f32
  } -> tensor<4xf32>
  %ss = tensor.expand_shape %s [[0, 1]] output_shape [1, 4] : tensor<4xf32> into tensor<1x4xf32>
  %p = linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel"]} ins(%x1, %ss : tensor<3x4xf32>, tensor<1x4xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%v: f32, %u: f32, %out: f32):
    %q = arith.divf %v, %u : f32
    linalg.yield %q : f32
  } -> tensor<3x4xf32>
  %y = attn.quantize ins(%p : tensor<3x4xf32>) as !quant.uniform<i8:f32, 0.00390625:-128> outs(%i : tensor<3x4xi8>) -> tensor<3x4xi8>
  return %y : tensor<3x4xi8>
}

// Epsilon is of the square of the steps' sum: 0.25 4 4 / 0.5 / 0.5.
// CHECK-LABEL: func.func @norm(
// CHECK: m7.norm ins(%{{.*}} : tensor<3x4xi8>) gains dense<131072> : tensor<4xi32>
// CHECK-SAME: offsets dense<[6442450944, 6442450944, 6442450944, 15032385536]> : tensor<4xi64> epsilon 16 x_zero 3
func.func @norm(%x: tensor<3x4xi8>) -> tensor<3x4xi8> {
  %gain = arith.constant dense<1.0> : tensor<4xf32>
  %bias = arith.constant dense<[0.0, 0.0, 0.0, 1.0]> : tensor<4xf32>
  %e = tensor.empty() : tensor<3x4xf32>
  %i = tensor.empty() : tensor<3x4xi8>
  %f = attn.dequantize ins(%x : tensor<3x4xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %n = attn.norm layer axis 1 epsilon 0.25 ins(%f : tensor<3x4xf32>) scale(%gain : tensor<4xf32>) bias(%bias : tensor<4xf32>) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = attn.quantize ins(%n : tensor<3x4xf32>) as !quant.uniform<i8:f32, 0.5:1> outs(%i : tensor<3x4xi8>) -> tensor<3x4xi8>
  return %y : tensor<3x4xi8>
}

// A map is normalised as a whole, with a gain a channel behind it: one norm, with
// parameters for each three elements. g is 2^16 of gain over 0.5.
// CHECK-LABEL: func.func @group_norm(
// CHECK: m7.norm ins(%{{.*}} : tensor<1x6xi8>) gains dense<[131072, 262144]> : tensor<2xi32>
// CHECK-NOT: arith.mul
// CHECK: return
#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#channel = affine_map<(d0, d1, d2) -> (d1, 0)>
func.func @group_norm(%x: tensor<1x2x3xi8>) -> tensor<1x2x3xi8> {
  %gain = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %bias = arith.constant dense<[[0.5], [0.0]]> : tensor<2x1xf32>
  %e = tensor.empty() : tensor<1x2x3xf32>
  %f = attn.dequantize ins(%x : tensor<1x2x3xi8>) as !quant.uniform<i8:f32, 0.1> outs(%e : tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %flat = tensor.collapse_shape %f [[0], [1, 2]] : tensor<1x2x3xf32> into tensor<1x6xf32>
  %fe = tensor.empty() : tensor<1x6xf32>
  %n = attn.norm layer axis 1 epsilon 0.25 ins(%flat : tensor<1x6xf32>) outs(%fe : tensor<1x6xf32>) -> tensor<1x6xf32>
  %m = tensor.expand_shape %n [[0], [1, 2]] output_shape [1, 2, 3] : tensor<1x6xf32> into tensor<1x2x3xf32>
  %g = linalg.generic {indexing_maps = [#map, #channel, #channel, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%m, %gain, %bias : tensor<1x2x3xf32>, tensor<2x1xf32>, tensor<2x1xf32>) outs(%e : tensor<1x2x3xf32>) {
  ^bb0(%v: f32, %s: f32, %t: f32, %o: f32):
    %p = arith.mulf %v, %s : f32
    %q = arith.addf %p, %t : f32
    linalg.yield %q : f32
  } -> tensor<1x2x3xf32>
  %i = tensor.empty() : tensor<1x2x3xi8>
  %y = attn.quantize ins(%g : tensor<1x2x3xf32>) as !quant.uniform<i8:f32, 0.5> outs(%i : tensor<1x2x3xi8>) -> tensor<1x2x3xi8>
  return %y : tensor<1x2x3xi8>
}

// A channel that is normalised by itself is a row with a gain of its own.
// CHECK-LABEL: func.func @instance_norm(
// CHECK: tensor.extract_slice %{{.*}}[0, 0] [1, 3]
// CHECK: m7.norm ins(%{{.*}} : tensor<1x3xi8>) gains dense<131072> : tensor<1xi32>
// CHECK: m7.norm ins(%{{.*}} : tensor<1x3xi8>) gains dense<262144> : tensor<1xi32>
func.func @instance_norm(%x: tensor<1x2x3xi8>) -> tensor<1x2x3xi8> {
  %gain = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %e = tensor.empty() : tensor<1x2x3xf32>
  %f = attn.dequantize ins(%x : tensor<1x2x3xi8>) as !quant.uniform<i8:f32, 0.1> outs(%e : tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %n = attn.norm layer axis 2 epsilon 0.25 ins(%f : tensor<1x2x3xf32>) outs(%e : tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %g = linalg.generic {indexing_maps = [#map, #channel, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%n, %gain : tensor<1x2x3xf32>, tensor<2x1xf32>) outs(%e : tensor<1x2x3xf32>) {
  ^bb0(%v: f32, %s: f32, %o: f32):
    %p = arith.mulf %v, %s : f32
    linalg.yield %p : f32
  } -> tensor<1x2x3xf32>
  %i = tensor.empty() : tensor<1x2x3xi8>
  %y = attn.quantize ins(%g : tensor<1x2x3xf32>) as !quant.uniform<i8:f32, 0.5> outs(%i : tensor<1x2x3xi8>) -> tensor<1x2x3xi8>
  return %y : tensor<1x2x3xi8>
}

// Constants in f32 that differ by channel: 2^32 of 0.1 times the gain, over 0.5, and
// the offsets with half a step and what x's zero point of 3 takes off.
// CHECK-LABEL: func.func @affine(
// CHECK-DAG: %[[M:.*]] = arith.constant dense<[858993459, -429496730]> : tensor<2xi32>
// CHECK-DAG: %[[H:.*]] = arith.constant dense<[12455405159, 3435973838]> : tensor<2xi64>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[M]], %[[H]] : tensor<1x2x3xi8>, tensor<2xi32>, tensor<2xi64>)
// CHECK: arith.muli
// CHECK: arith.shrsi
func.func @affine(%x: tensor<1x2x3xi8>) -> tensor<1x2x3xi8> {
  %gain = arith.constant dense<[[1.0], [-0.5]]> : tensor<2x1xf32>
  %bias = arith.constant dense<[[1.0], [-0.5]]> : tensor<2x1xf32>
  %e = tensor.empty() : tensor<1x2x3xf32>
  %f = attn.dequantize ins(%x : tensor<1x2x3xi8>) as !quant.uniform<i8:f32, 0.1:3> outs(%e : tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %p = linalg.generic {indexing_maps = [#map, #channel, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%f, %gain : tensor<1x2x3xf32>, tensor<2x1xf32>) outs(%e : tensor<1x2x3xf32>) {
  ^bb0(%v: f32, %s: f32, %o: f32):
    %r = arith.mulf %v, %s : f32
    linalg.yield %r : f32
  } -> tensor<1x2x3xf32>
  %g = linalg.generic {indexing_maps = [#map, #channel, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%p, %bias : tensor<1x2x3xf32>, tensor<2x1xf32>) outs(%e : tensor<1x2x3xf32>) {
  ^bb0(%v: f32, %s: f32, %o: f32):
    %r = arith.addf %v, %s : f32
    linalg.yield %r : f32
  } -> tensor<1x2x3xf32>
  %i = tensor.empty() : tensor<1x2x3xi8>
  %y = attn.quantize ins(%g : tensor<1x2x3xf32>) as !quant.uniform<i8:f32, 0.5:1> outs(%i : tensor<1x2x3xi8>) -> tensor<1x2x3xi8>
  return %y : tensor<1x2x3xi8>
}

// Two places between two elements each, with weights of a quarter: 2^13 of 2^15.
// CHECK-LABEL: func.func @interpolated(
// CHECK-SAME: %[[X:.*]]: tensor<2xi8>
// CHECK-DAG: arith.constant dense<[24576, 8192]> : tensor<2xi32>
// CHECK-DAG: arith.constant dense<[8192, 24576]> : tensor<2xi32>
// CHECK: tensor.extract %[[X]]
// CHECK: tensor.extract %[[X]]
// CHECK: arith.trunci {{.*}} : i64 to i32
// CHECK: arith.trunci {{.*}} : i64 to i8
func.func @interpolated(%x: tensor<2xi8>) -> tensor<2xi8> {
  %zero = arith.constant 0.0 : f32
  %places = arith.constant dense<[[0, 1], [0, 1]]> : tensor<2x2xi64>
  %weights = arith.constant dense<[[0.75, 0.25], [0.25, 0.75]]> : tensor<2x2xf32>
  %e = tensor.empty() : tensor<2xf32>
  %f = attn.dequantize ins(%x : tensor<2xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %s = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%places, %weights : tensor<2x2xi64>, tensor<2x2xf32>) outs(%s : tensor<2xf32>) {
  ^bb0(%p: i64, %w: f32, %o: f32):
    %at = arith.index_cast %p : i64 to index
    %v = tensor.extract %f[%at] : tensor<2xf32>
    %m = arith.mulf %v, %w : f32
    %a = arith.addf %o, %m : f32
    linalg.yield %a : f32
  } -> tensor<2xf32>
  %i = tensor.empty() : tensor<2xi8>
  %y = attn.quantize ins(%r : tensor<2xf32>) as !quant.uniform<i8:f32, 0.5:3> outs(%i : tensor<2xi8>) -> tensor<2xi8>
  return %y : tensor<2xi8>
}
