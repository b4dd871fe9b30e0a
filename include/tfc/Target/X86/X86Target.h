//===- X86Target.h - `attn` to native code ----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_X86_X86TARGET_H
#define TFC_TARGET_X86_X86TARGET_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include <functional>
#include <string>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace tfc::x86 {

struct X86Options {
  /// An LLVM CPU name, or "native" for the machine that compiles.
  std::string cpu = "native";
  /// 0 to 3, as clang's -O.
  unsigned optLevel = 2;
  /// The type of linear layers' weights in memory: "f32", "f16" or "bf16".
  std::string weights = "f32";
  /// The file that collects constants while the pipeline runs, and that the
  /// artefact's weights are taken from; the caller removes it. Empty: constants
  /// are only counted, and no library can be made.
  std::string weightsFile;
  /// Whether a caller's parallel_for is told which region it runs
  /// (tfc_profile_info of tfc/Runtime/model.h).
  bool profile = false;
  /// The folder of ModelEntry.o, which every shared library has (installed as
  /// lib/tfc); empty: where TFC_RUNTIME_DIR says, or lib/tfc beside the
  /// program's folder.
  std::string runtimeDirectory;
};

/// Registers the passes below, and the pipelines `x86-buffers` and `x86`, by
/// name.
void registerX86Pipelines();

/// Registers what upstream's passes must know to run the pipelines: interface
/// implementations of the dialects they meet.
void registerX86Interfaces(mlir::DialectRegistry &registry);

/// Decomposes `attn` to linalg on tensors (what `--emit=linalg` prints).
void buildLinalgPipeline(mlir::OpPassManager &pm);

/// `attn` and linalg on tensors to the same on buffers, in the entry function.
void buildBufferPipeline(mlir::OpPassManager &pm, const X86Options &options);

/// `attn` and linalg on tensors to the LLVM dialect. Appends the packed
/// constants to options.weightsFile.
void buildX86Pipeline(mlir::OpPassManager &pm, const X86Options &options);

enum class X86Output { LLVMIR, Assembly, Object, SharedLibrary };

/// The LLVM target machine for `options`; on failure `reason` says why.
mlir::FailureOr<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const X86Options &options, std::string &reason);

/// What makes a library one whose work another device does.
struct DeviceParts {
  /// What tfc_model_info calls the CPU.
  std::string name;
  /// Adds the kernels, as lib/Runtime/Device.c wants them.
  std::function<void(llvm::Module &)> add;
};

/// Writes a module in the LLVM dialect to `path`, whole or not at all.
mlir::LogicalResult emitX86(mlir::ModuleOp module, const X86Options &options,
                            X86Output kind, llvm::StringRef path,
                            const DeviceParts *device = nullptr);

} // namespace tfc::x86

#endif // TFC_TARGET_X86_X86TARGET_H
