//===- LayerFit.cpp - layers fitted to the original model -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Compress/LayerFit.h"

#include "InputStatistics.h"
#include "Layers.h"

#include "mlir/IR/Matchers.h"

#include <Eigen/Cholesky>

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;
using Eigen::MatrixXd;
using Eigen::VectorXd;

void tfc::compress::numberLayers(func::FuncOp function) {
  Builder b(function.getContext());
  for (auto [i, layer] : llvm::enumerate(function.getOps<attn::LinearOp>()))
    if (matchPattern(layer.getWeight(), m_Constant()))
      layer->setAttr(layerName, b.getI64IntegerAttr(i));
}

void tfc::compress::dropLayerNumbers(func::FuncOp function) {
  for (auto layer : function.getOps<attn::LinearOp>())
    layer->removeAttr(layerName);
}

attn::LinearOp tfc::compress::layerOf(func::FuncOp function, int64_t number) {
  for (auto layer : function.getOps<attn::LinearOp>())
    if (auto attribute = layer->getAttrOfType<IntegerAttr>(layerName))
      if (attribute.getInt() == number)
        return layer;
  return {};
}

SmallVector<int64_t> tfc::compress::layersToFit(func::FuncOp function) {
  SmallVector<int64_t> numbers;
  for (ResidualBlock &block : findResidualBlocks(function)) {
    auto number = block.last->getAttrOfType<IntegerAttr>(layerName);
    if (number && block.last.getActivation() == attn::Activation::None &&
        weightOf(block.last) && biasOf(block.last))
      numbers.push_back(number.getInt());
  }
  return numbers;
}

template <typename Matrix>
static Matrix matrixOf(ArrayRef<double> numbers, int64_t rows,
                       int64_t columns) {
  return Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic,
                                        Eigen::RowMajor>>(numbers.data(), rows,
                                                          columns);
}

void tfc::compress::fitLayer(attn::LinearOp layer, const FitSums &sums,
                             double damping) {
  int64_t inputs = sums.input.size(), outputs = sums.target.size();
  double rows = std::max<double>(sums.rows, 1);
  MatrixXd spread = matrixOf<MatrixXd>(sums.products, inputs, inputs) / rows,
           wanted = matrixOf<MatrixXd>(sums.targets, inputs, outputs) / rows;
  VectorXd mean = Eigen::Map<const VectorXd>(sums.input.data(), inputs) / rows,
           target =
               Eigen::Map<const VectorXd>(sums.target.data(), outputs) / rows;
  bool hasBias = layer.getBias() != nullptr;
  if (hasBias) {
    spread -= mean * mean.transpose();
    wanted -= mean * target.transpose();
  }
  double pull = std::max(damping * spread.diagonal().mean(), 1e-30);
  wanted += pull * *weightOf(layer);
  spread.diagonal().array() += pull;
  MatrixXd weights = spread.ldlt().solve(wanted);
  OpBuilder b(layer);
  MatrixXd stored =
      layer.getTransposeWeight() ? MatrixXd(weights.transpose()) : weights;
  layer.getWeightMutable().assign(
      constantOf(b, layer.getLoc(), stored, "fitted"));
  if (hasBias) {
    VectorXd bias = target - weights.transpose() * mean;
    layer.getBiasMutable().assign(
        constantOf(b, layer.getLoc(), bias, "fitted.bias"));
  }
}
