//===- GraphExporter.cpp - `onnx` operations to graphs ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphExporter.h"

#include "tfc/Import/ElementTypes.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace tfc;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;

/// Initialisers of at least this many bytes are copied once, when written.
static constexpr size_t smallestLarge = 1024;

/// States the type of a value as far as it is known.
static LogicalResult stateType(Location loc, Type type, ArrayAttr symbols,
                               ::onnx::ValueInfoProto &info) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return success();
  int32_t number = elementTypeNumber(tensor.getElementType());
  if (number == 0)
    return emitError(loc) << "value '" << info.name()
                          << "': ONNX has no tensors of "
                          << tensor.getElementType();
  auto *stated = info.mutable_type()->mutable_tensor_type();
  stated->set_elem_type(number);
  auto *shape = stated->mutable_shape();
  for (auto [i, size] : llvm::enumerate(tensor.getShape())) {
    auto *dim = shape->add_dim();
    if (!ShapedType::isDynamic(size)) {
      dim->set_dim_value(size);
      continue;
    }
    auto symbol = symbols && i < symbols.size()
                      ? dyn_cast<StringAttr>(symbols[i])
                      : StringAttr();
    if (symbol && !symbol.empty())
      dim->set_dim_param(symbol.str());
  }
  return success();
}

std::string GraphExporter::unique(StringRef wanted, Names &names) {
  std::string name = wanted.str();
  for (unsigned i = 1; !names.insert(name).second; ++i)
    name = (wanted + "_" + Twine(i)).str();
  return name;
}

void GraphExporter::nameValues(Block &block, Names &names) {
  for (Operation &op : block) {
    if (auto initializer = dyn_cast<tfc::onnx::InitializerOp>(op)) {
      StringRef wanted = initializer.getInitializerName();
      valueNames[initializer.getResult()] =
          unique(wanted.empty() ? "constant" : wanted, names);
      continue;
    }
    auto node = dyn_cast<tfc::onnx::NodeOp>(op);
    if (!node)
      continue;
    for (auto [output, attr] :
         llvm::zip(node.getOutputs(), node.getOutputNames())) {
      StringRef wanted = cast<StringAttr>(attr).getValue();
      // Outputs of the graph have their names already.
      if (valueNames.count(output) || (wanted.empty() && output.use_empty()))
        continue;
      std::string made = (node.getOpType() + "_output").str();
      valueNames[output] = unique(wanted.empty() ? made : wanted, names);
    }
  }
}

void GraphExporter::addIdentity(Value value, StringRef name,
                                GraphProto &graph) {
  ::onnx::NodeProto *node = graph.add_node();
  node->set_op_type("Identity");
  node->add_input(valueNames[value]);
  node->add_output(name.str());
}

LogicalResult GraphExporter::exportInputs(func::FuncOp function,
                                          GraphProto &graph, Names &names) {
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto name = function.getArgAttrOfType<StringAttr>(i, "onnx.name");
    ::onnx::ValueInfoProto *input = graph.add_input();
    input->set_name(unique(name ? name.getValue() : "input", names));
    valueNames[argument] = input->name();
    if (failed(stateType(function.getLoc(), argument.getType(),
                         function.getArgAttrOfType<ArrayAttr>(i, "onnx.dims"),
                         *input)))
      return failure();
  }
  return success();
}

LogicalResult GraphExporter::exportFunction(func::FuncOp function) {
  GraphProto &graph = *model.model.mutable_graph();
  Block &block = function.getBody().front();
  Operation *end = block.getTerminator();
  Names names;
  if (failed(exportInputs(function, graph, names)))
    return failure();
  // An output that no node makes, or that is one already, is a copy.
  SmallVector<std::pair<Value, std::string>> copies;
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    auto wanted = function.getResultAttrOfType<StringAttr>(i, "onnx.name");
    std::string name = unique(wanted ? wanted.getValue() : "output", names);
    if (value.getDefiningOp<tfc::onnx::NodeOp>() && !valueNames.count(value))
      valueNames[value] = name;
    else
      copies.push_back({value, name});
    ::onnx::ValueInfoProto *output = graph.add_output();
    output->set_name(name);
    if (failed(stateType(
            function.getLoc(), value.getType(),
            function.getResultAttrOfType<ArrayAttr>(i, "onnx.dims"), *output)))
      return failure();
  }
  nameValues(block, names);
  if (failed(exportOperations(block, graph, names)))
    return failure();
  for (const auto &[value, name] : copies)
    addIdentity(value, name, graph);
  return success();
}

