// RUN: tfc-opt %s --attn-find-structure --split-input-file | FileCheck %s

// A comparison of ranges is the causal edge; the padding stays a mask, and the
// finite number stays: a row may see no key.
#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#row = affine_map<(d0, d1, d2, d3) -> (d0, 0, 0, d3)>
// CHECK-LABEL: @computed
// CHECK-SAME: %[[PAD:[^ ]*]]: tensor<2x1x1x8xi1>
// CHECK: attn.attention scale 5.000000e-01 causal left_window 2 masked_score -3.4{{.*}} mask(%[[PAD]] : tensor<2x1x1x8xi1>)
func.func @computed(%q: tensor<2x4x8x4xf32>, %pad: tensor<2x1x1x8xi1>) -> tensor<2x4x8x4xf32> {
  %e = tensor.empty() : tensor<2x1x8x8xi1>
  %c2 = arith.constant 2 : i64
  %mask = linalg.generic {indexing_maps = [#row, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%pad : tensor<2x1x1x8xi1>) outs(%e : tensor<2x1x8x8xi1>) {
  ^bb0(%p: i1, %out: i1):
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %query = arith.index_cast %i : index to i64
    %key = arith.index_cast %j : index to i64
    %causal = arith.cmpi sle, %key, %query : i64
    %first = arith.subi %query, %c2 : i64
    %window = arith.cmpi sge, %key, %first : i64
    %edges = arith.andi %causal, %window : i1
    %all = arith.andi %edges, %p : i1
    linalg.yield %all : i1
  } -> tensor<2x1x8x8xi1>
  %init = tensor.empty() : tensor<2x4x8x4xf32>
  %y = attn.attention scale 0.5 masked_score -3.4028234663852886E+38
      ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      mask(%mask : tensor<2x1x8x8xi1>) outs(%init : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  return %y : tensor<2x4x8x4xf32>
}

// -----

// A triangle in the file: all queries see a key, so the number goes.
// CHECK-LABEL: @triangle
// CHECK: attn.attention scale 1.000000e+00 causal ins({{[^)]*}}) outs
func.func @triangle(%q: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %mask = arith.constant dense<[[[[0.0, -1.0e9, -1.0e9], [0.0, 0.0, -1.0e9], [0.0, 0.0, 0.0]]]]> : tensor<1x1x3x3xf32>
  %init = tensor.empty() : tensor<1x2x3x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>)
      bias(%mask : tensor<1x1x3x3xf32>) outs(%init : tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

// A window and a key that all see; blocks.
// CHECK-LABEL: @global
// CHECK: attn.attention scale 1.000000e+00 left_window 1 right_window 1 global 1 ins({{[^)]*}}) outs
// CHECK-LABEL: @blocks
// CHECK: %[[COARSE:.*]] = arith.constant dense<{{.*}}true, false], [false, true{{.*}}> : tensor<1x1x2x2xi1>
// CHECK: attn.attention scale 1.000000e+00 mask_block 2 ins({{[^)]*}}) mask(%[[COARSE]] : tensor<1x1x2x2xi1>)
func.func @global(%q: tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32> {
  %mask = arith.constant dense<[[[[0.0, 0.0, 0.0, 0.0, 0.0],
                                  [0.0, 0.0, 0.0, 0xFF800000, 0xFF800000],
                                  [0.0, 0.0, 0.0, 0.0, 0xFF800000],
                                  [0.0, 0xFF800000, 0.0, 0.0, 0.0],
                                  [0.0, 0xFF800000, 0xFF800000, 0.0, 0.0]]]]> : tensor<1x1x5x5xf32>
  %init = tensor.empty() : tensor<1x2x5x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>)
      bias(%mask : tensor<1x1x5x5xf32>) outs(%init : tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32>
  return %y : tensor<1x2x5x4xf32>
}
func.func @blocks(%q: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %mask = arith.constant dense<[[[[0.0, 0.0, -1.0e9, -1.0e9], [0.0, 0.0, -1.0e9, -1.0e9],
                                  [-1.0e9, -1.0e9, 0.0, 0.0], [-1.0e9, -1.0e9, 0.0, 0.0]]]]> : tensor<1x1x4x4xf32>
  %init = tensor.empty() : tensor<1x2x4x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>)
      bias(%mask : tensor<1x1x4x4xf32>) outs(%init : tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %y : tensor<1x2x4x4xf32>
}

// -----

// Left alone: a number that is too small to hide, a triangle the wrong way
// round, and a causal mask whose first query may see no key and whose number
// shows there.
// CHECK-LABEL: @weak
// CHECK: attn.attention scale 1.000000e+00 ins({{[^)]*}}) bias(
// CHECK-LABEL: @anticausal
// CHECK: attn.attention scale 1.000000e+00 left_window 0 ins(
// CHECK-LABEL: @more_queries
// CHECK: attn.attention scale 1.000000e+00 ins({{[^)]*}}) bias(
func.func @weak(%q: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %mask = arith.constant dense<[[[[0.0, -1.0e4, -1.0e4], [0.0, 0.0, -1.0e4], [0.0, 0.0, 0.0]]]]> : tensor<1x1x3x3xf32>
  %init = tensor.empty() : tensor<1x2x3x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>)
      bias(%mask : tensor<1x1x3x3xf32>) outs(%init : tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}
func.func @anticausal(%q: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %mask = arith.constant dense<[[[[0.0, 0.0, 0.0], [-1.0e9, 0.0, 0.0], [-1.0e9, -1.0e9, 0.0]]]]> : tensor<1x1x3x3xf32>
  %init = tensor.empty() : tensor<1x2x3x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>)
      bias(%mask : tensor<1x1x3x3xf32>) outs(%init : tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}
func.func @more_queries(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x2x4xf32>) -> tensor<1x2x3x4xf32> {
  %mask = arith.constant dense<[[[[-1.0e9, -1.0e9], [0.0, -1.0e9], [0.0, 0.0]]]]> : tensor<1x1x3x2xf32>
  %init = tensor.empty() : tensor<1x2x3x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %k, %k : tensor<1x2x3x4xf32>, tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>)
      bias(%mask : tensor<1x1x3x2xf32>) outs(%init : tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

// Heads that were repeated are groups.
// CHECK-LABEL: @groups
// CHECK-SAME: %[[Q:[^ ]*]]: tensor<?x4x6x8xf32>, %[[K:[^ ]*]]: tensor<?x2x6x8xf32>
// CHECK: attn.attention scale 1.000000e+00 ins(%[[Q]], %[[K]], %[[K]] :
func.func @groups(%q: tensor<?x4x6x8xf32>, %k: tensor<?x2x6x8xf32>, %n: index) -> tensor<?x4x6x8xf32> {
  %e = tensor.empty(%n) : tensor<?x2x2x6x8xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>,
                                        affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%k : tensor<?x2x6x8xf32>) outs(%e : tensor<?x2x2x6x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<?x2x2x6x8xf32>
  %heads = tensor.collapse_shape %r [[0], [1, 2], [3], [4]] : tensor<?x2x2x6x8xf32> into tensor<?x4x6x8xf32>
  %init = tensor.empty(%n) : tensor<?x4x6x8xf32>
  %y = attn.attention scale 1.0 ins(%q, %heads, %heads : tensor<?x4x6x8xf32>, tensor<?x4x6x8xf32>, tensor<?x4x6x8xf32>)
      outs(%init : tensor<?x4x6x8xf32>) -> tensor<?x4x6x8xf32>
  return %y : tensor<?x4x6x8xf32>
}

// -----

// Keys before a length that the batch has; one more where the last is seen too.
#rows = affine_map<(d0, d1) -> (d0, 0)>
#all = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: @lengths
// CHECK-SAME: %[[N:[^ ]*]]: tensor<2xi64>
// CHECK: attn.attention scale 1.000000e+00 ins({{.*}}) key_lengths(%[[N]] : tensor<2xi64>) outs
func.func @lengths(%q: tensor<2x4x8x4xf32>, %n: tensor<2xi64>) -> tensor<2x4x8x4xf32> {
  %e = tensor.empty() : tensor<2x8xi1>
  %column = tensor.expand_shape %n [[0, 1]] output_shape [2, 1] : tensor<2xi64> into tensor<2x1xi64>
  %seen = linalg.generic {indexing_maps = [#rows, #all], iterator_types = ["parallel", "parallel"]}
      ins(%column : tensor<2x1xi64>) outs(%e : tensor<2x8xi1>) {
  ^bb0(%length: i64, %out: i1):
    %j = linalg.index 1 : index
    %key = arith.index_cast %j : index to i64
    %is = arith.cmpi slt, %key, %length : i64
    linalg.yield %is : i1
  } -> tensor<2x8xi1>
  %mask = tensor.expand_shape %seen [[0], [1, 2, 3]] output_shape [2, 1, 1, 8] : tensor<2x8xi1> into tensor<2x1x1x8xi1>
  %init = tensor.empty() : tensor<2x4x8x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      mask(%mask : tensor<2x1x1x8xi1>) outs(%init : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  return %y : tensor<2x4x8x4xf32>
}

// -----

// Keys from a number on are no length, and integers compared otherwise are a
// mask.
#rows = affine_map<(d0, d1) -> (d0, 0)>
#all = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: @left_padding
// CHECK: attn.attention {{.*}} mask(
// CHECK-NOT: key_lengths
func.func @left_padding(%q: tensor<2x4x8x4xf32>, %n: tensor<2xi64>) -> tensor<2x4x8x4xf32> {
  %e = tensor.empty() : tensor<2x8xi1>
  %column = tensor.expand_shape %n [[0, 1]] output_shape [2, 1] : tensor<2xi64> into tensor<2x1xi64>
  %seen = linalg.generic {indexing_maps = [#rows, #all], iterator_types = ["parallel", "parallel"]}
      ins(%column : tensor<2x1xi64>) outs(%e : tensor<2x8xi1>) {
  ^bb0(%length: i64, %out: i1):
    %j = linalg.index 1 : index
    %key = arith.index_cast %j : index to i64
    %is = arith.cmpi sge, %key, %length : i64
    linalg.yield %is : i1
  } -> tensor<2x8xi1>
  %mask = tensor.expand_shape %seen [[0], [1, 2, 3]] output_shape [2, 1, 1, 8] : tensor<2x8xi1> into tensor<2x1x1x8xi1>
  %init = tensor.empty() : tensor<2x4x8x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %q, %q : tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>, tensor<2x4x8x4xf32>)
      mask(%mask : tensor<2x1x1x8xi1>) outs(%init : tensor<2x4x8x4xf32>) -> tensor<2x4x8x4xf32>
  return %y : tensor<2x4x8x4xf32>
}

// -----

// What hides later keys and some more is causal, and a mask.
// CHECK-LABEL: @strided
// CHECK: %[[MASK:.*]] = arith.constant dense<{{.*}}> : tensor<1x1x3x3xi1>
// CHECK: attn.attention scale 1.000000e+00 causal ins({{.*}}) mask(%[[MASK]] : tensor<1x1x3x3xi1>)
func.func @strided(%q: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %mask = arith.constant dense<[[[[0.0, 0xFF800000, 0xFF800000], [0xFF800000, 0.0, 0xFF800000], [0.0, 0xFF800000, 0.0]]]]> : tensor<1x1x3x3xf32>
  %init = tensor.empty() : tensor<1x2x3x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>)
      bias(%mask : tensor<1x1x3x3xf32>) outs(%init : tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// -----

// A window by positions, of sizes that are one by their name alone: only one of
// the inputs is asked for it.
// CHECK-LABEL: @window_of_name
// CHECK: attn.attention scale 1.000000e+00 causal left_window 511 ins(
// CHECK-NOT: mask
#both = affine_map<(d0, d1) -> (d0, d1)>
func.func @window_of_name(%q: tensor<1x2x?x4xf32> {tfc.dims = ["", "", "tokens", ""], tfc.name = "q"},
                          %k: tensor<1x2x?x4xf32> {tfc.dims = ["", "", "tokens", ""], tfc.name = "k"}) -> tensor<1x2x?x4xf32> {
  %c2 = arith.constant 2 : index
  %far = arith.constant 512 : index
  %s = tensor.dim %q, %c2 : tensor<1x2x?x4xf32>
  %e = tensor.empty(%s, %s) : tensor<?x?xi1>
  %seen = linalg.generic {indexing_maps = [#both], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<?x?xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %end = arith.addi %j, %far : index
    %near = arith.cmpi slt, %i, %end : index
    %past = arith.cmpi sle, %j, %i : index
    %both = arith.andi %near, %past : i1
    linalg.yield %both : i1
  } -> tensor<?x?xi1>
  %mask = tensor.expand_shape %seen [[0, 1, 2], [3]] output_shape [1, 1, %s, %s] : tensor<?x?xi1> into tensor<1x1x?x?xi1>
  %init = tensor.empty(%s) : tensor<1x2x?x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %k, %k : tensor<1x2x?x4xf32>, tensor<1x2x?x4xf32>, tensor<1x2x?x4xf32>)
      mask(%mask : tensor<1x1x?x?xi1>) outs(%init : tensor<1x2x?x4xf32>) -> tensor<1x2x?x4xf32>
  return %y : tensor<1x2x?x4xf32>
}

// -----

// Truths in a resource, as an importer leaves large constants.
// CHECK-LABEL: @causal_resource
// CHECK: attn.attention scale 1.000000e+00 causal ins(
// CHECK-NOT: mask
func.func @causal_resource(%q: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %mask = arith.constant dense_resource<causal> : tensor<1x1x3x3xi1>
  %init = tensor.empty() : tensor<1x2x3x4xf32>
  %y = attn.attention scale 1.0 ins(%q, %q, %q : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>)
      mask(%mask : tensor<1x1x3x3xi1>) outs(%init : tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}
{-#
  dialect_resources: {
    builtin: {
      causal: "0x01000000010000010100010101"
    }
  }
#-}
