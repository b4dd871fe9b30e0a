//===- ProductTile.h - which tile a product is cut into ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_PRODUCTTILE_H
#define TFC_TARGETS_CUDA_PRODUCTTILE_H

#include "ProductLoops.h"
#include <optional>

namespace tfc::cuda {

/// A block's of the kernel for few rows.
constexpr int64_t fewRowsThreads = 8 * warpSize;
/// A warp's sums leave its registers by so many rows.
constexpr int64_t slabRows = 16;

/// What a block of threads computes: `rows` x `columns` sums, a warp
/// `warpRows` x `warpColumns` of them, in steps over `depth` products, with
/// `stages` steps in shared memory.
struct ProductTile {
  int64_t rows, columns, depth, warpRows, warpColumns, stages;

  int64_t warps() const { return rows / warpRows * (columns / warpColumns); }
  int64_t threads() const { return warps() * warpSize; }
  /// A row of a slab in shared memory: 8 more, so that rows begin in other
  /// banks.
  int64_t slabColumns() const { return warpColumns + 8; }
  int64_t factorBytes(int64_t elementBytes) const {
    return stages * (rows + columns) * depth * elementBytes;
  }
  /// The factors' tiles, and in their place the sums after them.
  int64_t sharedBytes(int64_t elementBytes) const {
    int64_t slabs = warps() * slabRows * slabColumns() * int64_t(sizeof(float));
    return std::max(factorBytes(elementBytes), slabs);
  }
};

/// What is wrong with a tile that a product asks for; empty where nothing is.
std::string checkProductTile(Multiply multiply, const ProductTile &tile);

/// Nothing is known of a size that is missing.
struct ProductSizes {
  std::optional<int64_t> batch, m, n, k;

  bool areKnown() const { return batch && m && n && k; }
};

/// A tile, and how many blocks share the loop k of each.
struct ProductSchedule {
  ProductTile tile;
  int64_t parts = 1;
};

/// More parts than this of a tile are not useful: one block adds them.
constexpr int64_t mostParts = 32;

/// The tile of a table, and the number of parts, that take the least time by
/// this model of a GPU, in cycles of one multiprocessor, to which
/// ceil(tiles x parts / multiprocessors) blocks come:
///
/// - As many blocks run at a time as shared memory, registers and threads
/// allow.
/// - A step of c blocks at a time takes c times the longer of multiplying (at
///   the peak of the unit) and of loading the factors (32 bytes a cycle), and
///   no less than the latency of memory shared by the stages ahead.
/// - A block begins with the latency of memory and ends with writing its sums
///   (32 bytes a cycle).
/// - Several parts cost a launch, which sets the counters to zero, and at the
///   end the latency of counting and reading each part (32 bytes a cycle, and
///   no less than the latency of memory).
///
/// A size that is unknown counts as 512, an unknown batch as 1; there are
/// several parts only where all are known, as many tiles need none. Parts are a
/// power of two, and have at least as many steps as there are stages.
ProductSchedule chooseProductSchedule(Multiply multiply,
                                      const ProductSizes &sizes,
                                      llvm::StringRef arch);

/// The same for the kernel for few rows, whose blocks have `columns` columns
/// and read `bytes` of b at once: a block takes the latency of memory for each
/// of those, and those of a multiprocessor together 32 bytes a cycle.
int64_t chooseFewRowsParts(const ProductSizes &sizes, int64_t columns,
                           int64_t bytes, int64_t elementBytes,
                           llvm::StringRef arch);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_PRODUCTTILE_H
