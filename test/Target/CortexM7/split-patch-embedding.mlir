// RUN: tfc-opt %s --m7-split-patch-embedding --split-input-file | FileCheck %s

// Tokens are written where they belong; no patches are copied.
// CHECK-DAG: #[[STRIP:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d3, d4, d1 * 8 + d5)>
// CHECK-DAG: #[[OF_ROW:.*]] = affine_map<(d0) -> ((d0 floordiv 16) * 5)>
// CHECK-LABEL: @embed
// CHECK-SAME: %[[IMAGE:.*]]: tensor<2x3x32x40xf32>, %[[W:.*]]: tensor<64x3x16x8xf32>, %[[B:.*]]: tensor<64xf32>, %[[INIT:.*]]: tensor<2x10x64xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG: %[[C32:.*]] = arith.constant 32 : index
// CHECK: scf.for %[[ROW:[a-z0-9]+]] = %[[C0]] to %[[C32]] step %[[C16]] iter_args(%[[TOKENS:.*]] = %[[INIT]])
// CHECK: %[[PIXELS:.*]] = tensor.extract_slice %[[IMAGE]][0, 0, %[[ROW]], 0] [2, 3, 16, 40] [1, 1, 1, 1]
// CHECK: %[[TOKEN:.*]] = affine.apply #[[OF_ROW]](%[[ROW]])
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[TOKENS]][0, %[[TOKEN]], 0] [2, 5, 64] [1, 1, 1]
// CHECK: %[[START:.*]] = linalg.broadcast ins(%[[B]] : tensor<64xf32>) outs(%[[PART]]
// CHECK: %[[MADE:.*]] = linalg.generic {indexing_maps = [#[[STRIP]],
// CHECK-SAME: ins(%[[PIXELS]], %[[W]] : {{.*}}) outs(%[[START]]
// CHECK: %[[NEXT:.*]] = tensor.insert_slice %[[MADE]] into %[[TOKENS]][0, %[[TOKEN]], 0] [2, 5, 64] [1, 1, 1]
// CHECK: scf.yield %[[NEXT]]
func.func @embed(%image: tensor<2x3x32x40xf32>, %w: tensor<64x3x16x8xf32>, %b: tensor<64xf32>, %init: tensor<2x10x64xf32>) -> tensor<2x10x64xf32> {
  %y = attn.patch_embed ins(%image, %w : tensor<2x3x32x40xf32>, tensor<64x3x16x8xf32>) bias(%b : tensor<64xf32>) outs(%init : tensor<2x10x64xf32>) -> tensor<2x10x64xf32>
  return %y : tensor<2x10x64xf32>
}

// -----

