//===- GenericBody.cpp - what a linalg.generic computes ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GenericBody.h"

#include "ElementFunctions.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

LogicalResult GenericBody::bind(OpOperand &operand, Value tensor) {
  BlockArgument argument = op.getMatchingBlockArgument(&operand);
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!isa<RankedTensorType>(operand.get().getType())) {
    known[argument] = {tensor, {}, std::nullopt};
    return success();
  }
  FailureOr<LoopTensor> value = space.read(tensor, map);
  if (failed(value)) {
    // A diagonal: by the index of each dimension.
    SmallVector<LoopTensor> numbers, indices;
    for (size_t loop = 0; loop < space.sizes.size(); ++loop)
      numbers.push_back(space.index(loop));
    for (AffineExpr expression : map.getResults()) {
      FailureOr<LoopTensor> index = space.evaluate(expression, numbers, {});
      if (failed(index))
        return fail("an index of its operand has no form");
      indices.push_back(*index);
    }
    value = space.extract(tensor, indices);
  }
  if (failed(value))
    return fail("an operand is read in an order that has no form");
  known[argument] = *value;
  return success();
}

bool GenericBody::dependsOn(Value scalar, Value source) const {
  if (scalar == source)
    return true;
  Operation *producer = scalar.getDefiningOp();
  return producer && op->isProperAncestor(producer) &&
         llvm::any_of(producer->getOperands(), [&](Value operand) {
           return dependsOn(operand, source);
         });
}

LoopTensor GenericBody::elementwise(StringRef opType,
                                    ArrayRef<LoopTensor> operands) {
  SmallVector<int64_t> loops;
  SmallVector<Value> in = space.align(operands, loops);
  return {space.nb.elementwise(opType, in), loops, std::nullopt};
}

FailureOr<LoopTensor> GenericBody::apply(Operation *function,
                                         ArrayRef<LoopTensor> operands) {
  SmallVector<int64_t> loops;
  SmallVector<Value> in = space.align(operands, loops);
  FailureOr<Value> result = elementFunction(space.nb, function, in, reason);
  if (failed(result))
    return failure();
  return LoopTensor{*result, loops, std::nullopt};
}

FailureOr<LoopTensor> GenericBody::evaluate(Value scalar) {
  if (auto found = known.find(scalar); found != known.end())
    return found->second;
  Operation *producer = scalar.getDefiningOp();
  if (!producer || !op->isProperAncestor(producer)) {
    Value tensor = outside(scalar);
    if (!tensor)
      return fail("it uses a value from outside that has no form");
    return LoopTensor{tensor, {}, std::nullopt};
  }
  FailureOr<LoopTensor> value = evaluateOperation(producer);
  if (succeeded(value))
    known[scalar] = *value;
  return value;
}

FailureOr<LoopTensor> GenericBody::evaluateOperation(Operation *scalarOp) {
  if (scalarOp->getNumRegions() > 0)
    return fail("its body has '" + scalarOp->getName().getStringRef() + "'");
  if (auto index = dyn_cast<linalg::IndexOp>(scalarOp))
    return space.index(index.getDim());
  if (auto constant = dyn_cast<arith::ConstantOp>(scalarOp)) {
    Type element = tensorTypeFor(constant.getType()).getElementType();
    auto type = RankedTensorType::get({}, element);
    Attribute value = constant.getValue();
    if (constant.getType().isIndex())
      value = IntegerAttr::get(element, cast<IntegerAttr>(value).getInt());
    return LoopTensor{space.nb.constant(DenseElementsAttr::get(type, value)),
                      {},
                      std::nullopt};
  }
  bool isExtract = isa<tensor::ExtractOp>(scalarOp);
  SmallVector<LoopTensor> operands;
  for (Value operand : scalarOp->getOperands().drop_front(isExtract)) {
    FailureOr<LoopTensor> value = evaluate(operand);
    if (failed(value))
      return failure();
    operands.push_back(*value);
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(scalarOp)) {
    Value tensor = outside(extract.getTensor());
    if (!tensor)
      return fail("it reads a tensor that has no form");
    if (operands.empty())
      return LoopTensor{tensor, {}, std::nullopt};
    return space.extract(tensor, operands);
  }
  if (auto apply = dyn_cast<affine::AffineApplyOp>(scalarOp)) {
    AffineMap map = apply.getAffineMap();
    ArrayRef<LoopTensor> all = operands;
    return space.evaluate(map.getResult(0), all.take_front(map.getNumDims()),
                          all.drop_front(map.getNumDims()));
  }
  return apply(scalarOp, operands);
}
