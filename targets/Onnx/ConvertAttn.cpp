//===- ConvertAttn.cpp - attn to ONNX ---------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementFunctions.h"
#include "Patterns.h"

#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Dialect/Attn/ConstantElements.h"

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

/// Of an operation's `init`; others keep sums in f32, which nodes do not say.
static bool isF32(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return type && type.getElementType().isF32();
}

bool tfc::toonnx::hasOwnForm(Operation *op) {
  if (op->getNumResults() != 1)
    return false;
  if (isa<attn::QuantizeOp, attn::DequantizeOp>(op))
    return true;
  if (!isF32(op))
    return false;
  if (auto norm = dyn_cast<attn::NormOp>(op)) {
    auto type = cast<RankedTensorType>(norm.getX().getType());
    return norm.getKind() == attn::NormKind::Rms || norm.getScale() ||
           !ShapedType::isDynamicShape(
               type.getShape().drop_front(norm.getAxis()));
  }
  if (auto embed = dyn_cast<attn::PatchEmbedOp>(op))
    return cast<RankedTensorType>(embed.getWeight().getType()).hasStaticShape();
  return isa<attn::LinearOp>(op);
}

namespace {

Value activate(NodeBuilder &nb, Value x, attn::Activation activation) {
  switch (activation) {
  case attn::Activation::None:
    return x;
  case attn::Activation::Relu:
    return nb.node("Relu", x, x.getType());
  case attn::Activation::GeluErf:
    return nb.node("Gelu", x, x.getType());
  case attn::Activation::GeluTanh:
    return nb.node(
        "Gelu", x, x.getType(),
        nb.b.getNamedAttr("approximate", nb.b.getStringAttr("tanh")));
  case attn::Activation::Silu:
    return nb.elementwise("Mul", {x, nb.node("Sigmoid", x, x.getType())});
  }
  return x;
}

struct LinearPattern : public NodePattern<attn::LinearOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(attn::LinearOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!hasOwnForm(op))
      return refuse(rewriter, op, "its elements are not f32");
    NodeBuilder nb(rewriter, op.getLoc());
    Value weight = adaptor.getWeight();
    if (op.getTransposeWeight())
      weight = nb.transpose(weight, {1, 0});
    Value result =
        nb.node("MatMul", {adaptor.getX(), weight}, op.getResult().getType());
    if (Value bias = adaptor.getBias())
      result = nb.elementwise("Add", {result, bias});
    replace(rewriter, op, activate(nb, result, op.getActivation()));
    return success();
  }
};

struct NormPattern : public NodePattern<attn::NormOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(attn::NormOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!hasOwnForm(op))
      return refuse(rewriter, op, "its elements are not f32");
    NodeBuilder nb(rewriter, op.getLoc());
    auto type = cast<RankedTensorType>(op.getX().getType());
    Value scale = adaptor.getScale(), bias = adaptor.getBias();
    if (op.getKind() == attn::NormKind::Rms) {
      replace(rewriter, op, rootMeanSquare(nb, op, adaptor));
      return success();
    }
    if (!scale) {
      auto row = RankedTensorType::get(type.getShape().drop_front(op.getAxis()),
                                       type.getElementType());
      scale =
          nb.constant(DenseElementsAttr::get(row, rewriter.getF32FloatAttr(1)));
    }
    SmallVector<Value> inputs = {adaptor.getX(), scale};
    if (bias)
      inputs.push_back(bias);
    NamedAttribute epsilon = rewriter.getNamedAttr(
        "epsilon", rewriter.getF32FloatAttr(op.getEpsilon().convertToDouble()));
    replace(rewriter, op,
            nb.node("LayerNormalization", inputs, type,
                    {nb.integer("axis", op.getAxis()), epsilon}));
    return success();
  }

