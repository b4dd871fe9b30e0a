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

/// Whether `layer` gives a result of the function, but for its shape.
static bool givesResult(attn::LinearOp layer) {
  Value value = layer.getResult();
  while (value.hasOneUse()) {
    Operation *user = *value.getUsers().begin();
    if (user->hasTrait<OpTrait::ReturnLike>())
      return isa<func::FuncOp>(user->getParentOp());
    if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
             tensor::ExtractSliceOp>(user))
      return false;
    value = user->getResult(0);
  }
  return false;
}

SmallVector<int64_t> tfc::compress::layersToFit(func::FuncOp function) {
  DenseMap<Attribute, unsigned> readers = countReaders(function);
  DenseSet<Operation *> ends;
  for (ResidualBlock &block : findResidualBlocks(function))
    if (block.last)
      ends.insert(block.last);
  SmallVector<int64_t> numbers;
  bool isBehindBlocks = false;
  for (auto layer : function.getOps<attn::LinearOp>()) {
    bool isEnd = ends.contains(layer);
    isBehindBlocks |= isEnd;
    auto number = layer->getAttrOfType<IntegerAttr>(layerName);
    Attribute weight;
    if (number && layer.getActivation() == attn::Activation::None &&
        (isEnd || (isBehindBlocks && givesResult(layer))) && weightOf(layer) &&
        biasOf(layer) && matchPattern(layer.getWeight(), m_Constant(&weight)) &&
        readers[weight] == 1)
      numbers.push_back(number.getInt());
  }
  return numbers;
}

void FitSums::add(ArrayRef<float> x, ArrayRef<float> t) {
  using Rows = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic,
                                              Eigen::Dynamic, Eigen::RowMajor>>;
  using Numbers = Eigen::Map<
      Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
  int64_t inputs = input.size(), outputs = target.size(),
          count = x.size() / inputs;
  Rows from(x.data(), count, inputs), to(t.data(), count, outputs);
  Numbers(products.data(), inputs, inputs) +=
      (from.transpose() * from).cast<double>();
  Numbers(targets.data(), inputs, outputs) +=
      (from.transpose() * to).cast<double>();
  Eigen::Map<VectorXd>(input.data(), inputs) +=
      from.cast<double>().colwise().sum().transpose();
  Eigen::Map<VectorXd>(target.data(), outputs) +=
      to.cast<double>().colwise().sum().transpose();
  targetSquares += to.cast<double>().squaredNorm();
  rows += count;
}

SmallVector<std::vector<float>>
tfc::compress::numbersOfLayer(attn::LinearOp layer) {
  SmallVector<std::vector<float>> numbers;
  Eigen::MatrixXd weight = *weightOf(layer);
  if (!layer.getTransposeWeight())
    weight.transposeInPlace();
  Eigen::MatrixXf stored = weight.cast<float>();
  numbers.emplace_back(stored.data(), stored.data() + stored.size());
  if (layer.getBias()) {
    Eigen::VectorXf bias = biasOf(layer)->cast<float>();
    numbers.emplace_back(bias.data(), bias.data() + bias.size());
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

namespace {

/// What sums say of a linear layer with a bias, or without one.
struct LinearProblem {
  LinearProblem(const FitSums &sums, bool hasBias) : hasBias(hasBias) {
    int64_t inputs = sums.input.size(), outputs = sums.target.size();
    rows = sums.rows;
    double count = std::max<double>(rows, 1);
    spread = matrixOf<MatrixXd>(sums.products, inputs, inputs) / count;
    wanted = matrixOf<MatrixXd>(sums.targets, inputs, outputs) / count;
    mean = Eigen::Map<const VectorXd>(sums.input.data(), inputs) / count;
    target = Eigen::Map<const VectorXd>(sums.target.data(), outputs) / count;
    squares = sums.targetSquares / count;
  }

  /// The weights of the least mean square error, drawn to `old`.
  MatrixXd solve(const MatrixXd &old, double damping) const {
    MatrixXd left = spread, right = wanted;
    if (hasBias) {
      left -= mean * mean.transpose();
      right -= mean * target.transpose();
    }
    double pull = std::max(damping * left.diagonal().mean(), 1e-30);
    right += pull * old;
    left.diagonal().array() += pull;
    return left.ldlt().solve(right);
  }

  VectorXd biasFor(const MatrixXd &weights) const {
    return target - weights.transpose() * mean;
  }

  /// E[|t - W^T x - b|^2].
  double error(const MatrixXd &weights, const VectorXd &bias) const {
    VectorXd product = weights.transpose() * mean;
    return squares - 2 * weights.cwiseProduct(wanted).sum() +
           weights.cwiseProduct(spread * weights).sum() +
           2 * bias.dot(product - target) + bias.squaredNorm();
  }

  bool hasBias;
  MatrixXd spread, wanted;
  VectorXd mean, target;
  double squares;
  int64_t rows;
};

} // namespace

/// How much weights are drawn to what they were, as a share of the mean
/// variance of inputs; nothing where they should stay.
static std::optional<double> chooseDamping(const LinearProblem &seen,
                                           const LinearProblem &held,
                                           const MatrixXd &old,
                                           const VectorXd &oldBias) {
  constexpr double choices[] = {0.001, 0.01, 0.1, 1};
  if (held.rows == 0)
    return choices[0];
  std::optional<double> best;
  double least = held.error(old, oldBias);
  for (double damping : choices) {
    MatrixXd weights = seen.solve(old, damping);
    VectorXd bias = seen.hasBias ? seen.biasFor(weights) : oldBias;
    double error = held.error(weights, bias);
    if (error < least) {
      least = error;
      best = damping;
    }
  }
  return best;
}

FitSums &FitSums::operator+=(const FitSums &other) {
  for (auto [to, from] :
       {std::pair(&products, &other.products),
        std::pair(&targets, &other.targets), std::pair(&input, &other.input),
        std::pair(&target, &other.target)})
    for (auto [sum, more] : llvm::zip_equal(*to, *from))
      sum += more;
  targetSquares += other.targetSquares;
  rows += other.rows;
  return *this;
}

void tfc::compress::fitLayer(attn::LinearOp layer, FitSums sums,
                             const FitSums &held) {
  bool hasBias = layer.getBias() != nullptr;
  MatrixXd old = *weightOf(layer);
  std::optional<double> damping =
      chooseDamping(LinearProblem(sums, hasBias), LinearProblem(held, hasBias),
                    old, *biasOf(layer));
  if (!damping)
    return;
  LinearProblem all(sums += held, hasBias);
  MatrixXd weights = all.solve(old, *damping);
  OpBuilder b(layer);
  MatrixXd stored =
      layer.getTransposeWeight() ? MatrixXd(weights.transpose()) : weights;
  layer.getWeightMutable().assign(
      constantOf(b, layer.getLoc(), stored, "fitted"));
  if (hasBias)
    layer.getBiasMutable().assign(
        constantOf(b, layer.getLoc(), all.biasFor(weights), "fitted.bias"));
}
