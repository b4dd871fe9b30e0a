//===- AttentionOperands.cpp - structure of queries, keys, values *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionPatterns.h"
#include "ElementOrigin.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

/// Whether it is element [d0, d1 / repeats, d2, d3] of a tensor of rank 4.
bool isGrouped(Origin &origin, int64_t heads) {
  auto type = cast<RankedTensorType>(origin.tensor.getType());
  if (type.getRank() != 4 || type.isDynamicDim(1) || type.getDimSize(1) == 0 ||
      heads % type.getDimSize(1) || heads == type.getDimSize(1))
    return false;
  for (unsigned d = 0; d < 4; ++d) {
    AffineExpr expected = getAffineDimExpr(d, origin.tensor.getContext());
    if (d == 1)
      expected = expected.floorDiv(heads / type.getDimSize(1));
    if (origin.index[d] != expected && type.getDimSize(d) != 1)
      return false;
  }
  return true;
}

/// What the heads of `repeated` are groups of; null where they are none.
Value groupsOf(Value repeated) {
  int64_t heads = cast<ShapedType>(repeated.getType()).getDimSize(1);
  if (ShapedType::isDynamic(heads))
    return nullptr;
  Origin origin(repeated);
  while (origin.step())
    if (isGrouped(origin, heads))
      return origin.tensor;
  return nullptr;
}

/// Heads of keys and values that were repeated for the queries are groups.
struct FindGroupedHeads : public OpRewritePattern<attn::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(op.getInit().getType()))
      return rewriter.notifyMatchFailure(op, "on buffers");
    auto heads = [](Value value) {
      return cast<ShapedType>(value.getType()).getDimSize(1);
    };
    Value key = groupsOf(op.getKey()), value = groupsOf(op.getValue());
    if (!key || !value || heads(key) != heads(value) ||
        heads(op.getKey()) != heads(op.getQuery()))
      return rewriter.notifyMatchFailure(
          op, "keys and values are not repeated alike");
    rewriter.modifyOpInPlace(op, [&] {
      op.getKeyMutable().assign(key);
      op.getValueMutable().assign(value);
    });
    return success();
  }
};

/// transpose(expand(transpose(x))) that puts all back in its place is an
/// expansion: exporters fold the batch to transpose keys.
struct FoldTransposesAroundExpand
    : public OpRewritePattern<linalg::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::TransposeOp outer,
                                PatternRewriter &rewriter) const override {
    auto expand = outer.getInput().getDefiningOp<tensor::ExpandShapeOp>();
    auto inner =
        expand ? expand.getSrc().getDefiningOp<linalg::TransposeOp>() : nullptr;
    if (!inner || outer->getNumResults() != 1)
      return rewriter.notifyMatchFailure(
          outer, "not around an expansion of a transpose");
    SmallVector<ReassociationIndices> groups = expand.getReassociationIndices(),
                                      placed(groups.size());
    // Dimension `group` of the expansion's source is dimension `input` of x.
    for (auto [group, input] : llvm::enumerate(inner.getPermutation()))
      placed[input] = groups[group];
    SmallVector<int64_t> order;
    for (const ReassociationIndices &group : placed)
      llvm::append_range(order, group);
    if (!llvm::equal(order, outer.getPermutation()))
      return rewriter.notifyMatchFailure(outer, "the order stays another");
    SmallVector<ReassociationIndices> result;
    int64_t next = 0;
    for (const ReassociationIndices &group : placed) {
      result.emplace_back();
      for (size_t i = 0; i < group.size(); ++i)
        result.back().push_back(next++);
    }
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim : order)
      sizes.push_back(expand.getMixedOutputShape()[dim]);
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        outer, outer.getResult()[0].getType(), inner.getInput(), result, sizes);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Scale
//===----------------------------------------------------------------------===//

/// The number that `op` multiplies all of its first input with.
std::optional<double> multiplier(linalg::GenericOp op) {
  if (!op || op.getNumResults() != 1 || op.getNumDpsInputs() < 1 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      !op.getIndexingMapsArray().front().isIdentity() ||
      !op.getIndexingMapsArray().back().isIdentity() ||
      op.getDpsInputs()[0].getType() != op.getResult(0).getType())
    return std::nullopt;
  Operation *by = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_present<arith::MulFOp, arith::DivFOp>(by) ||
      by->getOperand(0) != op.getBody()->getArgument(0))
    return std::nullopt;
  Value other = by->getOperand(1);
  if (auto argument = dyn_cast<BlockArgument>(other))
    if (argument.getOwner() == op.getBody() &&
        argument.getArgNumber() < op.getNumDpsInputs())
      other = op.getDpsInputs()[argument.getArgNumber()];
  Attribute constant;
  if (!matchPattern(other, m_Constant(&constant)))
    return std::nullopt;
  if (auto splat = dyn_cast<SplatElementsAttr>(constant))
    constant = splat.getSplatValue<Attribute>();
  auto number = dyn_cast<FloatAttr>(constant);
  if (!number)
    return std::nullopt;
  double factor = number.getValueAsDouble();
  return isa<arith::MulFOp>(by) ? factor : 1 / factor;
}

/// Queries or keys that are multiplied with a number before they are laid out:
/// the number is one of the scores.
struct FindScale : public OpRewritePattern<attn::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    for (Value operand : {op.getQuery(), op.getKey()}) {
      Value source = operand;
      while (source.hasOneUse() &&
             isa_and_present<linalg::TransposeOp, tensor::ExpandShapeOp,
                             tensor::CollapseShapeOp>(source.getDefiningOp()))
        source = source.getDefiningOp()->getOperand(0);
      auto generic = source.getDefiningOp<linalg::GenericOp>();
      std::optional<double> factor =
          source.hasOneUse() ? multiplier(generic) : std::nullopt;
      if (!factor || !std::isfinite(*factor))
        continue;
      rewriter.replaceOp(generic, generic.getDpsInputs()[0]);
      rewriter.modifyOpInPlace(op, [&] {
        op.setScale(APFloat(op.getScale().convertToDouble() * *factor));
      });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no number that scales alone");
  }
};

} // namespace

void tfc::raise::populateOperandPatterns(RewritePatternSet &patterns) {
  patterns.add<FindGroupedHeads, FoldTransposesAroundExpand, FindScale>(
      patterns.getContext());
}
