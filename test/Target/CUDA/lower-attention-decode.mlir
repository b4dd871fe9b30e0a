// RUN: tfc-opt %s --split-input-file --cuda-lower-attention="occupancy-of=108,132" \
// RUN:   --verify-diagnostics | FileCheck %s

// A grid of as many blocks as run at once, whatever the sizes; memory for their parts does
// not depend on how many those are. Each key is asked for once: two rows of four heads are
// a tile of eight.
// CHECK-LABEL: @open
// CHECK: %[[PARTS:.*]] = memref.alloc() : memref<1056x8x68xf32>
// CHECK: %[[COUNTERS:.*]] = memref.alloc() : memref<528xi32>
// CHECK: linalg.fill ins(%{{.*}} : i32) outs(%[[COUNTERS]]
// CHECK: %[[PROCESSORS:.*]] = x86.num_threads
// CHECK: arith.muli %[[PROCESSORS]], %c2
// CHECK: gpu.launch blocks({{.*}}) threads({{.*}}) in (%{{.*}} = %c128
// CHECK: scf.while
// CHECK: nvvm.cp.async.shared.global
// CHECK: llvm.atomicrmw add
// CHECK-NOT: gpu.launch blocks
func.func @open(%q: memref<?x8x2x64xf16>, %k: memref<?x2x?x64xf16>, %y: memref<?x8x2x64xf16>) {
  attn.attention scale 0.5 ins(%q, %k, %k : memref<?x8x2x64xf16>, memref<?x2x?x64xf16>, memref<?x2x?x64xf16>)
      outs(%y : memref<?x8x2x64xf16>)
  return
}

// -----

// 32 heads of 64k keys: ranges of tiles as long as each other keep all busy.
// CHECK-LABEL: @long
func.func @long(%q: memref<1x32x1x128xf16>, %k: memref<1x32x65536x128xf16>, %y: memref<1x32x1x128xf16>) {
  // expected-remark @+2 {{65536 tiles for 216 blocks, 304 at most: 99.81% of 108 multiprocessors}}
  // expected-remark @below {{65536 tiles for 264 blocks, 249 at most: 99.70% of 132 multiprocessors}}
  attn.attention scale 0.5 ins(%q, %k, %k : memref<1x32x1x128xf16>, memref<1x32x65536x128xf16>, memref<1x32x65536x128xf16>)
      outs(%y : memref<1x32x1x128xf16>)
  return
}

// -----

// Fewer tiles than there are places for blocks.
// CHECK-LABEL: @short
func.func @short(%q: memref<1x2x1x64xf16>, %k: memref<1x2x640x64xf16>, %y: memref<1x2x1x64xf16>) {
  // expected-remark @+2 {{20 tiles for 20 blocks, 1 at most: 9.26% of 108 multiprocessors}}
  // expected-remark @below {{20 tiles for 20 blocks, 1 at most: 7.58% of 132 multiprocessors}}
  attn.attention scale 0.5 ins(%q, %k, %k : memref<1x2x1x64xf16>, memref<1x2x640x64xf16>, memref<1x2x640x64xf16>)
      outs(%y : memref<1x2x1x64xf16>)
  return
}

// -----

// Nine queries are a block's tile for each head, and so are keys that are one tile.
// CHECK-LABEL: @many
// CHECK-NOT: llvm.atomicrmw
func.func @many(%q: memref<1x2x9x64xf16>, %p: memref<1x2x1x64xf16>, %k: memref<1x2x640x64xf16>, %l: memref<1x2x64x64xf16>,
                %y: memref<1x2x9x64xf16>, %z: memref<1x2x1x64xf16>) {
  attn.attention scale 0.5 ins(%q, %k, %k : memref<1x2x9x64xf16>, memref<1x2x640x64xf16>, memref<1x2x640x64xf16>)
      outs(%y : memref<1x2x9x64xf16>)
  attn.attention scale 0.5 ins(%p, %l, %l : memref<1x2x1x64xf16>, memref<1x2x64x64xf16>, memref<1x2x64x64xf16>)
      outs(%z : memref<1x2x1x64xf16>)
  return
}
