// RUN: tfc-opt %s --attn-sink-slices --cse --split-input-file | FileCheck %s

#same = affine_map<(d0, d1, d2) -> (d0, d1, d2)>

// Only the class token is read: both sides of the residual stream are cut, with
// an open batch size, and the norm is made of what the sum is made of.
// CHECK-LABEL: func.func @residual(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x17x8xf32>
// CHECK: %[[X0:.*]] = tensor.extract_slice %[[X]][0, 0, 0] [%{{.*}}, 1, 8]
// CHECK-NOT: extract_slice
// CHECK: %[[N:.*]] = attn.norm {{.*}} ins(%[[X0]] : tensor<?x1x8xf32>)
// CHECK: %[[L:.*]] = attn.linear ins(%[[N]], {{.*}} -> tensor<?x1x8xf32>
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[X0]], %[[L]] :
// CHECK: return %[[S]] : tensor<?x1x8xf32>
func.func @residual(%x: tensor<?x17x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x1x8xf32> {
  %c0 = arith.constant 0 : index
  %b = tensor.dim %x, %c0 : tensor<?x17x8xf32>
  %e = tensor.empty(%b) : tensor<?x17x8xf32>
  %n = attn.norm rms axis 2 epsilon 1.0e-6 ins(%x : tensor<?x17x8xf32>)
      outs(%e : tensor<?x17x8xf32>) -> tensor<?x17x8xf32>
  %l = attn.linear ins(%n, %w : tensor<?x17x8xf32>, tensor<8x8xf32>)
      outs(%e : tensor<?x17x8xf32>) -> tensor<?x17x8xf32>
  %s = linalg.generic {indexing_maps = [#same, #same, #same],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %l : tensor<?x17x8xf32>, tensor<?x17x8xf32>) outs(%e : tensor<?x17x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %r = arith.addf %p, %q : f32
    linalg.yield %r : f32
  } -> tensor<?x17x8xf32>
  %t = tensor.extract_slice %s[0, 0, 0] [%b, 1, 8] [1, 1, 1] : tensor<?x17x8xf32> to tensor<?x1x8xf32>
  return %t : tensor<?x1x8xf32>
}

// -----

// Through heads beside one another to the queries; keys and values stay whole.
// CHECK-LABEL: func.func @attention(
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<1x4x9x8xf32>, %[[K:[a-z0-9]+]]: {{.*}}, %[[V:[a-z0-9]+]]:
// CHECK: %[[Q0:.*]] = tensor.extract_slice %[[Q]][0, 0, 2, 0] [1, 4, 1, 8]
// CHECK: %[[A:.*]] = attn.attention {{.*}} ins(%[[Q0]], %[[K]], %[[V]] : tensor<1x4x1x8xf32>, tensor<1x4x9x8xf32>
// CHECK: linalg.transpose ins(%[[A]] : tensor<1x4x1x8xf32>)
// CHECK: tensor.collapse_shape {{.*}} into tensor<1x1x32xf32>
func.func @attention(%q: tensor<1x4x9x8xf32>, %k: tensor<1x4x9x8xf32>, %v: tensor<1x4x9x8xf32>)
    -> tensor<1x1x32xf32> {
  %e = tensor.empty() : tensor<1x4x9x8xf32>
  %a = attn.attention scale 0.5 ins(%q, %k, %v : tensor<1x4x9x8xf32>, tensor<1x4x9x8xf32>, tensor<1x4x9x8xf32>)
      outs(%e : tensor<1x4x9x8xf32>) -> tensor<1x4x9x8xf32>
  %e1 = tensor.empty() : tensor<1x9x4x8xf32>
  %t = linalg.transpose ins(%a : tensor<1x4x9x8xf32>) outs(%e1 : tensor<1x9x4x8xf32>) permutation = [0, 2, 1, 3]
  %c = tensor.collapse_shape %t [[0], [1], [2, 3]] : tensor<1x9x4x8xf32> into tensor<1x9x32xf32>
  %s = tensor.extract_slice %c[0, 2, 0] [1, 1, 32] [1, 1, 1] : tensor<1x9x32xf32> to tensor<1x1x32xf32>
  return %s : tensor<1x1x32xf32>
}

// -----

// A causal query that is not the last sees the keys up to its own.
// CHECK-LABEL: func.func @causal(
// CHECK-SAME: %[[Q:[a-z0-9]+]]: {{.*}}, %[[K:[a-z0-9]+]]:
// CHECK-DAG: tensor.extract_slice %[[Q]][0, 0, 2, 0] [1, 4, 1, 8]
// CHECK-DAG: tensor.extract_slice %[[K]][0, 0, 0, 0] [1, 4, 3, 8]
// CHECK: attn.attention {{.*}} : tensor<1x4x1x8xf32>, tensor<1x4x3x8xf32>
func.func @causal(%q: tensor<1x4x9x8xf32>, %k: tensor<1x4x9x8xf32>, %v: tensor<1x4x9x8xf32>)
    -> tensor<1x4x1x8xf32> {
  %e = tensor.empty() : tensor<1x4x9x8xf32>
  %a = attn.attention scale 0.5 causal
      ins(%q, %k, %v : tensor<1x4x9x8xf32>, tensor<1x4x9x8xf32>, tensor<1x4x9x8xf32>)
      outs(%e : tensor<1x4x9x8xf32>) -> tensor<1x4x9x8xf32>
  %s = tensor.extract_slice %a[0, 0, 2, 0] [1, 4, 1, 8] [1, 1, 1, 1] : tensor<1x4x9x8xf32> to tensor<1x4x1x8xf32>
  return %s : tensor<1x4x1x8xf32>
}

// -----

// The last of an open number of positions; rank is dropped at the end.
// CHECK-LABEL: func.func @last(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<1x?x8xf32>, %{{.*}}, %[[AT:[a-z0-9]+]]: index
// CHECK: %[[X0:.*]] = tensor.extract_slice %[[X]][0, %[[AT]], 0] [1, 1, 8]
// CHECK: attn.linear ins(%[[X0]],
// CHECK: return %{{.*}} : tensor<1x8xf32>
func.func @last(%x: tensor<1x?x8xf32>, %w: tensor<8x8xf32>, %at: index) -> tensor<1x8xf32> {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c1 : tensor<1x?x8xf32>
  %e = tensor.empty(%n) : tensor<1x?x8xf32>
  %l = attn.linear ins(%x, %w : tensor<1x?x8xf32>, tensor<8x8xf32>) outs(%e : tensor<1x?x8xf32>) -> tensor<1x?x8xf32>
  %s = tensor.extract_slice %l[0, %at, 0] [1, 1, 8] [1, 1, 1] : tensor<1x?x8xf32> to tensor<1x8xf32>
  return %s : tensor<1x8xf32>
}

// -----

// A slice in one part of a concatenation reads that part alone.
// CHECK-LABEL: func.func @part(
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<1x2x8xf32>, %[[B:[a-z0-9]+]]: tensor<1x5x8xf32>
// CHECK-NOT: insert_slice
// CHECK: tensor.extract_slice %[[B]][0, 1, 0] [1, 2, 8]
// CHECK-NOT: insert_slice
// CHECK: return %[[A]],
func.func @part(%a: tensor<1x2x8xf32>, %b: tensor<1x5x8xf32>) -> (tensor<1x2x8xf32>, tensor<1x2x8xf32>) {
  %e = tensor.empty() : tensor<1x7x8xf32>
  %0 = tensor.insert_slice %a into %e[0, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<1x2x8xf32> into tensor<1x7x8xf32>
  %1 = tensor.insert_slice %b into %0[0, 2, 0] [1, 5, 8] [1, 1, 1] : tensor<1x5x8xf32> into tensor<1x7x8xf32>
  %2 = tensor.extract_slice %1[0, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<1x7x8xf32> to tensor<1x2x8xf32>
  %3 = tensor.extract_slice %1[0, 3, 0] [1, 2, 8] [1, 1, 1] : tensor<1x7x8xf32> to tensor<1x2x8xf32>
  return %2, %3 : tensor<1x2x8xf32>, tensor<1x2x8xf32>
}

// -----

// Left alone: what is read whole as well, what is read in two parts, columns,
// which would cut weights, steps, and norms along what they norm.
// CHECK-LABEL: func.func @alone(
// CHECK-COUNT-4: attn.linear {{.*}} -> tensor<1x9x8xf32>
// CHECK: attn.norm {{.*}} -> tensor<1x9x8xf32>
func.func @alone(%x: tensor<1x9x8xf32>, %w: tensor<8x8xf32>)
    -> (tensor<1x9x8xf32>, tensor<1x1x8xf32>, tensor<1x4x8xf32>, tensor<1x5x8xf32>,
        tensor<1x9x2xf32>, tensor<1x3x8xf32>, tensor<1x9x4xf32>) {
  %e = tensor.empty() : tensor<1x9x8xf32>
  %a = attn.linear ins(%x, %w : tensor<1x9x8xf32>, tensor<8x8xf32>) outs(%e : tensor<1x9x8xf32>) -> tensor<1x9x8xf32>
  %a0 = tensor.extract_slice %a[0, 0, 0] [1, 1, 8] [1, 1, 1] : tensor<1x9x8xf32> to tensor<1x1x8xf32>
  %b = attn.linear ins(%a, %w : tensor<1x9x8xf32>, tensor<8x8xf32>) outs(%e : tensor<1x9x8xf32>) -> tensor<1x9x8xf32>
  %b0 = tensor.extract_slice %b[0, 0, 0] [1, 4, 8] [1, 1, 1] : tensor<1x9x8xf32> to tensor<1x4x8xf32>
  %b1 = tensor.extract_slice %b[0, 4, 0] [1, 5, 8] [1, 1, 1] : tensor<1x9x8xf32> to tensor<1x5x8xf32>
  %w1 = tensor.extract_slice %w[0, 0] [8, 8] [1, 1] : tensor<8x8xf32> to tensor<8x8xf32>
  %c = attn.linear ins(%x, %w1 : tensor<1x9x8xf32>, tensor<8x8xf32>) outs(%x : tensor<1x9x8xf32>) -> tensor<1x9x8xf32>
  %c0 = tensor.extract_slice %c[0, 0, 0] [1, 9, 2] [1, 1, 1] : tensor<1x9x8xf32> to tensor<1x9x2xf32>
  %d = attn.linear ins(%x, %w : tensor<1x9x8xf32>, tensor<8x8xf32>) outs(%a : tensor<1x9x8xf32>) -> tensor<1x9x8xf32>
  %d0 = tensor.extract_slice %d[0, 0, 0] [1, 3, 8] [1, 3, 1] : tensor<1x9x8xf32> to tensor<1x3x8xf32>
  %n = attn.norm rms axis 2 epsilon 1.0e-6 ins(%x : tensor<1x9x8xf32>) outs(%e : tensor<1x9x8xf32>) -> tensor<1x9x8xf32>
  %n0 = tensor.extract_slice %n[0, 0, 0] [1, 9, 4] [1, 1, 1] : tensor<1x9x8xf32> to tensor<1x9x4xf32>
  return %a, %a0, %b0, %b1, %c0, %d0, %n0 : tensor<1x9x8xf32>, tensor<1x1x8xf32>, tensor<1x4x8xf32>,
      tensor<1x5x8xf32>, tensor<1x9x2xf32>, tensor<1x3x8xf32>, tensor<1x9x4xf32>
}

// -----

// A check of what the model is given stays one of all of it.
// CHECK-LABEL: func.func @checked(
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<9xf32>)
func.func @checked(%x: tensor<9xf32>) -> tensor<1xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<9xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                       iterator_types = ["parallel"]}
      ins(%x : tensor<9xf32>) outs(%e : tensor<9xf32>) {
  ^bb0(%p: f32, %o: f32):
    %ok = arith.cmpf oge, %p, %zero : f32
    cf.assert %ok, "below 0"
    linalg.yield %p : f32
  } -> tensor<9xf32>
  %s = tensor.extract_slice %y[0] [1] [1] : tensor<9xf32> to tensor<1xf32>
  return %s : tensor<1xf32>
}

// -----

// A mask of open sizes may be the same for all of a batch or not, so attention has
// no tile. The pass ends all the same, as it did not.
// CHECK-LABEL: @open_mask
// CHECK: attn.attention {{.*}} mask(%{{.*}} : tensor<?x1x1x13xi1>) {{.*}} -> tensor<?x4x13x8xf32>
// CHECK: tensor.extract_slice
func.func @open_mask(%x: tensor<?x4x13x8xf32>, %mask: tensor<?x1x1x13xi1>) -> tensor<?x4x1x8xf32> {
  %c0 = arith.constant 0 : index
  %b = tensor.dim %x, %c0 : tensor<?x4x13x8xf32>
  %init = tensor.empty(%b) : tensor<?x4x13x8xf32>
  %y = attn.attention scale 0.5 ins(%x, %x, %x : tensor<?x4x13x8xf32>, tensor<?x4x13x8xf32>, tensor<?x4x13x8xf32>) mask(%mask : tensor<?x1x1x13xi1>) outs(%init : tensor<?x4x13x8xf32>) -> tensor<?x4x13x8xf32>
  %first = tensor.extract_slice %y[0, 0, 0, 0] [%b, 4, 1, 8] [1, 1, 1, 1] : tensor<?x4x13x8xf32> to tensor<?x4x1x8xf32>
  return %first : tensor<?x4x1x8xf32>
}
