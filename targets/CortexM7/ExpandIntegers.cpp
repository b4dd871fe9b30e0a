//===- ExpandIntegers.cpp - integer operations as linalg --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/cortex-m7-integer.md, formula by formula, with no thought of speed:
// what the kernels are held against.
//
//===----------------------------------------------------------------------===//

#include "IntegerArithmetic.h"
#include "KernelConstants.h"
#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_EXPANDINTEGERSPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

/// Builds the linalg of one operation. Loops are those of the result, `rank` of
/// them, and after them what is summed over.
class Expander {
public:
  using Body = llvm::function_ref<Value(IntegerArithmetic &, ValueRange)>;

  Expander(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  Value expand(ProductOp op);
  Value expand(ActivationProductOp op);
  Value expand(AttentionOp op);
  Value expand(SoftmaxOp op);
  Value expand(TableOp op);
  Value expand(AddOp op);
  Value expand(MultiplyOp op);
  Value expand(MeanOp op);
  Value expand(NormOp op);

private:
  static unsigned rankOf(Value value) {
    return cast<ShapedType>(value.getType()).getRank();
  }

  AffineMap map(unsigned loops, ArrayRef<unsigned> results) {
    SmallVector<AffineExpr> expressions;
    for (unsigned loop : results)
      expressions.push_back(b.getAffineDimExpr(loop));
    return AffineMap::get(loops, 0, expressions, b.getContext());
  }

  /// The first `count` of `loops`, then `more`.
  AffineMap first(unsigned loops, unsigned count,
                  ArrayRef<unsigned> more = {}) {
    SmallVector<unsigned> results =
        llvm::to_vector(llvm::seq<unsigned>(0, count));
    llvm::append_range(results, more);
    return map(loops, results);
  }

  Value constant(ElementsAttr value) {
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(value));
  }

  /// Zeros of int32 for the first `dimensions` sizes of `like`.
  Value zeros(Value like, unsigned dimensions) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, like);
    return zeros(ArrayRef(sizes).take_front(dimensions));
  }
  Value zeros(ArrayRef<OpFoldResult> sizes) {
    Value empty = tensor::EmptyOp::create(b, loc, sizes, b.getI32Type());
    Value zero = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
    return linalg::FillOp::create(b, loc, zero, empty).getResult(0);
  }

  Value generic(ValueRange inputs, Value init, ArrayRef<AffineMap> maps,
                unsigned parallel, Body body) {
    SmallVector<utils::IteratorType> iterators(maps.front().getNumDims(),
                                               utils::IteratorType::reduction);
    std::fill_n(iterators.begin(), parallel, utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               b, loc, init.getType(), inputs, init, maps, iterators,
               [&](OpBuilder &inner, Location at, ValueRange values) {
                 IntegerArithmetic arithmetic(inner, at);
                 linalg::YieldOp::create(inner, at, body(arithmetic, values));
               })
        .getResult(0);
  }

  /// Element by element, with inputs of the result's shape.
  Value elements(ValueRange inputs, Value init, Body body) {
    unsigned rank = rankOf(init);
    SmallVector<AffineMap> maps(inputs.size() + 1, first(rank, rank));
    return generic(inputs, init, maps, rank, body);
  }

  /// For each row of x a number from its elements and, first, what came before.
  Value overRow(Value x, Value start, Body body) {
    unsigned rank = rankOf(x);
    return generic(x, start, {first(rank, rank), first(rank, rank - 1)},
                   rank - 1, body);
  }

  /// `y` has rows, or with `byColumns` columns, that x is multiplied with.
  Value activations(Value x, Value y, bool byColumns, Value init, int32_t xZero,
                    int32_t yZero, int32_t multiplier, int32_t zero);
  Value softmax(Value x, ElementsAttr table, int32_t numerator, int32_t zero,
                Value init);
  Value squareRoot(IntegerArithmetic &a, Value radicand);
  Value normRoot(NormOp op, Value sums);

  OpBuilder &b;
  Location loc;
};

