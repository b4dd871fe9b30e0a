// RUN: tfc-opt %s --m7-select-integers | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
#x = affine_map<(n, g, f, i, c, k) -> (n, g, c, i * 2 + k)>
#w = affine_map<(n, g, f, i, c, k) -> (g, f, c, k)>
#y = affine_map<(n, g, f, i, c, k) -> (n, g, f, i)>

// Weights by their outputs, filled up to four; the bias in units of 1/8 less what
// x's zero point adds; multipliers of 2^-32. max(x, 0) behind the product is one of
// integers.
// CHECK-LABEL: func.func @linear(
// CHECK: %[[ZERO:.*]] = arith.constant 3 : i8
// CHECK: %[[X:.*]] = tensor.pad %{{.*}} low[0, 0] high[0, 1]
// CHECK: tensor.yield %[[ZERO]]
// CHECK: m7.product ins(%[[X]] : tensor<5x4xi8>)
// CHECK-SAME: weights dense<{{\[\[}}1, 3, 5, 0], [2, 4, -6, 0{{\]\]}}> : tensor<2x4xi8>
// CHECK-SAME: bias dense<[-19, 16]> : tensor<2xi32>
// CHECK-SAME: multipliers dense<[536870912, 1073741824]> : tensor<2xi32> zero -7
// CHECK: m7.table
func.func @linear(%x: tensor<5x3xi8>) -> tensor<5x2xi8> {
  %weights = arith.constant dense<[[1, 2], [3, 4], [5, -6]]> : tensor<3x2xi8>
  %numbers = arith.constant dense<[1.0, 4.0]> : tensor<2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x3xf32>
  %we = tensor.empty() : tensor<3x2xf32>
  %o = tensor.empty() : tensor<5x2xf32>
  %i = tensor.empty() : tensor<5x2xi8>
  %f = attn.dequantize ins(%x : tensor<5x3xi8>) as !quant.uniform<i8:f32, 0.5:3> outs(%e : tensor<5x3xf32>) -> tensor<5x3xf32>
  %w = attn.dequantize ins(%weights : tensor<3x2xi8>) as !quant.uniform<i8:f32:1, {0.25, 0.5}> outs(%we : tensor<3x2xf32>) -> tensor<3x2xf32>
  %start = linalg.fill ins(%zero : f32) outs(%o : tensor<5x2xf32>) -> tensor<5x2xf32>
  %p = linalg.matmul ins(%f, %w : tensor<5x3xf32>, tensor<3x2xf32>) outs(%start : tensor<5x2xf32>) -> tensor<5x2xf32>
  %s = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%p, %numbers : tensor<5x2xf32>, tensor<2xf32>) outs(%o : tensor<5x2xf32>) {
  ^bb0(%v: f32, %n: f32, %out: f32):
    %q = arith.addf %v, %n : f32
    linalg.yield %q : f32
  } -> tensor<5x2xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<5x2xf32>) outs(%o : tensor<5x2xf32>) {
  ^bb0(%v: f32, %out: f32):
    %q = arith.maximumf %v, %zero : f32
    linalg.yield %q : f32
  } -> tensor<5x2xf32>
  %y = attn.quantize ins(%r : tensor<5x2xf32>) as !quant.uniform<i8:f32, 1.0:-7> outs(%i : tensor<5x2xi8>) -> tensor<5x2xi8>
  return %y : tensor<5x2xi8>
}

