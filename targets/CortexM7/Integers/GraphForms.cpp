//===- GraphForms.cpp - known graphs of linalg ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphForms.h"
#include "RealConstant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc::m7;

/// Loops over the result's elements, in its order.
bool tfc::m7::isElementwise(linalg::GenericOp op) {
  return op.getNumResults() == 1 &&
         op.getNumParallelLoops() == op.getNumLoops() &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() &&
         !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0));
}

/// The operation that a body of one operation on its arguments is.
Operation *tfc::m7::onlyOperation(linalg::GenericOp op) {
  Block *body = op.getBody();
  if (!llvm::hasSingleElement(body->without_terminator()))
    return nullptr;
  Operation *inner = &body->front();
  Operation *end = body->getTerminator();
  if (inner->getNumResults() != 1 || end->getNumOperands() != 1 ||
      end->getOperand(0) != inner->getResult(0))
    return nullptr;
  return inner;
}

bool tfc::m7::readsFirstInputOnly(linalg::GenericOp op) {
  return op.getNumDpsInputs() > 0 &&
         llvm::none_of(
             llvm::drop_begin(op.getDpsInputOperands()),
             [&](OpOperand *in) { return op.payloadUsesValueFromOperand(in); });
}

/// The reduction that `real` is, through reshapes.
linalg::GenericOp tfc::m7::reductionOf(Value real) {
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
      real.getDefiningOp()))
    real = real.getDefiningOp()->getOperand(0);
  auto op = real.getDefiningOp<linalg::GenericOp>();
  return op && op.getNumReductionLoops() > 0 && op.getNumDpsInits() == 1 &&
                 readsFirstInputOnly(op)
             ? op
             : linalg::GenericOp();
}

/// Whether `op` reduces by `Inner`.
template <typename... Inner>
static bool reducesBy(linalg::GenericOp op) {
  Operation *inner = op ? onlyOperation(op) : nullptr;
  return isa_and_nonnull<Inner...>(inner);
}

/// Whether the body is `inner` of the first two inputs, in this order.
static bool isOfInputs(linalg::GenericOp op, Operation *inner) {
  return op.getNumDpsInputs() == 2 &&
         inner->getOperand(0) == op.getBody()->getArgument(0) &&
         inner->getOperand(1) == op.getBody()->getArgument(1);
}

/// The dimension of its input that `reduction` reduces over; the others are the
/// result's, in their order.
static std::optional<unsigned> reducedDimension(linalg::GenericOp reduction) {
  if (reduction.getNumReductionLoops() != 1 ||
      !reduction.getMatchingIndexingMap(reduction.getDpsInputOperand(0))
           .isIdentity())
    return std::nullopt;
  SmallVector<unsigned> reduced;
  reduction.getReductionDims(reduced);
  AffineMap kept = AffineMap::getMultiDimIdentityMap(reduction.getNumLoops(),
                                                     reduction.getContext())
                       .dropResult(reduced.front());
  if (reduction.getMatchingIndexingMap(reduction.getDpsInitOperand(0)) != kept)
    return std::nullopt;
  return reduced.front();
}

/// Whether the second input of `op` has an element for each of the result but
/// along `dimension`, and the first one has all.
static bool isBroadcastAlong(linalg::GenericOp op, unsigned dimension) {
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInputOperand(1));
  auto shape = cast<ShapedType>(op->getResult(0).getType()).getShape();
  SmallVector<unsigned> found, wanted;
  for (AffineExpr expression : map.getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(expression)) {
      if (shape[dim.getPosition()] != 1)
        found.push_back(dim.getPosition());
    } else if (expression != 0) {
      return false;
    }
  for (unsigned d = 0; d < shape.size(); ++d)
    if (d != dimension && shape[d] != 1)
      wanted.push_back(d);
  return isElementwise(op) && found == wanted &&
         op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity();
}

std::optional<SoftmaxForm> tfc::m7::softmaxForm(linalg::GenericOp divide) {
  Operation *last = divide ? onlyOperation(divide) : nullptr;
  if (!isa_and_nonnull<arith::DivFOp>(last) || !isOfInputs(divide, last))
    return std::nullopt;
  auto exponential = divide.getInputs()[0].getDefiningOp<linalg::GenericOp>();
  linalg::GenericOp sum = reductionOf(divide.getInputs()[1]);
  if (!exponential || !isSum(sum) ||
      sum.getInputs()[0] != exponential.getResult(0) ||
      !isElementwise(exponential) || exponential.getNumDpsInputs() != 1 ||
      !isa_and_nonnull<math::ExpOp>(onlyOperation(exponential)) ||
      !exponential.getMatchingIndexingMap(exponential.getDpsInputOperand(0))
           .isIdentity())
    return std::nullopt;
  auto difference =
      exponential.getInputs()[0].getDefiningOp<linalg::GenericOp>();
  Operation *inner = difference ? onlyOperation(difference) : nullptr;
  if (!isa_and_nonnull<arith::SubFOp>(inner) || !isOfInputs(difference, inner))
    return std::nullopt;
  // Whatever is taken off all scores of a row leaves the softmax as it is.
  linalg::GenericOp greatest = reductionOf(difference.getInputs()[1]);
  if (!reducesBy<arith::MaximumFOp, arith::MaxNumFOp>(greatest) ||
      greatest.getInputs()[0] != difference.getInputs()[0])
    return std::nullopt;
  std::optional<unsigned> dimension = reducedDimension(sum);
  if (!dimension || dimension != reducedDimension(greatest) ||
      !isBroadcastAlong(divide, *dimension) ||
      !isBroadcastAlong(difference, *dimension))
    return std::nullopt;
  return SoftmaxForm{difference.getInputs()[0], *dimension};
}

