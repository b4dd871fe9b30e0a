//===- SortKernel.cpp - a block for each row of a sort ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SortKernel.h"
#include "KernelBuilder.h"
#include "Launch.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

constexpr int64_t mostElements = 2048, mostThreads = 512, positionBytes = 4;
/// Pieces of 2048 are one after so many mergers: positions are i32.
constexpr int64_t mostMergers = 20;

/// An element in registers.
struct Entry {
  Value key, position;
};

class SortKernel {
public:
  SortKernel(SortOp op, OpBuilder &b);

  void emit();

private:
  // On the host.
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  void allocate();
  Value mergeAll();
  void merge(Value width, Value half);
  void writeFrom(Value half);

  // In kernels. Rows and places are of type index where buffers are accessed,
  // i32 within a piece.
  using Place = llvm::function_ref<void(Value place)>;
  void forThreads(int64_t count, Place body);
  void ifThere(Value condition, llvm::function_ref<void()> body);
  void sortPieces();
  void loadPiece(Value row, Value first);
  void sortPiece();
  void exchange(Value pair, Value stage, Value stride);
  void writePiece(Value row, Value piece, Value first);
  void mergeElement(Value iteration, Value width, Value half);
  Value countBefore(Value row, Value half, Value begin, Value length,
                    Value isSecond, Value key);

  Value keyOf(Value element);
  SmallVector<Value> indicesAt(Value row, Value place);
  void writeResult(Value row, Value place, Value position);
  /// In shared memory.
  Value keyAt(Value place) { return k.advance(shared, k.mul(place, keyBytes)); }
  Value positionAt(Value place) {
    return k.advance(shared,
                     k.add(k.mul(place, positionBytes), pieceSize * keyBytes));
  }
  Entry readShared(Value place);
  void writeShared(Value place, Entry entry);
  Value toIndex(Value value) {
    return value.getType().isIndex()
               ? value
               : arith::IndexCastOp::create(b, loc, b.getIndexType(), value)
                     .getResult();
  }

  SortOp op;
  OpBuilder &b;
  Location loc;
  KernelBuilder k;
  unsigned dimension;
  Type keyType;
  int64_t keyBytes;
  /// The sizes of all dimensions, the number of rows, of a row's elements, and
  /// of those that are wanted.
  SmallVector<Value> sizes;
  Value rows, size, wanted;
  /// The elements of a piece; whether a row is one.
  int64_t pieceSize = mostElements;
  bool isOnePiece = false;
  Value pieces, shared;
  /// [2, rows, size]: what is sorted so far is in one half.
  Value keys, positions;
};

} // namespace

SortKernel::SortKernel(SortOp op, OpBuilder &b)
    : op(op), b(b), loc(op.getLoc()), k(b, loc), dimension(op.getDimension()) {
  Type key = op.getKey().front().getTerminator()->getOperand(0).getType();
  keyBytes = key.getIntOrFloatBitWidth() > 32 ? 8 : 4;
  keyType = b.getIntegerType(8 * keyBytes);
  int64_t rank = cast<ShapedType>(op.getInput().getType()).getRank();
  rows = index(1);
  for (int64_t d = 0; d < rank; ++d) {
    sizes.push_back(b.createOrFold<memref::DimOp>(loc, op.getInput(), d));
    if (d != dimension)
      rows = b.createOrFold<arith::MulIOp>(loc, rows, sizes.back());
  }
  size = sizes[dimension];
  wanted = size;
  if (!op.givesPlaces())
    wanted = b.createOrFold<arith::MinUIOp>(
        loc, size,
        b.createOrFold<memref::DimOp>(loc, op.getInits()[0], dimension));
  if (std::optional<int64_t> known = getConstantIntValue(size);
      known && *known <= mostElements) {
    isOnePiece = true;
    pieceSize = llvm::PowerOf2Ceil(std::max<int64_t>(*known, 2));
  }
  pieces = isOnePiece ? index(1)
                      : b.createOrFold<arith::CeilDivUIOp>(loc, size,
                                                           index(pieceSize));
}

void SortKernel::emit() {
  if (!isOnePiece)
    allocate();
  sortPieces();
  if (!isOnePiece)
    writeFrom(mergeAll());
}

