// RUN: tfc-opt %s --split-input-file --cuda-lower-attention | FileCheck %s

// Tiles of 128 queries and 64 keys. Where lists begin: whole tiles and those in part of
// queries 0 to 127, then of the others. Tile 0 is whole for the first, 2 and 3 are so for
// half of them; the second see tile 1 alone.
// CHECK: memref.global "private" constant @[[TILES:.*]] : memref<10xi32> = dense<[5, 6, 8, 9, 9, 0, 2, 3, 1, 0]>
// CHECK-LABEL: @blocks
// CHECK: %[[LIST:.*]] = memref.get_global @[[TILES]]
// CHECK: gpu.launch
// CHECK: memref.load %[[LIST]]
// Whole tiles are not compared with the mask.
// CHECK: scf.for
// CHECK-NOT: memref<1x1x3x4xi1>
// CHECK: nvvm.mma.sync
// CHECK: scf.for
// CHECK: memref.load {{.*}} memref<1x1x3x4xi1>
memref.global "private" constant @mask : memref<1x1x3x4xi1> = dense<[[[[true, false, false, true], [true, false, true, false], [false, true, false, false]]]]>
func.func @blocks(%q: memref<1x2x192x64xf16>, %k: memref<1x2x256x64xf16>, %y: memref<1x2x192x64xf16>) {
  %mask = memref.get_global @mask : memref<1x1x3x4xi1>
  attn.attention scale 0.5 mask_block 64 ins(%q, %k, %k : memref<1x2x192x64xf16>, memref<1x2x256x64xf16>, memref<1x2x256x64xf16>)
      mask(%mask : memref<1x1x3x4xi1>) outs(%y : memref<1x2x192x64xf16>)
  return
}

// -----

// Causality and a bias: no tile is whole, and those that the first queries do not see are
// not in their list.
// CHECK: memref.global "private" constant {{.*}} : memref<12xi32> = dense<[5, 5, 7, 7, 11, 0, 1, 0, 1, 2, 3, 0]>
// CHECK-LABEL: @biased
memref.global "private" constant @mask : memref<1x1x1x256xi1> = dense<true>
func.func @biased(%q: memref<1x1x256x64xf16>, %k: memref<1x1x256x64xf16>, %bias: memref<1x1x1x256xf16>, %y: memref<1x1x256x64xf16>) {
  %mask = memref.get_global @mask : memref<1x1x1x256xi1>
  attn.attention scale 0.5 causal ins(%q, %k, %k : memref<1x1x256x64xf16>, memref<1x1x256x64xf16>, memref<1x1x256x64xf16>)
      bias(%bias : memref<1x1x1x256xf16>) mask(%mask : memref<1x1x1x256xi1>) outs(%y : memref<1x1x256x64xf16>)
  return
}

// -----

// Left alone: a mask that is computed; keys whose number is open; a number for what is
// hidden, as rows that see nothing are the mean of all values.
// CHECK-NOT: memref.global "private" constant @key_tiles
// CHECK-LABEL: @not_listed
memref.global "private" constant @mask : memref<1x1x1x64xi1> = dense<false>
func.func @not_listed(%q: memref<1x1x64x64xf16>, %k: memref<1x1x?x64xf16>, %computed: memref<1x1x1x64xi1>, %y: memref<1x1x64x64xf16>) {
  %mask = memref.get_global @mask : memref<1x1x1x64xi1>
  attn.attention scale 0.5 ins(%q, %q, %q : memref<1x1x64x64xf16>, memref<1x1x64x64xf16>, memref<1x1x64x64xf16>)
      mask(%computed : memref<1x1x1x64xi1>) outs(%y : memref<1x1x64x64xf16>)
  attn.attention scale 0.5 ins(%q, %k, %k : memref<1x1x64x64xf16>, memref<1x1x?x64xf16>, memref<1x1x?x64xf16>)
      mask(%mask : memref<1x1x1x64xi1>) outs(%y : memref<1x1x64x64xf16>)
  attn.attention scale 0.5 masked_score -1.0e4 ins(%q, %q, %q : memref<1x1x64x64xf16>, memref<1x1x64x64xf16>, memref<1x1x64x64xf16>)
      mask(%mask : memref<1x1x1x64xi1>) outs(%y : memref<1x1x64x64xf16>)
  return
}