LogicalResult GraphExporter::exportOperations(Block &block, GraphProto &graph,
                                              const Names &names) {
  for (Operation &op : block) {
    if (isa<tfc::onnx::AbsentOp>(op) || op.hasTrait<OpTrait::IsTerminator>())
      continue;
    LogicalResult result = failure();
    if (auto node = dyn_cast<tfc::onnx::NodeOp>(op))
      result = exportNode(node, graph, names);
    else if (auto initializer = dyn_cast<tfc::onnx::InitializerOp>(op))
      result = exportInitializer(initializer, graph);
    else
      op.emitError() << "'" << op.getName()
                     << "' is no operation of the onnx dialect; a file cannot "
                        "hold it";
    if (failed(result))
      return failure();
  }
  return success();
}

LogicalResult GraphExporter::exportInitializer(tfc::onnx::InitializerOp op,
                                               GraphProto &graph) {
  const std::string &name = valueNames[op.getResult()];
  ArrayRef<char> data = contentsInPlace(op.getValue());
  bool isMain = &graph == &model.model.graph();
  if (!isMain || data.size() < smallestLarge) {
    ::onnx::TensorProto *tensor = graph.add_initializer();
    tensor->set_name(name);
    return exportTensor(op.getLoc(), op.getValue(), *tensor);
  }
  LargeTensor &large = model.weights.emplace_back();
  large.description.set_name(name);
  large.data = data.data();
  large.size = data.size();
  return describeTensor(op.getLoc(), cast<RankedTensorType>(op.getType()),
                        large.description);
}

LogicalResult GraphExporter::checkOpset(tfc::onnx::NodeOp op) {
  std::string domain = op.getDomain().str();
  auto imported = opsets.find(domain);
  int64_t wanted = op.getOpset();
  if (imported == opsets.end()) {
    opsets[domain] = std::max<int64_t>(wanted, 1);
    auto *entry = model.model.add_opset_import();
    entry->set_domain(domain);
    entry->set_version(opsets[domain]);
    return success();
  }
  if (imported->second == wanted ||
      isSameOperator(domain, op.getOpType().str(), wanted, imported->second))
    return success();
  return op.emitError("node '")
         << op.getNodeName() << "' (" << op.getOpType() << ", opset " << wanted
         << "): the model imports opset " << imported->second
         << " of its domain, in which the operator is another one";
}

LogicalResult GraphExporter::exportNode(tfc::onnx::NodeOp op, GraphProto &graph,
                                        const Names &names) {
  if (failed(checkOpset(op)))
    return failure();
  // Subgraphs first: they may hold no node of this graph, but are held by one.
  ::onnx::NodeProto node;
  node.set_op_type(op.getOpType().str());
  node.set_domain(op.getDomain().str());
  if (!op.getNodeName().empty())
    node.set_name(unique(op.getNodeName(), nodeNames));
  for (Value input : op.getInputs()) {
    auto name = valueNames.find(input);
    node.add_input(name == valueNames.end() ? "" : name->second);
  }
  auto symbols = op->getAttrOfType<ArrayAttr>("onnx.dims");
  for (auto [i, output] : llvm::enumerate(op.getOutputs())) {
    auto name = valueNames.find(output);
    node.add_output(name == valueNames.end() ? "" : name->second);
    if (name == valueNames.end() || !isa<RankedTensorType>(output.getType()) ||
        llvm::any_of(graph.output(), [&](const auto &info) {
          return info.name() == name->second;
        }))
      continue;
    ::onnx::ValueInfoProto *info = graph.add_value_info();
    info->set_name(name->second);
    ArrayAttr known = symbols && i < symbols.size()
                          ? dyn_cast<ArrayAttr>(symbols[i])
                          : ArrayAttr();
    if (failed(stateType(op.getLoc(), output.getType(), known, *info)))
      return failure();
  }
  for (NamedAttribute attribute : op.getNodeAttrs())
    if (failed(exportAttribute(op, attribute, node)))
      return failure();
  for (auto [region, attr] :
       llvm::zip(op.getSubgraphs(), op.getSubgraphNames())) {
    StringRef name = cast<StringAttr>(attr).getValue();
    AttributeProto *attribute = node.add_attribute();
    attribute->set_name(name.str());
    attribute->set_type(AttributeProto::GRAPH);
    if (failed(
            exportSubgraph(op, region, name, *attribute->mutable_g(), names)))
      return failure();
  }
  graph.add_node()->Swap(&node);
  return success();
}

