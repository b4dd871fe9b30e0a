//===- TranslateMath.cpp - arithmetic of PTX as LLVM IR ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"
#include "Translator.h"

#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/Intrinsics.h"

#include <cmath>

using namespace llvm;
using namespace tfc::emulator;

// Names are an operation, modifiers in any number and a type, with dots between
// ("fma.rn.ftz.sat.f"). What PTX gives as an approximation is rounded as well
// as the host's mathematical library does it: GPUs differ within the errors
// that PTX ISA 8.4, section 9.7.3, states.

namespace {

/// Builds one operation.
class MathEmitter {
public:
  MathEmitter(IRBuilder<> &builder, CallInst &call)
      : builder(builder), call(call), type(call.getType()) {}

  /// Null where the name is unknown.
  Value *emit(StringRef name);

private:
  Value *operand(unsigned i) { return call.getArgOperand(i); }
  Value *unary(Intrinsic::ID id, Value *value) {
    return builder.CreateUnaryIntrinsic(id, value);
  }
  Value *binary(Intrinsic::ID id, Value *a, Value *b) {
    return builder.CreateBinaryIntrinsic(id, a, b);
  }
  Constant *number(Type *type, double value) {
    return ConstantFP::get(type, value);
  }
  bool take(StringRef modifier) {
    auto found = llvm::find(modifiers, modifier);
    if (found == modifiers.end())
      return false;
    modifiers.erase(found);
    return true;
  }
  Value *flush(Value *value);
  Value *finish(Value *value);
  Value *relu(Value *value);

  Value *emitFloat(StringRef operation);
  Value *emitDirected(StringRef operation);
  Value *emitHalves(StringRef name);
  Value *emitMinMax(bool isMax);
  Value *emitToInteger(StringRef operation);
  Value *emitFromInteger(StringRef operation);
  Value *emitNarrow(StringRef operation);
  Value *emitTf32();
  Value *emitBf16(Value *value, bool truncate);
  Value *emitInteger(StringRef name);
  Value *emitDotProduct(bool aSigned, bool bSigned);

