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

// -----

// Sequences one after the other: as many blocks as tokens / 64 + sequences. Each finds
// its sequence, a warp looking at 32 bounds at once, and leaves where it has no query.
// CHECK-LABEL: @sequences
// CHECK-SAME: %[[Q:[a-z0-9]*]]: memref<1x2x?x64xf16>
// CHECK-SAME: %[[BOUNDS:[a-z0-9]*]]: memref<?xi64>
// CHECK-DAG: %[[TOKENS:.*]] = memref.dim %[[Q]], %c2
// CHECK-DAG: %[[WHOLE:.*]] = arith.divui %[[TOKENS]], %c64
// CHECK-DAG: %[[NUM_BOUNDS:.*]] = memref.dim %[[BOUNDS]], %c0
// CHECK: %[[SEQUENCES:.*]] = arith.subi %[[NUM_BOUNDS]], %c1
// CHECK: %[[BLOCKS:.*]] = arith.addi %[[WHOLE]], %[[SEQUENCES]]
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %[[BLOCKS]],
// CHECK: scf.while
// CHECK: memref.load %[[BOUNDS]]
// CHECK-COUNT-5: gpu.shuffle
// CHECK: scf.yield
// CHECK: %[[FIRST:.*]] = memref.load %[[BOUNDS]]
// CHECK: %[[END:.*]] = memref.load %[[BOUNDS]]
// CHECK: %[[HAS:.*]] = arith.cmpi slt
// CHECK: scf.if %[[HAS]]
// CHECK: nvvm.mma.sync
func.func @sequences(%q: memref<1x2x?x64xf16>, %bounds: memref<?xi64>, %y: memref<1x2x?x64xf16>) {
  attn.attention scale 0.5 ins(%q, %q, %q : memref<1x2x?x64xf16>, memref<1x2x?x64xf16>, memref<1x2x?x64xf16>)
      sequences(%bounds : memref<?xi64>) outs(%y : memref<1x2x?x64xf16>)
  return
}

// -----

// Few tokens are not dealt to all multiprocessors, as the queries of a decoder are.
// CHECK-LABEL: @few_tokens
// CHECK-COUNT-1: gpu.launch
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @few_tokens(%q: memref<1x2x8x64xf32>, %k: memref<1x2x?x64xf32>, %bounds: memref<3xi64>, %y: memref<1x2x8x64xf32>) {
  attn.attention scale 0.5 ins(%q, %k, %k : memref<1x2x8x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
      sequences(%bounds : memref<3xi64>) outs(%y : memref<1x2x8x64xf32>)
  return
}
