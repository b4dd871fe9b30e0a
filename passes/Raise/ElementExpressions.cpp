//===- ElementExpressions.cpp - tensors as functions of indices -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpressions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace tfc::raise;

namespace {

/// Both.
Truth conjunction(Truth x, const Truth &y) {
  llvm::append_range(x.bounds, y.bounds);
  for (const OpaqueTruth &truth : y.opaque)
    if (llvm::none_of(x.opaque, [&](const OpaqueTruth &known) {
          return known.tensor == truth.tensor && known.index == truth.index;
        }))
      x.opaque.push_back(truth);
  return x;
}

/// Whether it holds or not is known.
std::optional<bool> known(const Truth &truth) {
  if (!truth.opaque.empty())
    return std::nullopt;
  for (AffineExpr bound : truth.bounds) {
    auto number = dyn_cast<AffineConstantExpr>(bound);
    if (!number)
      return std::nullopt;
    if (number.getValue() < 0)
      return false;
  }
  return true;
}

/// The opposite, where that is one bound again.
std::optional<Truth> negation(const Truth &truth) {
  if (!truth.opaque.empty() || truth.bounds.size() != 1)
    return std::nullopt;
  return Truth{{-truth.bounds.front() - 1}, {}};
}

Truth never(MLIRContext *context) {
  return Truth{{getAffineConstantExpr(-1, context)}, {}};
}

/// The scalar operations in the body of a generic.
class Body {
public:
  Body(ElementExpressions &expressions, linalg::GenericOp op,
       ArrayRef<AffineExpr> index)
      : expressions(expressions), op(op), index(index),
        context(op.getContext()) {}

  Element at(Value value) {
    auto found = elements.find(value);
    if (found != elements.end())
      return found->second;
    Element element = compute(value);
    elements[value] = element;
    return element;
  }

private:
  Element compute(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (argument.getOwner() != op.getBody() ||
          argument.getArgNumber() >= op.getNumDpsInputs())
        return {};
      AffineMap map = op.getIndexingMapsArray()[argument.getArgNumber()];
      SmallVector<AffineExpr> at;
      for (AffineExpr expr : map.getResults())
        at.push_back(expr.replaceDims(index));
      return expressions.at(op.getDpsInputs()[argument.getArgNumber()], at);
    }
    Operation *by = value.getDefiningOp();
    Attribute constant;
    if (matchPattern(value, m_Constant(&constant)))
      return number(constant);
    if (!op->isProperAncestor(by))
      return value.getType().isIndex() ? Element::of(expressions.integer(value))
                                       : Element();
    return llvm::TypeSwitch<Operation *, Element>(by)
        .Case([&](tensor::ExtractOp extract) {
          SmallVector<AffineExpr> place;
          for (Value index : extract.getIndices()) {
            Element found = at(index);
            if (found.kind != Element::Integer)
              return Element();
            place.push_back(found.integer);
          }
          return expressions.at(extract.getTensor(), place);
        })
        .Case([&](linalg::IndexOp position) {
          return Element::of(index[position.getDim()]);
        })
        .Case<arith::IndexCastOp, arith::ExtSIOp>([&](auto cast) {
          // A truth is 1, not -1.
          Element inner = at(cast.getIn());
          return inner.kind == Element::Integer ? inner : Element();
        })
        .Case<arith::ExtFOp, arith::TruncFOp>([&](auto cast) {
          Element inner = at(cast.getIn());
          // Numbers of masks, 0 and 1 and the least, fit all types or are
          // refused where they are used.
          return inner.kind == Element::Choice ? inner : Element();
        })
        .Case([&](arith::UIToFPOp cast) { return asNumbers(at(cast.getIn())); })
        .Case<arith::AddIOp, arith::SubIOp, arith::MulIOp>(
            [&](auto sum) { return arithmetic(sum); })
        .Case<arith::AddFOp, arith::SubFOp, arith::MulFOp>(
            [&](auto sum) { return arithmetic(sum); })
        .Case<arith::CmpIOp, arith::CmpFOp>(
            [&](auto compare) { return comparison(compare); })
        .Case([&](arith::AndIOp both) {
          Element x = at(both.getLhs()), y = at(both.getRhs());
          if (x.kind != Element::Boolean || y.kind != Element::Boolean)
            return Element();
          return Element::of(conjunction(x.truth, y.truth));
        })
        .Case([&](arith::XOrIOp differ) { return opposite(differ); })
        .Case([&](arith::SelectOp select) { return selection(select); })
        .Default([](Operation *) { return Element(); });
  }

