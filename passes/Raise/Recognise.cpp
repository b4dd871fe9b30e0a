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
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

/// The node that makes `value`, if it is ONNX's operator `type`.
static onnx::NodeOp producer(Value value, StringRef type) {
  auto node = value.getDefiningOp<onnx::NodeOp>();
  return node && node.getDomain().empty() && node.getOpType() == type
             ? node
             : onnx::NodeOp();
}

/// The only element of `raised`, where it is a known number.
static std::optional<double> scalarOf(RaiseContext &c, Raised &raised) {
  std::optional<Sizes> elements = c.elements(raised);
  if (!elements || elements->size() != 1)
    return std::nullopt;
  auto number =
      dyn_cast_if_present<FloatAttr>(dyn_cast<Attribute>(elements->front()));
  return number ? std::optional(number.getValueAsDouble()) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {

/// A tensor and the number it is multiplied by.
struct Scaled {
  Value onnxValue;
  double factor = 1;
};

/// Takes multiplications and divisions by numbers off `value`.
Scaled peelScale(RaiseContext &c, Value value) {
  Scaled result{value};
  while (true) {
    onnx::NodeOp multiply = producer(result.onnxValue, "Mul"),
                 divide = producer(result.onnxValue, "Div");
    onnx::NodeOp node = multiply ? multiply : divide;
    if (!node)
      return result;
    Value x = node.getInputs()[0], y = node.getInputs()[1];
    std::optional<double> right = scalarOf(c, c.get(y));
    if (right && c.get(y).rank() <= c.get(x).rank()) {
      result.factor =
          multiply ? result.factor * *right : result.factor / *right;
      result.onnxValue = x;
      continue;
    }
    std::optional<double> left =
        multiply ? scalarOf(c, c.get(x)) : std::nullopt;
    if (!left || c.get(x).rank() > c.get(y).rank())
      return result;
    result.factor *= *left;
    result.onnxValue = y;
  }
}

/// What a score graph is made of.
struct ScoreGraph {
  Value query, keyTransposed;
  SmallVector<Value> biases;
  double scale = 1;
};

/// Whether `value` is a scaled product, to which biases may have been added.
bool leadsToProduct(RaiseContext &c, Value value) {
  Value inner = peelScale(c, value).onnxValue;
  if (producer(inner, "MatMul"))
    return true;
  // A scale around a sum with a bias would scale the bias too.
  onnx::NodeOp add = producer(value, "Add");
  return add && (leadsToProduct(c, add.getInputs()[0]) ||
                 leadsToProduct(c, add.getInputs()[1]));
}

std::optional<ScoreGraph> matchScores(RaiseContext &c, Value scores) {
  ScoreGraph graph;
  // A mask and a position bias are added one after the other.
  while (onnx::NodeOp add = producer(scores, "Add")) {
    Value x = add.getInputs()[0], y = add.getInputs()[1];
    bool first = leadsToProduct(c, x) && c.get(x).rank() >= c.get(y).rank();
    scores = first ? x : y;
    graph.biases.push_back(first ? y : x);
    if (!scores.hasOneUse() || !leadsToProduct(c, scores))
      return std::nullopt;
  }
  Scaled outer = peelScale(c, scores);
  onnx::NodeOp product = producer(outer.onnxValue, "MatMul");
  if (!product || !outer.onnxValue.hasOneUse())
    return std::nullopt;
  Scaled query = peelScale(c, product.getInputs()[0]),
         key = peelScale(c, product.getInputs()[1]);
  graph.query = query.onnxValue;
  graph.keyTransposed = key.onnxValue;
  graph.scale = outer.factor * query.factor * key.factor;
  return graph;
}

/// [B, H, S, D] of a tensor of any rank from 2 on.
Sizes fourDimensions(RaiseContext &c, ArrayRef<OpFoldResult> shape) {
  if (shape.size() == 4)
    return llvm::to_vector(shape);
  return {c.product(shape.drop_back(2)), c.size(1), shape[shape.size() - 2],
          shape.back()};
}

Value asFour(RaiseContext &c, Raised raised) {
  Sizes shape = fourDimensions(c, raised.shape);
  return c
      .fromTensor(c.reshape(c.tensor(raised), raised.shape, shape), raised.kind,
                  shape)
      .tensor;
}

/// The keys as [..., T, D] from what the product took, [..., D, T].
Raised untransposed(RaiseContext &c, Raised &transposed) {
  int64_t rank = transposed.rank();
  SmallVector<int64_t> permutation =
      llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(permutation[rank - 1], permutation[rank - 2]);
  Sizes shape = transposed.shape;
  std::swap(shape[rank - 1], shape[rank - 2]);
  Value source = c.tensor(transposed);
  if (auto op = source.getDefiningOp<linalg::TransposeOp>()) {
    SmallVector<int64_t> whole;
    for (int64_t axis : permutation)
      whole.push_back(op.getPermutation()[axis]);
    permutation = whole;
    source = op.getInput();
  }
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, rank)))
    return c.fromTensor(source, transposed.kind, shape);
  Value value =
      linalg::TransposeOp::create(c.b, c.loc, source,
                                  c.empty(shape, transposed.kind), permutation)
          ->getResult(0);
  return c.fromTensor(value, transposed.kind, shape);
}

