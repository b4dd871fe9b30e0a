//===- Caches.cpp - buffers that are inputs and outputs ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Caches.h"

#include <algorithm>
#include <cstring>

using namespace tfc;
using namespace tfc::run;

std::pair<size_t, size_t> CacheBuffer::piecesOf(const Array &array) const {
  size_t piece = elementBytes(array.type), count = 1;
  for (size_t d = 0; d < array.dims.size(); ++d)
    (d < axis ? count : piece) *= array.dims[d];
  return {piece, count};
}

CacheBuffer::CacheBuffer(const tfc_tensor_info &info, const Array &given)
    : axis(info.cache_axis) {
  Array whole;
  whole.type = given.type;
  whole.dims = given.dims;
  whole.dims[axis] = info.cache_capacity;
  auto [step, all] = piecesOf(whole);
  bytes.resize(step * all);
  auto [piece, count] = piecesOf(given);
  // More than there is room for is the model's to refuse.
  for (size_t i = 0; i < count; ++i)
    std::memcpy(bytes.data() + i * step, given.data.data() + i * piece,
                std::min(piece, step));
}

void CacheBuffer::copyTo(Array &array) const {
  auto [piece, count] = piecesOf(array);
  size_t step = count ? bytes.size() / count : 0;
  for (size_t i = 0; i < count; ++i)
    std::memcpy(array.data.data() + i * piece, bytes.data() + i * step,
                std::min(piece, step));
}