Value Expander::expand(ProductOp op) {
  unsigned rank = rankOf(op.getInit()), n = rank - 1, k = rank;
  Value sums = generic(
      {op.getX(), constant(op.getWeights())}, zeros(op.getInit(), rank),
      {first(rank + 1, n, {k}), map(rank + 1, {n, k}), first(rank + 1, rank)},
      rank, [](IntegerArithmetic &a, ValueRange v) {
        return a.add(v[2], a.mul(a.word(v[0]), a.word(v[1])));
      });
  AffineMap column = map(rank, {n});
  return generic({sums, constant(op.getBias()), constant(op.getMultipliers())},
                 op.getInit(),
                 {first(rank, rank), column, column, first(rank, rank)}, rank,
                 [&](IntegerArithmetic &a, ValueRange v) {
                   return a.scaled(a.add(v[0], v[1]), v[2], op.getZero());
                 });
}

Value Expander::activations(Value x, Value y, bool byColumns, Value init,
                            int32_t xZero, int32_t yZero, int32_t multiplier,
                            int32_t zero) {
  AffineMap other = byColumns ? map(3, {2, 1}) : map(3, {1, 2});
  Value sums =
      generic({x, y}, zeros(init, 2), {map(3, {0, 2}), other, map(3, {0, 1})},
              2, [&](IntegerArithmetic &a, ValueRange v) {
                Value left = a.sub(a.word(v[0]), a.number(xZero)),
                      right = a.sub(a.word(v[1]), a.number(yZero));
                return a.add(v[2], a.mul(left, right));
              });
  return elements(sums, init, [&](IntegerArithmetic &a, ValueRange v) {
    return a.scaled(v[0], a.number(multiplier), zero);
  });
}

Value Expander::expand(ActivationProductOp op) {
  return activations(op.getX(), op.getY(), /*byColumns=*/false, op.getInit(),
                     op.getXZero(), op.getYZero(), op.getMultiplier(),
                     op.getZero());
}

Value Expander::expand(AttentionOp op) {
  SmallVector<OpFoldResult> sizes = {
      tensor::getMixedSize(b, loc, op.getQ(), 0),
      tensor::getMixedSize(b, loc, op.getKeys(), 0)};
  Value room = tensor::EmptyOp::create(b, loc, sizes, b.getI8Type());
  Value scores = activations(op.getQ(), op.getKeys(), /*byColumns=*/false, room,
                             op.getQZero(), op.getKeysZero(),
                             op.getScoreMultiplier(), op.getScoreZero());
  Value probabilities = softmax(scores, op.getTable(), op.getNumerator(),
                                op.getProbabilityZero(), room);
  return activations(probabilities, op.getValues(), /*byColumns=*/true,
                     op.getInit(), op.getProbabilityZero(), op.getValuesZero(),
                     op.getMultiplier(), op.getZero());
}

Value Expander::softmax(Value x, ElementsAttr table, int32_t numerator,
                        int32_t zero, Value init) {
  unsigned rank = rankOf(x);
  Value entries = constant(table);
  Value least = zeros(x, rank - 1);
  least = elements(least, least, [](IntegerArithmetic &a, ValueRange) {
    return a.number(-128);
  });
  Value greatest = overRow(x, least, [](IntegerArithmetic &a, ValueRange v) {
    return a.maximum(v[1], a.word(v[0]));
  });
  auto entry = [&](IntegerArithmetic &a, Value score, Value most) {
    return a.element(entries, a.sub(most, a.word(score)));
  };
  AffineMap all = first(rank, rank), row = first(rank, rank - 1);
  Value sums = generic({x, greatest}, zeros(x, rank - 1), {all, row, row},
                       rank - 1, [&](IntegerArithmetic &a, ValueRange v) {
                         return a.add(v[2], entry(a, v[0], v[1]));
                       });
  return generic(
      {x, greatest, sums}, init, {all, row, row, all}, rank,
      [&](IntegerArithmetic &a, ValueRange v) {
        Value divisor = a.shiftRightUnsigned(a.add(v[2], a.number(256)), 9);
        Value factor = a.divideUnsigned(
            a.add(a.number(numerator), a.shiftRightUnsigned(divisor, 1)),
            divisor);
        return a.scaled(entry(a, v[0], v[1]), factor, zero);
      });
}

