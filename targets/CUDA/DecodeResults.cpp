//===- DecodeResults.cpp - results of warps and blocks become one *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecodeKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Parts that are read at once, as each read takes long.
constexpr int64_t partsAtOnce = 4;

void emitIf(KernelBuilder &k, Value condition,
            llvm::function_ref<void()> emitThen,
            llvm::function_ref<void()> emitElse = nullptr) {
  auto branch = scf::IfOp::create(k.b, k.loc, condition, bool(emitElse));
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(branch.thenBlock());
  emitThen();
  if (!emitElse)
    return;
  k.b.setInsertionPointToStart(branch.elseBlock());
  emitElse();
}

} // namespace

/// Associative: softmax over the keys of all of them.
DecodeKernel::Part DecodeKernel::merge(ArrayRef<Part> all) {
  Part merged;
  for (const Part &part : all)
    merged.greatest = merged.greatest ? k.maxF(merged.greatest, part.greatest)
                                      : part.greatest;
  Value base = progress.baseOf(merged.greatest);
  for (const Part &part : all) {
    Value scaling = progress.weightOf(part.greatest, base);
    if (!merged.sum) {
      merged.sum = k.mulF(part.sum, scaling);
      for (Value result : part.results)
        merged.results.push_back(k.mulF(result, scaling));
      continue;
    }
    merged.sum = k.fma(part.sum, scaling, merged.sum);
    for (auto [sum, result] : llvm::zip_equal(merged.results, part.results))
      sum = k.fma(result, scaling, sum);
  }
  return merged;
}

void DecodeKernel::forEachPlace(llvm::function_ref<void(const Place &)> body) {
  OpBuilder &b = k.b;
  auto loop = scf::ForOp::create(b, k.loc, k.thread(),
                                 k.constant(tile.rows * valueColumns()),
                                 k.constant(DecodeTile::threads));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value item = loop.getInductionVar();
  Value row = k.quotient(item, k.constant(valueColumns()));
  body({row, k.sub(item, k.mul(row, valueColumns()))});
}

/// Each warp's rows to shared memory.
void DecodeKernel::shareParts() {
  int64_t size = valuePasses * 4;
  SmallVector<Value> results;
  for (Value result : progress.results)
    results.push_back(
        k.acrossLanes(result, lanesOfGroups, &KernelBuilder::addF));
  Value firstRow = k.mul(warp, tile.rows);
  emitIf(k, k.less(lane, k.constant(valueLanes)), [&] {
    for (int64_t i = 0; i < tile.rows; ++i)
      for (int64_t pass = 0; pass < valuePasses; ++pass) {
        Value column = k.add(lane, pass * valueLanes);
        Value at = k.add(k.mul(k.add(firstRow, i), paddedValues() * 4),
                         k.mul(column, 16));
        store(ArrayRef(results).slice(i * size + pass * 4, 4),
              k.advance(stream.keyRegion, at), k.b.getF32Type());
      }
  });
  SmallVector<Value> sums;
  for (Value sum : progress.sums)
    sums.push_back(k.acrossLanes(sum, lanesOfKeys, &KernelBuilder::addF));
  emitIf(k, k.less(lane, k.constant(1)), [&] {
    for (int64_t i = 0; i < tile.rows; ++i)
      store({progress.greatest[i], sums[i]},
            k.advance(statRegion, k.mul(k.add(firstRow, i), 8)),
            k.b.getF32Type());
  });
}

DecodeKernel::Part DecodeKernel::partOfBlock(const Place &place) {
  SmallVector<Part> ofWarps;
  for (int64_t i = 0; i < DecodeTile::warps; ++i) {
    Value row = k.add(place.row, i * tile.rows);
    SmallVector<Value> stats =
        load(k.advance(statRegion, k.mul(row, 8)), 2, k.b.getF32Type());
    Value at = k.add(k.mul(row, paddedValues() * 4), k.mul(place.column, 16));
    ofWarps.push_back(
        {stats[0], stats[1],
         load(k.advance(stream.keyRegion, at), 4, k.b.getF32Type())});
  }
  return merge(ofWarps);
}

/// Where results of a row lie; partialSize says what else.
Value DecodeKernel::partialAddress(Value slot, const Place &place) {
  Value row = k.add(k.mul(slot, tile.rows), place.row);
  Value element = k.add(k.mul(row, partialSize(op)), k.mul(place.column, 4));
  return k.advance(k.addressOf(partials), k.toWide(k.mul(element, 4)));
}

