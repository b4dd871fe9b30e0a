// RUN: tfc-opt %s --split-input-file --cuda-lower-scans --canonicalize --cse | FileCheck %s

// Sixteen chunks: states of fifteen, the state before each, results of sixteen. Twelve
// blocks have 128 columns each.
// CHECK-LABEL: func @mamba
// CHECK-DAG: %[[LOCAL:.*]] = arith.constant 180 : index
// CHECK-DAG: %[[ALL:.*]] = arith.constant 192 : index
// CHECK-DAG: %[[NUMBERS:.*]] = arith.constant 96 : index
// CHECK-DAG: %[[STATES:.*]] = memref.alloc() : memref<1x1x16x16x1536xf32>
// CHECK-DAG: %[[SUMS:.*]] = memref.alloc() : memref<1x1x16x1536xf32>
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %[[LOCAL]],
// CHECK-NOT: gpu.shuffle
// CHECK: memref.store %{{.*}}, %[[STATES]]
// CHECK: memref.store %{{.*}}, %[[SUMS]]
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %[[NUMBERS]],
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %[[ALL]],
// CHECK: memref.store %{{.*}}, %{{.*}} : memref<1x1x2048x1536xf32>
// CHECK-NOT: gpu.launch
func.func @mamba(%c: memref<1x1x2048x16xf32>, %b: memref<1x1x2048x16xf32>, %u: memref<1x1x2048x1536xf32>,
                 %delta: memref<1x1x2048x1536xf32>, %a: memref<1x16x1536xf32>,
                 %y: memref<1x1x2048x1536xf32>, %state: memref<1x1x16x1536xf32>) {
  attn.scan scale 1.0
      ins(%c, %b, %u : memref<1x1x2048x16xf32>, memref<1x1x2048x16xf32>, memref<1x1x2048x1536xf32>)
      step(%delta : memref<1x1x2048x1536xf32>) rate(%a : memref<1x16x1536xf32>)
      outs(%y, %state : memref<1x1x2048x1536xf32>, memref<1x1x16x1536xf32>)
  return
}

// -----

// What one chunk multiplies by is a matrix with the delta rule: tokens are in sequence. Four
// lanes share a column of 64 rows.
// CHECK-LABEL: func @delta
// CHECK-NOT: memref.alloc
// CHECK: gpu.launch
// CHECK-COUNT-4: gpu.shuffle xor
// CHECK-NOT: gpu.shuffle
// CHECK-NOT: gpu.launch
func.func @delta(%k: memref<1x2x?x64xf32>, %v: memref<1x2x?x64xf32>, %beta: memref<1x2x?x1xf32>,
                 %y: memref<1x2x?x64xf32>, %state: memref<1x2x64x64xf32>) {
  attn.scan scale 1.0 ins(%k, %k, %v : memref<1x2x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
      beta(%beta : memref<1x2x?x1xf32>) outs(%y, %state : memref<1x2x?x64xf32>, memref<1x2x64x64xf32>)
  return
}

// -----

// One token, as while decoding; and blocks enough without chunks.
// CHECK-LABEL: func @one_launch
// CHECK-COUNT-2: gpu.launch
// CHECK-NOT: gpu.launch
func.func @one_launch(%k: memref<?x2x1x64xf32>, %y: memref<?x2x1x64xf32>, %state: memref<?x2x64x64xf32>,
                      %l: memref<33x8x900x16xf32>, %z: memref<33x8x900x16xf32>, %other: memref<33x8x16x16xf32>) {
  attn.scan scale 1.0 ins(%k, %k, %k : memref<?x2x1x64xf32>, memref<?x2x1x64xf32>, memref<?x2x1x64xf32>)
      outs(%y, %state : memref<?x2x1x64xf32>, memref<?x2x64x64xf32>)
  attn.scan scale 1.0 ins(%l, %l, %l : memref<33x8x900x16xf32>, memref<33x8x900x16xf32>, memref<33x8x900x16xf32>)
      outs(%z, %other : memref<33x8x900x16xf32>, memref<33x8x16x16xf32>)
  return
}
