//===- ModelBytes.cpp - a model as bytes ------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelBytes.h"

#include "onnx/defs/schema.h"
#include "onnx/shape_inference/implementation.h"
#include "llvm/Support/LEB128.h"
#include "llvm/Support/MathExtras.h"

using namespace tfc;
using namespace onnx;

/// Tags of fields that hold bytes: number * 8 + 2.
static constexpr unsigned modelGraph = 7 << 3 | 2;
static constexpr unsigned graphInitializer = 5 << 3 | 2;
static constexpr unsigned tensorRawData = 9 << 3 | 2;
static constexpr uint64_t page = 4096;

static uint64_t fieldSize(uint64_t size) {
  return 1 + llvm::getULEB128Size(size) + size;
}

static uint64_t tensorSize(const LargeTensor &tensor) {
  return tensor.description.ByteSizeLong() + fieldSize(tensor.size);
}

static uint64_t graphSize(const ExportedModel &model) {
  uint64_t size = model.model.graph().ByteSizeLong();
  for (const LargeTensor &tensor : model.weights)
    size += fieldSize(tensorSize(tensor));
  return size;
}

/// The fields of the model besides its graph.
static std::string modelFields(const ExportedModel &model) {
  // Swapped out, so that the graph is not copied.
  ModelProto fields;
  ModelProto &whole = const_cast<ModelProto &>(model.model);
  GraphProto graph;
  graph.Swap(whole.mutable_graph());
  whole.clear_graph();
  std::string bytes = whole.SerializeAsString();
  graph.Swap(whole.mutable_graph());
  return bytes;
}

uint64_t tfc::modelSize(const ExportedModel &model) {
  return modelFields(model).size() + fieldSize(graphSize(model));
}

static void writeHead(unsigned tag, uint64_t size, llvm::raw_ostream &stream) {
  llvm::encodeULEB128(tag, stream);
  llvm::encodeULEB128(size, stream);
}

void tfc::writeModel(const ExportedModel &model, llvm::raw_ostream &stream) {
  stream << modelFields(model);
  writeHead(modelGraph, graphSize(model), stream);
  stream << model.model.graph().SerializeAsString();
  for (const LargeTensor &tensor : model.weights) {
    writeHead(graphInitializer, tensorSize(tensor), stream);
    stream << tensor.description.SerializeAsString();
    writeHead(tensorRawData, tensor.size, stream);
    stream.write(tensor.data, tensor.size);
  }
}

void tfc::writeModelBeside(const ExportedModel &model, llvm::StringRef location,
                           llvm::raw_ostream &stream) {
  ExportedModel outside;
  outside.model = model.model;
  uint64_t offset = 0;
  for (const LargeTensor &tensor : model.weights) {
    TensorProto *out = outside.model.mutable_graph()->add_initializer();
    *out = tensor.description;
    out->set_data_location(TensorProto::EXTERNAL);
    auto add = [&](const char *key, const std::string &value) {
      StringStringEntryProto *entry = out->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    add("location", location.str());
    add("offset", std::to_string(offset));
    add("length", std::to_string(tensor.size));
    offset = llvm::alignTo(offset + tensor.size, page);
  }
  writeModel(outside, stream);
}

void tfc::writeWeights(const ExportedModel &model, llvm::raw_ostream &stream) {
  uint64_t offset = 0;
  for (const LargeTensor &tensor : model.weights) {
    stream.write_zeros(llvm::alignTo(offset, page) - offset);
    offset = llvm::alignTo(offset, page) + tensor.size;
    stream.write(tensor.data, tensor.size);
  }
}

bool tfc::isSameOperator(const std::string &domain, const std::string &name,
                         int64_t version, int64_t other) {
  const OpSchema *one =
      OpSchemaRegistry::Schema(name, static_cast<int>(version), domain);
  return one &&
         one == OpSchemaRegistry::Schema(name, static_cast<int>(other), domain);
}

/// Its rank may follow from data, as where branches give tensors of several.
static bool isTyped(const ValueInfoProto &value) {
  return value.type().has_tensor_type() &&
         value.type().tensor_type().elem_type() != TensorProto::UNDEFINED;
}

std::string tfc::inferOutputTypes(ModelProto &model) {
  GraphProto &graph = *model.mutable_graph();
  bool complete = true;
  for (const ValueInfoProto &output : graph.output())
    complete &= isTyped(output);
  if (complete)
    return "";
  try {
    ModelProto inferred = model;
    shape_inference::InferShapes(inferred);
    for (int i = 0; i < graph.output_size(); ++i)
      if (!isTyped(graph.output(i)))
        *graph.mutable_output(i) = inferred.graph().output(i);
  } catch (const std::exception &) {
    // The first output without a type is named below.
  }
  for (const ValueInfoProto &output : graph.output())
    if (!isTyped(output))
      return output.name();
  return "";
}