DecodeKernel::Part DecodeKernel::loadPartial(Value slot, const Place &place) {
  Type type = k.b.getF32Type();
  Place behind{place.row, k.constant(valueColumns())};
  SmallVector<Value> stats = load(partialAddress(slot, behind), 2, type);
  return {stats[0], stats[1], load(partialAddress(slot, place), 4, type)};
}

void DecodeKernel::storePartial(const Part &part, Value slot,
                                const Place &place) {
  Type type = k.b.getF32Type();
  store(part.results, partialAddress(slot, place), type);
  emitIf(k, k.equal(place.column, k.constant(0)), [&] {
    Place behind{place.row, k.constant(valueColumns())};
    store({part.greatest, part.sum}, partialAddress(slot, behind), type);
  });
}

void DecodeKernel::storeResults(const Part &part, const Place &place) {
  auto write = [&] {
    RunningSoftmax::Divisor by = progress.divisorOf(part.sum);
    SmallVector<Value> numbers;
    for (Value result : part.results)
      numbers.push_back(progress.divided(result, by));
    Value to = k.advance(rowAddress(op.getInit(), rowOf(place.row)),
                         k.toWide(k.mul(place.column, 4 * elementBytes)));
    store(numbers, to, element);
  };
  if (tile.rows * tile.rowTiles == tile.allRows())
    return write();
  emitIf(k, k.less(k.add(firstRow, place.row), k.constant(tile.allRows())),
         write);
}

/// Counts in the counter of the unit's first block; whether all others have.
Value DecodeKernel::isLast(Value firstBlock, Value lastBlock) {
  OpBuilder &b = k.b;
  // What this thread wrote is seen by those that see the counter.
  k.fence();
  k.barrier();
  emitIf(k, k.equal(k.thread(), k.constant(0)), [&] {
    Value counter =
        k.advance(k.addressOf(counters), k.toWide(k.mul(firstBlock, 4)));
    LLVM::StoreOp::create(b, k.loc, k.atomicAdd(counter, k.constant(1)),
                          flagRegion);
  });
  k.barrier();
  Value before = LLVM::LoadOp::create(b, k.loc, b.getI32Type(), flagRegion);
  return k.equal(before, k.sub(lastBlock, firstBlock));
}

/// The parts of all blocks from memory, some at a time.
void DecodeKernel::mergeBlocks(Value firstBlock, Value lastBlock) {
  OpBuilder &b = k.b;
  k.fence();
  forEachPlace([&](const Place &place) {
    Value zero = k.number(0), none = k.number(-infinity);
    SmallVector<Value> state{none, zero, zero, zero, zero, zero};
    auto loop = scf::ForOp::create(b, k.loc, firstBlock, k.add(lastBlock, 1),
                                   k.constant(partsAtOnce), ValueRange(state));
    auto partOf = [](ValueRange values) {
      return Part{values[0], values[1],
                  SmallVector<Value>(values.drop_front(2))};
    };
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      SmallVector<Part> all{partOf(loop.getRegionIterArgs())};
      for (int64_t i = 0; i < partsAtOnce; ++i) {
        Value number = k.add(loop.getInductionVar(), i);
        Value isThere = k.less(number, k.add(lastBlock, 1));
        number = k.min(number, lastBlock);
        // The unit is the last of its first block, and the first of others.
        Value isFirst = k.equal(number, firstBlock);
        Value slot = k.add(k.mul(number, 2),
                           k.select(isFirst, k.constant(1), k.constant(0)));
        all.push_back(loadPartial(slot, place));
        all.back().greatest = k.select(isThere, all.back().greatest, none);
      }
      Part merged = merge(all);
      SmallVector<Value> next{merged.greatest, merged.sum};
      next.append(merged.results);
      scf::YieldOp::create(b, k.loc, next);
    }
    storeResults(partOf(loop.getResults()), place);
  });
}

/// To the result where the block has the unit's tiles from `firstTile` on
/// alone; else to memory, from where the last of its blocks takes all.
void DecodeKernel::storeUnit(Value isWhole, Value isBegin, Value firstTile,
                             Value tiles) {
  emitIf(
      k, isWhole,
      [&] {
        forEachPlace([&](const Place &place) {
          storeResults(partOfBlock(place), place);
        });
      },
      [&] {
        Value slot = k.add(k.mul(block, 2),
                           k.select(isBegin, k.constant(1), k.constant(0)));
        forEachPlace([&](const Place &place) {
          storePartial(partOfBlock(place), slot, place);
        });
        Value firstBlock = blockOf(firstTile);
        Value lastBlock =
            blockOf(k.add(firstTile, k.sub(tiles, k.constant(1))));
        emitIf(k, isLast(firstBlock, lastBlock),
               [&] { mergeBlocks(firstBlock, lastBlock); });
      });
}
