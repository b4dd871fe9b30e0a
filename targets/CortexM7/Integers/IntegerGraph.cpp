//===- IntegerGraph.cpp - a quantised function in integers ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerGraph.h"
#include "../KernelConstants.h"

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Matchers.h"

using namespace tfc;
using namespace tfc::m7;

/// Signed and unsigned bytes, one as the other: the highest bit flipped.
static Table flippedTable() {
  Table table;
  for (int i = 0; i < 256; ++i)
    table[i] = static_cast<int8_t>(i ^ 0x80);
  return table;
}

static constexpr const char *inputInFloat =
    "an input is used in f32; expected it to be quantised before anything else";

LogicalResult IntegerGraph::fail(Operation *op, const Twine &why) {
  if (!reason)
    reason = Refusal{op, why.str()};
  return failure();
}

LogicalResult IntegerGraph::fail(Value real, const Twine &why) {
  if (Operation *op = real.getDefiningOp())
    return fail(op, why);
  return fail(function.getOperation(), why);
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

Value IntegerGraph::constant(ArrayRef<int64_t> shape, ArrayRef<int8_t> values) {
  return arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(bytes(shape), values));
}

Value IntegerGraph::reshaped(Value x, ArrayRef<int64_t> shape) {
  // Reshapes of reshapes are one.
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
      x.getDefiningOp()))
    x = x.getDefiningOp()->getOperand(0);
  auto from = cast<RankedTensorType>(x.getType());
  RankedTensorType to = bytes(shape), flat = bytes(from.getNumElements());
  if (from == to)
    return x;
  auto step = [&](Value value, RankedTensorType type) -> Value {
    auto source = cast<RankedTensorType>(value.getType());
    auto groups = getReassociationIndicesForReshape(source, type);
    if (!groups)
      return {};
    if (source.getRank() > type.getRank())
      return tensor::CollapseShapeOp::create(b, loc, type, value, *groups);
    return tensor::ExpandShapeOp::create(b, loc, type, value, *groups);
  };
  if (Value direct = step(x, to))
    return direct;
  return step(from == flat ? x : step(x, flat), to);
}

Value IntegerGraph::padded(Value x, int64_t columns, int64_t fill) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(x.getType()).getShape();
  if (shape.back() == columns)
    return x;
  SmallVector<int64_t> low(shape.size(), 0), high(shape.size(), 0),
      to(shape.begin(), shape.end());
  high.back() = columns - shape.back();
  to.back() = columns;
  SmallVector<OpFoldResult> lowSizes =
                                getAsIndexOpFoldResult(b.getContext(), low),
                            highSizes =
                                getAsIndexOpFoldResult(b.getContext(), high);
  Value value = arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(b.getI8Type(), static_cast<int8_t>(fill)));
  return tensor::PadOp::create(b, loc, bytes(to), x, lowSizes, highSizes,
                               value);
}

Value IntegerGraph::tableOf(Value x, const Table &table) {
  Table whole = table;
  auto origin = origins.find(x);
  if (origin != origins.end()) {
    whole = composed(origin->second.second, table);
    x = origin->second.first;
  }
  if (whole == identityTable())
    return x;
  auto type = cast<RankedTensorType>(x.getType());
  auto values = DenseElementsAttr::get(bytes(256), ArrayRef<int8_t>(whole));
  Value y = TableOp::create(b, loc, type, x, empty(type.getShape()), values)
                .getResult();
  origins[y] = {x, whole};
  return y;
}

