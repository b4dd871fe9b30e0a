//===- OnnxFile.cpp - an ONNX file, parsed ----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cstring>

using namespace tfc;
using ::onnx::TensorProto;

std::unique_ptr<OnnxFile>
tfc::openOnnxFile(const std::string &path, std::vector<std::string> &problems) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer) {
    problems.push_back("cannot read the file: " + buffer.getError().message());
    return nullptr;
  }
  return parseOnnxFile(std::move(*buffer), path, problems);
}

std::unique_ptr<OnnxFile>
tfc::parseOnnxFile(std::unique_ptr<llvm::MemoryBuffer> bytes,
                   const std::string &path,
                   std::vector<std::string> &problems) {
  auto file = std::make_unique<OnnxFile>();
  file->path = path;
  file->mapped = std::move(bytes);
  if (file->mapped->getBufferSize() == 0) {
    problems.push_back("the file is empty; expected an ONNX model");
    return nullptr;
  }
  std::string slim, reason;
  if (!scanModel(file->mapped->getBufferStart(), file->mapped->getBufferSize(),
                 slim, file->payloads, reason)) {
    problems.push_back("the file is not an ONNX model: " + reason);
    return nullptr;
  }
  if (!file->model.ParseFromString(slim)) {
    problems.push_back(
        "the file is not an ONNX model: protobuf cannot read it");
    return nullptr;
  }
  if (!file->model.has_graph() || file->model.opset_import_size() == 0) {
    problems.push_back(
        "the file is not an ONNX model: it has no " +
        std::string(file->model.has_graph() ? "opset import" : "graph"));
    return nullptr;
  }
  return file;
}

namespace {

/// The external file `location`, which must lie in the model's folder.
std::shared_ptr<llvm::MemoryBuffer>
mapExternal(OnnxFile &file, const std::string &location, std::string &reason) {
  auto found = file.external.find(location);
  if (found != file.external.end())
    return found->second;
  llvm::SmallString<256> folder(llvm::sys::path::parent_path(file.path));
  if (folder.empty())
    folder = ".";
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, location);
  llvm::SmallString<256> realFolder, realPath;
  if (location.empty() || llvm::sys::path::is_absolute(location)) {
    reason = "its external file '" + location +
             "' must be given by a path relative to the model";
    return nullptr;
  }
  // By its name first: what lies outside is not even looked for.
  llvm::SmallString<256> plain(location);
  llvm::sys::path::remove_dots(plain, /*remove_dot_dot=*/true);
  std::string outside =
      "its external file '" + location + "' lies outside the model's folder";
  if (llvm::StringRef(plain).starts_with("..")) {
    reason = outside;
    return nullptr;
  }
  if (std::error_code error = llvm::sys::fs::real_path(path, realPath)) {
    reason = "its external file '" + location +
             "' cannot be read: " + error.message();
    return nullptr;
  }
  if (llvm::sys::fs::real_path(folder, realFolder) ||
      !llvm::StringRef(realPath).starts_with((realFolder + "/").str())) {
    reason = outside;
    return nullptr;
  }
  auto buffer = llvm::MemoryBuffer::getFile(path, false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer) {
    reason = "its external file '" + location +
             "' cannot be read: " + buffer.getError().message();
    return nullptr;
  }
  return file.external[location] = std::move(*buffer);
}

bool externalBytes(OnnxFile &file, const TensorProto &tensor, const char *&data,
                   size_t &size, std::shared_ptr<llvm::MemoryBuffer> &owner,
                   std::string &reason) {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const auto &entry : tensor.external_data()) {
    uint64_t number = 0;
    if (entry.key() == "location")
      location = entry.value();
    else if (entry.key() == "offset" || entry.key() == "length") {
      if (llvm::StringRef(entry.value()).getAsInteger(10, number)) {
        reason = "the " + entry.key() + " '" + entry.value() +
                 "' of its external data is no number";
        return false;
      }
      if (entry.key() == "offset")
        offset = number;
      else
        length = number;
    }
  }
  owner = mapExternal(file, location, reason);
  if (!owner)
    return false;
  uint64_t available = owner->getBufferSize();
  if (offset > available || (length && *length > available - offset)) {
    reason = "its external data ends after the end of '" + location + "' (" +
             std::to_string(available) + " bytes)";
    return false;
  }
  data = owner->getBufferStart() + offset;
  size = length ? *length : available - offset;
  return true;
}

template <typename Stored, typename Field>
void appendNarrowed(std::string &storage, const Field &field) {
  for (auto value : field) {
    Stored narrow = static_cast<Stored>(value);
    storage.append(reinterpret_cast<const char *>(&narrow), sizeof(narrow));
  }
}

/// Puts the values of the typed fields together as raw_data would have them.
bool typedBytes(const TensorProto &tensor, std::string &storage,
                std::string &reason) {
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
  case TensorProto::COMPLEX64:
    appendNarrowed<float>(storage, tensor.float_data());
    return true;
  case TensorProto::DOUBLE:
  case TensorProto::COMPLEX128:
    appendNarrowed<double>(storage, tensor.double_data());
    return true;
  case TensorProto::INT64:
    appendNarrowed<int64_t>(storage, tensor.int64_data());
    return true;
  case TensorProto::UINT64:
    appendNarrowed<uint64_t>(storage, tensor.uint64_data());
    return true;
  case TensorProto::UINT32:
    appendNarrowed<uint32_t>(storage, tensor.uint64_data());
    return true;
  case TensorProto::INT32:
    appendNarrowed<int32_t>(storage, tensor.int32_data());
    return true;
  case TensorProto::INT16:
  case TensorProto::UINT16:
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
    appendNarrowed<uint16_t>(storage, tensor.int32_data());
    return true;
  case TensorProto::INT8:
  case TensorProto::UINT8:
  case TensorProto::BOOL:
  case TensorProto::INT2:
  case TensorProto::UINT2:
  case TensorProto::INT4:
  case TensorProto::UINT4:
  case TensorProto::FLOAT4E2M1:
  case TensorProto::FLOAT8E4M3FN:
  case TensorProto::FLOAT8E4M3FNUZ:
  case TensorProto::FLOAT8E5M2:
  case TensorProto::FLOAT8E5M2FNUZ:
    appendNarrowed<uint8_t>(storage, tensor.int32_data());
    return true;
  default:
    reason = "its element type is not supported";
    return false;
  }
}

} // namespace

bool tfc::tensorBytes(OnnxFile &file, const TensorProto &tensor,
                      const char *&data, size_t &size, std::string &storage,
                      std::shared_ptr<llvm::MemoryBuffer> &owner,
                      std::string &reason) {
  if (tensor.data_location() == TensorProto::EXTERNAL)
    return externalBytes(file, tensor, data, size, owner, reason);
  for (const auto &entry : tensor.external_data()) {
    if (entry.key() != payloadKey)
      continue;
    size_t number = 0;
    if (llvm::StringRef(entry.value()).getAsInteger(10, number) ||
        number >= file.payloads.size()) {
      reason = "its contents cannot be found";
      return false;
    }
    data = file.payloads[number].data;
    size = file.payloads[number].size;
    owner = file.mapped;
    return true;
  }
  if (tensor.has_raw_data()) {
    storage = tensor.raw_data();
  } else if (!typedBytes(tensor, storage, reason)) {
    return false;
  }
  data = storage.data();
  size = storage.size();
  return true;
}
