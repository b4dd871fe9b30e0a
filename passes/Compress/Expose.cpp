//===- Expose.cpp - values inside of attn operations ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgBuilder.h"
#include "tfc/Dialect/Attn/Activations.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::compress {
#define GEN_PASS_DEF_EXPOSEPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

bool isF32(Value value) { return getElementTypeOrSelf(value).isF32(); }

Value number(OpBuilder &b, Location loc, double value) {
  return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
}

Value multiplyAdd(OpBuilder &b, Location loc, ValueRange v) {
  return arith::AddFOp::create(
      b, loc, v[2], arith::MulFOp::create(b, loc, v[0], v[1]).getResult());
}

/// Attention by softmax, a step an operation.
class SoftmaxAttention {
public:
  SoftmaxAttention(attn::AttentionOp op, OpBuilder &b)
      : op(op), b(b), loc(op.getLoc()), l(b, loc) {}

  Value build() {
    int64_t heads = cast<ShapedType>(op.getQuery().getType()).getDimSize(1),
            groups = cast<ShapedType>(op.getKey().getType()).getDimSize(1);
    // Query head h reads key head h / (heads / groups).
    group = heads == groups ? dim(1) : dim(1).floorDiv(heads / groups);
    SmallVector<OpFoldResult> query =
        tensor::getMixedSizes(b, loc, op.getQuery());
    OpFoldResult keys = tensor::getMixedSize(b, loc, op.getKey(), 2);
    sizes = {query[0], query[1], query[2], keys};
    // Loops: batch, head, query, key, depth.
    Value scores = l.generic({op.getQuery(), op.getKey()}, l.filled(sizes, 0),
                             {map({dim(0), dim(1), dim(2), dim(4)}),
                              map({dim(0), group, dim(3), dim(4)}),
                              map({dim(0), dim(1), dim(2), dim(3)})},
                             multiplyAdd);
    Value shares = softmax(hidden(biased(capped(scaled(scores)))));
    // Loops: batch, head, query, depth of values, key.
    SmallVector<OpFoldResult> out = tensor::getMixedSizes(b, loc, op.getInit());
    return l.generic({shares, op.getValue()}, l.filled(out, 0),
                     {map({dim(0), dim(1), dim(2), dim(4)}),
                      map({dim(0), group, dim(4), dim(3)}),
                      map({dim(0), dim(1), dim(2), dim(3)})},
                     multiplyAdd);
  }

private:
  AffineExpr dim(unsigned i) { return getAffineDimExpr(i, b.getContext()); }
  AffineMap map(ArrayRef<AffineExpr> results) {
    return AffineMap::get(5, 0, results, b.getContext());
  }

  Value scaled(Value scores) {
    double scale = op.getScale().convertToDouble();
    if (scale == 1.0)
      return scores;
    return l.mapped(
        scores, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::MulFOp::create(b, loc, v[0], number(b, loc, scale));
        });
  }

  Value capped(Value scores) {
    if (!op.getSoftcap())
      return scores;
    double most = op.getSoftcap()->convertToDouble();
    return l.mapped(scores,
                    [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      Value cap = number(b, loc, most);
                      Value part = arith::DivFOp::create(b, loc, v[0], cap);
                      return arith::MulFOp::create(
                          b, loc, math::TanhOp::create(b, loc, part), cap);
                    });
  }

  /// How something of rank 4 that broadcasts to the scores is read.
  AffineMap broadcast(Value value, int64_t block) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<AffineExpr> results;
    for (unsigned i = 0; i < 4; ++i)
      results.push_back(type.getDimSize(i) == 1
                            ? getAffineConstantExpr(0, b.getContext())
                        : i >= 2 ? dim(i).floorDiv(block)
                                 : dim(i));
    return AffineMap::get(4, 0, results, b.getContext());
  }

  Value biased(Value scores) {
    if (!op.getBias())
      return scores;
    AffineMap whole = b.getMultiDimIdentityMap(4);
    return l.generic({scores, op.getBias()}, l.empty(sizes, b.getF32Type()),
                     {whole, broadcast(op.getBias(), 1), whole},
                     [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       return arith::AddFOp::create(b, loc, v[0], v[1]);
                     });
  }

  /// Scores with what no query sees at a number.
  Value hidden(Value scores) {
    bool byPlace = op.getCausal() || op.getLeftWindow() || op.getRightWindow();
    if (!byPlace && !op.getKeyLengths() && !op.getMask())
      return scores;
    AffineMap whole = b.getMultiDimIdentityMap(4);
    SmallVector<Value> inputs = {scores};
    SmallVector<AffineMap> maps = {whole};
    unsigned mask = 0, lengths = 0, offsets = 0;
    auto also = [&](Value value, AffineMap how, unsigned &at) {
      at = inputs.size();
      inputs.push_back(value);
      maps.push_back(how);
    };
    if (op.getMask())
      also(op.getMask(), broadcast(op.getMask(), op.getMaskBlock().value_or(1)),
           mask);
    AffineMap batch = AffineMap::get(4, 0, {dim(0)}, b.getContext());
    if (op.getKeyLengths())
      also(op.getKeyLengths(), batch, lengths);
    if (byPlace && op.hasOffsetPerBatch())
      also(op.getQueryOffset(), batch, offsets);
    maps.push_back(whole);
    Value offset = op.getQueryOffset();
    if (byPlace && !offset)
      offset = b.createOrFold<arith::SubIOp>(
          loc, getValueOrCreateConstantIndexOp(b, loc, sizes[3]),
          getValueOrCreateConstantIndexOp(b, loc, sizes[2]));
    double low = op.getMaskedScore() ? op.getMaskedScore()->convertToDouble()
                                     : -std::numeric_limits<double>::infinity();
    return l.generic(
        inputs, l.empty(sizes, b.getF32Type()), maps,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value visible;
          auto also = [&](Value test) {
            visible =
                visible ? arith::AndIOp::create(b, loc, visible, test) : test;
          };
          if (byPlace)
            also(seen(b, loc,
                      offsets ? arith::IndexCastOp::create(
                                    b, loc, b.getIndexType(), v[offsets])
                              : offset));
          if (lengths)
            also(arith::CmpIOp::create(
                b, loc, arith::CmpIPredicate::slt,
                linalg::IndexOp::create(b, loc, 3),
                arith::IndexCastOp::create(b, loc, b.getIndexType(),
                                           v[lengths])));
          if (mask)
            also(v[mask]);
          return arith::SelectOp::create(b, loc, visible, v[0],
                                         number(b, loc, low));
        });
  }

  /// Whether a query sees a key by their places.
  Value seen(OpBuilder &b, Location loc, Value offset) {
    using Predicate = arith::CmpIPredicate;
    Value key = linalg::IndexOp::create(b, loc, 3),
          position = arith::AddIOp::create(
              b, loc, linalg::IndexOp::create(b, loc, 2), offset);
    Value result = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
    auto number = [&](int64_t n) -> Value {
      return arith::ConstantIndexOp::create(b, loc, n);
    };
    auto both = [&](Predicate how, Value x, Value y) {
      result = arith::AndIOp::create(b, loc, result,
                                     arith::CmpIOp::create(b, loc, how, x, y));
    };
    if (op.getRightWindow())
      both(Predicate::sle, key,
           arith::AddIOp::create(b, loc, position,
                                 number(*op.getRightWindow())));
    if (op.getLeftWindow())
      both(Predicate::sle, position,
           arith::AddIOp::create(b, loc, key, number(*op.getLeftWindow())));
    if (op.getGlobal()) {
      Value count = number(*op.getGlobal());
      for (Value place : {key, position})
        result = arith::OrIOp::create(
            b, loc, result,
            arith::CmpIOp::create(b, loc, Predicate::slt, place, count));
    }
    // Global keys are not seen beyond the causal edge.
    if (op.getCausal())
      both(Predicate::sle, key, position);
    return result;
  }

  Value softmax(Value scores) {
    Value most = l.greatestOfRows(scores);
    Value below = l.withRows(
        scores, most, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::SubFOp::create(b, loc, v[0], v[1]);
        });
    Value powers =
        l.mapped(below, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return math::ExpOp::create(b, loc, v[0]);
        });
    Value sums = l.overRows(
        powers, 0, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::AddFOp::create(b, loc, v[0], v[1]);
        });
    return l.withRows(powers, sums,
                      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        return arith::DivFOp::create(b, loc, v[0], v[1]);
                      });
  }

  attn::AttentionOp op;
  OpBuilder &b;
  Location loc;
  LinalgBuilder l;
  SmallVector<OpFoldResult> sizes;
  AffineExpr group;
};