Value Expander::expand(SoftmaxOp op) {
  return softmax(op.getX(), op.getTable(), op.getNumerator(), op.getZero(),
                 op.getInit());
}

Value Expander::expand(TableOp op) {
  Value table = constant(op.getTable());
  return elements(op.getX(), op.getInit(),
                  [&](IntegerArithmetic &a, ValueRange v) {
                    return a.element(table, a.wordUnsigned(v[0]));
                  });
}

Value Expander::expand(AddOp op) {
  unsigned rank = rankOf(op.getInit());
  // b may be one row for all.
  AffineMap all = first(rank, rank),
            b = rankOf(op.getB()) == rank ? all : map(rank, {rank - 1});
  return generic({op.getA(), op.getB()}, op.getInit(), {all, b, all}, rank,
                 [&](IntegerArithmetic &a, ValueRange v) {
                   Value first = a.mul(a.word(v[0]), a.number(op.getFactorA())),
                         second =
                             a.mul(a.word(v[1]), a.number(op.getFactorB()));
                   Value sum =
                       a.add(a.add(first, second), a.number(op.getOffset()));
                   return a.saturated(a.shiftRight(sum, 20));
                 });
}

Value Expander::expand(MultiplyOp op) {
  return elements({op.getA(), op.getB()}, op.getInit(),
                  [&](IntegerArithmetic &a, ValueRange v) {
                    Value first = a.sub(a.word(v[0]), a.number(op.getAZero())),
                          second = a.sub(a.word(v[1]), a.number(op.getBZero()));
                    return a.scaled(a.mul(first, second),
                                    a.number(op.getMultiplier()), op.getZero());
                  });
}

Value Expander::expand(MeanOp op) {
  Value sums =
      generic(op.getX(), zeros(op.getInit(), 1), {map(2, {1, 0}), map(2, {0})},
              1, [](IntegerArithmetic &a, ValueRange v) {
                return a.add(v[1], a.word(v[0]));
              });
  return elements(sums, op.getInit(), [&](IntegerArithmetic &a, ValueRange v) {
    return a.scaled(a.add(v[0], a.number(op.getOffset())),
                    a.number(op.getMultiplier()), op.getZero());
  });
}

/// floor(sqrt(radicand)), bit by bit from above.
Value Expander::squareRoot(IntegerArithmetic &a, Value radicand) {
  OpBuilder &inner = a.builder();
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(inner, loc, value);
  };
  auto loop = scf::ForOp::create(
      inner, loc, index(0), index(32), index(1), ValueRange{a.wide(0)},
      [&](OpBuilder &body, Location at, Value step, ValueRange root) {
        IntegerArithmetic a(body, at);
        Value position =
            arith::IndexCastOp::create(body, at, body.getI64Type(), step);
        Value bit = a.shiftRightUnsignedBy(a.wide(int64_t(1) << 31), position);
        Value trial = a.add(root[0], bit);
        Value fits = arith::CmpIOp::create(body, at, arith::CmpIPredicate::ule,
                                           a.mul(trial, trial), radicand);
        Value next = arith::SelectOp::create(body, at, fits, trial, root[0]);
        scf::YieldOp::create(body, at, next);
      });
  return a.truncated(loop.getResult(0));
}

