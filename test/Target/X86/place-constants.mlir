// RUN: tfc-opt %s --x86-place-constants="file=%t.weights" | FileCheck %s
// RUN: od -An -v -t f4 -w16 -N 16 %t.weights | FileCheck %s --check-prefix=BYTES

// Each constant starts at a multiple of 64 bytes; equal ones share a place.

// CHECK: x86.weights_bytes = 66 : i64
// CHECK-NOT: memref.global
// CHECK: x86.buffer weights 0 : memref<2x2xf32>
// CHECK: x86.buffer weights 64 : memref<2xi1>
// CHECK: x86.buffer weights 0 : memref<2x2xf32>
// BYTES: 1 {{.*}}2 {{.*}}3 {{.*}}4
memref.global "private" constant @a : memref<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]>
memref.global "private" constant @b : memref<2xi1> = dense<[true, false]>
memref.global "private" constant @c : memref<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]>
func.func @uses() -> (memref<2x2xf32>, memref<2xi1>, memref<2x2xf32>) {
  %a = memref.get_global @a : memref<2x2xf32>
  %b = memref.get_global @b : memref<2xi1>
  %c = memref.get_global @c : memref<2x2xf32>
  return %a, %b, %c : memref<2x2xf32>, memref<2xi1>, memref<2x2xf32>
}
