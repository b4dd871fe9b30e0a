//===- ModelBytes.h - a model as bytes --------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_EXPORT_MODELBYTES_H
#define TFC_LIB_EXPORT_MODELBYTES_H

#include "onnx/onnx_pb.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace tfc {

/// An initialiser of the main graph whose contents protobuf must not copy.
struct LargeTensor {
  /// Without contents.
  ::onnx::TensorProto description;
  const char *data;
  size_t size;
};

/// A model, and the initialisers that its graph lacks.
struct ExportedModel {
  ::onnx::ModelProto model;
  std::vector<LargeTensor> weights;
};

/// The bytes of the file that writeModel makes.
uint64_t modelSize(const ExportedModel &model);

/// Writes the model as protobuf. A message may give its fields in any order and
/// one that is given twice is put together, so weights are copied from where
/// they lie to `stream`. Source: the protobuf encoding guide.
void writeModel(const ExportedModel &model, llvm::raw_ostream &stream);

/// Writes the model with weights that lie in the file `location`, each at a
/// page of its own so that readers can map them.
void writeModelBeside(const ExportedModel &model, llvm::StringRef location,
                      llvm::raw_ostream &stream);
void writeWeights(const ExportedModel &model, llvm::raw_ostream &stream);

/// Whether an operator means the same in two versions of its domain.
bool isSameOperator(const std::string &domain, const std::string &name,
                    int64_t version, int64_t other);

/// Gives the outputs without a type what ONNX's shape inference finds. Returns
/// the first of which it finds none, or nothing.
std::string inferOutputTypes(::onnx::ModelProto &model);

} // namespace tfc

#endif // TFC_LIB_EXPORT_MODELBYTES_H
