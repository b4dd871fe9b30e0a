//===- AttnDecomposeRoute.cpp - mixtures of experts as linalg ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The choices are sorted by expert (a counting sort), so that the tokens of one
// expert are rows one after the other: each expert is a product over as many
// rows as chose it. Buffers are as long as there are choices, whoever is
// chosen.
//
//===----------------------------------------------------------------------===//

#include "Decomposer.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::attn;

namespace {

class DecomposeRoute {
public:
  DecomposeRoute(RouteOp op, OpBuilder &builder)
      : op(op), b(builder), loc(op.getLoc()), d(builder, loc),
        element(cast<ShapedType>(op.getInit().getType()).getElementType()),
        wide(accumulatorType(element)) {
    SmallVector<OpFoldResult> choices = d.shapeOf(op.getChoices());
    tokens = choices[0];
    perToken = choices[1];
    total = getAsOpFoldResult(
        b.createOrFold<arith::MulIOp>(loc, value(tokens), value(perToken)));
    experts = value(d.shapeOf(op.getW1())[0]);
    zero = index(0);
    one = index(1);
  }

  Value build() {
    sort();
    runExperts();
    return combine();
  }

private:
  Value index(int64_t number) {
    return arith::ConstantIndexOp::create(b, loc, number);
  }
  Value value(OpFoldResult size) {
    return getValueOrCreateConstantIndexOp(b, loc, size);
  }
  Value empty(ArrayRef<OpFoldResult> shape, Type type) {
    return tensor::EmptyOp::create(b, loc, shape, type);
  }

  /// The expert chosen, as index; what is no expert comes after all of them.
  Value chosen(OpBuilder &b, Value choice) {
    Value expert = arith::IndexCastOp::create(b, loc, b.getIndexType(), choice);
    return arith::MinUIOp::create(b, loc, expert, experts);
  }

  /// A loop over all choices with `state` carried.
  using Step = llvm::function_ref<SmallVector<Value>(
      Value token, Value choice, Value expert, ValueRange state)>;
  SmallVector<Value> overChoices(ValueRange state, Step step) {
    OpBuilder::InsertionGuard guard(b);
    auto outer = scf::ForOp::create(b, loc, zero, value(tokens), one, state);
    Value choices = value(perToken);
    b.setInsertionPointToStart(outer.getBody());
    auto inner = scf::ForOp::create(b, loc, zero, choices, one,
                                    outer.getRegionIterArgs());
    scf::YieldOp::create(b, loc, inner.getResults());
    b.setInsertionPointToStart(inner.getBody());
    Value token = outer.getInductionVar(), k = inner.getInductionVar();
    Value expert = chosen(b, tensor::ExtractOp::create(b, loc, op.getChoices(),
                                                       ValueRange{token, k}));
    scf::YieldOp::create(b, loc,
                         step(token, k, expert, inner.getRegionIterArgs()));
    return outer.getResults();
  }

  /// Counts how often each expert is chosen, then gives each choice its row.
  void sort() {
    OpFoldResult counters =
        getAsOpFoldResult(b.createOrFold<arith::AddIOp>(loc, experts, one));
    Value counts =
        linalg::FillOp::create(b, loc, zero, empty(counters, b.getIndexType()))
            .getResult(0);
    counts =
        overChoices(counts, [&](Value, Value, Value expert, ValueRange state) {
          Value count = tensor::ExtractOp::create(b, loc, state[0], expert);
          Value more = arith::AddIOp::create(b, loc, count, one);
          return SmallVector<Value>{
              tensor::InsertOp::create(b, loc, more, state[0], expert)};
        })[0];
    Value firsts = countsToFirsts(counts, value(counters));
    Value rows = empty({tokens, perToken}, b.getIndexType()),
          order = empty(total, b.getIndexType());
    SmallVector<Value> sorted =
        overChoices({firsts, rows, order}, [&](Value token, Value k,
                                               Value expert, ValueRange state) {
          Value row = tensor::ExtractOp::create(b, loc, state[0], expert);
          Value next = arith::AddIOp::create(b, loc, row, one);
          return SmallVector<Value>{
              tensor::InsertOp::create(b, loc, next, state[0], expert),
              tensor::InsertOp::create(b, loc, row, state[1],
                                       ValueRange{token, k}),
              tensor::InsertOp::create(b, loc, token, state[2], row)};
        });
    ends = sorted[0];
    rowOf = sorted[1];
    tokenOf = sorted[2];
  }

