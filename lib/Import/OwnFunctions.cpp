//===- OwnFunctions.cpp - function bodies that schemas lack -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OwnFunctions.h"

#include "FunctionWriter.h"

#include "onnx/defs/parser.h"
#include <array>
#include <functional>
#include <map>

using ::onnx::FunctionProto;
using ::onnx::NodeProto;
using ::onnx::TypeProto;
using namespace tfc;

namespace {

//===----------------------------------------------------------------------===//
// Activations and norms
//===----------------------------------------------------------------------===//

std::string gelu(Body &b, bool tanh, const std::string &x) {
  b.add("o0", std::string("Gelu <approximate = \"") + (tanh ? "tanh" : "none") +
                  "\"> (" + x + ")");
  return "";
}

std::string fastGelu(Body &b) {
  return gelu(b, true, b.has(1) ? b.make("Add (i0, i1)") : "i0");
}

std::string quickGelu(Body &b) {
  std::string scaled =
      b.make("Mul (i0, " + b.real(b.number("alpha", 1.702f), "i0") + ")");
  b.add("o0", "Mul (i0, " + b.make("Sigmoid (" + scaled + ")") + ")");
  return "";
}

/// (x + bias), of which the first half is gated by Gelu of the second.
std::string biasSplitGelu(Body &b) {
  b.add("left, right",
        "Split <axis = -1, num_outputs = 2> (" + b.make("Add (i0, i1)") + ")");
  b.add("o0", "Mul (left, " + b.make("Gelu (right)") + ")");
  return "";
}

std::string epsilonOf(Body &b, float otherwise) {
  return "axis = -1, epsilon = " + Body::format(b.number("epsilon", otherwise));
}

/// (input, skip, gamma, [beta], [bias]); the RMS form has no beta.
std::string skipNorm(Body &b, bool rms) {
  if (b.wants(1) || b.wants(2))
    return "its mean and deviation are used";
  std::string sum = b.make("Add (i0, i1)");
  int bias = rms ? 3 : 4;
  if (b.has(bias))
    sum = b.make("Add (" + sum + ", i" + std::to_string(bias) + ")");
  std::string parameters =
      "(" + sum + ", i2" + (!rms && b.has(3) ? ", i3" : "") + ")";
  b.add("o0", std::string(rms ? "RMSNormalization" : "LayerNormalization") +
                  " <" + epsilonOf(b, 1e-12f) + "> " + parameters);
  if (b.wants(3))
    b.add("o3", "Identity (" + sum + ")");
  return "";
}

std::string simplifiedNorm(Body &b) {
  if (b.wants(1))
    return "its deviation is used";
  b.add("o0",
        "RMSNormalization <axis = " + std::to_string(b.integer("axis", -1)) +
            ", epsilon = " + Body::format(b.number("epsilon", 1e-5f)) +
            "> (i0, i1)");
  return "";
}

/// (ids, [segments], words, positions, [segment words], gamma, beta, [mask],
/// [position ids])
std::string embedNorm(Body &b) {
  std::string words = b.make("Gather (i2, i0)"), places;
  if (b.has(8)) {
    places = b.make("Gather (i3, i8)");
  } else {
    std::string length = b.make("Shape <start = 1, end = 2> (i0)");
    length = b.make("Squeeze (" + length + ")");
    places = b.make("Range (" + b.scalar(0) + ", " + length + ", " +
                    b.scalar(1) + ")");
    places = b.make("Gather (i3, " + places + ")");
  }
  std::string sum = b.make("Add (" + words + ", " + places + ")");
  if (b.has(1) && b.has(4))
    sum = b.make("Add (" + sum + ", " + b.make("Gather (i4, i1)") + ")");
  b.add("o0", "LayerNormalization <" + epsilonOf(b, 1e-12f) + "> (" + sum +
                  ", i5, i6)");
  if (b.wants(1)) {
    if (b.has(7)) {
      std::string mask = b.make("Cast <to = 6> (i7)");
      b.add("o1",
            "ReduceSum <keepdims = 0> (" + mask + ", " + b.integers({1}) + ")");
    } else {
      std::string batch = b.make("Shape <start = 0, end = 1> (i0)");
      b.add("o1", "ConstantOfShape <value = int32[1] {0}> (" + batch + ")");
    }
  }
  if (b.wants(2))
    b.add("o2", "Identity (" + sum + ")");
  return "";
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

std::string fusedMatMul(Body &b) {
  if (b.integer("transBatchA", 0) || b.integer("transBatchB", 0))
    return "transposed batches are not covered";
  auto side = [&](int i, const char *flag) -> std::string {
    std::string x = "i" + std::to_string(i);
    if (!b.integer(flag, 0))
      return x;
    std::string perm;
    for (int d = 0, r = b.rank(i); d < r; ++d)
      perm += (d ? ", " : "") + std::to_string(d < r - 2 ? d : 2 * r - 3 - d);
    return b.make("Transpose <perm = [" + perm + "]> (" + x + ")");
  };
  if (b.rank(0) < 2 || b.rank(1) < 2)
    return "its inputs must have a known rank of 2 at least";
  std::string y =
      b.make("MatMul (" + side(0, "transA") + ", " + side(1, "transB") + ")");
  b.add("o0", "Mul (" + y + ", " + b.real(b.number("alpha", 1), "i0") + ")");
  return "";
}

/// x - zero point, as numbers of `type`; a row of zero points goes down the
/// rows.
std::string centred(Body &b, int x, int zero, int type, bool rows) {
  std::string cast = "Cast <to = " + std::to_string(type) + "> (";
  std::string y = b.make(cast + "i" + std::to_string(x) + ")");
  if (!b.has(zero))
    return y;
  std::string z = b.make(cast + "i" + std::to_string(zero) + ")");
  if (rows && b.rank(zero) == 1 && b.size(zero, 0) != 1)
    z = b.make("Unsqueeze (" + z + ", " + b.integers({1}) + ")");
  return b.make("Sub (" + y + ", " + z + ")");
}

std::string matMulInteger(Body &b) {
  b.add("o0", "MatMul (" + centred(b, 0, 2, 6, true) + ", " +
                  centred(b, 1, 3, 6, false) + ")");
  return "";
}

/// (a, a scale, a zero, b, b scale, b zero, y scale, y zero)
std::string qLinearMatMul(Body &b) {
  std::string sum = b.make("MatMul (" + centred(b, 0, 2, 6, true) + ", " +
                           centred(b, 3, 5, 6, false) + ")");
  std::string real = b.make("Cast <to = 1> (" + sum + ")");
  auto scale = [&](int i) {
    return b.make("Cast <to = 1> (i" + std::to_string(i) + ")");
  };
  std::string left = scale(1);
  if (b.rank(1) == 1 && b.size(1, 0) != 1)
    left = b.make("Unsqueeze (" + left + ", " + b.integers({1}) + ")");
  std::string factor = b.make("Mul (" + left + ", " + scale(4) + ")");
  factor = b.make("Div (" + factor + ", " + scale(6) + ")");
  std::string scaled = b.make("Mul (" + real + ", " + factor + ")");
  b.add("o0", "QuantizeLinear (" + scaled + ", " +
                  b.make("Constant <value_float = 1.0> ()") + ", i7)");
  return "";
}

/// The product of integers as numbers, times the scales, plus the bias.
std::string matMulIntegerToFloat(Body &b, const std::string &x,
                                 const std::string &y,
                                 const std::array<std::string, 2> &zeros,
                                 const std::string &scale, int bias) {
  std::string sums = b.make("MatMulInteger (" + x + ", " + y + ", " + zeros[0] +
                            (zeros[1].empty() ? "" : ", " + zeros[1]) + ")");
  std::string scaled = "Mul (" + b.make("Cast <to = 1> (" + sums + ")") + ", " +
                       b.make(scale) + ")";
  if (b.has(bias))
    scaled = "Add (" + b.make(scaled) + ", i" + std::to_string(bias) + ")";
  b.add("o0", scaled);
  return "";
}

/// (a, b, b scale, [b zero], [bias])
std::string dynamicQuantizeMatMul(Body &b) {
  b.add("q, s, z", "DynamicQuantizeLinear (i0)");
  return matMulIntegerToFloat(b, "q", "i1", {"z", b.has(3) ? "i3" : ""},
                              "Mul (s, i2)", 4);
}

std::string fusedGemm(Body &b) {
  std::string activation = b.text("activation", "");
  std::string attributes;
  if (activation == "LeakyRelu")
    attributes =
        " <alpha = " + Body::format(b.number("activation_alpha", 0.01f)) + ">";
  else if (activation != "Relu" && activation != "Tanh" &&
           activation != "Sigmoid")
    return "its activation '" + activation + "' is not covered";
  std::string y =
      b.make("Gemm <alpha = " + Body::format(b.number("alpha", 1)) +
             ", beta = " + Body::format(b.number("beta", 1)) +
             ", transA = " + std::to_string(b.integer("transA", 0)) +
             ", transB = " + std::to_string(b.integer("transB", 0)) +
             "> (i0, i1" + (b.has(2) ? ", i2" : "") + ")");
  b.add("o0", activation + attributes + " (" + y + ")");
  return "";
}

/// Integers of `bits` packed in bytes along the last dimension of `x`, as
/// `shape`.
std::string unpacked(Body &b, const std::string &x, int64_t bits,
                     const std::vector<int64_t> &shape) {
  std::string pieces, last = b.integers({-1});
  std::string mask = b.make("Constant <value = uint8[1] {" +
                            std::to_string((1 << bits) - 1) + "}> ()");
  for (int64_t from = 0; from < 8; from += bits) {
    std::string by =
        b.make("Constant <value = uint8[1] {" + std::to_string(from) + "}> ()");
    std::string piece = b.make(
        "BitwiseAnd (" +
        b.make("BitShift <direction = \"RIGHT\"> (" + x + ", " + by + ")") +
        ", " + mask + ")");
    pieces +=
        (from ? ", " : "") + b.make("Unsqueeze (" + piece + ", " + last + ")");
  }
  std::string all = b.make("Concat <axis = -1> (" + pieces + ")");
  return b.make("Reshape (" + all + ", " + b.integers(shape) + ")");
}

/// (a [..., K], weights [N, K / block, bytes], scales, [zeros], [order],
/// [bias])
std::string matMulNBits(Body &b) {
  int64_t bits = b.integer("bits", 4), block = b.integer("block_size", 0),
          rows = b.integer("N", 0), depth = b.integer("K", 0);
  if ((bits != 2 && bits != 4 && bits != 8) || block <= 0 || rows <= 0 ||
      depth <= 0 || block * bits % 8 || b.type(1) != 2)
    return "its bits, block_size or weights are not covered";
  if (b.has(4))
    return "an order of its columns is not covered";
  int64_t blocks = (depth + block - 1) / block;
  auto blockwise = [&](const std::string &x) {
    return b.make("Reshape (" + x + ", " + b.integers({rows, blocks, 1}) + ")");
  };
  std::string w = unpacked(b, "i1", bits, {rows, blocks, block});
  w = b.make("CastLike (" + w + ", i0)");
  std::string zero = b.real(static_cast<float>(1 << (bits - 1)), "i0");
  if (b.has(3) && b.type(3) == 2) {
    int64_t bytes = (blocks * bits + 7) / 8;
    std::string flat =
        b.make("Reshape (i3, " + b.integers({rows, bytes}) + ")");
    std::string all = unpacked(b, flat, bits, {rows, bytes * 8 / bits});
    all = b.make("Slice (" + all + ", " + b.integers({0}) + ", " +
                 b.integers({blocks}) + ", " + b.integers({1}) + ")");
    zero = blockwise(b.make("CastLike (" + all + ", i0)"));
  } else if (b.has(3)) {
    zero = blockwise("i3");
  }
  w = b.make("Mul (" + b.make("Sub (" + w + ", " + zero + ")") + ", " +
             blockwise("i2") + ")");
  w = b.make("Reshape (" + w + ", " + b.integers({rows, blocks * block}) + ")");
  if (blocks * block != depth)
    w = b.make("Slice (" + w + ", " + b.integers({0}) + ", " +
               b.integers({depth}) + ", " + b.integers({1}) + ")");
  std::string y =
      "MatMul (i0, " + b.make("Transpose <perm = [1, 0]> (" + w + ")") + ")";
  b.add("o0", b.has(5) ? "Add (" + b.make(y) + ", i5)" : y);
  return "";
}

/// The attributes of a convolution, as text.
std::string convolutionAttributes(Body &b) {
  std::string text;
  for (const char *name : {"dilations", "kernel_shape", "pads", "strides"}) {
    std::string values;
    for (int64_t value : b.list(name))
      values += (values.empty() ? "" : ", ") + std::to_string(value);
    if (!values.empty())
      text += std::string(name) + " = [" + values + "], ";
  }
  return text + "group = " + std::to_string(b.integer("group", 1));
}

/// In double precision, which holds every sum of products of bytes.
std::string convInteger(Body &b) {
  std::string x = centred(b, 0, 2, 11, false),
              w = b.make("Cast <to = 11> (i1)");
  if (b.has(3)) {
    // One zero point, or one for each of the output's channels.
    std::string zero = b.make("Cast <to = 11> (i3)");
    std::vector<int64_t> axes;
    for (int d = 1; d < b.rank(1); ++d)
      axes.push_back(d);
    if (b.rank(3) == 1 && b.size(3, 0) != 1)
      zero = b.make("Unsqueeze (" + zero + ", " + b.integers(axes) + ")");
    w = b.make("Sub (" + w + ", " + zero + ")");
  }
  std::string y =
      b.make("Conv <" + convolutionAttributes(b) + "> (" + x + ", " + w + ")");
  b.add("o0", "Cast <to = 6> (" + y + ")");
  return "";
}

/// (x, x scale, x zero, w, w scale, w zero, y scale, y zero, [bias])
std::string qLinearConv(Body &b) {
  int spatial = b.rank(0) - 2;
  if (spatial < 1)
    return "the rank of its input must be known";
  auto channels = [&](const std::string &value, int i, bool weights) {
    if (b.rank(i) != 1 || b.size(i, 0) == 1)
      return value;
    std::vector<int64_t> axes;
    for (int d = 0; d < spatial; ++d)
      axes.push_back(d + 1);
    if (weights)
      axes.push_back(spatial + 1);
    return b.make("Unsqueeze (" + value + ", " + b.integers(axes) + ")");
  };
  std::string x = centred(b, 0, 2, 11, false),
              w = b.make("Cast <to = 11> (i3)");
  std::string zero = channels(b.make("Cast <to = 11> (i5)"), 5, true);
  w = b.make("Sub (" + w + ", " + zero + ")");
  std::string bias = b.has(8) ? ", " + b.make("Cast <to = 11> (i8)") : "";
  std::string y = b.make("Conv <" + convolutionAttributes(b) + "> (" + x +
                         ", " + w + bias + ")");
  std::string real = b.make("Cast <to = 1> (" + y + ")");
  std::string factor = b.make("Div (" + b.make("Mul (i1, i4)") + ", i6)");
  std::string scaled =
      b.make("Mul (" + real + ", " + channels(factor, 4, false) + ")");
  b.add("o0", "QuantizeLinear (" + scaled + ", " +
                  b.make("Constant <value_float = 1.0> ()") + ", i7)");
  return "";
}

//===----------------------------------------------------------------------===//
// ONNX's own
//===----------------------------------------------------------------------===//

/// Inference: (x, scale, bias, mean, variance), channels in dimension 1.
std::string batchNorm(Body &b) {
  int rank = b.rank(0);
  if (b.integer("training_mode", 0) || b.wants(1) || rank < 1)
    return "only inference is supported";
  auto row = [&](int i) {
    std::string value = b.make("CastLike (i" + std::to_string(i) + ", i0)");
    std::vector<int64_t> axes;
    for (int d = 1; d < rank - 1; ++d)
      axes.push_back(d);
    return axes.empty()
               ? value
               : b.make("Unsqueeze (" + value + ", " + b.integers(axes) + ")");
  };
  std::string deviation =
      b.make("Sqrt (" +
             b.make("Add (" + row(4) + ", " +
                    b.real(b.number("epsilon", 1e-5f), "i0") + ")") +
             ")");
  std::string normal = b.make("Div (" + b.make("Sub (i0, " + row(3) + ")") +
                              ", " + deviation + ")");
  b.add("o0", "Add (" + b.make("Mul (" + normal + ", " + row(1) + ")") + ", " +
                  row(2) + ")");
  return "";
}

std::string lpNormalization(Body &b) {
  std::string reduce = b.integer("p", 2) == 1 ? "ReduceL1" : "ReduceL2";
  std::string length = b.make(reduce + " <keepdims = 1> (i0, " +
                              b.integers({b.integer("axis", -1)}) + ")");
  // A row of zeros stays one.
  std::string zero = b.make("Equal (" + length + ", " + b.real(0, "i0") + ")");
  length =
      b.make("Where (" + zero + ", " + b.real(1, "i0") + ", " + length + ")");
  b.add("o0", "Div (i0, " + length + ")");
  return "";
}

/// x + bias below -lambd, x - bias above lambd, else 0.
std::string shrink(Body &b) {
  std::string lambda = b.real(b.number("lambd", 0.5f), "i0"),
              bias = b.real(b.number("bias", 0), "i0");
  std::string low = b.make("Less (i0, " + b.make("Neg (" + lambda + ")") + ")"),
              high = b.make("Greater (i0, " + lambda + ")");
  std::string above =
      b.make("Where (" + high + ", " + b.make("Sub (i0, " + bias + ")") + ", " +
             b.real(0, "i0") + ")");
  b.add("o0", "Where (" + low + ", " + b.make("Add (i0, " + bias + ")") + ", " +
                  above + ")");
  return "";
}

const std::map<std::string, Writer> &writers() {
  static const std::map<std::string, Writer> table = {
      {"com.microsoft.Gelu", [](Body &b) { return gelu(b, false, "i0"); }},
      {"com.microsoft.BiasGelu",
       [](Body &b) { return gelu(b, false, b.make("Add (i0, i1)")); }},
      {"com.microsoft.FastGelu", fastGelu},
      {"com.microsoft.QuickGelu", quickGelu},
      {"com.microsoft.SkipLayerNormalization",
       [](Body &b) { return skipNorm(b, false); }},
      {"com.microsoft.SkipSimplifiedLayerNormalization",
       [](Body &b) { return skipNorm(b, true); }},
      {"com.microsoft.EmbedLayerNormalization", embedNorm},
      {"com.microsoft.Attention", vendorAttention},
      {"com.microsoft.MultiHeadAttention", multiHeadAttention},
      {"com.microsoft.GroupQueryAttention", groupQueryAttention},
      {"com.microsoft.QAttention", quantizedAttention},
      {"com.microsoft.BiasSplitGelu", biasSplitGelu},
      {"com.microsoft.FusedGemm", fusedGemm},
      {"com.microsoft.MatMulNBits", matMulNBits},
      {"com.microsoft.MatMulIntegerToFloat",
       [](Body &b) {
         return matMulIntegerToFloat(
             b, "i0", "i1", {b.has(4) ? "i4" : "", b.has(5) ? "i5" : ""},
             "Mul (i2, i3)", 6);
       }},
      {"com.microsoft.DynamicQuantizeMatMul", dynamicQuantizeMatMul},
      {"com.microsoft.FusedMatMul", fusedMatMul},
      {".SimplifiedLayerNormalization", simplifiedNorm},
      {".MatMulInteger", matMulInteger},
      {".QLinearMatMul", qLinearMatMul},
      {".ConvInteger", convInteger},
      {".QLinearConv", qLinearConv},
      {".BatchNormalization", batchNorm},
      {".GRU", recurrentNetwork},
      {".LSTM", recurrentNetwork},
      {".RNN", recurrentNetwork},
      {".Shrink", shrink},
      {".LpNormalization", lpNormalization},
  };
  return table;
}

} // namespace

bool tfc::hasOwnFunction(const std::string &domain,
                         const std::string &operatorName) {
  return writers().count(domain + "." + operatorName) != 0;
}

bool tfc::ownFunctionBody(const NodeProto &node,
                          const std::vector<TypeProto> &inputTypes,
                          FunctionProto &function, std::string &reason) {
  auto writer = writers().find(node.domain() + "." + node.op_type());
  if (writer == writers().end()) {
    reason = "tfc has no rule for it, and ONNX no function body";
    return false;
  }
  Body body(node, inputTypes);
  reason = writer->second(body);
  if (!reason.empty())
    return false;
  for (int i = 0; i < node.input_size(); ++i)
    function.add_input("i" + std::to_string(i));
  for (int i = 0; i < node.output_size(); ++i)
    function.add_output("o" + std::to_string(i));
  std::string text = body.text();
  ::onnx::OnnxParser parser(text.c_str());
  while (!parser.EndOfInput()) {
    auto status = parser.Parse(*function.add_node());
    if (!status.IsOK()) {
      reason = "its body cannot be read: " + status.ErrorMessage();
      return false;
    }
  }
  auto *entry = function.add_opset_import();
  entry->set_version(bodyOpset);
  return true;
}
