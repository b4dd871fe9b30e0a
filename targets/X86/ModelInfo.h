//===- ModelInfo.h - what an artefact says of itself ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_MODELINFO_H
#define TFC_TARGETS_X86_MODELINFO_H

#include "mlir/IR/BuiltinOps.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace tfc::x86 {

/// Adds `tfc_generated_info` and `tfc_generated_checks` of tfc/Runtime/model.h,
/// from the module's x86.interface, x86.checks and x86.weights_bytes; with
/// x86.regions, `tfc_model_profile` too.
mlir::LogicalResult addModelInfo(mlir::ModuleOp module,
                                 llvm::Module &llvmModule,
                                 const llvm::TargetMachine &machine,
                                 llvm::StringRef device = {});

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_MODELINFO_H