/// `stored` is what an attn.dequantize reads.
Value IntegerGraph::integersOf(Value stored, bool isUnsigned) {
  Value &known = integers[stored];
  if (known)
    return known;
  ElementsAttr constant;
  if (!isUnsigned)
    known = stored;
  else if (matchPattern(stored, m_Constant(&constant))) {
    std::vector<int8_t> values = elementsOf<int8_t>(constant);
    for (int8_t &value : values)
      value = static_cast<int8_t>(value ^ 0x80);
    known = this->constant(constant.getShapedType().getShape(), values);
  } else {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(stored);
    known = tableOf(stored, flippedTable());
  }
  return known;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

std::optional<Quantization> IntegerGraph::knownQuantization(Value real) {
  Operation *op = real.getDefiningOp();
  if (auto dequantize = dyn_cast_or_null<attn::DequantizeOp>(op))
    return quantizationOf(dequantize.getQuantizedType());
  if (!op || !isMove(op))
    return std::nullopt;
  std::optional<Quantization> known = knownQuantization(op->getOperand(0));
  // What is put beside it has to be numbers of this type too.
  if (known && ((isa<tensor::PadOp>(op) && !isFilledWith(real, *known)) ||
                (isa<tensor::InsertSliceOp>(op) &&
                 !isFilledWith(op->getOperand(1), *known))))
    return std::nullopt;
  return known;
}

FailureOr<IntegerGraph::Source> IntegerGraph::sourceOf(Value real) {
  std::optional<Quantization> known = knownQuantization(real);
  if (!known && isa<BlockArgument>(real))
    return fail(real, inputInFloat);
  if (!known)
    return fail(real, "its result enters another operation in f32: a scale is "
                      "missing between them");
  FailureOr<Value> value = select(real, *known);
  if (failed(value))
    return failure();
  return Source{*value, *known};
}

FailureOr<Value> IntegerGraph::select(Value real, Quantization to) {
  for (auto &[quantization, value] : selected[real])
    if (quantization == to)
      return value;
  FailureOr<Value> value = selectNew(real, to);
  if (succeeded(value))
    selected[real].push_back({to, *value});
  return value;
}

FailureOr<Value> IntegerGraph::selectNew(Value real, Quantization to) {
  Operation *op = real.getDefiningOp();
  if (!op)
    return fail(real, inputInFloat);
  auto type = cast<RankedTensorType>(real.getType());
  if (std::optional<RealConstant> constant = realConstant(real)) {
    std::vector<int8_t> values;
    for (double value : constant->values)
      values.push_back(to.quantize(static_cast<float>(value)));
    return this->constant(type.getShape(), values);
  }
  if (auto dequantize = dyn_cast<attn::DequantizeOp>(op)) {
    auto from = quantizationOf(dequantize.getQuantizedType());
    if (!from)
      return fail(op, "expected one scale and 8 bits, found quantised type " +
                          Twine(cast<quant::QuantizedType>(
                                    dequantize.getQuantizedType())
                                    .getStorageTypeIntegralWidth()) +
                          " bits or a scale for each slice");
    Value x = integersOf(dequantize.getX(),
                         isUnsignedByte(dequantize.getQuantizedType()));
    if (*from == to)
      return x;
    Table table;
    for (int i = 0; i < 256; ++i)
      table[i] = to.quantize(from->dequantize(static_cast<int8_t>(i)));
    return tableOf(x, table);
  }
  if (isMove(op))
    return selectMove(op, to);
  if (auto norm = dyn_cast<attn::NormOp>(op))
    return selectNorm(norm, to);
  if (contractionOf(op))
    return selectWithBias(real, {}, to);
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return selectElements(generic, to);
  return fail(op, "the Cortex-M7 has no int8 form of '" +
                      op->getName().getStringRef() + "'");
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// Rounding of elements may come before they are moved.
void IntegerGraph::roundInputsEarly() {
  b.setInsertionPointToStart(&function.front());
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.getElementType().isF32() || !type.hasStaticShape())
      continue;
    SmallVector<Value> moved = {argument};
    Type stored;
    bool isOnlyRounded = true;
    for (size_t i = 0; i < moved.size() && isOnlyRounded; ++i)
      for (OpOperand &use : moved[i].getUses()) {
        auto quantize = dyn_cast<attn::QuantizeOp>(use.getOwner());
        if (quantize && use.getOperandNumber() == 0 &&
            (!stored || stored == quantize.getQuantizedType()))
          stored = quantize.getQuantizedType();
        else if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
                     tensor::ExtractSliceOp, linalg::TransposeOp>(
                     use.getOwner()) &&
                 use.getOperandNumber() == 0)
          moved.push_back(use.getOwner()->getResult(0));
        else
          isOnlyRounded = false;
      }
    if (!isOnlyRounded || moved.size() == 1 || !stored ||
        !quantizationOf(stored))
      continue;
    Value init =
        tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
    auto quantize =
        attn::QuantizeOp::create(b, loc, bytes(type.getShape()), argument,
                                 empty(type.getShape()), TypeAttr::get(stored));
    auto dequantize = attn::DequantizeOp::create(
        b, loc, type, quantize.getResult(), init, TypeAttr::get(stored));
    argument.replaceAllUsesExcept(dequantize.getResult(), quantize);
  }
}

