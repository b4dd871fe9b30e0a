// RUN: tfc-opt %s --cuda-lower-products=choose-only | FileCheck %s
// RUN: tfc-opt %s --cuda-lower-products="choose-only arch=sm_86" | FileCheck %s --check-prefix=SM86

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Large ones get large tiles, where shared memory has room for them and their number
// does not leave processors without one in the end.
// CHECK-LABEL: func @large
// SM86-LABEL: func @large
func.func @large(%a: memref<4096x4096xf16>, %b: memref<4096x4096xf16>, %c: memref<4096x4096xf32>,
                 %x: memref<4096x4096xf32>, %y: memref<4096x4096xf32>) {
  // CHECK: cuda.product f16 tile [128, 256, 32, 64, 64, 3]
  // SM86: cuda.product f16 tile [64, 64, 32, 32, 32, 3]
  cuda.product f16 maps [#mk, #kn, #mn] ins(%a, %b : memref<4096x4096xf16>, memref<4096x4096xf16>)
      outs(%c : memref<4096x4096xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  }
  // CHECK: cuda.product f32 tile [64, 64, 32, 32, 32, 3]
  cuda.product f32 maps [#mk, #kn, #mn] ins(%x, %y : memref<4096x4096xf32>, memref<4096x4096xf32>)
      outs(%c : memref<4096x4096xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  }
  return
}

// Few tiles would leave processors idle, so that blocks share the sums of one where that
// helps; tiles higher than the result multiply zeros.
// CHECK-LABEL: func @small
func.func @small(%a: memref<128x768xf32>, %b: memref<768x768xf32>, %c: memref<128x768xf32>,
                 %x: memref<12x768xf32>, %z: memref<12x768xf32>) {
  // CHECK: cuda.product f32 tile [16, 64, 32, 16, 32, 4]
  cuda.product f32 maps [#mk, #kn, #mn] ins(%a, %b : memref<128x768xf32>, memref<768x768xf32>)
      outs(%c : memref<128x768xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  }
  // CHECK: cuda.product f32 tile [16, 64, 32, 16, 32, 4] parts 4
  cuda.product f32 maps [#mk, #kn, #mn] ins(%x, %b : memref<12x768xf32>, memref<768x768xf32>)
      outs(%z : memref<12x768xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  }
  return
}

// Few rows need no tile, but parts; a given tile stays; open sizes count as 512.
// CHECK-LABEL: func @kinds
func.func @kinds(%a: memref<1x768xf32>, %b: memref<768x768xf32>, %c: memref<1x768xf32>,
                 %x: memref<?x?xf32>) {
  // CHECK: cuda.product f32 parts 4 maps
  cuda.product f32 maps [#mk, #kn, #mn] ins(%a, %b : memref<1x768xf32>, memref<768x768xf32>)
      outs(%c : memref<1x768xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  }
  // CHECK: cuda.product f32 tile [64, 64, 32, 32, 32, 2]
  cuda.product f32 tile [64, 64, 32, 32, 32, 2] maps [#mk, #kn, #mn]
      ins(%a, %b : memref<1x768xf32>, memref<768x768xf32>) outs(%c : memref<1x768xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  }
  // CHECK: cuda.product tf32 tile [64, 64, 32, 32, 32, 3]
  cuda.product tf32 maps [#mk, #kn, #mn] ins(%x, %x : memref<?x?xf32>, memref<?x?xf32>)
      outs(%x : memref<?x?xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  }
  return
}
