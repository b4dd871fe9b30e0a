// RUN: tfc-opt %s | tfc-opt | FileCheck %s
// RUN: tfc-opt %s --mlir-print-op-generic | tfc-opt | FileCheck %s
// RUN: tfc-opt %s --one-shot-bufferize=bufferize-function-boundaries | FileCheck %s --check-prefix=BUFFER
// RUN: tfc-opt %s --attn-decompose --canonicalize | FileCheck %s --check-prefix=LINALG

// The state is gone on from, so an argument that others may still read is
// copied; the result's buffer is only written.
// CHECK-LABEL: @gated
// CHECK: attn.scan scale 5.000000e-01 ins({{.*}}) decay(%{{.*}} : tensor<2x2x?x1xf16>) beta(%{{.*}} : tensor<2x2x?x1xf16>) outs(%{{.*}}, %{{.*}} : tensor<2x4x?x6xf16>, tensor<2x2x8x6xf32>) -> tensor<2x4x?x6xf16>, tensor<2x2x8x6xf32>
// BUFFER-LABEL: @gated
// BUFFER: %[[COPY:.*]] = memref.alloc{{.*}} : memref<2x2x8x6xf32>
// BUFFER: memref.copy %{{.*}}, %[[COPY]]
// BUFFER-NOT: memref.copy
// BUFFER: attn.scan {{.*}} outs(%{{.*}}, %[[COPY]] : memref<2x4x?x6xf16{{.*}}>, memref<2x2x8x6xf32>)
// LINALG-LABEL: @gated
// LINALG: scf.for
// What the state holds of the key, then what the value differs from it.
// LINALG:   linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// LINALG:     math.exp
// LINALG:   linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel"]
// LINALG:     arith.subf
// The state after the token.
// LINALG:   linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel"]
// LINALG:     math.exp
// Two query heads read one state.
// LINALG:   linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// LINALG:     arith.extf
// LINALG:     arith.mulf
// LINALG:     arith.addf
// LINALG:     arith.truncf
// LINALG:   tensor.insert_slice
func.func @gated(%q: tensor<2x4x?x8xf16>, %k: tensor<2x2x?x8xf16>, %v: tensor<2x2x?x6xf16>, %g: tensor<2x2x?x1xf16>,
                 %init: tensor<2x4x?x6xf16> {bufferization.writable = true}, %state: tensor<2x2x8x6xf32> {bufferization.writable = false})
    -> (tensor<2x4x?x6xf16>, tensor<2x2x8x6xf32>) {
  %y:2 = attn.scan scale 0.5 ins(%q, %k, %v : tensor<2x4x?x8xf16>, tensor<2x2x?x8xf16>, tensor<2x2x?x6xf16>)
      decay(%g : tensor<2x2x?x1xf16>) beta(%g : tensor<2x2x?x1xf16>)
      outs(%init, %state : tensor<2x4x?x6xf16>, tensor<2x2x8x6xf32>) -> tensor<2x4x?x6xf16>, tensor<2x2x8x6xf32>
  return %y#0, %y#1 : tensor<2x4x?x6xf16>, tensor<2x2x8x6xf32>
}
