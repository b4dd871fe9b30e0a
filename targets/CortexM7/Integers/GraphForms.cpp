//===- GraphForms.cpp - known graphs of linalg ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphForms.h"
#include "ElementFunction.h"
#include "RealConstant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

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

/// The reduction that `real` is, through reshapes.
linalg::GenericOp tfc::m7::reductionOf(Value real) {
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
      real.getDefiningOp()))
    real = real.getDefiningOp()->getOperand(0);
  auto op = real.getDefiningOp<linalg::GenericOp>();
  return op && op.getNumReductionLoops() > 0 && op.getNumDpsInputs() == 1 &&
                 op.getNumDpsInits() == 1
             ? op
             : linalg::GenericOp();
}

/// Whether `op` reduces by `Inner` over its last loop.
template <typename... Inner>
static bool reducesBy(linalg::GenericOp op) {
  Operation *inner = op ? onlyOperation(op) : nullptr;
  return isa_and_nonnull<Inner...>(inner);
}

/// x of exp(x - max) / sum: `divide` is its last operation.
Value tfc::m7::softmaxInput(linalg::GenericOp divide) {
  if (!isa_and_nonnull<arith::DivFOp>(onlyOperation(divide)) ||
      divide.getNumDpsInputs() != 2)
    return {};
  auto exponential = divide.getInputs()[0].getDefiningOp<linalg::GenericOp>();
  linalg::GenericOp sum = reductionOf(divide.getInputs()[1]);
  if (!exponential || !reducesBy<arith::AddFOp>(sum) ||
      sum.getInputs()[0] != exponential.getResult(0))
    return {};
  auto difference = exponential;
  if (isa_and_nonnull<math::ExpOp>(onlyOperation(exponential)))
    difference = exponential.getInputs()[0].getDefiningOp<linalg::GenericOp>();
  if (!difference || difference.getNumDpsInputs() != 2)
    return {};
  if (difference != exponential &&
      !isa_and_nonnull<arith::SubFOp>(onlyOperation(difference)))
    return {};
  linalg::GenericOp greatest = reductionOf(difference.getInputs()[1]);
  if (!reducesBy<arith::MaximumFOp, arith::MaxNumFOp>(greatest) ||
      greatest.getInputs()[0] != difference.getInputs()[0])
    return {};
  if (difference == exponential)
    return {};
  // Both reduce over the last dimension.
  for (linalg::GenericOp reduction : {sum, greatest}) {
    auto kinds = reduction.getIteratorTypesArray();
    if (reduction.getNumReductionLoops() != 1 ||
        kinds.back() != utils::IteratorType::reduction ||
        !reduction.getMatchingIndexingMap(reduction.getDpsInputOperand(0))
             .isIdentity())
      return {};
  }
  return difference.getInputs()[0];
}

bool tfc::m7::isSum(linalg::GenericOp op) {
  return reducesBy<arith::AddFOp>(op);
}

std::optional<std::pair<Value, double>>
tfc::m7::multipleOf(linalg::GenericOp op) {
  if (!op || !isElementwise(op))
    return std::nullopt;
  SmallVector<float> arguments;
  std::optional<unsigned> variable;
  for (OpOperand *input : op.getDpsInputOperands()) {
    std::optional<RealConstant> constant = realConstant(input->get());
    if (constant && constant->isUniform() && !constant->values.empty()) {
      arguments.push_back(static_cast<float>(constant->values[0]));
      continue;
    }
    if (variable || !getElementTypeOrSelf(input->get().getType()).isF32() ||
        !op.getMatchingIndexingMap(input).isIdentity())
      return std::nullopt;
    variable = arguments.size();
    arguments.push_back(0);
  }
  if (!variable)
    return std::nullopt;
  auto at = [&](float x) {
    arguments[*variable] = x;
    return evaluateBody(*op.getBody(), arguments);
  };
  std::optional<float> factor = at(1);
  if (!factor || *factor == 0)
    return std::nullopt;
  // One product or quotient in f32 differs from the exact one by less.
  for (float x : {-1e6f, -3.0f, -0.125f, 0.0f, 0.7f, 2.0f, 5e4f}) {
    std::optional<float> y = at(x);
    if (!y || std::fabs(*y - *factor * x) > std::fabs(*factor * x) * 1e-6f)
      return std::nullopt;
  }
  return std::pair(op.getInputs()[*variable], static_cast<double>(*factor));
}
