// LLVM's own mlir-opt runs tfc's pipelines on linalg that another front end
// wrote: nothing in it is of tfc.
// DEFINE: %{plugin} = --load-dialect-plugin=%tfc_build/lib/TfcPlugin.so --load-pass-plugin=%tfc_build/lib/TfcPlugin.so
// RUN: mlir-opt %{plugin} %s --pass-pipeline='builtin.module(x86-buffers{cpu=x86-64-v3})' | FileCheck %s --check-prefix=BUFFERS
// RUN: mlir-opt %{plugin} %s --pass-pipeline='builtin.module(x86{cpu=x86-64-v3})' | FileCheck %s --check-prefix=X86
// RUN: mlir-opt %{plugin} %s --pass-pipeline='builtin.module(cortex-m7)' | FileCheck %s --check-prefix=M7
// RUN: mlir-opt %{plugin} %s --pass-pipeline='builtin.module(convert-attn-to-onnx)' | FileCheck %s --check-prefix=ONNX

// Passes alone are enough where the IR has no operation of tfc's.
// RUN: mlir-opt --load-pass-plugin=%tfc_build/lib/TfcPlugin.so %s --pass-pipeline='builtin.module(x86{cpu=x86-64-v3})' | FileCheck %s --check-prefix=X86

// BUFFERS: x86.interface
// BUFFERS: func.func @tfc_generated_compute
// BUFFERS: x86.buffer input 0
// BUFFERS: linalg.generic {{.*}} ins(%{{.*}} : memref<3x16xf32>) outs(%{{.*}} : memref<3x4xf32>)
// BUFFERS: x86.output_dims

// X86: llvm.func @tfc_generated_compute
// X86: llvm.func @tfc_generated_plan

// M7: m7.plan
// M7: llvm.func @tfc_compute

// ONNX: onnx.node "MatMul"

#map = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
module attributes {torch.debug_module_name = "MLP"} {
  func.func @forward(%x: tensor<3x16xf32>) -> tensor<3x4xf32> {
    %zero = arith.constant 0.000000e+00 : f32
    %w = arith.constant dense<5.000000e-01> : tensor<16x4xf32>
    %b = arith.constant dense<[1.0, -2.0, 3.0, -4.0]> : tensor<4xf32>
    %e = tensor.empty() : tensor<3x4xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
    %m = linalg.matmul ins(%x, %w : tensor<3x16xf32>, tensor<16x4xf32>)
                       outs(%f : tensor<3x4xf32>) -> tensor<3x4xf32>
    %r = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]}
        ins(%m, %b : tensor<3x4xf32>, tensor<4xf32>) outs(%e : tensor<3x4xf32>) {
    ^bb0(%in: f32, %bias: f32, %out: f32):
      %0 = arith.addf %in, %bias : f32
      %1 = arith.maximumf %0, %zero : f32
      linalg.yield %1 : f32
    } -> tensor<3x4xf32>
    return %r : tensor<3x4xf32>
  }
}
