//===- ConstantTables.cpp - tables that are known                 -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConstantTables.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc::raise;

namespace {

/// Numbers that follow from constants, inside of a body and before it.
class Folder {
public:
  Attribute of(Value value) {
    auto found = known.find(value);
    if (found != known.end())
      return found->second;
    Attribute attribute;
    if (!matchPattern(value, m_Constant(&attribute)))
      attribute = folded(value.getDefiningOp());
    known[value] = attribute;
    return attribute;
  }

  /// What a body without inputs gives at `at`, where that is constant.
  std::optional<SmallVector<Attribute>> at(Block &body, ArrayRef<int64_t> at) {
    // Those of the element before.
    for (Operation &op : body)
      for (Value result : op.getResults())
        known.erase(result);
    Builder b(body.getParent()->getContext());
    for (auto index : body.getOps<linalg::IndexOp>())
      known[index] = b.getIndexAttr(at[index.getDim()]);
    SmallVector<Attribute> yielded;
    for (Value value : body.getTerminator()->getOperands()) {
      Attribute attribute = of(value);
      if (!isa_and_nonnull<IntegerAttr, FloatAttr>(attribute))
        return std::nullopt;
      yielded.push_back(attribute);
    }
    return yielded;
  }

private:
  Attribute folded(Operation *op) {
    if (!op || op->getNumResults() != 1 || op->getNumRegions() != 0)
      return {};
    SmallVector<Attribute> operands;
    for (Value operand : op->getOperands()) {
      operands.push_back(of(operand));
      if (!operands.back())
        return {};
    }
    SmallVector<OpFoldResult> results;
    if (failed(op->fold(operands, results)) || results.size() != 1)
      return {};
    auto value = dyn_cast<Value>(results[0]);
    return value ? of(value) : cast<Attribute>(results[0]);
  }

  DenseMap<Value, Attribute> known;
};

} // namespace

Value tfc::raise::knownTable(Value table, RankedTensorType type) {
  constexpr int64_t mostElements = 1 << 14;
  auto made = table.getDefiningOp<linalg::GenericOp>();
  if (!made || made.getNumDpsInputs() != 0 || !type.hasStaticShape() ||
      type.getNumElements() > mostElements || type.getRank() != 2)
    return table;
  unsigned number = cast<OpResult>(table).getResultNumber();
  SmallVector<Attribute> elements;
  Folder folder;
  for (int64_t i = 0; i < type.getDimSize(0); ++i)
    for (int64_t tap = 0; tap < type.getDimSize(1); ++tap) {
      auto values = folder.at(*made.getBody(), {i, tap});
      if (!values)
        return table;
      Attribute element = (*values)[number];
      if (auto real = dyn_cast<FloatAttr>(element)) {
        if (!isa<FloatType>(type.getElementType()))
          return table;
        element =
            FloatAttr::get(type.getElementType(), real.getValueAsDouble());
      }
      elements.push_back(element);
    }
  OpBuilder b(made);
  return arith::ConstantOp::create(b, made.getLoc(),
                                   DenseElementsAttr::get(type, elements));
}
