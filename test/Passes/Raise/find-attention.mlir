// RUN: tfc-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect \
// RUN:   --pass-pipeline='builtin.module(attn-find-attention{report-misses},canonicalize)' | FileCheck %s

// A mask that selects, in two functions that call each other; the weights by
// linalg.softmax. Operations of others stay.
// CHECK-LABEL: func.func private @masked
// CHECK: attn.attention scale 1.000000e+00 ins({{.*}}) mask({{.*}} : tensor<4x1x8x12xi1>)
func.func private @masked(%q: tensor<4x8x16xf32>, %k: tensor<4x12x16xf32>, %v: tensor<4x12x16xf32>, %m: tensor<4x8x12xi1>) -> tensor<4x8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<4x8x12xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %ekt = tensor.empty() : tensor<4x16x12xf32>
  %kt = linalg.transpose ins(%k : tensor<4x12x16xf32>) outs(%ekt : tensor<4x16x12xf32>) permutation = [0, 2, 1]
  %s = linalg.batch_matmul ins(%q, %kt : tensor<4x8x16xf32>, tensor<4x16x12xf32>) outs(%z : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %hidden = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%m, %s : tensor<4x8x12xi1>, tensor<4x8x12xf32>) outs(%e : tensor<4x8x12xf32>) {
  ^bb0(%c: i1, %in: f32, %out: f32):
    %r = arith.select %c, %in, %low : f32
    linalg.yield %r : f32
  } -> tensor<4x8x12xf32>
  %w = linalg.softmax dimension(2) ins(%hidden : tensor<4x8x12xf32>) outs(%e : tensor<4x8x12xf32>) -> tensor<4x8x12xf32>
  %ey = tensor.empty() : tensor<4x8x16xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  %y = linalg.batch_matmul ins(%w, %v : tensor<4x8x12xf32>, tensor<4x12x16xf32>) outs(%zy : tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  return %y : tensor<4x8x16xf32>
}
// CHECK-LABEL: func.func @caller
// CHECK: "their.op"
// CHECK: call @masked
func.func @caller(%q: tensor<4x8x16xf32>, %k: tensor<4x12x16xf32>, %v: tensor<4x12x16xf32>, %m: tensor<4x8x12xi1>) -> tensor<4x8x16xf32> {
  %q0 = "their.op"(%q) : (tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  %y = call @masked(%q0, %k, %v, %m) : (tensor<4x8x16xf32>, tensor<4x12x16xf32>, tensor<4x12x16xf32>, tensor<4x8x12xi1>) -> tensor<4x8x16xf32>
  return %y : tensor<4x8x16xf32>
}

// -----

// Two dimensions, and keys as they are: they are transposed.
// CHECK-LABEL: func.func @plain
// CHECK: linalg.transpose
// CHECK: attn.attention scale 1.000000e+00 ins({{.*}} : tensor<1x1x8x16xf32>, tensor<1x1x12x16xf32>, tensor<1x1x12x4xf32>) outs
func.func @plain(%q: tensor<8x16xf32>, %kt: tensor<16x12xf32>, %v: tensor<12x4xf32>) -> tensor<8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x12xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<8x12xf32>) -> tensor<8x12xf32>
  %s = linalg.matmul ins(%q, %kt : tensor<8x16xf32>, tensor<16x12xf32>) outs(%z : tensor<8x12xf32>) -> tensor<8x12xf32>
  %w = linalg.softmax dimension(1) ins(%s : tensor<8x12xf32>) outs(%e : tensor<8x12xf32>) -> tensor<8x12xf32>
  %ey = tensor.empty() : tensor<8x4xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<8x4xf32>) -> tensor<8x4xf32>
  %y = linalg.matmul ins(%w, %v : tensor<8x12xf32>, tensor<12x4xf32>) outs(%zy : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// -----

// CHECK-LABEL: func.func @shared
// CHECK-NOT: attn.attention
func.func @shared(%s: tensor<8x12xf32>, %v: tensor<12x4xf32>) -> (tensor<8x4xf32>, tensor<8x12xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x12xf32>
  %w = linalg.softmax dimension(1) ins(%s : tensor<8x12xf32>) outs(%e : tensor<8x12xf32>) -> tensor<8x12xf32>
  %ey = tensor.empty() : tensor<8x4xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<8x4xf32>) -> tensor<8x4xf32>
  // expected-remark @below {{multiplies by a softmax, but is no attention: the weights are used elsewhere too}}
  %y = linalg.matmul ins(%w, %v : tensor<8x12xf32>, tensor<12x4xf32>) outs(%zy : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %y, %w : tensor<8x4xf32>, tensor<8x12xf32>
}

// -----

// CHECK-LABEL: func.func @no_product
// CHECK-NOT: attn.attention
func.func @no_product(%s: tensor<8x12xf32>, %v: tensor<12x4xf32>, %init: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x12xf32>
  %w = linalg.softmax dimension(1) ins(%s : tensor<8x12xf32>) outs(%e : tensor<8x12xf32>) -> tensor<8x12xf32>
  %w1 = linalg.softmax dimension(1) ins(%s : tensor<8x12xf32>) outs(%e : tensor<8x12xf32>) -> tensor<8x12xf32>
  %ey = tensor.empty() : tensor<8x4xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<8x4xf32>) -> tensor<8x4xf32>
  // expected-remark @below {{scores are no product of queries and keys}}
  %y = linalg.matmul ins(%w, %v : tensor<8x12xf32>, tensor<12x4xf32>) outs(%zy : tensor<8x4xf32>) -> tensor<8x4xf32>
  // expected-remark @below {{a product is added to something}}
  %y1 = linalg.matmul ins(%w1, %v : tensor<8x12xf32>, tensor<12x4xf32>) outs(%init : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %y, %y1 : tensor<8x4xf32>, tensor<8x4xf32>
}

// -----

// The softmax goes over the queries: products with it are nothing to report.
// CHECK-LABEL: func.func @over_queries
// CHECK-NOT: attn.attention
func.func @over_queries(%s: tensor<8x12xf32>, %v: tensor<12x4xf32>) -> tensor<8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x12xf32>
  %w = linalg.softmax dimension(0) ins(%s : tensor<8x12xf32>) outs(%e : tensor<8x12xf32>) -> tensor<8x12xf32>
  %ey = tensor.empty() : tensor<8x4xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<8x4xf32>) -> tensor<8x4xf32>
  %y = linalg.matmul ins(%w, %v : tensor<8x12xf32>, tensor<12x4xf32>) outs(%zy : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// -----

// The maximum is of something else.
// CHECK-LABEL: func.func @other_maximum
// CHECK-NOT: attn.attention
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @other_maximum(%s: tensor<8x12xf32>, %max: tensor<8xf32>, %v: tensor<12x4xf32>) -> tensor<8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x12xf32>
  %er = tensor.empty() : tensor<8xf32>
  %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<8xf32>) -> tensor<8xf32>
  %exp = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %max : tensor<8x12xf32>, tensor<8xf32>) outs(%e : tensor<8x12xf32>) {
  ^bb0(%in: f32, %m: f32, %out: f32):
    %d = arith.subf %in, %m : f32
    %r = math.exp %d : f32
    linalg.yield %r : f32
  } -> tensor<8x12xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%exp : tensor<8x12xf32>) outs(%zr : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %r = arith.addf %in, %out : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%exp, %sum : tensor<8x12xf32>, tensor<8xf32>) outs(%e : tensor<8x12xf32>) {
  ^bb0(%in: f32, %m: f32, %out: f32):
    %r = arith.divf %in, %m : f32
    linalg.yield %r : f32
  } -> tensor<8x12xf32>
  %ey = tensor.empty() : tensor<8x4xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<8x4xf32>) -> tensor<8x4xf32>
  // expected-remark @below {{what is subtracted from scores is not their maximum}}
  %y = linalg.matmul ins(%w, %v : tensor<8x12xf32>, tensor<12x4xf32>) outs(%zy : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// -----

// A bias by the sum of positions is none that broadcasts.
// CHECK-LABEL: func.func @relative
// CHECK-NOT: attn.attention

#id = affine_map<(d0, d1) -> (d0, d1)>
#place = affine_map<(d0, d1) -> (d0 + d1)>
func.func @relative(%q: tensor<8x16xf32>, %kt: tensor<16x12xf32>, %v: tensor<12x4xf32>, %b: tensor<19xf32>) -> tensor<8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x12xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<8x12xf32>) -> tensor<8x12xf32>
  %s = linalg.matmul ins(%q, %kt : tensor<8x16xf32>, tensor<16x12xf32>) outs(%z : tensor<8x12xf32>) -> tensor<8x12xf32>
  %sb = linalg.generic {indexing_maps = [#id, #place, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %b : tensor<8x12xf32>, tensor<19xf32>) outs(%e : tensor<8x12xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %r = arith.addf %in, %bias : f32
    linalg.yield %r : f32
  } -> tensor<8x12xf32>
  %w = linalg.softmax dimension(1) ins(%sb : tensor<8x12xf32>) outs(%e : tensor<8x12xf32>) -> tensor<8x12xf32>
  %ey = tensor.empty() : tensor<8x4xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<8x4xf32>) -> tensor<8x4xf32>
  // expected-remark @below {{what is added to scores is no tensor that broadcasts}}
  %y = linalg.matmul ins(%w, %v : tensor<8x12xf32>, tensor<12x4xf32>) outs(%zy : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// -----

// A bias at one place of a tensor is read there.
// CHECK-LABEL: func.func @constant_place
// CHECK: linalg.generic {{.*}} ins(%arg3 : tensor<5xf32>) outs({{.*}} : tensor<1x1xf32>)
// CHECK: attn.attention {{.*}} bias({{.*}} : tensor<1x1x1x1xf32>)
#id = affine_map<(d0, d1) -> (d0, d1)>
#place = affine_map<(d0, d1) -> (3)>
func.func @constant_place(%q: tensor<8x16xf32>, %kt: tensor<16x12xf32>, %v: tensor<12x4xf32>, %b: tensor<5xf32>) -> tensor<8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x12xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<8x12xf32>) -> tensor<8x12xf32>
  %s = linalg.matmul ins(%q, %kt : tensor<8x16xf32>, tensor<16x12xf32>) outs(%z : tensor<8x12xf32>) -> tensor<8x12xf32>
  %sb = linalg.generic {indexing_maps = [#id, #place, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %b : tensor<8x12xf32>, tensor<5xf32>) outs(%e : tensor<8x12xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %r = arith.addf %in, %bias : f32
    linalg.yield %r : f32
  } -> tensor<8x12xf32>
  %w = linalg.softmax dimension(1) ins(%sb : tensor<8x12xf32>) outs(%e : tensor<8x12xf32>) -> tensor<8x12xf32>
  %ey = tensor.empty() : tensor<8x4xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<8x4xf32>) -> tensor<8x4xf32>
  %y = linalg.matmul ins(%w, %v : tensor<8x12xf32>, tensor<12x4xf32>) outs(%zy : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}
