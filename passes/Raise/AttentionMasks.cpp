//===- AttentionMasks.cpp - structure of computed masks ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionPatterns.h"
#include "ElementExpressions.h"
#include "Recognise.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// The edges of what queries see, from bounds on positions.
class Edges {
public:
  Edges(ElementExpressions &expressions, attn::AttentionOp op)
      : expressions(expressions), op(op), context(op.getContext()),
        queries(expressions.size(op.getQuery(), 2)),
        keys(expressions.size(op.getKey(), 2)),
        offset(op.getQueryOffset()
                   ? expressions.integer(OpFoldResult(op.getQueryOffset()))
                   : keys - queries) {
    if (op.getCausal())
      right = 0;
    else if (op.getRightWindow())
      right = *op.getRightWindow();
    if (op.getLeftWindow())
      left = *op.getLeftWindow();
    positioned = left || right;
  }

  std::optional<int64_t> left, right;
  /// Set where the position of the first query is not the operation's.
  AffineExpr newOffset;
  /// How many keys are seen, where a tensor says so.
  std::optional<LengthBound> length;

  /// Takes one bound in; false where it says something else than an edge.
  bool add(AffineExpr bound) {
    bound = simplify(bound);
    if (expressions.readsIntegers(bound))
      return addLength(bound);
    if (bound.isFunctionOfDim(0) || bound.isFunctionOfDim(1))
      return false;
    std::optional<int64_t> query = coefficient(bound, 2),
                           key = coefficient(bound, 3);
    if (!query || !key)
      return false;
    AffineExpr rest = simplify(at(bound, 0, 0));
    if (*query == 1 && *key == -1)
      return addRight(rest);
    if (*query == -1 && *key == 1)
      return addLeft(rest);
    // What holds for all queries and keys, whose positions are 0 and more.
    if (*query >= 0 && *key >= 0)
      return expressions.isNonNegative(rest);
    if (*query >= 0 && *key == -1)
      return expressions.isNonNegative(simplify(rest - keys + 1));
    return false;
  }

  /// Whether each query sees a key, whatever the sizes.
  bool everyQuerySeesAKey() const {
    if (length)
      return false;
    AffineExpr first = newOffset ? newOffset : offset;
    return expressions.isNonNegative(first) &&
           expressions.isNonNegative(keys - queries - first);
  }

private:
  AffineExpr simplify(AffineExpr expr) const {
    return simplifyAffineExpr(expr, 4, expressions.symbols().size());
  }
  AffineExpr at(AffineExpr expr, int64_t query, int64_t key) const {
    return expr.replaceDims({getAffineConstantExpr(0, context),
                             getAffineConstantExpr(0, context),
                             getAffineConstantExpr(query, context),
                             getAffineConstantExpr(key, context)});
  }
  /// What the bound gains from one step along `dim`, where that is a number.
  std::optional<int64_t> coefficient(AffineExpr bound, unsigned dim) const {
    auto number = dyn_cast<AffineConstantExpr>(
        simplify(at(bound, dim == 2, dim == 3) - at(bound, 0, 0)));
    if (!number || !bound.isPureAffine())
      return std::nullopt;
    bool linear = true;
    bound.walk([&](AffineExpr part) {
      linear &= part.getKind() != AffineExprKind::Mod &&
                part.getKind() != AffineExprKind::FloorDiv &&
                part.getKind() != AffineExprKind::CeilDiv;
    });
    return linear ? std::optional(number.getValue()) : std::nullopt;
  }

  /// key < what a tensor holds for the batch
  bool addLength(AffineExpr bound) {
    std::optional<LengthBound> found = expressions.length(bound);
    if (!found || length || op.getKeyLengths())
      return false;
    bool forAll =
        llvm::all_of(found->number.index, llvm::IsaPred<AffineConstantExpr>);
    if (forAll && cast<ShapedType>(op.getQuery().getType()).getDimSize(0) != 1)
      return false;
    length = found;
    return true;
  }

  /// key <= query + rest
  bool addRight(AffineExpr rest) {
    AffineExpr distance = simplify(rest - (newOffset ? newOffset : offset));
    auto number = dyn_cast<AffineConstantExpr>(distance);
    if (!number && !positioned && !op.getQueryOffset()) {
      newOffset = rest;
      number = cast<AffineConstantExpr>(getAffineConstantExpr(0, context));
    }
    if (!number || number.getValue() < 0)
      return false;
    positioned = true;
    right = right ? std::min(*right, number.getValue()) : number.getValue();
    return true;
  }

  /// query <= key + rest
  bool addLeft(AffineExpr rest) {
    auto number = dyn_cast<AffineConstantExpr>(
        simplify(rest + (newOffset ? newOffset : offset)));
    if (!number || number.getValue() < 0)
      return false;
    positioned = true;
    left = left ? std::min(*left, number.getValue()) : number.getValue();
    return true;
  }

  ElementExpressions &expressions;
  attn::AttentionOp op;
  MLIRContext *context;
  AffineExpr queries, keys, offset;
  bool positioned = false;
};