void SortKernel::allocate() {
  auto memory = [&](Type element) -> Value {
    SmallVector<OpFoldResult> shape = {
        b.getIndexAttr(2), getAsOpFoldResult(rows), getAsOpFoldResult(size)};
    SmallVector<int64_t> known;
    SmallVector<Value> open;
    dispatchIndexOpFoldResults(shape, open, known);
    return memref::AllocOp::create(b, loc, MemRefType::get(known, element),
                                   open);
  };
  keys = memory(keyType);
  positions = memory(b.getI32Type());
}

/// Merges pieces until a row is one; the half that has it.
Value SortKernel::mergeAll() {
  if (std::optional<int64_t> known = getConstantIntValue(size)) {
    int64_t merged = 0;
    for (int64_t width = pieceSize; width < *known; width *= 2)
      merge(index(width), index(merged++ % 2));
    return index(merged % 2);
  }
  auto loop = scf::ForOp::create(b, loc, index(0), index(mostMergers), index(1),
                                 ValueRange(index(0)));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value before = loop.getRegionIterArg(0);
  Value width =
      arith::ShLIOp::create(b, loc, index(pieceSize), loop.getInductionVar());
  Value isShort =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, width, size);
  Type type = b.getIndexType();
  auto branch =
      scf::IfOp::create(b, loc, type, isShort, /*withElseRegion=*/true);
  scf::YieldOp::create(b, loc, branch.getResults());
  b.setInsertionPointToStart(branch.thenBlock());
  merge(width, before);
  scf::YieldOp::create(
      b, loc, arith::SubIOp::create(b, loc, index(1), before).getResult());
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, loc, before);
  return loop.getResult(0);
}

/// One launch: pieces of `width` of a half become ones twice as long in the
/// other.
void SortKernel::merge(Value width, Value half) {
  OpBuilder::InsertionGuard guard(b);
  Value count = b.createOrFold<arith::MulIOp>(loc, rows, size);
  auto [begin, step] = launchThreads(b, loc, count);
  auto loop = scf::ForOp::create(b, loc, begin, count, step);
  b.setInsertionPointToStart(loop.getBody());
  mergeElement(loop.getInductionVar(), width, half);
}

void SortKernel::writeFrom(Value half) {
  OpBuilder::InsertionGuard guard(b);
  Value count = b.createOrFold<arith::MulIOp>(loc, rows, wanted);
  auto [begin, step] = launchThreads(b, loc, count);
  auto loop = scf::ForOp::create(b, loc, begin, count, step);
  b.setInsertionPointToStart(loop.getBody());
  Value row = arith::DivUIOp::create(b, loc, loop.getInductionVar(), wanted),
        place = arith::RemUIOp::create(b, loc, loop.getInductionVar(), wanted);
  Value position =
      memref::LoadOp::create(b, loc, positions, ValueRange{half, row, place});
  writeResult(row, place, position);
}

void SortKernel::forThreads(int64_t count, Place body) {
  int64_t threads = std::clamp<int64_t>(pieceSize / 2, warpSize, mostThreads);
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, k.thread(), k.constant(count),
                                 k.constant(threads));
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void SortKernel::ifThere(Value condition, llvm::function_ref<void()> body) {
  OpBuilder::InsertionGuard guard(b);
  auto branch = scf::IfOp::create(b, loc, condition, /*withElse=*/false);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

/// One launch with a block for each piece of each row.
void SortKernel::sortPieces() {
  OpBuilder::InsertionGuard guard(b);
  Value count = b.createOrFold<arith::MulIOp>(loc, rows, pieces);
  Value blocks = b.createOrFold<arith::MinUIOp>(loc, count, index(mostBlocks));
  int64_t threads = std::clamp<int64_t>(pieceSize / 2, warpSize, mostThreads);
  gpu::LaunchOp launch =
      createLaunch(b, loc, rowOfBlocks(b, loc, blocks), index(threads),
                   k.constant(pieceSize * (keyBytes + positionBytes)));
  shared = k.sharedMemory();
  auto loop = scf::ForOp::create(b, loc, launch.getBlockIds().x, count,
                                 launch.getGridSize().x);
  b.setInsertionPointToStart(loop.getBody());
  Value row = loop.getInductionVar(), piece = index(0), first = index(0);
  if (!isOnePiece) {
    piece = arith::RemUIOp::create(b, loc, row, pieces);
    row = arith::DivUIOp::create(b, loc, row, pieces);
    first = arith::MulIOp::create(b, loc, piece, index(pieceSize));
  }
  loadPiece(row, first);
  k.barrier();
  sortPiece();
  writePiece(row, piece, first);
  // Before the next row comes.
  k.barrier();
}

void SortKernel::loadPiece(Value row, Value first) {
  APInt last = APInt::getSignedMaxValue(8 * keyBytes);
  forThreads(pieceSize, [&](Value place) {
    Value at = b.createOrFold<arith::AddIOp>(loc, first, toIndex(place));
    Value inside =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, at, size);
    auto branch =
        scf::IfOp::create(b, loc, keyType, inside, /*withElseRegion=*/true);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      Value element =
          memref::LoadOp::create(b, loc, op.getInput(), indicesAt(row, at));
      scf::YieldOp::create(b, loc, keyOf(element));
      // What is past the end comes last, by its position.
      b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(
          b, loc,
          arith::ConstantOp::create(b, loc, b.getIntegerAttr(keyType, last))
              .getResult());
    }
    writeShared(place, {branch.getResult(0), k.toInt(at)});
  });
}