// Pixels that fill no patch are not read; without biases sums start from 0.
// CHECK-LABEL: @rest
// CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
// CHECK: scf.for {{.*}} to %[[C16]] step
// CHECK: tensor.extract_slice {{.*}} [1, 3, 8, 20]
// CHECK: linalg.fill ins(%{{.*}} : f32)
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<1x3x8x20xf32>, tensor<4x3x8x8xf32>) outs(%{{.*}} : tensor<1x2x4xf32>)
func.func @rest(%image: tensor<1x3x19x20xf32>, %w: tensor<4x3x8x8xf32>, %init: tensor<1x4x4xf32>) -> tensor<1x4x4xf32> {
  %y = attn.patch_embed ins(%image, %w : tensor<1x3x19x20xf32>, tensor<4x3x8x8xf32>) outs(%init : tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  return %y : tensor<1x4x4xf32>
}

// -----

// What makes the image element by element is done by strips, up to the bytes of
// a camera that has channels last.
// CHECK-LABEL: @camera
// CHECK-SAME: %[[IMAGE:.*]]: tensor<1x32x32x3xi8>
// CHECK-NOT: tensor<1x32x32x3xf32>
// CHECK-NOT: tensor<1x3x32x32xf32>
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: %[[STRIP:.*]] = tensor.extract_slice %[[IMAGE]][0, %[[ROW]], 0, 0] [1, 16, 32, 3]
// CHECK: linalg.generic {{.*}} ins(%[[STRIP]]
// CHECK: arith.uitofp
// CHECK: linalg.transpose {{.*}} permutation = [0, 3, 1, 2]
// CHECK: scf.yield
#all = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#mean = affine_map<(d0, d1, d2, d3) -> (d3)>
func.func @camera(%image: tensor<1x32x32x3xi8>, %mean: tensor<3xf32>, %w: tensor<4x3x16x16xf32>, %init: tensor<1x4x4xf32>) -> tensor<1x4x4xf32> {
  %e = tensor.empty() : tensor<1x32x32x3xf32>
  %pixels = linalg.generic {indexing_maps = [#all, #mean, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%image, %mean : tensor<1x32x32x3xi8>, tensor<3xf32>) outs(%e : tensor<1x32x32x3xf32>) {
  ^bb0(%x: i8, %m: f32, %out: f32):
    %f = arith.uitofp %x : i8 to f32
    %d = arith.subf %f, %m : f32
    linalg.yield %d : f32
  } -> tensor<1x32x32x3xf32>
  %t = tensor.empty() : tensor<1x3x32x32xf32>
  %first = linalg.transpose ins(%pixels : tensor<1x32x32x3xf32>) outs(%t : tensor<1x3x32x32xf32>) permutation = [0, 3, 1, 2]
  %y = attn.patch_embed ins(%first, %w : tensor<1x3x32x32xf32>, tensor<4x3x16x16xf32>) outs(%init : tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  return %y : tensor<1x4x4xf32>
}

// -----

// An image that something else uses too is made whole.
// CHECK-LABEL: @twice
// CHECK: %[[PIXELS:.*]] = linalg.exp
// CHECK: scf.for
// CHECK: tensor.extract_slice %[[PIXELS]]
func.func @twice(%image: tensor<1x3x16x16xf32>, %w: tensor<4x3x8x8xf32>, %init: tensor<1x4x4xf32>) -> (tensor<1x4x4xf32>, tensor<1x3x16x16xf32>) {
  %e = tensor.empty() : tensor<1x3x16x16xf32>
  %pixels = linalg.exp ins(%image : tensor<1x3x16x16xf32>) outs(%e : tensor<1x3x16x16xf32>) -> tensor<1x3x16x16xf32>
  %y = attn.patch_embed ins(%pixels, %w : tensor<1x3x16x16xf32>, tensor<4x3x8x8xf32>) outs(%init : tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  return %y, %pixels : tensor<1x4x4xf32>, tensor<1x3x16x16xf32>
}

// -----

// Open sizes and narrow types are left alone.
// CHECK-LABEL: @open
// CHECK-NOT: scf.for
// CHECK: attn.patch_embed
func.func @open(%image: tensor<?x3x16x16xf32>, %w: tensor<4x3x8x8xf32>, %init: tensor<?x4x4xf32>) -> tensor<?x4x4xf32> {
  %y = attn.patch_embed ins(%image, %w : tensor<?x3x16x16xf32>, tensor<4x3x8x8xf32>) outs(%init : tensor<?x4x4xf32>) -> tensor<?x4x4xf32>
  return %y : tensor<?x4x4xf32>
}
// CHECK-LABEL: @half
// CHECK-NOT: scf.for
// CHECK: attn.patch_embed
func.func @half(%image: tensor<1x3x16x16xf16>, %w: tensor<4x3x8x8xf16>, %init: tensor<1x4x4xf16>) -> tensor<1x4x4xf16> {
  %y = attn.patch_embed ins(%image, %w : tensor<1x3x16x16xf16>, tensor<4x3x8x8xf16>) outs(%init : tensor<1x4x4xf16>) -> tensor<1x4x4xf16>
  return %y : tensor<1x4x4xf16>
}

// -----

// Windows of int8 are copied by strips, of which neighbours may share rows, and
// the map of channels is never made.
// CHECK-DAG: #[[WINDOW:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d3, d1 * 2 + d4, d2 * 2 + d5)>
// CHECK-DAG: #[[OF_ROW:.*]] = affine_map<(d0) -> ((d0 floordiv 2) * 4)>
// CHECK-LABEL: @windows
// CHECK-SAME: %[[IMAGE:.*]]: tensor<1x3x9x9xi8>
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK: %[[TOKENS:.*]] = scf.for %[[ROW:[a-z0-9]+]] = %{{.*}} to %[[C8]] step %[[C2]] iter_args(%[[ALL:.*]] = %{{.*}}) -> (tensor<16x4xi8>)
// CHECK: %[[STRIP:.*]] = tensor.extract_slice %[[IMAGE]][0, 0, %[[ROW]], 0] [1, 3, 3, 9]
// CHECK: affine.apply #[[OF_ROW]](%[[ROW]])
// CHECK: linalg.generic {indexing_maps = [#[[WINDOW]], {{.*}} ins(%[[STRIP]] : tensor<1x3x3x9xi8>) outs(%{{.*}} : tensor<1x1x4x3x3x3xi8>)
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape {{.*}} into tensor<4x27xi8>
// CHECK: m7.product ins(%[[ROWS]] : tensor<4x27xi8>) {{.*}} -> tensor<4x4xi8>
// CHECK: tensor.insert_slice {{.*}} into %[[ALL]]
// CHECK-NOT: linalg.transpose
// CHECK: %[[Y:.*]] = tensor.expand_shape %[[TOKENS]] {{.*}} into tensor<1x16x4xi8>
// CHECK: return %[[Y]]
#window = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d3, d1 * 2 + d4, d2 * 2 + d5)>
#all = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
#channels = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3, d1)>
#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
func.func @windows(%image: tensor<1x3x9x9xi8>) -> tensor<1x16x4xi8> {
  %e = tensor.empty() : tensor<1x4x4x3x3x3xi8>
  %w = linalg.generic {indexing_maps = [#window, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%image : tensor<1x3x9x9xi8>) outs(%e : tensor<1x4x4x3x3x3xi8>) {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<1x4x4x3x3x3xi8>
  %rows = tensor.collapse_shape %w [[0, 1, 2], [3, 4, 5]] : tensor<1x4x4x3x3x3xi8> into tensor<16x27xi8>
  %i = tensor.empty() : tensor<16x4xi8>
  %p = m7.product ins(%rows : tensor<16x27xi8>) weights dense<3> : tensor<4x27xi8> bias dense<1> : tensor<4xi32> multipliers dense<1000000> : tensor<4xi32> zero 5 outs(%i : tensor<16x4xi8>) -> tensor<16x4xi8>
  %x = tensor.expand_shape %p [[0, 1, 2], [3]] output_shape [1, 4, 4, 4] : tensor<16x4xi8> into tensor<1x4x4x4xi8>
  %m = tensor.empty() : tensor<1x4x4x4xi8>
  %map = linalg.generic {indexing_maps = [#channels, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%x : tensor<1x4x4x4xi8>) outs(%m : tensor<1x4x4x4xi8>) {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<1x4x4x4xi8>
  %flat = tensor.collapse_shape %map [[0], [1], [2, 3]] : tensor<1x4x4x4xi8> into tensor<1x4x16xi8>
  %t = tensor.empty() : tensor<1x16x4xi8>
  %y = linalg.transpose ins(%flat : tensor<1x4x16xi8>) outs(%t : tensor<1x16x4xi8>) permutation = [0, 2, 1]
  return %y : tensor<1x16x4xi8>
}

// -----

// Windows of one row of two images are no neighbours: left alone, as is a product
// whose rows are no windows.
// CHECK-LABEL: @images
// CHECK-NOT: scf.for
#window = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d3, d1 * 2 + d4, d2 * 2 + d5)>
#all = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
func.func @images(%image: tensor<2x3x8x8xi8>) -> tensor<32x4xi8> {
  %e = tensor.empty() : tensor<2x4x4x3x2x2xi8>
  %w = linalg.generic {indexing_maps = [#window, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%image : tensor<2x3x8x8xi8>) outs(%e : tensor<2x4x4x3x2x2xi8>) {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<2x4x4x3x2x2xi8>
  %rows = tensor.collapse_shape %w [[0, 1, 2], [3, 4, 5]] : tensor<2x4x4x3x2x2xi8> into tensor<32x12xi8>
  %i = tensor.empty() : tensor<32x4xi8>
  %p = m7.product ins(%rows : tensor<32x12xi8>) weights dense<3> : tensor<4x12xi8> bias dense<1> : tensor<4xi32> multipliers dense<1000000> : tensor<4xi32> zero 5 outs(%i : tensor<32x4xi8>) -> tensor<32x4xi8>
  return %p : tensor<32x4xi8>
}
// CHECK-LABEL: @rows
// CHECK-NOT: scf.for
func.func @rows(%x: tensor<4x2x12xi8>) -> tensor<8x4xi8> {
  %rows = tensor.collapse_shape %x [[0, 1], [2]] : tensor<4x2x12xi8> into tensor<8x12xi8>
  %i = tensor.empty() : tensor<8x4xi8>
  %p = m7.product ins(%rows : tensor<8x12xi8>) weights dense<3> : tensor<4x12xi8> bias dense<1> : tensor<4xi32> multipliers dense<1000000> : tensor<4xi32> zero 5 outs(%i : tensor<8x4xi8>) -> tensor<8x4xi8>
  return %p : tensor<8x4xi8>
}

// -----

// Windows along a diagonal are not in one strip.
// CHECK-LABEL: @diagonal
// CHECK-NOT: scf.for
#window = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d3, d1 * 2 + d4, d1 + d2 + d5)>
#all = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
func.func @diagonal(%image: tensor<1x3x8x8xi8>) -> tensor<16x4xi8> {
  %e = tensor.empty() : tensor<1x4x4x3x2x2xi8>
  %w = linalg.generic {indexing_maps = [#window, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%image : tensor<1x3x8x8xi8>) outs(%e : tensor<1x4x4x3x2x2xi8>) {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<1x4x4x3x2x2xi8>
  %rows = tensor.collapse_shape %w [[0, 1, 2], [3, 4, 5]] : tensor<1x4x4x3x2x2xi8> into tensor<16x12xi8>
  %i = tensor.empty() : tensor<16x4xi8>
  %p = m7.product ins(%rows : tensor<16x12xi8>) weights dense<3> : tensor<4x12xi8> bias dense<1> : tensor<4xi32> multipliers dense<1000000> : tensor<4xi32> zero 5 outs(%i : tensor<16x4xi8>) -> tensor<16x4xi8>
  return %p : tensor<16x4xi8>
}

// -----

// An image with a border: neither is made; a strip stays for the next row of
// windows, which takes over a row and adds two. What makes rows of the product
// long enough is done by strips too.
// CHECK-LABEL: @border
// CHECK-SAME: %[[IMAGE:.*]]: tensor<1x3x8x8xi8>
// CHECK-NOT: tensor<1x3x9x10xi8>
// CHECK: %[[START:.*]] = linalg.fill {{.*}} -> tensor<1x3x3x10xi8>
// CHECK: scf.for %[[ROW:[a-z0-9]+]] = %{{.*}} iter_args(%{{.*}} = %{{.*}}, %[[LAST:.*]] = %[[START]]) -> (tensor<16x4xi8>, tensor<1x3x3x10xi8>)
// CHECK: %[[SHARED:.*]] = tensor.extract_slice %[[LAST]][0, 0, 2, 0] [1, 3, 1, 10]
// CHECK: %[[KEPT:.*]] = tensor.insert_slice %[[SHARED]] into %[[LAST]][0, 0, 0, 0] [1, 3, 1, 10]
// CHECK: %[[NEW:.*]] = tensor.extract_slice %[[IMAGE]][0, 0, %[[ROW]], 0] [1, 3, 2, 8]
// CHECK: %[[STRIP:.*]] = tensor.insert_slice %[[NEW]] into %[[KEPT]][0, 0, 1, 1] [1, 3, 2, 8]
// CHECK: linalg.generic {{.*}} ins(%[[STRIP]] : tensor<1x3x3x10xi8>)
// CHECK: tensor.pad {{.*}} low[0, 0] high[0, 1]
// CHECK: m7.product {{.*}} -> tensor<4x4xi8>
// CHECK: scf.yield %{{.*}}, %[[STRIP]]
#window = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d3, d1 * 2 + d4, d2 * 2 + d5)>
#all = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
func.func @border(%image: tensor<1x3x8x8xi8>) -> tensor<16x4xi8> {
  %number = arith.constant -3 : i8
  %f = tensor.empty() : tensor<1x3x9x10xi8>
  %filled = linalg.fill ins(%number : i8) outs(%f : tensor<1x3x9x10xi8>) -> tensor<1x3x9x10xi8>
  %large = tensor.insert_slice %image into %filled[0, 0, 1, 1] [1, 3, 8, 8] [1, 1, 1, 1] : tensor<1x3x8x8xi8> into tensor<1x3x9x10xi8>
  %e = tensor.empty() : tensor<1x4x4x3x3x3xi8>
  %w = linalg.generic {indexing_maps = [#window, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%large : tensor<1x3x9x10xi8>) outs(%e : tensor<1x4x4x3x3x3xi8>) {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<1x4x4x3x3x3xi8>
  %rows = tensor.collapse_shape %w [[0, 1, 2], [3, 4, 5]] : tensor<1x4x4x3x3x3xi8> into tensor<16x27xi8>
  %long = tensor.pad %rows low[0, 0] high[0, 1] {
  ^bb0(%a: index, %b: index):
    tensor.yield %number : i8
  } : tensor<16x27xi8> to tensor<16x28xi8>
  %i = tensor.empty() : tensor<16x4xi8>
  %p = m7.product ins(%long : tensor<16x28xi8>) weights dense<3> : tensor<4x28xi8> bias dense<1> : tensor<4xi32> multipliers dense<1000000> : tensor<4xi32> zero 5 outs(%i : tensor<16x4xi8>) -> tensor<16x4xi8>
  return %p : tensor<16x4xi8>
}

// -----

// Windows that reach below the image have their own code; what is before the
// first window too.
// CHECK-LABEL: @below
// CHECK-SAME: %[[IMAGE:.*]]: tensor<1x8x8xi8>
// CHECK: %[[FILLED:.*]] = linalg.fill {{.*}} -> tensor<1x3x8xi8>
// CHECK: %[[AHEAD:.*]] = tensor.extract_slice %[[IMAGE]][0, 0, 0] [1, 1, 8]
// CHECK: %[[START:.*]] = tensor.insert_slice %[[AHEAD]] into %[[FILLED]][0, 2, 0] [1, 1, 8]
// CHECK: %[[LOOP:.*]]:2 = scf.for {{.*}} = %[[START]])
// CHECK: }
// CHECK: tensor.extract_slice %[[LOOP]]#1[0, 1, 0] [1, 2, 8]
// CHECK: tensor.extract_slice %{{.*}}[0, 2, 0] [1, 1, 8]
// CHECK: linalg.fill {{.*}} -> tensor<1x1x8xi8>
// CHECK: m7.product
// CHECK: tensor.insert_slice %{{.*}} into %[[LOOP]]#0[49, 0] [7, 4]
#window = affine_map<(d0, d1, d2, d3, d4) -> (d2, d0 + d3, d1 + d4)>
#all = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
func.func @below(%image: tensor<1x8x8xi8>) -> tensor<56x4xi8> {
  %number = arith.constant -3 : i8
  %large = tensor.pad %image low[0, 1, 0] high[0, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index):
    tensor.yield %number : i8
  } : tensor<1x8x8xi8> to tensor<1x10x8xi8>
  %e = tensor.empty() : tensor<8x7x1x3x2xi8>
  %w = linalg.generic {indexing_maps = [#window, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%large : tensor<1x10x8xi8>) outs(%e : tensor<8x7x1x3x2xi8>) {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<8x7x1x3x2xi8>
  %rows = tensor.collapse_shape %w [[0, 1], [2, 3, 4]] : tensor<8x7x1x3x2xi8> into tensor<56x6xi8>
  %i = tensor.empty() : tensor<56x4xi8>
  %p = m7.product ins(%rows : tensor<56x6xi8>) weights dense<3> : tensor<4x6xi8> bias dense<1> : tensor<4xi32> multipliers dense<1000000> : tensor<4xi32> zero 5 outs(%i : tensor<56x4xi8>) -> tensor<56x4xi8>
  return %p : tensor<56x4xi8>
}

// -----

// Patches with a border do not share rows: the image is made.
// CHECK-LABEL: @framed_patches
// CHECK: tensor.pad
// CHECK: scf.for {{.*}} -> (tensor<9x4xi8>)
#window = affine_map<(d0, d1, d2, d3, d4) -> (d2, d0 * 4 + d3, d1 * 4 + d4)>
#all = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
func.func @framed_patches(%image: tensor<1x10x10xi8>) -> tensor<9x4xi8> {
  %number = arith.constant -3 : i8
  %large = tensor.pad %image low[0, 1, 1] high[0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index):
    tensor.yield %number : i8
  } : tensor<1x10x10xi8> to tensor<1x12x12xi8>
  %e = tensor.empty() : tensor<3x3x1x4x4xi8>
  %w = linalg.generic {indexing_maps = [#window, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%large : tensor<1x12x12xi8>) outs(%e : tensor<3x3x1x4x4xi8>) {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<3x3x1x4x4xi8>
  %rows = tensor.collapse_shape %w [[0, 1], [2, 3, 4]] : tensor<3x3x1x4x4xi8> into tensor<9x16xi8>
  %i = tensor.empty() : tensor<9x4xi8>
  %p = m7.product ins(%rows : tensor<9x16xi8>) weights dense<3> : tensor<4x16xi8> bias dense<1> : tensor<4xi32> multipliers dense<1000000> : tensor<4xi32> zero 5 outs(%i : tensor<9x4xi8>) -> tensor<9x4xi8>
  return %p : tensor<9x4xi8>
}
