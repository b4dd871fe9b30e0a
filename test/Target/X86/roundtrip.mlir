// RUN: tfc-opt %s | tfc-opt | FileCheck %s
// RUN: tfc-opt %s --mlir-print-op-generic | tfc-opt | FileCheck %s

// CHECK-LABEL: func @frame
func.func @frame(%frame: !llvm.ptr, %bytes: index) -> i32 {
  // CHECK: %[[N:.*]] = x86.input_dim 0
  %n = x86.input_dim 0
  // CHECK: x86.buffer input 0 sizes(%[[N]]) : memref<?x4xf32>
  %x = x86.buffer input 0 sizes(%n) : memref<?x4xf32>
  // CHECK: x86.buffer arena 0 offset(%{{.*}}) sizes(%[[N]]) : memref<?x4xf32>
  %t = x86.buffer arena 0 offset(%bytes) sizes(%n) : memref<?x4xf32>
  // CHECK: x86.buffer weights 4096 : memref<4x8xf32>
  %w = x86.buffer weights 4096 : memref<4x8xf32>
  // CHECK: x86.num_threads
  %threads = x86.num_threads
  // CHECK: x86.parallel %{{.*}} grain %{{.*}} : index {
  x86.parallel %n grain %threads : index {
  // CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %{{.*}}: index):
  ^bb0(%begin: index, %end: index, %worker: index):
    // CHECK: x86.yield
    x86.yield
  }
  %c0 = arith.constant 0 : i32
  %ok = arith.constant true
  // CHECK: x86.check %{{.*}}, 3
  x86.check %ok, 3
  // CHECK: x86.output_dims %[[N]]
  x86.output_dims %n
  // CHECK: x86.arena_bytes
  x86.arena_bytes %bytes
  return %c0 : i32
}

// CHECK-LABEL: @packed
// CHECK: x86.packed_linear ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<1x8x16xf32>, tensor<16xf32>) outs(%{{.*}} : tensor<?x10xf32>) -> tensor<?x10xf32>
// CHECK: x86.packed_linear ins({{.*}} : memref<4x8xf32>, memref<1x8x16xf32>, memref<16xf32>) outs(%{{.*}} : memref<4x10xf32>){{$}}
func.func @packed(%x: tensor<?x8xf32>, %w: tensor<1x8x16xf32>, %b: tensor<16xf32>, %i: tensor<?x10xf32>,
                  %m: memref<4x8xf32>, %v: memref<1x8x16xf32>, %c: memref<16xf32>, %o: memref<4x10xf32>) -> tensor<?x10xf32> {
  %y = x86.packed_linear ins(%x, %w, %b : tensor<?x8xf32>, tensor<1x8x16xf32>, tensor<16xf32>)
                         outs(%i : tensor<?x10xf32>) -> tensor<?x10xf32>
  x86.packed_linear ins(%m, %v, %c : memref<4x8xf32>, memref<1x8x16xf32>, memref<16xf32>) outs(%o : memref<4x10xf32>)
  return %y : tensor<?x10xf32>
}

// CHECK-LABEL: @integers
// CHECK: x86.packed_integer_linear signed ins(%{{.*}} : tensor<?x8xi8>, tensor<1x2x64xi8>, tensor<1x1x16xi32>, tensor<1x1x16xf32>, tensor<16xf32>) outs(%{{.*}} : tensor<?x10xf32>) -> tensor<?x10xf32>
// CHECK: x86.packed_integer_linear ins({{.*}} : memref<4x8xi8>, memref<1x2x64xi8>, memref<1x1x16xi32>, memref<1x1x16xf32>, memref<16xf32>) outs(%{{.*}} : memref<4x10xf32>){{$}}
func.func @integers(%x: tensor<?x8xi8>, %w: tensor<1x2x64xi8>, %c: tensor<1x1x16xi32>, %s: tensor<1x1x16xf32>,
                    %b: tensor<16xf32>, %i: tensor<?x10xf32>,
                    %mx: memref<4x8xi8>, %mw: memref<1x2x64xi8>, %mc: memref<1x1x16xi32>, %ms: memref<1x1x16xf32>,
                    %mb: memref<16xf32>, %o: memref<4x10xf32>) -> tensor<?x10xf32> {
  %y = x86.packed_integer_linear signed
      ins(%x, %w, %c, %s, %b : tensor<?x8xi8>, tensor<1x2x64xi8>, tensor<1x1x16xi32>, tensor<1x1x16xf32>, tensor<16xf32>)
      outs(%i : tensor<?x10xf32>) -> tensor<?x10xf32>
  x86.packed_integer_linear
      ins(%mx, %mw, %mc, %ms, %mb : memref<4x8xi8>, memref<1x2x64xi8>, memref<1x1x16xi32>, memref<1x1x16xf32>, memref<16xf32>)
      outs(%o : memref<4x10xf32>)
  return %y : tensor<?x10xf32>
}
