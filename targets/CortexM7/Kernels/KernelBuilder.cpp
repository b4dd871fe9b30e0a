//===- KernelBuilder.cpp - what kernels are written with --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace tfc::m7;

KernelBuilder::KernelBuilder(ModuleOp module, StringRef name,
                             StringRef arguments, const Twine &computes)
    : b(module.getLoc(), module.getContext()), i8(b.getI8Type()),
      i32(b.getI32Type()), i64(b.getI64Type()),
      pointer(LLVM::LLVMPointerType::get(module.getContext())) {
  b.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> types;
  for (char letter : arguments)
    types.push_back(letter == 'p' ? pointer : letter == 'l' ? i64 : i32);
  function = func::FuncOp::create(b, name, b.getFunctionType(types, {}));
  function->setAttr("m7.computes", b.getStringAttr(computes));
  // Flash is scarcer than the instructions of a call.
  function->setAttr("passthrough",
                    b.getArrayAttr({b.getStringAttr("noinline")}));
  b.setInsertionPointToStart(function.addEntryBlock());
}

func::FuncOp KernelBuilder::finish() {
  func::ReturnOp::create(b);
  return function;
}

Value KernelBuilder::word(int64_t value) {
  return arith::ConstantOp::create(
      b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
}
Value KernelBuilder::wide(int64_t value) {
  return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
}

static Value amount(ImplicitLocOpBuilder &b, Value like, int64_t bits) {
  return arith::ConstantOp::create(b, b.getIntegerAttr(like.getType(), bits));
}

Value KernelBuilder::add(Value x, Value y) {
  return arith::AddIOp::create(b, x, y);
}
Value KernelBuilder::sub(Value x, Value y) {
  return arith::SubIOp::create(b, x, y);
}
Value KernelBuilder::mul(Value x, Value y) {
  return arith::MulIOp::create(b, x, y);
}
Value KernelBuilder::shiftLeft(Value x, int64_t bits) {
  return arith::ShLIOp::create(b, x, amount(b, x, bits));
}
Value KernelBuilder::shiftRight(Value x, int64_t bits) {
  return arith::ShRSIOp::create(b, x, amount(b, x, bits));
}
Value KernelBuilder::shiftRightUnsigned(Value x, int64_t bits) {
  return arith::ShRUIOp::create(b, x, amount(b, x, bits));
}
Value KernelBuilder::shiftLeftBy(Value x, Value bits) {
  return arith::ShLIOp::create(b, x, bits);
}
Value KernelBuilder::divideUnsigned(Value x, Value y) {
  return arith::DivUIOp::create(b, x, y);
}
Value KernelBuilder::countLeadingZeros(Value x) {
  return LLVM::CountLeadingZerosOp::create(b, i32, x, false);
}
Value KernelBuilder::notBelow(Value x, Value y) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::uge, x, y);
}
Value KernelBuilder::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, condition, x, y);
}
Value KernelBuilder::minimum(Value x, Value y) {
  return arith::MinSIOp::create(b, x, y);
}
Value KernelBuilder::maximum(Value x, Value y) {
  return arith::MaxSIOp::create(b, x, y);
}
Value KernelBuilder::extend(Value x) {
  return arith::ExtSIOp::create(b, i64, x);
}
Value KernelBuilder::extendUnsigned(Value x) {
  return arith::ExtUIOp::create(b, i64, x);
}
Value KernelBuilder::truncate(Value x) {
  return arith::TruncIOp::create(b, i32, x);
}

Value KernelBuilder::at(Value base, int64_t bytes) {
  if (!bytes)
    return base;
  return LLVM::GEPOp::create(
      b, pointer, i8, base,
      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)});
}
Value KernelBuilder::at(Value base, Value bytes) {
  return LLVM::GEPOp::create(b, pointer, i8, base, ValueRange{bytes});
}
Value KernelBuilder::loadWord(Value base, int64_t bytes) {
  return LLVM::LoadOp::create(b, i32, at(base, bytes), 4);
}
Value KernelBuilder::loadWordAnywhere(Value base, int64_t bytes) {
  return LLVM::LoadOp::create(b, i32, at(base, bytes), 1);
}
Value KernelBuilder::loadWide(Value base, int64_t bytes) {
  return LLVM::LoadOp::create(b, i64, at(base, bytes), 8);
}
Value KernelBuilder::loadByte(Value base, int64_t bytes, bool isSigned) {
  Value byte = LLVM::LoadOp::create(b, i8, at(base, bytes), 1);
  if (isSigned)
    return arith::ExtSIOp::create(b, i32, byte);
  return arith::ExtUIOp::create(b, i32, byte);
}
void KernelBuilder::storeWord(Value value, Value base, int64_t bytes) {
  LLVM::StoreOp::create(b, value, at(base, bytes), 4);
}
void KernelBuilder::storeByte(Value value, Value base, int64_t bytes) {
  LLVM::StoreOp::create(b, arith::TruncIOp::create(b, i8, value),
                        at(base, bytes), 1);
}
std::pair<Value, Value> KernelBuilder::loadPair(Value base, int64_t bytes) {
  Value both =
      LLVM::LoadOp::create(b, i64, at(base, bytes), 8, /*isVolatile=*/true);
  return {truncate(both), truncate(shiftRightUnsigned(both, 32))};
}
void KernelBuilder::storePair(Value first, Value second, Value base,
                              int64_t bytes) {
  Value both = arith::OrIOp::create(b, extendUnsigned(first),
                                    shiftLeft(extendUnsigned(second), 32));
  LLVM::StoreOp::create(b, both, at(base, bytes), 8, /*isVolatile=*/true);
}

Value KernelBuilder::intrinsic(StringRef name, ValueRange arguments) {
  return LLVM::CallIntrinsicOp::create(b, i32, b.getStringAttr(name), arguments)
      .getResult(0);
}
Value KernelBuilder::rotate8(Value x) {
  return LLVM::FshrOp::create(b, x, x, word(8));
}
Value KernelBuilder::smlad(Value x, Value y, Value sum) {
  return intrinsic("llvm.arm.smlad", {x, y, sum});
}
Value KernelBuilder::sxtb16(Value x) { return intrinsic("llvm.arm.sxtb16", x); }
Value KernelBuilder::sxtab16(Value sum, Value x) {
  return intrinsic("llvm.arm.sxtab16", {sum, x});
}
Value KernelBuilder::ssub16(Value x, Value y) {
  return intrinsic("llvm.arm.ssub16", {x, y});
}
Value KernelBuilder::saturate8(Value x) {
  return intrinsic("llvm.arm.ssat", {x, word(8)});
}

Value KernelBuilder::multiplyHigh(Value x, Value y, Value sum) {
  Value product = arith::MulIOp::create(b, extend(x), extend(y));
  Value start =
      arith::OrIOp::create(b, shiftLeft(extend(sum), 32), wide(0x80000000ll));
  return truncate(shiftRight(add(product, start), 32));
}

KernelBuilder::Values
KernelBuilder::loop(Value from, Value to, Value step, ValueRange carried,
                    llvm::function_ref<Values(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, from, to, step, carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Values results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(b, results);
  return Values(loop.getResults());
}

void KernelBuilder::loop(Value from, Value to, Value step,
                         llvm::function_ref<void(Value)> body) {
  loop(from, to, step, {}, [&](Value index, ValueRange) {
    body(index);
    return Values{};
  });
}

void KernelBuilder::call(func::FuncOp callee, ValueRange arguments) {
  func::CallOp::create(b, callee, arguments);
}
