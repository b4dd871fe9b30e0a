//===- ProductTile.cpp - which tile a product is cut into -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductTile.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MathExtras.h"

using namespace tfc::cuda;

namespace {

/// Of NVIDIA's tuning guides and the table of compute capabilities in the CUDA
/// C++ Programming Guide; multiply-adds of a multiprocessor in a cycle.
struct GpuModel {
  int64_t multiprocessors, sharedBytes, threads, fma, mma16, mmaTF32;
};

constexpr int64_t registersOfMultiprocessor = 65536, mostBlocks = 32;
constexpr int64_t latency = 600, bytesOfCycle = 32;
/// One launch behind another in a graph, about a microsecond.
constexpr int64_t launching = 1500;
constexpr int64_t kibibyte = 1024;
/// What the driver keeps of each block's shared memory.
constexpr int64_t reservedBytes = kibibyte;

GpuModel modelOf(llvm::StringRef arch) {
  unsigned number;
  if (!arch.consume_front("sm_") || arch.getAsInteger(10, number))
    number = 80;
  if (number == 90 || number == 100 || number == 103)
    return {132, 228 * kibibyte, 2048, 128, 1024, 512};
  if (number > 80)
    return {84, 100 * kibibyte, 1536, 128, 512, 128};
  return {108, 164 * kibibyte, 2048, 64, 1024, 512};
}

/// The larger ones first: they win where times are equal.
constexpr ProductTile fmaTiles[] = {{128, 128, 32, 32, 64, 2},
                                    {64, 64, 32, 32, 32, 3},
                                    {32, 64, 32, 16, 32, 3},
                                    {16, 64, 32, 16, 32, 4}};
constexpr ProductTile mma16Tiles[] = {
    {128, 256, 32, 64, 64, 3}, {128, 128, 64, 64, 32, 3},
    {128, 128, 32, 64, 64, 3}, {64, 64, 32, 32, 32, 3},
    {32, 64, 64, 16, 32, 3},   {16, 64, 64, 16, 16, 4}};
constexpr ProductTile mmaTF32Tiles[] = {{128, 128, 32, 64, 64, 3},
                                        {64, 64, 32, 32, 32, 3},
                                        {32, 64, 32, 16, 32, 3},
                                        {16, 64, 32, 16, 32, 4}};

llvm::ArrayRef<ProductTile> tilesFor(Multiply multiply) {
  switch (multiply) {
  case Multiply::F32:
    return fmaTiles;
  case Multiply::TF32:
    return mmaTF32Tiles;
  case Multiply::F16:
  case Multiply::BF16:
    return mma16Tiles;
  }
  return fmaTiles;
}

int64_t blocksAtATime(const ProductTile &tile, int64_t elementBytes,
                      const GpuModel &gpu) {
  // Beside the sums: fragments of the factors, and addresses.
  int64_t sums = tile.rows * tile.columns / tile.threads();
  int64_t registers = std::min<int64_t>(255, sums + sums / 2 + 56);
  return std::min(
      {mostBlocks,
       gpu.sharedBytes / (tile.sharedBytes(elementBytes) + reservedBytes),
       registersOfMultiprocessor / (registers * tile.threads()),
       gpu.threads / tile.threads()});
}

/// What it costs that parts of `bytes` become one.
int64_t timeToMerge(int64_t parts, int64_t bytes) {
  return parts == 1 ? 0
                    : launching + 2 * latency +
                          parts * std::max(latency, bytes / bytesOfCycle);
}

/// Cycles; nothing where not even one block fits.
std::optional<int64_t> timeOf(const ProductTile &tile, int64_t parts,
                              Multiply multiply, const ProductSizes &sizes,
                              const GpuModel &gpu) {
  constexpr int64_t unknown = 512;
  bool isWide = multiply == Multiply::F32 || multiply == Multiply::TF32;
  int64_t bytes = isWide ? 4 : 2;
  int64_t rate = multiply == Multiply::F32    ? gpu.fma
                 : multiply == Multiply::TF32 ? gpu.mmaTF32
                                              : gpu.mma16;
  int64_t atATime = blocksAtATime(tile, bytes, gpu);
  if (atATime == 0)
    return std::nullopt;
  int64_t tiles = sizes.batch.value_or(1) *
                  llvm::divideCeil(sizes.m.value_or(unknown), tile.rows) *
                  llvm::divideCeil(sizes.n.value_or(unknown), tile.columns);
  int64_t steps = llvm::divideCeil(sizes.k.value_or(unknown), tile.depth);
  // Parts are for processors without a tile; to even out the last wave of many
  // tiles, partial sums are too much to write.
  if (parts > 1 && (!sizes.areKnown() || steps / parts < tile.stages ||
                    tiles >= gpu.multiprocessors))
    return std::nullopt;
  steps = llvm::divideCeil(steps, parts);
  int64_t multiplying = tile.rows * tile.columns * tile.depth / rate;
  int64_t loading =
      (tile.rows + tile.columns) * tile.depth * bytes / bytesOfCycle;
  int64_t step = std::max(multiplying, loading);
  int64_t result = tile.rows * tile.columns * int64_t(sizeof(float));
  int64_t writing = result / bytesOfCycle;
  auto together = [&](int64_t blocks) {
    return blocks == 0 ? 0
                       : latency +
                             steps * std::max(blocks * step,
                                              latency / (tile.stages - 1)) +
                             blocks * writing;
  };
  int64_t blocks = llvm::divideCeil(tiles * parts, gpu.multiprocessors);
  return blocks / atATime * together(atATime) + together(blocks % atATime) +
         timeToMerge(parts, result);
}

} // namespace

