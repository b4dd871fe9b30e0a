//===- ElementExpressions.cpp - tensors as functions of indices -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpressions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace tfc::raise;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

std::optional<SmallVector<double>>
tfc::raise::constantNumbers(Attribute constant) {
  auto elements = dyn_cast_if_present<ElementsAttr>(constant);
  constexpr int64_t most = 1 << 24;
  if (!elements || elements.getNumElements() > most)
    return std::nullopt;
  Type type = elements.getElementType();
  SmallVector<double> numbers;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    if (type.isF32() &&
        blob->getData().size() >= sizeof(float) * elements.getNumElements()) {
      llvm::append_range(numbers, blob->getDataAs<float>().take_front(
                                      elements.getNumElements()));
      return numbers;
    }
    return std::nullopt;
  }
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense)
    return std::nullopt;
  if (isa<FloatType>(type)) {
    for (APFloat value : dense.getValues<APFloat>())
      numbers.push_back(value.convertToDouble());
    return numbers;
  }
  if (!type.isInteger(1))
    return std::nullopt;
  for (bool value : dense.getValues<bool>())
    numbers.push_back(value);
  return numbers;
}

namespace {

/// A matrix of two numbers, the first within a band around the diagonal:
/// row - left <= column <= row + right.
struct Band {
  double seen = 0, hidden = 0;
  std::optional<int64_t> left, right;
};

/// Numbers that mean "seen" and "hidden": those of masks, a truth or a term.
std::optional<Band> seenAndHidden(ArrayRef<double> numbers) {
  Band band;
  double x = numbers.front(), y = x;
  for (double number : numbers)
    if (number != x) {
      y = number;
      break;
    }
  if (x == y)
    return std::nullopt;
  if (llvm::any_of(numbers, [&](double n) { return n != x && n != y; }))
    return std::nullopt;
  // Of truths the larger is "seen", of terms 0, which is the larger as well.
  band.seen = std::max(x, y);
  band.hidden = std::min(x, y);
  return band;
}

std::optional<Band> bandOf(ArrayRef<double> numbers, int64_t rows,
                           int64_t columns) {
  std::optional<Band> band = seenAndHidden(numbers);
  if (!band)
    return std::nullopt;
  int64_t left = -rows, right = -columns;
  bool cutsLeft = false, cutsRight = false, any = false;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      if (numbers[i * columns + j] == band->seen) {
        left = any ? std::max(left, i - j) : i - j;
        right = any ? std::max(right, j - i) : j - i;
        any = true;
      }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      bool expected = i - j <= left && j - i <= right;
      if ((numbers[i * columns + j] == band->seen) != expected)
        return std::nullopt;
      cutsLeft |= i - j > left;
      cutsRight |= j - i > right;
    }
  if (cutsLeft)
    band->left = left;
  if (cutsRight)
    band->right = right;
  return band;
}

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
        .Case([&](arith::CmpIOp compare) { return comparison(compare); })
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
        if (isa<AffineConstantExpr>(x.integer) ||
            isa<AffineConstantExpr>(y.integer))
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
    AffineExpr difference = y.integer - x.integer;
    switch (compare.getPredicate()) {
    case arith::CmpIPredicate::sle:
      return Element::of(Truth{{difference}, {}});
    case arith::CmpIPredicate::slt:
      return Element::of(Truth{{difference - 1}, {}});
    case arith::CmpIPredicate::sge:
      return Element::of(Truth{{-difference}, {}});
    case arith::CmpIPredicate::sgt:
      return Element::of(Truth{{-difference - 1}, {}});
    default:
      return {};
    }
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
    } else if (std::optional<SmallVector<AffineExpr>> source =
                   sourceIndex(op, index))
      found = at(op->getOperand(0), *source);
  }
  bool truths = getElementTypeOrSelf(tensor.getType()).isInteger(1);
  if (found.kind == Element::Unknown && truths)
    return Element::of(Truth{{}, {{tensor, llvm::to_vector(index)}}});
  return found;
}

