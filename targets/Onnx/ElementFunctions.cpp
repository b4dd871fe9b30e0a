//===- ElementFunctions.cpp - arithmetic as nodes ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementFunctions.h"

#include "tfc/Import/ElementTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

namespace {

/// Builds the nodes for one operation.
class Functions {
public:
  Functions(NodeBuilder &nb, Operation *op, ValueRange operands,
            std::string &reason)
      : nb(nb), op(op), in(operands), reason(reason) {}

  FailureOr<Value> build();

private:
  Type elementOf(Value value) { return nb.typeOf(value).getElementType(); }
  Value call(StringRef name, ValueRange inputs) {
    return nb.elementwise(name, inputs);
  }
  Value truth(StringRef name, ValueRange inputs) {
    return nb.elementwise(name, inputs, nb.b.getI1Type());
  }
  Value invert(Value value) { return truth("Not", value); }
  Value number(Value like, double value) {
    return nb.scalar(elementOf(like), value);
  }
  Value isNan(Value value) { return truth("IsNaN", value); }
  Value anyNan() { return truth("Or", {isNan(in[0]), isNan(in[1])}); }
  Type resultElement() {
    return tensorTypeFor(op->getResult(0).getType()).getElementType();
  }
  bool isTruth() { return elementOf(in[0]).isInteger(1); }
  /// Integers that every runtime's arithmetic takes.
  Value wide(Value value) {
    Type type = elementOf(value);
    return isa<IntegerType>(type) && type.getIntOrFloatBitWidth() < 32
               ? nb.cast(value, nb.b.getI32Type())
               : value;
  }
  Value unsignedOf(Value value) {
    return nb.cast(value,
                   IntegerType::get(op->getContext(),
                                    elementOf(value).getIntOrFloatBitWidth(),
                                    IntegerType::Unsigned));
  }
  FailureOr<Value> fail(const Twine &why) {
    reason = why.str();
    return failure();
  }

  FailureOr<Value> integerArithmetic(StringRef name, StringRef truthName);
  FailureOr<Value> simple();
  FailureOr<Value> conversion();
  FailureOr<Value> compareFloats(arith::CmpFPredicate predicate);
  FailureOr<Value> compareIntegers(arith::CmpIPredicate predicate);
  FailureOr<Value> shift();
  FailureOr<Value> bitwise(StringRef name, StringRef truthName);
  Value ifNumber(StringRef name);
  Value exponentialMinusOne();
  Value logarithmPlusOne();
  Value select(Value condition, Value yes, Value no);

