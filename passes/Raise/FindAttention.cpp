//===- FindAttention.cpp - attention in linalg on tensors -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgAttention.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Raise/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"
#include <cmath>

namespace tfc::raise {
#define GEN_PASS_DEF_FINDATTENTIONPASS
#include "tfc/Passes/Raise/Passes.h.inc"
} // namespace tfc::raise

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// Writes what was found as attn.attention.
class AttentionWriter {
public:
  AttentionWriter(RewriterBase &b, LinalgAttention &found)
      : b(b), found(found), loc(found.values.product.getLoc()) {}

  Value write();

private:
  /// [..., rows, features] of an operand as [batch, heads, rows, features].
  Value operand(const ProductOperand &operand);
  /// With sizes of the batch in front as the scores have them, and 1 up to rank
  /// 4.
  Value toRank4(Value value, bool isMask = false);
  Value reshape(Value value, ArrayRef<OpFoldResult> sizes);
  Value opposite(Value truths);
  /// Of two that broadcast to the scores, in the shape that both broadcast to.
  Value sum(Value x, Value y);
  /// A bias or mask at places of the scores, with size 1 where it is the same
  /// along a dimension.
  Value broadcastable(Value tensor, ArrayRef<AffineExpr> index);

  RewriterBase &b;
  LinalgAttention &found;
  Location loc;
};

Value AttentionWriter::operand(const ProductOperand &operand) {
  if (operand.isInOrder)
    return toRank4(operand.tensor);
  auto type = cast<RankedTensorType>(operand.tensor.getType());
  SmallVector<int64_t> order =
      llvm::to_vector(llvm::seq<int64_t>(type.getRank()));
  std::swap(order[type.getRank() - 1], order[type.getRank() - 2]);
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, loc, operand.tensor);
  std::swap(sizes[type.getRank() - 1], sizes[type.getRank() - 2]);
  Value empty = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  auto transposed =
      linalg::TransposeOp::create(b, loc, operand.tensor, empty, order);
  return toRank4(transposed->getResult(0));
}

Value AttentionWriter::toRank4(Value value, bool isMask) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  unsigned batch = found.rank - 2;
  SmallVector<OpFoldResult> wanted;
  if (isMask)
    wanted.assign(sizes.begin(), sizes.begin() + batch);
  else
    for (unsigned dim = 0; dim < batch; ++dim)
      wanted.push_back(tensor::getMixedSize(b, loc, found.scores, dim));
  // One head for each of the batch.
  wanted.resize(2, b.getIndexAttr(1));
  wanted.append({sizes[type.getRank() - 2], sizes[type.getRank() - 1]});
  return reshape(value, wanted);
}

Value AttentionWriter::reshape(Value value, ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(value.getType());
  unsigned from = type.getRank();
  if (from == sizes.size())
    return value;
  // Rows and features stay; what is before them is one group.
  SmallVector<ReassociationIndices> groups;
  unsigned front = sizes.size() - 2;
  if (from == 3)
    groups.push_back(llvm::to_vector(llvm::seq<int64_t>(front)));
  ReassociationIndices rows;
  if (from == 2)
    rows = llvm::to_vector(llvm::seq<int64_t>(front));
  rows.push_back(front);
  groups.push_back(rows);
  groups.push_back({static_cast<int64_t>(front + 1)});
  SmallVector<int64_t> shape;
  SmallVector<Value> dynamic;
  dispatchIndexOpFoldResults(sizes, dynamic, shape);
  return tensor::ExpandShapeOp::create(
      b, loc, RankedTensorType::get(shape, type.getElementType()), value,
      groups, sizes);
}

Value AttentionWriter::broadcastable(Value tensor, ArrayRef<AffineExpr> index) {
  auto type = cast<RankedTensorType>(tensor.getType());
  MLIRContext *context = b.getContext();
  // In the order of the scores, without the places where it is the same.
  SmallVector<AffineExpr> place;
  SmallVector<OpFoldResult> sizes;
  AffineExpr zero = getAffineConstantExpr(0, context);
  for (unsigned dim = 0; dim < found.rank; ++dim) {
    AffineExpr wanted = getAffineDimExpr(dim, context);
    const auto *at = llvm::find(index, wanted);
    if (at == index.end())
      sizes.push_back(b.getIndexAttr(1));
    else
      sizes.push_back(tensor::getMixedSize(b, loc, tensor, at - index.begin()));
  }
  for (AffineExpr expr : index)
    place.push_back(expr);
  if (index.size() == found.rank &&
      llvm::all_of(llvm::enumerate(place), [&](auto each) {
        return each.value() == zero
                   ? type.getDimSize(each.index()) == 1
                   : each.value() == getAffineDimExpr(each.index(), context);
      }))
    return toRank4(tensor, /*isMask=*/true);
  Value empty = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  SmallVector<AffineMap> maps = {
      AffineMap::get(found.rank, 0, place, context),
      AffineMap::getMultiDimIdentityMap(found.rank, context)};
  SmallVector<utils::IteratorType> loops(found.rank,
                                         utils::IteratorType::parallel);
  auto copy = linalg::GenericOp::create(
      b, loc, empty.getType(), tensor, empty, maps, loops,
      [](OpBuilder &b, Location loc, ValueRange scalars) {
        linalg::YieldOp::create(b, loc, scalars[0]);
      });
  return toRank4(copy.getResult(0), /*isMask=*/true);
}