Element ElementExpressions::constantAt(Value tensor, Attribute constant,
                                       ArrayRef<AffineExpr> index) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (auto splat = dyn_cast<SplatElementsAttr>(constant))
    constant = splat.getSplatValue<Attribute>();
  if (auto number = dyn_cast<FloatAttr>(constant))
    return Element::number(number.getValueAsDouble());
  if (auto integer = dyn_cast<IntegerAttr>(constant)) {
    if (type.getElementType().isInteger(1))
      return Element::of(integer.getValue().isZero() ? never(context)
                                                     : Truth());
    return Element::of(
        getAffineConstantExpr(integer.getValue().getSExtValue(), context));
  }
  // One matrix, whose rows and columns are the last dimensions.
  if (type.getRank() < 2 || !llvm::all_of(type.getShape().drop_back(2),
                                          [](int64_t n) { return n == 1; }))
    return {};
  std::optional<SmallVector<double>> numbers = constantNumbers(constant);
  if (!numbers || numbers->empty())
    return {};
  int64_t rows = type.getShape()[type.getRank() - 2],
          columns = type.getShape().back();
  std::optional<Band> band = bandOf(*numbers, rows, columns);
  if (!band)
    return {};
  AffineExpr row = index[index.size() - 2], column = index.back();
  Truth truth;
  if (band->right)
    truth.bounds.push_back(row + *band->right - column);
  if (band->left)
    truth.bounds.push_back(column + *band->left - row);
  return type.getElementType().isInteger(1)
             ? Element::of(truth)
             : Element::choice(truth, band->seen, band->hidden);
}

Element ElementExpressions::genericAt(linalg::GenericOp op,
                                      ArrayRef<AffineExpr> index) {
  if (op.getNumResults() != 1 || op.getNumLoops() != op.getNumParallelLoops() ||
      !op.getIndexingMapsArray().back().isIdentity())
    return {};
  return Body(*this, op, index)
      .at(op.getBody()->getTerminator()->getOperand(0));
}

std::optional<SmallVector<AffineExpr>>
ElementExpressions::sourceIndex(Operation *op, ArrayRef<AffineExpr> index) {
  AffineExpr zero = getAffineConstantExpr(0, context);
  SmallVector<AffineExpr> source;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    ArrayRef<int64_t> shape = expand.getResultType().getShape();
    for (ReassociationIndices &group : expand.getReassociationIndices()) {
      AffineExpr whole = zero;
      unsigned count = 0;
      for (int64_t dim : group)
        if (shape[dim] != 1) {
          whole = index[dim];
          ++count;
        }
      if (count > 1)
        return std::nullopt;
      source.push_back(whole);
    }
    return source;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    ArrayRef<int64_t> shape = collapse.getSrcType().getShape();
    source.assign(shape.size(), zero);
    for (auto [i, group] :
         llvm::enumerate(collapse.getReassociationIndices())) {
      unsigned count = 0;
      for (int64_t dim : group)
        if (shape[dim] != 1) {
          source[dim] = index[i];
          ++count;
        }
      if (count > 1)
        return std::nullopt;
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
  for (Operation *user : tensor.getUsers())
    if (auto read = dyn_cast<tensor::DimOp>(user))
      if (read.getSource() == tensor && read.getConstantIndex() == dim)
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

bool ElementExpressions::isNonNegative(AffineExpr expr) const {
  expr = simplifyAffineExpr(expr, 0, values.size());
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return number.getValue() >= 0;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    Value value = values[symbol.getPosition()];
    return !value || value.getDefiningOp<tensor::DimOp>();
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary || (binary.getKind() != AffineExprKind::Add &&
                  binary.getKind() != AffineExprKind::Mul))
    return false;
  return isNonNegative(binary.getLHS()) && isNonNegative(binary.getRHS());
}