  Element number(Attribute constant) {
    if (auto number = dyn_cast<FloatAttr>(constant))
      return Element::number(number.getValueAsDouble());
    auto integer = dyn_cast<IntegerAttr>(constant);
    if (!integer)
      return {};
    if (integer.getType().isInteger(1))
      return Element::of(integer.getValue().isZero() ? never(context)
                                                     : Truth());
    return Element::of(
        getAffineConstantExpr(integer.getValue().getSExtValue(), context));
  }

  Element asNumbers(Element truth) {
    return truth.kind == Element::Boolean ? Element::choice(truth.truth, 1, 0)
                                          : Element();
  }

  template <typename Op>
  Element arithmetic(Op sum) {
    Element x = at(sum.getLhs()), y = at(sum.getRhs());
    if (x.kind != y.kind)
      return {};
    if (x.kind == Element::Integer) {
      if constexpr (std::is_same_v<Op, arith::AddIOp>)
        return Element::of(x.integer + y.integer);
      if constexpr (std::is_same_v<Op, arith::SubIOp>)
        return Element::of(x.integer - y.integer);
      if constexpr (std::is_same_v<Op, arith::MulIOp>)
        if (x.integer.isSymbolicOrConstant() ||
            y.integer.isSymbolicOrConstant())
          return Element::of(x.integer * y.integer);
      return {};
    }
    if (x.kind != Element::Choice || !(x.isNumber() || y.isNumber()))
      return {};
    auto apply = [](double a, double b) {
      if constexpr (std::is_same_v<Op, arith::AddFOp>)
        return a + b;
      if constexpr (std::is_same_v<Op, arith::SubFOp>)
        return a - b;
      return a * b;
    };
    double seen = apply(x.seen, y.seen), hidden = apply(x.hidden, y.hidden);
    if (std::isnan(seen) || std::isnan(hidden))
      return {};
    return Element::choice(x.isNumber() ? y.truth : x.truth, seen, hidden);
  }

  Element comparison(arith::CmpIOp compare) {
    Element x = at(compare.getLhs()), y = at(compare.getRhs());
    if (x.kind != Element::Integer || y.kind != Element::Integer)
      return {};
    AffineExpr difference = y.integer - x.integer, bound;
    switch (compare.getPredicate()) {
    case arith::CmpIPredicate::sle:
      bound = difference;
      break;
    case arith::CmpIPredicate::slt:
      bound = difference - 1;
      break;
    case arith::CmpIPredicate::sge:
      bound = -difference;
      break;
    case arith::CmpIPredicate::sgt:
      bound = -difference - 1;
      break;
    default:
      return {};
    }
    if (expressions.readsIntegers(bound)) {
      if (expressions.isNonNegative(bound))
        return Element::of(Truth());
      if (expressions.isNonNegative(-bound - 1))
        return Element::of(never(context));
    }
    // What tensors hold is of use as lengths only, seen or hidden.
    if (expressions.readsIntegers(bound) && !expressions.length(bound) &&
        !expressions.length(-bound - 1))
      return {};
    return Element::of(Truth{{bound}, {}});
  }

