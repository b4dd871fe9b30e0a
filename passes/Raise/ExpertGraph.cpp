//===- ExpertGraph.cpp - what an expert is written as -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpertGraph.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

Value tfc::raise::pastShapes(Value value) {
  while (true) {
    auto node = value.getDefiningOp<onnx::NodeOp>();
    if (!node || !node.getDomain().empty())
      return value;
    StringRef type = node.getOpType();
    if (type != "Unsqueeze" && type != "Squeeze" && type != "Reshape" &&
        type != "Flatten" && type != "Identity")
      return value;
    value = node.getInputs()[0];
  }
}

namespace {

bool isAbout(std::optional<double> number, double expected) {
  return number && std::abs(*number - expected) < 1e-6;
}

/// x * w + bias
struct Product {
  Value x, bias;
  ExpertWeight weight;
};

class ExpertMatcher {
public:
  ExpertMatcher(RaiseContext &c, ExpertWeights kind) : c(c), kind(kind) {}

  std::optional<ExpertGraph> match(Value y) {
    std::optional<Product> second = product(y);
    if (!second)
      return std::nullopt;
    ExpertGraph expert;
    expert.w2 = second->weight;
    expert.b2 = second->bias;
    if (first(second->x, expert))
      return expert;
    onnx::NodeOp both = producer(second->x, "Mul");
    for (unsigned side = 0; both && side < 2; ++side) {
      std::optional<Product> factor = product(both.getInputs()[1 - side]);
      if (!factor || factor->bias || !first(both.getInputs()[side], expert) ||
          expert.x != factor->x)
        continue;
      expert.w3 = factor->weight;
      return expert;
    }
    return std::nullopt;
  }

private:
  /// activation(x w1 + b1)
  bool first(Value hidden, ExpertGraph &expert) {
    auto [activation, inner] = activationOf(hidden);
    std::optional<Product> found = product(inner);
    if (!found)
      return false;
    expert.x = found->x;
    expert.w1 = found->weight;
    expert.b1 = found->bias;
    expert.activation = activation;
    return true;
  }

  std::optional<Product> product(Value value) {
    Product found;
    if (onnx::NodeOp gemm = producer(value, "Gemm"))
      return gemmProduct(gemm);
    onnx::NodeOp matmul = producer(value, "MatMul");
    if (onnx::NodeOp add = producer(value, "Add"))
      for (unsigned side = 0; !matmul && side < 2; ++side) {
        matmul = producer(add.getInputs()[side], "MatMul");
        found.bias = add.getInputs()[1 - side];
        if (matmul && !isRow(found.bias))
          return std::nullopt;
      }
    if (!matmul)
      return std::nullopt;
    std::optional<ExpertWeight> weight = weightOf(matmul.getInputs()[1]);
    if (!weight)
      return std::nullopt;
    found.x = matmul.getInputs()[0];
    found.weight = *weight;
    return found;
  }

  std::optional<Product> gemmProduct(onnx::NodeOp node) {
    NodeContext gemm(c, node);
    std::optional<ExpertWeight> weight = weightOf(node.getInputs()[1]);
    if (!weight || kind != ExpertWeights::Own || gemm.integer("transA", 0) ||
        gemm.number("alpha", 1) != 1)
      return std::nullopt;
    Product found{node.getInputs()[0], Value(), *weight};
    if (gemm.integer("transB", 0))
      found.weight.transposed = !found.weight.transposed;
    if (gemm.has(2)) {
      found.bias = node.getInputs()[2];
      if (gemm.number("beta", 1) != 1 || !isRow(found.bias))
        return std::nullopt;
    }
    return found;
  }

  /// A constant row, or for stacks one an expert: [E, 1, F].
  bool isRow(Value bias) {
    Raised &raised = c.get(bias);
    if (kind == ExpertWeights::Stacked)
      return raised.constant && raised.rank() == 3 &&
             isConstantIntValue(raised.shape[1], 1);
    return raised.constant && raised.rank() == 1 && kind == ExpertWeights::Own;
  }

