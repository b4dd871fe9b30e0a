//===- GraphImporter.cpp - ONNX graphs to onnx operations -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

#include "tfc/Dialect/Onnx/Onnx.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace tfc;

std::string tfc::describeNode(StringRef name, StringRef domain,
                              StringRef opType, int64_t opset) {
  std::string text = ("node '" + name + "' (").str();
  if (!domain.empty())
    text += (domain + ".").str();
  return text + (opType + ", opset " + Twine(opset) + ")").str();
}

static StringRef normalDomain(const std::string &domain) {
  return domain == "ai.onnx" ? StringRef() : StringRef(domain);
}

GraphImporter::GraphImporter(OnnxFile &file, OpBuilder &builder,
                             const llvm::StringMap<int64_t> &opsets)
    : file(file), b(builder), opsets(opsets) {
  for (const auto &function : file.model.functions())
    functions[{normalDomain(function.domain()).str(), function.name()}] =
        &function;
}

Location GraphImporter::locate(const ::onnx::NodeProto &node) {
  std::string name = node.name();
  if (name.empty())
    name = node.op_type() + (node.output_size() ? " " + node.output(0) : "");
  return NameLoc::get(b.getStringAttr(name),
                      FileLineColLoc::get(b.getStringAttr(file.path), 0, 0));
}

Value GraphImporter::lookup(StringRef name) const {
  for (const Scope &scope : llvm::reverse(scopes))
    if (Value value = scope.lookup(name))
      return value;
  return nullptr;
}

FailureOr<Type>
GraphImporter::importType(const ::onnx::TypeProto &type, StringRef name,
                          SmallVectorImpl<std::string> &symbols) {
  Location loc = FileLineColLoc::get(b.getStringAttr(file.path), 0, 0);
  if (type.value_case() == ::onnx::TypeProto::VALUE_NOT_SET)
    return Type(tfc::onnx::ValueType::get(b.getContext()));
  if (!type.has_tensor_type()) {
    emitError(loc)
        << "value '" << name
        << "': sequence, map, optional and sparse types are not supported; "
           "accepted are tensors";
    return failure();
  }
  const auto &tensor = type.tensor_type();
  if (tensor.elem_type() == ::onnx::TensorProto::UNDEFINED)
    return Type(tfc::onnx::ValueType::get(b.getContext()));
  Type element = elementType(b.getContext(), tensor.elem_type());
  if (!element) {
    emitError(loc) << "value '" << name << "': element type "
                   << elementTypeName(tensor.elem_type())
                   << " is not supported";
    return failure();
  }
  if (!tensor.has_shape())
    return Type(tfc::onnx::ValueType::get(b.getContext()));
  SmallVector<int64_t> shape;
  for (const auto &dim : tensor.shape().dim()) {
    bool known =
        dim.value_case() == ::onnx::TensorShapeProto::Dimension::kDimValue;
    if (known && dim.dim_value() < 0) {
      emitError(loc) << "value '" << name << "': dimension " << dim.dim_value()
                     << " is negative";
      return failure();
    }
    shape.push_back(known ? dim.dim_value() : ShapedType::kDynamic);
    symbols.push_back(known ? "" : dim.dim_param());
  }
  return Type(RankedTensorType::get(shape, element));
}

void GraphImporter::stateTypes(const ::onnx::GraphProto &graph) {
  auto state = [&](const ::onnx::ValueInfoProto &info) {
    // A type that tfc lacks matters only where the value is used.
    if (!info.type().has_tensor_type() ||
        !info.type().tensor_type().has_shape() ||
        !elementType(b.getContext(), info.type().tensor_type().elem_type()))
      return;
    SmallVector<std::string> symbols;
    FailureOr<Type> type = importType(info.type(), info.name(), symbols);
    if (failed(type))
      return;
    statedTypes[info.name()] = *type;
    if (llvm::any_of(symbols, [](const std::string &s) { return !s.empty(); }))
      statedSymbols[info.name()] = b.getStrArrayAttr(
          SmallVector<StringRef>(symbols.begin(), symbols.end()));
  };
  for (const auto &info : graph.value_info())
    state(info);
  for (const auto &info : graph.output())
    state(info);
}

Type GraphImporter::statedType(StringRef name) const {
  auto found = statedTypes.find(name);
  return found != statedTypes.end()
             ? found->second
             : Type(tfc::onnx::ValueType::get(b.getContext()));
}

void GraphImporter::stateSymbols(Operation *op,
                                 ArrayRef<StringRef> outputNames) {
  SmallVector<Attribute> symbols;
  for (StringRef name : outputNames) {
    Attribute known = statedSymbols.lookup(name);
    symbols.push_back(known ? known : b.getArrayAttr({}));
  }
  if (llvm::any_of(symbols, [](Attribute list) {
        return !cast<ArrayAttr>(list).empty();
      }))
    op->setAttr("onnx.dims", b.getArrayAttr(symbols));
}

