//===- RaiseReduce.cpp - reductions and softmax -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"
#include "Recognise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <limits>

using namespace mlir;
using namespace tfc::raise;

namespace {

using Combine = std::function<Value(OpBuilder &, Location, Value element,
                                    Value accumulator)>;
using Map = std::function<Value(OpBuilder &, Location, Value)>;

/// Reduces `axes` of `input`, keeping them as size 1.
Raised reduce(NodeContext &n, Raised &input, const SmallVector<bool> &axes,
              Value initial, const Combine &combine) {
  int64_t rank = input.rank();
  MLIRContext *context = n.b.getContext();
  Sizes kept, withOnes;
  SmallVector<AffineExpr> exprs;
  SmallVector<utils::IteratorType> iterators;
  for (int64_t d = 0; d < rank; ++d) {
    withOnes.push_back(axes[d] ? n.c.size(1) : input.shape[d]);
    iterators.push_back(axes[d] ? utils::IteratorType::reduction
                                : utils::IteratorType::parallel);
    if (axes[d])
      continue;
    kept.push_back(input.shape[d]);
    exprs.push_back(getAffineDimExpr(d, context));
  }
  int32_t sums = accumulatorKind(input.kind);
  Type wide = n.c.elementType(sums);
  initial = widened(n.b, n.loc, initial, wide);
  Value init = n.c.filled(kept, initial, sums);
  SmallVector<AffineMap> maps = {
      AffineMap::getMultiDimIdentityMap(rank, context),
      AffineMap::get(rank, 0, exprs, context)};
  auto generic = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), n.c.tensor(input), init, maps, iterators,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value element =
            isFloat(sums) ? widened(b, loc, args[0], wide) : args[0];
        linalg::YieldOp::create(b, loc, combine(b, loc, element, args[1]));
      });
  Raised result =
      n.c.rounded(n.c.fromTensor(generic.getResult(0), sums, kept), input.kind);
  return n.c.fromTensor(n.c.reshape(result.tensor, kept, withOnes), input.kind,
                        withOnes);
}

/// How a reduction combines the elements of its input along its axes, which
/// stay as size 1, and how many meet in one.
struct Reducer {
  std::function<Raised(Raised &input, Value initial, const Combine &)> combine;
  OpFoldResult count;
  /// A result, repeated to where it broadcasts with the input.
  std::function<Raised(const Raised &)> spread;
};

Reducer alongKnownAxes(NodeContext &n, const Raised &input,
                       const SmallVector<bool> &axes) {
  OpFoldResult count = n.c.size(1);
  for (int64_t d = 0; d < input.rank(); ++d)
    if (axes[d])
      count = n.c.multiply(count, input.shape[d]);
  return {[&n, axes](Raised &x, Value initial, const Combine &combine) {
            return reduce(n, x, axes, initial, combine);
          },
          count, [](const Raised &x) { return x; }};
}

