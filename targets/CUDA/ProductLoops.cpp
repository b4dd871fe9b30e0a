//===- ProductLoops.cpp - what kernels of products share --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductLoops.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace tfc::cuda;

bool tfc::cuda::isLastIndex(AffineMap map, unsigned loop) {
  return map.getNumResults() &&
         map.getResults().back() == getAffineDimExpr(loop, map.getContext());
}

Attribute tfc::cuda::sharedSpace(MLIRContext *context) {
  return gpu::AddressSpaceAttr::get(context, gpu::AddressSpace::Workgroup);
}

Value ProductLoops::sizeOf(Value buffer, AffineMap map, unsigned loop) {
  std::optional<unsigned> position =
      map.getResultPosition(b.getAffineDimExpr(loop));
  if (!position)
    return math.of(1);
  int64_t size = cast<MemRefType>(buffer.getType()).getDimSize(*position);
  if (!ShapedType::isDynamic(size))
    return math.of(size);
  return memref::DimOp::create(b, loc, buffer, *position);
}

void ProductLoops::findSizes() {
  unsigned loops = op.getNumBatchLoops();
  for (unsigned i = 0; i < loops; ++i)
    batchSizes.push_back(sizeOf(op.getInit(), op.getInitMap(), i));
  rows = sizeOf(op.getInit(), op.getInitMap(), loops);
  columns = sizeOf(op.getInit(), op.getInitMap(), loops + 1);
  depth = sizeOf(op.getA(), op.getMap(0), loops + 2);
}

bool ProductLoops::isExact(Value size, int64_t multiple) const {
  std::optional<int64_t> known = getConstantIntValue(size);
  return known && *known % multiple == 0;
}

Value ProductLoops::sharedView(int64_t bytes, ArrayRef<int64_t> shape,
                               Type element) const {
  auto type =
      MemRefType::get(shape, element, AffineMap(), sharedSpace(b.getContext()));
  return memref::ViewOp::create(b, loc, type, dynamicMemory, math.of(bytes),
                                ValueRange());
}

SmallVector<Value> ProductLoops::indices(AffineMap map, Value m, Value n,
                                         Value k) const {
  SmallVector<Value> loops = batch, result;
  llvm::append_values(loops, m, n, k);
  for (AffineExpr expression : map.getResults())
    result.push_back(affine::expandAffineExpr(b, loc, expression, loops, {}));
  return result;
}

Value ProductLoops::numberOfBatches() const {
  Value count = math.of(1);
  for (Value size : batchSizes)
    count = math.multiply(count, size);
  return count;
}

Value ProductLoops::launch(Value tiles, int64_t threads, int64_t sharedBytes,
                           int64_t sums) {
  allocateParts(tiles, threads, sums);
  Value blocks = math.multiply(tiles, numParts());
  Value all = math.multiply(blocks, numberOfBatches());
  Value bytes =
      arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(sharedBytes));
  createLaunch(b, loc, rowOfBlocks(b, loc, all), math.of(threads), bytes);
  auto type = MemRefType::get({ShapedType::kDynamic}, b.getI8Type(),
                              AffineMap(), sharedSpace(b.getContext()));
  dynamicMemory = gpu::DynamicSharedMemoryOp::create(b, loc, type);
  Value block = gpu::BlockIdOp::create(b, loc, gpu::Dimension::x);
  batch.resize(batchSizes.size());
  Value tile = batch.empty() ? block : math.remainder(block, blocks);
  Value rest = batch.empty() ? math.of(0) : math.divide(block, blocks);
  if (numParts() > 1) {
    parts.part = math.divide(tile, tiles);
    tile = math.remainder(tile, tiles);
    parts.tile = math.add(math.multiply(rest, tiles), tile);
    parts.firstBlock = math.add(math.multiply(rest, blocks), tile);
    parts.tilesOfBatch = tiles;
  }
  for (size_t i = batch.size(); i-- > 0;) {
    batch[i] = i == 0 ? rest : math.remainder(rest, batchSizes[i]);
    rest = math.divide(rest, batchSizes[i]);
  }
  return tile;
}

SmallVector<Value> ProductLoops::loadOthers(Value buffer, AffineMap map,
                                            Value m, Value n, int64_t count) {
  unsigned columnLoop = op.getNumBatchLoops() + 1;
  Value zero = math.of(0);
  if (!map.isFunctionOfDim(columnLoop)) {
    Value one =
        memref::LoadOp::create(b, loc, buffer, indices(map, m, n, zero));
    return SmallVector<Value>(count, one);
  }
  Type element = getElementTypeOrSelf(buffer.getType());
  int64_t bytes = bytesOf(element), at = std::min(count, pieceBytes / bytes);
  if (!isa<FloatType>(element) || !isLastIndex(map, columnLoop) ||
      !isAligned(cast<MemRefType>(buffer.getType()), at))
    at = 1;
  SmallVector<Value> values;
  for (int64_t i = 0; i < count; i += at) {
    SmallVector<Value> from = indices(map, m, math.add(n, i), zero);
    if (at == 1) {
      values.push_back(memref::LoadOp::create(b, loc, buffer, from));
      continue;
    }
    Value loaded = vector::LoadOp::create(
        b, loc, VectorType::get({at}, element), buffer, from,
        /*nontemporal=*/false, llvm::Align(at * bytes));
    for (int64_t j = 0; j < at; ++j)
      values.push_back(vector::ExtractOp::create(b, loc, loaded, j));
  }
  return values;
}

void ProductLoops::writeSums(ArrayRef<Value> sums, Value m, Value n) {
  SmallVector<SmallVector<Value>> arguments = {llvm::to_vector(sums)};
  for (auto [i, other] : llvm::enumerate(op.getOthers()))
    arguments.push_back(loadOthers(other, op.getMap(2 + i), m, n, sums.size()));
  Block &body = op.getEpilogue().front();
  SmallVector<Value> results;
  for (size_t i = 0; i < sums.size(); ++i) {
    IRMapping mapping;
    for (auto [argument, values] :
         llvm::zip_equal(body.getArguments(), arguments))
      mapping.map(argument, values[i]);
    for (Operation &inner : body.without_terminator())
      b.clone(inner, mapping);
    results.push_back(
        mapping.lookupOrDefault(body.getTerminator()->getOperand(0)));
  }
  SmallVector<Value> to = indices(op.getInitMap(), m, n, math.of(0));
  if (sums.size() == 1) {
    memref::StoreOp::create(b, loc, results[0], op.getInit(), to);
    return;
  }
  int64_t count = results.size();
  auto type = VectorType::get({count}, results[0].getType());
  Value all = vector::FromElementsOp::create(b, loc, type, results);
  vector::StoreOp::create(b, loc, all, op.getInit(), to, /*nontemporal=*/false,
                          llvm::Align(count * bytesOf(type.getElementType())));
}
