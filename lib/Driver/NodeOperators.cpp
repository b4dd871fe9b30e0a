//===- NodeOperators.cpp - the operators of a model's nodes -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NodeOperators.h"

#include "tfc/Dialect/Onnx/Onnx.h"
#include "tfc/Import/Operators.h"
#include "tfc/Support/OptionParser.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <set>

using namespace mlir;

DictionaryAttr tfc::operatorsByNode(ModuleOp module) {
  Builder b(module.getContext());
  llvm::MapVector<StringAttr, llvm::SetVector<Attribute>> operators;
  module.walk([&](onnx::NodeOp node) {
    auto named = node.getLoc()->findInstanceOf<NameLoc>();
    if (!named || named.getName().empty())
      return;
    std::string name = node.getOpType().str();
    if (!node.getDomain().empty())
      name = (node.getDomain() + "::" + name).str();
    operators[named.getName()].insert(b.getStringAttr(name));
  });
  NamedAttrList entries;
  for (auto &[name, all] : operators)
    entries.append(name, b.getArrayAttr(all.getArrayRef()));
  return entries.getDictionary(module.getContext());
}

llvm::Error tfc::checkOperators(ArrayRef<std::string> names,
                                DictionaryAttr operatorsByNode,
                                StringRef option) {
  std::set<std::string> known;
  for (std::string &name : onnxOperators())
    known.insert(std::move(name));
  for (NamedAttribute node : operatorsByNode)
    for (auto name : cast<ArrayAttr>(node.getValue()).getAsRange<StringAttr>())
      known.insert(name.str());
  for (const std::string &name : names) {
    if (known.count(name))
      continue;
    std::string_view near = nearestSpelling(
        name, std::vector<std::string_view>(known.begin(), known.end()));
    return llvm::createStringError(
        option + ": neither ONNX nor the model has an operator '" + name + "'" +
        (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
  }
  return llvm::Error::success();
}