/// An input that is only rounded becomes what it is rounded to.
void IntegerGraph::takeInputs() {
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.getElementType().isF32() || argument.use_empty())
      continue;
    Type stored;
    bool isOnlyRounded =
        llvm::all_of(argument.getUsers(), [&](Operation *user) {
          auto quantize = dyn_cast<attn::QuantizeOp>(user);
          if (!quantize || quantize.getInit() == argument)
            return false;
          if (!stored)
            stored = quantize.getQuantizedType();
          return stored == quantize.getQuantizedType();
        });
    auto uniform = dyn_cast_or_null<quant::UniformQuantizedType>(stored);
    if (!isOnlyRounded || !uniform || !quantizationOf(stored))
      continue;
    SmallVector<Operation *> users(argument.getUsers());
    for (Operation *user : users) {
      user->getResult(0).replaceAllUsesWith(argument);
      user->erase();
    }
    argument.setType(bytes(type.getShape()));
    unsigned number = argument.getArgNumber();
    function.setArgAttr(number, "tfc.scale",
                        b.getF64FloatAttr(uniform.getScale()));
    function.setArgAttr(number, "tfc.zero",
                        b.getI32IntegerAttr(uniform.getZeroPoint()));
    function.setArgAttr(number, "tfc.type",
                        b.getI32IntegerAttr(uniform.isSigned() ? 3 : 2));
  }
}

/// An output that is dequantised last is given as integers.
void IntegerGraph::giveOutputs() {
  auto end = cast<func::ReturnOp>(function.front().getTerminator());
  b.setInsertionPoint(end);
  for (OpOperand &operand : end->getOpOperands()) {
    auto dequantize = operand.get().getDefiningOp<attn::DequantizeOp>();
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type || !type.getElementType().isF32())
      continue;
    auto uniform = dequantize ? dyn_cast<quant::UniformQuantizedType>(
                                    dequantize.getQuantizedType())
                              : quant::UniformQuantizedType();
    if (!uniform || !quantizationOf(uniform)) {
      refused.push_back({operand.get().getDefiningOp()
                             ? operand.get().getDefiningOp()
                             : end.getOperation(),
                         "gives an output in f32, which is not quantised"});
      continue;
    }
    Value value = integersOf(dequantize.getX(), !uniform.isSigned());
    if (!uniform.isSigned())
      value = tableOf(value, flippedTable());
    operand.set(value);
    unsigned number = operand.getOperandNumber();
    function.setResultAttr(number, "tfc.scale",
                           b.getF64FloatAttr(uniform.getScale()));
    function.setResultAttr(number, "tfc.zero",
                           b.getI32IntegerAttr(uniform.getZeroPoint()));
    function.setResultAttr(number, "tfc.type",
                           b.getI32IntegerAttr(uniform.isSigned() ? 3 : 2));
  }
  function.setFunctionType(b.getFunctionType(
      function.front().getArgumentTypes(), end.getOperandTypes()));
}

/// What computed in f32, and integers that went into something else.
void IntegerGraph::dropDead() {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

void IntegerGraph::run() {
  roundInputsEarly();
  takeInputs();
  SmallVector<attn::QuantizeOp> roundings;
  DenseSet<Operation *> inFloat;
  function.walk([&](attn::QuantizeOp op) { roundings.push_back(op); });
  for (attn::QuantizeOp op : roundings) {
    b.setInsertionPoint(op);
    loc = op.getX().getDefiningOp() ? op.getX().getDefiningOp()->getLoc()
                                    : op.getLoc();
    reason.reset();
    std::optional<Quantization> to = quantizationOf(op.getQuantizedType());
    FailureOr<Value> value = failure();
    if (!to)
      (void)fail(op, "expected one scale and 8 bits");
    else if (!op.getResult() ||
             !cast<ShapedType>(op.getX().getType()).hasStaticShape())
      (void)fail(op, "expected known sizes");
    else
      value = select(op.getX(), *to);
    if (failed(value)) {
      refused.push_back(*reason);
      if (isUnsignedByte(op.getQuantizedType()))
        (void)integersOf(op.getResult(), true);
      inFloat.insert(op);
      continue;
    }
    integers[op.getResult()] = *value;
  }
  giveOutputs();
  selectOrders();
  // What stays in f32 reads the integers found here.
  for (attn::QuantizeOp op : roundings) {
    Value value = integers.lookup(op.getResult());
    if (!value || op.getResult().use_empty())
      continue;
    if (isUnsignedByte(op.getQuantizedType())) {
      // What stays in f32 is rounded by the operation itself.
      if (inFloat.contains(op))
        continue;
      b.setInsertionPointAfterValue(value);
      value = tableOf(value, flippedTable());
    }
    if (value != op.getResult())
      op.getResult().replaceAllUsesWith(value);
  }
  dropDead();
  if (refused.empty())
    refuseRest();
}

/// Numbers in f32 that no rounding asked for.
void IntegerGraph::refuseRest() {
  for (Operation &op : function.front())
    if (llvm::any_of(
            op.getResultTypes(),
            [](Type type) { return getElementTypeOrSelf(type).isF32(); }) &&
        !op.hasTrait<OpTrait::ConstantLike>() && !isa<tensor::EmptyOp>(op))
      return refused.push_back(
          {&op, "is computed in f32: no scale is known for its result"});
}
