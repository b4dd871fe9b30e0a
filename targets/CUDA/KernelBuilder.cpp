//===- KernelBuilder.cpp - writes a kernel's arithmetic ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "Launch.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

constexpr unsigned globalSpace = 1, sharedSpace = 3;

/// A product and a sum may be rounded once instead of twice.
template <typename Op>
Value contracted(OpBuilder &b, Location loc, Value x, Value y) {
  return Op::create(b, loc, x, y, arith::FastMathFlags::contract);
}

} // namespace

Value KernelBuilder::constant(int64_t value) {
  return arith::ConstantIntOp::create(b, loc, value, 32);
}

Value KernelBuilder::wide(int64_t value) {
  return arith::ConstantIntOp::create(b, loc, value, 64);
}

Value KernelBuilder::number(double value) {
  return arith::ConstantFloatOp::create(b, loc, b.getF32Type(),
                                        llvm::APFloat(float(value)));
}

Value KernelBuilder::toInt(Value value) {
  if (value.getType().isInteger(32))
    return value;
  if (value.getType().isIndex())
    return b.createOrFold<arith::IndexCastOp>(loc, b.getI32Type(), value);
  if (value.getType().getIntOrFloatBitWidth() > 32)
    return b.createOrFold<arith::TruncIOp>(loc, b.getI32Type(), value);
  return b.createOrFold<arith::ExtSIOp>(loc, b.getI32Type(), value);
}

Value KernelBuilder::toWide(Value value) {
  if (value.getType().isInteger(64))
    return value;
  if (value.getType().isIndex())
    return b.createOrFold<arith::IndexCastOp>(loc, b.getI64Type(), value);
  return b.createOrFold<arith::ExtSIOp>(loc, b.getI64Type(), value);
}

Value KernelBuilder::add(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(loc, x, y);
}
Value KernelBuilder::sub(Value x, Value y) {
  return b.createOrFold<arith::SubIOp>(loc, x, y);
}
Value KernelBuilder::mul(Value x, Value y) {
  return b.createOrFold<arith::MulIOp>(loc, x, y);
}
Value KernelBuilder::xOr(Value x, Value y) {
  return b.createOrFold<arith::XOrIOp>(loc, x, y);
}
Value KernelBuilder::divide(Value x, int64_t by) {
  return b.createOrFold<arith::ShRUIOp>(loc, x, constant(llvm::Log2_64(by)));
}
Value KernelBuilder::remainder(Value x, int64_t by) {
  return b.createOrFold<arith::AndIOp>(loc, x, constant(by - 1));
}
Value KernelBuilder::quotient(Value x, Value y) {
  return b.createOrFold<arith::DivUIOp>(loc, x, y);
}
Value KernelBuilder::min(Value x, Value y) {
  return b.createOrFold<arith::MinSIOp>(loc, x, y);
}
Value KernelBuilder::max(Value x, Value y) {
  return b.createOrFold<arith::MaxSIOp>(loc, x, y);
}
Value KernelBuilder::less(Value x, Value y) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, x, y);
}
Value KernelBuilder::equal(Value x, Value y) {
  return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, x, y);
}
Value KernelBuilder::select(Value condition, Value x, Value y) {
  return b.createOrFold<arith::SelectOp>(loc, condition, x, y);
}
Value KernelBuilder::both(Value x, Value y) {
  return b.createOrFold<arith::AndIOp>(loc, x, y);
}
Value KernelBuilder::either(Value x, Value y) {
  return b.createOrFold<arith::OrIOp>(loc, x, y);
}

Value KernelBuilder::addF(Value x, Value y) {
  return contracted<arith::AddFOp>(b, loc, x, y);
}
Value KernelBuilder::subF(Value x, Value y) {
  return contracted<arith::SubFOp>(b, loc, x, y);
}
Value KernelBuilder::mulF(Value x, Value y) {
  return contracted<arith::MulFOp>(b, loc, x, y);
}
Value KernelBuilder::fma(Value x, Value y, Value z) {
  return math::FmaOp::create(b, loc, x, y, z);
}
Value KernelBuilder::maxF(Value x, Value y) {
  return arith::MaxNumFOp::create(b, loc, x, y);
}

Value KernelBuilder::intrinsic(StringRef name, Type type,
                               ValueRange arguments) {
  return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name),
                                       arguments)
      .getResult(0);
}

Value KernelBuilder::exp2(Value x) {
  return intrinsic("llvm.nvvm.ex2.approx.ftz.f", b.getF32Type(), x);
}

Value KernelBuilder::reciprocal(Value x) {
  return arith::DivFOp::create(b, loc, number(1), x);
}

Value KernelBuilder::acrossLanes(Value x, ArrayRef<int64_t> masks,
                                 Value (KernelBuilder::*combine)(Value,
                                                                 Value)) {
  return cuda::acrossLanes(b, loc, x, masks, [&](Value mine, Value other) {
    return (this->*combine)(mine, other);
  });
}

Type KernelBuilder::halfType(HalfType type) {
  return type == HalfType::F16 ? Type(b.getF16Type()) : Type(b.getBF16Type());
}