private:
  static Value rootMeanSquare(NodeBuilder &nb, attn::NormOp op,
                              OpAdaptor adaptor) {
    Value x = adaptor.getX();
    int64_t rank = cast<RankedTensorType>(op.getX().getType()).getRank();
    SmallVector<int64_t> axes =
        llvm::to_vector(llvm::seq<int64_t>(op.getAxis(), rank));
    Value squares = nb.elementwise("Mul", {x, x});
    Value mean = nb.reduce("ReduceMean", squares, axes, /*keep=*/true);
    Value epsilon =
        nb.scalar(nb.b.getF32Type(), op.getEpsilon().convertToDouble());
    Value root = nb.elementwise("Sqrt", nb.elementwise("Add", {mean, epsilon}));
    Value result = nb.elementwise("Div", {x, root});
    if (Value scale = adaptor.getScale())
      result = nb.elementwise("Mul", {result, scale});
    if (Value bias = adaptor.getBias())
      result = nb.elementwise("Add", {result, bias});
    return result;
  }
};

struct PatchEmbedPattern : public NodePattern<attn::PatchEmbedOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(attn::PatchEmbedOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!hasOwnForm(op))
      return refuse(rewriter, op,
                    "its elements are not f32, or a patch's size is open");
    NodeBuilder nb(rewriter, op.getLoc());
    auto image = cast<RankedTensorType>(op.getImage().getType());
    auto weight = cast<RankedTensorType>(op.getWeight().getType());
    SmallVector<int64_t> patch(weight.getShape().drop_front(2));
    int64_t features = weight.getDimSize(0);
    auto grid = [&](int64_t axis) {
      int64_t size = image.getDimSize(axis);
      return ShapedType::isDynamic(size) ? size : size / patch[axis - 2];
    };
    SmallVector<Value> inputs = {adaptor.getImage(), adaptor.getWeight()};
    if (adaptor.getBias())
      inputs.push_back(adaptor.getBias());
    Value tokens = nb.node(
        "Conv", inputs,
        RankedTensorType::get({image.getDimSize(0), features, grid(2), grid(3)},
                              image.getElementType()),
        {nb.integers("kernel_shape", patch), nb.integers("strides", patch)});
    // The batch as it is, the grid as one dimension.
    Value flat = nb.node(
        "Reshape", {tokens, nb.list(ArrayRef<int64_t>{0, features, -1})},
        RankedTensorType::get(
            {image.getDimSize(0), features,
             cast<RankedTensorType>(op.getInit().getType()).getDimSize(1)},
            image.getElementType()));
    replace(rewriter, op, nb.transpose(flat, {0, 2, 1}));
    return success();
  }
};

/// Scale and zero point, the latter null where integers have 32 bits.
struct Grid {
  Value scale, zeroPoint;
  SmallVector<NamedAttribute> attributes;
  Type storage;
};

/// The attributes of blocks along one dimension, which are all that ONNX has.
LogicalResult blockedGrid(NodeBuilder &nb,
                          quant::UniformQuantizedSubChannelType type,
                          Grid &grid) {
  ArrayRef<int64_t> counts = type.getScales().getType().getShape();
  std::optional<std::pair<int64_t, int64_t>> blocked;
  SmallVector<bool> isListed(counts.size(), false);
  for (auto [dim, size] : type.getBlockSizeInfo()) {
    isListed[dim] = true;
    if (size == 1)
      continue;
    if (blocked)
      return failure();
    blocked = {dim, size};
  }
  // Dimensions that share one scale.
  if (!blocked || !llvm::all_of(isListed, [](bool listed) { return listed; }))
    return failure();
  grid.attributes.push_back(nb.integer("axis", blocked->first));
  grid.attributes.push_back(nb.integer("block_size", blocked->second));
  return success();
}

/// A constant of `element`, whose numbers lie in a byte each.
FailureOr<Value> narrowed(NodeBuilder &nb, Value bytes, Type element) {
  auto initializer = bytes.getDefiningOp<onnx::InitializerOp>();
  auto numbers = initializer ? dyn_cast<ElementsAttr>(initializer.getValue())
                             : ElementsAttr();
  std::optional<std::vector<int8_t>> integers =
      numbers ? attn::constantElements<int8_t>(numbers) : std::nullopt;
  if (!integers)
    return failure();
  auto type = cast<RankedTensorType>(bytes.getType()).clone(element);
  return nb.constant(DenseResourceElementsAttr::get(
      type, "narrow",
      HeapAsmResourceBlob::allocateAndCopyInferAlign(
          ArrayRef<int8_t>(*integers), /*dataIsMutable=*/false)));
}

