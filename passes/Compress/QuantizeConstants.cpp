//===- QuantizeConstants.cpp - weights and biases in integers ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizeConstants.h"
#include "InputStatistics.h"
#include "QuantizationRange.h"
#include "tfc/Dialect/Attn/ConstantElements.h"

#include "mlir/IR/IRMapping.h"
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

/// One scale and no zero point, or one for each slice along a dimension.
struct Scales {
  SmallVector<double> values;
  std::optional<unsigned> axis;
};

class ConstantQuantizer {
public:
  ConstantQuantizer(func::FuncOp function, bool correctsBiases,
                    const KeptNodes &kept)
      : function(function), correctsBiases(correctsBiases), kept(kept),
        b(function.getContext()) {}

  void run();

private:
  void quantizeProduct(Operation *op, const Contraction &contraction);
  std::optional<Scales> quantizeWeights(OpOperand &operand,
                                        std::optional<unsigned> axis,
                                        ArrayRef<double> floors);
  void quantizeBias(OpOperand &operand, const Scales &weights, double scale);
  void quantizeOther(OpOperand &operand);
  /// Adds what `weight` was more than it is now, times E[x], to the bias.
  void correctBias(attn::LinearOp layer, const Eigen::MatrixXd &weight);
  void addToBias(attn::LinearOp layer, const Eigen::VectorXd &correction);
  /// What each scale of weights must be at least, for `bias` to fit 32 bits.
  SmallVector<double> floorsOf(OpOperand *bias, double scale);
  OpOperand *biasOf(Operation *op);

  Value dequantized(Location loc, Value constant, ElementsAttr integers,
                    quant::QuantizedType type);

  func::FuncOp function;
  bool correctsBiases;
  const KeptNodes &kept;
  OpBuilder b;
};

} // namespace

/// Dimension `axis` of `value` where its constant has it; none where a reshape
/// splits or joins it, or where something else than a move is between.
static std::optional<unsigned> axisOfRoot(Value value, unsigned axis) {
  while (Operation *op = value.getDefiningOp()) {
    if (op->hasTrait<OpTrait::ConstantLike>())
      return axis;
    if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
      axis = transpose.getPermutation()[axis];
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      unsigned from = 0;
      for (auto [i, group] : llvm::enumerate(expand.getReassociationIndices()))
        if (llvm::is_contained(group, axis))
          from = i;
      if (expand.getSrcType().getDimSize(from) !=
          expand.getResultType().getDimSize(axis))
        return std::nullopt;
      axis = from;
    } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      std::optional<unsigned> from;
      for (int64_t i : collapse.getReassociationIndices()[axis])
        if (collapse.getSrcType().getDimSize(i) ==
            collapse.getResultType().getDimSize(axis))
          from = i;
      if (!from)
        return std::nullopt;
      axis = *from;
    } else if (!isa<tensor::CastOp>(op)) {
      return std::nullopt;
    }
    value = op->getOperand(0);
  }
  return std::nullopt;
}

/// The slice along `axis` that element `i` of a tensor of `shape` is in.
static size_t sliceOf(size_t i, ArrayRef<int64_t> shape, unsigned axis) {
  int64_t inside = 1;
  for (int64_t size : shape.drop_front(axis + 1))
    inside *= size;
  return i / inside % shape[axis];
}

static quant::QuantizedType typeOf(MLIRContext *context, const Scales &scales,
                                   unsigned bits) {
  auto storage = IntegerType::get(context, bits);
  Type expressed = Float32Type::get(context);
  int64_t least = quant::QuantizedType::getDefaultMinimumForInteger(true, bits),
          most = quant::QuantizedType::getDefaultMaximumForInteger(true, bits);
  unsigned isSigned = quant::QuantizationFlags::Signed;
  if (!scales.axis)
    return quant::UniformQuantizedType::get(
        isSigned, storage, expressed, scales.values.front(), 0, least, most);
  return quant::UniformQuantizedPerAxisType::get(
      isSigned, storage, expressed, scales.values,
      SmallVector<int64_t>(scales.values.size(), 0), *scales.axis, least, most);
}

