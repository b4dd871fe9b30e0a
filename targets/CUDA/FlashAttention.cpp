//===- FlashAttention.cpp - attention that never writes scores --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlashAttention.h"
#include "KeyRange.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

constexpr int64_t chunkBytes = 16, halvesOfChunk = 8, stages = 2;

/// Rows of halves in shared memory. Chunks of 16 bytes are exchanged within a
/// row by its number, so that eight rows' same chunks lie in all banks.
struct SharedTile {
  SharedTile(int64_t rows, int64_t size) : rows(rows) {
    rowChunks = std::max<int64_t>(
        4, llvm::PowerOf2Ceil(llvm::divideCeil(size, halvesOfChunk)));
  }

  int64_t rowBytes() const { return rowChunks * chunkBytes; }
  int64_t bytes() const { return rows * rowBytes(); }

  /// Where a chunk of a row lies.
  Value offset(KernelBuilder &k, Value row, Value chunk) const {
    Value turn = rowChunks >= 8 ? k.remainder(row, 8)
                                : k.remainder(k.divide(row, 2), 4);
    return k.add(k.mul(row, rowBytes()),
                 k.mul(k.xOr(chunk, turn), chunkBytes));
  }

  int64_t rows, rowChunks;
};

/// What carries from one tile of keys to the next: results, and of each row the
/// greatest score and the sum of weights, of this thread's columns.
struct Progress {
  SmallVector<Value> results, greatest, sums;

  SmallVector<Value> all() const {
    SmallVector<Value> values = results;
    llvm::append_range(values, greatest);
    llvm::append_range(values, sums);
    return values;
  }
  void take(ValueRange values) {
    auto next = values.begin();
    for (SmallVector<Value> *list : {&results, &greatest, &sums})
      for (Value &value : *list)
        value = *next++;
  }
};

/// Rows of a tile from device memory, some chunks for each thread.
class TileCopy {
public:
  TileCopy(KernelBuilder &k, Value buffer, Value batch, Value head,
           const SharedTile &tile, int64_t threads)
      : k(k), tile(tile), size(cast<MemRefType>(buffer.getType()).getDimSize(3)) {
    auto metadata =
        memref::ExtractStridedMetadataOp::create(k.b, k.loc, buffer);
    auto stride = [&](unsigned d) { return k.toWide(metadata.getStrides()[d]); };
    Value element = k.add(k.mul(k.toWide(batch), stride(0)),
                          k.mul(k.toWide(head), stride(1)));
    rowBytes = k.mul(stride(2), k.wide(2));
    base = k.advance(k.addressOf(buffer), k.mul(element, k.wide(2)));
    rowsAtOnce = threads / tile.rowChunks;
    row = k.divide(k.thread(), tile.rowChunks);
    chunk = k.remainder(k.thread(), tile.rowChunks);
    Value at = tile.offset(k, row, chunk);
    // A pass further is a multiple of 8 rows: chunks are exchanged alike.
    shared = at;
  }

  /// The thread's first chunk of the tile that begins with row `first`.
  Value start(Value first) {
    Value rows = k.mul(k.toWide(k.add(first, row)), rowBytes);
    return k.advance(base, k.add(rows, k.toWide(k.mul(chunk, chunkBytes))));
  }

  /// Copies to `region`, from `from` as start() or next() gave it; `left` rows
  /// are there from the tile's beginning.
  void copy(Value region, Value from, Value left) {
    Value isChunk =
        size % (tile.rowChunks * halvesOfChunk) == 0
            ? Value()
            : k.less(chunk, k.constant(llvm::divideCeil(size, halvesOfChunk)));
    Value mine = k.sub(left, row);
    for (int64_t i = 0; i < tile.rows; i += rowsAtOnce) {
      Value inside = k.less(k.constant(i), mine);
      if (isChunk)
        inside = k.both(inside, isChunk);
      Value to = k.advance(region, k.add(shared, i * tile.rowBytes()));
      k.copyAsync(to, k.advance(from, k.mul(rowBytes, k.wide(i))), inside);
    }
  }

