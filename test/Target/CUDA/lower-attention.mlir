// RUN: tfc-opt %s --split-input-file --cuda-lower-attention | FileCheck %s

// Tensor cores: 128 queries and 64 keys at once, by 4 warps. One loop over tiles that
// are seen whole, which has no comparison of scores, one over the last.
// CHECK-LABEL: @plain
// CHECK: gpu.launch {{.*}} threads({{.*}}) in (%{{.*}} = %c128
// CHECK: nvvm.cp.async.shared.global {{.*}}, 16, cache = cg
// CHECK: scf.for
// CHECK: nvvm.cp.async.wait.group 0
// CHECK: gpu.barrier
// CHECK-NOT: arith.cmpf
// CHECK: nvvm.mma.sync
// CHECK: scf.yield
// CHECK: scf.for
// CHECK: arith.cmpf oeq
func.func @plain(%q: memref<1x2x?x64xf16>, %k: memref<1x2x?x64xf16>, %y: memref<1x2x?x64xf16>) {
  attn.attention scale 0.5 ins(%q, %k, %k : memref<1x2x?x64xf16>, memref<1x2x?x64xf16>, memref<1x2x?x64xf16>)
      outs(%y : memref<1x2x?x64xf16>)
  return
}

// -----

// Rows that may begin anywhere are copied first.
// CHECK-LABEL: @shifted
// CHECK: %[[DENSE:.*]] = memref.alloc() : memref<1x1x4x4xf32>
// CHECK: linalg.copy ins(%{{.*}}) outs(%[[DENSE]]
// CHECK: gpu.launch
// CHECK-NOT: nvvm.mma.sync
// CHECK: math.fma
func.func @shifted(%q: memref<1x1x4x4xf32, strided<[64, 64, 7, 1], offset: ?>>, %k: memref<1x1x4x4xf32>, %y: memref<1x1x4x4xf32>) {
  attn.attention scale 0.5 ins(%q, %k, %k : memref<1x1x4x4xf32, strided<[64, 64, 7, 1], offset: ?>>, memref<1x1x4x4xf32>, memref<1x1x4x4xf32>)
      outs(%y : memref<1x1x4x4xf32>)
  return
}