  std::optional<ExpertWeight> weightOf(Value value) {
    ExpertWeight weight{value};
    if (kind == ExpertWeights::Stacked) {
      Raised &stack = c.get(value);
      weight.isStack = true;
      return stack.constant && stack.rank() == 3 && isFloat(stack.kind)
                 ? std::optional(weight)
                 : std::nullopt;
    }
    if (kind == ExpertWeights::Own) {
      if (onnx::NodeOp transpose = producer(value, "Transpose")) {
        weight.value = transpose.getInputs()[0];
        weight.transposed = true;
      }
      Raised &matrix = c.get(weight.value);
      return matrix.constant && matrix.rank() == 2 && isFloat(matrix.kind)
                 ? std::optional(weight)
                 : std::nullopt;
    }
    onnx::NodeOp byRow = producer(value, "GatherND"),
                 node = byRow ? byRow : producer(value, "Gather");
    if (!node)
      return std::nullopt;
    NodeContext gather(c, node);
    Raised &stack = gather.input(0), &index = gather.input(1);
    if (!stack.constant || stack.rank() != 3 || !isFloat(stack.kind) ||
        gather.integer("axis", 0) != 0 || gather.integer("batch_dims", 0) != 0)
      return std::nullopt;
    if (byRow &&
        (index.rank() == 0 || !isConstantIntValue(index.shape.back(), 1)))
      return std::nullopt;
    weight.value = node.getInputs()[0];
    weight.index = pastShapes(node.getInputs()[1]);
    weight.taken = value;
    weight.isStack = true;
    return weight;
  }

  /// What `value` is the activation of.
  std::pair<attn::Activation, Value> activationOf(Value value) {
    if (onnx::NodeOp relu = producer(value, "Relu"))
      return {attn::Activation::Relu, relu.getInputs()[0]};
    if (onnx::NodeOp gelu = producer(value, "Gelu")) {
      bool tanh = NodeContext(c, gelu).text("approximate", "none") == "tanh";
      return {tanh ? attn::Activation::GeluTanh : attn::Activation::GeluErf,
              gelu.getInputs()[0]};
    }
    if (Value x = siluOf(value))
      return {attn::Activation::Silu, x};
    if (Value x = geluErfOf(value))
      return {attn::Activation::GeluErf, x};
    return {attn::Activation::None, value};
  }

  /// x * sigmoid(x)
  Value siluOf(Value value) {
    onnx::NodeOp mul = producer(value, "Mul");
    for (unsigned side = 0; mul && side < 2; ++side) {
      Value x = mul.getInputs()[side];
      onnx::NodeOp sigmoid = producer(mul.getInputs()[1 - side], "Sigmoid");
      if (sigmoid && sigmoid.getInputs()[0] == x)
        return x;
    }
    return nullptr;
  }

  /// The product of x, 1/2 and 1 + erf(x / sqrt 2), in any order.
  Value geluErfOf(Value value) {
    SmallVector<Value> factors = {value}, tensors;
    double number = 1;
    for (unsigned i = 0; i < factors.size() && i < 8; ++i) {
      Value factor = factors[i];
      if (onnx::NodeOp mul = producer(factor, "Mul"))
        factors.append(mul.getInputs().begin(), mul.getInputs().end());
      else if (std::optional<double> scalar = scalarOf(c, c.get(factor)))
        number *= *scalar;
      else
        tensors.push_back(factor);
    }
    if (tensors.size() != 2 || number != 0.5)
      return nullptr;
    for (unsigned side = 0; side < 2; ++side)
      if (isOnePlusErf(tensors[1 - side], tensors[side]))
        return tensors[side];
    return nullptr;
  }

  bool isOnePlusErf(Value value, Value x) {
    onnx::NodeOp add = producer(value, "Add");
    for (unsigned side = 0; add && side < 2; ++side) {
      onnx::NodeOp erf = producer(add.getInputs()[side], "Erf");
      if (!erf || scalarOf(c, c.get(add.getInputs()[1 - side])) != 1.0)
        continue;
      Value scaled = erf.getInputs()[0];
      if (onnx::NodeOp div = producer(scaled, "Div"))
        return div.getInputs()[0] == x &&
               isAbout(scalarOf(c, c.get(div.getInputs()[1])), std::sqrt(2.0));
      onnx::NodeOp mul = producer(scaled, "Mul");
      for (unsigned s = 0; mul && s < 2; ++s)
        if (mul.getInputs()[s] == x &&
            isAbout(scalarOf(c, c.get(mul.getInputs()[1 - s])), std::sqrt(0.5)))
          return true;
    }
    return false;
  }

  RaiseContext &c;
  ExpertWeights kind;
};

/// The bytes of a constant, one after the other; nothing where it has none.
std::optional<SmallVector<char>> bytesOf(ElementsAttr attr) {
  auto type = cast<ShapedType>(attr.getType());
  size_t width = type.getElementTypeBitWidth() / 8,
         size = width * type.getNumElements();
  SmallVector<char> bytes;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != size)
      return std::nullopt;
    bytes.assign(blob->getData().begin(), blob->getData().end());
    return bytes;
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return std::nullopt;
  ArrayRef<char> raw = dense.getRawData();
  if (dense.isSplat() && raw.size() == width)
    while (bytes.size() < size)
      bytes.append(raw.begin(), raw.end());
  else
    bytes.assign(raw.begin(), raw.end());
  if (bytes.size() != size)
    return std::nullopt;
  return bytes;
}

