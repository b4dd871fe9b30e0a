//===- DecodeSchedule.cpp - how tiles are dealt to multiprocessors *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecodeSchedule.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace tfc::cuda;

DecodeSchedule::DecodeSchedule(int64_t tiles, int64_t multiprocessors) {
  int64_t places = multiprocessors * residentBlocks;
  blocks = std::max<int64_t>(std::min({tiles, places, mostBlocks}), 1);
  longestRange = std::max<int64_t>(llvm::divideCeil(tiles, blocks), 1);
  occupancy = double(tiles) / (llvm::alignTo(blocks, places) * longestRange);
}
