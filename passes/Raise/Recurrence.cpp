//===- Recurrence.cpp - linear recurrences as they are found ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recurrence.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc::raise;

bool Recurrence::isOne(unsigned dim) const {
  return cast<RankedTensorType>(initial.getType()).getDimSize(dim) == 1;
}

SmallVector<AffineExpr> Recurrence::index() const { return ownIndex(initial); }

Type Recurrence::element() const {
  return cast<RankedTensorType>(initial.getType()).getElementType();
}

SmallVector<AffineExpr> tfc::raise::ownIndex(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<AffineExpr> index;
  for (auto [d, size] : llvm::enumerate(type.getShape()))
    index.push_back(size == 1 ? getAffineConstantExpr(0, tensor.getContext())
                              : getAffineDimExpr(d, tensor.getContext()));
  return index;
}

//===----------------------------------------------------------------------===//
// One step
//===----------------------------------------------------------------------===//

bool RecurrenceReader::readUpdate(Value before, Value next,
                                  RecurrenceStep &step) {
  SmallVector<AffineExpr> index = ownIndex(next);
  SmallVector<ElementProduct> terms = products.termsAt(next, index);
  if (terms.size() != 2)
    return no("its state is not a sum of what is kept and what is added");
  auto isState = [&](const ProductFactor &factor) {
    return before && factor.tensor == before;
  };
  for (unsigned kept : {0, 1}) {
    auto &factors = terms[kept].factors;
    if (before ? llvm::count_if(factors, isState) != 1
               : terms[kept].coefficient != 0)
      continue;
    if (before) {
      auto *state = llvm::find_if(factors, isState);
      if (state->index != index)
        return no("its state moves");
      factors.erase(state);
    } else {
      // The zeros have taken the number along.
      terms[kept].coefficient = 1;
    }
    step.keeps = terms[kept];
    step.adds = terms[1 - kept];
    bool elsewhere = false;
    for (ElementProduct *product : {&step.keeps, &step.adds})
      product->walk(
          [&](ProductFactor &factor) { elsewhere |= isState(factor); });
    return elsewhere ? no("its state is not updated linearly") : true;
  }
  return no("its state is not updated linearly");
}

linalg::LinalgOp RecurrenceReader::sumOf(Value row,
                                         SmallVectorImpl<AffineExpr> &index) {
  SmallVector<AffineExpr> own = ownIndex(row);
  index.assign(own.begin(), own.end());
  while (!row.getDefiningOp<linalg::LinalgOp>() &&
         products.throughView(row, index)) {
  }
  auto op = row.getDefiningOp<linalg::LinalgOp>();
  if (!op || op.getNumReductionLoops() != 1 || op.getNumDpsInits() != 1 ||
      op->getNumResults() != 1)
    return nullptr;
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  if (!fill || !matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0))
           .isProjectedPermutation())
    return nullptr;
  return op;
}

bool RecurrenceReader::readRow(Value row, Value state, RecurrenceStep &step) {
  SmallVector<AffineExpr> index;
  linalg::LinalgOp op = sumOf(row, index);
  auto sum = op ? op.getBlock()
                      ->getTerminator()
                      ->getOperand(0)
                      .getDefiningOp<arith::AddFOp>()
                : arith::AddFOp();
  Value out = op ? op.getBlock()->getArguments().back() : Value();
  if (!sum || (sum.getLhs() != out && sum.getRhs() != out))
    return no("its result is not a sum over one dimension of its state");
  // The sum's own dimension comes after those of the row.
  unsigned summed = cast<RankedTensorType>(row.getType()).getRank();
  SmallVector<AffineExpr> at(op.getNumLoops(),
                             getAffineDimExpr(summed, op.getContext()));
  AffineMap output = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (auto [expr, place] : llvm::zip(output.getResults(), index))
    at[cast<AffineDimExpr>(expr).getPosition()] = place;
  std::optional<ElementProduct> product = products.scalar(
      op, sum.getLhs() == out ? sum.getRhs() : sum.getLhs(), at);
  return product ? alignRow(*product, state, summed, step)
                 : no("its result is not a product with its state");
}

/// Writes the query over the dimensions of the state.
bool RecurrenceReader::alignRow(ElementProduct product, Value state,
                                unsigned summed, RecurrenceStep &step) {
  auto isState = [&](const ProductFactor &factor) {
    return factor.tensor == state;
  };
  auto *factor = llvm::find_if(product.factors, isState);
  if (factor == product.factors.end())
    return no("its result is not a product with its state");
  SmallVector<AffineExpr> index = factor->index;
  product.factors.erase(factor);
  MLIRContext *context = state.getContext();
  AffineExpr zero = getAffineConstantExpr(0, context);
  SmallVector<AffineExpr> stateDim(summed + 1, zero);
  step.rowDims.assign(summed + 1, std::nullopt);
  for (auto [d, expr] : llvm::enumerate(index)) {
    auto place = dyn_cast<AffineDimExpr>(expr);
    if (!place && expr != zero)
      return no("its result reads the state at other places");
    if (!place)
      continue;
    if (step.rowDims[place.getPosition()])
      return no("its result reads a diagonal of the state");
    step.rowDims[place.getPosition()] = d;
    stateDim[place.getPosition()] = getAffineDimExpr(d, context);
  }
  if (!step.rowDims[summed])
    return no("its result is not a sum over one dimension of its state");
  step.summed = *step.rowDims[summed];
  step.rowDims.pop_back();
  // Dimensions of the row that the state has not would repeat the state.
  bool lost = false;
  product.walk([&](ProductFactor &other) {
    lost |= isState(other);
    for (AffineExpr &expr : other.index) {
      for (unsigned i = 0; i < summed; ++i)
        lost |= !step.rowDims[i] && expr.isFunctionOfDim(i);
      expr = expr.replaceDims(stateDim);
    }
  });
  if (lost)
    return no("its result has dimensions that its state has not");
  step.query = product;
  return true;
}

