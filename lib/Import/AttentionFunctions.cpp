//===- AttentionFunctions.cpp - ONNX Runtime's attentions -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionWriter.h"

#include <cmath>
#include <limits>

using namespace tfc;

namespace {

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
                    b.real(std::numeric_limits<float>::lowest(), query) + ")");
  }
  std::string shares = b.make("Softmax <axis = -1> (" + scores + ")");
  std::string mixed = b.make("MatMul (" + shares + ", " + value + ")");
  std::string rows = b.make("Transpose <perm = [0, 2, 1, 3]> (" + mixed + ")");
  b.add("o0", "Reshape (" + rows + ", " + b.integers({0, 0, width}) + ")");
}

/// Which inputs of a fused attention are what; -1 for one that it has not.
struct InputPlaces {
  int mask, past, added;
};

/// Attention of `all`, query, key and value side by side.
std::string attendProjected(Body &b, const std::string &all,
                            const InputPlaces &places) {
  int64_t heads = b.integer("num_heads", 0), total = b.size(1, 1);
  if (b.integer("do_rotary", 0) || b.integer("past_present_share_buffer", 0))
    return "shared buffers and rotary embeddings are not covered";
  std::vector<int64_t> widths = b.list("qkv_hidden_sizes");
  if (widths.empty())
    widths = {total / 3, total / 3, total / 3};
  if (heads <= 0 || total <= 0 || widths.size() != 3 || widths[0] % heads ||
      widths[2] % heads || widths[0] != widths[1])
    return "num_heads and the size of its weights must be known and fit";
  b.add("q, k, v",
        "Split <axis = -1> (" + all + ", " + b.integers(widths) + ")");
  std::string query = splitHeads(b, "q", heads, widths[0]);
  std::string key = splitHeads(b, "k", heads, widths[1]);
  std::string value = splitHeads(b, "v", heads, widths[2]);
  if (b.has(places.past)) {
    b.add("pk, pv", "Split <axis = 0, num_outputs = 2> (i" +
                        std::to_string(places.past) + ")");
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
  if (b.has(places.mask)) {
    bias = maskBias(b, places.mask, b.number("mask_filter_value", -10000.0f),
                    key, reason);
    if (bias.empty())
      return reason;
  }
  if (places.added >= 0 && b.has(places.added)) {
    std::string added = "i" + std::to_string(places.added);
    bias = bias.empty() ? added : b.make("Add (" + bias + ", " + added + ")");
  }
  float scale = b.number("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<float>(widths[0] / heads));
  attend(b, query, key, value, bias, b.integer("unidirectional", 0) != 0, scale,
         widths[2]);
  return "";
}

/// Heads [B, N, S, D] turned by the cosines (i7) and sines (i8) of positions:
/// those given (i9), or `count` ones behind the `past` of each sample.
std::string rotated(Body &b, const std::string &x, const std::string &count,
                    const std::string &past, int64_t depth) {
  std::string positions = "i9";
  if (!b.has(9)) {
    positions =
        b.make("Range (" + b.scalar(0) + ", " +
               b.make("Squeeze (" + count + ")") + ", " + b.scalar(1) + ")");
    std::string batch = b.make("Shape <start = 0, end = 1> (i0)");
    std::string start =
        past.empty()
            ? b.integers({0})
            : b.make("Unsqueeze (" + past + ", " + b.integers({1}) + ")");
    positions = b.make("Add (" + start + ", " + positions + ")");
    positions = b.make(
        "Expand (" + positions + ", " +
        b.make("Concat <axis = 0> (" + batch + ", " + count + ")") + ")");
  }
  int64_t turned = 2 * b.size(7, 1);
  return b.make("RotaryEmbedding <interleaved = " +
                std::to_string(b.integer("rotary_interleaved", 0)) +
                ", rotary_embedding_dim = " +
                std::to_string(turned == depth ? 0 : turned) + "> (" + x +
                ", i7, i8, " + positions + ")");
}

} // namespace

/// com.microsoft.Attention: (input, weights, [bias], [mask], [past], [added])
std::string tfc::vendorAttention(Body &b) {
  if (b.has(6))
    return "shared buffers are not covered";
  std::string all = b.make("MatMul (i0, i1)");
  if (b.has(2))
    all = b.make("Add (" + all + ", i2)");
  return attendProjected(b, all, {3, 4, 5});
}

/// com.microsoft.QAttention: (input, weights, bias, input scale, weights'
/// scale, [mask], [input zero], [weights' zero], [past])
std::string tfc::quantizedAttention(Body &b) {
  std::string zeros =
      std::string(", ") + (b.has(6) ? "i6" : "") + (b.has(7) ? ", i7" : "");
  std::string sums = b.make("MatMulInteger (i0, i1" + zeros + ")");
  std::string all = b.make("Mul (" + b.make("Cast <to = 1> (" + sums + ")") +
                           ", " + b.make("Mul (i3, i4)") + ")");
  return attendProjected(b, b.make("Add (" + all + ", i2)"), {5, 8, -1});
}

/// com.microsoft.MultiHeadAttention: (query, key, value, [bias], [key padding
/// mask], [added], [past key], [past value])
std::string tfc::multiHeadAttention(Body &b) {
  int64_t heads = b.integer("num_heads", 0), width = b.size(0, 2);
  // Keys and values of a cross attention may have their heads apart already.
  bool apart = b.rank(1) == 4 && b.rank(2) == 4;
  if (heads <= 0 || width <= 0 || b.rank(0) != 3 ||
      !(apart || (b.rank(1) == 3 && b.rank(2) == 3)))
    return "only a query of rank 3 and known width, and key and value of rank "
           "3 or 4 are covered";
  int64_t valueWidth = apart ? heads * b.size(2, 3) : b.size(2, 2);
  if (valueWidth <= 0 || width % heads || valueWidth % heads || b.has(8) ||
      b.has(9) || b.wants(3) || (apart && (b.has(6) || b.has(7))) ||
      b.has(6) != b.has(7))
    return "this form of its key, value and past is not covered";
  std::string q = "i0", k = "i1", v = "i2";
  if (b.has(3)) {
    b.add("bq, bk, bv", "Split <axis = 0> (i3, " +
                            b.integers({width, width, valueWidth}) + ")");
    q = b.make("Add (i0, bq)");
    if (!apart) {
      k = b.make("Add (i1, bk)");
      v = b.make("Add (i2, bv)");
    }
  }
  std::string query = splitHeads(b, q, heads, width),
              key = apart ? k : splitHeads(b, k, heads, width),
              value = apart ? v : splitHeads(b, v, heads, valueWidth);
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

/// com.microsoft.GroupQueryAttention: (query, [key], [value], [past key], [past
/// value], lengths - 1, total length, [cosines], [sines], [positions], [bias])
std::string tfc::groupQueryAttention(Body &b) {
  int64_t heads = b.integer("num_heads", 0),
          keyHeads = b.integer("kv_num_heads", 0), width = b.size(0, 2);
  bool packed = !b.has(1);
  if (heads <= 0 || keyHeads <= 0 || heads % keyHeads || width <= 0 ||
      b.rank(0) != 3 || b.has(1) != b.has(2) || b.has(3) != b.has(4))
    return "its heads and the width of its query must be known and fit";
  if (b.wants(3) || b.has(11) || b.has(12) || b.has(13) ||
      b.integer("smooth_softmax", 0) > 0 || b.integer("qk_output", 0) != 0 ||
      b.text("k_quant_type", "NONE") != "NONE" ||
      b.text("v_quant_type", "NONE") != "NONE")
    return "sinks, smooth softmax, quantised caches and scores as output are "
           "not covered";
  if (b.integer("do_rotary", 0) &&
      (!b.has(7) || !b.has(8) || b.size(7, 1) <= 0))
    return "its cosines and sines, and their width, must be known";
  int64_t all = packed ? heads + 2 * keyHeads : heads, depth = width / all;
  if (width % all)
    return "the width of its query does not divide by its heads";
  std::string q = "i0", k = "i1", v = "i2";
  if (packed) {
    b.add("q, k, v",
          "Split <axis = -1> (i0, " +
              b.integers({heads * depth, keyHeads * depth, keyHeads * depth}) +
              ")");
    q = "q", k = "k", v = "v";
  }
  std::string query = splitHeads(b, q, heads, heads * depth),
              key = splitHeads(b, k, keyHeads, keyHeads * depth),
              value = splitHeads(b, v, keyHeads, keyHeads * depth);
  // How many tokens of each sample lie before these.
  std::string count = b.make("Shape <start = 1, end = 2> (i0)"), past;
  if (b.has(3)) {
    std::string total = b.make("Reshape (" + b.make("Cast <to = 7> (i6)") +
                               ", " + b.integers({1}) + ")");
    std::string lengths = b.make("Reshape (" + b.make("Cast <to = 7> (i5)") +
                                 ", " + b.integers({-1}) + ")");
    lengths = b.make("Add (" + lengths + ", " + b.integers({1}) + ")");
    std::string first = b.make("Equal (" + count + ", " + total + ")");
    past = b.make("Where (" + first + ", " + b.integers({0}) + ", " +
                  b.make("Sub (" + lengths + ", " + count + ")") + ")");
    std::string before = b.make("Shape <start = 2, end = 3> (i3)");
    std::string room = b.make("Max (" + total + ", " + before + ")");
    room = b.make("Sub (" + room + ", " + before + ")");
    auto widened = [&](const std::string &name) {
      std::string sizes =
          b.make("Concat <axis = 0> (" +
                 b.make("Shape <start = 0, end = 2> (" + name + ")") + ", " +
                 room + ", " + b.integers({depth}) + ")");
      std::string behind =
          b.make("Expand (" + b.real(0, name) + ", " + sizes + ")");
      return b.make("Concat <axis = 2> (" + name + ", " + behind + ")");
    };
    if (b.integer("do_rotary", 0))
      key = rotated(b, key, count, past, depth);
    key = b.make("TensorScatter <axis = 2> (" + widened("i3") + ", " + key +
                 ", " + past + ")");
    value = b.make("TensorScatter <axis = 2> (" + widened("i4") + ", " + value +
                   ", " + past + ")");
  } else if (b.integer("do_rotary", 0)) {
    key = rotated(b, key, count, past, depth);
  }
  if (b.integer("do_rotary", 0))
    query = rotated(b, query, count, past, depth);
  if (b.wants(1))
    b.add("o1", "Identity (" + key + ")");
  if (b.wants(2))
    b.add("o2", "Identity (" + value + ")");
  float scale = b.number("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<float>(depth));
  std::string attributes = "is_causal = 1, scale = " + Body::format(scale);
  if (float cap = b.number("softcap", 0))
    attributes += ", softcap = " + Body::format(cap);
  int64_t window = b.integer("local_window_size", -1);
  if (window > 0)
    attributes += ", left_window_size = " + std::to_string(window - 1);
  std::string inputs =
      query + ", " + key + ", " + value + ", " + (b.has(10) ? "i10" : "");
  if (!past.empty())
    inputs += ", , , " + b.make("Add (" + past + ", " + count + ")");
  std::string mixed = b.make("Attention <" + attributes + "> (" + inputs + ")");
  std::string rows = b.make("Transpose <perm = [0, 2, 1, 3]> (" + mixed + ")");
  b.add("o0",
        "Reshape (" + rows + ", " + b.integers({0, 0, heads * depth}) + ")");
  return "";
}