FailureOr<Attribute>
GraphImporter::importAttribute(const ::onnx::NodeProto &node,
                               const ::onnx::AttributeProto &attribute) {
  using ::onnx::AttributeProto;
  switch (attribute.type()) {
  case AttributeProto::INT:
    return Attribute(b.getI64IntegerAttr(attribute.i()));
  case AttributeProto::FLOAT:
    return Attribute(b.getF32FloatAttr(attribute.f()));
  case AttributeProto::STRING:
    return Attribute(b.getStringAttr(attribute.s()));
  case AttributeProto::INTS:
    return Attribute(b.getDenseI64ArrayAttr(SmallVector<int64_t>(
        attribute.ints().begin(), attribute.ints().end())));
  case AttributeProto::FLOATS:
    return Attribute(b.getDenseF32ArrayAttr(SmallVector<float>(
        attribute.floats().begin(), attribute.floats().end())));
  case AttributeProto::STRINGS: {
    SmallVector<StringRef> strings(attribute.strings().begin(),
                                   attribute.strings().end());
    return Attribute(b.getStrArrayAttr(strings));
  }
  case AttributeProto::TENSOR: {
    ElementsAttr value =
        importTensor(locate(node), file, attribute.t(),
                     "attribute '" + attribute.name() + "' of node '" +
                         node.name() + "' (" + node.op_type() + ")");
    if (!value)
      return failure();
    return Attribute(value);
  }
  case AttributeProto::TYPE_PROTO: {
    SmallVector<std::string> symbols;
    FailureOr<Type> type =
        importType(attribute.tp(), attribute.name(), symbols);
    if (failed(type))
      return failure();
    return Attribute(TypeAttr::get(*type));
  }
  default:
    emitError(locate(node))
        << "attribute '" << attribute.name() << "' of node '" << node.name()
        << "' (" << node.op_type()
        << "): lists of tensors, graphs and types, and sparse tensors, "
           "are not supported";
    return failure();
  }
}

LogicalResult GraphImporter::importAttributes(
    const ::onnx::NodeProto &node, NamedAttrList &attributes,
    SmallVectorImpl<const ::onnx::GraphProto *> &graphs,
    SmallVectorImpl<StringRef> &graphNames) {
  for (const auto &attribute : node.attribute()) {
    if (attribute.type() == ::onnx::AttributeProto::GRAPH) {
      graphs.push_back(&attribute.g());
      graphNames.push_back(attribute.name());
      continue;
    }
    FailureOr<Attribute> value = importAttribute(node, attribute);
    if (failed(value))
      return failure();
    attributes.set(attribute.name(), *value);
  }
  return success();
}

LogicalResult GraphImporter::importNode(const ::onnx::NodeProto &node) {
  Location loc = locate(node);
  StringRef domain = normalDomain(node.domain());
  SmallVector<Value> inputs;
  for (const std::string &name : node.input()) {
    if (name.empty()) {
      inputs.push_back(tfc::onnx::AbsentOp::create(b, loc, b.getNoneType()));
      continue;
    }
    Value value = lookup(name);
    if (!value)
      return emitError(loc) << describeNode(node.name(), domain, node.op_type(),
                                            opsets.lookup(domain))
                            << ": nothing makes its input '" << name << "'";
    inputs.push_back(value);
  }
  auto function = functions.find({domain.str(), node.op_type()});
  if (function != functions.end()) {
    SmallVector<Value> results;
    if (failed(importFunction(*function->second, node, inputs, results)))
      return failure();
    for (auto [name, value] : llvm::zip(node.output(), results))
      if (value)
        define(name, value);
    return success();
  }
  NamedAttrList attributes;
  SmallVector<const ::onnx::GraphProto *> graphs;
  SmallVector<StringRef> graphNames,
      outputNames(node.output().begin(), node.output().end());
  if (failed(importAttributes(node, attributes, graphs, graphNames)))
    return failure();
  SmallVector<Type> types;
  for (StringRef name : outputNames)
    types.push_back(statedType(name));

  OperationState state(loc, tfc::onnx::NodeOp::getOperationName());
  tfc::onnx::NodeOp::build(
      b, state, types, node.op_type(), domain, opsets.lookup(domain),
      node.name(), attributes.getDictionary(b.getContext()),
      b.getStrArrayAttr(outputNames), b.getStrArrayAttr(graphNames), inputs,
      /*subgraphsCount=*/graphs.size());
  auto op = cast<tfc::onnx::NodeOp>(b.create(state));
  stateSymbols(op, outputNames);
  for (auto [graph, region] : llvm::zip(graphs, op.getSubgraphs()))
    if (failed(importSubgraph(*graph, region)))
      return failure();
  for (auto [name, value] : llvm::zip(outputNames, op.getOutputs()))
    if (!name.empty())
      define(name, value);
  return success();
}