  /// Where each expert's rows begin.
  Value countsToFirsts(Value counts, Value counters) {
    OpBuilder::InsertionGuard guard(b);
    auto loop = scf::ForOp::create(b, loc, zero, counters, one,
                                   ValueRange{counts, zero});
    b.setInsertionPointToStart(loop.getBody());
    Value state = loop.getRegionIterArg(0), first = loop.getRegionIterArg(1);
    Value at = loop.getInductionVar();
    Value count = tensor::ExtractOp::create(b, loc, state, at);
    Value next = arith::AddIOp::create(b, loc, first, count);
    Value replaced = tensor::InsertOp::create(b, loc, first, state, at);
    scf::YieldOp::create(b, loc, ValueRange{replaced, next});
    return loop.getResult(0);
  }

  /// The tokens in the order of their experts.
  Value sortedTokens() {
    OpFoldResult features = d.shapeOf(op.getX())[1];
    return d.generic(tokenOf, empty({total, features}, element),
                     {d.map(2, {0}), d.map(2, {0, 1})}, 2,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       Value feature = linalg::IndexOp::create(b, loc, 1);
                       return tensor::ExtractOp::create(
                           b, loc, op.getX(), ValueRange{v[0], feature});
                     });
  }

  /// Some rows of a matrix.
  struct Rows {
    SmallVector<OpFoldResult> offsets, sizes, strides;
  };
  Rows rowsOf(Value matrix, Value first, Value count) {
    OpFoldResult columns = d.shapeOf(matrix)[1], unit = b.getIndexAttr(1);
    return {{first, b.getIndexAttr(0)}, {count, columns}, {unit, unit}};
  }
  Value take(Value matrix, const Rows &at) {
    return tensor::ExtractSliceOp::create(b, loc, matrix, at.offsets, at.sizes,
                                          at.strides);
  }
  Value put(Value rows, Value matrix, const Rows &at) {
    return tensor::InsertSliceOp::create(b, loc, rows, matrix, at.offsets,
                                         at.sizes, at.strides);
  }

