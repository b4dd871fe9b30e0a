//===- AsmComments.h - printed assembly that names nodes --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CODEGEN_ASMCOMMENTS_H
#define TFC_TARGET_CODEGEN_ASMCOMMENTS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LogicalResult.h"
#include "llvm/ADT/StringMap.h"
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
class raw_pwrite_stream;
namespace legacy {
class PassManager;
} // namespace legacy
} // namespace llvm

namespace tfc::codegen {

/// What stands as comments in printed assembly.
struct AsmComments {
  /// The nodes that instructions belong to, by the line of their debug
  /// locations, counted from 1.
  std::vector<std::vector<std::string>> lines;
  /// At the beginning of functions, by name.
  llvm::StringMap<std::string> functions;
};

/// Gives each operation of a module in the LLVM dialect, in the place of the
/// nodes that it comes from, a line that stands for them: optimisers move lines
/// with the code. Functions become scopes of debug locations, but no debug
/// information is written.
mlir::FailureOr<AsmComments> commentNodes(mlir::ModuleOp module);

/// Adds what prints assembly with comments to a pass manager; fails where the
/// target has no printer.
mlir::LogicalResult addCommentedPrinter(llvm::legacy::PassManager &pm,
                                        llvm::TargetMachine &machine,
                                        llvm::raw_pwrite_stream &stream,
                                        const AsmComments &comments);

} // namespace tfc::codegen

#endif // TFC_TARGET_CODEGEN_ASMCOMMENTS_H
