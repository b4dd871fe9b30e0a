//===- RowChain.cpp - operations that work row by row -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowChain.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;
using namespace tfc::memory;

/// The type of the only result, of known size.
static RankedTensorType resultType(Operation *op) {
  if (op->getNumResults() != 1)
    return nullptr;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return type && type.hasStaticShape() &&
                 type.getElementType().isIntOrIndexOrFloat()
             ? type
             : nullptr;
}

static int64_t bytesOf(RankedTensorType type) {
  unsigned bits =
      type.getElementType().isIndex() ? 32 : type.getElementTypeBitWidth();
  return type.getNumElements() * llvm::divideCeil(bits, 8);
}

/// The loop that runs over dimension `dim` of the result. Operations other than
/// linalg's have a loop a leading dimension.
static std::optional<unsigned> loopOf(Operation *op, unsigned dim) {
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured)
    return dim;
  AffineMap map =
      structured.getMatchingIndexingMap(&structured.getDpsInitsMutable()[0]);
  auto expr = dyn_cast<AffineDimExpr>(map.getResult(dim));
  return expr ? std::optional(expr.getPosition()) : std::nullopt;
}

bool RowChain::start(Operation *op) {
  last = dyn_cast<TilingInterface>(op);
  RankedTensorType type = resultType(op);
  auto destination = dyn_cast<DestinationStyleOpInterface>(op);
  if (!last || !type || !destination || destination.getNumDpsInits() != 1)
    return false;
  SmallVector<utils::IteratorType> iterators = last.getLoopIteratorTypes();
  loops = iterators.size();
  RowDims dims;
  // The last dimension is what a row consists of.
  for (unsigned dim = 0; dim + 1 < type.getRank(); ++dim) {
    std::optional<unsigned> loop = loopOf(op, dim);
    if (type.getDimSize(dim) == 1 || !loop || *loop >= loops ||
        iterators[*loop] != utils::IteratorType::parallel)
      continue;
    dims.push_back(dim);
    overRows.push_back({*loop, type.getDimSize(dim)});
  }
  members[op] = dims;
  return !dims.empty();
}

/// Where rows lie in the value that a member uses: none where the use is not of
/// rows alone.
std::optional<RowChain::RowDims> RowChain::rowsOf(OpOperand &use) const {
  Operation *user = use.getOwner();
  auto found = members.find(user);
  if (found == members.end())
    return std::nullopt;
  const RowDims &made = found->second;
  auto type = cast<RankedTensorType>(use.get().getType());
  auto structured = dyn_cast<linalg::LinalgOp>(user);
  if (!structured) {
    RankedTensorType result = resultType(user);
    bool sameRows =
        type.getRank() == result.getRank() &&
        type.getShape().drop_back() == result.getShape().drop_back();
    // By rows are read the first operand and those of the result's shape.
    if (!sameRows || (use.getOperandNumber() > 0 && type != result))
      return std::nullopt;
    return made;
  }
  DenseSet<unsigned> rowLoops;
  for (unsigned dim : made)
    rowLoops.insert(*loopOf(user, dim));
  AffineMap map = structured.getMatchingIndexingMap(&use);
  RowDims dims;
  for (unsigned dim = 0; dim < map.getNumResults(); ++dim) {
    AffineExpr expr = map.getResult(dim);
    auto loop = dyn_cast<AffineDimExpr>(expr);
    if (loop && rowLoops.contains(loop.getPosition()))
      dims.push_back(dim);
    else if (!loop && llvm::any_of(rowLoops, [&](unsigned row) {
               return expr.isFunctionOfDim(row);
             }))
      return std::nullopt;
  }
  // All rows of one loop would be used by another's.
  if (dims.size() != made.size())
    return std::nullopt;
  return dims;
}

bool RowChain::join(Operation *op) {
  if (members.contains(op) || !isa<TilingInterface>(op) || !resultType(op) ||
      !isa<DestinationStyleOpInterface>(op) || op->use_empty() ||
      op->getBlock() != last->getBlock())
    return false;
  std::optional<RowDims> dims;
  for (OpOperand &use : op->getUses()) {
    std::optional<RowDims> used = rowsOf(use);
    if (!used || (dims && *dims != *used))
      return false;
    dims = used;
  }
  SmallVector<utils::IteratorType> iterators =
      cast<TilingInterface>(op).getLoopIteratorTypes();
  for (unsigned dim : *dims) {
    std::optional<unsigned> loop = loopOf(op, dim);
    if (!loop || *loop >= iterators.size() ||
        iterators[*loop] != utils::IteratorType::parallel)
      return false;
  }
  members[op] = *dims;
  return true;
}

std::optional<RowChain> RowChain::endingAt(Operation *op) {
  RowChain chain;
  if (!chain.start(op))
    return std::nullopt;
  for (bool grown = true; grown;) {
    grown = false;
    for (auto &member : llvm::to_vector(chain.members))
      for (Value operand : member.first->getOperands())
        if (Operation *producer = operand.getDefiningOp())
          grown |= chain.join(producer);
  }
  return chain;
}

bool RowChain::isWorthTiles(int64_t rows) const {
  TilingInterface end = last;
  int64_t all = 1, largest = 0;
  for (const Loop &loop : overRows)
    all *= loop.size;
  for (const auto &[op, dims] : members)
    if (op != end.getOperation() && !isa<linalg::FillOp>(op))
      largest = std::max(largest, bytesOf(resultType(op)));
  return largest > bytesOf(resultType(end)) && 2 * rows <= all;
}