  /// The part of `stacked` that is the expert's.
  Value ofExpert(Value stacked, Value expert) {
    auto type = cast<RankedTensorType>(stacked.getType());
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)),
        strides(type.getRank(), b.getIndexAttr(1)), sizes = d.shapeOf(stacked);
    offsets[0] = expert;
    sizes[0] = b.getIndexAttr(1);
    auto part = RankedTensorType::get(type.getShape().drop_front(),
                                      type.getElementType());
    return tensor::ExtractSliceOp::create(b, loc, part, stacked, offsets, sizes,
                                          strides);
  }

  /// Sums in f32 stay so, which a linear layer of half precision would round.
  Value product(Value rows, Value weight, Value destination) {
    if (wide == element)
      return LinearOp::create(b, loc, destination.getType(), rows, weight,
                              Value(), destination, /*transpose_weight=*/false,
                              Activation::None)
          ->getResult(0);
    Value cleared =
        linalg::FillOp::create(b, loc, d.number(wide, 0), destination)
            .getResult(0);
    return linalg::MatmulOp::create(b, loc, ValueRange{rows, weight},
                                    ValueRange{cleared})
        .getResult(0);
  }

  /// activation(x + bias) * factor, in the place of x.
  Value finished(Value x, Value bias, Activation activation, Value factor) {
    if (!bias && activation == Activation::None && !factor)
      return x;
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    if (bias) {
      inputs.push_back(bias);
      maps.push_back(d.map(2, {1}));
    }
    if (factor) {
      inputs.push_back(factor);
      maps.push_back(d.map(2, {0, 1}));
    }
    maps.push_back(d.map(2, {0, 1}));
    return d.generic(inputs, x, maps, 2,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       Value y = v.back();
                       if (bias)
                         y = arith::AddFOp::create(
                             b, loc, y, extended(b, loc, v[0], wide));
                       y = activated(b, loc, y, activation);
                       if (factor)
                         y = arith::MulFOp::create(b, loc, y, v[bias ? 1 : 0]);
                       return y;
                     });
  }

  /// Each expert on the rows of those who chose it.
  void runExperts() {
    Value rows = sortedTokens();
    OpFoldResult hiddenSize = d.shapeOf(op.getW1())[2],
                 resultSize = d.shapeOf(op.getW2())[2];
    Value most = value(total);
    OpBuilder::InsertionGuard guard(b);
    auto loop =
        scf::ForOp::create(b, loc, zero, experts, one,
                           ValueRange{zero, empty({total, resultSize}, wide)});
    b.setInsertionPointToStart(loop.getBody());
    Value expert = loop.getInductionVar(), first = loop.getRegionIterArg(0),
          results = loop.getRegionIterArg(1);
    Value end = tensor::ExtractOp::create(b, loc, ends, expert);
    // Never less than the count; it says how much memory will do.
    Value count = arith::MinUIOp::create(
        b, loc, arith::SubIOp::create(b, loc, end, first), most);
    auto part = [&](Value stacked) {
      return stacked ? ofExpert(stacked, expert) : Value();
    };
    Value mine = take(rows, rowsOf(rows, first, count));
    auto hiddenProduct = [&](Value stacked) {
      return product(mine, part(stacked), empty({count, hiddenSize}, wide));
    };
    Value hidden = hiddenProduct(op.getW1()),
          factor = op.getW3() ? hiddenProduct(op.getW3()) : Value();
    hidden = finished(hidden, part(op.getB1()), op.getActivation(), factor);
    Rows at = rowsOf(results, first, count);
    Value result = product(hidden, part(op.getW2()), take(results, at));
    result = finished(result, part(op.getB2()), Activation::None, Value());
    scf::YieldOp::create(b, loc, ValueRange{end, put(result, results, at)});
    given = loop.getResult(1);
  }

  /// What the experts gave, by gates, back at the tokens.
  Value combine() {
    OpFoldResult features = d.shapeOf(op.getW2())[2];
    AffineMap choice = d.map(3, {0, 2}), result = d.map(3, {0, 1});
    Value sums = d.generic(
        {op.getGates(), op.getChoices(), rowOf},
        d.filled({tokens, features}, wide, 0), {choice, choice, choice, result},
        2, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value feature = linalg::IndexOp::create(b, loc, 1);
          Value y = tensor::ExtractOp::create(b, loc, given,
                                              ValueRange{v[2], feature});
          Value term =
              arith::MulFOp::create(b, loc, extended(b, loc, v[0], wide), y);
          // The row of a choice of no expert was not written.
          Value known = arith::CmpIOp::create(
              b, loc, arith::CmpIPredicate::ult,
              arith::IndexCastOp::create(b, loc, b.getIndexType(), v[1]),
              experts);
          term = arith::SelectOp::create(b, loc, known, term,
                                         zeroOf(b, loc, wide));
          return arith::AddFOp::create(b, loc, v[3], term);
        });
    if (wide == element)
      return sums;
    AffineMap whole = d.map(2, {0, 1});
    return d.generic(sums, op.getInit(), {whole, whole}, 2,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       return truncated(b, loc, v[0], element);
                     });
  }

  static Value zeroOf(OpBuilder &b, Location loc, Type type) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, 0));
  }

  RouteOp op;
  OpBuilder &b;
  Location loc;
  Decomposer d;
  Type element, wide;
  OpFoldResult tokens, perToken, total;
  Value experts, zero, one;
  /// Where each expert's rows end; the row of each choice; whose each row is.
  Value ends, rowOf, tokenOf;
  /// What the experts gave, in the order of rows.
  Value given;
};

} // namespace

FailureOr<SmallVector<Value>> RouteOp::decomposeOperation(OpBuilder &b) {
  if (!getResult())
    return failure();
  return SmallVector<Value>{DecomposeRoute(*this, b).build()};
}