// A multiple of a product is one of another scale. Unsigned weights that leave int8
// are sums of two, and x stands there twice. A channel without weights is its bias,
// whatever its scale.
// CHECK-LABEL: func.func @parts(
// CHECK: %[[FIRST:.*]] = tensor.insert_slice %{{.*}} into %{{.*}}[0, 0] [5, 2] [1, 1]
// CHECK: %[[TWICE:.*]] = tensor.insert_slice %{{.*}} into %[[FIRST]][0, 2] [5, 2] [1, 1]
// CHECK: m7.product ins(%[[TWICE]] : tensor<5x4xi8>)
// CHECK-SAME: weights dense<{{\[\[}}100, -3, 100, -2], [0, 0, 0, 0{{\]\]}}> : tensor<2x4xi8>
// CHECK-SAME: bias dense<[8, 20]> : tensor<2xi32>
// CHECK-SAME: multipliers dense<[268435456, 1073741824]> : tensor<2xi32>
func.func @parts(%x: tensor<5x2xi8>) -> tensor<5x2xi8> {
  %weights = arith.constant dense<[[-46, 10], [5, 10]]> : tensor<2x2xi8>
  %numbers = arith.constant dense<[0.5, 5.0]> : tensor<2xf32>
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<5x2xf32>
  %we = tensor.empty() : tensor<2x2xf32>
  %o = tensor.empty() : tensor<5x2xf32>
  %i = tensor.empty() : tensor<5x2xi8>
  %f = attn.dequantize ins(%x : tensor<5x2xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<5x2xf32>) -> tensor<5x2xf32>
  %w = attn.dequantize ins(%weights : tensor<2x2xi8>) as !quant.uniform<u8:f32, 0.25:10> outs(%we : tensor<2x2xf32>) -> tensor<2x2xf32>
  %start = linalg.fill ins(%zero : f32) outs(%o : tensor<5x2xf32>) -> tensor<5x2xf32>
  %p = linalg.matmul ins(%f, %w : tensor<5x2xf32>, tensor<2x2xf32>) outs(%start : tensor<5x2xf32>) -> tensor<5x2xf32>
  %m = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%p : tensor<5x2xf32>) outs(%o : tensor<5x2xf32>) {
  ^bb0(%v: f32, %out: f32):
    %q = arith.mulf %v, %half : f32
    linalg.yield %q : f32
  } -> tensor<5x2xf32>
  %s = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%m, %numbers : tensor<5x2xf32>, tensor<2xf32>) outs(%o : tensor<5x2xf32>) {
  ^bb0(%v: f32, %n: f32, %out: f32):
    %q = arith.addf %v, %n : f32
    linalg.yield %q : f32
  } -> tensor<5x2xf32>
  %y = attn.quantize ins(%s : tensor<5x2xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<5x2xi8>) -> tensor<5x2xi8>
  return %y : tensor<5x2xi8>
}

