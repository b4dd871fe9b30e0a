//===- NodeOrigins.h - the nodes behind operations --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CODEGEN_NODEORIGINS_H
#define TFC_TARGET_CODEGEN_NODEORIGINS_H

#include "mlir/IR/BuiltinOps.h"

namespace tfc::codegen {

/// The ONNX nodes that an operation comes from, each once; more than one where
/// operations were fused, none where it is not known.
llvm::SmallVector<llvm::StringRef> nodeNames(mlir::Location location);

/// The operators of those nodes, by the module's `tfc.operators`.
llvm::SmallVector<llvm::StringRef> operatorsOf(mlir::ModuleOp module,
                                               mlir::Location location);

} // namespace tfc::codegen

#endif // TFC_TARGET_CODEGEN_NODEORIGINS_H
