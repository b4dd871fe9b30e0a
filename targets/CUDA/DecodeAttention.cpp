//===- DecodeAttention.cpp - attention of few queries to many keys *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecodeAttention.h"
#include "DecodeKernel.h"
#include "DecodeSchedule.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

constexpr int64_t mostQueries = 8, mostRows = 8;
constexpr int64_t mostKeys = 64, leastKeys = 16;
/// Of keys and values in shared memory, where a block has no less than
/// leastKeys: two blocks on the 100 KiB of the smallest multiprocessors.
constexpr int64_t mostBytes = 40 * 1024;

} // namespace

DecodeTile::DecodeTile(attn::AttentionOp op)
    : queries(typeSize(op.getQuery(), 2)),
      sharing(typeSize(op.getQuery(), 1) / typeSize(op.getKey(), 1)),
      keyHeads(typeSize(op.getKey(), 1)),
      rows(std::min<int64_t>(llvm::PowerOf2Ceil(allRows()), mostRows)),
      rowTiles(llvm::divideCeil(allRows(), rows)), keys(mostKeys) {
  auto type = cast<ShapedType>(op.getKey().getType());
  int64_t elementBytes = type.getElementTypeBitWidth() / 8;
  int64_t bytes =
      SharedTile(1, typeSize(op.getKey(), 3), elementBytes).rowBytes() +
      SharedTile(1, typeSize(op.getValue(), 3), elementBytes).rowBytes();
  while (keys > leastKeys && KeyValueStream::stages * keys * bytes > mostBytes)
    keys /= 2;
}

bool tfc::cuda::isDecoding(attn::AttentionOp op) {
  int64_t queries = typeSize(op.getQuery(), 2), keys = typeSize(op.getKey(), 2);
  int64_t heads = typeSize(op.getQuery(), 1),
          keyHeads = typeSize(op.getKey(), 1);
  if (op.getSequences() || ShapedType::isDynamic(queries) ||
      queries > mostQueries || queries == 0 || ShapedType::isDynamic(heads) ||
      ShapedType::isDynamic(keyHeads) || heads == 0 || keyHeads == 0)
    return false;
  return ShapedType::isDynamic(keys) || keys > DecodeTile(op).keys;
}

int64_t tfc::cuda::numDecodeTiles(attn::AttentionOp op,
                                  const DecodeTile &tile) {
  int64_t batch = typeSize(op.getQuery(), 0), keys = typeSize(op.getKey(), 2);
  if (ShapedType::isDynamic(batch) || ShapedType::isDynamic(keys))
    return -1;
  return batch * tile.unitsOfBatch() * llvm::divideCeil(keys, tile.keys);
}

/// As many blocks as run at once, if there is a tile for each.
static Value numBlocks(attn::AttentionOp op, const DecodeTile &tile,
                       OpBuilder &b) {
  Location loc = op.getLoc();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  auto size = [&](Value buffer, int64_t dim) -> Value {
    return b.createOrFold<memref::DimOp>(loc, buffer, dim);
  };
  Value tiles = b.createOrFold<arith::CeilDivUIOp>(loc, size(op.getKey(), 2),
                                                   index(tile.keys));
  // A batch without keys is one tile all the same: its result is written.
  tiles = b.createOrFold<arith::MaxUIOp>(loc, tiles, index(1));
  tiles = b.createOrFold<arith::MulIOp>(loc, tiles, index(tile.unitsOfBatch()));
  tiles = b.createOrFold<arith::MulIOp>(loc, tiles, size(op.getInit(), 0));
  Value places =
      b.createOrFold<arith::MulIOp>(loc, x86::NumThreadsOp::create(b, loc),
                                    index(DecodeSchedule::residentBlocks));
  places = b.createOrFold<arith::MinUIOp>(loc, places,
                                          index(DecodeSchedule::mostBlocks));
  return b.createOrFold<arith::MinUIOp>(loc, tiles, places);
}

void tfc::cuda::emitDecodeAttention(attn::AttentionOp op, OpBuilder &b) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Location loc = op.getLoc();
  KernelBuilder k(b, loc);
  DecodeTile tile(op);
  // Two places for a block: of the heads that it begins with and ends with.
  Value partials = memref::AllocOp::create(
      b, loc,
      MemRefType::get({2 * DecodeSchedule::mostBlocks, tile.rows,
                       DecodeKernel::partialSize(op)},
                      b.getF32Type()));
  Value counters = memref::AllocOp::create(
      b, loc, MemRefType::get({DecodeSchedule::mostBlocks}, b.getI32Type()));
  linalg::FillOp::create(b, loc, k.constant(0), counters);
  DecodeKernel kernel(op, tile, k, partials, counters);
  createLaunch(b, loc, rowOfBlocks(b, loc, numBlocks(op, tile, b)),
               arith::ConstantIndexOp::create(b, loc, DecodeTile::threads),
               k.constant(kernel.sharedBytes()));
  kernel.emit();
}