Value ConstantQuantizer::dequantized(Location loc, Value constant,
                                     ElementsAttr integers,
                                     quant::QuantizedType type) {
  auto shape = cast<RankedTensorType>(constant.getType());
  Value stored = arith::ConstantOp::create(b, loc, integers);
  Value init =
      tensor::EmptyOp::create(b, loc, shape.getShape(), shape.getElementType());
  return attn::DequantizeOp::create(b, loc, shape, stored, init, type)
      .getResult();
}

/// Puts `root` in the place of the constant that `operand` is a move of.
static void replaceRoot(OpBuilder &b, OpOperand &operand, Value root) {
  SmallVector<Operation *> moves;
  for (Value value = operand.get(); isMove(value.getDefiningOp());
       value = value.getDefiningOp()->getOperand(0))
    moves.push_back(value.getDefiningOp());
  for (Operation *move : llvm::reverse(moves)) {
    IRMapping mapping;
    mapping.map(move->getOperand(0), root);
    root = b.clone(*move, mapping)->getResult(0);
  }
  operand.set(root);
}

std::optional<Scales> ConstantQuantizer::quantizeWeights(
    OpOperand &operand, std::optional<unsigned> axis, ArrayRef<double> floors) {
  Value root = rootOf(operand.get());
  std::optional<std::vector<float>> numbers = numbersOf(root);
  if (!numbers)
    return std::nullopt;
  auto type = cast<RankedTensorType>(root.getType());
  Scales scales;
  if (axis)
    scales.axis = axisOfRoot(operand.get(), *axis);
  size_t slices = scales.axis ? type.getDimSize(*scales.axis) : 1;
  auto slice = [&](size_t i) {
    return scales.axis ? sliceOf(i, type.getShape(), *scales.axis) : 0;
  };
  SmallVector<double> greatest(slices, 0);
  for (auto [i, number] : llvm::enumerate(*numbers)) {
    if (!std::isfinite(number))
      return std::nullopt;
    double &most = greatest[slice(i)];
    most = std::max(most, std::abs(static_cast<double>(number)));
  }
  double whole = numbers->empty() ? 0 : *llvm::max_element(greatest);
  for (size_t s = 0; s < slices; ++s) {
    // A channel of zeros has the scale of the others.
    double most = greatest[s] > 0 ? greatest[s] : whole > 0 ? whole : 1;
    double least = floors.size() == slices ? floors[s]
                   : floors.empty()        ? 0
                                           : *llvm::max_element(floors);
    scales.values.push_back(scaleOfF32(std::max(most / 127, least)));
  }
  std::vector<int8_t> integers;
  integers.reserve(numbers->size());
  for (auto [i, number] : llvm::enumerate(*numbers))
    integers.push_back(static_cast<int8_t>(std::clamp(
        std::nearbyint(number / scales.values[slice(i)]), -127.0, 127.0)));
  b.setInsertionPoint(operand.getOwner());
  auto stored = DenseElementsAttr::get(
      RankedTensorType::get(type.getShape(), b.getI8Type()),
      ArrayRef(integers));
  replaceRoot(b, operand,
              dequantized(operand.getOwner()->getLoc(), root, stored,
                          typeOf(b.getContext(), scales, 8)));
  return scales;
}

/// The dimension of a constant that is not 1, if it is one; 0 for others.
static std::optional<unsigned> onlyDimension(RankedTensorType type) {
  std::optional<unsigned> found;
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    if (size == 1)
      continue;
    if (found)
      return std::nullopt;
    found = i;
  }
  return type.getRank() == 0 ? std::nullopt : std::optional(found.value_or(0));
}

OpOperand *ConstantQuantizer::biasOf(Operation *op) {
  if (auto linear = dyn_cast<attn::LinearOp>(op)) {
    MutableOperandRange bias = linear.getBiasMutable();
    if (!bias.empty())
      return &bias[0];
  }
  if (!op->hasOneUse())
    return nullptr;
  OpOperand &use = *op->use_begin();
  linalg::GenericOp add = elementwise(use.getOwner());
  if (!add || add.getNumDpsInputs() != 2 || use.getOperandNumber() > 1 ||
      !isa_and_nonnull<arith::AddFOp>(onlyOperation(add)))
    return nullptr;
  return add.getDpsInputOperand(1 - use.getOperandNumber());
}

