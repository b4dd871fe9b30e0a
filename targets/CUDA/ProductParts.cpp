//===- ProductParts.cpp - products whose sums blocks share ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "ProductLoops.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc::cuda;

/// A buffer whose first size is `count`.
static Value allocate(OpBuilder &b, Location loc, Value count,
                      ArrayRef<int64_t> others, Type element) {
  std::optional<int64_t> known = getConstantIntValue(count);
  SmallVector<int64_t> shape{known.value_or(ShapedType::kDynamic)};
  llvm::append_range(shape, others);
  return memref::AllocOp::create(b, loc, MemRefType::get(shape, element),
                                 known ? ValueRange() : ValueRange(count));
}

/// Numbers that a thread reads and writes at once.
static int64_t sumsAtOnce(Value sums) {
  return cast<MemRefType>(sums.getType()).getDimSize(3);
}

void ProductLoops::allocateParts(Value tiles, int64_t threads, int64_t sums) {
  if (numParts() == 1)
    return;
  Value all = math.multiply(tiles, numberOfBatches());
  constexpr int64_t quad = pieceBytes / sizeof(float);
  int64_t together = sums % quad == 0 ? quad : 1;
  parts.sums = allocate(b, loc, math.multiply(all, numParts()),
                        {sums / together, threads, together}, b.getF32Type());
  parts.counters = allocate(b, loc, all, {}, b.getI32Type());
  linalg::FillOp::create(b, loc, KernelBuilder(b, loc).constant(0),
                         parts.counters);
}

std::pair<Value, Value> ProductLoops::stepsOfPart(Value steps) const {
  if (numParts() == 1)
    return {math.of(0), steps};
  auto first = [&](Value part) {
    return math.divide(math.multiply(part, steps), numParts());
  };
  return {first(parts.part), first(math.add(parts.part, 1))};
}

Value ProductLoops::blockOfPart(Value part) const {
  return math.add(parts.firstBlock, math.multiply(part, parts.tilesOfBatch));
}

void ProductLoops::storePart(ValueRange sums) {
  int64_t together = sumsAtOnce(parts.sums);
  Value thread = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
  Value block = blockOfPart(parts.part);
  auto type = VectorType::get({together}, b.getF32Type());
  for (int64_t i = 0, e = sums.size() / together; i < e; ++i) {
    Value all = vector::FromElementsOp::create(
        b, loc, type, sums.slice(i * together, together));
    vector::StoreOp::create(b, loc, all, parts.sums,
                            ValueRange{block, math.of(i), thread, math.of(0)},
                            /*nontemporal=*/false,
                            llvm::Align(together * sizeof(float)));
  }
}

SmallVector<Value> ProductLoops::addPart(Value part, ValueRange sums) {
  int64_t together = sumsAtOnce(parts.sums);
  Value thread = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
  Value block = blockOfPart(part);
  auto type = VectorType::get({together}, b.getF32Type());
  SmallVector<Value> result;
  for (int64_t i = 0, e = sums.size() / together; i < e; ++i) {
    Value loaded = vector::LoadOp::create(
        b, loc, type, parts.sums,
        ValueRange{block, math.of(i), thread, math.of(0)},
        /*nontemporal=*/false, llvm::Align(together * sizeof(float)));
    for (int64_t j = 0; j < together; ++j)
      result.push_back(
          arith::AddFOp::create(b, loc, sums[i * together + j],
                                vector::ExtractOp::create(b, loc, loaded, j)));
  }
  return result;
}

Value ProductLoops::isLastPart() {
  KernelBuilder k(b, loc);
  // What this thread wrote is seen by those that see the counter.
  k.fence();
  k.barrier();
  Value flag = k.sharedMemory();
  auto first = scf::IfOp::create(b, loc, k.equal(k.thread(), k.constant(0)),
                                 /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(first.thenBlock());
    Value counter = k.advance(k.addressOf(parts.counters),
                              k.toWide(math.multiply(parts.tile, 4)));
    LLVM::StoreOp::create(b, loc, k.atomicAdd(counter, k.constant(1)), flag);
  }
  k.barrier();
  Value before = LLVM::LoadOp::create(b, loc, b.getI32Type(), flag);
  return k.equal(before, k.constant(numParts() - 1));
}

void ProductLoops::addParts(ValueRange sums,
                            llvm::function_ref<void(ValueRange)> finish) {
  if (numParts() == 1)
    return finish(sums);
  storePart(sums);
  auto last = scf::IfOp::create(b, loc, isLastPart(), /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(last.thenBlock());
  KernelBuilder(b, loc).fence();
  Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0.0f));
  SmallVector<Value> none(sums.size(), zero);
  auto loop = scf::ForOp::create(b, loc, math.of(0), math.of(numParts()),
                                 math.of(1), none);
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(
        b, loc, addPart(loop.getInductionVar(), loop.getRegionIterArgs()));
  }
  finish(loop.getResults());
}