/// What a bias or mask holds at [batch, head, query, key].
Element elementOf(ElementExpressions &expressions, Value operand) {
  SmallVector<AffineExpr> index;
  MLIRContext *context = operand.getContext();
  for (auto [dim, size] :
       llvm::enumerate(cast<RankedTensorType>(operand.getType()).getShape()))
    index.push_back(size == 1 ? getAffineConstantExpr(0, context)
                              : getAffineDimExpr(dim, context));
  return expressions.at(operand, index);
}

/// Whether truths are read at indices of the scores alone.
bool areOfScores(ArrayRef<OpaqueTruth> truths) {
  bool plain = true;
  for (const OpaqueTruth &truth : truths)
    for (AffineExpr at : truth.index)
      at.walk([&](AffineExpr part) {
        plain &= part.getKind() != AffineExprKind::SymbolId;
      });
  return plain;
}

/// One mask of rank 4 of what no structure says.
Value opaqueMask(PatternRewriter &rewriter, attn::AttentionOp op,
                 ArrayRef<OpaqueTruth> truths) {
  Location loc = op.getLoc();
  if (truths.size() == 1 && truths.front().index.size() == 4) {
    ArrayRef<int64_t> shape =
        cast<RankedTensorType>(truths.front().tensor.getType()).getShape();
    bool direct = true;
    for (auto [dim, at] : llvm::enumerate(truths.front().index))
      direct &= shape[dim] == 1 ? at == rewriter.getAffineConstantExpr(0)
                                : at == rewriter.getAffineDimExpr(dim);
    if (direct)
      return truths.front().tensor;
  }
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(rewriter, loc, op.getQuery());
  sizes[3] = tensor::getMixedSize(rewriter, loc, op.getKey(), 2);
  bool used[4] = {};
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputs;
  for (const OpaqueTruth &truth : truths) {
    for (AffineExpr at : truth.index)
      for (unsigned dim = 0; dim < 4; ++dim)
        used[dim] |= at.isFunctionOfDim(dim);
    inputs.push_back(truth.tensor);
    maps.push_back(AffineMap::get(4, 0, truth.index, rewriter.getContext()));
  }
  for (unsigned dim = 0; dim < 4; ++dim)
    if (!used[dim])
      sizes[dim] = rewriter.getIndexAttr(1);
  maps.push_back(rewriter.getMultiDimIdentityMap(4));
  Value init =
      tensor::EmptyOp::create(rewriter, loc, sizes, rewriter.getI1Type());
  SmallVector<utils::IteratorType> parallel(4, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             rewriter, loc, init.getType(), inputs, init, maps, parallel,
             [](OpBuilder &b, Location at, ValueRange values) {
               Value all = values.front();
               for (Value other : values.drop_front().drop_back())
                 all = arith::AndIOp::create(b, at, all, other);
               linalg::YieldOp::create(b, at, all);
             })
      .getResult(0);
}

/// Whether `mask` is one of `truths`, or made of what they are read from by one
/// operation: nothing of how it is computed can be left out.
bool isReadFrom(Value mask, ArrayRef<OpaqueTruth> truths) {
  auto op = mask.getDefiningOp<linalg::GenericOp>();
  return llvm::all_of(truths, [&](const OpaqueTruth &truth) {
    return truth.tensor == mask ||
           (op && llvm::is_contained(op.getDpsInputs(), truth.tensor));
  });
}

/// The numbers of keys that each of the batch sees, [B].
Value lengthsOf(PatternRewriter &rewriter, attn::AttentionOp op,
                const LengthBound &length) {
  Location loc = op.getLoc();
  Value tensor = length.number.tensor;
  AffineExpr batch = rewriter.getAffineDimExpr(0);
  if (length.plus == 0 && length.number.index.size() == 1)
    return tensor;
  Type type = getElementTypeOrSelf(tensor.getType());
  Value init =
      tensor::EmptyOp::create(rewriter, loc,
                              ArrayRef<OpFoldResult>{tensor::getMixedSize(
                                  rewriter, loc, op.getQuery(), 0)},
                              type);
  return linalg::GenericOp::create(
             rewriter, loc, init.getType(), tensor, init,
             ArrayRef<AffineMap>{AffineMap::get(1, 0, length.number.index,
                                                rewriter.getContext()),
                                 AffineMap::get(1, 0, batch)},
             utils::IteratorType::parallel,
             [&](OpBuilder &b, Location at, ValueRange values) {
               Value more = arith::ConstantOp::create(
                   b, at, b.getIntegerAttr(type, length.plus));
               linalg::YieldOp::create(
                   b, at,
                   arith::AddIOp::create(b, at, values[0], more).getResult());
             })
      .getResult(0);
}

