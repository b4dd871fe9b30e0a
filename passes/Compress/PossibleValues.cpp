//===- PossibleValues.cpp - integers that a tensor may hold -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PossibleValues.h"

#include "SiteGraph.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

using Values = std::optional<std::set<int64_t>>;

/// More are no use: a table has a row for each.
static constexpr int64_t most = 1 << 20;

static Values elementsOf(ElementsAttr constant) {
  if (!isa<IntegerType, IndexType>(constant.getElementType()) ||
      (!constant.isSplat() && constant.getNumElements() > most))
    return std::nullopt;
  auto range = constant.tryGetValues<APInt>();
  if (!range)
    return std::nullopt;
  std::set<int64_t> values;
  if (constant.isSplat())
    return std::set<int64_t>{(*range->begin()).getSExtValue()};
  for (const APInt &value : *range)
    values.insert(value.getSExtValue());
  return values;
}

/// What `value` in the body of `op` is where `leaf` is `number`; null where it
/// does not fold.
static Attribute valueWhere(linalg::GenericOp op, Value value, Value leaf,
                            Attribute number) {
  if (value == leaf)
    return number;
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)))
    return constant;
  Operation *from = value.getDefiningOp();
  if (!from || from->getBlock() != op.getBody() || from->getNumResults() != 1 ||
      from->getNumRegions() != 0)
    return {};
  SmallVector<Attribute> operands;
  for (Value operand : from->getOperands()) {
    operands.push_back(valueWhere(op, operand, leaf, number));
    if (!operands.back())
      return {};
  }
  SmallVector<OpFoldResult> results;
  if (failed(from->fold(operands, results)) || results.size() != 1)
    return {};
  if (auto folded = dyn_cast<Attribute>(results.front()))
    return folded;
  // One of its operands.
  for (auto [operand, known] : llvm::zip_equal(from->getOperands(), operands))
    if (operand == cast<Value>(results.front()))
      return known;
  return {};
}

/// The arguments and indices of the body that `value` is computed from.
static void addLeaves(linalg::GenericOp op, Value value,
                      llvm::SetVector<Value> &leaves) {
  Operation *from = value.getDefiningOp();
  if (matchPattern(value, m_Constant()))
    return;
  if (!from || isa<linalg::IndexOp>(from) || from->getBlock() != op.getBody()) {
    leaves.insert(value);
    return;
  }
  for (Value operand : from->getOperands())
    addLeaves(op, operand, leaves);
}

static Values valuesOfLeaf(linalg::GenericOp op, Value leaf) {
  if (auto index = leaf.getDefiningOp<linalg::IndexOp>()) {
    int64_t size = op.getStaticLoopRanges()[index.getDim()];
    if (ShapedType::isDynamic(size) || size > most)
      return std::nullopt;
    std::set<int64_t> values;
    for (int64_t i = 0; i < size; ++i)
      values.insert(values.end(), i);
    return values;
  }
  auto argument = dyn_cast<BlockArgument>(leaf);
  if (!argument || argument.getOwner() != op.getBody())
    return std::nullopt;
  OpOperand *operand = op.getMatchingOpOperand(argument);
  return op.isDpsInput(operand) ? possibleValues(operand->get()) : std::nullopt;
}

Values tfc::compress::possibleValues(linalg::GenericOp op, Value value) {
  if (!isa<IntegerType, IndexType>(value.getType()))
    return std::nullopt;
  llvm::SetVector<Value> leaves;
  addLeaves(op, value, leaves);
  if (leaves.size() > 1)
    return std::nullopt;
  Value leaf = leaves.empty() ? Value() : leaves.front();
  Values numbers = leaf ? valuesOfLeaf(op, leaf) : Values(std::set<int64_t>{0});
  if (!numbers)
    return std::nullopt;
  std::set<int64_t> values;
  for (int64_t number : *numbers) {
    Attribute attribute =
        leaf ? IntegerAttr::get(leaf.getType(), number) : Attribute();
    auto result =
        dyn_cast_or_null<IntegerAttr>(valueWhere(op, value, leaf, attribute));
    if (!result)
      return std::nullopt;
    values.insert(result.getValue().getSExtValue());
  }
  return values;
}

Values tfc::compress::possibleValues(Value tensor) {
  ElementsAttr constant;
  if (matchPattern(tensor, m_Constant(&constant)))
    return elementsOf(constant);
  Operation *op = tensor.getDefiningOp();
  if (isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
                      tensor::CastOp, tensor::ExtractSliceOp,
                      linalg::TransposeOp, linalg::BroadcastOp>(op))
    return possibleValues(op->getOperand(0));
  if (auto fill = dyn_cast_or_null<linalg::FillOp>(op)) {
    APInt number;
    if (matchPattern(fill.getInputs()[0], m_ConstantInt(&number)))
      return std::set<int64_t>{number.getSExtValue()};
    return std::nullopt;
  }
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!generic || generic.getNumReductionLoops() != 0)
    return std::nullopt;
  unsigned result = cast<OpResult>(tensor).getResultNumber();
  return possibleValues(generic,
                        generic.getBody()->getTerminator()->getOperand(result));
}