Value AttentionWriter::opposite(Value truths) {
  Value empty = tensor::EmptyOp::create(
      b, loc, tensor::getMixedSizes(b, loc, truths), b.getI1Type());
  AffineMap map = AffineMap::getMultiDimIdentityMap(4, b.getContext());
  SmallVector<utils::IteratorType> loops(4, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, empty.getType(), truths, empty,
             ArrayRef<AffineMap>{map, map}, loops,
             [](OpBuilder &b, Location loc, ValueRange scalars) {
               Value one =
                   arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
               Value other = arith::XOrIOp::create(b, loc, scalars[0], one);
               linalg::YieldOp::create(b, loc, other);
             })
      .getResult(0);
}

Value AttentionWriter::sum(Value x, Value y) {
  MLIRContext *context = b.getContext();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, x);
  SmallVector<AffineMap> maps;
  for (Value operand : {x, y}) {
    SmallVector<AffineExpr> place;
    for (auto [dim, size] : llvm::enumerate(
             cast<RankedTensorType>(operand.getType()).getShape())) {
      place.push_back(size == 1 ? getAffineConstantExpr(0, context)
                                : getAffineDimExpr(dim, context));
      if (size != 1)
        sizes[dim] = tensor::getMixedSize(b, loc, operand, dim);
    }
    maps.push_back(AffineMap::get(4, 0, place, context));
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(4, context));
  Value empty =
      tensor::EmptyOp::create(b, loc, sizes, getElementTypeOrSelf(x.getType()));
  SmallVector<utils::IteratorType> loops(4, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, empty.getType(), ValueRange{x, y}, empty, maps, loops,
             [](OpBuilder &b, Location loc, ValueRange scalars) {
               Value added =
                   arith::AddFOp::create(b, loc, scalars[0], scalars[1]);
               linalg::YieldOp::create(b, loc, added);
             })
      .getResult(0);
}

Value AttentionWriter::write() {
  b.setInsertionPoint(found.values.product);
  Value query = operand(found.keys.rows), key = operand(found.keys.columns);
  Value value = operand(found.values.columns);
  Value bias, mask;
  for (const ScalarAt &added : found.biases) {
    Value tensor = broadcastable(added.value, added.index);
    bias = bias ? sum(bias, tensor) : tensor;
  }
  if (found.mask) {
    mask = broadcastable(found.mask->value, found.mask->index);
    if (found.hidesWhereTrue)
      mask = opposite(mask);
  }
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, query);
  sizes[3] = tensor::getMixedSize(b, loc, value, 3);
  Value result = found.values.product->getResult(0);
  auto resultType = cast<RankedTensorType>(result.getType());
  Value empty =
      tensor::EmptyOp::create(b, loc, sizes, resultType.getElementType());
  auto attention =
      attn::AttentionOp::create(b, loc, query, key, value, empty, found.scale);
  if (bias)
    attention.getBiasMutable().assign(bias);
  if (mask)
    attention.getMaskMutable().assign(mask);
  if (mask && std::isfinite(found.hiddenScore))
    attention.setMaskedScoreAttr(b.getF64FloatAttr(found.hiddenScore));
  if (resultType.getRank() == 4)
    return attention.getResult();
  SmallVector<ReassociationIndices> groups;
  if (resultType.getRank() == 3)
    groups = {{0, 1}, {2}, {3}};
  else
    groups = {{0, 1, 2}, {3}};
  Value folded =
      tensor::CollapseShapeOp::create(b, loc, attention.getResult(), groups);
  if (folded.getType() != resultType)
    folded = tensor::CastOp::create(b, loc, resultType, folded);
  return folded;
}

struct FindAttentionPass
    : public tfc::raise::impl::FindAttentionPassBase<FindAttentionPass> {
  using FindAttentionPassBase::FindAttentionPassBase;

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> products;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (linalg::isaContractionOpInterface(op) && op.hasPureTensorSemantics())
        products.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp product : products) {
      LinalgAttention found;
      std::string reason;
      if (succeeded(matchLinalgAttention(product, found, reason)))
        rewriter.replaceOp(product, AttentionWriter(rewriter, found).write());
      else if (reportMisses && !reason.empty())
        product->emitRemark("multiplies by a softmax, but is no attention: ")
            << reason;
    }
  }
};

} // namespace
