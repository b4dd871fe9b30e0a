//===- SiteGraph.cpp - what operations are to quantisation ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SiteGraph.h"

#include "tfc/Dialect/Attn/ConstantElements.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

bool tfc::compress::isReal(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

/// Whether `fill` beside the elements of `op` is nothing that a scale has to
/// hold: 0, or -infinity that is only compared with them.
static bool isNeutral(Operation *op, Value fill) {
  FloatAttr number;
  if (!fill || !matchPattern(fill, m_Constant(&number)))
    return false;
  const APFloat &value = number.getValue();
  return value.isZero() ||
         (value.isInfinity() && value.isNegative() && !op->use_empty() &&
          llvm::all_of(op->getUsers(), isGreatest));
}

bool tfc::compress::isMove(Operation *op) {
  if (auto pad = dyn_cast_or_null<tensor::PadOp>(op))
    return isNeutral(op, pad.getConstantPaddingValue());
  if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op)) {
    auto fill = insert.getDest().getDefiningOp<linalg::FillOp>();
    return fill && isNeutral(op, fill.getInputs()[0]);
  }
  return isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
                         tensor::CastOp, tensor::ExtractSliceOp,
                         linalg::TransposeOp, linalg::BroadcastOp>(op);
}

Value tfc::compress::rootOf(Value value) {
  while (isMove(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

bool tfc::compress::isConstantValue(Value value) {
  Operation *op = rootOf(value).getDefiningOp();
  if (!op)
    return false;
  if (op->hasTrait<OpTrait::ConstantLike>())
    return true;
  if (isa<linalg::FillOp>(op))
    return isConstantValue(op->getOperand(0));
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && isCopy(generic) && isConstantValue(generic.getInputs()[0]);
}

std::optional<std::vector<float>> tfc::compress::numbersOf(Value value) {
  ElementsAttr constant;
  if (!isReal(value) || !matchPattern(value, m_Constant(&constant)))
    return std::nullopt;
  return attn::constantElements<float>(constant);
}

std::optional<float> tfc::compress::uniformNumber(Value value) {
  Operation *op = value.getDefiningOp();
  // Zeros beside are another number.
  while (isMove(op) && !isa<tensor::PadOp, tensor::InsertSliceOp>(op))
    op = op->getOperand(0).getDefiningOp();
  if (auto fill = dyn_cast_or_null<linalg::FillOp>(op)) {
    FloatAttr number;
    if (matchPattern(fill.getInputs()[0], m_Constant(&number)))
      return number.getValue().convertToFloat();
    return std::nullopt;
  }
  auto type = op ? dyn_cast<RankedTensorType>(op->getResult(0).getType())
                 : RankedTensorType();
  DenseElementsAttr dense;
  if (!type || !type.hasStaticShape() ||
      (type.getNumElements() != 1 &&
       !(matchPattern(op->getResult(0), m_Constant(&dense)) &&
         dense.isSplat())))
    return std::nullopt;
  std::optional<std::vector<float>> numbers = numbersOf(op->getResult(0));
  if (!numbers || numbers->empty())
    return std::nullopt;
  return numbers->front();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

std::optional<unsigned> Contraction::columnsOfY() const {
  std::optional<unsigned> found;
  for (auto [i, expression] : llvm::enumerate(yMap.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expression);
    if (!dim || !outMap.isFunctionOfDim(dim.getPosition()) ||
        xMap.isFunctionOfDim(dim.getPosition()))
      continue;
    if (found)
      return std::nullopt;
    found = i;
  }
  return found;
}

static Contraction contractionOfLinear(attn::LinearOp op) {
  MLIRContext *context = op.getContext();
  unsigned rank = cast<ShapedType>(op.getX().getType()).getRank();
  AffineExpr column = getAffineDimExpr(rank - 1, context),
             depth = getAffineDimExpr(rank, context);
  SmallVector<AffineExpr> x, out;
  for (unsigned d = 0; d + 1 < rank; ++d)
    x.push_back(getAffineDimExpr(d, context));
  out = x;
  x.push_back(depth);
  out.push_back(column);
  SmallVector<AffineExpr> y = {depth, column};
  if (op.getTransposeWeight())
    std::swap(y[0], y[1]);
  auto map = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(rank + 1, 0, results, context);
  };
  return {&op.getXMutable(), &op.getWeightMutable(), map(x), map(y), map(out)};
}

/// Whether the body is out + x * y.
static bool multipliesAndAdds(Block &body) {
  if (body.getNumArguments() != 3 ||
      llvm::range_size(body.without_terminator()) != 2)
    return false;
  auto multiply = dyn_cast<arith::MulFOp>(body.front());
  auto add = dyn_cast<arith::AddFOp>(*std::next(body.begin()));
  auto are = [](Operation *op, Value a, Value b) {
    return (op->getOperand(0) == a && op->getOperand(1) == b) ||
           (op->getOperand(0) == b && op->getOperand(1) == a);
  };
  return multiply && add &&
         are(multiply, body.getArgument(0), body.getArgument(1)) &&
         are(add, multiply.getResult(), body.getArgument(2)) &&
         body.getTerminator()->getOperand(0) == add.getResult();
}

std::optional<Contraction> tfc::compress::contractionOf(Operation *op) {
  if (auto linear = dyn_cast_or_null<attn::LinearOp>(op)) {
    if (!linear.getResult() || !isReal(linear.getResult()) ||
        linear.getActivation() != attn::Activation::None)
      return std::nullopt;
    return contractionOfLinear(linear);
  }
  auto product = dyn_cast_or_null<linalg::LinalgOp>(op);
  if (!product || product.getNumDpsInputs() != 2 || op->getNumResults() != 1 ||
      product.getNumReductionLoops() == 0 || !isReal(op->getResult(0)) ||
      !multipliesAndAdds(*product.getBlock()))
    return std::nullopt;
  SmallVector<AffineMap> maps = product.getIndexingMapsArray();
  return Contraction{product.getDpsInputOperand(0),
                     product.getDpsInputOperand(1), maps[0], maps[1], maps[2]};
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

linalg::GenericOp tfc::compress::elementwise(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!generic || generic.getNumResults() != 1 ||
      generic.getNumDpsInits() != 1 || !isReal(generic.getResult(0)) ||
      generic.getNumReductionLoops() != 0)
    return {};
  OpOperand *init = generic.getDpsInitOperand(0);
  if (!generic.getMatchingIndexingMap(init).isIdentity() ||
      generic.payloadUsesValueFromOperand(init))
    return {};
  return generic;
}

Operation *tfc::compress::onlyOperation(linalg::GenericOp op) {
  Operation *found = nullptr;
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (inner.hasTrait<OpTrait::ConstantLike>())
      continue;
    if (found)
      return nullptr;
    found = &inner;
  }
  Operation *end = op.getBody()->getTerminator();
  return found && found->getNumResults() == 1 && end->getNumOperands() == 1 &&
                 end->getOperand(0) == found->getResult(0)
             ? found
             : nullptr;
}

std::optional<float> tfc::compress::uniformOperand(linalg::GenericOp op,
                                                   Value scalar) {
  FloatAttr constant;
  if (matchPattern(scalar, m_Constant(&constant)))
    return constant.getValue().convertToFloat();
  auto argument = dyn_cast<BlockArgument>(scalar);
  if (!argument || argument.getOwner() != op.getBody() ||
      argument.getArgNumber() >= op.getNumDpsInputs())
    return std::nullopt;
  Value input = op.getInputs()[argument.getArgNumber()];
  return isReal(input) ? uniformNumber(input) : std::nullopt;
}

bool tfc::compress::isCopy(linalg::GenericOp op) {
  Block *body = op.getBody();
  return elementwise(op) && op.getNumDpsInputs() == 1 &&
         body->without_terminator().empty() &&
         body->getTerminator()->getOperand(0) == body->getArgument(0);
}

template <typename... Inner>
static bool reducesBy(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!generic || generic.getNumResults() != 1 ||
      generic.getNumDpsInits() != 1 || !isReal(generic.getResult(0)) ||
      generic.getNumReductionLoops() == 0 || generic.getNumDpsInputs() < 1)
    return false;
  // A second input, never read, is the window of a pooling.
  for (OpOperand *input : generic.getDpsInputOperands())
    if (input->getOperandNumber() > 0 &&
        generic.payloadUsesValueFromOperand(input))
      return false;
  return isa_and_nonnull<Inner...>(onlyOperation(generic));
}

bool tfc::compress::isSum(Operation *op) {
  return reducesBy<arith::AddFOp>(op);
}

bool tfc::compress::isGreatest(Operation *op) {
  return reducesBy<arith::MaximumFOp, arith::MaxNumFOp>(op);
}

//===----------------------------------------------------------------------===//
// Softmax and means
//===----------------------------------------------------------------------===//

/// The operation that `value` is, through reshapes, which `passed` collects.
static Operation *pastReshapes(Value value,
                               SmallVectorImpl<Operation *> &passed) {
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
      value.getDefiningOp())) {
    passed.push_back(value.getDefiningOp());
    value = value.getDefiningOp()->getOperand(0);
  }
  return value.getDefiningOp();
}