/// R of each row.
Value Expander::normRoot(NormOp op, Value sums) {
  Value x = op.getX();
  unsigned rank = rankOf(x);
  int64_t depth = cast<ShapedType>(x.getType()).getShape().back();
  int32_t zero = op.getRms() ? static_cast<int32_t>(op.getXZero()) : 0;
  Value squares =
      overRow(x, zeros(x, rank - 1), [&](IntegerArithmetic &a, ValueRange v) {
        Value distance = a.sub(a.word(v[0]), a.number(zero));
        return a.add(v[1], a.mul(distance, distance));
      });
  return elements({squares, sums}, zeros(x, rank - 1),
                  [&](IntegerArithmetic &a, ValueRange v) {
                    Value radicand = a.mul(a.extended(v[0]), a.wide(depth));
                    if (!op.getRms())
                      radicand = a.sub(
                          radicand, a.mul(a.extended(v[1]), a.extended(v[1])));
                    radicand = a.add(radicand, a.wide(op.getEpsilon()));
                    return squareRoot(a, a.shiftLeft(radicand, 16));
                  });
}

/// Numbers of groups of channels, once for each channel.
template <typename T>
static ElementsAttr ofChannels(ElementsAttr groups, int64_t channels) {
  std::vector<T> values = elementsOf<T>(groups), all;
  for (int64_t c = 0; c < channels; ++c)
    all.push_back(values[c * values.size() / channels]);
  return DenseElementsAttr::get(
      RankedTensorType::get({channels}, groups.getElementType()),
      ArrayRef<T>(all));
}

Value Expander::expand(NormOp op) {
  Value x = op.getX();
  unsigned rank = rankOf(x);
  int64_t depth = cast<ShapedType>(x.getType()).getShape().back();
  Value sums =
      overRow(x, zeros(x, rank - 1), [](IntegerArithmetic &a, ValueRange v) {
        return a.add(v[1], a.word(v[0]));
      });
  Value roots = normRoot(op, sums);
  AffineMap all = first(rank, rank), row = first(rank, rank - 1),
            column = map(rank, {rank - 1});
  return generic(
      {x, sums, roots, constant(ofChannels<int32_t>(op.getGains(), depth)),
       constant(ofChannels<int64_t>(op.getOffsets(), depth))},
      op.getInit(), {all, row, row, column, column, all}, rank,
      [&](IntegerArithmetic &a, ValueRange v) {
        Value centre =
            op.getRms() ? a.number(depth * static_cast<int32_t>(op.getXZero()))
                        : v[1];
        Value distance = a.sub(a.mul(a.word(v[0]), a.number(depth)), centre);
        Value leading = a.countLeadingZeros(v[2]);
        Value normal = a.shiftLeftBy(v[2], leading);
        Value divisor = a.shiftRightUnsigned(
            a.add(a.shiftRightUnsigned(normal, 1), a.number(1 << 14)), 15);
        Value reciprocal = a.divideUnsigned(a.number(0x7fffffff), divisor);
        Value shifted =
            a.shiftLeftBy(a.extended(distance), a.extended(leading));
        Value z = a.shiftRight(
            a.add(a.mul(shifted, a.extended(reciprocal)), a.wide(1 << 22)), 23);
        Value y = a.add(a.mul(z, a.extended(v[3])), v[4]);
        return a.saturated(a.shiftRight(y, 32));
      });
}

template <typename Op>
struct Expand : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!op.getResult())
      return rewriter.notifyMatchFailure(op, "it works on buffers");
    rewriter.replaceOp(op, Expander(rewriter, op.getLoc()).expand(op));
    return success();
  }
};

struct ExpandIntegersPass
    : public tfc::m7::impl::ExpandIntegersPassBase<ExpandIntegersPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns
        .add<Expand<ProductOp>, Expand<ActivationProductOp>,
             Expand<AttentionOp>, Expand<SoftmaxOp>, Expand<TableOp>,
             Expand<AddOp>, Expand<MultiplyOp>, Expand<MeanOp>, Expand<NormOp>>(
            &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
