//===- OnnxFile.h - an ONNX file, parsed and checked ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_IMPORT_ONNXFILE_H
#define TFC_LIB_IMPORT_ONNXFILE_H

#include "WireScanner.h"

#include "onnx/onnx_pb.h"
#include "llvm/Support/MemoryBuffer.h"
#include <map>
#include <memory>

namespace tfc {

/// A model and the files its weights are mapped from.
struct OnnxFile {
  std::string path;
  std::shared_ptr<llvm::MemoryBuffer> mapped;
  std::vector<Payload> payloads;
  ::onnx::ModelProto model;
  /// External data by location, mapped when first asked for.
  std::map<std::string, std::shared_ptr<llvm::MemoryBuffer>> external;
};

/// Maps and parses `path`. Null on failure, with the reasons in `problems`.
std::unique_ptr<OnnxFile> openOnnxFile(const std::string &path,
                                       std::vector<std::string> &problems);

/// The same for the bytes of a file that is called `path`.
std::unique_ptr<OnnxFile>
parseOnnxFile(std::unique_ptr<llvm::MemoryBuffer> bytes,
              const std::string &path, std::vector<std::string> &problems);

/// What ONNX's schemas and rules of a valid graph say against the model, one
/// line a fault, each naming node, operator and opset.
std::vector<std::string> checkModel(const ::onnx::ModelProto &model);

/// The bytes of `tensor` as they lie in a file, in little-endian order, or in
/// `storage` where they had to be put together. `owner` keeps them alive.
/// Returns false and says why in `reason`.
bool tensorBytes(OnnxFile &file, const ::onnx::TensorProto &tensor,
                 const char *&data, size_t &size, std::string &storage,
                 std::shared_ptr<llvm::MemoryBuffer> &owner,
                 std::string &reason);

} // namespace tfc

#endif // TFC_LIB_IMPORT_ONNXFILE_H
