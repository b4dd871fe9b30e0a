//===- Export.cpp - onnx dialect to an ONNX file ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Export/Export.h"

#include "GraphExporter.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace tfc;

/// What protobuf reads at most.
static constexpr uint64_t largestFile = (uint64_t(1) << 31) - 1;

ModelFile::ModelFile(std::unique_ptr<ExportedModel> model)
    : model(std::move(model)) {}
ModelFile::~ModelFile() = default;

/// Versions of operators, producer and metadata.
static void exportModule(ModuleOp module, ::onnx::ModelProto &model,
                         llvm::StringMap<int64_t> &opsets) {
  // From version 4 on, initialisers need not be inputs, as here none is.
  int64_t version = 4;
  if (auto stated = module->getAttrOfType<IntegerAttr>("onnx.ir_version"))
    version = std::max(version, stated.getInt());
  model.set_ir_version(version);
  if (auto producer = module->getAttrOfType<StringAttr>("onnx.producer"))
    model.set_producer_name(producer.str());
  if (auto version = module->getAttrOfType<StringAttr>("onnx.producer_version"))
    model.set_producer_version(version.str());
  if (auto imports = module->getAttrOfType<DictionaryAttr>("onnx.opset"))
    for (NamedAttribute entry : imports) {
      StringRef domain = entry.getName();
      if (domain == "ai.onnx")
        domain = "";
      auto *import = model.add_opset_import();
      import->set_domain(domain.str());
      import->set_version(cast<IntegerAttr>(entry.getValue()).getInt());
      opsets[domain] = import->version();
    }
  if (auto metadata = module->getAttrOfType<DictionaryAttr>("onnx.metadata"))
    for (NamedAttribute entry : metadata) {
      auto *property = model.add_metadata_props();
      property->set_key(entry.getName().str());
      property->set_value(cast<StringAttr>(entry.getValue()).str());
    }
}

std::unique_ptr<ModelFile> ModelFile::create(ModuleOp module) {
  auto functions = module.getOps<func::FuncOp>();
  if (!llvm::hasSingleElement(functions) ||
      !llvm::hasSingleElement((*functions.begin()).getBody())) {
    module.emitError("expected one function of one block to write as a model");
    return nullptr;
  }
  func::FuncOp function = *functions.begin();
  auto model = std::make_unique<ExportedModel>();
  llvm::StringMap<int64_t> opsets;
  exportModule(module, model->model, opsets);
  auto name = function->getAttrOfType<StringAttr>("onnx.graph_name");
  model->model.mutable_graph()->set_name(
      name && !name.empty() ? name.str() : function.getSymName().str());
  if (failed(GraphExporter(*model, opsets).exportFunction(function)))
    return nullptr;
  std::string untyped = inferOutputTypes(model->model);
  if (!untyped.empty()) {
    function.emitError("output '")
        << untyped << "': its element type is not stated, which a file needs";
    return nullptr;
  }
  return std::unique_ptr<ModelFile>(new ModelFile(std::move(model)));
}

bool ModelFile::fitsOneFile() const { return modelSize(*model) <= largestFile; }

void ModelFile::write(llvm::raw_ostream &stream) const {
  tfc::writeModel(*model, stream);
}

void ModelFile::writeModel(llvm::raw_ostream &stream,
                           StringRef location) const {
  writeModelBeside(*model, location, stream);
}

void ModelFile::writeWeights(llvm::raw_ostream &stream) const {
  tfc::writeWeights(*model, stream);
}