/// [rows, columns] as [columns, rows].
SmallVector<char> transposed(ArrayRef<char> bytes, int64_t rows,
                             int64_t columns) {
  int64_t width = bytes.size() / std::max<int64_t>(rows * columns, 1);
  SmallVector<char> out(bytes.size());
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t k = 0; k < columns; ++k)
      std::copy_n(bytes.data() + (r * columns + k) * width, width,
                  out.data() + (k * rows + r) * width);
  return out;
}

/// Constants of one shape, one above the other.
std::optional<Raised> stack(RaiseContext &c, ArrayRef<ExpertWeight> parts) {
  if (parts.front().isStack)
    return c.get(parts.front().value);
  SmallVector<int64_t> shape;
  SmallVector<char> all;
  int32_t kind = c.get(parts.front().value).kind;
  for (const ExpertWeight &part : parts) {
    Raised &raised = c.get(part.value);
    std::optional<SmallVector<char>> bytes = bytesOf(raised.constant);
    if (!bytes || raised.kind != kind)
      return std::nullopt;
    SmallVector<int64_t> own(
        cast<ShapedType>(raised.constant.getType()).getShape());
    if (part.transposed) {
      *bytes = transposed(*bytes, own[0], own[1]);
      std::swap(own[0], own[1]);
    }
    if (!shape.empty() && shape != own)
      return std::nullopt;
    shape = own;
    all.append(bytes->begin(), bytes->end());
  }
  shape.insert(shape.begin(), parts.size());
  Raised result;
  result.kind = kind;
  for (int64_t size : shape)
    result.shape.push_back(c.size(size));
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(all.size(), 64);
  llvm::copy(all, blob.getMutableData().begin());
  result.constant = DenseResourceElementsAttr::get(
      RankedTensorType::get(shape, c.elementType(kind)), "experts",
      std::move(blob));
  return result;
}

ExpertWeight biasOf(const ExpertGraph &expert, Value bias) {
  ExpertWeight weight{bias};
  weight.isStack = expert.w1.isStack;
  return weight;
}

} // namespace

std::optional<ExpertGraph> tfc::raise::matchExpert(RaiseContext &c, Value y,
                                                   ExpertWeights weights) {
  return ExpertMatcher(c, weights).match(y);
}

std::optional<ExpertStacks>
tfc::raise::stackExperts(RaiseContext &c, ArrayRef<ExpertGraph> experts) {
  ExpertStacks stacks;
  stacks.activation = experts.front().activation;
  auto fill = [&](Raised &into, auto part) {
    SmallVector<ExpertWeight> parts = llvm::map_to_vector(experts, part);
    into.absent = !parts.front().value;
    if (into.absent)
      return true;
    std::optional<Raised> stacked = stack(c, parts);
    if (stacked)
      into = *stacked;
    return stacked.has_value();
  };
  using Graph = const ExpertGraph &;
  bool all = fill(stacks.w1, [](Graph e) { return e.w1; }) &&
             fill(stacks.w2, [](Graph e) { return e.w2; }) &&
             fill(stacks.w3, [](Graph e) { return e.w3; }) &&
             fill(stacks.b1, [](Graph e) { return biasOf(e, e.b1); }) &&
             fill(stacks.b2, [](Graph e) { return biasOf(e, e.b2); });
  return all ? std::optional(stacks) : std::nullopt;
}