//===----------------------------------------------------------------------===//
// What the dimensions are
//===----------------------------------------------------------------------===//

static bool dependsOn(Recurrence &found, ElementProduct &product, Role role) {
  auto dim = found.dims.find(role);
  return dim != found.dims.end() && product.dependsOnDim(dim->second);
}

bool RecurrenceReader::assignRoles(const RecurrenceStep &step,
                                   Recurrence &found) {
  found.dims[Role::KeyFeature] = step.summed;
  found.query = step.query;
  found.scale = step.query.coefficient;
  found.query.coefficient = 1;
  return splitInput(step, found) && splitDecay(step, found) &&
         onlyKnownPlaces(found);
}

/// What is added is an outer product of key and value.
bool RecurrenceReader::splitInput(const RecurrenceStep &step,
                                  Recurrence &found) {
  found.key = {1, {}};
  found.value = {step.adds.coefficient, {}};
  for (const ProductFactor &factor : step.adds.factors) {
    ElementProduct one{1, {factor}};
    (one.dependsOnDim(step.summed) ? found.key : found.value)
        .factors.push_back(factor);
  }
  // Of the other dimensions, the last that no key has is the value's.
  SmallVector<unsigned> rest;
  std::optional<unsigned> valueDim;
  unsigned rank = cast<RankedTensorType>(found.initial.getType()).getRank();
  for (unsigned d = 0; d < rank; ++d) {
    if (d == step.summed || found.isOne(d))
      continue;
    rest.push_back(d);
    if (!found.key.dependsOnDim(d) && !found.query.dependsOnDim(d))
      valueDim = d;
  }
  if (!valueDim)
    return no("no dimension of its state is that of values alone");
  found.dims[Role::ValueFeature] = *valueDim;
  llvm::erase(rest, *valueDim);
  if (rest.size() > 2)
    return no("its state has more than two dimensions of batch and heads");
  if (!rest.empty())
    found.dims[Role::Batch] = rest[0];
  if (rest.size() > 1)
    found.dims[Role::Head] = rest[1];
  return true;
}

bool RecurrenceReader::splitDecay(const RecurrenceStep &step,
                                  Recurrence &found) {
  const ElementProduct &keeps = step.keeps;
  if (keeps.factors.empty() && keeps.coefficient == 1)
    return true;
  if (keeps.factors.size() != 1 || keeps.coefficient != 1 ||
      !keeps.factors[0].exponent)
    return no("what its state is multiplied with is not an exponential");
  ElementProduct exponent = *keeps.factors[0].exponent;
  if (!dependsOn(found, exponent, Role::ValueFeature)) {
    found.decay = exponent;
    return true;
  }
  ElementProduct by{1, {}}, rate{exponent.coefficient, {}};
  for (ProductFactor &factor : exponent.factors) {
    ElementProduct one{1, {factor}};
    bool moves = one.dependsOnSymbol(found.iteration) ||
                 dependsOn(found, one, Role::Batch);
    if (moves && dependsOn(found, one, Role::KeyFeature))
      return no("the exponent of its decay is not a step times a rate");
    (moves ? by : rate).factors.push_back(factor);
  }
  found.step = by;
  found.rate = rate;
  return true;
}

/// All that the operands are made of is there before the first step, at indices
/// of dimensions and the step.
bool RecurrenceReader::onlyKnownPlaces(Recurrence &found) {
  bool known = true;
  SmallVector<ElementProduct *> all = {&found.key, &found.value, &found.query};
  for (auto *part : {&found.decay, &found.step, &found.rate})
    if (*part)
      all.push_back(&**part);
  for (ElementProduct *product : all)
    product->walk([&](ProductFactor &factor) {
      auto type = cast<RankedTensorType>(factor.tensor.getType());
      known &= type.getElementType() == found.element() &&
               products.isBefore(factor.tensor);
      for (AffineExpr expr : factor.index) {
        auto symbol = dyn_cast<AffineSymbolExpr>(expr);
        known &= isa<AffineDimExpr, AffineConstantExpr>(expr) ||
                 (symbol && symbol.getPosition() == found.iteration);
      }
    });
  return known || no("it computes what it adds or reads between its steps");
}