std::string tfc::cuda::checkProductTile(Multiply multiply,
                                        const ProductTile &tile) {
  bool isHalf = multiply == Multiply::F16 || multiply == Multiply::BF16;
  auto isMultiple = [](int64_t x, int64_t of) { return x > 0 && x % of == 0; };
  if (!isMultiple(tile.warpRows, slabRows) ||
      !isMultiple(tile.warpColumns, multiply == Multiply::F32 ? 32 : 16) ||
      tile.warpRows > 64 || tile.warpColumns > 64)
    return "expected warps with multiples of 16 rows and of 16 columns (32 for "
           "f32), 64 at most";
  if (!isMultiple(tile.rows, tile.warpRows) ||
      !isMultiple(tile.columns, tile.warpColumns) || tile.threads() > 1024)
    return "expected a block of whole warps, 32 at most";
  if (tile.depth != 32 && !(isHalf && tile.depth == 64))
    return "expected a depth of 32, or of 64 for f16 and bf16";
  int64_t piece = isHalf ? 8 : 4;
  for (int64_t side : {tile.rows, tile.columns})
    if (!isMultiple(side * tile.depth / piece, tile.threads()))
      return "expected a piece of 16 bytes for each thread";
  if (tile.stages < 2 || tile.stages > 8)
    return "expected 2 to 8 stages";
  return "";
}

ProductSchedule tfc::cuda::chooseProductSchedule(Multiply multiply,
                                                 const ProductSizes &sizes,
                                                 llvm::StringRef arch) {
  GpuModel gpu = modelOf(arch);
  llvm::ArrayRef<ProductTile> tiles = tilesFor(multiply);
  ProductSchedule best{tiles.back()};
  std::optional<int64_t> least;
  for (const ProductTile &tile : tiles)
    for (int64_t parts = 1; parts <= mostParts; parts *= 2) {
      std::optional<int64_t> time = timeOf(tile, parts, multiply, sizes, gpu);
      if (time && (!least || *time < *least)) {
        least = time;
        best = {tile, parts};
      }
    }
  return best;
}

int64_t tfc::cuda::chooseFewRowsParts(const ProductSizes &sizes,
                                      int64_t columns, int64_t bytes,
                                      int64_t elementBytes,
                                      llvm::StringRef arch) {
  if (!sizes.areKnown())
    return 1;
  GpuModel gpu = modelOf(arch);
  int64_t tiles = *sizes.batch * llvm::divideCeil(*sizes.n, columns);
  int64_t read = *sizes.k * columns * elementBytes;
  int64_t best = 1;
  std::optional<int64_t> least;
  for (int64_t parts = 1; parts <= mostParts; parts *= 2) {
    int64_t part = llvm::divideCeil(read, parts);
    if (parts > 1 && part < bytes)
      break;
    int64_t blocks = llvm::divideCeil(tiles * parts, gpu.multiprocessors);
    int64_t time =
        latency +
        std::max<int64_t>(llvm::divideCeil(part, bytes) * latency *
                     llvm::divideCeil(blocks, gpu.threads / fewRowsThreads),
                 blocks * part / bytesOfCycle) +
        timeToMerge(parts, *sizes.m * columns * int64_t(sizeof(float)));
    if (!least || time < *least) {
      least = time;
      best = parts;
    }
  }
  return best;
}
