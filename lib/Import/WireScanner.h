//===- WireScanner.h - a model without its weights --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_IMPORT_WIRESCANNER_H
#define TFC_LIB_IMPORT_WIRESCANNER_H

#include <cstddef>
#include <string>
#include <vector>

namespace tfc {

/// Bytes of a tensor in the mapped file.
struct Payload {
  const char *data;
  size_t size;
};

/// The key of the external-data entry that stands for a payload left out. Its
/// value is the payload's number.
inline constexpr char payloadKey[] = "tfc.payload";

/// Copies the serialised ModelProto in [data, data + size) to `slim`, leaving
/// out the contents of large tensors, which are appended to `payloads` and
/// named in the copy by an external-data entry. So protobuf never copies
/// weights, and a file may pass its limit of 2 GiB.
///
/// Returns false and says why in `reason` when the bytes are no protobuf
/// message or end too soon. Source: the protobuf encoding guide; field numbers
/// from onnx.proto.
bool scanModel(const char *data, size_t size, std::string &slim,
               std::vector<Payload> &payloads, std::string &reason);

} // namespace tfc

#endif // TFC_LIB_IMPORT_WIRESCANNER_H
