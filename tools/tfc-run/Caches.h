//===- Caches.h - buffers that are inputs and outputs -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TOOLS_TFC_RUN_CACHES_H
#define TFC_TOOLS_TFC_RUN_CACHES_H

#include "Tensors.h"

namespace tfc::run {

/// The buffer of a cache, as tfc_tensor_info describes it: dense, with room for
/// more tokens than there are.
class CacheBuffer {
public:
  CacheBuffer() = default;
  /// With what `given`, which is dense, has.
  CacheBuffer(const tfc_tensor_info &info, const Array &given);

  void *data() { return bytes.data(); }
  /// Fills `array`, whose sizes are set, with what lies at the beginning.
  void copyTo(Array &array) const;

private:
  /// The bytes of the tokens of `array` that lie together, and how many such
  /// pieces there are.
  std::pair<size_t, size_t> piecesOf(const Array &array) const;

  size_t axis = 0;
  std::vector<char> bytes;
};

} // namespace tfc::run

#endif // TFC_TOOLS_TFC_RUN_CACHES_H