/// Reduces along axes that are known when the call runs: a pooling whose window
/// is as large as the dimension where an axis is, and 1 where none is.
/// `reduced[d]` says whether dimension d is one.
Reducer alongRuntimeAxes(NodeContext &n, const Raised &input,
                         ArrayRef<Value> reduced) {
  Sizes kept, window;
  Value one = n.c.value(n.c.size(1));
  for (int64_t d = 0; d < input.rank(); ++d) {
    Value size = n.c.value(input.shape[d]);
    auto choose = [&](Value yes, Value no) {
      return getAsOpFoldResult(
          n.b.createOrFold<arith::SelectOp>(n.loc, reduced[d], yes, no));
    };
    kept.push_back(choose(one, size));
    window.push_back(choose(size, one));
  }
  auto combineAll = [&n, kept, window](Raised &x, Value initial,
                                       const Combine &combine) {
    int64_t rank = x.rank();
    MLIRContext *context = n.b.getContext();
    SmallVector<AffineExpr> from, inWindow, to;
    for (int64_t d = 0; d < rank; ++d) {
      to.push_back(getAffineDimExpr(d, context));
      inWindow.push_back(getAffineDimExpr(rank + d, context));
      from.push_back(to.back() + inWindow.back());
    }
    SmallVector<utils::IteratorType> iterators(rank,
                                               utils::IteratorType::parallel);
    iterators.append(rank, utils::IteratorType::reduction);
    // An operand without contents says how large the window is.
    Value extent = n.c.empty(window, Bool),
          init = n.c.filled(kept,
                            widened(n.b, n.loc, initial,
                                    n.c.elementType(accumulatorKind(x.kind))),
                            accumulatorKind(x.kind));
    auto generic = linalg::GenericOp::create(
        n.b, n.loc, init.getType(), ValueRange{n.c.tensor(x), extent}, init,
        ArrayRef<AffineMap>{AffineMap::get(2 * rank, 0, from, context),
                            AffineMap::get(2 * rank, 0, inWindow, context),
                            AffineMap::get(2 * rank, 0, to, context)},
        iterators, [&](OpBuilder &b, Location loc, ValueRange v) {
          Value element = widened(b, loc, v[0], v[2].getType());
          linalg::YieldOp::create(b, loc, combine(b, loc, element, v[2]));
        });
    return n.c.rounded(
        n.c.fromTensor(generic.getResult(0), accumulatorKind(x.kind), kept),
        x.kind);
  };
  SmallVector<Value> flags(reduced);
  auto spread = [&n, flags, shape = input.shape](const Raised &x) {
    Value source = x.tensor;
    return n.c.elementwise(
        {}, shape, x.kind,
        [&](OpBuilder &b, Location loc, ValueRange) -> Value {
          Value zero = arith::ConstantIndexOp::create(b, loc, 0);
          SmallVector<Value> index;
          for (auto [d, flag] : llvm::enumerate(flags))
            index.push_back(arith::SelectOp::create(
                b, loc, flag, zero, linalg::IndexOp::create(b, loc, d)));
          return tensor::ExtractOp::create(b, loc, source, index);
        });
  };
  return {combineAll, n.c.product(window), spread};
}

Raised mapped(NodeContext &n, Raised input, const Map &map) {
  SmallVector<Raised> operands = {std::move(input)};
  return n.c.elementwise(operands, operands[0].shape, operands[0].kind,
                         [&](OpBuilder &b, Location loc, ValueRange v) {
                           return map(b, loc, v[0]);
                         });
}

Value sum(OpBuilder &b, Location loc, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::AddFOp::create(b, loc, x, y);
  return arith::AddIOp::create(b, loc, x, y);
}

Value multiplied(OpBuilder &b, Location loc, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::MulFOp::create(b, loc, x, y);
  return arith::MulIOp::create(b, loc, x, y);
}

Combine extremum(bool largest, int32_t kind) {
  return [=](OpBuilder &b, Location loc, Value x, Value y) -> Value {
    if (isFloat(kind))
      return largest ? Value(arith::MaximumFOp::create(b, loc, x, y))
                     : Value(arith::MinimumFOp::create(b, loc, x, y));
    if (isUnsigned(kind) || kind == Bool)
      return largest ? Value(arith::MaxUIOp::create(b, loc, x, y))
                     : Value(arith::MinUIOp::create(b, loc, x, y));
    return largest ? Value(arith::MaxSIOp::create(b, loc, x, y))
                   : Value(arith::MinSIOp::create(b, loc, x, y));
  };
}

/// What the largest (or least) of no elements is.
Value extremeStart(NodeContext &n, bool largest, int32_t kind) {
  Type type = n.c.elementType(kind);
  if (isFloat(kind)) {
    double infinity = std::numeric_limits<double>::infinity();
    return n.c.constantOf(kind, largest ? -infinity : infinity);
  }
  unsigned width = type.getIntOrFloatBitWidth();
  APInt bound =
      isUnsigned(kind) || kind == Bool
          ? (largest ? APInt::getMinValue(width) : APInt::getMaxValue(width))
          : (largest ? APInt::getSignedMinValue(width)
                     : APInt::getSignedMaxValue(width));
  return arith::ConstantOp::create(n.b, n.loc, n.b.getIntegerAttr(type, bound));
}

enum class Reduction {
  Sum,
  Mean,
  Max,
  Min,
  Prod,
  SumSquare,
  L1,
  L2,
  LogSum,
  LogSumExp
};