  /// Writes the tile at `region` to rows from `first` on, of which there are
  /// `numRows` in all.
  void write(Value region, Value first, Value numRows) {
    auto vector = VectorType::get(4, k.b.getI32Type());
    Value to = start(first);
    for (int64_t i = 0; i < tile.rows; i += rowsAtOnce) {
      Value inside = k.less(k.add(k.add(first, row), i), numRows);
      inside = k.both(
          inside,
          k.less(chunk, k.constant(llvm::divideCeil(size, halvesOfChunk))));
      auto branch = scf::IfOp::create(k.b, k.loc, inside, /*withElse=*/false);
      OpBuilder::InsertionGuard guard(k.b);
      k.b.setInsertionPointToStart(branch.thenBlock());
      Value loaded = LLVM::LoadOp::create(
          k.b, k.loc, vector,
          k.advance(region, k.add(shared, i * tile.rowBytes())), chunkBytes);
      LLVM::StoreOp::create(k.b, k.loc, loaded,
                            k.advance(to, k.mul(rowBytes, k.wide(i))),
                            chunkBytes);
    }
  }

  /// The same rows of the next tile.
  Value next(Value from) {
    return k.advance(from, k.mul(rowBytes, k.wide(tile.rows)));
  }

private:
  KernelBuilder &k;
  SharedTile tile;
  int64_t size, rowsAtOnce;
  Value base, rowBytes, row, chunk, shared;
};

class Kernel {
public:
  Kernel(attn::AttentionOp op, FlashTile tile, KernelBuilder &k)
      : op(op), tile(tile), k(k),
        headSize(cast<ShapedType>(op.getKey().getType()).getDimSize(3)),
        valueSize(cast<ShapedType>(op.getValue().getType()).getDimSize(3)),
        type(cast<ShapedType>(op.getQuery().getType()).getElementType().isF16()
                 ? HalfType::F16
                 : HalfType::BF16),
        queryTile(tile.queries, std::max(headSize, valueSize)),
        keyTile(tile.keys, headSize), valueTile(tile.keys, valueSize),
        blocksOfRows(tile.queries / tile.warps / 16),
        headSteps(llvm::divideCeil(headSize, 16)),
        valueColumns(llvm::alignTo(valueSize, 16) / 8) {}

  int64_t sharedBytes() const {
    return queryTile.bytes() + stages * (keyTile.bytes() + valueTile.bytes());
  }
  void emit();

private:
  using Registers = std::array<Value, 4>;

  void findPlace();
  void loadQueries();
  Registers queryRegisters(int64_t rows, int64_t step);
  void run(Value from, Value to, bool isMasked, KeyRange &range);
  void computeTile(Value keysAt, Value valuesAt, Value firstKey, bool isMasked,
                   KeyRange &range);
  std::vector<std::vector<Registers>> multiplyKeys(Value keysAt);
  void scoreTile(std::vector<std::vector<Registers>> &scores, Value firstKey,
                 KeyRange &range);
  void weigh(int64_t rows, std::vector<Registers> &scores, bool isMasked,
             KeyRange &range);
  void addValues(const std::vector<std::vector<Registers>> &weights,
                 Value valuesAt);
  void store(KeyRange &range);
  Value acrossColumns(Value x, Value (KernelBuilder::*combine)(Value, Value));

  Value &result(int64_t rows, int64_t column, int64_t i) {
    return progress.results[(rows * valueColumns + column) * 4 + i];
  }

  attn::AttentionOp op;
  FlashTile tile;
  KernelBuilder &k;
  int64_t headSize, valueSize;
  HalfType type;
  SharedTile queryTile, keyTile, valueTile;
  int64_t blocksOfRows, headSteps, valueColumns;

  Value batch, head, firstQuery, lane, warpRow, shared, keyRegion, valueRegion;
  /// Where a thread's row of matrices begins, for each step along the heads of
  /// queries and keys, and for each two columns of values.
  SmallVector<Value> queryRows, keyRows, valueRows;
  std::vector<std::vector<Registers>> queries;
  std::optional<TileCopy> keyCopy, valueCopy;
  /// What the copies do next.
  Value keyFrom, valueFrom, rowsLeft, keyStage, valueStage;
  Progress progress;
};

} // namespace

