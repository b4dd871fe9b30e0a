//===- CortexM7Target.h - bare Cortex-M7 code -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CORTEXM7_CORTEXM7TARGET_H
#define TFC_TARGET_CORTEXM7_CORTEXM7TARGET_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LogicalResult.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <string>

namespace mlir {
class DialectRegistry;
class OpPassManager;
} // namespace mlir

namespace tfc::m7 {

struct CortexM7Options {
  /// What every name of the artefact starts with; a C identifier.
  std::string prefix = "model";
  /// Floating point arguments in registers of the FPU, as -mfloat-abi=hard.
  bool hardFloat = true;
  /// 0 to 3, as clang's -O.
  unsigned optLevel = 2;
  /// Bytes of RAM for arena, stack and what the caller holds of inputs and
  /// outputs, and of flash for code and constants; 0: no limit.
  uint64_t sram = 0, flash = 0;
  /// The input that the caller delivers strip by strip; empty: the only one.
  std::optional<std::string> streamedInput;
  /// Computes in f32 what a quantised model has no form in integers for.
  bool allowFloat = false;
  /// Of it, only what comes from these ONNX operators; none: whatever it is.
  llvm::SmallVector<std::string> floatOperators;
  /// Without it: image and feature map whole, results in buffers of their own,
  /// operations in the file's order; to see what that would take.
  bool savesMemory = true;
  /// Calls a function of the user where the work of each node begins.
  bool profile = false;
};

/// Registers what upstream's passes must know to run the pipeline: interface
/// implementations of the dialects they meet.
void registerCortexM7Interfaces(mlir::DialectRegistry &registry);

/// Registers the target's passes, and the pipeline `cortex-m7`, by name.
void registerCortexM7Pipelines();

/// `attn` and linalg on tensors of known sizes to the LLVM dialect.
void buildCortexM7Pipeline(mlir::OpPassManager &pm,
                           const CortexM7Options &options);

enum class CortexM7Output { LLVMIR, Assembly, Object };

/// Writes a module in the LLVM dialect to `path`; an object's header goes
/// beside it, with .h in place of the extension. Both are written whole or not
/// at all. Fails where limits are exceeded or the code needs more of the C
/// library than memcpy and memset.
mlir::LogicalResult emitCortexM7(mlir::ModuleOp module,
                                 const CortexM7Options &options,
                                 CortexM7Output kind, llvm::StringRef path);

} // namespace tfc::m7

#endif // TFC_TARGET_CORTEXM7_CORTEXM7TARGET_H
