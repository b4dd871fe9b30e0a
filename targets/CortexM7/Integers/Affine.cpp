//===- Affine.cpp - constant factors and sums of int8 elements --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphForms.h"
#include "IntegerGraph.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace tfc;
using namespace tfc::m7;

/// Beyond these, constants are not spread here.
static constexpr int64_t mostElements = 1 << 18;

namespace {

/// A number of the form gain x + bias.
struct Term {
  double gain = 0, bias = 0;

  bool isNumber() const { return gain == 0; }
};

/// What a body of sums and products gives of an x and of numbers.
class AffineBody {
public:
  explicit AffineBody(Block &body) : body(body) {}

  std::optional<Term> at(ArrayRef<Term> arguments) {
    terms.clear();
    for (auto [argument, term] : llvm::zip(body.getArguments(), arguments))
      terms[argument] = term;
    for (Operation &op : body.without_terminator()) {
      std::optional<Term> term = of(&op);
      if (!term)
        return std::nullopt;
      terms[op.getResult(0)] = *term;
    }
    return operand(body.getTerminator()->getOperand(0));
  }

private:
  std::optional<Term> operand(Value value) {
    auto known = terms.find(value);
    if (known != terms.end())
      return known->second;
    std::optional<float> number = realNumber(value);
    return number ? std::optional(Term{0, *number}) : std::nullopt;
  }

  std::optional<Term> of(Operation *op) {
    if (op->getNumResults() != 1 || !op->getResult(0).getType().isF32())
      return std::nullopt;
    if (op->hasTrait<OpTrait::ConstantLike>())
      return operand(op->getResult(0));
    SmallVector<Term, 2> in;
    for (Value value : op->getOperands()) {
      std::optional<Term> term = operand(value);
      if (!term)
        return std::nullopt;
      in.push_back(*term);
    }
    if (isa<arith::NegFOp>(op))
      return Term{-in[0].gain, -in[0].bias};
    if (in.size() != 2)
      return std::nullopt;
    auto [a, b] = std::pair(in[0], in[1]);
    if (isa<arith::AddFOp>(op))
      return Term{a.gain + b.gain, a.bias + b.bias};
    if (isa<arith::SubFOp>(op))
      return Term{a.gain - b.gain, a.bias - b.bias};
    if (isa<arith::MulFOp>(op) && (a.isNumber() || b.isNumber()))
      return Term{a.gain * b.bias + b.gain * a.bias, a.bias * b.bias};
    if (isa<arith::DivFOp>(op) && b.isNumber() && b.bias != 0)
      return Term{a.gain / b.bias, a.bias / b.bias};
    return std::nullopt;
  }

  Block &body;
  DenseMap<Value, Term> terms;
};

/// Numbers that differ along some dimensions of `shape` only.
struct Reduced {
  SmallVector<unsigned> dims;
  SmallVector<int64_t> shape;
  /// The element of the whole at which each of them is.
  SmallVector<int64_t> places;

  Reduced(ArrayRef<int64_t> whole,
          llvm::function_ref<bool(int64_t, int64_t)> isEqual) {
    SmallVector<int64_t> strides(whole.size(), 1);
    for (int64_t d = static_cast<int64_t>(whole.size()) - 1; d > 0; --d)
      strides[d - 1] = strides[d] * whole[d];
    int64_t count = ShapedType::getNumElements(whole);
    places.push_back(0);
    for (auto [d, size] : llvm::enumerate(whole)) {
      bool differs = false;
      for (int64_t i = 0; i < count && !differs; ++i) {
        int64_t along = i / strides[d] % size;
        differs = !isEqual(i, i - along * strides[d]);
      }
      if (!differs)
        continue;
      dims.push_back(d);
      shape.push_back(size);
      SmallVector<int64_t> next;
      for (int64_t place : places)
        for (int64_t i = 0; i < size; ++i)
          next.push_back(place + i * strides[d]);
      places = std::move(next);
    }
  }
};

} // namespace

std::optional<IntegerGraph::Affine> IntegerGraph::affineOf(Value real) {
  auto type = dyn_cast<RankedTensorType>(real.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() > mostElements ||
      knownQuantization(real))
    return std::nullopt;
  if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
          real.getDefiningOp()))
    return affineOf(real.getDefiningOp()->getOperand(0));
  auto op = real.getDefiningOp<linalg::GenericOp>();
  if (!op || !isElementwise(op))
    return std::nullopt;
  OpOperand *x = nullptr;
  SmallVector<std::vector<double>> numbers;
  for (OpOperand *input : op.getDpsInputOperands()) {
    numbers.emplace_back();
    if (std::optional<float> number = realNumber(input->get())) {
      numbers.back().assign(type.getNumElements(), *number);
      continue;
    }
    if (!getElementTypeOrSelf(input->get().getType()).isF32())
      return std::nullopt;
    AffineMap map = op.getMatchingIndexingMap(input);
    if (std::optional<RealConstant> constant = realConstant(input->get())) {
      auto all = spread(*constant, map, type.getShape());
      if (!all)
        return std::nullopt;
      numbers.back() = std::move(*all);
      continue;
    }
    if (x || !map.isIdentity())
      return std::nullopt;
    x = input;
  }
  if (!x)
    return std::nullopt;
  Affine result{x->get(), {}, {}};
  AffineBody body(*op.getBody());
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    SmallVector<Term> arguments;
    for (auto [input, values] : llvm::zip(op.getDpsInputOperands(), numbers))
      arguments.push_back(input == x ? Term{1, 0} : Term{0, values[i]});
    arguments.emplace_back();
    std::optional<Term> term = body.at(arguments);
    if (!term)
      return std::nullopt;
    result.gain.push_back(term->gain);
    result.bias.push_back(term->bias);
  }
  std::optional<Affine> before = affineOf(x->get());
  if (!before)
    return result;
  for (auto [i, gain] : llvm::enumerate(result.gain)) {
    result.bias[i] += gain * before->bias[i];
    gain *= before->gain[i];
  }
  result.base = before->base;
  return result;
}