/// The number of this block's tile, head and batch, of this thread's warp and
/// lane, and what of them addresses in shared memory follow from.
void Kernel::findPlace() {
  Value number = k.block(0);
  if (op.getCausal()) {
    // The longest rows first: short ones fill the gaps at the end.
    Value last = k.sub(k.toInt(gpu::GridDimOp::create(k.b, k.loc,
                                                      gpu::Dimension::x)),
                       k.constant(1));
    number = k.sub(last, number);
  }
  firstQuery = k.mul(number, tile.queries);
  head = k.block(1);
  batch = k.block(2);
  lane = k.remainder(k.thread(), 32);
  warpRow = k.mul(k.divide(k.thread(), 32), 16 * blocksOfRows);
  shared = k.sharedMemory();
  keyRegion = k.advance(shared, k.constant(queryTile.bytes()));
  valueRegion =
      k.advance(keyRegion, k.constant(stages * keyTile.bytes()));
  // Which row of four matrices a lane names, and which of two chunks: matrices
  // of a first operand, and of values, go down first, those of keys right.
  Value low = k.remainder(lane, 8), bit3 = k.remainder(k.divide(lane, 8), 2),
        bit4 = k.divide(lane, 16);
  Value down = k.add(low, k.mul(bit3, 8)), right = k.add(low, k.mul(bit4, 8));
  for (int64_t step = 0; step < headSteps; ++step) {
    queryRows.push_back(k.advance(
        shared, queryTile.offset(k, k.add(warpRow, down), k.add(bit4, 2 * step))));
    keyRows.push_back(k.advance(
        keyRegion, keyTile.offset(k, right, k.add(bit3, 2 * step))));
  }
  for (int64_t column = 0; column < valueColumns; column += 2)
    valueRows.push_back(k.advance(
        valueRegion, valueTile.offset(k, down, k.add(bit4, column))));
}

Kernel::Registers Kernel::queryRegisters(int64_t rows, int64_t step) {
  if (tile.holdsQueries)
    return queries[rows][step];
  return k.loadMatrices(
      k.advance(queryRows[step], k.constant(rows * 16 * queryTile.rowBytes())),
      /*transposed=*/false);
}

void Kernel::loadQueries() {
  if (!tile.holdsQueries)
    return;
  queries.resize(blocksOfRows);
  for (int64_t rows = 0; rows < blocksOfRows; ++rows)
    for (int64_t step = 0; step < headSteps; ++step)
      queries[rows].push_back(k.loadMatrices(
          k.advance(queryRows[step],
                    k.constant(rows * 16 * queryTile.rowBytes())),
          /*transposed=*/false));
}

std::vector<std::vector<Kernel::Registers>>
Kernel::multiplyKeys(Value keysAt) {
  Value zero = k.number(0);
  std::vector<std::vector<Registers>> scores(
      blocksOfRows, std::vector<Registers>(tile.keys / 8,
                                           {zero, zero, zero, zero}));
  for (int64_t step = 0; step < headSteps; ++step) {
    Value rowAt = k.advance(keyRows[step], keysAt);
    std::vector<Registers> left;
    for (int64_t rows = 0; rows < blocksOfRows; ++rows)
      left.push_back(queryRegisters(rows, step));
    for (int64_t column = 0; column < tile.keys / 8; column += 2) {
      Registers right = k.loadMatrices(
          k.advance(rowAt, k.constant(column * 8 * keyTile.rowBytes())),
          /*transposed=*/false);
      for (int64_t rows = 0; rows < blocksOfRows; ++rows)
        for (int64_t i = 0; i < 2; ++i) {
          Registers &sums = scores[rows][column + i];
          sums = k.multiply(left[rows], {right[2 * i], right[2 * i + 1]}, sums,
                            type);
        }
    }
  }
  return scores;
}

/// Scales, biases and hides products.
void Kernel::scoreTile(std::vector<std::vector<Registers>> &scores,
                       Value firstKey, KeyRange &range) {
  Value row = k.add(k.add(firstQuery, warpRow), k.divide(lane, 4));
  Value column = k.add(firstKey, k.mul(k.remainder(lane, 4), 2));
  for (int64_t rows = 0; rows < blocksOfRows; ++rows)
    for (int64_t tileColumn = 0; tileColumn < tile.keys / 8; ++tileColumn)
      for (int64_t i = 0; i < 4; ++i) {
        Value &score = scores[rows][tileColumn][i];
        score = range.score(score, k.add(row, rows * 16 + i / 2 * 8),
                            k.add(column, tileColumn * 8 + i % 2));
      }
}

