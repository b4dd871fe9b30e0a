//===- RaiseQuantizedOperators.cpp - operators that take integers -*- C++ -*-=//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantisers write a graph in one of two forms: with DequantizeLinear and
// QuantizeLinear around operators of f32, or with operators that have the
// scales as inputs. Where those are constant, the second form becomes the
// first. Where they are not, the operators' function bodies compute integers.
//
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"
#include "QuantizedType.h"
#include "RaiseContext.h"

#include "tfc/Dialect/Attn/ConstantElements.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// Inputs of a node that are a tensor, its scale and its zero point; `axis` is
/// that of more than one scale.
struct Quantized {
  unsigned x, scale, zero;
  int64_t axis = 0;
};

class FormWriter {
public:
  FormWriter(OpBuilder &b, NodeContext &n) : w(b, n.node), b(b), n(n) {}

  Value input(unsigned i) { return n.node.getInputs()[i]; }

  Value dequantized(const Quantized &q) {
    SmallVector<Value> inputs = {input(q.x), input(q.scale)};
    if (n.has(q.zero))
      inputs.push_back(input(q.zero));
    return w.add("DequantizeLinear", inputs, attribute("axis", q.axis));
  }

  Value quantized(Value real, unsigned scale, unsigned zero) {
    SmallVector<Value> inputs = {real, input(scale)};
    if (n.has(zero))
      inputs.push_back(input(zero));
    return w.add("QuantizeLinear", inputs);
  }

  /// int32 `i` in steps of the scales of x times those of the weights times
  /// `factor`.
  Value bias(unsigned i, unsigned xScale, unsigned scale, float factor = 1) {
    auto x = attn::constantElements<float>(n.input(xScale).constant),
         weights = attn::constantElements<float>(n.input(scale).constant);
    if (!x || !weights)
      return {};
    float first = factor * *x->begin();
    SmallVector<float> scales;
    for (float value : *weights)
      scales.push_back(first * value);
    bool isOne = n.input(scale).rank() == 0;
    SmallVector<int64_t> shape;
    if (!isOne)
      shape.push_back(scales.size());
    auto type = RankedTensorType::get(shape, b.getF32Type());
    return w.add("DequantizeLinear",
                 {input(i), w.constant(DenseElementsAttr::get(
                                type, ArrayRef<float>(scales)))},
                 attribute("axis", 0));
  }

  NamedAttribute attribute(StringRef name, int64_t value) {
    return b.getNamedAttr(name, b.getI64IntegerAttr(value));
  }

  GraphWriter w;
  OpBuilder &b;
  NodeContext &n;
};

/// The node's attributes with these names, as they are.
SmallVector<NamedAttribute> keep(NodeContext &n, ArrayRef<StringRef> names) {
  SmallVector<NamedAttribute> kept;
  for (NamedAttribute attribute : n.node.getNodeAttrs())
    if (llvm::is_contained(names, attribute.getName()))
      kept.push_back(attribute);
  return kept;
}

/// Whether the scales are constant, and zero points of the types of what they
/// belong to; says what is not.
LogicalResult checkInput(NodeContext &n, const Quantized &q) {
  Raised &x = n.input(q.x);
  Raised *zero = n.has(q.zero) ? &n.input(q.zero) : nullptr;
  if ((zero && zero->kind != x.kind) ||
      !constantQuantization(n.b.getContext(), x.kind, n.input(q.scale), zero,
                            x.rank(), q.axis))
    return n.fail("its scales and zero points are not constant");
  return success();
}

LogicalResult checkOutput(NodeContext &n, int32_t kind, unsigned scale,
                          unsigned zero) {
  Raised *point = n.has(zero) ? &n.input(zero) : nullptr;
  if ((point ? point->kind : static_cast<int32_t>(UInt8)) != kind)
    return n.fail("the type of its result is not that of its input");
  if (!constantQuantization(n.b.getContext(), kind, n.input(scale), point, 1,
                            0))
    return n.fail("the scale of its result is not constant");
  return success();
}

/// Replaces the node by what `write` makes of its dequantised inputs, rounded.
LogicalResult
raiseBetween(NodeContext &n, ArrayRef<Quantized> inputs, unsigned scale,
             unsigned zero,
             llvm::function_ref<Value(FormWriter &, ArrayRef<Value>)> write) {
  for (const Quantized &q : inputs)
    if (failed(checkInput(n, q)))
      return failure();
  if (failed(checkOutput(n, n.input(inputs.front().x).kind, scale, zero)))
    return failure();
  return n.c.raiseInstead(n.node,
                          [&](OpBuilder &b, SmallVectorImpl<Value> &results) {
                            FormWriter writer(b, n);
                            SmallVector<Value> reals;
                            for (const Quantized &q : inputs)
                              reals.push_back(writer.dequantized(q));
                            Value y = write(writer, reals);
                            if (!y)
                              return failure();
                            results.push_back(writer.quantized(y, scale, zero));
                            return success();
                          });
}

/// The axis of the scales of a matrix's rows or columns.
int64_t matrixAxis(NodeContext &n, unsigned i, bool columns) {
  return std::max<int64_t>(n.input(i).rank() - (columns ? 1 : 2), 0);
}

/// (a, a scale, a zero, b, b scale, b zero, y scale, y zero)
LogicalResult raiseQLinearMatMul(NodeContext &n) {
  return raiseBetween(
      n,
      {{0, 1, 2, matrixAxis(n, 0, false)}, {3, 4, 5, matrixAxis(n, 3, true)}},
      6, 7,
      [](FormWriter &f, ArrayRef<Value> in) { return f.w.add("MatMul", in); });
}

