// RUN: tfc-opt %s --lower-prepare-tensors --split-input-file | FileCheck %s
// RUN: tfc-opt %s --lower-prepare-tensors=products-have-kernels | FileCheck %s --check-prefix=KERNELS

// What the loop carries is put back where it was; an element that is replaced in
// it needs no copy.
// CHECK-LABEL: @carried
// CHECK: scf.for {{.*}} iter_args(%[[STATE:.*]] = %{{.*}}, %[[LIST:.*]] = %{{.*}})
// CHECK:   %[[NEXT:.*]] = linalg.generic
// CHECK:   %[[INSERTED:.*]] = tensor.insert %{{.*}} into %[[LIST]]
// CHECK:   %[[KEPT:.*]] = bufferization.materialize_in_destination %[[NEXT]] in %[[STATE]]
// CHECK:   scf.yield %[[KEPT]], %[[INSERTED]]
func.func @carried(%init: tensor<4xf32>, %list: tensor<8xf32>, %n: index) -> (tensor<4xf32>, tensor<8xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %empty = tensor.empty() : tensor<4xf32>
  %r:2 = scf.for %i = %zero to %n step %one iter_args(%state = %init, %all = %list) -> (tensor<4xf32>, tensor<8xf32>) {
    %next = linalg.add ins(%state, %state : tensor<4xf32>, tensor<4xf32>) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
    %first = tensor.extract %state[%zero] : tensor<4xf32>
    %more = tensor.insert %first into %all[%i] : tensor<8xf32>
    scf.yield %next, %more : tensor<4xf32>, tensor<8xf32>
  }
  return %r#0, %r#1 : tensor<4xf32>, tensor<8xf32>
}

// -----

// A chain of elementwise operations is one loop; a product keeps its name.
// CHECK-LABEL: @chain
// CHECK-COUNT-1: linalg.generic
// CHECK: linalg.matmul
// CHECK-NOT: linalg.generic
func.func @chain(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %e = tensor.empty() : tensor<4x4xf32>
  %a = linalg.add ins(%x, %y : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %b = linalg.exp ins(%a : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %c = linalg.matmul ins(%b, %y : tensor<4x4xf32>, tensor<4x4xf32>) outs(%x : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %c : tensor<4x4xf32>
}

// -----

// What is computed in the place of its operand is not computed anew for each
// column of a product.
// CHECK-LABEL: @in_place
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<4x5xf32>)
// CHECK:   math.exp
// CHECK: linalg.generic {{.*}} ins(%[[Y]],
// CHECK-NOT: math.exp
// CHECK: return
func.func @in_place(%x: tensor<4x5xf32>, %w: tensor<5x3xf32>, %sums: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %y = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<4x5xf32>) {
  ^bb0(%out: f32):
    %e = math.exp %out : f32
    linalg.yield %e : f32
  } -> tensor<4x5xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%y, %w : tensor<4x5xf32>, tensor<5x3xf32>) outs(%sums : tensor<4x3xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x3xf32>
  return %z : tensor<4x3xf32>
}

// -----

// A costly chain stays whole in front of a product: were its last step computed
// in there, %x and the step before would both live.
// CHECK-LABEL: @costly_chain
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%{{[a-z0-9]+}} : tensor<4x5xf32>)
// CHECK:   math.erf
// CHECK:   arith.mulf
// CHECK: linalg.generic {{.*}} ins(%[[Y]], %{{[a-z0-9]+}} : tensor<4x5xf32>, tensor<5x3xf32>)
// CHECK: return
#all = affine_map<(d0, d1) -> (d0, d1)>
func.func @costly_chain(%x: tensor<4x5xf32>, %w: tensor<5x3xf32>, %sums: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %empty = tensor.empty() : tensor<4x5xf32>
  %e = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x5xf32>) outs(%empty : tensor<4x5xf32>) {
  ^bb0(%in: f32, %out: f32):
    %r = math.erf %in : f32
    linalg.yield %r : f32
  } -> tensor<4x5xf32>
  %y = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %e : tensor<4x5xf32>, tensor<4x5xf32>) outs(%empty : tensor<4x5xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %r = arith.mulf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<4x5xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%y, %w : tensor<4x5xf32>, tensor<5x3xf32>) outs(%sums : tensor<4x3xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %out, %m : f32
    linalg.yield %r : f32
  } -> tensor<4x3xf32>
  return %z : tensor<4x3xf32>
}

// With kernels for products, a factor keeps what is computed of it outside, and is read
// transposed where its neighbours in memory still are rows' or columns'.
// KERNELS-LABEL: @factors
// KERNELS: %[[S:.*]] = linalg.generic {{.*}} ins(%{{[a-z0-9]+}} : tensor<2x4x5xf32>)
// KERNELS:   arith.addf
// KERNELS: linalg.generic {indexing_maps = [#[[MNK:.*]], #[[TURNED:.*]], #{{.*}}], {{.*}} ins(%[[S]], %arg1 : tensor<2x4x5xf32>, tensor<2x3x5xf32>)
// KERNELS: return
func.func @factors(%x: tensor<2x4x5xf32>, %w: tensor<2x3x5xf32>, %sums: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %empty = tensor.empty() : tensor<2x4x5xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(b, m, k) -> (b, m, k)>, affine_map<(b, m, k) -> (b, m, k)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<2x4x5xf32>) outs(%empty : tensor<2x4x5xf32>) {
  ^bb0(%a: f32, %out: f32):
    %r = arith.addf %a, %a : f32
    linalg.yield %r : f32
  } -> tensor<2x4x5xf32>
  %turned = tensor.empty() : tensor<2x5x3xf32>
  %t = linalg.transpose ins(%w : tensor<2x3x5xf32>) outs(%turned : tensor<2x5x3xf32>) permutation = [0, 2, 1]
  %z = linalg.batch_matmul ins(%y, %t : tensor<2x4x5xf32>, tensor<2x5x3xf32>) outs(%sums : tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  return %z : tensor<2x4x3xf32>
}

// Neighbours of two batches are not read side by side.
// KERNELS-LABEL: @batch_last
// KERNELS: linalg.generic {{.*}} ins(%{{[a-z0-9]+}} : tensor<5x3x2xf32>) outs(%{{.*}} : tensor<2x5x3xf32>)
// KERNELS: linalg.generic {{.*}} ins(%{{.*}} : tensor<2x4x5xf32>, tensor<2x5x3xf32>)
func.func @batch_last(%x: tensor<2x4x5xf32>, %w: tensor<5x3x2xf32>, %sums: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  %turned = tensor.empty() : tensor<2x5x3xf32>
  %t = linalg.transpose ins(%w : tensor<5x3x2xf32>) outs(%turned : tensor<2x5x3xf32>) permutation = [2, 0, 1]
  %z = linalg.batch_matmul ins(%x, %t : tensor<2x4x5xf32>, tensor<2x5x3xf32>) outs(%sums : tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  return %z : tensor<2x4x3xf32>
}
