//===- GenericReduction.cpp - reductions of linalg.generic ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GenericReduction.h"

#include "ElementFunctions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

namespace {

/// result = combine(result, summand), by an operation that ONNX reduces by.
struct Combination {
  Operation *function;
  Value summand;
  StringRef opType;
};

StringRef reductionBy(Operation *op) {
  bool isTruth = op->getResult(0).getType().isInteger(1);
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<arith::AddFOp>([](auto) { return "ReduceSum"; })
      .Case<arith::MulFOp>([](auto) { return "ReduceProd"; })
      .Case<arith::MaximumFOp>([](auto) { return "ReduceMax"; })
      .Case<arith::MinimumFOp>([](auto) { return "ReduceMin"; })
      .Case<arith::AddIOp>([&](auto) { return isTruth ? "" : "ReduceSum"; })
      .Case<arith::MulIOp>([&](auto) { return isTruth ? "" : "ReduceProd"; })
      .Case<arith::MaxSIOp>([&](auto) { return isTruth ? "" : "ReduceMax"; })
      .Case<arith::MinSIOp>([&](auto) { return isTruth ? "" : "ReduceMin"; })
      .Case<arith::AndIOp>([&](auto) { return isTruth ? "ReduceMin" : ""; })
      .Case<arith::OrIOp>([&](auto) { return isTruth ? "ReduceMax" : ""; })
      .Default([](auto) { return ""; });
}

class Reduction {
public:
  Reduction(linalg::GenericOp op, ValueRange operands, LoopSpace &space,
            GenericBody::Outside outside, std::string &reason)
      : op(op), operands(operands), space(space), nb(space.nb),
        outside(outside), body(space, op, outside), reason(reason) {
    SmallVector<unsigned> dims;
    op.getReductionDims(dims);
    reduced.assign(dims.begin(), dims.end());
  }

  LogicalResult run(SmallVectorImpl<Value> &results);

private:
  std::optional<Combination> combination(unsigned output);
  FailureOr<LoopTensor> reduce(const Combination &combination, AffineMap map);
  bool isNeutral(Value init, Operation *function);
  FailureOr<Value> reduceOutput(unsigned output,
                                const Combination &combination);
  LogicalResult loop(SmallVectorImpl<Value> &results);
  LogicalResult iterate(Value number, ValueRange carried,
                        SmallVectorImpl<Value> &next);
  SmallVector<int64_t> outputLoops(unsigned output);