struct ExposeAttention : public OpRewritePattern<attn::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getResult() || !isF32(op.getInit()))
      return rewriter.notifyMatchFailure(op, "not of f32 on tensors");
    if (op.getScore() != attn::ScoreFunction::Softmax || op.getKeyBlocks())
      return rewriter.notifyMatchFailure(
          op, "scores that are no softmax, or of listed blocks");
    if (op.getTop())
      return rewriter.notifyMatchFailure(
          op, "rounded scores have another order than those of f32");
    auto query = cast<ShapedType>(op.getQuery().getType()),
         key = cast<ShapedType>(op.getKey().getType());
    if (query.isDynamicDim(1) || key.isDynamicDim(1))
      return rewriter.notifyMatchFailure(op, "the number of heads is open");
    bool hides = op.getMask() || op.getKeyLengths() || op.getBias() ||
                 op.getCausal() || op.getLeftWindow() || op.getRightWindow();
    if (hides && (op.getZeroMaskedRows() || op.getZeroNanRows()))
      return rewriter.notifyMatchFailure(op, "rows that see nothing are zero");
    rewriter.replaceOp(op, SoftmaxAttention(op, rewriter).build());
    return success();
  }
};

struct ExposeActivation : public OpRewritePattern<attn::LinearOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::LinearOp op,
                                PatternRewriter &rewriter) const override {
    attn::Activation activation = op.getActivation();
    if (activation == attn::Activation::None || !op.getResult() ||
        !isF32(op.getInit()))
      return rewriter.notifyMatchFailure(
          op, "no activation, or not of f32 on tensors");
    Value product = attn::LinearOp::create(
                        rewriter, op.getLoc(), op->getResultTypes(), op.getX(),
                        op.getWeight(), op.getBias(), op.getInit(),
                        op.getTransposeWeight(), attn::Activation::None)
                        .getResult();
    LinalgBuilder l(rewriter, op.getLoc());
    rewriter.replaceOp(
        op, l.mapped(product, [&](OpBuilder &b, Location loc, ValueRange v) {
          return attn::activated(b, loc, v[0], activation);
        }));
    return success();
  }
};

struct ExposePatches : public OpRewritePattern<attn::PatchEmbedOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::PatchEmbedOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getResult() || !isF32(op.getInit()))
      return rewriter.notifyMatchFailure(op, "not of f32 on tensors");
    FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
    if (failed(values))
      return rewriter.notifyMatchFailure(op, "the image's size is open");
    rewriter.replaceOp(op, *values);
    return success();
  }
};

struct ExposePass : public compress::impl::ExposePassBase<ExposePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExposeActivation, ExposeAttention, ExposePatches>(
        &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
