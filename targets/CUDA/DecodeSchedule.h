//===- DecodeSchedule.h - how tiles are dealt to multiprocessors *- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_DECODESCHEDULE_H
#define TFC_TARGETS_CUDA_DECODESCHEDULE_H

#include <cstdint>

namespace tfc::cuda {

/// A list of tiles, dealt in contiguous ranges to blocks of threads, as many as
/// run at once, so that ranges differ by a tile at most (stream-K; Osama et al.
/// 2023; of attention: LeanAttention, Sanovar et al. 2024, section 4).
struct DecodeSchedule {
  /// Blocks that a multiprocessor runs at once: what shared memory and
  /// registers of the smallest GPUs allow.
  static constexpr int64_t residentBlocks = 2;
  /// Memory for partial results is planned before the device is known. No grid
  /// is larger: 264 multiprocessors are twice those of an H100.
  static constexpr int64_t mostBlocks = residentBlocks * 264;

  DecodeSchedule(int64_t tiles, int64_t multiprocessors);

  /// Blocks that have tiles, and tiles of the one with most.
  int64_t blocks, longestRange;
  /// Which part of the multiprocessors' time is spent on tiles, if each takes
  /// as long: tiles / (places for blocks, in whole waves * longestRange).
  double occupancy;
};

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_DECODESCHEDULE_H
