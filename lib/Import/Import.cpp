//===- Import.cpp - ONNX file to onnx dialect -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Import/Import.h"

#include "GraphImporter.h"
#include "tfc/Dialect/Onnx/Onnx.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace tfc;

namespace {

/// Builds the module for one file.
class ModelImporter {
public:
  ModelImporter(MLIRContext &context, OnnxFile &file,
                const ImportOptions &options)
      : file(file), options(options), b(&context),
        loc(FileLineColLoc::get(b.getStringAttr(file.path), 0, 0)) {}

  OwningOpRef<ModuleOp> run();

private:
  void setModuleAttributes(ModuleOp module);
  LogicalResult importSignature(func::FuncOp function, Block &entry);
  LogicalResult fixSymbols();
  FailureOr<RankedTensorType> override(RankedTensorType type, StringRef name,
                                       SmallVectorImpl<std::string> &symbols);
  LogicalResult importResults(func::FuncOp function, Block &entry);
  DictionaryAttr describe(StringRef name, ArrayRef<std::string> symbols);

  OnnxFile &file;
  const ImportOptions &options;
  OpBuilder b;
  llvm::StringMap<int64_t> opsets;
  Location loc;
  std::optional<GraphImporter> importer;
  /// Sizes that options give to names of open sizes, and the input they came
  /// from.
  llvm::StringMap<std::pair<int64_t, std::string>> fixed;
};

void ModelImporter::setModuleAttributes(ModuleOp module) {
  const ::onnx::ModelProto &model = file.model;
  NamedAttrList imports, metadata;
  for (const auto &entry : model.opset_import()) {
    StringRef domain =
        entry.domain() == "ai.onnx" ? "" : StringRef(entry.domain());
    opsets[domain] = entry.version();
    imports.set(domain.empty() ? StringRef("ai.onnx") : domain,
                b.getI64IntegerAttr(entry.version()));
  }
  for (const auto &entry : model.metadata_props())
    metadata.set(entry.key(), b.getStringAttr(entry.value()));
  module->setAttr("onnx.ir_version", b.getI64IntegerAttr(model.ir_version()));
  module->setAttr("onnx.opset", imports.getDictionary(b.getContext()));
  module->setAttr("onnx.producer", b.getStringAttr(model.producer_name()));
  if (!model.producer_version().empty())
    module->setAttr("onnx.producer_version",
                    b.getStringAttr(model.producer_version()));
  module->setAttr("onnx.file", b.getStringAttr(file.path));
  if (!metadata.empty())
    module->setAttr("onnx.metadata", metadata.getDictionary(b.getContext()));
}

DictionaryAttr ModelImporter::describe(StringRef name,
                                       ArrayRef<std::string> symbols) {
  SmallVector<StringRef> texts(symbols.begin(), symbols.end());
  return b.getDictionaryAttr(
      {b.getNamedAttr("onnx.dims", b.getStrArrayAttr(texts)),
       b.getNamedAttr("onnx.name", b.getStringAttr(name))});
}

/// The type with the sizes that the caller asked for.
/// Sizes asked for hold for all dimensions of their names.
LogicalResult ModelImporter::fixSymbols() {
  for (const auto &input : file.model.graph().input()) {
    auto wanted = options.inputShapes.find(input.name());
    if (wanted == options.inputShapes.end())
      continue;
    const auto &shape = input.type().tensor_type().shape();
    int count = std::min<int>(shape.dim_size(), wanted->second.size());
    for (int i = 0; i < count; ++i) {
      const std::string &symbol = shape.dim(i).dim_param();
      int64_t size = wanted->second[i];
      if (symbol.empty() || size < 0)
        continue;
      auto [known, isNew] = fixed.try_emplace(symbol, size, input.name());
      if (!isNew && known->second.first != size)
        return emitError(loc)
               << "sizes named '" << symbol
               << "' differ: " << known->second.first
               << " was asked for in input '" << known->second.second << "', "
               << size << " in input '" << input.name() << "'";
    }
  }
  return success();
}

FailureOr<RankedTensorType>
ModelImporter::override(RankedTensorType type, StringRef name,
                        SmallVectorImpl<std::string> &symbols) {
  SmallVector<int64_t> sizes(type.getRank(), -1);
  auto wanted = options.inputShapes.find(name);
  if (wanted != options.inputShapes.end())
    sizes = wanted->second;
  if (static_cast<int64_t>(sizes.size()) != type.getRank())
    return emitError(loc) << "input '" << name << "': the shape asked for has "
                          << sizes.size() << " dimensions, the model's has "
                          << type.getRank();
  SmallVector<int64_t> shape(type.getShape());
  for (unsigned i = 0; i < sizes.size(); ++i) {
    if (auto symbol = fixed.find(symbols[i]); symbol != fixed.end())
      sizes[i] = symbol->second.first;
    if (sizes[i] < 0)
      continue;
    if (!ShapedType::isDynamic(shape[i]) && shape[i] != sizes[i])
      return emitError(loc)
             << "input '" << name << "': dimension " << i << " is " << shape[i]
             << " in the model, " << sizes[i] << " was asked for";
    shape[i] = sizes[i];
    symbols[i].clear();
  }
  return RankedTensorType::get(shape, type.getElementType());
}

LogicalResult ModelImporter::importSignature(func::FuncOp function,
                                             Block &entry) {
  const ::onnx::GraphProto &graph = file.model.graph();
  llvm::StringSet<> initializers, inputs;
  for (const auto &initializer : graph.initializer())
    initializers.insert(initializer.name());
  if (failed(fixSymbols()))
    return failure();
  SmallVector<Attribute> attributes;
  for (const auto &input : graph.input()) {
    // Up to IR version 3 initialisers were listed as inputs too. A caller
    // cannot replace them: they are constants.
    if (initializers.contains(input.name()))
      continue;
    inputs.insert(input.name());
    SmallVector<std::string> symbols;
    FailureOr<Type> type =
        importer->importType(input.type(), input.name(), symbols);
    if (failed(type))
      return failure();
    auto tensor = dyn_cast<RankedTensorType>(*type);
    if (!tensor)
      return emitError(loc)
             << "input '" << input.name()
             << "': the model does not state its rank; tfc needs it";
    FailureOr<RankedTensorType> shaped =
        override(tensor, input.name(), symbols);
    if (failed(shaped))
      return failure();
    attributes.push_back(describe(input.name(), symbols));
    importer->define(
        input.name(),
        entry.addArgument(*shaped,
                          NameLoc::get(b.getStringAttr(input.name()), loc)));
  }
  for (const auto &wanted : options.inputShapes)
    if (!inputs.contains(wanted.getKey()))
      return emitError(loc) << "the model has no input '" << wanted.getKey()
                            << "' that a shape could be given for";
  function.setType(b.getFunctionType(entry.getArgumentTypes(), {}));
  function.setAllArgAttrs(attributes);
  return success();
}

LogicalResult ModelImporter::importResults(func::FuncOp function,
                                           Block &entry) {
  SmallVector<Value> results;
  SmallVector<Attribute> attributes;
  for (const auto &output : file.model.graph().output()) {
    Value value = importer->lookup(output.name());
    if (!value)
      return emitError(loc)
             << "nothing makes the output '" << output.name() << "'";
    SmallVector<std::string> symbols;
    if (failed(importer->importType(output.type(), output.name(), symbols)))
      return failure();
    results.push_back(value);
    attributes.push_back(describe(output.name(), symbols));
  }
  func::ReturnOp::create(b, loc, results);
  function.setType(b.getFunctionType(entry.getArgumentTypes(),
                                     ValueRange(results).getTypes()));
  function.setAllResultAttrs(attributes);
  return success();
}

OwningOpRef<ModuleOp> ModelImporter::run() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  setModuleAttributes(*module);
  const ::onnx::GraphProto &graph = file.model.graph();
  b.setInsertionPointToEnd(module->getBody());
  auto function =
      func::FuncOp::create(b, loc, "main_graph", b.getFunctionType({}, {}));
  function->setAttr("onnx.graph_name", b.getStringAttr(graph.name()));
  Block *entry = b.createBlock(&function.getBody());
  importer.emplace(file, b, opsets);
  importer->pushScope();
  if (failed(importSignature(function, *entry)) ||
      failed(importer->importBody(graph)) ||
      failed(importResults(function, *entry)))
    return nullptr;
  return module;
}

} // namespace