Value KernelBuilder::packHalves(Value low, Value high, HalfType type) {
  // The instruction's first operand is the upper half.
  return intrinsic(type == HalfType::F16 ? "llvm.nvvm.ff2f16x2.rn"
                                         : "llvm.nvvm.ff2bf16x2.rn",
                   VectorType::get(2, halfType(type)), {high, low});
}

Value KernelBuilder::thread() {
  return toInt(gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x));
}

Value KernelBuilder::block(unsigned dimension) {
  return toInt(
      gpu::BlockIdOp::create(b, loc, static_cast<gpu::Dimension>(dimension)));
}

Type KernelBuilder::sharedPointer() {
  return LLVM::LLVMPointerType::get(b.getContext(), sharedSpace);
}

Type KernelBuilder::globalPointer() {
  return LLVM::LLVMPointerType::get(b.getContext(), globalSpace);
}

Value KernelBuilder::sharedMemory() {
  auto space =
      gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  auto type = MemRefType::get({ShapedType::kDynamic}, b.getI8Type(),
                              MemRefLayoutAttrInterface(), space);
  Value memory = gpu::DynamicSharedMemoryOp::create(b, loc, type);
  Value address =
      memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memory);
  return LLVM::IntToPtrOp::create(b, loc, sharedPointer(), toWide(address));
}

Value KernelBuilder::addressOf(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  Value address =
      toWide(memref::ExtractAlignedPointerAsIndexOp::create(b, loc, buffer));
  Value pointer = LLVM::IntToPtrOp::create(b, loc, globalPointer(), address);
  auto metadata = memref::ExtractStridedMetadataOp::create(b, loc, buffer);
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  return advance(pointer, b.createOrFold<arith::MulIOp>(
                              loc, toWide(metadata.getOffset()), wide(bytes)));
}

Value KernelBuilder::advance(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(b, loc, pointer.getType(), b.getI8Type(), pointer,
                             LLVM::GEPArg(bytes));
}

void KernelBuilder::barrier() { gpu::BarrierOp::create(b, loc); }

void KernelBuilder::warpBarrier() {
  NVVM::SyncWarpOp::create(b, loc, constant(-1));
}

void KernelBuilder::fence() {
  LLVM::CallIntrinsicOp::create(b, loc, b.getStringAttr("llvm.nvvm.membar.gl"),
                                ValueRange());
}

Value KernelBuilder::atomicAdd(Value pointer, Value value) {
  return LLVM::AtomicRMWOp::create(b, loc, LLVM::AtomicBinOp::add, pointer,
                                   value, LLVM::AtomicOrdering::monotonic,
                                   "device");
}

void KernelBuilder::copyAsync(Value to, Value from, Value inside) {
  constexpr int64_t bytes = 16;
  NVVM::CpAsyncOp::create(
      b, loc, to, from, bytes, NVVM::LoadCacheModifierKind::CG,
      inside ? select(inside, constant(bytes), constant(0)) : Value());
}

void KernelBuilder::commitCopies() {
  NVVM::CpAsyncCommitGroupOp::create(b, loc);
}

void KernelBuilder::waitForCopies(int64_t groups) {
  NVVM::CpAsyncWaitGroupOp::create(b, loc, groups);
}

std::array<Value, 4> KernelBuilder::loadMatrices(Value row, bool transposed) {
  Type word = b.getI32Type();
  auto record = LLVM::LLVMStructType::getLiteral(b.getContext(),
                                                 {word, word, word, word});
  Value loaded = NVVM::LdMatrixOp::create(
      b, loc, record, row, /*num=*/4,
      transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row,
      NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8),
      NVVM::LdStMatrixEltType::B16);
  std::array<Value, 4> words;
  for (int64_t i = 0; i < 4; ++i)
    words[i] = LLVM::ExtractValueOp::create(b, loc, loaded, i);
  return words;
}

std::array<Value, 4> KernelBuilder::multiply(ArrayRef<Value> a,
                                             ArrayRef<Value> rightHand,
                                             ArrayRef<Value> c, HalfType type) {
  // Operands of f16 are pairs, those of bf16 words.
  Type operand = type == HalfType::F16
                     ? Type(VectorType::get(2, b.getF16Type()))
                     : Type(b.getI32Type());
  auto as = [&](ArrayRef<Value> registers) {
    SmallVector<Value> result;
    for (Value value : registers)
      result.push_back(value.getType() == operand
                           ? value
                           : LLVM::BitcastOp::create(b, loc, operand, value));
    return result;
  };
  Type single = b.getF32Type();
  auto record = LLVM::LLVMStructType::getLiteral(
      b.getContext(), {single, single, single, single});
  auto kind =
      type == HalfType::F16 ? NVVM::MMATypes::f16 : NVVM::MMATypes::bf16;
  Value product = NVVM::MmaOp::create(
      b, loc, record, as(a), as(rightHand), c, {16, 8, 16}, std::nullopt,
      std::nullopt, std::array<NVVM::MMATypes, 2>{kind, kind},
      std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                     NVVM::MMALayout::col});
  std::array<Value, 4> sums;
  for (int64_t i = 0; i < 4; ++i)
    sums[i] = LLVM::ExtractValueOp::create(b, loc, product, i);
  return sums;
}
