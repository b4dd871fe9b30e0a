//===- ReadRows.cpp - rows of an input from the caller ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CortexM7/CortexM7.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace tfc::m7;

MemRefType tfc::m7::contextType(MLIRContext *context) {
  return MemRefType::get({1}, IntegerType::get(context, 8));
}

FunctionType tfc::m7::rowsType(ShapedType type) {
  MLIRContext *context = type.getContext();
  auto word = IntegerType::get(context, 32);
  // Open sizes are refused by the verifier.
  auto strip = MemRefType::get(type.getShape(), type.getElementType());
  return FunctionType::get(context, {contextType(context), word, word, strip},
                           {word});
}

int64_t ReadRowsOp::count() {
  return cast<ShapedType>(getInit().getType()).getDimSize(getAxis());
}

void ReadRowsOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  // What the caller keeps between calls is memory too, on tensors as well.
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
  if (isa<MemRefType>(getInit().getType()))
    effects.emplace_back(MemoryEffects::Write::get(), &getInitMutable());
}

LogicalResult ReadRowsOp::verify() {
  auto init = cast<ShapedType>(getInit().getType());
  if (!init.hasStaticShape())
    return emitOpError("expected a strip of known size, found ") << init;
  if (auto buffer = dyn_cast<MemRefType>(getInit().getType());
      buffer && !buffer.getLayout().isIdentity())
    return emitOpError("expected a strip without gaps, found ") << buffer;
  if (getAxis() >= static_cast<uint64_t>(init.getRank()))
    return emitOpError("expected an axis of ")
           << init << ", found " << getAxis();
  bool isTensor = isa<RankedTensorType>(getInit().getType());
  if (isTensor != static_cast<bool>(getResult()) ||
      (isTensor && getResult().getType() != getInit().getType()))
    return emitOpError("expected a result of init's type for tensors, and none "
                       "for buffers");
  return success();
}

bool ReadRowsOp::bufferizesToMemoryRead(OpOperand &, const AnalysisState &) {
  return false;
}

bool ReadRowsOp::bufferizesToMemoryWrite(OpOperand &operand,
                                         const AnalysisState &) {
  return &operand == &getInitMutable();
}

AliasingValueList ReadRowsOp::getAliasingValues(OpOperand &operand,
                                                const AnalysisState &) {
  if (&operand != &getInitMutable() || !getResult())
    return {};
  return {{getResult(), BufferRelation::Equivalent}};
}

LogicalResult ReadRowsOp::bufferize(RewriterBase &rewriter,
                                    const BufferizationOptions &options,
                                    BufferizationState &state) {
  FailureOr<Value> buffer = getBuffer(rewriter, getInit(), options, state);
  if (failed(buffer))
    return failure();
  // The caller writes rows one after the other, also where they are wanted
  // between others.
  Value strip = *buffer;
  auto type = cast<MemRefType>(strip.getType());
  if (!type.getLayout().isIdentity()) {
    FailureOr<Value> dense = options.createAlloc(
        rewriter, getLoc(),
        MemRefType::get(type.getShape(), type.getElementType()), {});
    if (failed(dense))
      return failure();
    strip = *dense;
  }
  ReadRowsOp::create(rewriter, getLoc(), TypeRange(), getRows(), getContext(),
                     getFirst(), strip, getAxisAttr());
  if (strip != *buffer &&
      failed(options.createMemCpy(rewriter, getLoc(), strip, *buffer)))
    return failure();
  replaceOpWithBufferizedValues(rewriter, *this, *buffer);
  return success();
}
