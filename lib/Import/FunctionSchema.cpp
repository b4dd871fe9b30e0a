//===- FunctionSchema.cpp - function bodies of ONNX's schemas
//---------------------------------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionSchema.h"

#include "onnx/defs/function.h"
#include "onnx/defs/schema.h"

using namespace onnx;

bool tfc::functionBodyOf(const NodeProto &node, int64_t opset,
                         const std::vector<TypeProto> &inputTypes,
                         FunctionProto &function, std::string &reason) {
  const OpSchema *schema = OpSchemaRegistry::Schema(
      node.op_type(), static_cast<int>(opset), node.domain());
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
    } else {
      reason = "tfc has no rule for it, and ONNX no function body";
      return false;
    }
    // Schemas name the inputs by position; attributes have defaults there.
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