Value tfc::m7::softmaxInput(linalg::GenericOp divide) {
  std::optional<SoftmaxForm> form = softmaxForm(divide);
  if (!form || form->dimension + 1 != divide.getNumLoops())
    return {};
  return form->input;
}

bool tfc::m7::isFilledWithZero(Value init) {
  auto fill = init.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

bool tfc::m7::isSum(linalg::GenericOp op) {
  if (!reducesBy<arith::AddFOp>(op) || !isFilledWithZero(op.getDpsInits()[0]))
    return false;
  Operation *add = onlyOperation(op);
  Value x = op.getBody()->getArgument(0),
        sum = op.getBody()->getArguments().back();
  return (add->getOperand(0) == x && add->getOperand(1) == sum) ||
         (add->getOperand(0) == sum && add->getOperand(1) == x);
}

std::optional<std::pair<Value, double>>
tfc::m7::multipleOf(linalg::GenericOp op) {
  Operation *inner = op && isElementwise(op) ? onlyOperation(op) : nullptr;
  if (!isa_and_nonnull<arith::MulFOp, arith::DivFOp>(inner))
    return std::nullopt;
  // A number that stands for all elements: of an input, or in the body.
  auto numberOf = [&](Value operand) -> std::optional<double> {
    if (std::optional<float> number = realNumber(operand))
      return *number;
    auto argument = dyn_cast<BlockArgument>(operand);
    if (!argument || argument.getOwner() != op.getBody())
      return std::nullopt;
    std::optional<RealConstant> constant =
        realConstant(op.getMatchingOpOperand(argument)->get());
    if (!constant || constant->values.empty() || !constant->isUniform())
      return std::nullopt;
    return constant->values[0];
  };
  for (unsigned i : {1u, 0u}) {
    auto x = dyn_cast<BlockArgument>(inner->getOperand(1 - i));
    std::optional<double> factor = numberOf(inner->getOperand(i));
    if (!factor || *factor == 0 || !x || x.getOwner() != op.getBody() ||
        (i == 0 && isa<arith::DivFOp>(inner)))
      continue;
    OpOperand *input = op.getMatchingOpOperand(x);
    if (op.getMatchingIndexingMap(input).isIdentity())
      return std::pair(input->get(),
                       isa<arith::MulFOp>(inner) ? *factor : 1 / *factor);
  }
  return std::nullopt;
}

std::optional<std::vector<double>> tfc::m7::spread(const RealConstant &constant,
                                                   AffineMap map,
                                                   ArrayRef<int64_t> shape) {
  std::vector<double> values;
  SmallVector<int64_t> at(shape.size(), 0);
  for (int64_t n = ShapedType::getNumElements(shape); n > 0; --n) {
    int64_t offset = 0;
    for (auto [size, expression] :
         llvm::zip(constant.shape, map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expression);
      if (!dim && expression != 0)
        return std::nullopt;
      offset = offset * size + (dim ? at[dim.getPosition()] : 0);
    }
    values.push_back(constant.values[offset]);
    for (int64_t d = shape.size() - 1; d >= 0; --d) {
      if (++at[d] < shape[d])
        break;
      at[d] = 0;
    }
  }
  return values;
}

std::optional<std::pair<Value, std::vector<double>>>
tfc::m7::addedConstant(linalg::GenericOp op) {
  Operation *inner = op && isElementwise(op) ? onlyOperation(op) : nullptr;
  if (!isa_and_nonnull<arith::AddFOp, arith::SubFOp>(inner) ||
      op.getNumDpsInputs() != 2)
    return std::nullopt;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  for (unsigned i : {1u, 0u}) {
    OpOperand *added = op.getDpsInputOperand(i),
              *x = op.getDpsInputOperand(1 - i);
    bool isInOrder = inner->getOperand(0) == op.getMatchingBlockArgument(x) &&
                     inner->getOperand(1) == op.getMatchingBlockArgument(added);
    bool isTurned = inner->getOperand(1) == op.getMatchingBlockArgument(x) &&
                    inner->getOperand(0) == op.getMatchingBlockArgument(added);
    if (!isInOrder && !(isTurned && isa<arith::AddFOp>(inner)))
      continue;
    std::optional<RealConstant> constant = realConstant(added->get());
    if (!constant || !type.hasStaticShape() ||
        !op.getMatchingIndexingMap(x).isIdentity())
      continue;
    auto values =
        spread(*constant, op.getMatchingIndexingMap(added), type.getShape());
    if (!values)
      continue;
    if (isa<arith::SubFOp>(inner))
      for (double &value : *values)
        value = -value;
    return std::pair(x->get(), std::move(*values));
  }
  return std::nullopt;
}