SmallVector<double> ConstantQuantizer::floorsOf(OpOperand *bias, double scale) {
  SmallVector<double> floors;
  std::optional<std::vector<float>> numbers =
      bias ? numbersOf(bias->get()) : std::nullopt;
  if (numbers)
    for (float number : *numbers)
      floors.push_back(std::abs(static_cast<double>(number)) /
                       (scale * (1 << 30)));
  return floors;
}

void ConstantQuantizer::quantizeBias(OpOperand &operand, const Scales &weights,
                                     double scale) {
  std::optional<std::vector<float>> numbers = numbersOf(operand.get());
  if (!numbers)
    return;
  auto type = cast<RankedTensorType>(operand.get().getType());
  Scales scales;
  for (double weight : weights.values)
    scales.values.push_back(scaleOfF32(weight * scale));
  std::optional<unsigned> axis = onlyDimension(type);
  if (scales.values.size() > 1) {
    if (!axis ||
        type.getDimSize(*axis) != static_cast<int64_t>(scales.values.size()))
      return;
    scales.axis = axis;
  }
  SmallVector<int32_t> integers;
  for (auto [i, number] : llvm::enumerate(*numbers)) {
    double step = scales.values[scales.axis ? i : 0];
    double integer = std::nearbyint(number / step);
    if (!(std::abs(integer) < 2147483647.0))
      return;
    integers.push_back(static_cast<int32_t>(integer));
  }
  b.setInsertionPoint(operand.getOwner());
  auto stored = DenseElementsAttr::get(
      RankedTensorType::get(type.getShape(), b.getI32Type()),
      ArrayRef(integers));
  operand.set(dequantized(operand.getOwner()->getLoc(), operand.get(), stored,
                          typeOf(b.getContext(), scales, 32)));
}

/// The scale of what `value` is a move of, where that is dequantised.
static std::optional<double> scaleOf(Value value) {
  auto dequantize = rootOf(value).getDefiningOp<attn::DequantizeOp>();
  auto type =
      dequantize
          ? dyn_cast<quant::UniformQuantizedType>(dequantize.getQuantizedType())
          : quant::UniformQuantizedType();
  if (!type)
    return std::nullopt;
  return type.getScale();
}

void ConstantQuantizer::quantizeProduct(Operation *op,
                                        const Contraction &contraction) {
  OpOperand *weights = contraction.y, *x = contraction.x;
  Contraction seen = contraction;
  if (!isConstantValue(weights->get())) {
    std::swap(weights, x);
    std::swap(seen.xMap, seen.yMap);
  }
  std::optional<double> scale = scaleOf(x->get());
  if (!scale || !isConstantValue(weights->get()))
    return;
  OpOperand *bias = biasOf(op);
  auto layer = correctsBiases ? dyn_cast<attn::LinearOp>(op) : attn::LinearOp();
  std::optional<Eigen::MatrixXd> weight =
      layer ? weightOf(layer) : std::nullopt;
  std::optional<Scales> scales =
      quantizeWeights(*weights, seen.columnsOfY(), floorsOf(bias, *scale));
  if (scales && weight) {
    correctBias(layer, *weight);
    bias = biasOf(op);
  }
  if (scales && bias)
    quantizeBias(*bias, *scales, *scale);
}

/// The weight of `layer`, [K, N], of integers with a scale for each column.
static std::optional<Eigen::MatrixXd>
dequantizedWeightOf(attn::LinearOp layer) {
  auto dequantize = layer.getWeight().getDefiningOp<attn::DequantizeOp>();
  ElementsAttr stored;
  if (!dequantize || !matchPattern(dequantize.getX(), m_Constant(&stored)))
    return std::nullopt;
  std::optional<std::vector<int8_t>> integers =
      attn::constantElements<int8_t>(stored);
  auto one =
      dyn_cast<quant::UniformQuantizedType>(dequantize.getQuantizedType());
  auto slices = dyn_cast<quant::UniformQuantizedPerAxisType>(
      dequantize.getQuantizedType());
  if (!integers || (!one && !slices))
    return std::nullopt;
  ArrayRef<int64_t> shape = stored.getShapedType().getShape();
  Eigen::MatrixXd weight(shape[0], shape[1]);
  for (auto [i, integer] : llvm::enumerate(*integers)) {
    double scale = one ? one.getScale()
                       : slices.getScales()[sliceOf(
                             i, shape, slices.getQuantizedDimension())];
    weight(i / shape[1], i % shape[1]) = integer * scale;
  }
  if (layer.getTransposeWeight())
    weight.transposeInPlace();
  return weight;
}