/// A mask, or a bias of 0 and a number that hides, as structure and what is
/// left of it.
struct FindMaskStructure : public OpRewritePattern<attn::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(op.getInit().getType()) || op.getMaskBlock() ||
        op.getGlobal())
      return rewriter.notifyMatchFailure(op, "on buffers, or with blocks or "
                                             "global keys already");
    ElementExpressions expressions(op.getContext());
    expressions.setExtents(
        {expressions.size(op.getQuery(), 0), expressions.size(op.getQuery(), 1),
         expressions.size(op.getQuery(), 2), expressions.size(op.getKey(), 2)});
    Truth truth;
    double number = -std::numeric_limits<double>::infinity();
    bool fromBias = !op.getMask();
    if (fromBias) {
      if (!op.getBias() || op.getScore() == attn::ScoreFunction::Linear)
        return rewriter.notifyMatchFailure(op, "neither mask nor bias");
      Element element = elementOf(expressions, op.getBias());
      bool f32 = getElementTypeOrSelf(op.getBias().getType()).isF32();
      bool hides = element.kind == Element::Choice && element.seen == 0 &&
                   (std::isinf(element.hidden) || f32) &&
                   element.hidden <= hiding;
      if (!hides)
        return rewriter.notifyMatchFailure(op, "the bias is not a mask");
      // Its structure hides with the operation's number already.
      std::optional<APFloat> known = op.getMaskedScore();
      bool hidesAlready = op.getCausal() || op.getLeftWindow() ||
                          op.getRightWindow() || op.getKeyLengths();
      if (hidesAlready &&
          element.hidden != (known ? known->convertToDouble() : number))
        return rewriter.notifyMatchFailure(op, "masks of different numbers");
      truth = element.truth;
      number = element.hidden;
    } else {
      Element element = elementOf(expressions, op.getMask());
      if (element.kind != Element::Boolean)
        return rewriter.notifyMatchFailure(op, "the mask is not understood");
      truth = element.truth;
      if (op.getMaskedScore())
        number = op.getMaskedScore()->convertToDouble();
      if (truth.bounds.empty() && !truth.opaque.empty() &&
          isReadFrom(op.getMask(), truth.opaque))
        return rewriter.notifyMatchFailure(op, "the mask has no structure");
    }
    return rewrite(op, rewriter, expressions, truth, number, fromBias);
  }

private:
  /// The value of a position; null where a symbol of it is no index.
  static Value positionOf(attn::AttentionOp op, PatternRewriter &rewriter,
                          ElementExpressions &expressions,
                          AffineExpr position) {
    SmallVector<OpFoldResult> symbols;
    for (Value symbol : expressions.symbols()) {
      if (!symbol || !symbol.getType().isIndex())
        return nullptr;
      symbols.push_back(symbol);
    }
    return getValueOrCreateConstantIndexOp(
        rewriter, op.getLoc(),
        affine::makeComposedFoldedAffineApply(
            rewriter, op.getLoc(), AffineMap::get(0, symbols.size(), position),
            symbols));
  }

  static LogicalResult rewrite(attn::AttentionOp op, PatternRewriter &rewriter,
                               ElementExpressions &expressions,
                               const Truth &truth, double number,
                               bool fromBias) {
    if (op.hasOffsetPerBatch())
      return rewriter.notifyMatchFailure(op,
                                         "batches have their own positions");
    Edges edges(expressions, op);
    for (AffineExpr bound : truth.bounds)
      if (!edges.add(bound))
        return rewriter.notifyMatchFailure(op, "a bound is not an edge");
    if (!areOfScores(truth.opaque))
      return rewriter.notifyMatchFailure(op, "a mask is read by position");
    // Rows that see a key give what is hidden no weight, whatever the number.
    bool finite = !std::isinf(number);
    bool lost = truth.opaque.empty() && !op.getKeyLengths() &&
                number <= hiding && edges.everyQuerySeesAKey();
    if (fromBias && number > absorbing && !lost)
      return rewriter.notifyMatchFailure(op, "the number may not hide");
    Value offset = op.getQueryOffset();
    if (edges.newOffset) {
      offset = positionOf(op, rewriter, expressions, edges.newOffset);
      if (!offset)
        return rewriter.notifyMatchFailure(op, "a position is no index");
    }
    Value lengths =
        edges.length ? lengthsOf(rewriter, op, *edges.length) : Value();
    Value mask =
        truth.opaque.empty() ? Value() : opaqueMask(rewriter, op, truth.opaque);
    rewriter.modifyOpInPlace(op, [&] {
      if (fromBias)
        op.getBiasMutable().clear();
      op.getMaskMutable().clear();
      if (mask)
        op.getMaskMutable().assign(mask);
      if (lengths)
        op.getKeyLengthsMutable().assign(lengths);
      if (offset && !op.getQueryOffset())
        op.getQueryOffsetMutable().assign(offset);
      op.setCausal(edges.right == 0);
      op.removeRightWindowAttr();
      if (edges.right && *edges.right > 0)
        op.setRightWindow(*edges.right);
      if (edges.left)
        op.setLeftWindow(*edges.left);
      op.removeMaskedScoreAttr();
      if (finite && !lost)
        op.setMaskedScore(APFloat(number));
    });
    return success();
  }
};
} // namespace

void tfc::raise::populateMaskPatterns(RewritePatternSet &patterns) {
  patterns.add<FindMaskStructure>(patterns.getContext());
}
