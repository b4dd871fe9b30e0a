//===- Export.h - `onnx` dialect to an ONNX file ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_EXPORT_EXPORT_H
#define TFC_EXPORT_EXPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace tfc {

struct ExportedModel;

/// An ONNX file made of a module in the `onnx` dialect. Large weights stay
/// where the module has them until they are written, so the module must outlive
/// this.
class ModelFile {
public:
  ~ModelFile();

  /// Null after errors: what a file cannot say is refused.
  static std::unique_ptr<ModelFile> create(mlir::ModuleOp module);

  /// Whether the model and its weights stay below the 2 GiB that protobuf
  /// reads.
  bool fitsOneFile() const;

  /// Writes the model with its weights.
  void write(llvm::raw_ostream &stream) const;

  /// Writes the model without its large weights, which it expects in a file
  /// `location` beside it, and what belongs there.
  void writeModel(llvm::raw_ostream &stream, llvm::StringRef location) const;
  void writeWeights(llvm::raw_ostream &stream) const;

private:
  explicit ModelFile(std::unique_ptr<ExportedModel> model);
  std::unique_ptr<ExportedModel> model;
};

} // namespace tfc

#endif // TFC_EXPORT_EXPORT_H