  /// Of one of two numbers with a third.
  Element comparison(arith::CmpFOp compare) {
    Element x = at(compare.getLhs()), y = at(compare.getRhs());
    if (x.kind != Element::Choice || !y.isNumber())
      return {};
    auto holds = [&](double number) {
      return arith::applyCmpPredicate(compare.getPredicate(), APFloat(number),
                                      APFloat(y.seen));
    };
    bool seen = holds(x.seen), hidden = holds(x.hidden);
    if (seen == hidden)
      return Element::of(seen ? Truth() : never(context));
    std::optional<Truth> truth =
        seen ? std::optional(x.truth) : negation(x.truth);
    return truth ? Element::of(*truth) : Element();
  }

  Element opposite(arith::XOrIOp differ) {
    Element x = at(differ.getLhs()), y = at(differ.getRhs());
    if (x.kind != Element::Boolean || y.kind != Element::Boolean)
      return {};
    for (auto [truth, by] : {std::pair(&x, &y), std::pair(&y, &x)}) {
      std::optional<bool> flips = known(by->truth);
      if (!flips)
        continue;
      if (!*flips)
        return *truth;
      if (std::optional<Truth> other = negation(truth->truth))
        return Element::of(*other);
    }
    return {};
  }

  Element selection(arith::SelectOp select) {
    Element condition = at(select.getCondition()),
            yes = at(select.getTrueValue()), no = at(select.getFalseValue());
    if (condition.kind != Element::Boolean || yes.kind != no.kind)
      return {};
    std::optional<Truth> otherwise = negation(condition.truth);
    if (yes.kind == Element::Integer) {
      if (holds(condition.truth))
        return yes;
      return otherwise && holds(*otherwise) ? no : Element();
    }
    if (yes.kind == Element::Choice) {
      if (!yes.isNumber() || !no.isNumber())
        return {};
      // What is seen is the larger, as in every mask.
      if (yes.seen >= no.seen)
        return Element::choice(condition.truth, yes.seen, no.seen);
      return otherwise ? Element::choice(*otherwise, no.seen, yes.seen)
                       : Element::choice(condition.truth, yes.seen, no.seen);
    }
    if (yes.kind != Element::Boolean)
      return {};
    if (known(no.truth) == false)
      return Element::of(conjunction(condition.truth, yes.truth));
    if (known(yes.truth) == false && otherwise)
      return Element::of(conjunction(*otherwise, no.truth));
    return {};
  }

  /// Whether it is true at all indices.
  bool holds(const Truth &truth) {
    return truth.opaque.empty() &&
           llvm::all_of(truth.bounds, [&](AffineExpr bound) {
             return expressions.isNonNegative(bound);
           });
  }

  ElementExpressions &expressions;
  linalg::GenericOp op;
  ArrayRef<AffineExpr> index;
  MLIRContext *context;
  llvm::DenseMap<Value, Element> elements;
};

} // namespace

//===----------------------------------------------------------------------===//
// ElementExpressions
//===----------------------------------------------------------------------===//

Element ElementExpressions::at(Value tensor, ArrayRef<AffineExpr> index) {
  Element found;
  Attribute constant;
  if (matchPattern(tensor, m_Constant(&constant))) {
    found = constantAt(tensor, constant, index);
  } else if (Operation *op = tensor.getDefiningOp()) {
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      found = genericAt(generic, index);
    else if (auto fill = dyn_cast<linalg::FillOp>(op)) {
      Attribute number;
      if (matchPattern(fill.getInputs()[0], m_Constant(&number)))
        found = constantAt(tensor, number, index);
    } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      found = insertedAt(insert, index);
    } else if (auto elements = dyn_cast<tensor::FromElementsOp>(op)) {
      if (elements.getElements().size() == 1 &&
          getElementTypeOrSelf(tensor.getType()).isSignlessInteger(64))
        found = Element::of(integer(OpFoldResult(elements.getElements()[0])));
    } else if (std::optional<SmallVector<AffineExpr>> source =
                   sourceIndex(op, index))
      found = at(op->getOperand(0), *source);
  }
  bool truths = getElementTypeOrSelf(tensor.getType()).isInteger(1);
  if (found.kind == Element::Unknown && truths)
    return Element::of(Truth{{}, {{tensor, llvm::to_vector(index)}}});
  Type type = getElementTypeOrSelf(tensor.getType());
  if (found.kind == Element::Unknown &&
      (type.isInteger(32) || type.isInteger(64)))
    return Element::of(symbol(tensor, index));
  return found;
}

