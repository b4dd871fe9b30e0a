//===- NodeContext.cpp - what a rule asks of its node -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

int64_t NodeContext::integer(StringRef name, int64_t otherwise) {
  auto attr = dyn_cast_or_null<IntegerAttr>(node.getNodeAttrs().get(name));
  return attr ? attr.getInt() : otherwise;
}

float NodeContext::number(StringRef name, float otherwise) {
  auto attr = dyn_cast_or_null<FloatAttr>(node.getNodeAttrs().get(name));
  return attr ? attr.getValue().convertToFloat() : otherwise;
}

StringRef NodeContext::text(StringRef name, StringRef otherwise) {
  auto attr = dyn_cast_or_null<StringAttr>(node.getNodeAttrs().get(name));
  return attr ? attr.getValue() : otherwise;
}

std::optional<SmallVector<int64_t>> NodeContext::list(StringRef name) {
  auto attr =
      dyn_cast_or_null<DenseI64ArrayAttr>(node.getNodeAttrs().get(name));
  if (!attr)
    return std::nullopt;
  return llvm::to_vector(attr.asArrayRef());
}

std::optional<SmallVector<int64_t>> NodeContext::listOrInput(StringRef name,
                                                             unsigned i) {
  if (hasAttr(name))
    return list(name);
  return has(i) ? c.integers(input(i)) : std::nullopt;
}

/// Most numbers that are read one by one when a call runs.
static constexpr int64_t maxScalars = 16;

std::optional<Sizes> NodeContext::scalars(unsigned i) {
  Raised &list = input(i);
  if (std::optional<Sizes> known = c.elements(list))
    return known;
  std::optional<int64_t> count = list.rank() == 0 ? 1
                                 : list.rank() == 1
                                     ? getConstantIntValue(list.shape[0])
                                     : std::nullopt;
  if (!count || *count > maxScalars)
    return std::nullopt;
  Value source = c.tensor(list);
  Sizes out;
  for (int64_t k = 0; k < *count; ++k) {
    SmallVector<Value> at(list.rank(), c.value(c.size(k)));
    Value number = tensor::ExtractOp::create(b, loc, source, at);
    if (isFloat(list.kind))
      number = arith::FPToSIOp::create(b, loc, b.getI64Type(), number);
    out.push_back(
        isUnsigned(list.kind)
            ? arith::IndexCastUIOp::create(b, loc, b.getIndexType(), number)
                  .getResult()
            : arith::IndexCastOp::create(b, loc, b.getIndexType(), number)
                  .getResult());
  }
  return out;
}

std::optional<Sizes> NodeContext::declared(unsigned output) {
  auto type = dyn_cast<RankedTensorType>(node.getResult(output).getType());
  if (!type || !type.hasStaticShape())
    return std::nullopt;
  Sizes out;
  for (int64_t size : type.getShape())
    out.push_back(c.size(size));
  return out;
}

void NodeContext::requireEqual(OpFoldResult found, OpFoldResult expected,
                               const Twine &what) {
  if (found == expected)
    return;
  c.require(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                  c.value(found), c.value(expected)),
            describe() + ": " + what);
}

std::optional<Sizes> NodeContext::listedSizes(unsigned i, bool broadcasts) {
  if (std::optional<Sizes> known = c.elements(input(i)))
    return known;
  std::optional<Sizes> expected = declared(), found;
  if (expected)
    found = scalars(i);
  if (!found || found->size() > expected->size() ||
      (!broadcasts && found->size() != expected->size()))
    return std::nullopt;
  auto last = ArrayRef(*expected).take_back(found->size());
  for (auto [size, value] : llvm::zip(last, *found)) {
    Value ok = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                     c.value(value), c.value(size));
    if (broadcasts) {
      Value one = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                        c.value(value), c.value(c.size(1)));
      ok = arith::OrIOp::create(b, loc, ok, one);
    }
    c.require(ok, describe() + ": the sizes it is given are not those that the "
                               "model states for its output");
  }
  return expected;
}

Value NodeContext::runtimeAxis(OpFoldResult axis, int64_t rank) {
  Value given = c.value(axis), zero = c.value(c.size(0));
  Value negative = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt,
                                                 given, zero);
  Value turned =
      b.createOrFold<arith::AddIOp>(loc, given, c.value(c.size(rank)));
  Value normal = b.createOrFold<arith::SelectOp>(loc, negative, turned, given);
  c.require(b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ult,
                                          normal, c.value(c.size(rank))),
            describe() + ": an axis is out of range");
  return normal;
}

FailureOr<int64_t> NodeContext::normalAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= std::max<int64_t>(rank, 1)) {
    reason =
        ("axis " + Twine(axis) + " lies outside rank " + Twine(rank)).str();
    return failure();
  }
  return axis < 0 ? axis + rank : axis;
}

Region *NodeContext::subgraph(StringRef name) {
  for (auto [given, region] :
       llvm::zip(node.getSubgraphNames().getAsRange<StringAttr>(),
                 node.getSubgraphs()))
    if (given.getValue() == name)
      return &region;
  return nullptr;
}

std::string NodeContext::describe() {
  StringRef domain = node.getDomain();
  std::string name = node.getNodeName().str();
  if (name.empty() && node.getNumResults() > 0)
    name = "that makes " + cast<StringAttr>(node.getOutputNames()[0]).str();
  return ("node '" + name + "' (" + domain + (domain.empty() ? "" : ".") +
          node.getOpType() + ", opset " + Twine(node.getOpset()) + ")")
      .str();
}

FailureOr<Sizes> NodeContext::broadcast(ArrayRef<Raised> operands) {
  int64_t rank = 0;
  for (const Raised &operand : operands)
    rank = std::max(rank, operand.rank());
  Sizes shape(rank, c.size(1));
  for (const Raised &operand : operands) {
    for (int64_t i = 0; i < operand.rank(); ++i) {
      OpFoldResult &known = shape[rank - operand.rank() + i];
      OpFoldResult other = operand.shape[i];
      if (known == other || isConstantIntValue(other, 1))
        continue;
      if (isConstantIntValue(known, 1)) {
        known = other;
        continue;
      }
      std::optional<int64_t> a = getConstantIntValue(known),
                             d = getConstantIntValue(other);
      if (a && d) {
        reason = ("sizes " + Twine(*a) + " and " + Twine(*d) +
                  " of its inputs do not broadcast")
                     .str();
        return failure();
      }
      // One of them being 1 at run time would be legal ONNX; it is refused
      // then, never computed wrongly.
      Value equal = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                          c.value(known), c.value(other));
      c.require(
          equal,
          describe() +
              ": sizes of its inputs differ, and which one broadcasts is not "
              "known when compiling");
      if (d)
        known = other;
    }
  }
  return shape;
}

const Rule *RuleSet::find(onnx::NodeOp node) const {
  std::string name = node.getDomain().empty()
                         ? node.getOpType().str()
                         : (node.getDomain() + "." + node.getOpType()).str();
  auto found = rules.find(name);
  return found == rules.end() ? nullptr : &found->second;
}