Raised applyReduction(NodeContext &n, Reduction kind, Raised input,
                      const Reducer &reducer) {
  auto absolute = [](OpBuilder &b, Location loc, Value x) -> Value {
    return isa<FloatType>(x.getType()) ? Value(math::AbsFOp::create(b, loc, x))
                                       : Value(math::AbsIOp::create(b, loc, x));
  };
  auto square = [](OpBuilder &b, Location loc, Value x) {
    return multiplied(b, loc, x, x);
  };
  auto logarithm = [](OpBuilder &b, Location loc, Value x) -> Value {
    return math::LogOp::create(b, loc, x);
  };
  int32_t element = input.kind;
  auto total = [&](Raised operand) {
    return reducer.combine(operand, n.c.zero(element), sum);
  };
  switch (kind) {
  case Reduction::Sum:
    return total(input);
  case Reduction::Prod:
    return reducer.combine(input, n.c.constantOf(element, 1), multiplied);
  case Reduction::Max:
    return reducer.combine(input, extremeStart(n, true, element),
                           extremum(true, element));
  case Reduction::Min:
    return reducer.combine(input, extremeStart(n, false, element),
                           extremum(false, element));
  case Reduction::SumSquare:
    return total(mapped(n, input, square));
  case Reduction::L1:
    return total(mapped(n, input, absolute));
  case Reduction::L2:
    return mapped(n, total(mapped(n, input, square)),
                  [](OpBuilder &b, Location loc, Value x) -> Value {
                    return math::SqrtOp::create(b, loc, x);
                  });
  case Reduction::LogSum:
    return mapped(n, total(input), logarithm);
  case Reduction::Mean: {
    Type type = n.c.elementType(element);
    Value number = n.c.value(reducer.count);
    number = arith::IndexCastOp::create(n.b, n.loc, n.b.getI64Type(), number);
    if (isFloat(element))
      number = n.b.createOrFold<arith::SIToFPOp>(n.loc, type, number);
    else if (!type.isInteger(64))
      number = arith::TruncIOp::create(n.b, n.loc, type, number);
    return mapped(
        n, total(input), [&](OpBuilder &b, Location loc, Value x) -> Value {
          return isFloat(element)
                     ? Value(arith::DivFOp::create(b, loc, x, number))
                     : Value(arith::DivSIOp::create(b, loc, x, number));
        });
  }
  case Reduction::LogSumExp: {
    Raised most = reducer.combine(input, extremeStart(n, true, element),
                                  extremum(true, element));
    // A row of -inf has no difference to its maximum; it is left as it is.
    Value zero = n.c.zero(element);
    Raised base =
        mapped(n, most, [&](OpBuilder &b, Location loc, Value x) -> Value {
          Value finite = arith::CmpFOp::create(
              b, loc, arith::CmpFPredicate::OLT,
              math::AbsFOp::create(b, loc, x),
              arith::ConstantOp::create(
                  b, loc,
                  b.getFloatAttr(x.getType(),
                                 std::numeric_limits<double>::infinity())));
          return arith::SelectOp::create(b, loc, finite, x, zero);
        });
    SmallVector<Raised> pair = {input, reducer.spread(base)};
    Raised powers = n.c.elementwise(
        pair, input.shape, element,
        [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return math::ExpOp::create(b, loc,
                                     arith::SubFOp::create(b, loc, v[0], v[1]));
        });
    Raised logs = mapped(n, total(powers), logarithm);
    SmallVector<Raised> parts = {logs, base};
    return n.c.elementwise(
        parts, logs.shape, element,
        [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::AddFOp::create(b, loc, v[0], v[1]);
        });
  }
  }
  llvm_unreachable("all reductions are handled");
}