Element ElementExpressions::genericAt(linalg::GenericOp op,
                                      ArrayRef<AffineExpr> index) {
  if (op.getNumResults() != 1 || op.getNumLoops() != op.getNumParallelLoops() ||
      !op.getIndexingMapsArray().back().isIdentity())
    return {};
  return inBody(op, op.getBody()->getTerminator()->getOperand(0), index);
}

Element ElementExpressions::inBody(linalg::GenericOp op, Value value,
                                   ArrayRef<AffineExpr> index) {
  return Body(*this, op, index).at(value);
}

Element ElementExpressions::insertedAt(tensor::InsertSliceOp op,
                                       ArrayRef<AffineExpr> index) {
  if (op.getSourceType().getRank() != op.getDestType().getRank())
    return {};
  SmallVector<AffineExpr> source(index);
  for (auto [d, offset, extent, stride] : llvm::enumerate(
           op.getMixedOffsets(), op.getMixedSizes(), op.getMixedStrides())) {
    if (isZeroInteger(offset) && isOneInteger(stride) &&
        integer(extent) == size(op.getDest(), d))
      continue;
    // Only a place that is a number is inside or outside for sure.
    auto place = dyn_cast<AffineConstantExpr>(index[d]);
    std::optional<int64_t> first = getConstantIntValue(offset),
                           count = getConstantIntValue(extent);
    if (!place || !first || !count || !isOneInteger(stride))
      return {};
    int64_t inside = place.getValue() - *first;
    if (inside < 0 || inside >= *count)
      return at(op.getDest(), index);
    source[d] = getAffineConstantExpr(inside, context);
  }
  return at(op.getSource(), source);
}

std::optional<std::pair<AffineExpr, AffineExpr>>
ElementExpressions::split(AffineExpr index, AffineExpr size) const {
  auto symbol = dyn_cast<AffineSymbolExpr>(size);
  if (!symbol)
    return std::nullopt;
  auto simplified = [&](AffineExpr expr) {
    return simplifyAffineExpr(expr, 4, values.size());
  };
  auto with = [&](int64_t number) {
    return simplified(
        index.replace(size, getAffineConstantExpr(number, context)));
  };
  AffineExpr rest = with(0), factor = simplified(with(1) - rest);
  auto dim = dyn_cast<AffineDimExpr>(rest);
  bool isBelow = dim && dim.getPosition() < extents.size() &&
                 extents[dim.getPosition()] == size;
  if (!isBelow || simplified(index - (factor * size + rest)) !=
                      getAffineConstantExpr(0, context))
    return std::nullopt;
  return std::pair(factor, rest);
}

