//===- Import.h - ONNX file to `onnx` dialect -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_IMPORT_IMPORT_H
#define TFC_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/MemoryBuffer.h"

namespace tfc {

struct ImportOptions {
  /// Sizes that replace the file's, by input name; -1 leaves a dimension open.
  llvm::StringMap<llvm::SmallVector<int64_t>> inputShapes;
};

/// Reads the ONNX file at `path` into a module of the `onnx` dialect. Weights
/// stay in the mapped file, which lives as long as the context's resources.
/// Errors are emitted as diagnostics; the result is then null.
mlir::OwningOpRef<mlir::ModuleOp>
importOnnxFile(mlir::MLIRContext &context, llvm::StringRef path,
               const ImportOptions &options = {});

/// The same for the bytes of an ONNX file, which the module keeps alive. `name`
/// stands for the file in messages; weights that the model has in other files
/// are looked for beside it.
mlir::OwningOpRef<mlir::ModuleOp>
importOnnxBuffer(mlir::MLIRContext &context,
                 std::unique_ptr<llvm::MemoryBuffer> bytes,
                 llvm::StringRef name, const ImportOptions &options = {});

} // namespace tfc

#endif // TFC_IMPORT_IMPORT_H