  IRBuilder<> &builder;
  CallInst &call;
  Type *type;
  SmallVector<StringRef> modifiers;
  bool flushes = false, saturates = false, clamps = false;
};

/// Denormal numbers become zeros of their sign.
Value *MathEmitter::flush(Value *value) {
  if (!flushes || !value->getType()->isFPOrFPVectorTy())
    return value;
  Value *denormal = builder.createIsFPClass(value, fcSubnormal);
  Value *zero = binary(Intrinsic::copysign, number(value->getType(), 0), value);
  return builder.CreateSelect(denormal, zero, value);
}

/// .relu: below zero and -0 become 0; NaN stays.
Value *MathEmitter::relu(Value *value) {
  return binary(Intrinsic::maximum, value, number(value->getType(), 0));
}

Value *MathEmitter::finish(Value *value) {
  value = flush(value);
  if (clamps)
    value = relu(value);
  // .sat: into [0, 1], NaN becomes 0.
  if (saturates) {
    Type *of = value->getType();
    value = binary(Intrinsic::maxnum, value, number(of, 0));
    value = binary(Intrinsic::minnum, value, number(of, 1));
  }
  return value;
}

Value *MathEmitter::emit(StringRef name) {
  if (Value *value = emitInteger(name))
    return value;
  if (Value *value = emitHalves(name))
    return value;
  SmallVector<StringRef> parts;
  name.split(parts, '.');
  StringRef operation = parts.front();
  modifiers.assign(parts.begin() + 1, parts.end());
  flushes = take("ftz");
  saturates = take("sat");
  clamps = take("relu");
  Value *value = nullptr;
  if (operation == "fmax" || operation == "fmin")
    value = emitMinMax(operation == "fmax");
  if (!value)
    value = emitToInteger(operation);
  if (!value)
    value = emitFromInteger(operation);
  if (!value)
    value = emitNarrow(operation);
  if (!value)
    value = emitDirected(operation);
  if (!value)
    value = emitFloat(operation);
  if (!value)
    return nullptr;
  // The type is left, as the call has it anyway.
  static const StringRef types[] = {"f",      "d",   "f16", "f16x2", "bf16",
                                    "bf16x2", "f32", "f64", "v2f16", "v2bf16"};
  for (StringRef modifier : modifiers)
    if (!is_contained(types, modifier))
      return nullptr;
  return value;
}

Value *MathEmitter::emitFloat(StringRef operation) {
  if (!type->isFPOrFPVectorTy())
    return nullptr;
  auto in = [&](unsigned i) { return flush(operand(i)); };
  // Approximations are computed in f32 at least.
  auto approximate = [&](auto compute) {
    Value *value = in(0);
    Type *scalar = type->getScalarType();
    bool narrow = scalar->isHalfTy() || scalar->isBFloatTy();
    if (narrow)
      value = builder.CreateFPExt(value,
                                  type->getWithNewType(builder.getFloatTy()));
    value = compute(value);
    if (narrow)
      value = builder.CreateFPTrunc(value, type);
    return finish(value);
  };
  auto inDouble = [&](auto compute) {
    return approximate([&](Value *value) {
      Type *from = value->getType();
      Type *wide = from->getWithNewType(builder.getDoubleTy());
      value = builder.CreateFPCast(value, wide);
      return builder.CreateFPCast(compute(value, number(wide, 1)), from);
    });
  };
  auto intrinsic = [&](Intrinsic::ID id) {
    return approximate([&](Value *value) { return unary(id, value); });
  };
  bool nearest = take("rn"), approx = take("approx");
  // Other directions are left among the modifiers, so refused.
  if (operation == "add" && nearest)
    return finish(builder.CreateFAdd(in(0), in(1)));
  if (operation == "mul" && nearest)
    return finish(builder.CreateFMul(in(0), in(1)));
  if (operation == "fma" && nearest)
    return finish(
        builder.CreateIntrinsic(Intrinsic::fma, {type}, {in(0), in(1), in(2)}));
  if (operation == "div" && (nearest || approx || take("full")))
    return finish(builder.CreateFDiv(in(0), in(1)));
  if (operation == "rcp" && (nearest || approx))
    return inDouble(
        [&](Value *x, Value *one) { return builder.CreateFDiv(one, x); });
  if (operation == "rsqrt" && approx)
    return inDouble([&](Value *x, Value *one) {
      return builder.CreateFDiv(one, unary(Intrinsic::sqrt, x));
    });
  // sqrt.f is sqrt.rn or sqrt.approx, as the backend is asked.
  if (operation == "sqrt" && (nearest || approx || modifiers.size() == 1))
    return intrinsic(Intrinsic::sqrt);
  if (operation == "ex2" && approx)
    return intrinsic(Intrinsic::exp2);
  if (operation == "lg2" && approx)
    return intrinsic(Intrinsic::log2);
  if (operation == "sin" && approx)
    return intrinsic(Intrinsic::sin);
  if (operation == "cos" && approx)
    return intrinsic(Intrinsic::cos);
  if (operation == "tanh" && approx)
    return intrinsic(Intrinsic::tanh);
  if (operation == "neg")
    return builder.CreateFNeg(operand(0));
  auto plain = StringSwitch<Intrinsic::ID>(operation)
                   .Case("ceil", Intrinsic::ceil)
                   .Case("floor", Intrinsic::floor)
                   .Case("trunc", Intrinsic::trunc)
                   .Case("round", Intrinsic::roundeven)
                   .Case("fabs", Intrinsic::fabs)
                   .Default(Intrinsic::not_intrinsic);
  if (plain != Intrinsic::not_intrinsic)
    return finish(unary(plain, in(0)));
  if (operation == "saturate") {
    saturates = true;
    return finish(in(0));
  }
  return nullptr;
}

/// Rounding up, down and towards zero, by Runtime.h.
Value *MathEmitter::emitDirected(StringRef operation) {
  int kind = StringSwitch<int>(operation)
                 .Case("add", RoundedAdd)
                 .Case("mul", RoundedMultiply)
                 .Case("fma", RoundedFma)
                 .Case("div", RoundedDivide)
                 .Case("rcp", RoundedReciprocal)
                 .Case("sqrt", RoundedSquareRoot)
                 .Default(-1);
  bool isDouble = type->isDoubleTy();
  if (kind < 0 || (!isDouble && !type->isFloatTy()))
    return nullptr;
  for (StringRef direction : {"rm", "rp", "rz"}) {
    if (!take(direction))
      continue;
    SmallVector<Value *> arguments = {builder.getInt32(kind),
                                      builder.getInt32(direction[1])};
    for (unsigned i = 0; i < 3; ++i)
      arguments.push_back(i < call.arg_size() ? flush(operand(i))
                                              : number(type, 1));
    Type *i32 = builder.getInt32Ty();
    FunctionCallee callee = call.getModule()->getOrInsertFunction(
        isDouble ? "tfcEmulatorRoundDouble" : "tfcEmulatorRoundFloat",
        FunctionType::get(type, {i32, i32, type, type, type}, false));
    return finish(builder.CreateCall(callee, arguments));
  }
  return nullptr;
}

/// Halves of an f64.
Value *MathEmitter::emitHalves(StringRef name) {
  Type *i64 = builder.getInt64Ty(), *i32 = builder.getInt32Ty();
  if (name == "d2i.lo" || name == "d2i.hi") {
    Value *bits = builder.CreateBitCast(operand(0), i64);
    return builder.CreateTrunc(
        name == "d2i.lo" ? bits : builder.CreateLShr(bits, 32), i32);
  }
  if (name == "lohi.i2d") {
    Value *low = builder.CreateZExt(operand(0), i64);
    Value *high = builder.CreateZExt(operand(1), i64);
    return builder.CreateBitCast(
        builder.CreateOr(low, builder.CreateShl(high, 32)), type);
  }
  return nullptr;
}

/// Without .nan, a number wins over NaN; -0 is below +0 (PTX ISA 8.4, section
/// 9.7.3.11).
Value *MathEmitter::emitMinMax(bool isMax) {
  bool nan = take("nan"), xorSign = take("xorsign") && take("abs");
  Value *a = flush(operand(0)), *b = flush(operand(1));
  Intrinsic::ID id =
      nan ? (isMax ? Intrinsic::maximum : Intrinsic::minimum)
          : (isMax ? Intrinsic::maximumnum : Intrinsic::minimumnum);
  if (!xorSign)
    return binary(id, a, b);
  Value *value =
      binary(id, unary(Intrinsic::fabs, a), unary(Intrinsic::fabs, b));
  // The sign of the product, which no NaN loses.
  Type *bits =
      type->getWithNewType(builder.getIntNTy(type->getScalarSizeInBits()));
  Value *sign = builder.CreateXor(builder.CreateBitCast(a, bits),
                                  builder.CreateBitCast(b, bits));
  return binary(Intrinsic::copysign, value, builder.CreateBitCast(sign, type));
}

static Intrinsic::ID roundingOf(StringRef modifier) {
  return StringSwitch<Intrinsic::ID>(modifier)
      .Case("rn", Intrinsic::roundeven)
      .Case("rz", Intrinsic::trunc)
      .Case("rm", Intrinsic::floor)
      .Case("rp", Intrinsic::ceil)
      .Default(Intrinsic::not_intrinsic);
}

/// f2i, f2ui, f2ll, f2ull and d2...: what is too large becomes the largest, NaN
/// zero.
Value *MathEmitter::emitToInteger(StringRef operation) {
  if (!operation.consume_front("f2") && !operation.consume_front("d2"))
    return nullptr;
  if (operation != "i" && operation != "ui" && operation != "ll" &&
      operation != "ull")
    return nullptr;
  for (StringRef modifier : modifiers) {
    Intrinsic::ID rounding = roundingOf(modifier);
    if (rounding == Intrinsic::not_intrinsic)
      continue;
    take(modifier);
    Value *value = unary(rounding, flush(operand(0)));
    return builder.CreateIntrinsic(operation.starts_with("u")
                                       ? Intrinsic::fptoui_sat
                                       : Intrinsic::fptosi_sat,
                                   {type, value->getType()}, {value});
  }
  return nullptr;
}

Value *MathEmitter::emitFromInteger(StringRef operation) {
  bool isUnsigned = operation.consume_front("u");
  if (operation != "i2f" && operation != "i2d" && operation != "ll2f" &&
      operation != "ll2d")
    return nullptr;
  // i32 to f64 is exact in all directions.
  if (!take("rn") && operation != "i2d")
    return nullptr;
  if (operation == "i2d")
    modifiers.clear();
  return isUnsigned ? builder.CreateUIToFP(operand(0), type)
                    : builder.CreateSIToFP(operand(0), type);
}

/// The 16 upper bits of an f32, rounded to nearest even or not at all.
Value *MathEmitter::emitBf16(Value *value, bool truncate) {
  if (truncate) {
    Value *bits = builder.CreateBitCast(value, builder.getInt32Ty());
    Value *upper =
        builder.CreateTrunc(builder.CreateLShr(bits, 16), builder.getInt16Ty());
    // NaN must not become an infinity.
    Value *isNan = builder.CreateFCmpUNO(value, value);
    upper = builder.CreateSelect(isNan, builder.getInt16(0x7fff), upper);
    return builder.CreateBitCast(upper, builder.getBFloatTy());
  }
  return builder.CreateFPTrunc(value, builder.getBFloatTy());
}

/// f2bf16, ff2bf16x2, f2f16, ff2f16x2, f2tf32, bf2h, f2h, d2f.
Value *MathEmitter::emitNarrow(StringRef operation) {
  if (operation == "f2tf32")
    return emitTf32();
  if (operation == "d2f" && take("rn"))
    return finish(builder.CreateFPTrunc(operand(0), type));
  if (operation == "f2h" && take("rn"))
    return builder.CreateBitCast(
        builder.CreateFPTrunc(flush(operand(0)), builder.getHalfTy()), type);
  bool pair = operation.consume_front("ff2");
  if (!pair && !operation.consume_front("f2"))
    return nullptr;
  bool bf16 = operation == (pair ? "bf16x2" : "bf16");
  bool half = operation == (pair ? "f16x2" : "f16");
  bool nearest = take("rn"), truncate = !nearest && take("rz");
  if ((!bf16 && !half) || (!nearest && !(truncate && bf16)))
    return nullptr;
  auto narrow = [&](Value *value) {
    Value *result = bf16 ? emitBf16(value, truncate)
                         : builder.CreateFPTrunc(value, builder.getHalfTy());
    return clamps ? relu(result) : result;
  };
  if (!pair)
    return narrow(operand(0));
  // The first operand is the upper half.
  Value *result = PoisonValue::get(type);
  result = builder.CreateInsertElement(result, narrow(operand(1)), uint64_t(0));
  return builder.CreateInsertElement(result, narrow(operand(0)), uint64_t(1));
}

/// cvt.rna.tf32.f32: 10 bits of mantissa, halves away from zero; .rn: halves to
/// even; .rz: cut.
Value *MathEmitter::emitTf32() {
  Value *value = operand(0);
  if (clamps)
    value = relu(value);
  Value *bits = builder.CreateBitCast(value, builder.getInt32Ty());
  Value *added = nullptr;
  if (take("rna")) {
    added = builder.getInt32(0x1000);
  } else if (take("rn")) {
    Value *odd = builder.CreateAnd(builder.CreateLShr(bits, 13), 1);
    added = builder.CreateAdd(odd, builder.getInt32(0xfff));
  } else if (take("rz")) {
    added = builder.getInt32(0);
  } else {
    return nullptr;
  }
  Value *rounded = builder.CreateAnd(builder.CreateAdd(bits, added), ~0x1fffu);
  // Infinities stay; a NaN stays one.
  Value *finite = builder.createIsFPClass(value, fcFinite);
  Value *isNan = builder.CreateFCmpUNO(value, value);
  Value *other =
      builder.CreateSelect(isNan, builder.getInt32(0x7fffe000), bits);
  return builder.CreateSelect(finite, rounded, other);
}

/// dp4a: four products of bytes and a sum.
Value *MathEmitter::emitDotProduct(bool aSigned, bool bSigned) {
  Type *bytes = FixedVectorType::get(builder.getInt8Ty(), 4);
  Type *words = FixedVectorType::get(builder.getInt32Ty(), 4);
  auto widen = [&](unsigned i, bool isSigned) {
    Value *value = builder.CreateBitCast(operand(i), bytes);
    return isSigned ? builder.CreateSExt(value, words)
                    : builder.CreateZExt(value, words);
  };
  // idp4a(a, signed?, b, signed?, c) or with signs in the name.
  Value *products = builder.CreateMul(widen(0, aSigned), widen(1, bSigned));
  return builder.CreateAdd(operand(2), builder.CreateAddReduce(products));
}

Value *MathEmitter::emitInteger(StringRef name) {
  if (name == "idp4a.s.s" || name == "idp4a.s.u" || name == "idp4a.u.s" ||
      name == "idp4a.u.u")
    return emitDotProduct(name[6] == 's', name[8] == 's');
  if (name == "prmt") {
    Type *i32 = builder.getInt32Ty();
    FunctionCallee permute = call.getModule()->getOrInsertFunction(
        "tfcEmulatorPermute", FunctionType::get(i32, {i32, i32, i32}, false));
    return builder.CreateCall(permute, {operand(0), operand(1), operand(2)});
  }
  bool isUnsigned = name.consume_back("ui") || name.consume_back("ull") ||
                    name.consume_back("us");
  if (!isUnsigned && !name.consume_back("i") && !name.consume_back("ll") &&
      !name.consume_back("s"))
    return nullptr;
  if (name == "mulhi.") {
    unsigned bits = type->getIntegerBitWidth();
    Type *wide = builder.getIntNTy(2 * bits);
    auto widen = [&](unsigned i) {
      return isUnsigned ? builder.CreateZExt(operand(i), wide)
                        : builder.CreateSExt(operand(i), wide);
    };
    Value *product = builder.CreateMul(widen(0), widen(1));
    return builder.CreateTrunc(builder.CreateLShr(product, bits), type);
  }
  if (name == "mul24.") {
    auto low = [&](unsigned i) {
      Value *shifted = builder.CreateShl(operand(i), 8);
      return isUnsigned ? builder.CreateLShr(shifted, 8)
                        : builder.CreateAShr(shifted, 8);
    };
    return builder.CreateMul(low(0), low(1));
  }
  return nullptr;
}

} // namespace

Value *Translator::emitMath(StringRef name, CallInst &call) {
  return MathEmitter(builder, call).emit(name);
}