/// Whether all of the last dimension goes into one element.
static bool isOverRows(Operation *op) {
  auto generic = cast<linalg::GenericOp>(op);
  return generic.getNumReductionLoops() == 1 &&
         generic.getIteratorTypesArray().back() ==
             utils::IteratorType::reduction &&
         generic.getMatchingIndexingMap(generic.getDpsInputOperand(0))
             .isIdentity();
}

std::optional<Softmax> tfc::compress::softmaxOf(Operation *op) {
  auto divide = elementwise(op);
  if (!divide || divide.getNumDpsInputs() != 2 ||
      !isa_and_nonnull<arith::DivFOp>(onlyOperation(divide)))
    return std::nullopt;
  Softmax result;
  auto powers = divide.getInputs()[0].getDefiningOp<linalg::GenericOp>();
  Operation *sum = pastReshapes(divide.getInputs()[1], result.inner);
  if (!powers || !isSum(sum) || sum->getOperand(0) != powers.getResult(0) ||
      !isOverRows(sum))
    return std::nullopt;
  // exp(x - most) is two operations, or one of both.
  linalg::GenericOp below = powers;
  if (isa_and_nonnull<math::ExpOp>(onlyOperation(powers))) {
    below = powers.getInputs()[0].getDefiningOp<linalg::GenericOp>();
    if (!below || !isa_and_nonnull<arith::SubFOp>(onlyOperation(below)))
      return std::nullopt;
  } else {
    auto body = powers.getBody()->without_terminator();
    if (llvm::range_size(body) != 2 || !isa<arith::SubFOp>(*body.begin()) ||
        !isa<math::ExpOp>(*std::next(body.begin())))
      return std::nullopt;
  }
  if (below.getNumDpsInputs() != 2)
    return std::nullopt;
  Operation *most = pastReshapes(below.getInputs()[1], result.inner);
  if (!isGreatest(most) || most->getOperand(0) != below.getInputs()[0] ||
      !isOverRows(most))
    return std::nullopt;
  result.input = below.getInputs()[0];
  for (Operation *inner :
       {most, sum, powers.getOperation(), below.getOperation()})
    if (!llvm::is_contained(result.inner, inner))
      result.inner.push_back(inner);
  return result;
}

std::optional<Mean> tfc::compress::meanOf(Operation *op) {
  auto divide = elementwise(op);
  if (!divide || divide.getNumDpsInputs() == 0)
    return std::nullopt;
  Operation *inner = onlyOperation(divide);
  if (!isa_and_nonnull<arith::DivFOp, arith::MulFOp>(inner))
    return std::nullopt;
  if (inner->getOperand(0) != divide.getBody()->getArgument(0) ||
      !uniformOperand(divide, inner->getOperand(1)))
    return std::nullopt;
  SmallVector<Operation *> passed;
  Operation *sum = pastReshapes(divide.getInputs()[0], passed);
  passed.push_back(sum);
  if (!isSum(sum) || cast<linalg::GenericOp>(sum).getNumDpsInputs() != 1 ||
      !llvm::all_of(passed, [](Operation *each) { return each->hasOneUse(); }))
    return std::nullopt;
  return Mean{sum, sum->getOperand(0)};
}
