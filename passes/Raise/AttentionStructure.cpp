//===- AttentionStructure.cpp - structure of attention's operands *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpressions.h"
#include "Recognise.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Raise/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

namespace tfc::raise {
#define GEN_PASS_DEF_ATTENTIONSTRUCTUREPASS
#include "tfc/Passes/Raise/Passes.h.inc"
} // namespace tfc::raise

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

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

  /// Takes one bound in; false where it says something else than an edge.
  bool add(AffineExpr bound) {
    bound = simplify(bound);
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
      if (truth.bounds.empty() && !truth.opaque.empty())
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
    Value mask =
        truth.opaque.empty() ? Value() : opaqueMask(rewriter, op, truth.opaque);
    rewriter.modifyOpInPlace(op, [&] {
      if (fromBias)
        op.getBiasMutable().clear();
      op.getMaskMutable().clear();
      if (mask)
        op.getMaskMutable().assign(mask);
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

/// A tensor without expansions by dimensions of size 1.
Value unexpanded(Value tensor) {
  while (auto expand = tensor.getDefiningOp<tensor::ExpandShapeOp>())
    tensor = expand.getSrc();
  return tensor;
}

/// A constant mask of which whole blocks are one truth.
struct FindMaskBlocks : public OpRewritePattern<attn::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    Value mask = op.getMask() ? op.getMask() : op.getBias();
    Attribute constant;
    if (op.getMaskBlock() || !mask ||
        !matchPattern(unexpanded(mask), m_Constant(&constant)))
      return rewriter.notifyMatchFailure(op, "no constant mask");
    auto type = cast<ShapedType>(mask.getType());
    std::optional<SmallVector<double>> numbers = constantNumbers(constant);
    bool alone = !op.getMask() || !op.getMaskedScore();
    if (!numbers || numbers->empty() || !alone)
      return rewriter.notifyMatchFailure(op, "its numbers are not at hand");
    double number = -std::numeric_limits<double>::infinity();
    double seen = type.getElementType().isInteger(1) ? 1 : 0;
    if (!op.getMask()) {
      number = *llvm::min_element(*numbers);
      bool f32 = type.getElementType().isF32();
      bool isMask =
          llvm::all_of(*numbers,
                       [&](double n) { return n == 0 || n == number; }) &&
          (number == -std::numeric_limits<double>::infinity() ||
           (f32 && number <= absorbing) ||
           (f32 && number <= hiding && everyRowSees(*numbers, type))) &&
          op.getScore() != attn::ScoreFunction::Linear && !op.getCausal() &&
          !op.getLeftWindow() && !op.getRightWindow() && !op.getKeyLengths();
      if (!isMask)
        return rewriter.notifyMatchFailure(op, "the bias is not a mask");
    }
    ArrayRef<int64_t> shape = type.getShape();
    for (int64_t block : {64, 32, 16, 8, 4, 2}) {
      std::optional<SmallVector<bool>> blocks =
          blocksOf(*numbers, seen, shape, block);
      if (!blocks)
        continue;
      auto coarse = RankedTensorType::get(
          {shape[0], shape[1], shape[2] / block, shape[3] / block},
          rewriter.getI1Type());
      Value value = arith::ConstantOp::create(
          rewriter, op.getLoc(), DenseElementsAttr::get(coarse, *blocks));
      rewriter.modifyOpInPlace(op, [&] {
        if (!op.getMask())
          op.getBiasMutable().clear();
        op.getMaskMutable().assign(value);
        op.setMaskBlock(block);
        // Rows that see a key lose what a finite number hides.
        if (!std::isinf(number) && !everyRowSees(*numbers, type))
          op.setMaskedScore(APFloat(number));
      });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no blocks of one truth");
  }

private:
  static bool everyRowSees(ArrayRef<double> numbers, ShapedType type) {
    int64_t columns = type.getShape().back();
    for (size_t row = 0; row < numbers.size(); row += columns)
      if (!llvm::is_contained(numbers.slice(row, columns), 0.0))
        return false;
    return true;
  }

  static std::optional<SmallVector<bool>> blocksOf(ArrayRef<double> numbers,
                                                   double seen,
                                                   ArrayRef<int64_t> shape,
                                                   int64_t block) {
    int64_t rows = shape[2], columns = shape[3];
    if (rows % block || columns % block || rows == block || columns == block)
      return std::nullopt;
    SmallVector<bool> blocks;
    for (int64_t matrix = 0; matrix < shape[0] * shape[1]; ++matrix)
      for (int64_t i = 0; i < rows; i += block)
        for (int64_t j = 0; j < columns; j += block) {
          auto at = [&](int64_t y, int64_t x) {
            return numbers[(matrix * rows + i + y) * columns + j + x] == seen;
          };
          for (int64_t y = 0; y < block; ++y)
            for (int64_t x = 0; x < block; ++x)
              if (at(y, x) != at(0, 0))
                return std::nullopt;
          blocks.push_back(at(0, 0));
        }
    return blocks;
  }
};

/// A constant mask of a window and keys that all see, as Longformer's.
struct FindGlobalKeys : public OpRewritePattern<attn::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    Attribute constant;
    if (op.getMask() || op.getCausal() || op.getLeftWindow() ||
        op.getRightWindow() || op.getKeyLengths() || op.getQueryOffset() ||
        op.getScore() == attn::ScoreFunction::Linear || !op.getBias() ||
        !matchPattern(unexpanded(op.getBias()), m_Constant(&constant)))
      return rewriter.notifyMatchFailure(op, "no constant bias alone");
    auto type = cast<ShapedType>(op.getBias().getType());
    ArrayRef<int64_t> shape = type.getShape();
    std::optional<SmallVector<double>> numbers = constantNumbers(constant);
    if (!numbers || numbers->empty() || shape[0] != 1 || shape[1] != 1 ||
        shape[2] != shape[3])
      return rewriter.notifyMatchFailure(op, "not one square matrix");
    double number = *llvm::min_element(*numbers);
    bool f32 = type.getElementType().isF32();
    if (!(number <= hiding) || !(f32 || std::isinf(number)) ||
        llvm::any_of(*numbers, [&](double n) { return n != 0 && n != number; }))
      return rewriter.notifyMatchFailure(op, "the bias is not a mask");
    std::optional<Window> window = windowOf(*numbers, shape[2]);
    if (!window)
      return rewriter.notifyMatchFailure(op, "not a window with global keys");
    rewriter.modifyOpInPlace(op, [&] {
      op.getBiasMutable().clear();
      op.setLeftWindow(window->left);
      op.setRightWindow(window->right);
      op.setGlobal(window->global);
    });
    return success();
  }

private:
  struct Window {
    int64_t left = 0, right = 0, global = 0;
  };

  /// What is 0 in a square matrix, as a window and global keys and queries.
  static std::optional<Window> windowOf(ArrayRef<double> numbers,
                                        int64_t size) {
    Window window;
    auto seen = [&](int64_t i, int64_t j) {
      return numbers[i * size + j] == 0;
    };
    auto seenByAll = [&](int64_t key) {
      return llvm::all_of(llvm::seq<int64_t>(0, size),
                          [&](int64_t query) { return seen(query, key); });
    };
    while (window.global < size && seenByAll(window.global))
      ++window.global;
    if (window.global == 0 || window.global == size)
      return std::nullopt;
    for (int64_t i = window.global; i < size; ++i)
      for (int64_t j = window.global; j < size; ++j)
        if (seen(i, j)) {
          window.left = std::max(window.left, i - j);
          window.right = std::max(window.right, j - i);
        }
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < size; ++j)
        if (seen(i, j) != (i < window.global || j < window.global ||
                           (i - j <= window.left && j - i <= window.right)))
          return std::nullopt;
    return window;
  }
};