/// The sizes that are left when reduced dimensions go: the j-th is that of the
/// j-th dimension that stays.
Sizes sizesThatStay(NodeContext &n, const Raised &input,
                    ArrayRef<Value> reduced, int64_t rank) {
  OpBuilder &b = n.b;
  auto constant = [&](int64_t x) { return n.c.value(n.c.size(x)); };
  SmallVector<Value> sizes(rank, constant(1));
  Value position = constant(0);
  for (int64_t d = 0; d < input.rank(); ++d) {
    for (int64_t j = 0; j < rank; ++j) {
      Value here = arith::CmpIOp::create(b, n.loc, arith::CmpIPredicate::eq,
                                         position, constant(j));
      Value candidate = arith::SelectOp::create(
          b, n.loc, here, n.c.value(input.shape[d]), sizes[j]);
      sizes[j] =
          arith::SelectOp::create(b, n.loc, reduced[d], sizes[j], candidate);
    }
    Value next = arith::AddIOp::create(b, n.loc, position, constant(1));
    position = arith::SelectOp::create(b, n.loc, reduced[d], position, next);
  }
  n.requireEqual(position, n.c.size(rank), "an axis is given twice");
  return getAsOpFoldResult(sizes);
}

/// A reduction whose axes are read when the call runs.
LogicalResult raiseRuntimeReduction(NodeContext &n, Reduction kind) {
  Raised input = n.input(0);
  std::optional<Sizes> axes = n.scalars(1);
  if (!axes)
    return n.fail("the number of its axes is not known");
  OpBuilder &b = n.b;
  SmallVector<Value> reduced(
      input.rank(), arith::ConstantOp::create(b, n.loc, b.getBoolAttr(false)));
  for (OpFoldResult axis : *axes) {
    Value at = n.runtimeAxis(axis, input.rank());
    for (int64_t d = 0; d < input.rank(); ++d) {
      Value here = arith::CmpIOp::create(b, n.loc, arith::CmpIPredicate::eq, at,
                                         n.c.value(n.c.size(d)));
      reduced[d] = arith::OrIOp::create(b, n.loc, reduced[d], here);
    }
  }
  Raised result =
      applyReduction(n, kind, input, alongRuntimeAxes(n, input, reduced));
  Sizes shape = result.shape;
  if (n.integer("keepdims", 1) == 0)
    shape = sizesThatStay(n, input, reduced, input.rank() - axes->size());
  if (std::optional<Sizes> stated = n.declared();
      stated && stated->size() == shape.size()) {
    for (auto [size, expected] : llvm::zip(shape, *stated))
      n.requireEqual(size, expected,
                     "it gives other sizes than the model states");
    shape = *stated;
  }
  return n.finish(n.c.fromTensor(
      n.c.reshape(result.tensor, result.shape, shape), input.kind, shape));
}

LogicalResult raiseReduction(NodeContext &n, Reduction kind) {
  Raised &input = n.input(0);
  bool needsFloat = kind == Reduction::L2 || kind == Reduction::LogSum ||
                    kind == Reduction::LogSumExp;
  if (needsFloat && !isFloat(input.kind))
    return n.fail("only floating point is supported");
  SmallVector<bool> axes(input.rank(), false);
  SmallVector<int64_t> given;
  if (n.hasAttr("axes") || n.has(1)) {
    auto list = n.listOrInput("axes", 1);
    if (!list)
      return raiseRuntimeReduction(n, kind);
    given = *list;
  }
  for (int64_t axis : given) {
    FailureOr<int64_t> position = n.normalAxis(axis, input.rank());
    if (failed(position))
      return failure();
    axes[*position] = true;
  }
  if (given.empty()) {
    if (n.integer("noop_with_empty_axes", 0))
      return n.finish(input);
    axes.assign(input.rank(), true);
  }
  // Products of sizes stay scalars.
  std::optional<Sizes> elements = n.c.elements(input);
  bool keep = n.integer("keepdims", 1) != 0;
  if (elements && kind == Reduction::Prod && input.rank() == 1 &&
      !isFloat(input.kind))
    return n.finish(
        n.c.fromElements({n.c.product(*elements)}, input.kind,
                         keep ? ArrayRef<int64_t>{1} : ArrayRef<int64_t>{}));
  Raised result =
      applyReduction(n, kind, input, alongKnownAxes(n, input, axes));
  if (keep)
    return n.finish(result);
  Sizes shape;
  for (int64_t d = 0; d < input.rank(); ++d)
    if (!axes[d])
      shape.push_back(input.shape[d]);
  return n.finish(n.c.fromTensor(
      n.c.reshape(result.tensor, result.shape, shape), input.kind, shape));
}