/// The node of a function's body with its references to the function's
/// attributes replaced by the call's, or by the function's defaults. An
/// attribute that neither gives is left out.
static ::onnx::NodeProto bindAttributes(const ::onnx::NodeProto &node,
                                        const ::onnx::FunctionProto &function,
                                        const ::onnx::NodeProto &call) {
  ::onnx::NodeProto bound = node;
  bound.clear_attribute();
  for (const auto &attribute : node.attribute()) {
    if (attribute.ref_attr_name().empty()) {
      *bound.add_attribute() = attribute;
      continue;
    }
    const ::onnx::AttributeProto *given = nullptr;
    for (const auto &candidate : function.attribute_proto())
      if (candidate.name() == attribute.ref_attr_name())
        given = &candidate;
    for (const auto &candidate : call.attribute())
      if (candidate.name() == attribute.ref_attr_name())
        given = &candidate;
    if (!given)
      continue;
    ::onnx::AttributeProto *copy = bound.add_attribute();
    *copy = *given;
    copy->set_name(attribute.name());
  }
  return bound;
}

LogicalResult
GraphImporter::importFunction(const ::onnx::FunctionProto &function,
                              const ::onnx::NodeProto &call, ValueRange inputs,
                              SmallVectorImpl<Value> &results) {
  // ONNX forbids recursion; a file may still have it.
  if (callDepth > 64)
    return emitError(locate(call))
           << "function '" << function.name() << "' calls itself";
  ++callDepth;
  llvm::StringMap<int64_t> outerOpsets = std::move(opsets);
  llvm::StringMap<Type> outerTypes = std::move(statedTypes);
  llvm::StringMap<Attribute> outerSymbols = std::move(statedSymbols);
  SmallVector<Scope> outerScopes = std::move(scopes);
  opsets.clear();
  statedTypes.clear();
  statedSymbols.clear();
  scopes.clear();
  for (const auto &entry : function.opset_import())
    opsets[normalDomain(entry.domain())] = entry.version();
  pushScope();
  for (int i = 0; i < function.input_size(); ++i)
    define(function.input(i), i < static_cast<int>(inputs.size())
                                  ? inputs[i]
                                  : Value(tfc::onnx::AbsentOp::create(
                                        b, locate(call), b.getNoneType())));
  LogicalResult result = success();
  for (const auto &node : function.node())
    if (succeeded(result))
      result = importNode(bindAttributes(node, function, call));
  for (auto [i, output] : llvm::enumerate(function.output())) {
    if (failed(result))
      break;
    Value value = lookup(output);
    // A body may leave out what the call does.
    bool wanted =
        static_cast<int>(i) < call.output_size() && !call.output(i).empty();
    if (!value && wanted)
      result = emitError(locate(call))
               << "function '" << function.name()
               << "': nothing makes its output '" << output << "'";
    results.push_back(value);
  }
  opsets = std::move(outerOpsets);
  statedTypes = std::move(outerTypes);
  statedSymbols = std::move(outerSymbols);
  scopes = std::move(outerScopes);
  --callDepth;
  return result;
}

LogicalResult GraphImporter::importSubgraph(const ::onnx::GraphProto &graph,
                                            Region &region) {
  OpBuilder::InsertionGuard guard(b);
  Block *block = b.createBlock(&region);
  pushScope();
  for (const auto &input : graph.input()) {
    SmallVector<std::string> symbols;
    // What else than a tensor a subgraph is given is known when it is raised.
    FailureOr<Type> type =
        input.type().has_tensor_type()
            ? importType(input.type(), input.name(), symbols)
            : FailureOr<Type>(tfc::onnx::ValueType::get(b.getContext()));
    if (failed(type))
      return failure();
    define(
        input.name(),
        block->addArgument(*type, NameLoc::get(b.getStringAttr(input.name()))));
  }
  if (failed(importBody(graph)))
    return failure();
  SmallVector<Value> results;
  for (const auto &output : graph.output()) {
    Value value = lookup(output.name());
    if (!value)
      return emitError(b.getUnknownLoc())
             << "subgraph '" << graph.name() << "': nothing makes its output '"
             << output.name() << "'";
    results.push_back(value);
  }
  tfc::onnx::YieldOp::create(b, b.getUnknownLoc(), results);
  popScope();
  return success();
}

LogicalResult GraphImporter::importBody(const ::onnx::GraphProto &graph) {
  stateTypes(graph);
  Location fileLoc = FileLineColLoc::get(b.getStringAttr(file.path), 0, 0);
  if (graph.sparse_initializer_size() > 0)
    return emitError(fileLoc)
           << "initializer '" << graph.sparse_initializer(0).values().name()
           << "': sparse tensors are not supported";
  for (const auto &initializer : graph.initializer()) {
    Location loc = NameLoc::get(b.getStringAttr(initializer.name()), fileLoc);
    ElementsAttr value = importTensor(
        fileLoc, file, initializer, "initializer '" + initializer.name() + "'");
    if (!value)
      return failure();
    define(initializer.name(),
           tfc::onnx::InitializerOp::create(b, loc, value.getType(),
                                            initializer.name(), value));
  }
  for (const auto &node : graph.node())
    if (failed(importNode(node)))
      return failure();
  return success();
}
