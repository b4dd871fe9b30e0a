//===- TensorCoreAttention.cpp - attention of f16 and bf16 ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlashKernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

/// The four threads that have a row of a matrix in registers.
constexpr int64_t lanesOfRow[] = {1, 2};

class TensorCoreKernel : public FlashKernel {
public:
  TensorCoreKernel(attn::AttentionOp op, FlashTile tile, KernelBuilder &k)
      : FlashKernel(op, tile, k, /*elementBytes=*/2),
        type(cast<ShapedType>(op.getQuery().getType()).getElementType().isF16()
                 ? HalfType::F16
                 : HalfType::BF16),
        blocksOfRows(tile.queries / tile.warps / 16),
        headSteps(llvm::divideCeil(headSize, 16)),
        valueColumns(llvm::alignTo(valueSize, 16) / 8) {}

private:
  using Registers = std::array<Value, 4>;
  /// Of blocks of 16 rows and 8 columns.
  using Blocks = std::vector<std::vector<Registers>>;

  void findRows() override;
  void loadQueries() override;
  void computeTile(Value keysAt, Value valuesAt, Value firstKey,
                   bool isMasked) override;
  void storeRows() override;

  Registers readQueries(int64_t rows, int64_t step);
  Blocks multiplyKeys(Value keysAt);
  void scoreTile(Blocks &scores, Value firstKey);
  void weighTile(Blocks &scores, bool isMasked);
  void addValues(const Blocks &weights, Value valuesAt);

  Value &result(int64_t rows, int64_t column, int64_t i) {
    return progress.results[(rows * valueColumns + column) * 4 + i];
  }

  HalfType type;
  int64_t blocksOfRows, headSteps, valueColumns;
  Value warpRow;
  /// Where a thread's row of matrices begins, for each step along the heads of
  /// queries and keys, and for each two columns of values.
  SmallVector<Value> queryRows, keyRows, valueRows;
  Blocks queries;
};

} // namespace

void TensorCoreKernel::findRows() {
  warpRow = k.mul(warp, 16 * blocksOfRows);
  // Which row of four matrices a lane names, and which of two chunks: matrices
  // of a first operand, and of values, go down first, those of keys right.
  Value low = k.remainder(lane, 8), bit3 = k.remainder(k.divide(lane, 8), 2),
        bit4 = k.divide(lane, 16);
  Value down = k.add(low, k.mul(bit3, 8)), right = k.add(low, k.mul(bit4, 8));
  for (int64_t step = 0; step < headSteps; ++step) {
    queryRows.push_back(
        k.advance(shared, queryTile.offset(k, k.add(warpRow, down),
                                           k.add(bit4, 2 * step))));
    keyRows.push_back(k.advance(
        stream.keyRegion, keyTile.offset(k, right, k.add(bit3, 2 * step))));
  }
  for (int64_t column = 0; column < valueColumns; column += 2)
    valueRows.push_back(k.advance(
        stream.valueRegion, valueTile.offset(k, down, k.add(bit4, column))));
  progress.results.resize(blocksOfRows * valueColumns * 4);
  progress.greatest.resize(2 * blocksOfRows);
  progress.sums.resize(2 * blocksOfRows);
}

TensorCoreKernel::Registers TensorCoreKernel::readQueries(int64_t rows,
                                                          int64_t step) {
  return k.loadMatrices(
      k.advance(queryRows[step], k.constant(rows * 16 * queryTile.rowBytes())),
      /*transposed=*/false);
}

void TensorCoreKernel::loadQueries() {
  if (!tile.holdsQueries)
    return;
  queries.resize(blocksOfRows);
  for (int64_t rows = 0; rows < blocksOfRows; ++rows)
    for (int64_t step = 0; step < headSteps; ++step)
      queries[rows].push_back(readQueries(rows, step));
}