/// (x, x scale, x zero, w, w scale, w zero, y scale, y zero, [bias])
LogicalResult raiseQLinearConv(NodeContext &n) {
  if (n.input(1).rank() > 0 && !isConstantIntValue(n.input(1).shape[0], 1))
    return n.fail("its input has more than one scale");
  return raiseBetween(n, {{0, 1, 2}, {3, 4, 5}}, 6, 7,
                      [&](FormWriter &f, ArrayRef<Value> in) -> Value {
                        SmallVector<Value> inputs(in);
                        if (n.has(8)) {
                          Value bias = f.bias(8, 1, 4);
                          if (!bias)
                            return {};
                          inputs.push_back(bias);
                        }
                        return f.w.add(
                            "Conv", inputs,
                            keep(n, {"auto_pad", "dilations", "group",
                                     "kernel_shape", "pads", "strides"}));
                      });
}

/// (a, a scale, a zero, b, b scale, b zero, y scale, y zero)
LogicalResult raiseBinary(NodeContext &n, StringRef name) {
  return raiseBetween(
      n, {{0, 1, 2}, {3, 4, 5}}, 6, 7,
      [&](FormWriter &f, ArrayRef<Value> in) { return f.w.add(name, in); });
}

/// (x, x scale, x zero, y scale, y zero), with the attributes `kept`.
LogicalResult raiseUnary(NodeContext &n, StringRef name,
                         ArrayRef<StringRef> kept) {
  if (n.integer("channels_last", 0))
    return n.fail("its channels come last");
  return raiseBetween(n, {{0, 1, 2}}, 3, 4,
                      [&](FormWriter &f, ArrayRef<Value> in) {
                        return f.w.add(name, in, keep(n, kept));
                      });
}

/// With opset 13 the axis alone is summed; before, all from it on.
LogicalResult raiseQLinearSoftmax(NodeContext &n) {
  int64_t rank = n.input(0).rank(), axis = n.integer("axis", -1);
  if (n.integer("opset", 1) < 13 && axis != -1 && axis != rank - 1)
    return n.fail("its axis is not the last");
  return raiseUnary(n, "Softmax", {"axis"});
}

/// (y scale, y zero, x, x scale, x zero, ...)
LogicalResult raiseQLinearConcat(NodeContext &n) {
  SmallVector<Quantized> inputs;
  for (unsigned i = 2; i + 2 < n.node.getInputs().size(); i += 3)
    inputs.push_back({i, i + 1, i + 2});
  if (inputs.empty())
    return n.fail("it has no inputs");
  return raiseBetween(n, inputs, 0, 1, [&](FormWriter &f, ArrayRef<Value> in) {
    return f.w.add("Concat", in, keep(n, {"axis"}));
  });
}

/// (a, a scale, a zero, b, b scale, b zero, [c], y scale, y zero)
LogicalResult raiseQGemm(NodeContext &n) {
  if (!n.has(7))
    return n.fail("its result is not quantised");
  if (n.input(1).rank() > 0 && !isConstantIntValue(n.input(1).shape[0], 1))
    return n.fail("its input has more than one scale");
  int64_t columns = n.integer("transB", 0) ? 0 : 1;
  return raiseBetween(
      n, {{0, 1, 2}, {3, 4, 5, columns}}, 7, 8,
      [&](FormWriter &f, ArrayRef<Value> in) -> Value {
        SmallVector<Value> inputs(in);
        if (n.has(6)) {
          Value bias = n.input(6).rank() == 1 || n.input(4).rank() == 0
                           ? f.bias(6, 1, 4, n.number("alpha", 1))
                           : Value();
          if (!bias)
            return {};
          inputs.push_back(bias);
        }
        return f.w.add("Gemm", inputs, keep(n, {"alpha", "transA", "transB"}));
      });
}

} // namespace

void tfc::raise::populateQuantizedOperatorRules(RuleSet &rules) {
  rules.add("QLinearMatMul", raiseQLinearMatMul);
  rules.add("QLinearConv", raiseQLinearConv);
  auto vendor = [&](StringRef name, Rule rule) {
    rules.add(("com.microsoft." + name).str(), std::move(rule));
  };
  vendor("QLinearAdd", [](NodeContext &n) { return raiseBinary(n, "Add"); });
  vendor("QLinearMul", [](NodeContext &n) { return raiseBinary(n, "Mul"); });
  vendor("QLinearSigmoid",
         [](NodeContext &n) { return raiseUnary(n, "Sigmoid", {}); });
  vendor("QLinearLeakyRelu",
         [](NodeContext &n) { return raiseUnary(n, "LeakyRelu", {"alpha"}); });
  vendor("QLinearGlobalAveragePool",
         [](NodeContext &n) { return raiseUnary(n, "GlobalAveragePool", {}); });
  vendor("QLinearAveragePool", [](NodeContext &n) {
    return raiseUnary(n, "AveragePool",
                      {"auto_pad", "ceil_mode", "count_include_pad",
                       "kernel_shape", "pads", "strides"});
  });
  vendor("QLinearSoftmax", raiseQLinearSoftmax);
  vendor("QLinearConcat", raiseQLinearConcat);
  vendor("QGemm", raiseQGemm);
}