void SortKernel::sortPiece() {
  OpBuilder::InsertionGuard guard(b);
  Value one = k.constant(1);
  auto stages = scf::ForOp::create(
      b, loc, one, k.constant(llvm::Log2_64(pieceSize) + 1), one);
  b.setInsertionPointToStart(stages.getBody());
  Value stage = stages.getInductionVar();
  auto steps = scf::ForOp::create(b, loc, k.constant(0), stage, one);
  b.setInsertionPointToStart(steps.getBody());
  Value shift = k.sub(k.sub(stage, one), steps.getInductionVar());
  Value stride = arith::ShLIOp::create(b, loc, one, shift);
  forThreads(pieceSize / 2, [&](Value pair) { exchange(pair, stage, stride); });
  k.barrier();
}

/// Puts two entries `stride` apart in order: upwards and downwards in turn, for
/// 2^stage entries each.
void SortKernel::exchange(Value pair, Value stage, Value stride) {
  Value below =
      arith::AndIOp::create(b, loc, pair, k.sub(stride, k.constant(1)));
  Value left = k.sub(k.add(pair, pair), below), right = k.add(left, stride);
  Entry x = readShared(left), y = readShared(right);
  Value isBefore =
      k.either(k.less(y.key, x.key),
               k.both(k.equal(y.key, x.key), k.less(y.position, x.position)));
  Value turn = arith::AndIOp::create(
      b, loc, arith::ShRUIOp::create(b, loc, left, stage), k.constant(1));
  Value isUpwards = k.equal(turn, k.constant(0));
  ifThere(k.equal(isBefore, isUpwards), [&] {
    writeShared(left, y);
    writeShared(right, x);
  });
}

void SortKernel::writePiece(Value row, Value piece, Value first) {
  Value left = b.createOrFold<arith::SubIOp>(loc, size, first);
  Value limit = b.createOrFold<arith::MinUIOp>(loc, left, wanted);
  forThreads(pieceSize, [&](Value place) {
    Value at = toIndex(place);
    Value inside =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, at, limit);
    ifThere(inside, [&] {
      Entry entry = readShared(place);
      if (isOnePiece)
        return writeResult(row, at, entry.position);
      SmallVector<Value> to = {index(0), row,
                               arith::AddIOp::create(b, loc, first, at)};
      memref::StoreOp::create(b, loc, entry.key, keys, to);
      memref::StoreOp::create(b, loc, entry.position, positions, to);
    });
  });
}

/// Of the pieces of `width`, two make one. Of each the wanted elements are
/// there.
void SortKernel::mergeElement(Value iteration, Value width, Value half) {
  auto minimum = [&](Value x, Value y) -> Value {
    return arith::MinUIOp::create(b, loc, x, y);
  };
  Value row = arith::DivUIOp::create(b, loc, iteration, size),
        at = arith::RemUIOp::create(b, loc, iteration, size);
  Value piece = arith::DivUIOp::create(b, loc, at, width),
        place = arith::RemUIOp::create(b, loc, at, width);
  Value other = arith::XOrIOp::create(b, loc, piece, index(1));
  Value begin = arith::MulIOp::create(b, loc, other, width);
  // The last piece may be shorter, or stand alone.
  Value length = arith::SubIOp::create(b, loc, size, minimum(begin, size));
  length = minimum(minimum(length, width), wanted);
  Value isSecond =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, piece, other);
  ifThere(
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, place, wanted),
      [&] {
        SmallVector<Value> from = {half, row, at};
        Value key = memref::LoadOp::create(b, loc, keys, from),
              position = memref::LoadOp::create(b, loc, positions, from);
        Value to = arith::AddIOp::create(
            b, loc, place,
            countBefore(row, half, begin, length, isSecond, key));
        ifThere(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, to,
                                      wanted),
                [&] {
                  Value start = arith::MinUIOp::create(
                      b, loc, begin, arith::SubIOp::create(b, loc, at, place));
                  SmallVector<Value> target = {
                      arith::SubIOp::create(b, loc, index(1), half), row,
                      arith::AddIOp::create(b, loc, start, to)};
                  memref::StoreOp::create(b, loc, key, keys, target);
                  memref::StoreOp::create(b, loc, position, positions, target);
                });
      });
}

