//===- Recognise.cpp - small graphs that mean one operation -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recognise.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

onnx::NodeOp tfc::raise::producer(Value value, StringRef type) {
  auto node = value.getDefiningOp<onnx::NodeOp>();
  return node && node.getDomain().empty() && node.getOpType() == type
             ? node
             : onnx::NodeOp();
}

std::optional<double> tfc::raise::scalarOf(RaiseContext &c, Raised &raised) {
  std::optional<Sizes> elements = c.elements(raised);
  if (!elements || elements->size() != 1)
    return std::nullopt;
  auto number =
      dyn_cast_if_present<FloatAttr>(dyn_cast<Attribute>(elements->front()));
  return number ? std::optional(number.getValueAsDouble()) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Layer normalisation
//===----------------------------------------------------------------------===//

namespace {

/// x of (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon), over the last
/// axis.
struct NormGraph {
  Value x;
  double epsilon = 0;
};

/// Whether `node` is a mean over the last axis that keeps it.
bool isLastMean(RaiseContext &c, onnx::NodeOp node) {
  if (!node)
    return false;
  auto keep =
      dyn_cast_or_null<IntegerAttr>(node.getNodeAttrs().get("keepdims"));
  if (keep && keep.getInt() == 0)
    return false;
  int64_t rank = c.get(node.getInputs()[0]).rank();
  std::optional<SmallVector<int64_t>> axes;
  if (auto attr =
          dyn_cast_or_null<DenseI64ArrayAttr>(node.getNodeAttrs().get("axes")))
    axes = llvm::to_vector(attr.asArrayRef());
  else if (node.getInputs().size() > 1)
    axes = c.integers(c.get(node.getInputs()[1]));
  return axes && axes->size() == 1 &&
         ((*axes)[0] == -1 || (*axes)[0] == rank - 1);
}

bool isSquareOf(RaiseContext &c, Value value, Value x) {
  if (onnx::NodeOp power = producer(value, "Pow")) {
    Raised &exponent = c.get(power.getInputs()[1]);
    std::optional<double> number = scalarOf(c, exponent);
    std::optional<SmallVector<int64_t>> integer = c.integers(exponent);
    return power.getInputs()[0] == x &&
           (number ? *number == 2
                   : integer && integer->size() == 1 && (*integer)[0] == 2);
  }
  onnx::NodeOp product = producer(value, "Mul");
  return product && product.getInputs()[0] == x && product.getInputs()[1] == x;
}

std::optional<NormGraph> matchNorm(RaiseContext &c, Value value) {
  onnx::NodeOp divide = producer(value, "Div");
  onnx::NodeOp centred =
      divide ? producer(divide.getInputs()[0], "Sub") : onnx::NodeOp();
  onnx::NodeOp root =
      divide ? producer(divide.getInputs()[1], "Sqrt") : onnx::NodeOp();
  onnx::NodeOp plus =
      root ? producer(root.getInputs()[0], "Add") : onnx::NodeOp();
  if (!centred || !plus)
    return std::nullopt;
  Value x = centred.getInputs()[0];
  onnx::NodeOp mean = producer(centred.getInputs()[1], "ReduceMean");
  if (!isLastMean(c, mean) || mean.getInputs()[0] != x)
    return std::nullopt;
  for (unsigned side = 0; side < 2; ++side) {
    std::optional<double> epsilon =
        scalarOf(c, c.get(plus.getInputs()[1 - side]));
    onnx::NodeOp variance = producer(plus.getInputs()[side], "ReduceMean");
    if (epsilon && isLastMean(c, variance) &&
        isSquareOf(c, variance.getInputs()[0], centred.getResult(0)))
      return NormGraph{x, *epsilon};
    // Some exporters centre twice, once for the variance.
    onnx::NodeOp again =
        variance ? producer(variance.getInputs()[0], "Pow") : onnx::NodeOp();
    onnx::NodeOp second =
        again ? producer(again.getInputs()[0], "Sub") : onnx::NodeOp();
    if (epsilon && isLastMean(c, variance) && second &&
        second.getInputs()[0] == x &&
        second.getInputs()[1] == centred.getInputs()[1] &&
        isSquareOf(c, variance.getInputs()[0], second.getResult(0)))
      return NormGraph{x, *epsilon};
  }
  return std::nullopt;
}

/// A constant row as long as the last dimension of `x`.
bool isRow(Raised &row, Raised &x) {
  return row.constant && row.rank() == 1 && row.shape[0] == x.shape.back() &&
         row.kind == x.kind;
}

Raised makeNorm(RaiseContext &c, Raised &x, Value scale, Value bias,
                double epsilon) {
  Value init = c.empty(x.shape, x.kind);
  auto op = attn::NormOp::create(c.b, c.loc, init.getType(), c.tensor(x), scale,
                                 bias, init, attn::NormKind::Layer,
                                 x.rank() - 1, APFloat(epsilon));
  return c.fromTensor(op->getResult(0), x.kind, x.shape);
}

} // namespace

std::optional<Raised> tfc::raise::recogniseLayerNorm(NodeContext &n) {
  RaiseContext &c = n.c;
  StringRef type = n.node.getOpType();
  if (type == "Div") {
    std::optional<NormGraph> graph = matchNorm(c, n.node.getResult(0));
    if (!graph || !isFloat(c.get(graph->x).kind))
      return std::nullopt;
    return makeNorm(c, c.get(graph->x), Value(), Value(), graph->epsilon);
  }
  // Mul by the scale, or Add of the bias, after what was already recognised.
  for (unsigned side = 0; side < 2; ++side) {
    Raised &normal = n.input(side), &row = n.input(1 - side);
    auto norm =
        normal.tensor ? normal.tensor.getDefiningOp<attn::NormOp>() : nullptr;
    if (!norm || !n.isUsedOnce(side) || !isRow(row, normal) || norm.getBias() ||
        !norm->use_empty())
      continue;
    if (norm.getKind() != attn::NormKind::Layer ||
        norm.getAxis() != static_cast<uint64_t>(normal.rank() - 1))
      continue;
    double epsilon = norm.getEpsilon().convertToDouble();
    Raised x;
    x.kind = normal.kind;
    x.shape = normal.shape;
    x.tensor = norm.getX();
    if (type == "Mul" && !norm.getScale())
      return makeNorm(c, x, c.tensor(row), Value(), epsilon);
    if (type == "Add" && norm.getScale())
      return makeNorm(c, x, norm.getScale(), c.tensor(row), epsilon);
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Patch embedding, bias
//===----------------------------------------------------------------------===//

std::optional<Raised> tfc::raise::recognisePatchEmbed(NodeContext &n) {
  RaiseContext &c = n.c;
  auto permutation = n.list("perm");
  if (!permutation || *permutation != SmallVector<int64_t>{0, 2, 1})
    return std::nullopt;
  onnx::NodeOp reshape = producer(n.node.getInputs()[0], "Reshape");
  if (!reshape)
    reshape = producer(n.node.getInputs()[0], "Flatten");
  onnx::NodeOp conv =
      reshape ? producer(reshape.getInputs()[0], "Conv") : onnx::NodeOp();
  if (!conv)
    return std::nullopt;
  Raised &map = c.get(conv.getResult(0)), &flat = n.input(0);
  Raised &image = c.get(conv.getInputs()[0]),
         &weight = c.get(conv.getInputs()[1]);
  if (map.rank() != 4 || flat.rank() != 3 || weight.rank() != 4 ||
      !weight.constant || flat.shape[0] != map.shape[0] ||
      flat.shape[1] != map.shape[1] || image.kind != Float32)
    return std::nullopt;
  NodeContext convolution(c, conv);
  auto allAre = [&](StringRef name, int64_t expected) {
    auto list = convolution.list(name);
    return !list ||
           llvm::all_of(*list, [&](int64_t x) { return x == expected; });
  };
  auto strides = convolution.list("strides");
  StringRef padding = convolution.text("auto_pad", "NOTSET");
  if (!strides || strides->size() != 2 || !allAre("pads", 0) ||
      !allAre("dilations", 1) || convolution.integer("group", 1) != 1 ||
      (padding != "NOTSET" && padding != "VALID"))
    return std::nullopt;
  for (unsigned d = 0; d < 2; ++d) {
    std::optional<int64_t> size = getConstantIntValue(image.shape[2 + d]),
                           kernel = getConstantIntValue(weight.shape[2 + d]);
    if (!size || !kernel || (*strides)[d] != *kernel || *size % *kernel != 0)
      return std::nullopt;
  }
  Value bias;
  if (conv.getInputs().size() > 2 && !c.get(conv.getInputs()[2]).absent)
    bias = c.tensor(c.get(conv.getInputs()[2]));
  Sizes shape = {flat.shape[0], flat.shape[2], flat.shape[1]};
  Value init = c.empty(shape, image.kind);
  auto op =
      attn::PatchEmbedOp::create(c.b, c.loc, init.getType(), c.tensor(image),
                                 c.tensor(weight), bias, init);
  return c.fromTensor(op->getResult(0), image.kind, shape);
}

std::optional<Raised>
tfc::raise::addBiasToLinear(NodeContext &n, Raised &linear, Raised &bias) {
  auto op =
      linear.tensor ? linear.tensor.getDefiningOp<attn::LinearOp>() : nullptr;
  if (!op || op.getBias() || op.getActivation() != attn::Activation::None ||
      !isRow(bias, linear) || !op->use_empty())
    return std::nullopt;
  Value result =
      attn::LinearOp::create(n.b, n.loc, linear.tensor.getType(), op.getX(),
                             op.getWeight(), n.c.tensor(bias), op.getInit(),
                             op.getTransposeWeight(), attn::Activation::None)
          ->getResult(0);
  op.erase();
  linear.tensor = nullptr;
  return n.c.fromTensor(result, linear.kind, linear.shape);
}
