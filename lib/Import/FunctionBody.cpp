//===- FunctionBody.cpp - schemas' function bodies --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Import/FunctionBody.h"

#include "FunctionSchema.h"
#include "GraphImporter.h"

using namespace mlir;
using namespace tfc;

namespace {

/// An attribute as ONNX writes it; false for the kinds that no function body
/// of ONNX depends on.
bool exportAttribute(NamedAttribute attribute, ::onnx::AttributeProto &proto) {
  using ::onnx::AttributeProto;
  proto.set_name(attribute.getName().str());
  Attribute value = attribute.getValue();
  if (auto integer = dyn_cast<IntegerAttr>(value)) {
    proto.set_type(AttributeProto::INT);
    proto.set_i(integer.getInt());
  } else if (auto number = dyn_cast<FloatAttr>(value)) {
    proto.set_type(AttributeProto::FLOAT);
    proto.set_f(number.getValue().convertToFloat());
  } else if (auto text = dyn_cast<StringAttr>(value)) {
    proto.set_type(AttributeProto::STRING);
    proto.set_s(text.str());
  } else if (auto integers = dyn_cast<DenseI64ArrayAttr>(value)) {
    proto.set_type(AttributeProto::INTS);
    for (int64_t entry : integers.asArrayRef())
      proto.add_ints(entry);
  } else if (auto numbers = dyn_cast<DenseF32ArrayAttr>(value)) {
    proto.set_type(AttributeProto::FLOATS);
    for (float entry : numbers.asArrayRef())
      proto.add_floats(entry);
  } else if (auto texts = dyn_cast<ArrayAttr>(value);
             texts && llvm::all_of(texts, llvm::IsaPred<StringAttr>)) {
    proto.set_type(AttributeProto::STRINGS);
    for (auto entry : texts.getAsRange<StringAttr>())
      proto.add_strings(entry.str());
  } else {
    return false;
  }
  return true;
}

::onnx::TypeProto exportType(Type type) {
  ::onnx::TypeProto proto;
  auto tensor = dyn_cast_or_null<RankedTensorType>(type);
  if (!tensor)
    return proto;
  auto *body = proto.mutable_tensor_type();
  body->set_elem_type(elementTypeNumber(tensor.getElementType()));
  auto *shape = body->mutable_shape();
  for (int64_t size : tensor.getShape()) {
    auto *dim = shape->add_dim();
    if (!ShapedType::isDynamic(size))
      dim->set_dim_value(size);
  }
  return proto;
}

} // namespace

LogicalResult tfc::expandFunctionBody(tfc::onnx::NodeOp node,
                                      ArrayRef<Type> inputTypes,
                                      OpBuilder &builder,
                                      SmallVectorImpl<Value> &results,
                                      std::string &reason) {
  ::onnx::NodeProto proto;
  proto.set_op_type(node.getOpType().str());
  proto.set_domain(node.getDomain().str());
  proto.set_name(node.getNodeName().str());
  std::vector<::onnx::TypeProto> types;
  for (auto [i, input] : llvm::enumerate(node.getInputs())) {
    bool absent = isa<NoneType>(input.getType());
    proto.add_input(absent ? "" : "input" + std::to_string(i));
    types.push_back(i < inputTypes.size() ? exportType(inputTypes[i])
                                          : ::onnx::TypeProto());
  }
  for (auto [i, name] :
       llvm::enumerate(node.getOutputNames().getAsRange<StringAttr>()))
    proto.add_output(name.empty() ? "" : "output" + std::to_string(i));
  for (NamedAttribute attribute : node.getNodeAttrs())
    if (!exportAttribute(attribute, *proto.add_attribute())) {
      reason = "its attribute '" + attribute.getName().str() +
               "' cannot be passed to a function";
      return failure();
    }
  if (node->getNumRegions() > 0) {
    reason = "tfc has no rule for it";
    return failure();
  }
  ::onnx::FunctionProto function;
  if (!functionBodyOf(proto, node.getOpset(), types, function, reason))
    return failure();

  OnnxFile file;
  GraphImporter importer(file, builder, {});
  SmallVector<Value> inputs(node.getInputs().begin(), node.getInputs().end());
  if (failed(importer.importFunction(function, proto, inputs, results))) {
    reason = "its function body cannot be imported";
    return failure();
  }
  results.resize(node.getNumResults());
  return success();
}

bool tfc::hasFunctionBody(tfc::onnx::NodeOp node) {
  return node->getNumRegions() == 0 &&
         hasFunctionBody(node.getDomain().str(), node.getOpType().str(),
                         node.getOpset());
}

bool tfc::inputTypesAllowed(tfc::onnx::NodeOp node, ArrayRef<Type> inputTypes,
                            std::string &reason) {
  std::vector<int32_t> numbers;
  for (Type type : inputTypes) {
    auto tensor = dyn_cast_or_null<RankedTensorType>(type);
    numbers.push_back(tensor ? elementTypeNumber(tensor.getElementType()) : 0);
  }
  return elementTypesAllowed(node.getDomain().str(), node.getOpType().str(),
                             node.getOpset(), numbers, reason);
}