TensorCoreKernel::Blocks TensorCoreKernel::multiplyKeys(Value keysAt) {
  Value zero = k.number(0);
  Blocks scores(blocksOfRows, std::vector<Registers>(tile.keys / 8,
                                                     {zero, zero, zero, zero}));
  for (int64_t step = 0; step < headSteps; ++step) {
    Value rowAt = k.advance(keyRows[step], keysAt);
    std::vector<Registers> left;
    for (int64_t rows = 0; rows < blocksOfRows; ++rows)
      left.push_back(tile.holdsQueries ? queries[rows][step]
                                       : readQueries(rows, step));
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
void TensorCoreKernel::scoreTile(Blocks &scores, Value firstKey) {
  Value row = k.add(k.add(firstQuery, warpRow), k.divide(lane, 4));
  Value column = k.add(firstKey, k.mul(k.remainder(lane, 4), 2));
  for (int64_t rows = 0; rows < blocksOfRows; ++rows)
    for (int64_t block = 0; block < tile.keys / 8; ++block)
      for (int64_t i = 0; i < 4; ++i) {
        Value &score = scores[rows][block][i];
        score = range->score(score, k.add(row, rows * 16 + i / 2 * 8),
                             k.add(column, block * 8 + i % 2));
      }
}

void TensorCoreKernel::weighTile(Blocks &scores, bool isMasked) {
  for (int64_t rows = 0; rows < blocksOfRows; ++rows)
    for (int64_t half = 0; half < 2; ++half) {
      SmallVector<Value *> row, results;
      for (Registers &registers : scores[rows])
        row.append({&registers[2 * half], &registers[2 * half + 1]});
      for (int64_t column = 0; column < valueColumns; ++column)
        results.append({&result(rows, column, 2 * half),
                        &result(rows, column, 2 * half + 1)});
      progress.weigh(2 * rows + half, row, results, lanesOfRow, isMasked);
    }
}

void TensorCoreKernel::addValues(const Blocks &weights, Value valuesAt) {
  SmallVector<Value> rowsAt;
  for (Value row : valueRows)
    rowsAt.push_back(k.advance(row, valuesAt));
  for (int64_t step = 0; step < tile.keys / 16; ++step) {
    std::vector<Registers> left;
    for (int64_t rows = 0; rows < blocksOfRows; ++rows) {
      const Registers &a = weights[rows][2 * step],
                      &b = weights[rows][2 * step + 1];
      left.push_back(
          {k.packHalves(a[0], a[1], type), k.packHalves(a[2], a[3], type),
           k.packHalves(b[0], b[1], type), k.packHalves(b[2], b[3], type)});
    }
    for (int64_t column = 0; column < valueColumns; column += 2) {
      Registers right = k.loadMatrices(
          k.advance(rowsAt[column / 2],
                    k.constant(step * 16 * valueTile.rowBytes())),
          /*transposed=*/true);
      for (int64_t rows = 0; rows < blocksOfRows; ++rows)
        for (int64_t i = 0; i < 2; ++i) {
          Value *sums = &result(rows, column + i, 0);
          Registers all =
              k.multiply(left[rows], {right[2 * i], right[2 * i + 1]},
                         {sums[0], sums[1], sums[2], sums[3]}, type);
          std::copy(all.begin(), all.end(), sums);
        }
    }
  }
}

void TensorCoreKernel::computeTile(Value keysAt, Value valuesAt, Value firstKey,
                                   bool isMasked) {
  Blocks scores = multiplyKeys(keysAt);
  if (isMasked)
    scoreTile(scores, firstKey);
  weighTile(scores, isMasked);
  addValues(scores, valuesAt);
}

void TensorCoreKernel::storeRows() {
  Value pair = k.mul(k.remainder(lane, 4), 4);
  for (int64_t rows = 0; rows < blocksOfRows; ++rows)
    for (int64_t half = 0; half < 2; ++half) {
      RunningSoftmax::Divisor by = progress.divisorOf(k.acrossLanes(
          progress.sums[2 * rows + half], lanesOfRow, &KernelBuilder::addF));
      Value row =
          k.add(k.add(warpRow, k.divide(lane, 4)), rows * 16 + half * 8);
      for (int64_t column = 0; column < valueColumns; ++column) {
        Value halves = k.packHalves(
            progress.divided(result(rows, column, 2 * half), by),
            progress.divided(result(rows, column, 2 * half + 1), by), type);
        Value at = k.advance(
            shared, k.add(queryTile.offset(k, row, k.constant(column)), pair));
        LLVM::StoreOp::create(k.b, k.loc, halves, at);
      }
    }
}

std::unique_ptr<FlashKernel>
tfc::cuda::createTensorCoreKernel(attn::AttentionOp op, FlashTile tile,
                                  KernelBuilder &k) {
  return std::make_unique<TensorCoreKernel>(op, tile, k);
}
