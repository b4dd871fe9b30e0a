//===- CortexM7Dialect.cpp - the Cortex-M7's dialect ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CortexM7/CortexM7.h"

using namespace mlir;
using namespace tfc::m7;

#include "tfc/Target/CortexM7/CortexM7Dialect.cpp.inc"
#define GET_OP_CLASSES
#include "tfc/Target/CortexM7/CortexM7Ops.cpp.inc"

void M7Dialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "tfc/Target/CortexM7/CortexM7Ops.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

using Effects =
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

/// Buffers other than init and scratch are read.
template <typename Op>
static void addEffects(Op op, Effects &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    bool isScratch = false;
    if constexpr (std::is_same_v<Op, ProductOp> ||
                  std::is_same_v<Op, ActivationProductOp> ||
                  std::is_same_v<Op, AttentionOp>)
      isScratch = operand.get() == op.getScratch();
    if (operand.get() == op.getInit() || isScratch)
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

/// Row-wise operations: all dimensions of `value` but the last are init's.
template <typename Op>
static LogicalResult verifyRows(Op op, Value value, StringRef name) {
  ArrayRef<int64_t> have = shapeOf(value), want = shapeOf(op.getInit());
  if (have.empty() || have.size() != want.size() ||
      have.drop_back() != want.drop_back())
    return op.emitOpError("expected the rows of ")
           << name << " to be those of the result, found " << value.getType()
           << " and " << op.getInit().getType();
  return success();
}

template <typename Op>
static LogicalResult verifySameShape(Op op, Value value, StringRef name) {
  if (shapeOf(value) != shapeOf(op.getInit()))
    return op.emitOpError("expected ")
           << name << " to have the shape of the result, found "
           << value.getType() << " and " << op.getInit().getType();
  return success();
}

template <typename Op>
static LogicalResult verifyConstant(Op op, ElementsAttr constant,
                                    ArrayRef<int64_t> shape, unsigned bits,
                                    StringRef name) {
  auto type =
      RankedTensorType::get(shape, IntegerType::get(op.getContext(), bits));
  if (constant.getType() != type)
    return op.emitOpError("expected ")
           << name << " of type " << type << ", found " << constant.getType();
  return success();
}

/// A ratio of scales in 2^-32, as the core multiplies.
template <typename Op>
static LogicalResult verifyMultiplier(Op op, int64_t multiplier) {
  if (multiplier < 0)
    return op.emitOpError("expected a multiplier of 0 to 2^31 - 1, found ")
           << multiplier;
  return success();
}

LogicalResult ProductOp::verify() {
  if (failed(verifyRows(*this, getX(), "x")))
    return failure();
  int64_t depth = shapeOf(getX()).back(), outputs = shapeOf(getInit()).back();
  if (failed(verifyConstant(*this, getWeights(), {outputs, depth}, 8,
                            "weights")) ||
      failed(verifyConstant(*this, getBias(), {outputs}, 32, "bias")) ||
      failed(verifyConstant(*this, getMultipliers(), {outputs}, 32,
                            "multipliers")))
    return failure();
  if (auto multipliers = dyn_cast<DenseIntElementsAttr>(getMultipliers()))
    for (const APInt &multiplier : multipliers)
      if (failed(verifyMultiplier(*this, multiplier.getSExtValue())))
        return failure();
  return success();
}

/// [R, K] and [N, K] to [R, N].
template <typename Op>
static LogicalResult verifyMatrices(Op op, ArrayRef<Value> values) {
  for (Value value : values)
    if (shapeOf(value).size() != 2)
      return op.emitOpError("expected matrices, found ") << value.getType();
  return success();
}

LogicalResult ActivationProductOp::verify() {
  if (failed(verifyMatrices(*this, {getX(), getY(), getInit()})))
    return failure();
  if (shapeOf(getX())[1] != shapeOf(getY())[1] ||
      shapeOf(getX())[0] != shapeOf(getInit())[0] ||
      shapeOf(getY())[0] != shapeOf(getInit())[1])
    return emitOpError("expected [R, K] and [N, K] to give [R, N], found ")
           << getX().getType() << ", " << getY().getType() << " and "
           << getInit().getType();
  return verifyMultiplier(*this, static_cast<int32_t>(getMultiplier()));
}

LogicalResult AttentionOp::verify() {
  if (failed(
          verifyMatrices(*this, {getQ(), getKeys(), getValues(), getInit()})))
    return failure();
  if (failed(verifySameShape(*this, getQ(), "q")))
    return failure();
  if (shapeOf(getKeys()) != shapeOf(getValues()) ||
      shapeOf(getKeys())[1] != shapeOf(getQ())[1])
    return emitOpError("expected keys and values of one shape and q's depth, "
                       "found ")
           << getKeys().getType() << " and " << getValues().getType();
  if (failed(verifyMultiplier(*this,
                              static_cast<int32_t>(getScoreMultiplier()))) ||
      failed(verifyMultiplier(*this, static_cast<int32_t>(getMultiplier()))))
    return failure();
  return verifyConstant(*this, getTable(), {256}, 32, "table");
}

LogicalResult SoftmaxOp::verify() {
  if (failed(verifySameShape(*this, getX(), "x")))
    return failure();
  return verifyConstant(*this, getTable(), {256}, 32, "table");
}

LogicalResult TableOp::verify() {
  if (failed(verifySameShape(*this, getX(), "x")))
    return failure();
  return verifyConstant(*this, getTable(), {256}, 8, "table");
}

LogicalResult AddOp::verify() {
  if (failed(verifySameShape(*this, getA(), "a")))
    return failure();
  // One row for all.
  ArrayRef<int64_t> row = shapeOf(getInit()).take_back();
  bool isRow = !row.empty() && shapeOf(getB()) == row;
  if (!isRow && failed(verifySameShape(*this, getB(), "b")))
    return failure();
  int64_t factors = std::abs(int64_t(static_cast<int32_t>(getFactorA()))) +
                    std::abs(int64_t(static_cast<int32_t>(getFactorB())));
  int64_t offset = static_cast<int32_t>(getOffset());
  if (factors >= int64_t(1) << 23 || std::abs(offset) >= int64_t(1) << 30)
    return emitOpError("expected factors that together are below 2^23, and an "
                       "offset below 2^30, so that no sum leaves 32 bits");
  return success();
}

LogicalResult MultiplyOp::verify() {
  if (failed(verifySameShape(*this, getA(), "a")) ||
      failed(verifySameShape(*this, getB(), "b")))
    return failure();
  return verifyMultiplier(*this, static_cast<int32_t>(getMultiplier()));
}

LogicalResult MeanOp::verify() {
  if (shapeOf(getX()).size() != 2 ||
      shapeOf(getX()).drop_front() != shapeOf(getInit()))
    return emitOpError("expected [R, C] to give [C], found ")
           << getX().getType() << " and " << getInit().getType();
  return verifyMultiplier(*this, static_cast<int32_t>(getMultiplier()));
}

LogicalResult NormOp::verify() {
  if (failed(verifyRows(*this, getX(), "x")) ||
      failed(verifySameShape(*this, getX(), "x")))
    return failure();
  int64_t channels = shapeOf(getX()).back();
  int64_t groups = getGains().getShapedType().getNumElements();
  if (groups == 0 || channels % groups != 0)
    groups = channels;
  if (failed(verifyConstant(*this, getGains(), {groups}, 32, "gains")))
    return failure();
  if (getEpsilon() < 1 || getEpsilon() > int64_t(1) << 29)
    return emitOpError("expected an epsilon of 1 to 2^29, found ")
           << getEpsilon();
  return verifyConstant(*this, getOffsets(), {groups}, 64, "offsets");
}

#define TFC_EFFECTS(Op)                                                        \
  void Op::getEffects(Effects &effects) { addEffects(*this, effects); }
TFC_EFFECTS(ProductOp)
TFC_EFFECTS(ActivationProductOp)
TFC_EFFECTS(AttentionOp)
TFC_EFFECTS(SoftmaxOp)
TFC_EFFECTS(TableOp)
TFC_EFFECTS(AddOp)
TFC_EFFECTS(MultiplyOp)
TFC_EFFECTS(MeanOp)
TFC_EFFECTS(NormOp)
#undef TFC_EFFECTS