/// How many of the `length` entries from `begin` on come before a key of the
/// other piece: equal ones, where that is the second.
Value SortKernel::countBefore(Value row, Value half, Value begin, Value length,
                              Value isSecond, Value key) {
  Type type = b.getIndexType();
  auto loop = scf::WhileOp::create(b, loc, TypeRange{type, type},
                                   ValueRange{index(0), length});
  OpBuilder::InsertionGuard guard(b);
  Block *before =
      b.createBlock(&loop.getBefore(), {}, {type, type}, {loc, loc});
  Value open =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                            before->getArgument(0), before->getArgument(1));
  scf::ConditionOp::create(b, loc, open, before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, {type, type}, {loc, loc});
  Value low = after->getArgument(0), high = after->getArgument(1);
  Value middle = arith::ShRUIOp::create(
      b, loc, arith::AddIOp::create(b, loc, low, high), index(1));
  Value other = memref::LoadOp::create(
      b, loc, keys,
      ValueRange{half, row, arith::AddIOp::create(b, loc, begin, middle)});
  Value isBefore =
      k.either(k.less(other, key), k.both(isSecond, k.equal(other, key)));
  Value next = arith::AddIOp::create(b, loc, middle, index(1));
  scf::YieldOp::create(b, loc,
                       ValueRange{k.select(isBefore, next, low),
                                  k.select(isBefore, high, middle)});
  return loop.getResult(0);
}

Value SortKernel::keyOf(Value element) {
  Block &body = op.getKey().front();
  IRMapping mapping;
  mapping.map(body.getArgument(0), element);
  for (Operation &inner : body.without_terminator())
    b.clone(inner, mapping);
  Value key = mapping.lookupOrDefault(body.getTerminator()->getOperand(0));
  return key.getType() == keyType
             ? key
             : arith::ExtSIOp::create(b, loc, keyType, key).getResult();
}

SmallVector<Value> SortKernel::indicesAt(Value row, Value place) {
  SmallVector<Value> indices(sizes.size());
  Value rest = row;
  for (unsigned d = sizes.size(); d-- > 0;) {
    if (d == dimension)
      continue;
    indices[d] = b.createOrFold<arith::RemUIOp>(loc, rest, sizes[d]);
    rest = b.createOrFold<arith::DivUIOp>(loc, rest, sizes[d]);
  }
  indices[dimension] = place;
  return indices;
}

void SortKernel::writeResult(Value row, Value place, Value position) {
  auto store = [&](Value number, Value buffer, Value at) {
    Type type = getElementTypeOrSelf(buffer.getType());
    if (!type.isIndex())
      number = arith::IndexCastOp::create(b, loc, type, number);
    memref::StoreOp::create(b, loc, number, buffer, indicesAt(row, at));
  };
  Value from = toIndex(position);
  if (op.givesPlaces())
    return store(place, op.getInits()[0], from);
  Value element =
      memref::LoadOp::create(b, loc, op.getInput(), indicesAt(row, from));
  memref::StoreOp::create(b, loc, element, op.getInits()[0],
                          indicesAt(row, place));
  store(from, op.getInits()[1], place);
}

Entry SortKernel::readShared(Value place) {
  return {LLVM::LoadOp::create(b, loc, keyType, keyAt(place)),
          LLVM::LoadOp::create(b, loc, b.getI32Type(), positionAt(place))};
}

void SortKernel::writeShared(Value place, Entry entry) {
  LLVM::StoreOp::create(b, loc, entry.key, keyAt(place));
  LLVM::StoreOp::create(b, loc, entry.position, positionAt(place));
}

void tfc::cuda::emitSort(SortOp op, OpBuilder &b) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  SortKernel(op, b).emit();
}
