//===- LinearInputs.cpp - what linear layers read ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Compress/LinearInputs.h"
#include "SiteGraph.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

SmallVector<LinearInput> tfc::compress::linearInputs(func::FuncOp function) {
  llvm::MapVector<Value, LinearInput> found;
  for (auto layer : function.front().getOps<attn::LinearOp>()) {
    if (!layer.getResult() || !isReal(layer.getX()) ||
        !matchPattern(layer.getWeight(), m_Constant()))
      continue;
    LinearInput &input = found[layer.getX()];
    input.x = layer.getX();
    input.layers.push_back(layer);
  }
  SmallVector<LinearInput> inputs;
  for (auto &[x, input] : found)
    inputs.push_back(std::move(input));
  return inputs;
}

static DenseResourceElementsAttr resourceOf(MLIRContext *context,
                                            StringRef name,
                                            ArrayRef<int64_t> shape,
                                            ArrayRef<double> numbers) {
  auto type = RankedTensorType::get(shape, Float64Type::get(context));
  return DenseResourceElementsAttr::get(
      type, name,
      HeapAsmResourceBlob::allocateAndCopyInferAlign(numbers,
                                                     /*dataIsMutable=*/false));
}

void tfc::compress::attachInputStatistics(ArrayRef<attn::LinearOp> layers,
                                          ArrayRef<double> moments,
                                          ArrayRef<double> mean,
                                          ArrayRef<double> greatest) {
  if (layers.empty())
    return;
  int64_t width = mean.size();
  MLIRContext *context = layers.front()->getContext();
  auto momentsAttr =
      resourceOf(context, "input_moments", {width, width}, moments);
  auto meanAttr = resourceOf(context, "input_mean", {width}, mean);
  for (attn::LinearOp layer : layers) {
    layer->setAttr(momentsName, momentsAttr);
    layer->setAttr(meanName, meanAttr);
    layer->removeAttr(greatestName);
    if (!greatest.empty())
      layer->setAttr(greatestName,
                     resourceOf(context, "input_greatest", {width}, greatest));
  }
}

void tfc::compress::dropInputStatistics(func::FuncOp function) {
  function.walk([](attn::LinearOp layer) {
    layer->removeAttr(momentsName);
    layer->removeAttr(meanName);
    layer->removeAttr(greatestName);
  });
}