LogicalResult GraphExporter::exportSubgraph(tfc::onnx::NodeOp op,
                                            Region &region, StringRef name,
                                            GraphProto &graph, Names names) {
  Block &block = region.front();
  graph.set_name(name.str());
  for (BlockArgument argument : block.getArguments()) {
    auto loc = dyn_cast<NameLoc>(argument.getLoc());
    ::onnx::ValueInfoProto *input = graph.add_input();
    input->set_name(unique(loc ? loc.getName().getValue() : "input", names));
    valueNames[argument] = input->name();
    if (failed(stateType(op.getLoc(), argument.getType(), nullptr, *input)))
      return failure();
  }
  nameValues(block, names);
  SmallVector<std::pair<Value, std::string>> copies;
  llvm::SmallDenseSet<Value> made;
  for (Value value : block.getTerminator()->getOperands()) {
    ::onnx::ValueInfoProto *output = graph.add_output();
    bool isOwn = value.getDefiningOp<tfc::onnx::NodeOp>() &&
                 value.getParentBlock() == &block && made.insert(value).second;
    output->set_name(isOwn ? valueNames[value] : unique("output", names));
    if (!isOwn)
      copies.push_back({value, output->name()});
    if (failed(stateType(op.getLoc(), value.getType(), nullptr, *output)))
      return failure();
  }
  if (failed(exportOperations(block, graph, names)))
    return failure();
  for (const auto &[value, copy] : copies)
    addIdentity(value, copy, graph);
  return success();
}

LogicalResult GraphExporter::exportAttribute(tfc::onnx::NodeOp op,
                                             NamedAttribute attribute,
                                             ::onnx::NodeProto &node) {
  AttributeProto *out = node.add_attribute();
  out->set_name(attribute.getName().str());
  Attribute value = attribute.getValue();
  auto refuse = [&] {
    return op.emitError("node '")
           << op.getNodeName() << "' (" << op.getOpType() << ", opset "
           << op.getOpset() << "): attribute '"
           << attribute.getName().getValue() << "' has no form in a file";
  };
  if (auto number = dyn_cast<IntegerAttr>(value)) {
    out->set_type(AttributeProto::INT);
    out->set_i(number.getInt());
  } else if (auto number = dyn_cast<FloatAttr>(value)) {
    out->set_type(AttributeProto::FLOAT);
    out->set_f(number.getValue().convertToFloat());
  } else if (auto text = dyn_cast<StringAttr>(value)) {
    out->set_type(AttributeProto::STRING);
    out->set_s(text.str());
  } else if (auto numbers = dyn_cast<DenseI64ArrayAttr>(value)) {
    out->set_type(AttributeProto::INTS);
    for (int64_t number : numbers.asArrayRef())
      out->add_ints(number);
  } else if (auto numbers = dyn_cast<DenseF32ArrayAttr>(value)) {
    out->set_type(AttributeProto::FLOATS);
    for (float number : numbers.asArrayRef())
      out->add_floats(number);
  } else if (auto texts = dyn_cast<ArrayAttr>(value)) {
    out->set_type(AttributeProto::STRINGS);
    for (Attribute text : texts)
      out->add_strings(cast<StringAttr>(text).str());
  } else if (auto tensor = dyn_cast<ElementsAttr>(value)) {
    out->set_type(AttributeProto::TENSOR);
    return exportTensor(op.getLoc(), tensor, *out->mutable_t());
  } else if (auto type = dyn_cast<TypeAttr>(value)) {
    ::onnx::ValueInfoProto info;
    if (!isa<RankedTensorType>(type.getValue()))
      return refuse();
    out->set_type(AttributeProto::TYPE_PROTO);
    if (failed(stateType(op.getLoc(), type.getValue(), nullptr, info)))
      return failure();
    *out->mutable_tp() = info.type();
  } else {
    return refuse();
  }
  return success();
}