/// `sat8((x m + h) >> s)` on 64 bits.
FailureOr<Value> IntegerGraph::scaled(const Source &x, const Affine &affine,
                                      ArrayRef<int64_t> shape, Operation *op,
                                      Quantization to) {
  double greatest = 0;
  for (double gain : affine.gain)
    greatest =
        std::max(greatest, std::abs(gain) * x.quantization.scale / to.scale);
  if (!(greatest < 256))
    return fail(op, "the scale of its operand is too far above the result's");
  int shift = 32;
  while (std::nearbyint(std::ldexp(greatest, shift)) >= std::ldexp(1.0, 31))
    --shift;
  Reduced numbers(shape, [&](int64_t i, int64_t j) {
    return affine.gain[i] == affine.gain[j] && affine.bias[i] == affine.bias[j];
  });
  std::vector<int32_t> factors;
  std::vector<int64_t> offsets;
  for (int64_t place : numbers.places) {
    double factor = std::nearbyint(std::ldexp(
        affine.gain[place] * x.quantization.scale / to.scale, shift));
    double offset = affine.bias[place] / to.scale + to.zero;
    if (!(std::abs(offset) < std::ldexp(1.0, 24)))
      return fail(op, "adds a constant that is too many of the result's steps");
    factors.push_back(static_cast<int32_t>(factor));
    offsets.push_back(
        static_cast<int64_t>(std::nearbyint(std::ldexp(offset, shift))) +
        (int64_t(1) << (shift - 1)) -
        static_cast<int64_t>(factor) * x.quantization.zero);
  }
  auto constantOf = [&](auto values, Type element) -> Value {
    return arith::ConstantOp::create(
        b, loc,
        DenseElementsAttr::get(RankedTensorType::get(numbers.shape, element),
                               ArrayRef(values)));
  };
  SmallVector<AffineExpr> dims;
  for (unsigned d : numbers.dims)
    dims.push_back(b.getAffineDimExpr(d));
  AffineMap own = AffineMap::get(shape.size(), 0, dims, b.getContext()),
            identity = b.getMultiDimIdentityMap(shape.size());
  return linalg::GenericOp::create(
             b, loc, bytes(shape),
             ValueRange{reshaped(x.integers, shape),
                        constantOf(factors, b.getI32Type()),
                        constantOf(offsets, b.getI64Type())},
             empty(shape), ArrayRef<AffineMap>{identity, own, own, identity},
             SmallVector<utils::IteratorType>(shape.size(),
                                              utils::IteratorType::parallel),
             [&](OpBuilder &inner, Location at, ValueRange v) {
               Type wide = inner.getI64Type();
               auto number = [&](int64_t value) -> Value {
                 return arith::ConstantIntOp::create(inner, at, wide, value);
               };
               Value y = arith::MulIOp::create(
                   inner, at, arith::ExtSIOp::create(inner, at, wide, v[0]),
                   arith::ExtSIOp::create(inner, at, wide, v[1]));
               y = arith::AddIOp::create(inner, at, y, v[2]);
               y = arith::ShRSIOp::create(inner, at, y, number(shift));
               y = arith::MaxSIOp::create(inner, at, y, number(-128));
               y = arith::MinSIOp::create(inner, at, y, number(127));
               y = arith::TruncIOp::create(inner, at, inner.getI8Type(), y);
               linalg::YieldOp::create(inner, at, y);
             })
      .getResult(0);
}

std::optional<FailureOr<Value>> IntegerGraph::selectAffine(linalg::GenericOp op,
                                                           Quantization to) {
  // Kernels take a sum or product of two that have scales.
  if (onlyOperation(op) && op.getNumDpsInputs() == 2 &&
      llvm::all_of(op.getInputs(),
                   [&](Value input) { return knownQuantization(input); }))
    return std::nullopt;
  std::optional<Affine> affine = affineOf(op.getResult(0));
  if (!affine)
    return std::nullopt;
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  Value base = affine->base;
  while (!knownQuantization(base) &&
         isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
             base.getDefiningOp()))
    base = base.getDefiningOp()->getOperand(0);
  if (auto norm = base.getDefiningOp<attn::NormOp>()) {
    FailureOr<Value> y = selectNorm(norm, to, &*affine);
    if (failed(y))
      return FailureOr<Value>(failure());
    return FailureOr<Value>(reshaped(*y, shape));
  }
  if (!knownQuantization(base))
    return std::nullopt;
  FailureOr<Source> x = sourceOf(base);
  if (failed(x))
    return FailureOr<Value>(failure());
  return scaled(*x, *affine, shape, op, to);
}