/// Combines what the four threads of a row have.
Value Kernel::acrossColumns(Value x,
                            Value (KernelBuilder::*combine)(Value, Value)) {
  x = (k.*combine)(x, k.shuffleXor(x, 1));
  return (k.*combine)(x, k.shuffleXor(x, 2));
}

/// Scores of 16 rows to weights, by the greatest scores so far; what was summed
/// by smaller ones is scaled (Milakov, Gimelshein 2018).
void Kernel::weigh(int64_t rows, std::vector<Registers> &scores, bool isMasked,
                   KeyRange &range) {
  double scale = range.needsScores ? 1 : op.getScale().convertToDouble();
  Value factor = k.number(scale * llvm::numbers::log2e);
  for (int64_t half = 0; half < 2; ++half) {
    Value &greatest = progress.greatest[2 * rows + half],
          &sum = progress.sums[2 * rows + half];
    Value most;
    for (Registers &registers : scores)
      for (int64_t i = 2 * half; i < 2 * half + 2; ++i)
        most = most ? k.maxF(most, registers[i]) : registers[i];
    most = k.maxF(greatest, acrossColumns(most, &KernelBuilder::maxF));
    Value base = most;
    if (isMasked) {
      // A row that has seen no key: its weights are 0, not NaN.
      Value none = k.number(-std::numeric_limits<double>::infinity());
      Value isNone = arith::CmpFOp::create(
          k.b, k.loc, arith::CmpFPredicate::OEQ, most, none);
      base = k.select(isNone, k.number(0), most);
    }
    // Differences of numbers near the end of f32's range must be taken first.
    bool subtractsFirst = range.hidesByNumber();
    Value shift = arith::NegFOp::create(k.b, k.loc, k.mulF(base, factor));
    auto weight = [&](Value score) {
      return k.exp2(subtractsFirst ? k.mulF(k.subF(score, base), factor)
                                   : k.fma(score, factor, shift));
    };
    Value scaling = weight(greatest), added;
    for (Registers &registers : scores)
      for (int64_t i = 2 * half; i < 2 * half + 2; ++i) {
        registers[i] = weight(registers[i]);
        added = added ? k.addF(added, registers[i]) : registers[i];
      }
    sum = k.fma(sum, scaling, added);
    greatest = most;
    for (int64_t column = 0; column < valueColumns; ++column)
      for (int64_t i = 2 * half; i < 2 * half + 2; ++i)
        result(rows, column, i) = k.mulF(result(rows, column, i), scaling);
  }
}

void Kernel::addValues(const std::vector<std::vector<Registers>> &weights,
                       Value valuesAt) {
  SmallVector<Value> rowsAt;
  for (Value row : valueRows)
    rowsAt.push_back(k.advance(row, valuesAt));
  for (int64_t step = 0; step < tile.keys / 16; ++step) {
    std::vector<Registers> left;
    for (int64_t rows = 0; rows < blocksOfRows; ++rows) {
      const Registers &a = weights[rows][2 * step],
                      &b = weights[rows][2 * step + 1];
      left.push_back({k.packHalves(a[0], a[1], type),
                      k.packHalves(a[2], a[3], type),
                      k.packHalves(b[0], b[1], type),
                      k.packHalves(b[2], b[3], type)});
    }
    for (int64_t column = 0; column < valueColumns; column += 2) {
      Registers right = k.loadMatrices(
          k.advance(rowsAt[column / 2],
                    k.constant(step * 16 * valueTile.rowBytes())),
          /*transposed=*/true);
      for (int64_t rows = 0; rows < blocksOfRows; ++rows)
        for (int64_t i = 0; i < 2; ++i) {
          Value *sums = &result(rows, column + i, 0);
          Registers all = k.multiply(left[rows], {right[2 * i], right[2 * i + 1]},
                                     {sums[0], sums[1], sums[2], sums[3]}, type);
          std::copy(all.begin(), all.end(), sums);
        }
    }
  }
}

void Kernel::computeTile(Value keysAt, Value valuesAt, Value firstKey,
                         bool isMasked, KeyRange &range) {
  std::vector<std::vector<Registers>> scores = multiplyKeys(keysAt);
  if (isMasked)
    scoreTile(scores, firstKey, range);
  for (int64_t rows = 0; rows < blocksOfRows; ++rows)
    weigh(rows, scores[rows], isMasked, range);
  addValues(scores, valuesAt);
}