  linalg::GenericOp op;
  ValueRange operands;
  LoopSpace &space;
  NodeBuilder &nb;
  GenericBody::Outside outside;
  GenericBody body;
  std::string &reason;
  SmallVector<int64_t> reduced;
};

std::optional<Combination> Reduction::combination(unsigned output) {
  Value scalar = op.getBody()->getTerminator()->getOperand(output);
  BlockArgument init =
      op.getMatchingBlockArgument(op.getDpsInitOperand(output));
  Operation *function = scalar.getDefiningOp();
  if (!function || function->getNumOperands() != 2 || !init.hasOneUse() ||
      !llvm::is_contained(function->getOperands(), init) || !scalar.hasOneUse())
    return std::nullopt;
  StringRef opType = reductionBy(function);
  Value summand = function->getOperand(function->getOperand(0) == init);
  if (opType.empty() || llvm::any_of(op.getRegionOutputArgs(), [&](Value arg) {
        return body.dependsOn(summand, arg);
      }))
    return std::nullopt;
  return Combination{function, summand, opType};
}

/// The element with which a combination changes nothing.
bool Reduction::isNeutral(Value init, Operation *function) {
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    init = fill.getInputs()[0];
  Attribute value;
  if (!matchPattern(init, m_Constant(&value)))
    return false;
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    value = dense.isSplat() ? dense.getSplatValue<Attribute>() : Attribute();
  if (auto real = dyn_cast_or_null<FloatAttr>(value)) {
    APFloat number = real.getValue();
    if (isa<arith::AddFOp>(function))
      return number.isZero();
    if (isa<arith::MulFOp>(function))
      return number.isExactlyValue(1);
    return number.isInfinity() &&
           number.isNegative() == isa<arith::MaximumFOp>(function);
  }
  auto integer = dyn_cast_or_null<IntegerAttr>(value);
  if (!integer)
    return false;
  APInt number = integer.getValue();
  if (isa<arith::AddIOp, arith::OrIOp>(function))
    return number.isZero();
  if (isa<arith::MulIOp>(function))
    return number.isOne();
  if (isa<arith::AndIOp>(function))
    return number.isAllOnes();
  return isa<arith::MaxSIOp>(function) ? number.isMinSignedValue()
                                       : number.isMaxSignedValue();
}

FailureOr<LoopTensor> Reduction::reduce(const Combination &combination,
                                        AffineMap map) {
  // A sum of products is a product of matrices.
  Operation *product = combination.summand.getDefiningOp();
  if (combination.opType == "ReduceSum" &&
      isa_and_nonnull<arith::MulFOp, arith::MulIOp>(product) &&
      op->isProperAncestor(product)) {
    FailureOr<LoopTensor> left = body.evaluate(product->getOperand(0)),
                          right = body.evaluate(product->getOperand(1));
    if (failed(left) || failed(right))
      return failure();
    if (nb.typeOf(left->tensor).getElementType().getIntOrFloatBitWidth() >= 16)
      if (auto result = matrixProduct(space, *left, *right, reduced, map))
        return *result;
  }
  FailureOr<LoopTensor> value = body.evaluate(combination.summand);
  if (failed(value))
    return failure();
  SmallVector<int64_t> loops(value->loops);
  for (int64_t loop : reduced)
    if (!value->dependsOn(loop))
      loops.push_back(loop);
  Value whole = space.full(*value, loops);
  Type element = nb.typeOf(whole).getElementType();
  bool isSmall =
      isa<IntegerType>(element) && element.getIntOrFloatBitWidth() < 32;
  SmallVector<int64_t> axes, rest;
  for (auto [axis, loop] : llvm::enumerate(loops)) {
    if (llvm::is_contained(reduced, loop))
      axes.push_back(axis);
    else
      rest.push_back(loop);
  }
  if (isSmall)
    whole = nb.cast(whole, nb.b.getI32Type());
  whole = nb.reduce(combination.opType, whole, axes, /*keep=*/false);
  return LoopTensor{nb.cast(whole, element), rest, std::nullopt};
}

FailureOr<Value> Reduction::reduceOutput(unsigned output,
                                         const Combination &combination) {
  OpOperand *init = op.getDpsInitOperand(output);
  AffineMap map = op.getMatchingIndexingMap(init);
  FailureOr<LoopTensor> sum = reduce(combination, map);
  if (failed(sum)) {
    reason = body.reason;
    return failure();
  }
  if (!isNeutral(init->get(), combination.function)) {
    FailureOr<LoopTensor> first =
        space.read(operands[init->getOperandNumber()], map);
    if (failed(first))
      return failure();
    sum = body.apply(combination.function, {*first, *sum});
    if (failed(sum)) {
      reason = body.reason;
      return failure();
    }
  }
  return space.write(*sum, map);
}

LogicalResult Reduction::run(SmallVectorImpl<Value> &results) {
  reason = "a result is written in an order that has no form";
  SmallVector<Combination> combinations;
  for (unsigned i = 0; i < op.getNumResults(); ++i)
    if (std::optional<Combination> found = combination(i))
      combinations.push_back(*found);
  if (combinations.size() < op.getNumResults())
    return loop(results);
  for (OpOperand *input : op.getDpsInputOperands())
    if (op.payloadUsesValueFromOperand(input) &&
        failed(body.bind(*input, operands[input->getOperandNumber()]))) {
      reason = body.reason;
      return failure();
    }
  for (auto [i, combination] : llvm::enumerate(combinations)) {
    FailureOr<Value> result = reduceOutput(i, combination);
    if (failed(result))
      return failure();
    results.push_back(*result);
  }
  return success();
}

SmallVector<int64_t> Reduction::outputLoops(unsigned output) {
  SmallVector<int64_t> loops;
  for (AffineExpr expression :
       op.getMatchingIndexingMap(op.getDpsInitOperand(output)).getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(expression))
      loops.push_back(dim.getPosition());
  return loops;
}

/// One iteration of the reduction: what the outputs become.
LogicalResult Reduction::iterate(Value number, ValueRange carried,
                                 SmallVectorImpl<Value> &next) {
  LoopSpace inner(nb, space.sizes);
  // The last loop runs fastest.
  for (int64_t loop : llvm::reverse(reduced)) {
    Value size = nb.value(space.sizes[loop]);
    bool isOnly = reduced.size() == 1;
    inner.fix(loop, isOnly ? number : floorRemainder(nb, number, size));
    if (!isOnly)
      number = floorDivide(nb, number, size);
  }
  GenericBody step(inner, op, outside);
  for (OpOperand *input : op.getDpsInputOperands())
    if (op.payloadUsesValueFromOperand(input) &&
        failed(step.bind(*input, operands[input->getOperandNumber()]))) {
      reason = step.reason;
      return failure();
    }
  for (auto [i, value] : llvm::enumerate(carried))
    step.bind(op.getRegionOutputArgs()[i],
              LoopTensor{value, outputLoops(i), std::nullopt});
  for (auto [i, scalar] :
       llvm::enumerate(op.getBody()->getTerminator()->getOperands())) {
    FailureOr<LoopTensor> value = step.evaluate(scalar);
    if (failed(value)) {
      reason = step.reason;
      return failure();
    }
    next.push_back(inner.full(*value, outputLoops(i)));
  }
  return success();
}

LogicalResult Reduction::loop(SmallVectorImpl<Value> &results) {
  OpFoldResult count = nb.size(1);
  for (int64_t loop : reduced)
    count = nb.multiply(count, space.sizes[loop]);
  Value truth = nb.scalar(nb.b.getI1Type(), 1);
  SmallVector<Value> inputs = {nb.value(count), truth};
  SmallVector<Type> types;
  for (unsigned i = 0; i < op.getNumResults(); ++i) {
    OpOperand *init = op.getDpsInitOperand(i);
    AffineMap map = op.getMatchingIndexingMap(init);
    FailureOr<LoopTensor> first =
        space.read(operands[init->getOperandNumber()], map);
    if (failed(first) || outputLoops(i).size() != map.getNumResults())
      return failure();
    inputs.push_back(first->tensor);
    types.push_back(first->tensor.getType());
  }
  onnx::NodeOp node = nb.nodeOp("Loop", inputs, types, {}, {"body"});
  OpBuilder::InsertionGuard guard(nb.b);
  SmallVector<Type> arguments = {nb.typeOf(inputs[0]), nb.typeOf(truth)};
  arguments.append(types);
  Block *block =
      nb.b.createBlock(&node.getSubgraphs()[0], {}, arguments,
                       SmallVector<Location>(arguments.size(), nb.loc));
  SmallVector<Value> next = {
      nb.node("Identity", block->getArgument(1), truth.getType())};
  if (failed(iterate(block->getArgument(0), block->getArguments().drop_front(2),
                     next)))
    return failure();
  onnx::YieldOp::create(nb.b, nb.loc, next);
  results.assign(node.getOutputs().begin(), node.getOutputs().end());
  return success();
}

} // namespace

LogicalResult tfc::toonnx::reduceGeneric(linalg::GenericOp op,
                                         ValueRange operands, LoopSpace &space,
                                         GenericBody::Outside outside,
                                         SmallVectorImpl<Value> &results,
                                         std::string &reason) {
  return Reduction(op, operands, space, outside, reason).run(results);
}
