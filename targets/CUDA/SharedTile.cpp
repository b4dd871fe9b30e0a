//===- SharedTile.cpp - rows of a matrix in shared memory -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedTile.h"
#include "Alignment.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tfc::cuda;

namespace {

/// Chunks of eight rows lie apart, or of four where a row is half the banks.
constexpr int64_t leastChunks = 4;

} // namespace

SharedTile::SharedTile(int64_t rows, int64_t size, int64_t elementBytes,
                       int64_t fewestChunks)
    : rows(rows), size(size), elementBytes(elementBytes),
      rowChunks(std::max<int64_t>({leastChunks, fewestChunks,
                                   int64_t(llvm::PowerOf2Ceil(llvm::divideCeil(
                                       size * elementBytes, chunkBytes)))})) {}

Value SharedTile::offset(KernelBuilder &k, Value row, Value chunk) const {
  Value turn =
      rowChunks >= 8 ? k.remainder(row, 8) : k.remainder(k.divide(row, 2), 4);
  return k.add(k.mul(row, rowBytes()), k.mul(k.xOr(chunk, turn), chunkBytes));
}

bool tfc::cuda::hasAlignedRows(MemRefType type) {
  int64_t elements = SharedTile::chunkBytes / bytesOf(type.getElementType());
  return type.getDimSize(3) % elements == 0 &&
         (type.getLayout().isIdentity() || isAligned(type, elements));
}

TileCopy::TileCopy(KernelBuilder &k, Value buffer, Value batch, Value head,
                   const SharedTile &tile, int64_t threads, Value firstRow)
    : k(k), tile(tile) {
  auto metadata = memref::ExtractStridedMetadataOp::create(k.b, k.loc, buffer);
  auto stride = [&](unsigned d) { return k.toWide(metadata.getStrides()[d]); };
  Value element = k.add(k.mul(k.toWide(batch), stride(0)),
                        k.mul(k.toWide(head), stride(1)));
  if (firstRow)
    element = k.add(element, k.mul(k.toWide(firstRow), stride(2)));
  Value bytes = k.wide(tile.elementBytes);
  rowBytes = k.mul(stride(2), bytes);
  base = k.advance(k.addressOf(buffer), k.mul(element, bytes));
  rowsAtOnce = threads / tile.rowChunks;
  assert(rowsAtOnce <= tile.rows && "threads would copy beyond the tile");
  row = k.divide(k.thread(), tile.rowChunks);
  chunk = k.remainder(k.thread(), tile.rowChunks);
}

Value TileCopy::start(Value first) {
  Value rows = k.mul(k.toWide(k.add(first, row)), rowBytes);
  return k.advance(base,
                   k.add(rows, k.toWide(k.mul(chunk, SharedTile::chunkBytes))));
}

Value TileCopy::next(Value from) {
  return k.advance(from, k.mul(rowBytes, k.wide(tile.rows)));
}

/// Whether the thread's chunk is one of the row; null where all are.
Value TileCopy::isChunk() {
  int64_t chunks = tile.size / tile.elementsOfChunk();
  return chunks == tile.rowChunks ? Value() : k.less(chunk, k.constant(chunks));
}

Value TileCopy::sharedAt(Value region, int64_t pass) {
  // Chunks of rows that are a multiple of 8 apart are exchanged alike.
  if (rowsAtOnce % 8 == 0)
    return k.advance(region,
                     k.add(tile.offset(k, row, chunk), pass * tile.rowBytes()));
  return k.advance(region, tile.offset(k, k.add(row, pass), chunk));
}

void TileCopy::copy(Value region, Value from, Value left) {
  Value isMine = isChunk();
  Value rowsLeft = k.sub(left, row);
  for (int64_t i = 0; i < tile.rows; i += rowsAtOnce) {
    Value inside = k.less(k.constant(i), rowsLeft);
    if (isMine)
      inside = k.both(inside, isMine);
    k.copyAsync(sharedAt(region, i),
                k.advance(from, k.mul(rowBytes, k.wide(i))), inside);
  }
}

void TileCopy::write(Value region, Value first, Value numRows) {
  OpBuilder &b = k.b;
  auto type = VectorType::get(4, b.getI32Type());
  Value to = start(first), isMine = isChunk();
  for (int64_t i = 0; i < tile.rows; i += rowsAtOnce) {
    Value inside = k.less(k.add(k.add(first, row), i), numRows);
    if (isMine)
      inside = k.both(inside, isMine);
    auto branch = scf::IfOp::create(b, k.loc, inside, /*withElse=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    Value loaded = LLVM::LoadOp::create(b, k.loc, type, sharedAt(region, i),
                                        SharedTile::chunkBytes);
    LLVM::StoreOp::create(b, k.loc, loaded,
                          k.advance(to, k.mul(rowBytes, k.wide(i))),
                          SharedTile::chunkBytes);
  }
}
