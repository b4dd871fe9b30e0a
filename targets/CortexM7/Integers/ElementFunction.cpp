//===- ElementFunction.cpp - bodies of linalg on the host -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementFunction.h"
#include "RealConstant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;

namespace {

class Evaluator {
public:
  std::optional<float> run(Block &body, ArrayRef<float> arguments) {
    for (auto [argument, value] : llvm::zip(body.getArguments(), arguments))
      numbers[argument] = value;
    for (Operation &op : body.without_terminator())
      if (!step(&op))
        return std::nullopt;
    Operation *end = body.getTerminator();
    if (end->getNumOperands() != 1)
      return std::nullopt;
    return number(end->getOperand(0));
  }

private:
  std::optional<float> number(Value value) {
    auto at = numbers.find(value);
    if (at != numbers.end())
      return at->second;
    return value.getType().isF32() ? tfc::m7::realNumber(value) : std::nullopt;
  }

  bool step(Operation *op) {
    if (op->hasTrait<OpTrait::ConstantLike>())
      return true;
    if (auto select = dyn_cast<arith::SelectOp>(op)) {
      auto condition = conditions.find(select.getCondition());
      if (condition == conditions.end())
        return false;
      return set(op, number(condition->second ? select.getTrueValue()
                                              : select.getFalseValue()));
    }
    SmallVector<float> in;
    for (Value operand : op->getOperands()) {
      std::optional<float> value = number(operand);
      if (!value)
        return false;
      in.push_back(*value);
    }
    if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
      conditions[compare.getResult()] = arith::applyCmpPredicate(
          compare.getPredicate(), APFloat(in[0]), APFloat(in[1]));
      return true;
    }
    return op->getNumResults() == 1 && op->getResult(0).getType().isF32() &&
           set(op, in.size() == 1   ? unary(op, in[0])
                   : in.size() == 2 ? binary(op, in[0], in[1])
                                    : fused(op, in));
  }

  bool set(Operation *op, std::optional<float> value) {
    if (!value)
      return false;
    numbers[op->getResult(0)] = *value;
    return true;
  }

  using Result = std::optional<float>;

  /// A function rounded from double precision.
  template <typename Function>
  static Result rounded(Function function, float x) {
    return static_cast<float>(function(static_cast<double>(x)));
  }

  static Result unary(Operation *op, float x) {
    auto call = [x](double (*function)(double)) {
      return rounded(function, x);
    };
    return llvm::TypeSwitch<Operation *, Result>(op)
        .Case<arith::NegFOp>([&](auto) { return -x; })
        .Case<math::AbsFOp>([&](auto) { return std::fabs(x); })
        .Case<math::ErfOp>([&](auto) { return call(std::erf); })
        .Case<math::ExpOp>([&](auto) { return call(std::exp); })
        .Case<math::Exp2Op>([&](auto) { return call(std::exp2); })
        .Case<math::LogOp>([&](auto) { return call(std::log); })
        .Case<math::Log1pOp>([&](auto) { return call(std::log1p); })
        .Case<math::TanhOp>([&](auto) { return call(std::tanh); })
        .Case<math::SqrtOp>([&](auto) { return std::sqrt(x); })
        .Case<math::RsqrtOp>([&](auto) {
          return rounded([](double v) { return 1.0 / std::sqrt(v); }, x);
        })
        .Case<math::SinOp>([&](auto) { return call(std::sin); })
        .Case<math::CosOp>([&](auto) { return call(std::cos); })
        .Case<math::FloorOp>([&](auto) { return std::floor(x); })
        .Case<math::CeilOp>([&](auto) { return std::ceil(x); })
        .Case<math::RoundEvenOp>([&](auto) { return std::nearbyint(x); })
        .Default([](Operation *) { return std::nullopt; });
  }

  static Result binary(Operation *op, float x, float y) {
    // NaN goes through `maximum`, and is left aside by `maxnum`.
    auto whole = [&](float value) {
      return std::isnan(x) || std::isnan(y) ? std::nanf("") : value;
    };
    return llvm::TypeSwitch<Operation *, Result>(op)
        .Case<arith::AddFOp>([&](auto) { return x + y; })
        .Case<arith::SubFOp>([&](auto) { return x - y; })
        .Case<arith::MulFOp>([&](auto) { return x * y; })
        .Case<arith::DivFOp>([&](auto) { return x / y; })
        .Case<arith::MaximumFOp>([&](auto) { return whole(std::fmax(x, y)); })
        .Case<arith::MinimumFOp>([&](auto) { return whole(std::fmin(x, y)); })
        .Case<arith::MaxNumFOp>([&](auto) { return std::fmax(x, y); })
        .Case<arith::MinNumFOp>([&](auto) { return std::fmin(x, y); })
        .Case<math::PowFOp>([&](auto) {
          return static_cast<float>(
              std::pow(static_cast<double>(x), static_cast<double>(y)));
        })
        .Case<math::CopySignOp>([&](auto) { return std::copysign(x, y); })
        .Default([](Operation *) { return std::nullopt; });
  }

  static Result fused(Operation *op, ArrayRef<float> in) {
    if (isa<math::FmaOp>(op) && in.size() == 3)
      return std::fma(in[0], in[1], in[2]);
    return std::nullopt;
  }

  llvm::DenseMap<Value, float> numbers;
  llvm::DenseMap<Value, bool> conditions;
};

} // namespace

std::optional<float> tfc::m7::evaluateBody(Block &body,
                                           ArrayRef<float> arguments) {
  return Evaluator().run(body, arguments);
}
