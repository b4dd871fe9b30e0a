//===- FunctionWriter.h - writes function bodies ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_IMPORT_FUNCTIONWRITER_H
#define TFC_IMPORT_FUNCTIONWRITER_H

#include "onnx/onnx_pb.h"
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace tfc {

/// The opset that the bodies are written for.
constexpr int bodyOpset = 25;

/// Writes a body in ONNX's text form. Inputs are called i0, i1, ..., outputs
/// o0, o1, ...
class Body {
public:
  Body(const ::onnx::NodeProto &node,
       const std::vector<::onnx::TypeProto> &types)
      : node(node), types(types) {}

  bool has(int i) const {
    return i < node.input_size() && !node.input(i).empty();
  }
  bool wants(int i) const {
    return i < node.output_size() && !node.output(i).empty();
  }

  int64_t integer(const char *name, int64_t otherwise) const {
    const ::onnx::AttributeProto *found = attribute(name);
    return found ? found->i() : otherwise;
  }
  float number(const char *name, float otherwise) const {
    const ::onnx::AttributeProto *found = attribute(name);
    return found ? found->f() : otherwise;
  }
  std::string text(const char *name, const char *otherwise) const {
    const ::onnx::AttributeProto *found = attribute(name);
    return found ? found->s() : otherwise;
  }
  bool hasAttribute(const char *name) const {
    return attribute(name) != nullptr;
  }
  std::vector<int64_t> list(const char *name) const {
    const ::onnx::AttributeProto *found = attribute(name);
    return found ? std::vector<int64_t>(found->ints().begin(),
                                        found->ints().end())
                 : std::vector<int64_t>();
  }

  std::vector<std::string> texts(const char *name) const {
    const ::onnx::AttributeProto *found = attribute(name);
    return found ? std::vector<std::string>(found->strings().begin(),
                                            found->strings().end())
                 : std::vector<std::string>();
  }
  const std::string &operatorName() const { return node.op_type(); }

  /// -1 where the rank is not known.
  int rank(int i) const {
    if (i >= static_cast<int>(types.size()) ||
        !types[i].tensor_type().has_shape())
      return -1;
    return types[i].tensor_type().shape().dim_size();
  }
  /// -1 where the size is not known; counts from the end where `d` is negative.
  int64_t size(int i, int d) const {
    int r = rank(i);
    if (r < 0 || (d < 0 ? d + r : d) >= r || d + r < 0)
      return -1;
    const auto &dim = types[i].tensor_type().shape().dim(d < 0 ? d + r : d);
    return dim.has_dim_value() ? dim.dim_value() : -1;
  }
  int32_t type(int i) const {
    return i < static_cast<int>(types.size())
               ? types[i].tensor_type().elem_type()
               : 0;
  }

  /// A node `outputs = text`.
  void add(const std::string &outputs, const std::string &text) {
    lines << outputs << " = " << text << "\n";
  }
  /// A new name for the result of `text`.
  std::string make(const std::string &text) {
    std::string name = "t" + std::to_string(count++);
    add(name, text);
    return name;
  }
  std::string integers(const std::vector<int64_t> &values) {
    std::string text;
    for (int64_t value : values)
      text += (text.empty() ? "" : ", ") + std::to_string(value);
    return make("Constant <value_ints = [" + text + "]> ()");
  }
  std::string scalar(int64_t value) {
    return make("Constant <value_int = " + std::to_string(value) + "> ()");
  }
  /// A number of the type of `like`.
  std::string real(float value, const std::string &like) {
    std::string text =
        make("Constant <value_float = " + format(value) + "> ()");
    return make("CastLike (" + text + ", " + like + ")");
  }
  static std::string format(float value) {
    std::ostringstream text;
    text.precision(9);
    text << std::scientific << value;
    return text.str();
  }

  std::string text() const { return lines.str(); }

private:
  const ::onnx::AttributeProto *attribute(const char *name) const {
    for (const ::onnx::AttributeProto &candidate : node.attribute())
      if (candidate.name() == name)
        return &candidate;
    return nullptr;
  }

  const ::onnx::NodeProto &node;
  const std::vector<::onnx::TypeProto> &types;
  std::ostringstream lines;
  int count = 0;
};

/// Writes the body, or says why the node has none.
using Writer = std::function<std::string(Body &)>;

/// Bodies of com.microsoft's operators of attention.
std::string vendorAttention(Body &b);
std::string quantizedAttention(Body &b);
std::string multiHeadAttention(Body &b);
std::string groupQueryAttention(Body &b);

/// RNN, GRU and LSTM.
std::string recurrentNetwork(Body &b);

} // namespace tfc

#endif // TFC_IMPORT_FUNCTIONWRITER_H
