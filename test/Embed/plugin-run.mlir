// tfc's decompositions between upstream's passes, run by upstream's runner: a
// linear layer and a norm, with numbers that are exact.
// RUN: mlir-opt --load-dialect-plugin=%tfc_build/lib/TfcPlugin.so --load-pass-plugin=%tfc_build/lib/TfcPlugin.so %s \
// RUN:   --pass-pipeline='builtin.module(attn-decompose,one-shot-bufferize{bufferize-function-boundaries},convert-linalg-to-loops,lower-affine,convert-scf-to-cf,expand-strided-metadata,lower-affine,convert-vector-to-llvm,finalize-memref-to-llvm,convert-math-to-llvm,convert-to-llvm,reconcile-unrealized-casts)' \
// RUN: | mlir-runner -e main --entry-point-result=void --shared-libs=%llvm_lib/libmlir_runner_utils.so,%llvm_lib/libmlir_c_runner_utils.so \
// RUN: | FileCheck %s

// CHECK: [-1,   1]
// CHECK-NEXT: [-1,   1]
// CHECK: [1,   6]
// CHECK-NEXT: [0,   24]

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %x = arith.constant dense<[[1.0, 3.0], [4.0, 12.0]]> : tensor<2x2xf32>
  %w = arith.constant dense<[[-1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>
  %b = arith.constant dense<[2.0, 0.0]> : tensor<2xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %n = attn.norm layer axis 1 epsilon 0.0 ins(%x : tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %nu = tensor.cast %n : tensor<2x2xf32> to tensor<*xf32>
  call @printMemrefF32(%nu) : (tensor<*xf32>) -> ()
  %l = attn.linear ins(%x, %w : tensor<2x2xf32>, tensor<2x2xf32>) bias(%b : tensor<2xf32>)
                   outs(%e : tensor<2x2xf32>) activation relu -> tensor<2x2xf32>
  %lu = tensor.cast %l : tensor<2x2xf32> to tensor<*xf32>
  call @printMemrefF32(%lu) : (tensor<*xf32>) -> ()
  return
}