std::optional<SmallVector<AffineExpr>>
ElementExpressions::sourceIndex(Operation *op, ArrayRef<AffineExpr> index) {
  AffineExpr zero = getAffineConstantExpr(0, context);
  SmallVector<AffineExpr> source;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    ArrayRef<int64_t> shape = expand.getResultType().getShape();
    for (ReassociationIndices &group : expand.getReassociationIndices()) {
      AffineExpr whole = zero;
      for (int64_t dim : group)
        if (shape[dim] != 1) {
          AffineExpr extent = size(expand.getResult(), dim);
          if (!extent.isSymbolicOrConstant())
            return std::nullopt;
          whole = whole == zero ? index[dim] : whole * extent + index[dim];
        }
      source.push_back(whole);
    }
    return source;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    ArrayRef<int64_t> shape = collapse.getSrcType().getShape();
    source.assign(shape.size(), zero);
    for (auto [i, group] :
         llvm::enumerate(collapse.getReassociationIndices())) {
      SmallVector<int64_t> large(llvm::make_filter_range(
          group, [&](int64_t dim) { return shape[dim] != 1; }));
      AffineExpr rest = index[i];
      while (large.size() > 1) {
        int64_t dim = large.pop_back_val();
        auto parts = split(rest, size(collapse.getSrc(), dim));
        if (!parts)
          return std::nullopt;
        rest = parts->first;
        source[dim] = parts->second;
      }
      if (!large.empty())
        source[large.front()] = rest;
    }
    return source;
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    unsigned next = 0;
    for (auto [dim, offset, stride] :
         llvm::enumerate(slice.getMixedOffsets(), slice.getMixedStrides())) {
      std::optional<int64_t> step = getConstantIntValue(stride);
      if (!step)
        return std::nullopt;
      AffineExpr at = dropped[dim] ? zero : index[next++] * *step;
      source.push_back(at + integer(offset));
    }
    return source;
  }
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    source.resize(index.size());
    for (auto [result, input] : llvm::enumerate(transpose.getPermutation()))
      source[input] = index[result];
    return source;
  }
  if (isa<tensor::CastOp>(op))
    return llvm::to_vector(index);
  return std::nullopt;
}

AffineExpr ElementExpressions::integer(OpFoldResult value) {
  if (std::optional<int64_t> number = getConstantIntValue(value))
    return getAffineConstantExpr(*number, context);
  auto known = cast<Value>(value);
  Operation *op = known.getDefiningOp();
  if (auto sum = dyn_cast_if_present<arith::AddIOp>(op))
    return integer(sum.getLhs()) + integer(sum.getRhs());
  if (auto difference = dyn_cast_if_present<arith::SubIOp>(op))
    return integer(difference.getLhs()) - integer(difference.getRhs());
  if (auto cast = dyn_cast_if_present<arith::IndexCastOp>(op))
    return integer(cast.getIn());
  if (auto dim = dyn_cast_if_present<tensor::DimOp>(op))
    if (std::optional<int64_t> which = dim.getConstantIndex())
      if (!isa<BlockArgument>(dim.getSource()))
        return size(dim.getSource(), *which);
  return symbol(known);
}

/// The sizes of arguments that have the name of one, and so are equal; that one
/// first.
static SmallVector<std::pair<Value, int64_t>> placesOfName(Value tensor,
                                                           int64_t dim) {
  SmallVector<std::pair<Value, int64_t>> places = {{tensor, dim}};
  auto argument = dyn_cast<BlockArgument>(tensor);
  auto function =
      argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
               : func::FuncOp();
  auto nameOf = [&](BlockArgument other, int64_t place) {
    auto names =
        function.getArgAttrOfType<ArrayAttr>(other.getArgNumber(), "tfc.dims");
    return names && place < static_cast<int64_t>(names.size())
               ? cast<StringAttr>(names[place]).getValue()
               : StringRef();
  };
  if (!function || nameOf(argument, dim).empty())
    return places;
  for (BlockArgument other : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(other.getType());
    for (int64_t place = 0; type && place < type.getRank(); ++place)
      if (nameOf(other, place) == nameOf(argument, dim))
        places.push_back({other, place});
  }
  return places;
}