/// The tiles of keys from `from` to `to`. The first has been asked for; each
/// asks for the next.
void Kernel::run(Value from, Value to, bool isMasked, KeyRange &range) {
  OpBuilder &b = k.b;
  SmallVector<Value> carried = progress.all();
  SmallVector<Value *> copies{&keyFrom, &valueFrom, &rowsLeft, &keyStage,
                              &valueStage};
  for (Value *value : copies)
    carried.push_back(*value);
  auto loop =
      scf::ForOp::create(b, k.loc, from, to, k.constant(1), carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  ValueRange inside = loop.getRegionIterArgs();
  progress.take(inside);
  auto takeCopies = [&](ValueRange values) {
    for (auto [value, now] :
         llvm::zip_equal(copies, values.take_back(copies.size())))
      *value = now;
  };
  takeCopies(inside);
  Value keysAt = keyStage, valuesAt = valueStage;
  k.waitForCopies(0);
  k.barrier();
  keyStage = k.xOr(keyStage, k.constant(keyTile.bytes()));
  valueStage = k.xOr(valueStage, k.constant(valueTile.bytes()));
  rowsLeft = k.sub(rowsLeft, k.constant(tile.keys));
  keyFrom = keyCopy->next(keyFrom);
  valueFrom = valueCopy->next(valueFrom);
  keyCopy->copy(k.advance(keyRegion, keyStage), keyFrom, rowsLeft);
  valueCopy->copy(k.advance(valueRegion, valueStage), valueFrom, rowsLeft);
  k.commitCopies();
  computeTile(keysAt, valuesAt, k.mul(loop.getInductionVar(), tile.keys),
              isMasked, range);
  SmallVector<Value> yielded = progress.all();
  for (Value *value : copies)
    yielded.push_back(*value);
  scf::YieldOp::create(b, k.loc, yielded);
  progress.take(loop.getResults());
  takeCopies(loop.getResults());
}

/// Divides by the sums of weights and writes, by way of shared memory, so that
/// neighbouring threads write neighbouring chunks.
void Kernel::store(KeyRange &range) {
  OpBuilder &b = k.b;
  k.waitForCopies(0);
  k.barrier();
  SharedTile outTile(tile.queries, std::max(headSize, valueSize));
  Value pair = k.mul(k.remainder(lane, 4), 4);
  for (int64_t rows = 0; rows < blocksOfRows; ++rows)
    for (int64_t half = 0; half < 2; ++half) {
      Value sum = acrossColumns(progress.sums[2 * rows + half],
                                &KernelBuilder::addF);
      Value factor = k.reciprocal(sum), isZero;
      if (op.getZeroMaskedRows() || op.getZeroNanRows())
        isZero = arith::CmpFOp::create(b, k.loc,
                                       op.getZeroNanRows()
                                           ? arith::CmpFPredicate::UEQ
                                           : arith::CmpFPredicate::OEQ,
                                       sum, k.number(0));
      auto divided = [&](Value result) {
        Value value = k.mulF(result, factor);
        return isZero ? k.select(isZero, k.number(0), value) : value;
      };
      Value row = k.add(k.add(warpRow, k.divide(lane, 4)), rows * 16 + half * 8);
      for (int64_t column = 0; column < valueColumns; ++column) {
        Value halves =
            k.packHalves(divided(result(rows, column, 2 * half)),
                         divided(result(rows, column, 2 * half + 1)), type);
        Value at = k.advance(
            shared, k.add(outTile.offset(k, row, k.constant(column)), pair));
        LLVM::StoreOp::create(b, k.loc, halves, at);
      }
    }
  k.barrier();
  TileCopy out(k, op.getInit(), batch, head, outTile, tile.threads());
  out.write(shared, firstQuery,
            k.toInt(b.createOrFold<memref::DimOp>(k.loc, op.getInit(), 2)));
}

void Kernel::emit() {
  OpBuilder &b = k.b;
  findPlace();
  auto heads = [&](Value buffer) {
    return k.toInt(b.createOrFold<memref::DimOp>(k.loc, buffer, 1));
  };
  Value keyHead = arith::DivUIOp::create(
      b, k.loc, head,
      arith::DivUIOp::create(b, k.loc, heads(op.getQuery()),
                             heads(op.getKey())));
  KeyRange range(op, k, batch, head, firstQuery, tile.queries, tile.keys);
  TileCopy queryCopy(k, op.getQuery(), batch, head, queryTile, tile.threads());
  keyCopy.emplace(k, op.getKey(), batch, keyHead, keyTile, tile.threads());
  valueCopy.emplace(k, op.getValue(), batch, keyHead, valueTile,
                    tile.threads());
  Value numQueries =
      k.toInt(b.createOrFold<memref::DimOp>(k.loc, op.getQuery(), 2));
  queryCopy.copy(shared, queryCopy.start(firstQuery),
                 k.sub(numQueries, firstQuery));
  k.commitCopies();
  Value firstKey = k.mul(range.begin, tile.keys);
  keyFrom = keyCopy->start(firstKey);
  valueFrom = valueCopy->start(firstKey);
  rowsLeft = k.sub(range.numKeys, firstKey);
  keyStage = valueStage = k.constant(0);
  keyCopy->copy(keyRegion, keyFrom, rowsLeft);
  valueCopy->copy(valueRegion, valueFrom, rowsLeft);
  k.commitCopies();
  k.waitForCopies(1);
  k.barrier();
  loadQueries();
  progress.results.assign(blocksOfRows * valueColumns * 4, k.number(0));
  progress.greatest.assign(
      2 * blocksOfRows, k.number(-std::numeric_limits<double>::infinity()));
  progress.sums.assign(2 * blocksOfRows, k.number(0));
  if (range.mayBeginInPart())
    run(range.begin, range.fullBegin, /*isMasked=*/true, range);
  if (range.mayBeFull())
    run(range.fullBegin, range.fullEnd, /*isMasked=*/false, range);
  run(range.fullEnd, range.end, /*isMasked=*/true, range);
  store(range);
}

std::string tfc::cuda::whyNoFlashAttention(attn::AttentionOp op) {
  auto query = cast<ShapedType>(op.getQuery().getType());
  if (op.getScore() != attn::ScoreFunction::Softmax || op.getTop() ||
      op.getKeyBlocks() || op.getMaskBlock())
    return "its weights are no softmax of all scores";
  for (Value operand : {op.getKey(), op.getValue(), op.getInit()})
    if (cast<ShapedType>(operand.getType()).getElementType() !=
        query.getElementType())
      return "queries, keys and values are of different types";
  if (!query.getElementType().isF16() && !query.getElementType().isBF16())
    return "its elements are not f16 or bf16";
  for (Value operand : {op.getKey(), op.getValue()}) {
    int64_t size = cast<ShapedType>(operand.getType()).getDimSize(3);
    if (ShapedType::isDynamic(size) || size % halvesOfChunk || size > 256)
      return "heads have no known size that is a multiple of 8, up to 256";
  }
  return "";
}

FlashTile tfc::cuda::chooseFlashTile(attn::AttentionOp op) {
  int64_t size = 0;
  for (Value operand : {op.getKey(), op.getValue()})
    size = std::max(size, cast<ShapedType>(operand.getType()).getDimSize(3));
  int64_t queries = cast<ShapedType>(op.getQuery().getType()).getDimSize(2);
  bool isShort = !ShapedType::isDynamic(queries) && queries <= 64;
  if (size > 128)
    return {128, 32, 8, false};
  if (isShort)
    return {64, 64, 4, true};
  return size > 64 ? FlashTile{128, 64, 8, true} : FlashTile{128, 64, 4, true};
}

void tfc::cuda::emitFlashAttention(attn::AttentionOp op, FlashTile tile,
                                   OpBuilder &b) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Location loc = op.getLoc();
  KernelBuilder k(b, loc);
  auto size = [&](int64_t dim) -> Value {
    return b.createOrFold<memref::DimOp>(loc, op.getQuery(), dim);
  };
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value one = index(1);
  Value tiles =
      b.createOrFold<arith::CeilDivUIOp>(loc, size(2), index(tile.queries));
  Kernel kernel(op, tile, k);
  auto launch = gpu::LaunchOp::create(b, loc, tiles, size(1), size(0),
                                      index(tile.threads()), one, one,
                                      k.constant(kernel.sharedBytes()));
  b.setInsertionPointToStart(&launch.getBody().front());
  gpu::TerminatorOp::create(b, loc);
  b.setInsertionPointToStart(&launch.getBody().front());
  kernel.emit();
}
