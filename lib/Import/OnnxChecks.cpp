//===- OnnxChecks.cpp - faults of a model -----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionSchema.h"
#include "OnnxFile.h"
#include "OwnFunctions.h"

#include "onnx/defs/schema.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <set>

using namespace tfc;
using namespace onnx;

namespace {

std::string normalDomain(const std::string &domain) {
  return domain == "ai.onnx" ? "" : domain;
}

/// Operators that ONNX Runtime's optimisers write; they have no ONNX schema.
bool isVendorDomain(const std::string &domain) {
  return domain == "com.microsoft";
}

std::string missingOperator(const NodeProto &node, const std::string &domain) {
  int first = firstOpsetWith(domain, node.op_type());
  if (first == 0)
    return "ONNX has no such operator";
  return "ONNX has the operator from opset " + std::to_string(first) +
         " on; the model imports an earlier one";
}

class Checker {
public:
  explicit Checker(const ModelProto &model) : model(model) {}

  std::vector<std::string> run() {
    for (const auto &entry : model.opset_import())
      opsets[normalDomain(entry.domain())] = entry.version();
    checkOpsets();
    for (const FunctionProto &function : model.functions())
      functions.insert({normalDomain(function.domain()), function.name()});
    llvm::StringSet<> outer;
    checkGraph(model.graph(), outer);
    return std::move(problems);
  }

private:
  void checkOpsets() {
    const auto &known =
        OpSchemaRegistry::DomainToVersionRange::Instance().Map();
    for (const auto &[domain, version] : opsets) {
      auto range = known.find(domain);
      if (range == known.end())
        continue;
      if (version < 1 || version > range->second.second)
        problems.push_back(
            "the model imports opset " + std::to_string(version) +
            " of domain '" + (domain.empty() ? "ai.onnx" : domain) +
            "'; tfc knows 1 to " + std::to_string(range->second.second));
    }
  }

  std::string describe(const NodeProto &node) {
    std::string domain = normalDomain(node.domain());
    std::string name = node.name();
    if (name.empty() && node.output_size() > 0)
      name = "that makes " + node.output(0);
    std::string text = "node '" + name + "' (" +
                       (domain.empty() ? "" : domain + ".") + node.op_type();
    auto opset = opsets.find(domain);
    if (opset != opsets.end())
      text += ", opset " + std::to_string(opset->second);
    return text + "): ";
  }

  void checkOperator(const NodeProto &node) {
    std::string domain = normalDomain(node.domain());
    if (functions.count({domain, node.op_type()}) || isVendorDomain(domain))
      return;
    auto opset = opsets.find(domain);
    if (opset == opsets.end()) {
      problems.push_back(describe(node) +
                         "the model imports no opset of domain '" +
                         (domain.empty() ? "ai.onnx" : domain) + "'");
      return;
    }
    const OpSchema *schema = OpSchemaRegistry::Schema(
        node.op_type(), static_cast<int>(opset->second), domain);
    if (!schema && hasOwnFunction(domain, node.op_type()))
      return;
    if (!schema) {
      const auto &known =
          OpSchemaRegistry::DomainToVersionRange::Instance().Map();
      if (!known.count(domain))
        problems.push_back(
            describe(node) +
            "unknown domain; accepted are ONNX's own domains, "
            "com.microsoft and functions that the model defines");
      else
        problems.push_back(describe(node) + missingOperator(node, domain));
      return;
    }
    if (schema->deprecated()) {
      // GroupNormalization-18 went for its scale's size, not for its meaning.
      if (node.op_type() != "GroupNormalization" || node.input_size() != 3 ||
          node.output_size() != 1)
        problems.push_back(describe(node) +
                           "the operator was removed from ONNX in opset " +
                           std::to_string(schema->SinceVersion()));
      return;
    }
    try {
      schema->Verify(node);
    } catch (const std::exception &error) {
      llvm::StringRef text(error.what());
      problems.push_back(describe(node) + text.trim().str());
    }
  }

  void define(const std::string &name, const std::string &by,
              llvm::StringSet<> &scope) {
    if (!name.empty() && !scope.insert(name).second)
      problems.push_back(by + "the name '" + name + "' is defined twice");
  }

  void checkGraph(const GraphProto &graph, const llvm::StringSet<> &outer) {
    llvm::StringSet<> scope;
    for (const auto &outerName : outer)
      scope.insert(outerName.getKey());
    llvm::StringSet<> own;
    for (const auto &input : graph.input())
      define(input.name(), "graph '" + graph.name() + "': ", own);
    for (const auto &initializer : graph.initializer())
      own.insert(initializer.name());
    for (const auto &initializer : graph.sparse_initializer())
      own.insert(initializer.values().name());
    for (const auto &name : own)
      scope.insert(name.getKey());
    llvm::StringMap<int> producers;
    for (int i = 0; i < graph.node_size(); ++i)
      for (const std::string &output : graph.node(i).output())
        producers.try_emplace(output, i);
    for (int i = 0; i < graph.node_size(); ++i) {
      const NodeProto &node = graph.node(i);
      checkOperator(node);
      for (const std::string &input : node.input())
        if (!input.empty() && !scope.contains(input))
          reportUndefined(graph, i, input, producers);
      for (const AttributeProto &attribute : node.attribute()) {
        if (attribute.has_g())
          checkGraph(attribute.g(), scope);
        for (const GraphProto &inner : attribute.graphs())
          checkGraph(inner, scope);
      }
      for (const std::string &output : node.output()) {
        define(output, describe(node), own);
        scope.insert(output);
      }
    }
    for (const auto &output : graph.output())
      if (!scope.contains(output.name()))
        problems.push_back("graph '" + graph.name() +
                           "': nothing makes its output '" + output.name() +
                           "'");
  }

  void reportUndefined(const GraphProto &graph, int node,
                       const std::string &input,
                       const llvm::StringMap<int> &producers) {
    std::string prefix = describe(graph.node(node));
    auto producer = producers.find(input);
    if (producer == producers.end())
      problems.push_back(prefix + "nothing makes its input '" + input + "'");
    else if (reaches(graph, node, producer->second, producers))
      problems.push_back(prefix + "its input '" + input +
                         "' depends on its own output; the graph has a cycle");
    else
      problems.push_back(
          prefix + "its input '" + input +
          "' is made by a later node; ONNX wants nodes in topological order");
  }

  /// Whether node `to` depends on node `from`.
  bool reaches(const GraphProto &graph, int from, int to,
               const llvm::StringMap<int> &producers) {
    std::set<int> seen;
    std::vector<int> work = {to};
    while (!work.empty()) {
      int current = work.back();
      work.pop_back();
      if (current == from)
        return true;
      if (!seen.insert(current).second)
        continue;
      for (const std::string &input : graph.node(current).input()) {
        auto producer = producers.find(input);
        if (producer != producers.end())
          work.push_back(producer->second);
      }
    }
    return false;
  }

  const ModelProto &model;
  std::map<std::string, int64_t> opsets;
  std::set<std::pair<std::string, std::string>> functions;
  std::vector<std::string> problems;
};

} // namespace

std::vector<std::string> tfc::checkModel(const ModelProto &model) {
  return Checker(model).run();
}