void ConstantQuantizer::correctBias(attn::LinearOp layer,
                                    const Eigen::MatrixXd &weight) {
  FailureOr<std::optional<InputStatistics>> input = inputStatistics(layer);
  std::optional<Eigen::MatrixXd> now = dequantizedWeightOf(layer);
  if (succeeded(input) && input->has_value() && now)
    addToBias(layer, (weight - *now).transpose() * (*input)->mean);
}

void ConstantQuantizer::addToBias(attn::LinearOp layer,
                                  const Eigen::VectorXd &correction) {
  OpOperand *operand = biasOf(layer);
  b.setInsertionPoint(layer);
  if (!operand) {
    layer.getBiasMutable().assign(
        constantOf(b, layer.getLoc(), correction, "corrected.bias"));
    return;
  }
  std::optional<std::vector<float>> numbers = numbersOf(operand->get());
  if (!numbers || int64_t(numbers->size()) != correction.size())
    return;
  SmallVector<float> corrected;
  for (auto [number, more] : llvm::zip(*numbers, correction))
    corrected.push_back(static_cast<float>(number + more));
  b.setInsertionPoint(operand->getOwner());
  operand->set(arith::ConstantOp::create(
      b, layer.getLoc(),
      DenseElementsAttr::get(cast<RankedTensorType>(operand->get().getType()),
                             ArrayRef<float>(corrected))));
}

/// A constant beside an activation: a scale and a zero point, as that has.
void ConstantQuantizer::quantizeOther(OpOperand &operand) {
  Value root = rootOf(operand.get());
  std::optional<std::vector<float>> numbers = numbersOf(root);
  if (!numbers || numbers->empty() ||
      !llvm::all_of(*numbers, [](float x) { return std::isfinite(x); }))
    return;
  auto [least, most] = std::minmax_element(numbers->begin(), numbers->end());
  quant::UniformQuantizedType quantized =
      int8TypeOfRange(b.getContext(), *least, *most);
  auto scale = static_cast<float>(quantized.getScale());
  std::vector<int8_t> integers;
  integers.reserve(numbers->size());
  for (float number : *numbers)
    integers.push_back(static_cast<int8_t>(
        std::clamp<double>(std::nearbyint(number / scale) +
                               static_cast<double>(quantized.getZeroPoint()),
                           -128.0, 127.0)));
  b.setInsertionPoint(operand.getOwner());
  auto type = cast<RankedTensorType>(root.getType());
  auto stored = DenseElementsAttr::get(
      RankedTensorType::get(type.getShape(), b.getI8Type()),
      ArrayRef(integers));
  replaceRoot(
      b, operand,
      dequantized(operand.getOwner()->getLoc(), root, stored, quantized));
}

void ConstantQuantizer::run() {
  SmallVector<Operation *> all;
  for (Operation &op : function.front())
    if (!kept.isKept(&op))
      all.push_back(&op);
  for (Operation *op : all)
    if (std::optional<Contraction> contraction = contractionOf(op))
      quantizeProduct(op, *contraction);
  for (Operation *op : all) {
    linalg::GenericOp generic = elementwise(op);
    // Of two tensors; a number is part of a function.
    if (!generic || generic.getNumDpsInputs() != 2 ||
        !isa_and_nonnull<arith::AddFOp, arith::SubFOp, arith::MulFOp>(
            onlyOperation(generic)))
      continue;
    for (unsigned i : {0u, 1u}) {
      Value constant = generic.getInputs()[i];
      if (isReal(constant) && isConstantValue(constant) &&
          !uniformNumber(constant) && scaleOf(generic.getInputs()[1 - i]))
        quantizeOther(*generic.getDpsInputOperand(i));
    }
  }
}

void tfc::compress::quantizeConstants(func::FuncOp function,
                                      bool correctsBiases,
                                      const KeptNodes &kept) {
  ConstantQuantizer(function, correctsBiases, kept).run();
}
