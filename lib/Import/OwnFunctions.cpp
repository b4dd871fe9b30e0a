//===- OwnFunctions.cpp - function bodies that schemas lack -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OwnFunctions.h"

#include "BodyWriter.h"

#include "onnx/defs/parser.h"
#include <cmath>
#include <functional>
#include <limits>
#include <map>

using ::onnx::FunctionProto;
using ::onnx::NodeProto;
using ::onnx::TypeProto;
using tfc::Body;
using tfc::recurrentNetwork;

namespace {

/// The opset that the bodies are written for.
constexpr int bodyOpset = 23;

/// Writes the body, or says why the node has none.
using Writer = std::function<std::string(Body &)>;

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
// Attention
//===----------------------------------------------------------------------===//

/// [B, S, N * D] as [B, N, S, D].
std::string splitHeads(Body &b, const std::string &x, int64_t heads,
                       int64_t width) {
  std::string rows = b.make("Reshape (" + x + ", " +
                            b.integers({0, 0, heads, width / heads}) + ")");
  return b.make("Transpose <perm = [0, 2, 1, 3]> (" + rows + ")");
}

/// 0 where `visible`, else `filter`, in the type of `like`.
std::string hide(Body &b, const std::string &visible, float filter,
                 const std::string &like) {
  return b.make("Where (" + visible + ", " + b.real(0, like) + ", " +
                b.real(filter, like) + ")");
}

/// The last axis of keys as [1, 1, 1, T].
std::string keyNumbers(Body &b, const std::string &key) {
  std::string count = b.make(
      "Squeeze (" + b.make("Shape <start = 2, end = 3> (" + key + ")") + ")");
  return b.make("Range (" + b.scalar(0) + ", " + count + ", " + b.scalar(1) +
                ")");
}

/// A mask input in one of its forms, as what is added to the scores; empty and
/// a reason where the form is not covered.
std::string maskBias(Body &b, int input, float filter, const std::string &key,
                     std::string &reason) {
  std::string mask = "i" + std::to_string(input);
  int rank = b.rank(input);
  if (rank == 1) {
    // Lengths: keys from there on are hidden.
    std::string lengths = b.make("Cast <to = 7> (" + mask + ")");
    lengths =
        b.make("Unsqueeze (" + lengths + ", " + b.integers({1, 2, 3}) + ")");
    return hide(b, b.make("Less (" + keyNumbers(b, key) + ", " + lengths + ")"),
                filter, key);
  }
  if (rank == 2 || rank == 3) {
    std::string visible = b.make("Cast <to = 9> (" + mask + ")");
    visible = b.make("Unsqueeze (" + visible + ", " +
                     b.integers(rank == 2 ? std::vector<int64_t>{1, 2}
                                          : std::vector<int64_t>{1}) +
                     ")");
    return hide(b, visible, filter, key);
  }
  reason = "its mask has a form that is not covered";
  return "";
}

/// softmax(scale q k^T + bias) v on [B, N, S, D], to o0 as [B, S, N * E].
void attend(Body &b, const std::string &query, const std::string &key,
            const std::string &value, const std::string &bias, bool causal,
            float scale, int64_t width) {
  std::string turned = b.make("Transpose <perm = [0, 1, 3, 2]> (" + key + ")");
  std::string scores = b.make("MatMul (" + query + ", " + turned + ")");
  scores = b.make("Mul (" + scores + ", " + b.real(scale, query) + ")");
  if (!bias.empty())
    scores = b.make("Add (" + scores + ", " + bias + ")");
  if (causal) {
    auto length = [&](const std::string &x) {
      return b.make("Squeeze (" +
                    b.make("Shape <start = 2, end = 3> (" + x + ")") + ")");
    };
    std::string keys = length(key), queries = length(query);
    std::string first = b.make("Sub (" + keys + ", " + queries + ")");
    std::string rows =
        b.make("Range (" + first + ", " + keys + ", " + b.scalar(1) + ")");
    rows = b.make("Unsqueeze (" + rows + ", " + b.integers({1}) + ")");
    std::string seen =
        b.make("LessOrEqual (" + keyNumbers(b, key) + ", " + rows + ")");
    scores = b.make("Where (" + seen + ", " + scores + ", " +
                    b.real(std::numeric_limits<float>::lowest(), scores) + ")");
  }
  std::string shares = b.make("Softmax <axis = -1> (" + scores + ")");
  std::string mixed = b.make("MatMul (" + shares + ", " + value + ")");
  std::string rows = b.make("Transpose <perm = [0, 2, 1, 3]> (" + mixed + ")");
  b.add("o0", "Reshape (" + rows + ", " + b.integers({0, 0, width}) + ")");
}

/// com.microsoft.Attention: (input, weights, [bias], [mask], [past], [added])
std::string vendorAttention(Body &b) {
  int64_t heads = b.integer("num_heads", 0), total = b.size(1, 1);
  if (heads <= 0 || total <= 0)
    return "num_heads and the size of its weights must be known";
  if (b.has(6) || b.integer("do_rotary", 0) ||
      b.integer("past_present_share_buffer", 0))
    return "shared buffers and rotary embeddings are not covered";
  std::vector<int64_t> widths = b.list("qkv_hidden_sizes");
  if (widths.empty())
    widths = {total / 3, total / 3, total / 3};
  if (widths.size() != 3 || widths[0] % heads || widths[2] % heads ||
      widths[0] != widths[1])
    return "its qkv_hidden_sizes are not covered";
  std::string all = b.make("MatMul (i0, i1)");
  if (b.has(2))
    all = b.make("Add (" + all + ", i2)");
  b.add("q, k, v",
        "Split <axis = -1> (" + all + ", " + b.integers(widths) + ")");
  std::string query = splitHeads(b, "q", heads, widths[0]);
  std::string key = splitHeads(b, "k", heads, widths[1]);
  std::string value = splitHeads(b, "v", heads, widths[2]);
  if (b.has(4)) {
    b.add("pk, pv", "Split <axis = 0, num_outputs = 2> (i4)");
    auto join = [&](const char *past, const std::string &now) {
      std::string before = b.make(std::string("Squeeze (") + past + ", " +
                                  b.integers({0}) + ")");
      return b.make("Concat <axis = 2> (" + before + ", " + now + ")");
    };
    key = join("pk", key);
    value = join("pv", value);
  }
  if (b.wants(1)) {
    std::string front = b.integers({0});
    b.add("o1", "Concat <axis = 0> (" +
                    b.make("Unsqueeze (" + key + ", " + front + ")") + ", " +
                    b.make("Unsqueeze (" + value + ", " + front + ")") + ")");
  }
  std::string bias, reason;
  if (b.has(3)) {
    bias =
        maskBias(b, 3, b.number("mask_filter_value", -10000.0f), key, reason);
    if (bias.empty())
      return reason;
  }
  if (b.has(5))
    bias = bias.empty() ? "i5" : b.make("Add (" + bias + ", i5)");
  float scale = b.number("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<float>(widths[0] / heads));
  attend(b, query, key, value, bias, b.integer("unidirectional", 0) != 0, scale,
         widths[2]);
  return "";
}

/// com.microsoft.MultiHeadAttention: (query, key, value, [bias], [key padding
/// mask], [added], [past key], [past value])
std::string multiHeadAttention(Body &b) {
  int64_t heads = b.integer("num_heads", 0), width = b.size(0, 2);
  if (heads <= 0 || width <= 0 || b.rank(0) != 3 || b.rank(1) != 3 ||
      b.rank(2) != 3)
    return "only query, key and value of rank 3 and known width are covered";
  int64_t valueWidth = b.size(2, 2);
  if (valueWidth <= 0 || width % heads || valueWidth % heads || b.has(8) ||
      b.has(9))
    return "this form of its key, value and past is not covered";
  std::string q = "i0", k = "i1", v = "i2";
  if (b.has(3)) {
    b.add("bq, bk, bv", "Split <axis = 0> (i3, " +
                            b.integers({width, width, valueWidth}) + ")");
    q = b.make("Add (i0, bq)");
    k = b.make("Add (i1, bk)");
    v = b.make("Add (i2, bv)");
  }
  std::string query = splitHeads(b, q, heads, width),
              key = splitHeads(b, k, heads, width),
              value = splitHeads(b, v, heads, valueWidth);
  if (b.has(6) && b.has(7)) {
    key = b.make("Concat <axis = 2> (i6, " + key + ")");
    value = b.make("Concat <axis = 2> (i7, " + value + ")");
  }
  if (b.wants(1))
    b.add("o1", "Identity (" + key + ")");
  if (b.wants(2))
    b.add("o2", "Identity (" + value + ")");
  std::string bias, reason;
  if (b.has(4)) {
    bias =
        maskBias(b, 4, b.number("mask_filter_value", -10000.0f), key, reason);
    if (bias.empty())
      return reason;
  }
  if (b.has(5))
    bias = bias.empty() ? "i5" : b.make("Add (" + bias + ", i5)");
  float scale = b.number("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<float>(width / heads));
  attend(b, query, key, value, bias, b.integer("unidirectional", 0) != 0, scale,
         valueWidth);
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