  NodeBuilder &nb;
  Operation *op;
  ValueRange in;
  std::string &reason;
};

FailureOr<Value> Functions::integerArithmetic(StringRef name,
                                              StringRef truthName) {
  if (isTruth()) {
    if (truthName.empty())
      return fail("it is arithmetic of truths");
    return truth(truthName, in);
  }
  return nb.cast(call(name, {wide(in[0]), wide(in[1])}), resultElement());
}

FailureOr<Value> Functions::bitwise(StringRef name, StringRef truthName) {
  if (isTruth())
    return truth(truthName, in);
  return call(name, in);
}

Value Functions::select(Value condition, Value yes, Value no) {
  if (elementOf(yes).isInteger(1))
    return truth("Or", {truth("And", {condition, yes}),
                        truth("And", {invert(condition), no})});
  Type element = elementOf(yes);
  yes = wide(yes);
  return nb.cast(
      nb.elementwise("Where", {condition, yes, wide(no)}, elementOf(yes)),
      element);
}

/// The larger or smaller, or the one that is a number.
Value Functions::ifNumber(StringRef name) {
  Value known = select(isNan(in[1]), in[0], call(name, in));
  return select(isNan(in[0]), in[1], known);
}

/// ONNX has no operator of it: by tanh where exp(x) - 1 would cancel.
Value Functions::exponentialMinusOne() {
  Value x = in[0], one = number(x, 1);
  Value t = call("Tanh", call("Mul", {x, number(x, 0.5)}));
  Value small = call("Div", {call("Add", {t, t}), call("Sub", {one, t})});
  Value isSmall = truth("Less", {call("Abs", x), one});
  return select(isSmall, small, call("Sub", {call("Exp", x), one}));
}

/// log(u) * x / (u - 1) with u = 1 + x, whose rounding cancels out (Kahan).
Value Functions::logarithmPlusOne() {
  Value x = in[0], one = number(x, 1);
  Value u = call("Add", {x, one});
  Value log = call("Log", u), gap = call("Sub", {u, one});
  Value near = select(truth("Equal", {gap, number(x, 0)}), one, gap);
  Value exact = call("Mul", {log, call("Div", {x, near})});
  Value isNear = truth("Less", {call("Abs", x), one});
  Value large = select(isNear, exact, log);
  return select(truth("Equal", {gap, number(x, 0)}), x, large);
}

FailureOr<Value> Functions::compareFloats(arith::CmpFPredicate predicate) {
  using P = arith::CmpFPredicate;
  switch (predicate) {
  case P::OEQ:
    return truth("Equal", in);
  case P::OGT:
    return truth("Greater", in);
  case P::OGE:
    return truth("GreaterOrEqual", in);
  case P::OLT:
    return truth("Less", in);
  case P::OLE:
    return truth("LessOrEqual", in);
  case P::ONE:
    return truth("Or", {truth("Less", in), truth("Greater", in)});
  case P::ORD:
    return invert(anyNan());
  case P::UNO:
    return anyNan();
  case P::UEQ:
    return truth("Or", {truth("Equal", in), anyNan()});
  case P::UNE:
    return invert(truth("Equal", in));
  // Of ordered comparisons with NaN none is true.
  case P::UGT:
    return truth("Or", {truth("Greater", in), anyNan()});
  case P::UGE:
    return truth("Or", {truth("GreaterOrEqual", in), anyNan()});
  case P::ULT:
    return truth("Or", {truth("Less", in), anyNan()});
  case P::ULE:
    return truth("Or", {truth("LessOrEqual", in), anyNan()});
  default:
    return fail("its predicate compares nothing");
  }
}

FailureOr<Value> Functions::compareIntegers(arith::CmpIPredicate predicate) {
  using P = arith::CmpIPredicate;
  Value x = in[0], y = in[1];
  if (isTruth()) {
    if (predicate == P::eq)
      return truth("Equal", {x, y});
    if (predicate == P::ne)
      return truth("Xor", {x, y});
    return fail("it orders truths");
  }
  x = wide(x);
  y = wide(y);
  // Where one of two numbers is negative, it is the larger without its sign.
  auto unsignedly = [&](StringRef name) {
    Value zero = number(x, 0);
    Value differ =
        truth("Xor", {truth("Less", {x, zero}), truth("Less", {y, zero})});
    return truth("Xor", {truth(name, {x, y}), differ});
  };
  switch (predicate) {
  case P::eq:
    return truth("Equal", {x, y});
  case P::ne:
    return invert(truth("Equal", {x, y}));
  case P::slt:
    return truth("Less", {x, y});
  case P::sle:
    return truth("LessOrEqual", {x, y});
  case P::sgt:
    return truth("Greater", {x, y});
  case P::sge:
    return truth("GreaterOrEqual", {x, y});
  case P::ult:
    return unsignedly("Less");
  case P::ule:
    return unsignedly("LessOrEqual");
  case P::ugt:
    return unsignedly("Greater");
  case P::uge:
    return unsignedly("GreaterOrEqual");
  }
  return fail("its predicate is unknown");
}

FailureOr<Value> Functions::conversion() {
  Value x = in[0];
  Type to = resultElement();
  if (isa<arith::TruncIOp>(op) && to.isInteger(1))
    return nb.cast(call("BitwiseAnd", {x, number(x, 1)}), to);
  if (isa<arith::ExtSIOp, arith::SIToFPOp>(op) && isTruth()) {
    Type signedType = isa<FloatType>(to) || to.getIntOrFloatBitWidth() < 32
                          ? Type(nb.b.getI32Type())
                          : to;
    return nb.cast(call("Neg", nb.cast(x, signedType)), to);
  }
  if (isa<arith::ExtUIOp, arith::UIToFPOp, arith::IndexCastUIOp>(op) &&
      !isTruth())
    return nb.cast(unsignedOf(x), to);
  if (isa<arith::FPToUIOp>(op))
    return nb.cast(nb.cast(x, IntegerType::get(op->getContext(),
                                               to.getIntOrFloatBitWidth(),
                                               IntegerType::Unsigned)),
                   to);
  return nb.cast(x, to);
}

FailureOr<Value> Functions::shift() {
  Value x = in[0];
  unsigned width = elementOf(x).getIntOrFloatBitWidth();
  if (isa<arith::ShLIOp, arith::ShRUIOp>(op)) {
    bool left = isa<arith::ShLIOp>(op);
    Value bits = unsignedOf(x), count = unsignedOf(in[1]);
    Value shifted = nb.elementwise("BitShift", {bits, count});
    cast<onnx::NodeOp>(shifted.getDefiningOp())
        .setNodeAttrsAttr(nb.b.getDictionaryAttr(nb.b.getNamedAttr(
            "direction", nb.b.getStringAttr(left ? "LEFT" : "RIGHT"))));
    return nb.cast(shifted, elementOf(x));
  }
  if (width > 32)
    return fail("it shifts 64 bits and keeps their sign");
  // Downwards, a division by a power of two, which 64 bits hold.
  Type longType = nb.b.getI64Type();
  Value power =
      call("Pow", {nb.cast(nb.number(2), longType), nb.cast(in[1], longType)});
  return nb.cast(floorDivide(nb, nb.cast(x, longType), power), elementOf(x));
}

/// Operations that ONNX has under another name.
FailureOr<Value> Functions::simple() {
  StringRef name = llvm::StringSwitch<StringRef>(op->getName().getStringRef())
                       .Case("arith.addf", "Add")
                       .Case("arith.subf", "Sub")
                       .Case("arith.mulf", "Mul")
                       .Case("arith.divf", "Div")
                       .Case("arith.negf", "Neg")
                       .Case("arith.maximumf", "Max")
                       .Case("arith.minimumf", "Min")
                       .Case("math.absf", "Abs")
                       .Case("math.absi", "Abs")
                       .Case("math.exp", "Exp")
                       .Case("math.log", "Log")
                       .Case("math.sqrt", "Sqrt")
                       .Case("math.erf", "Erf")
                       .Case("math.tanh", "Tanh")
                       .Case("math.sin", "Sin")
                       .Case("math.cos", "Cos")
                       .Case("math.tan", "Tan")
                       .Case("math.asin", "Asin")
                       .Case("math.acos", "Acos")
                       .Case("math.atan", "Atan")
                       .Case("math.sinh", "Sinh")
                       .Case("math.cosh", "Cosh")
                       .Case("math.asinh", "Asinh")
                       .Case("math.acosh", "Acosh")
                       .Case("math.atanh", "Atanh")
                       .Case("math.floor", "Floor")
                       .Case("math.ceil", "Ceil")
                       .Case("math.roundeven", "Round")
                       .Case("math.powf", "Pow")
                       .Default("");
  if (name.empty())
    return fail("ONNX has no operator of '" + op->getName().getStringRef() +
                "'");
  return call(name, in);
}

FailureOr<Value> Functions::build() {
  using Result = FailureOr<Value>;
  if (op->getNumResults() != 1 || !tensorTypeFor(op->getResult(0).getType()))
    return fail("its type has no form");
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case<arith::AddIOp>(
          [&](auto) { return integerArithmetic("Add", "Xor"); })
      .Case<arith::SubIOp>(
          [&](auto) { return integerArithmetic("Sub", "Xor"); })
      .Case<arith::MulIOp>(
          [&](auto) { return integerArithmetic("Mul", "And"); })
      .Case<arith::MaxSIOp>([&](auto) { return integerArithmetic("Max", ""); })
      .Case<arith::MinSIOp>([&](auto) { return integerArithmetic("Min", ""); })
      .Case<arith::DivSIOp>([&](auto) { return integerArithmetic("Div", ""); })
      .Case<arith::MaxUIOp, arith::MinUIOp>([&](auto) -> Result {
        if (isTruth())
          return truth(isa<arith::MaxUIOp>(op) ? "Or" : "And", in);
        Result first = compareIntegers(isa<arith::MaxUIOp>(op)
                                           ? arith::CmpIPredicate::ugt
                                           : arith::CmpIPredicate::ult);
        return select(*first, in[0], in[1]);
      })
      .Case<arith::FloorDivSIOp>(
          [&](auto) -> Result { return floorDivide(nb, in[0], in[1]); })
      .Case<arith::CeilDivSIOp>([&](auto) -> Result {
        return call("Neg", floorDivide(nb, call("Neg", in[0]), in[1]));
      })
      .Case<arith::RemSIOp>([&](auto) -> Result {
        Value x = wide(in[0]), y = wide(in[1]);
        Value quotient = call("Mul", {call("Div", {x, y}), y});
        return nb.cast(call("Sub", {x, quotient}), resultElement());
      })
      .Case<arith::AndIOp>([&](auto) { return bitwise("BitwiseAnd", "And"); })
      .Case<arith::OrIOp>([&](auto) { return bitwise("BitwiseOr", "Or"); })
      .Case<arith::XOrIOp>([&](auto) { return bitwise("BitwiseXor", "Xor"); })
      .Case<arith::ShLIOp, arith::ShRUIOp, arith::ShRSIOp>(
          [&](auto) { return shift(); })
      .Case<arith::MaxNumFOp>([&](auto) -> Result { return ifNumber("Max"); })
      .Case<arith::MinNumFOp>([&](auto) -> Result { return ifNumber("Min"); })
      .Case<arith::CmpFOp>(
          [&](auto compare) { return compareFloats(compare.getPredicate()); })
      .Case<arith::CmpIOp>(
          [&](auto compare) { return compareIntegers(compare.getPredicate()); })
      .Case<arith::SelectOp>(
          [&](auto) -> Result { return select(in[0], in[1], in[2]); })
      .Case<arith::ExtFOp, arith::TruncFOp, arith::SIToFPOp, arith::UIToFPOp,
            arith::FPToSIOp, arith::FPToUIOp, arith::ExtSIOp, arith::ExtUIOp,
            arith::TruncIOp, arith::IndexCastOp, arith::IndexCastUIOp>(
          [&](auto) { return conversion(); })
      .Case<arith::BitcastOp>([&](auto) -> Result {
        Type element = resultElement();
        return nb.node("BitCast", in[0], nb.typeOf(in[0]).clone(element),
                       nb.integer("to", elementTypeNumber(element)));
      })
      .Case<math::RsqrtOp>(
          [&](auto) -> Result { return call("Reciprocal", call("Sqrt", in)); })
      .Case<math::FmaOp>([&](auto) -> Result {
        return call("Add", {call("Mul", {in[0], in[1]}), in[2]});
      })
      .Case<math::IsNaNOp>([&](auto) -> Result { return isNan(in[0]); })
      .Case<math::IsInfOp>([&](auto) -> Result { return truth("IsInf", in); })
      .Case<math::ExpM1Op>(
          [&](auto) -> Result { return exponentialMinusOne(); })
      .Case<math::Log1pOp>([&](auto) -> Result { return logarithmPlusOne(); })
      .Case<math::Exp2Op>([&](auto) -> Result {
        return call("Pow", {number(in[0], 2), in[0]});
      })
      .Case<math::TruncOp>([&](auto) -> Result {
        Value isNegative = truth("Less", {in[0], number(in[0], 0)});
        return select(isNegative, call("Ceil", in[0]), call("Floor", in[0]));
      })
      .Default([&](auto) { return simple(); });
}

} // namespace

FailureOr<Value> tfc::toonnx::elementFunction(NodeBuilder &nb, Operation *op,
                                              ValueRange operands,
                                              std::string &reason) {
  return Functions(nb, op, operands, reason).build();
}

Value tfc::toonnx::floorRemainder(NodeBuilder &nb, Value x, Value y) {
  return nb.elementwise("Mod", {x, y});
}

Value tfc::toonnx::floorDivide(NodeBuilder &nb, Value x, Value y) {
  Value multiple = nb.elementwise("Sub", {x, floorRemainder(nb, x, y)});
  return nb.elementwise("Div", {multiple, y});
}

Value tfc::toonnx::reinterpret(NodeBuilder &nb, Value value, Type element) {
  if (NodeBuilder::typeOf(value).getElementType() == element)
    return value;
  auto cast = value.getDefiningOp<onnx::NodeOp>();
  if (cast && cast.getOpType() == "Cast" &&
      NodeBuilder::typeOf(cast.getInputs()[0]).getElementType() == element)
    return cast.getInputs()[0];
  return nb.cast(value, element);
}
