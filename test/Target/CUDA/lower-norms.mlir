// RUN: tfc-opt %s --split-input-file --cuda-lower-norms | FileCheck %s

// 768 numbers of f32: six pieces of four for each lane, read once.
// CHECK-LABEL: @layer
// CHECK: gpu.launch {{.*}} threads({{.*}}) in (%{{.*}} = %c256
// CHECK-COUNT-6: llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// CHECK-NOT: llvm.load
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK: arith.subf
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK: math.sqrt
// CHECK-COUNT-6: llvm.store {{.*}} {alignment = 16 : i64} : vector<4xf32>
func.func @layer(%x: memref<?x768xf32>, %y: memref<?x768xf32>) {
  attn.norm layer axis 1 epsilon 1.0e-05 ins(%x : memref<?x768xf32>) outs(%y : memref<?x768xf32>)
  return
}

// -----

// Rows of 6 numbers: one for each of six lanes.
// CHECK-LABEL: @few
// CHECK: gpu.launch
// CHECK: arith.cmpi slt
// CHECK: llvm.load {{.*}} {alignment = 2 : i64} : !llvm.ptr<1> -> vector<1xf16>
// CHECK: arith.extf
// CHECK-NOT: arith.subf
// CHECK: scf.if
// CHECK: llvm.store {{.*}} vector<1xf16>
func.func @few(%x: memref<?x6xf16>, %s: memref<6xf16>, %y: memref<?x6xf16>) {
  attn.norm rms axis 1 epsilon 1.0e-05 ins(%x : memref<?x6xf16>) scale(%s : memref<6xf16>) outs(%y : memref<?x6xf16>)
  return
}

// -----

// CHECK-LABEL: @apart
// CHECK: memref.alloc
// CHECK: linalg.copy
// CHECK: gpu.launch
func.func @apart(%x: memref<4x8xf32, strided<[16, 1]>>, %y: memref<4x8xf32>) {
  attn.norm rms axis 1 epsilon 1.0e-05 ins(%x : memref<4x8xf32, strided<[16, 1]>>) outs(%y : memref<4x8xf32>)
  return
}