/// exp(x - max) / sum over `axes`, or its logarithm.
Raised softmax(NodeContext &n, Raised input, const SmallVector<bool> &axes,
               bool logarithm) {
  int32_t kind = input.kind;
  Raised most =
      reduce(n, input, axes, extremeStart(n, true, kind), extremum(true, kind));
  SmallVector<Raised> pair = {input, most};
  Raised shifted =
      n.c.elementwise(pair, input.shape, kind,
                      [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        return arith::SubFOp::create(b, loc, v[0], v[1]);
                      });
  Raised powers =
      mapped(n, shifted, [](OpBuilder &b, Location loc, Value x) -> Value {
        return math::ExpOp::create(b, loc, x);
      });
  Raised total = reduce(n, powers, axes, n.c.zero(kind), sum);
  SmallVector<Raised> parts = {logarithm ? shifted : powers, total};
  return n.c.elementwise(
      parts, input.shape, kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        if (logarithm)
          return arith::SubFOp::create(b, loc, v[0],
                                       math::LogOp::create(b, loc, v[1]));
        return arith::DivFOp::create(b, loc, v[0], v[1]);
      });
}

LogicalResult raiseSoftmax(NodeContext &n, bool logarithm) {
  Raised &input = n.input(0);
  if (!isFloat(input.kind))
    return n.fail("only floating point is supported");
  bool coerced = n.node.getOpset() < 13;
  FailureOr<int64_t> axis =
      n.normalAxis(n.integer("axis", coerced ? 1 : -1), input.rank());
  if (failed(axis))
    return failure();
  SmallVector<bool> axes(input.rank(), false);
  // Before opset 13 every dimension from the axis on was one.
  for (int64_t d = *axis; d < (coerced ? input.rank() : *axis + 1); ++d)
    axes[d] = true;
  if (input.rank() == 0)
    return n.fail("its input is a scalar");
  Raised source = n.c.fromTensor(n.c.tensor(input), input.kind, input.shape);
  // Half precision is computed in single, as every runtime does.
  return n.finish(softmax(n, source, axes, logarithm));
}

/// Where the extreme along dimension `at` is, which stays with size 1: i64.
Raised extremePosition(NodeContext &n, Raised &input, int64_t at, bool largest,
                       bool last) {
  int64_t rank = input.rank();
  MLIRContext *context = n.b.getContext();
  Sizes kept, withOnes = input.shape;
  withOnes[at] = n.c.size(1);
  SmallVector<AffineExpr> exprs;
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators[at] = utils::IteratorType::reduction;
  for (int64_t d = 0; d < rank; ++d)
    if (d != at) {
      kept.push_back(input.shape[d]);
      exprs.push_back(getAffineDimExpr(d, context));
    }
  AffineMap out = AffineMap::get(rank, 0, exprs, context);
  Value values =
      n.c.filled(kept, extremeStart(n, largest, input.kind), input.kind);
  Value indices = n.c.filled(kept, n.c.zero(Int64), Int64);
  int32_t kind = input.kind;
  auto generic = linalg::GenericOp::create(
      n.b, n.loc, TypeRange{values.getType(), indices.getType()},
      n.c.tensor(input), ValueRange{values, indices},
      ArrayRef<AffineMap>{AffineMap::getMultiDimIdentityMap(rank, context), out,
                          out},
      iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
        Value better;
        if (isFloat(kind))
          better = arith::CmpFOp::create(
              b, loc,
              largest ? (last ? arith::CmpFPredicate::OGE
                              : arith::CmpFPredicate::OGT)
                      : (last ? arith::CmpFPredicate::OLE
                              : arith::CmpFPredicate::OLT),
              args[0], args[1]);
        else
          better = arith::CmpIOp::create(
              b, loc,
              largest ? (last ? arith::CmpIPredicate::sge
                              : arith::CmpIPredicate::sgt)
                      : (last ? arith::CmpIPredicate::sle
                              : arith::CmpIPredicate::slt),
              args[0], args[1]);
        Value here = arith::IndexCastOp::create(
            b, loc, b.getI64Type(),
            linalg::IndexOp::create(b, loc, at).getResult());
        Value value = arith::SelectOp::create(b, loc, better, args[0], args[1]);
        Value index = arith::SelectOp::create(b, loc, better, here, args[2]);
        linalg::YieldOp::create(b, loc, ValueRange{value, index});
      });
  return n.c.fromTensor(n.c.reshape(generic.getResult(1), kept, withOnes),
                        Int64, withOnes);
}