AffineExpr ElementExpressions::size(Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return getAffineConstantExpr(type.getDimSize(dim), context);
  Operation *op = tensor.getDefiningOp();
  if (auto empty = dyn_cast_if_present<tensor::EmptyOp>(op))
    return integer(empty.getMixedSizes()[dim]);
  if (auto expand = dyn_cast_if_present<tensor::ExpandShapeOp>(op))
    return integer(expand.getMixedOutputShape()[dim]);
  if (auto collapse = dyn_cast_if_present<tensor::CollapseShapeOp>(op)) {
    ReassociationIndices group = collapse.getReassociationIndices()[dim];
    if (group.size() == 1)
      return size(collapse.getSrc(), group.front());
  }
  if (auto slice = dyn_cast_if_present<tensor::ExtractSliceOp>(op);
      slice && slice.getDroppedDims().none())
    return integer(slice.getMixedSizes()[dim]);
  if (auto insert = dyn_cast_if_present<tensor::InsertSliceOp>(op))
    return size(insert.getDest(), dim);
  if (auto style = dyn_cast_if_present<DestinationStyleOpInterface>(op))
    return size(style.getTiedOpOperand(cast<OpResult>(tensor))->get(), dim);
  // The size of an argument is read once, as raising does.
  for (auto [argument, place] : placesOfName(tensor, dim))
    for (Operation *user : argument.getUsers())
      if (auto read = dyn_cast<tensor::DimOp>(user))
        if (read.getSource() == argument && read.getConstantIndex() == place)
          return symbol(read.getResult());
  // Nothing else stands for it: a symbol of its own.
  return newSymbol();
}

AffineExpr ElementExpressions::newSymbol() {
  values.push_back(Value());
  return getAffineSymbolExpr(values.size() - 1, context);
}

AffineExpr ElementExpressions::symbol(Value value) {
  auto found = llvm::find(values, value);
  unsigned position = found - values.begin();
  if (found == values.end())
    values.push_back(value);
  return getAffineSymbolExpr(position, context);
}

AffineExpr ElementExpressions::symbol(Value tensor,
                                      ArrayRef<AffineExpr> index) {
  for (auto &[position, known] : integers)
    if (known.tensor == tensor && ArrayRef<AffineExpr>(known.index) == index)
      return getAffineSymbolExpr(position, context);
  values.push_back(Value());
  integers[values.size() - 1] = {tensor, llvm::to_vector(index)};
  return getAffineSymbolExpr(values.size() - 1, context);
}

bool ElementExpressions::readsIntegers(AffineExpr expr) const {
  bool reads = false;
  expr.walk([&](AffineExpr part) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
      reads |= integers.contains(symbol.getPosition());
  });
  return reads;
}

std::optional<LengthBound> ElementExpressions::length(AffineExpr bound) const {
  for (auto &[position, number] : integers) {
    AffineExpr rest =
        simplifyAffineExpr(bound - getAffineSymbolExpr(position, context) +
                               getAffineDimExpr(3, context),
                           4, values.size());
    auto plus = dyn_cast<AffineConstantExpr>(rest);
    bool ofBatch = llvm::all_of(number.index, [&](AffineExpr at) {
      return isa<AffineConstantExpr>(at) || at == getAffineDimExpr(0, context);
    });
    if (plus && ofBatch)
      return LengthBound{number, plus.getValue() + 1};
  }
  return std::nullopt;
}

bool ElementExpressions::isNonNegative(AffineExpr expr) const {
  expr = simplifyAffineExpr(expr, 4, values.size());
  // Indices are.
  if (isa<AffineDimExpr>(expr))
    return true;
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return number.getValue() >= 0;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    // Of a tensor: where it is a constant without negative numbers.
    if (const OpaqueInteger *number = opaqueInteger(symbol.getPosition())) {
      DenseIntElementsAttr numbers;
      return matchPattern(number->tensor, m_Constant(&numbers)) &&
             llvm::none_of(numbers.getValues<APInt>(),
                           [](const APInt &n) { return n.isNegative(); });
    }
    Value value = values[symbol.getPosition()];
    return !value || value.getDefiningOp<tensor::DimOp>();
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (binary.getKind() == AffineExprKind::Mod)
    return true;
  return isNonNegative(binary.getLHS()) && isNonNegative(binary.getRHS());
}