//===----------------------------------------------------------------------===//
// Keys and values
//===----------------------------------------------------------------------===//

/// What [B, G, R, T, D] merged to [B, G * R, T, D] repeats, as [B, G, T, D] or
/// [B, G, 1, T, D]; null where it is something else.
Value repeatedHeads(OpBuilder &b, Value merged) {
  auto collapse = merged.getDefiningOp<tensor::CollapseShapeOp>();
  if (!collapse || collapse.getSrcType().getRank() != 5 ||
      collapse.getReassociationIndices() !=
          SmallVector<ReassociationIndices>{{0}, {1, 2}, {3}, {4}})
    return nullptr;
  auto copy = collapse.getSrc().getDefiningOp<linalg::GenericOp>();
  if (!copy || copy.getNumDpsInputs() != 1 || copy.getNumResults() != 1 ||
      copy.getNumParallelLoops() != 5 ||
      !copy.getIndexingMapsArray().back().isIdentity())
    return nullptr;
  auto yielded =
      dyn_cast<BlockArgument>(copy.getBody()->getTerminator()->getOperand(0));
  if (!yielded || yielded.getArgNumber() != 0)
    return nullptr;
  auto dim = [&](unsigned d) { return b.getAffineDimExpr(d); };
  AffineMap read = copy.getIndexingMapsArray().front();
  Value source = copy.getDpsInputs()[0];
  AffineMap plain = AffineMap::get(5, 0, {dim(0), dim(1), dim(3), dim(4)},
                                   b.getContext()),
            unit = AffineMap::get(
                5, 0,
                {dim(0), dim(1), b.getAffineConstantExpr(0), dim(3), dim(4)},
                b.getContext());
  return read == plain || read == unit ? source : Value();
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
    Value key = repeatedHeads(rewriter, op.getKey()),
          value = repeatedHeads(rewriter, op.getValue());
    if (!key || !value || heads(key) != heads(value) ||
        heads(op.getKey()) != heads(op.getQuery()) ||
        ShapedType::isDynamic(heads(key)))
      return rewriter.notifyMatchFailure(
          op, "keys and values are not repeated alike");
    for (Value *heads : {&key, &value})
      if (cast<ShapedType>(heads->getType()).getRank() == 5)
        *heads = tensor::CollapseShapeOp::create(
            rewriter, op.getLoc(), *heads,
            SmallVector<ReassociationIndices>{{0}, {1, 2}, {3}, {4}});
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
// The pass
//===----------------------------------------------------------------------===//

std::string describe(attn::AttentionOp op) {
  std::string text;
  auto also = [&](const Twine &part) {
    text += (text.empty() ? part : ", " + part).str();
  };
  also(llvm::formatv("scale {0:f6}", op.getScale().convertToDouble()).str());
  if (op.getSoftcap())
    also(llvm::formatv("softcap {0:f6}", op.getSoftcap()->convertToDouble())
             .str());
  auto heads = [](Value value) {
    return cast<ShapedType>(value.getType()).getDimSize(1);
  };
  int64_t groups = heads(op.getKey());
  if (groups != heads(op.getQuery()) && !ShapedType::isDynamic(groups))
    also(Twine(groups) + " groups of heads");
  if (op.getCausal())
    also("causal");
  if (op.getLeftWindow())
    also("left window " + Twine(*op.getLeftWindow()));
  if (op.getRightWindow())
    also("right window " + Twine(*op.getRightWindow()));
  if (op.getGlobal())
    also(Twine(*op.getGlobal()) + " global keys");
  if (op.getKeyLengths())
    also("key lengths");
  if (op.getBias())
    also("with a bias");
  if (op.getMaskBlock())
    also("with a mask of blocks of " + Twine(*op.getMaskBlock()));
  else if (op.getMask())
    also("with a mask");
  if (!op.getMask() && !op.getBias())
    also("without a mask");
  return text;
}

struct AttentionStructurePass
    : public tfc::raise::impl::AttentionStructurePassBase<
          AttentionStructurePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FindMaskStructure, FindGlobalKeys, FindGroupedHeads,
                 FoldTransposesAroundExpand>(&getContext());
    // Folded batches go as the transposes around them do.
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    // What has edges needs no blocks.
    patterns.add<FindMaskBlocks>(&getContext(), /*benefit=*/0);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    renewNotes();
  }

private:
  /// The notes for the report say what was found here too.
  void renewNotes() {
    SmallVector<Attribute> notes;
    if (auto known = getOperation()->getAttrOfType<ArrayAttr>("tfc.attentions"))
      notes.assign(known.begin(), known.end());
    getOperation()->walk([&](attn::AttentionOp op) {
      auto number = dyn_cast_or_null<IntegerAttr>(op->removeAttr("tfc.note"));
      if (!number || number.getInt() >= static_cast<int64_t>(notes.size()))
        return;
      NamedAttrList note(cast<DictionaryAttr>(notes[number.getInt()]));
      note.set("detail", StringAttr::get(&getContext(), describe(op)));
      notes[number.getInt()] = note.getDictionary(&getContext());
    });
    if (!notes.empty())
      getOperation()->setAttr("tfc.attentions",
                              ArrayAttr::get(&getContext(), notes));
  }
};

} // namespace