/// The bias as rank 4 where it broadcasts to [B, H, S, T] dimension by
/// dimension; null where that cannot be seen.
Value biasOf(RaiseContext &c, Raised bias, ArrayRef<OpFoldResult> scores,
             bool folded) {
  if (bias.rank() > 4 || !isFloat(bias.kind))
    return nullptr;
  Sizes shape(4 - bias.rank(), c.size(1));
  shape.append(bias.shape.begin(), bias.shape.end());
  for (unsigned d = 0; d < 4; ++d) {
    bool one = isConstantIntValue(shape[d], 1);
    // Folded batch dimensions have lost which of them the bias belongs to.
    if (!one && (shape[d] != scores[d] || (folded && d < 2)))
      return nullptr;
  }
  return c
      .fromTensor(c.reshape(c.tensor(bias), bias.shape, shape), bias.kind,
                  shape)
      .tensor;
}

/// The sum of two biases of rank 4 that broadcast to `scores`: as small as the
/// two allow.
Value sumOfBiases(RaiseContext &c, Value x, Value y,
                  ArrayRef<OpFoldResult> scores, int32_t kind) {
  auto sizesOf = [&](Value bias) {
    Sizes sizes;
    for (unsigned d = 0; d < 4; ++d)
      sizes.push_back(cast<RankedTensorType>(bias.getType()).getDimSize(d) == 1
                          ? c.size(1)
                          : scores[d]);
    return sizes;
  };
  Sizes xs = sizesOf(x), ys = sizesOf(y), shape;
  for (auto [a, d] : llvm::zip(xs, ys))
    shape.push_back(isConstantIntValue(a, 1) ? d : a);
  SmallVector<Raised> operands = {c.fromTensor(x, kind, xs),
                                  c.fromTensor(y, kind, ys)};
  return c
      .elementwise(operands, shape, kind,
                   [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                     return arith::AddFOp::create(b, loc, v[0], v[1]);
                   })
      .tensor;
}

} // namespace

std::optional<Raised> tfc::raise::recogniseAttention(NodeContext &n) {
  RaiseContext &c = n.c;
  onnx::NodeOp softmax = producer(n.node.getInputs()[0], "Softmax");
  if (!softmax)
    return std::nullopt;
  auto no = [&](const Twine &why) {
    c.noteAttention(softmax, "graph", why);
    return std::nullopt;
  };
  if (!softmax->hasOneUse())
    return no("its probabilities are used elsewhere");
  Raised &weights = n.input(0), &value = n.input(1);
  int64_t rank = weights.rank();
  auto axis = dyn_cast_or_null<IntegerAttr>(softmax.getNodeAttrs().get("axis"));
  int64_t over = axis ? axis.getInt() : (softmax.getOpset() < 13 ? 1 : -1);
  if (rank < 2 || (over != -1 && over != rank - 1) || value.rank() != rank)
    return no("its softmax is not over the keys, or its values have another "
              "rank");
  std::optional<ScoreGraph> graph = matchScores(c, softmax.getInputs()[0]);
  if (!graph)
    return no("its scores are not a product, scaled by numbers and with at "
              "most one bias, or are used elsewhere");
  Raised &query = c.get(graph->query),
         &keyTransposed = c.get(graph->keyTransposed);
  if (query.rank() != rank || keyTransposed.rank() != rank ||
      !isFloat(query.kind) || rank < 3)
    return no("its query, key and value differ in rank, or have no batch");
  ArrayRef<OpFoldResult> q(query.shape), k(keyTransposed.shape), v(value.shape);
  // Batches must be equal and sizes must fit without a check at run time.
  if (!llvm::equal(q.drop_back(2), k.drop_back(2)) ||
      !llvm::equal(q.drop_back(2), v.drop_back(2)) || q.back() != k[rank - 2] ||
      k.back() != v[rank - 2])
    return no("the sizes of its query, key and value cannot be seen to fit");
  Sizes result = query.shape;
  result.back() = v.back();
  Sizes four = fourDimensions(c, result), scores = four;
  scores.back() = k.back();
  Value bias;
  for (Value given : graph->biases) {
    Value next = biasOf(c, c.get(given), scores, rank != 4);
    if (!next)
      return no("its bias cannot be seen to broadcast to the scores");
    bias = bias ? sumOfBiases(c, bias, next, scores, query.kind) : next;
  }
  Raised key = untransposed(c, keyTransposed);
  Value init = c.empty(four, query.kind);
  auto op =
      attn::AttentionOp::create(c.b, c.loc, asFour(c, query), asFour(c, key),
                                asFour(c, value), init, graph->scale);
  if (bias)
    op.getBiasMutable().assign(bias);
  c.noteAttention(softmax, "attn.attention",
                  llvm::formatv("scale {0:f6}", graph->scale).str() +
                      (bias ? ", with a bias" : ", without a mask"));
  return c.fromTensor(c.reshape(op->getResult(0), four, result), query.kind,
                      result);
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
