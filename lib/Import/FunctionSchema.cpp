//===- FunctionSchema.cpp - function bodies of ONNX's schemas ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionSchema.h"
#include "OwnFunctions.h"
#include "tfc/Import/Operators.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "onnx/defs/function.h"
#include "onnx/defs/schema.h"

using namespace onnx;

bool tfc::functionBodyOf(const NodeProto &node, int64_t opset,
                         const std::vector<TypeProto> &inputTypes,
                         FunctionProto &function, std::string &reason) {
  const OpSchema *schema = OpSchemaRegistry::Schema(
      node.op_type(), static_cast<int>(opset), node.domain());
  bool known = schema &&
               (schema->HasFunction() || schema->HasContextDependentFunction());
  if (!known && hasOwnFunction(node.domain(), node.op_type())) {
    try {
      return ownFunctionBody(node, inputTypes, function, reason);
    } catch (const std::exception &error) {
      reason = std::string("its body cannot be built: ") + error.what();
      return false;
    }
  }
  if (!schema) {
    reason = "tfc has no rule for it, and ONNX no schema";
    return false;
  }
  try {
    if (const FunctionProto *body =
            schema->GetFunction(static_cast<int>(opset))) {
      function = *body;
    } else if (schema->HasContextDependentFunction()) {
      FunctionBodyBuildContextImpl context(node, inputTypes);
      if (!schema->BuildContextDependentFunction(context, function,
                                                 static_cast<int>(opset))) {
        reason = "tfc has no rule for it, and ONNX's function body does not "
                 "cover this case";
        return false;
      }
    } else if (hasOwnFunction(node.domain(), node.op_type())) {
      // ONNX's is for newer opsets only.
      return ownFunctionBody(node, inputTypes, function, reason);
    } else {
      reason = "tfc has no rule for it, and ONNX no function body";
      return false;
    }
    // Bodies that depend on the node come without the schema's inputs.
    if (function.input_size() == 0)
      schema->BuildFunction(function);
  } catch (const std::exception &error) {
    reason =
        std::string("ONNX's function body cannot be built: ") + error.what();
    return false;
  }
  for (const auto &[name, attribute] : schema->attributes()) {
    if (attribute.default_value.type() == AttributeProto::UNDEFINED)
      continue;
    AttributeProto *given = function.add_attribute_proto();
    *given = attribute.default_value;
    given->set_name(name);
  }
  if (function.opset_import_size() == 0) {
    auto *entry = function.add_opset_import();
    entry->set_domain(node.domain());
    entry->set_version(opset);
  }
  return true;
}

bool tfc::hasFunctionBody(const std::string &domain,
                          const std::string &operatorName, int64_t opset) {
  const OpSchema *schema =
      OpSchemaRegistry::Schema(operatorName, static_cast<int>(opset), domain);
  return schema &&
         (schema->HasFunction() || schema->HasContextDependentFunction());
}

/// As schemas spell it: "tensor(float)".
static std::string schemaType(int32_t number) {
  std::string name = ::onnx::TensorProto::DataType_Name(
      static_cast<::onnx::TensorProto::DataType>(number));
  for (char &c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return "tensor(" + name + ")";
}

bool tfc::elementTypesAllowed(const std::string &domain,
                              const std::string &operatorName, int64_t opset,
                              const std::vector<int32_t> &types,
                              std::string &reason) {
  const OpSchema *schema =
      OpSchemaRegistry::Schema(operatorName, static_cast<int>(opset), domain);
  if (!schema || schema->inputs().empty())
    return true;
  // Inputs of one type variable have one type.
  std::map<std::string, std::pair<size_t, int32_t>> bound;
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i] == 0)
      continue;
    const auto &formal =
        schema->inputs()[std::min(i, schema->inputs().size() - 1)];
    std::string found = schemaType(types[i]);
    std::set<std::string> allowed;
    for (const std::string *type : formal.GetTypes())
      allowed.insert(*type);
    if (!allowed.empty() && !allowed.count(found)) {
      reason =
          "its input '" + formal.GetName() + "' is " + found + "; ONNX accepts";
      for (const std::string &type : allowed)
        reason += (type == *allowed.begin() ? " " : ", ") + type;
      return false;
    }
    if (!formal.GetIsHomogeneous() ||
        formal.GetTypeStr().find('(') != std::string::npos)
      continue;
    auto [known, isNew] = bound.try_emplace(formal.GetTypeStr(), i, types[i]);
    if (isNew || known->second.second == types[i])
      continue;
    reason = "its inputs " + std::to_string(known->second.first + 1) + " and " +
             std::to_string(i + 1) + " must have one type, and are " +
             schemaType(known->second.second) + " and " + found;
    return false;
  }
  return true;
}

int tfc::firstOpsetWith(const std::string &domain,
                        const std::string &operatorName) {
  const auto &ranges = OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  auto range = ranges.find(domain);
  if (range == ranges.end())
    return 0;
  for (int opset = range->second.first; opset <= range->second.second; ++opset)
    if (OpSchemaRegistry::Schema(operatorName, opset, domain))
      return opset;
  return 0;
}

std::vector<std::string> tfc::onnxOperators() {
  std::vector<std::string> names;
  for (const OpSchema &schema : OpSchemaRegistry::get_all_schemas())
    names.push_back(schema.Name());
  return names;
}