FailureOr<Grid> gridOf(NodeBuilder &nb, Type type) {
  auto quantized = dyn_cast<quant::QuantizedType>(type);
  if (!quantized)
    return failure();
  unsigned width = quantized.getStorageTypeIntegralWidth();
  Grid grid;
  grid.storage =
      quantized.isSigned()
          ? IntegerType::get(nb.b.getContext(), width)
          : IntegerType::get(nb.b.getContext(), width, IntegerType::Unsigned);
  SmallVector<float> scales;
  SmallVector<APInt> zeros;
  SmallVector<int64_t> shape;
  if (auto each = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
    for (auto [scale, zero] :
         llvm::zip(each.getScales(), each.getZeroPoints())) {
      scales.push_back(scale);
      zeros.push_back(APInt(width, zero, /*isSigned=*/true, true));
    }
    shape.push_back(scales.size());
    grid.attributes.push_back(nb.integer("axis", each.getQuantizedDimension()));
  } else if (auto all = dyn_cast<quant::UniformQuantizedType>(type)) {
    scales.push_back(all.getScale());
    zeros.push_back(APInt(width, all.getZeroPoint(), true, true));
  } else if (auto blocks =
                 dyn_cast<quant::UniformQuantizedSubChannelType>(type)) {
    if (failed(blockedGrid(nb, blocks, grid)))
      return failure();
    auto values = blocks.getScales().getValues<float>();
    auto points = blocks.getZeroPoints().getValues<APInt>();
    scales.assign(values.begin(), values.end());
    zeros.assign(points.begin(), points.end());
    shape.assign(blocks.getScales().getType().getShape());
  } else {
    return failure();
  }
  grid.scale = nb.constant(
      DenseElementsAttr::get(RankedTensorType::get(shape, nb.b.getF32Type()),
                             ArrayRef<float>(scales)));
  bool isZero =
      llvm::all_of(zeros, [](const APInt &zero) { return zero.isZero(); });
  if (width > 16 && !isZero)
    return failure();
  if (width <= 16)
    grid.zeroPoint = nb.constant(DenseElementsAttr::get(
        RankedTensorType::get(shape, grid.storage), zeros));
  return grid;
}

struct QuantizePattern : public NodePattern<attn::QuantizeOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(attn::QuantizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    FailureOr<Grid> grid = gridOf(nb, op.getQuantizedType());
    if (failed(grid) || !grid->zeroPoint)
      return refuse(rewriter, op, "ONNX does not round to its type");
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Value result = nb.node("QuantizeLinear",
                           {adaptor.getX(), grid->scale, grid->zeroPoint},
                           type.clone(grid->storage), grid->attributes);
    replace(rewriter, op, nb.cast(result, type.getElementType()));
    return success();
  }
};

struct DequantizePattern : public NodePattern<attn::DequantizeOp> {
  using NodePattern::NodePattern;

  LogicalResult
  matchAndRewrite(attn::DequantizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    NodeBuilder nb(rewriter, op.getLoc());
    FailureOr<Grid> grid = gridOf(nb, op.getQuantizedType());
    if (failed(grid))
      return refuse(rewriter, op, "its type has no form");
    FailureOr<Value> x =
        grid->storage.getIntOrFloatBitWidth() < 8
            ? narrowed(nb, adaptor.getX(), grid->storage)
            : FailureOr<Value>(reinterpret(nb, adaptor.getX(), grid->storage));
    if (failed(x))
      return refuse(rewriter, op, "integers of 4 bits that are not constant");
    SmallVector<Value> inputs = {*x, grid->scale};
    if (grid->zeroPoint)
      inputs.push_back(grid->zeroPoint);
    replace(rewriter, op,
            nb.node("DequantizeLinear", inputs, op.getResult().getType(),
                    grid->attributes));
    return success();
  }
};

} // namespace

void tfc::toonnx::populateAttnPatterns(const TypeConverter &types,
                                       RewritePatternSet &patterns,
                                       Refusals &refusals) {
  patterns.add<LinearPattern, NormPattern, PatchEmbedPattern, QuantizePattern,
               DequantizePattern>(types, patterns.getContext(), refusals);
}
