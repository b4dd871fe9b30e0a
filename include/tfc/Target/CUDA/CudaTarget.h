//===- CudaTarget.h - lowering to NVIDIA GPUs -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CUDA_CUDATARGET_H
#define TFC_TARGET_CUDA_CUDATARGET_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include <string>

namespace tfc::cuda {

struct CudaOptions {
  /// The least GPU that the artefact runs on, as "sm_80".
  std::string arch = "sm_80";
  /// How factors of f32 are multiplied: "f32" (exactly rounded), or by tensor
  /// cores, rounded before to the 11 bits of "tf32" or to "f16".
  std::string matmul = "f32";
  /// 0 to 3, as clang's -O.
  unsigned optLevel = 2;
  /// The file that collects constants while the pipeline runs, and that the
  /// artefact's weights are taken from; the caller removes it. Empty: constants
  /// are only counted, and no library can be made.
  std::string weightsFile;
  /// Whether the module gets the attribute `cuda.estimate`: what each kernel
  /// takes at least on the GPU of `arch`, if that is known (estimatedDevice).
  bool estimate = false;
  /// The folder of DeviceModelEntry.o; empty: as for x86-64.
  std::string runtimeDirectory;
};

/// Registers what upstream's passes must know to run the pipeline: interface
/// implementations of the dialects they meet.
void registerCudaInterfaces(mlir::DialectRegistry &registry);

/// The passes and pipelines "cuda" (to the LLVM and NVVM dialects).
void registerCudaPipelines();

/// From attn, linalg and scf on tensors to the LLVM dialect around a gpu.module
/// of the LLVM and NVVM dialects.
void buildCudaPipeline(mlir::OpPassManager &pm, const CudaOptions &options);

/// What is wrong with `arch`; empty where it is one that can be compiled for.
std::string checkArchitecture(llvm::StringRef arch);

/// The GPU that estimates for `arch` are of, as the pass cuda-estimate has
/// them; empty where none is listed.
llvm::StringRef estimatedDevice(llvm::StringRef arch);

enum class CudaOutput { LLVMIR, Ptx, SharedLibrary };

/// Writes the result of buildCudaPipeline to `path`: the kernels as LLVM IR or
/// PTX, or a library with the interface of tfc/Runtime/model.h that has them.
mlir::LogicalResult emitCuda(mlir::ModuleOp module, const CudaOptions &options,
                             CudaOutput kind, llvm::StringRef path);

} // namespace tfc::cuda

#endif // TFC_TARGET_CUDA_CUDATARGET_H