/// Checks what was read, and builds its module; null `file` after `problems`.
static OwningOpRef<ModuleOp> importOpened(MLIRContext &context, StringRef path,
                                          std::unique_ptr<OnnxFile> file,
                                          std::vector<std::string> problems,
                                          const ImportOptions &options) {
  context.loadDialect<tfc::onnx::OnnxDialect, func::FuncDialect>();
  Location loc = FileLineColLoc::get(StringAttr::get(&context, path), 0, 0);
  if (file)
    problems = checkModel(file->model);
  for (const std::string &problem : problems)
    emitError(loc) << problem;
  if (!problems.empty())
    return nullptr;
  return ModelImporter(context, *file, options).run();
}

OwningOpRef<ModuleOp> tfc::importOnnxFile(MLIRContext &context, StringRef path,
                                          const ImportOptions &options) {
  std::vector<std::string> problems;
  auto file = openOnnxFile(path.str(), problems);
  return importOpened(context, path, std::move(file), std::move(problems),
                      options);
}

OwningOpRef<ModuleOp>
tfc::importOnnxBuffer(MLIRContext &context,
                      std::unique_ptr<llvm::MemoryBuffer> bytes, StringRef name,
                      const ImportOptions &options) {
  std::vector<std::string> problems;
  auto file = parseOnnxFile(std::move(bytes), name.str(), problems);
  return importOpened(context, name, std::move(file), std::move(problems),
                      options);
}