std::optional<Raised> tfc::raise::makeRoute(NodeContext &n, Raised x,
                                            Raised choices, Raised gates,
                                            ExpertStacks &experts) {
  RaiseContext &c = n.c;
  if (gates.absent)
    gates =
        c.fromTensor(c.filled(choices.shape, c.constantOf(x.kind, 1), x.kind),
                     x.kind, choices.shape);
  auto fits = [](Raised &raised, ArrayRef<OpFoldResult> shape) {
    return raised.absent || llvm::equal(raised.shape, shape);
  };
  ArrayRef<OpFoldResult> first = experts.w1.shape, second = experts.w2.shape;
  if ((choices.kind != Int64 && choices.kind != Int32) || x.rank() != 2 ||
      choices.rank() != 2 || choices.shape[0] != x.shape[0] ||
      !fits(gates, choices.shape) ||
      !fits(experts.w1, {first[0], x.shape[1], first[2]}) ||
      !fits(experts.w2, {first[0], first[2], second[2]}) ||
      !fits(experts.w3, first) || !fits(experts.b1, {first[0], first[2]}) ||
      !fits(experts.b2, {first[0], second[2]}))
    return std::nullopt;
  for (Raised *part : {&gates, &experts.w1, &experts.w2, &experts.w3,
                       &experts.b1, &experts.b2})
    if (!part->absent && part->kind != x.kind)
      return std::nullopt;
  auto tensor = [&](Raised &raised) {
    return raised.absent ? Value() : c.tensor(raised);
  };
  Sizes shape = {x.shape[0], second[2]};
  Value init = c.empty(shape, x.kind);
  auto op = attn::RouteOp::create(n.b, n.loc, init.getType(), c.tensor(x),
                                  c.tensor(choices), c.tensor(gates),
                                  tensor(experts.w1), tensor(experts.w2),
                                  tensor(experts.w3), tensor(experts.b1),
                                  tensor(experts.b2), init, experts.activation);
  return c.fromTensor(op->getResult(0), x.kind, shape);
}

std::nullopt_t tfc::raise::noRoute(NodeContext &n, const Twine &why) {
  n.c.noteRoute(n.node, "graph", why);
  return std::nullopt;
}

Raised tfc::raise::finishRoute(NodeContext &n, Raised route, Sizes shape,
                               int64_t experts, OpFoldResult choices) {
  std::optional<int64_t> count = getConstantIntValue(choices);
  n.c.noteRoute(n.node, "attn.route",
                Twine(experts) + " experts, " +
                    (count ? Twine(*count) : Twine("?")) + " a token");
  int32_t kind = route.kind;
  return n.c.fromTensor(n.c.reshape(n.c.tensor(route), route.shape, shape),
                        kind, shape);
}

Raised tfc::raise::reshaped(NodeContext &n, Raised x, Sizes shape) {
  int32_t kind = x.kind;
  return n.c.fromTensor(n.c.reshape(n.c.tensor(x), x.shape, shape), kind,
                        shape);
}

static bool allZeros(ElementsAttr constant) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob && llvm::all_of(blob->getData(), [](char x) { return !x; });
  }
  auto dense = dyn_cast<DenseFPElementsAttr>(constant);
  return dense && llvm::all_of(dense.getValues<APFloat>(),
                               [](const APFloat &x) { return x.isPosZero(); });
}

bool tfc::raise::isZeros(RaiseContext &c, Value value) {
  Raised &raised = c.get(value);
  if (!isFloat(raised.kind))
    return false;
  if (raised.constant)
    return allZeros(raised.constant);
  if (std::optional<Sizes> elements = c.elements(raised))
    return llvm::all_of(*elements, [](OpFoldResult x) {
      auto number = dyn_cast_if_present<FloatAttr>(dyn_cast<Attribute>(x));
      return number && number.getValue().isPosZero();
    });
  if (onnx::NodeOp expand = producer(value, "Expand"))
    return isZeros(c, expand.getInputs()[0]);
  onnx::NodeOp fill = producer(value, "ConstantOfShape");
  auto number =
      fill ? fill.getNodeAttrs().getAs<ElementsAttr>("value") : ElementsAttr();
  return fill && (!number || allZeros(number));
}

std::optional<Comparison> tfc::raise::matchEqual(RaiseContext &c,
                                                 Value condition) {
  onnx::NodeOp equal = producer(condition, "Equal");
  for (unsigned side = 0; equal && side < 2; ++side) {
    auto number = c.integers(c.get(equal.getInputs()[side]));
    if (number && number->size() == 1 &&
        c.get(equal.getInputs()[side]).rank() <= 1)
      return Comparison{equal.getInputs()[1 - side], number->front()};
  }
  return std::nullopt;
}

std::optional<SmallVector<ExpertGraph>>
tfc::raise::inOrder(ArrayRef<std::pair<int64_t, ExpertGraph>> found) {
  SmallVector<ExpertGraph> experts(found.size());
  SmallVector<bool> seen(found.size(), false);
  for (const auto &[number, expert] : found) {
    if (number < 0 || number >= static_cast<int64_t>(found.size()) ||
        seen[number] || !expert.hasForm(found.front().second))
      return std::nullopt;
    seen[number] = true;
    experts[number] = expert;
  }
  return experts;
}