LogicalResult raiseArg(NodeContext &n, bool largest) {
  Raised &input = n.input(0);
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", 0), input.rank());
  if (failed(axis) || input.rank() == 0)
    return n.fail("its axis is out of range");
  Raised result = extremePosition(n, input, *axis, largest,
                                  n.integer("select_last_index", 0) != 0);
  if (n.integer("keepdims", 1) != 0)
    return n.finish(result);
  Sizes kept = input.shape;
  kept.erase(kept.begin() + *axis);
  return n.finish(n.c.fromTensor(n.c.reshape(result.tensor, result.shape, kept),
                                 Int64, kept));
}

/// One where the first of the largest elements along the axis is, else zero.
LogicalResult raiseHardmax(NodeContext &n) {
  Raised input = n.input(0);
  bool coerced = n.node.getOpset() < 13;
  FailureOr<int64_t> axis =
      n.normalAxis(n.integer("axis", coerced ? 1 : -1), input.rank());
  if (failed(axis) || !isFloat(input.kind) || input.rank() == 0)
    return n.fail("it takes floating point of rank 1 and more");
  // Before opset 13 all dimensions from the axis on were one.
  Sizes shape = input.shape, flat = shape;
  int64_t at = *axis;
  if (coerced) {
    flat = {n.c.product(ArrayRef(shape).take_front(at)),
            n.c.product(ArrayRef(shape).drop_front(at))};
    input = n.c.fromTensor(n.c.reshape(n.c.tensor(input), shape, flat),
                           input.kind, flat);
    at = 1;
  }
  Raised first = extremePosition(n, input, at, /*largest=*/true,
                                 /*last=*/false);
  SmallVector<Raised> operands = {first};
  Value one = n.c.constantOf(input.kind, 1), zero = n.c.zero(input.kind);
  Raised result = n.c.elementwise(
      operands, flat, input.kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value here = arith::IndexCastOp::create(
            b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, at));
        Value chosen =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, here, v[0]);
        return arith::SelectOp::create(b, loc, chosen, one, zero);
      });
  return n.finish(n.c.fromTensor(n.c.reshape(result.tensor, flat, shape),
                                 result.kind, shape));
}

} // namespace

void tfc::raise::populateReduceRules(RuleSet &rules) {
  std::pair<StringRef, Reduction> reductions[] = {
      {"ReduceSum", Reduction::Sum},
      {"ReduceMean", Reduction::Mean},
      {"ReduceMax", Reduction::Max},
      {"ReduceMin", Reduction::Min},
      {"ReduceProd", Reduction::Prod},
      {"ReduceSumSquare", Reduction::SumSquare},
      {"ReduceL1", Reduction::L1},
      {"ReduceL2", Reduction::L2},
      {"ReduceLogSum", Reduction::LogSum},
      {"ReduceLogSumExp", Reduction::LogSumExp}};
  for (auto &entry : reductions) {
    Reduction kind = entry.second;
    rules.add(entry.first, [kind](NodeContext &n) -> LogicalResult {
      if (kind == Reduction::Sum)
        if (std::optional<Raised> experts = recogniseStackedExperts(n))
          return n.finish(*experts);
      return raiseReduction(n, kind);
    });
  }
  rules.add("Softmax", [](NodeContext &n) { return raiseSoftmax(n, false); });
  rules.add("LogSoftmax", [](NodeContext &n) { return raiseSoftmax(n, true); });
  rules.add("ArgMax", [](NodeContext &n) { return raiseArg(n, true); });
  rules.add("Hardmax", raiseHardmax);
  rules.add("ArgMin", [](NodeContext &n) { return raiseArg(n, false); });
}