// Windows become rows.
// CHECK-LABEL: func.func @windows(
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} ins(%{{.*}} : tensor<1x1x3x9xi8>) outs(%{{.*}} : tensor<{{.*}}xi8>)
// CHECK: m7.product ins(%{{.*}} : tensor<4x12xi8>)
// CHECK-SAME: outs(%{{.*}} : tensor<4x2xi8>)
func.func @windows(%x: tensor<1x1x3x9xi8>) -> tensor<1x1x2x4xi8> {
  %weights = arith.constant dense<1> : tensor<1x2x3x3xi8>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x1x3x9xf32>
  %we = tensor.empty() : tensor<1x2x3x3xf32>
  %o = tensor.empty() : tensor<1x1x2x4xf32>
  %i = tensor.empty() : tensor<1x1x2x4xi8>
  %f = attn.dequantize ins(%x : tensor<1x1x3x9xi8>) as !quant.uniform<i8:f32, 0.5> outs(%e : tensor<1x1x3x9xf32>) -> tensor<1x1x3x9xf32>
  %w = attn.dequantize ins(%weights : tensor<1x2x3x3xi8>) as !quant.uniform<i8:f32, 0.25> outs(%we : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %start = linalg.fill ins(%zero : f32) outs(%o : tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  %p = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%f, %w : tensor<1x1x3x9xf32>, tensor<1x2x3x3xf32>) outs(%start : tensor<1x1x2x4xf32>) {
  ^bb0(%v: f32, %n: f32, %out: f32):
    %q = arith.mulf %v, %n : f32
    %a = arith.addf %out, %q : f32
    linalg.yield %a : f32
  } -> tensor<1x1x2x4xf32>
  %y = attn.quantize ins(%p : tensor<1x1x2x4xf32>) as !quant.uniform<i8:f32, 1.0> outs(%i : tensor<1x1x2x4xi8>) -> tensor<1x1x2x4xi8>
  return %y : tensor<1x1x2x4xi8>
}

// Channels in groups are summed in loops, and rounded with a number for each.
// CHECK-LABEL: func.func @groups(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x1x9xi8>
// CHECK-DAG: %[[W:.*]] = arith.constant dense<1> : tensor<3x1x1x3xi8>
// CHECK-DAG: %[[M:.*]] = arith.constant dense<536870912> : tensor<3x1xi32>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<-6> : tensor<3x1xi32>
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[W]] : tensor<1x3x1x9xi8>, tensor<3x1x1x3xi8>)
// CHECK: arith.muli
// CHECK: arith.addi
// CHECK: linalg.generic {{.*}} ins(%[[S]], %[[M]], %[[B]] :
// CHECK-DAG: arith.addi %{{.*}} : i32
// CHECK-DAG: arith.shrsi %{{.*}}, %c32_i64 : i64
// CHECK: arith.maxsi
// CHECK: arith.minsi
func.func @groups(%x: tensor<1x3x1x9xi8>) -> tensor<1x3x1x4xi8> {
  %weights = arith.constant dense<1> : tensor<3x1x1x3xi8>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x3x1x9xf32>
  %we = tensor.empty() : tensor<3x1x1x3xf32>
  %o = tensor.empty() : tensor<1x3x1x4xf32>
  %i = tensor.empty() : tensor<1x3x1x4xi8>
  %f = attn.dequantize ins(%x : tensor<1x3x1x9xi8>) as !quant.uniform<i8:f32, 0.5:2> outs(%e : tensor<1x3x1x9xf32>) -> tensor<1x3x1x9xf32>
  %w = attn.dequantize ins(%weights : tensor<3x1x1x3xi8>) as !quant.uniform<i8:f32, 0.25> outs(%we : tensor<3x1x1x3xf32>) -> tensor<3x1x1x3xf32>
  %start = linalg.fill ins(%zero : f32) outs(%o : tensor<1x3x1x4xf32>) -> tensor<1x3x1x4xf32>
  %p = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%f, %w : tensor<1x3x1x9xf32>, tensor<3x1x1x3xf32>) outs(%start : tensor<1x3x1x4xf32>) {
  ^bb0(%v: f32, %n: f32, %out: f32):
    %q = arith.mulf %v, %n : f32
    %a = arith.addf %out, %q : f32
    linalg.yield %a : f32
  } -> tensor<1x3x1x4xf32>
  %y = attn.quantize ins(%p : tensor<1x3x1x4xf32>) as !quant.uniform<i8:f32, 1.0:5> outs(%i : tensor<1x3x1x4xi8>) -> tensor<1x3x1x4xi8>
  return %y : tensor<1x3x1x4xi8>
}

// Two tensors: a product for each of the batch, the second one by its columns.
// CHECK-LABEL: func.func @both(
// CHECK-COUNT-2: m7.activation_product ins(%{{.*}}, %{{.*}} : tensor<3x4xi8>, tensor<5x4xi8>) zeros 1, -2 multiplier 268435456 zero 9
func.func @both(%a: tensor<2x3x4xi8>, %b: tensor<2x4x5xi8>) -> tensor<2x3x5xi8> {
  %zero = arith.constant 0.0 : f32
  %ae = tensor.empty() : tensor<2x3x4xf32>
  %be = tensor.empty() : tensor<2x4x5xf32>
  %o = tensor.empty() : tensor<2x3x5xf32>
  %i = tensor.empty() : tensor<2x3x5xi8>
  %f = attn.dequantize ins(%a : tensor<2x3x4xi8>) as !quant.uniform<i8:f32, 0.5:1> outs(%ae : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %g = attn.dequantize ins(%b : tensor<2x4x5xi8>) as !quant.uniform<i8:f32, 0.25:-2> outs(%be : tensor<2x4x5xf32>) -> tensor<2x4x5xf32>
  %start = linalg.fill ins(%zero : f32) outs(%o : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %p = linalg.batch_matmul ins(%f, %g : tensor<2x3x4xf32>, tensor<2x4x5xf32>) outs(%start : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %y = attn.quantize ins(%p : tensor<2x3x5xf32>) as !quant.uniform<i8:f32, 2.0:9> outs(%i : tensor<2x3x5xi8>) -> tensor<2x3x5xi8>
  return %y : tensor<2x3x5xi8>
}
