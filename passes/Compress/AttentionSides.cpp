//===- AttentionSides.cpp - the products inside of attention ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionSides.h"
#include "SiteGraph.h"
#include "tfc/Passes/Compress/LayerFit.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;
using Eigen::MatrixXd;
using Eigen::VectorXd;

//===----------------------------------------------------------------------===//
// What is lost
//===----------------------------------------------------------------------===//

double ProductSide::lostShare(int64_t kept) const {
  double lost = 0, all = 0;
  for (const BalancedProduct &product : products) {
    const VectorXd &energies = product.energies();
    lost += energies.tail(energies.size() - kept).sum();
    all += energies.sum();
  }
  return all > 0 ? lost / all : 0;
}

int64_t ProductSide::sizeFor(double share) const {
  int64_t kept = 1;
  while (kept < size() && 1 - lostShare(kept) < share)
    ++kept;
  return kept;
}

//===----------------------------------------------------------------------===//
// Numbers of layers
//===----------------------------------------------------------------------===//

FailureOr<LayerNumbers>
AttentionSides::numbersOf(const HeadLayout &layout,
                          const llvm::DenseMap<Attribute, unsigned> &readers,
                          std::string &reason) {
  LayerNumbers numbers;
  reason = layout.reason;
  if (!reason.empty())
    return numbers;
  attn::LinearOp layer = layout.layer;
  Attribute constant;
  std::optional<MatrixXd> weight = weightOf(layer);
  std::optional<VectorXd> bias = biasOf(layer);
  if (!weight || !bias ||
      !matchPattern(layer.getWeight(), m_Constant(&constant)))
    reason = "a weight or bias beside it is not constant";
  else if (!weight->allFinite() || !bias->allFinite())
    reason = "a weight or bias beside it has NaN or infinity";
  else if (readers.lookup(constant) > 1)
    reason = "a weight beside it is read elsewhere too";
  if (!reason.empty())
    return numbers;
  FailureOr<std::optional<InputStatistics>> input = inputStatistics(layer);
  if (failed(input))
    return failure();
  numbers.layer = layer;
  numbers.features = layout.features;
  numbers.weight = std::move(*weight);
  numbers.bias = std::move(*bias);
  numbers.input = std::move(*input);
  return numbers;
}

FailureOr<AttentionSides> AttentionSides::of(attn::AttentionOp attention,
                                             func::FuncOp function) {
  AttentionSides sides(attention);
  Value operands[] = {attention.getQuery(), attention.getKey(),
                      attention.getValue()};
  llvm::DenseMap<Attribute, unsigned> readers = countReaders(function);
  for (auto [i, operand] : llvm::enumerate(operands)) {
    HeadLayout layout;
    layout.reason = "it is not of f32";
    if (isReal(operand))
      layout = layoutBefore(operand);
    if (layout.layer && layout.layer.getActivation() != attn::Activation::None)
      layout.reason = "its layers have activations";
    auto numbers = sides.numbersOf(layout, readers, sides.reasons[i]);
    if (failed(numbers))
      return failure();
    sides.sides[i] = std::move(*numbers);
  }
  HeadLayout layout;
  layout.reason = "it is not of f32";
  if (isReal(attention.getResult()))
    layout = layoutBehind(attention);
  auto numbers = sides.numbersOf(layout, readers, sides.reasonBehind);
  if (failed(numbers))
    return failure();
  sides.behind = std::move(*numbers);
  sides.findQueryKey();
  sides.findValue();
  return sides;
}

//===----------------------------------------------------------------------===//
// Both products
//===----------------------------------------------------------------------===//

/// The columns, or rows, of one head.
static MatrixXd columnsOf(const LayerNumbers &numbers, int64_t head) {
  return numbers.weight(Eigen::all, numbers.features[head]);
}
static MatrixXd rowsOf(const LayerNumbers &numbers, int64_t head) {
  return numbers.weight(numbers.features[head], Eigen::all);
}

/// E[y y^T] of one head of a layer; of y - E[y] if `isCentred`. Without
/// statistics x has variance 1 and no mean.
static MatrixXd momentsOf(const LayerNumbers &numbers, int64_t head,
                          bool isCentred) {
  MatrixXd weight = columnsOf(numbers, head);
  VectorXd mean = numbers.bias(numbers.features[head]);
  MatrixXd around = weight.transpose() * weight;
  if (numbers.input) {
    around = weight.transpose() * numbers.input->covariance() * weight;
    mean += weight.transpose() * numbers.input->mean;
  }
  return isCentred ? around : MatrixXd(around + mean * mean.transpose());
}

bool AttentionSides::centresKeys() const {
  // What is added to all scores of a query goes away in a softmax of them, but
  // not in what is done to scores before, nor beside a score that is given.
  return attention.getScore() == attn::ScoreFunction::Softmax &&
         !attention.getSoftcap() && !attention.getMaskedScore();
}

static std::string whyNot(bool isKnown) {
  return isKnown ? "" : "what it multiplies is zero for all inputs";
}

void AttentionSides::findQueryKey() {
  queryKey.reason = reasons[0].empty() ? reasons[1] : reasons[0];
  if (!queryKey.reason.empty())
    return;
  int64_t readers = heads() / groups();
  double all = 0;
  for (int64_t group = 0; group < groups(); ++group) {
    MatrixXd queries = momentsOf(sides[0], group * readers, false);
    for (int64_t i = 1; i < readers; ++i)
      queries += momentsOf(sides[0], group * readers + i, false);
    queryKey.products.emplace_back(queries,
                                   momentsOf(sides[1], group, centresKeys()));
    all += queryKey.products.back().energies().sum();
  }
  queryKey.reason = whyNot(all > 0);
}

void AttentionSides::findValue() {
  value.reason = reasons[2].empty() ? reasonBehind : reasons[2];
  if (!value.reason.empty())
    return;
  int64_t readers = heads() / groups();
  std::optional<MatrixXd> covariance;
  if (behind.input)
    covariance = behind.input->covariance();
  double all = 0;
  for (int64_t group = 0; group < groups(); ++group) {
    int64_t size = sides[2].features[group].size();
    MatrixXd results = MatrixXd::Zero(size, size), weights = results;
    for (int64_t i = 0; i < readers; ++i) {
      int64_t head = group * readers + i;
      const std::vector<int64_t> &at = behind.features[head];
      results += covariance ? MatrixXd((*covariance)(at, at))
                            : momentsOf(sides[2], group, true);
      MatrixXd rows = rowsOf(behind, head);
      weights += rows * rows.transpose();
    }
    value.products.emplace_back(results, weights);
    all += value.products.back().energies().sum();
  }
  value.reason = whyNot(all > 0);
}

//===----------------------------------------------------------------------===//
// The layers anew
//===----------------------------------------------------------------------===//

SmallVector<unsigned> AttentionSides::rebuilt(int64_t queryKeySize,
                                              int64_t valueSize) const {
  llvm::SmallSetVector<unsigned, 3> operands;
  if (queryKeySize) {
    operands.insert(0);
    operands.insert(1);
  }
  if (valueSize)
    operands.insert(2);
  // What comes from one layer with one of these goes on without it.
  for (unsigned i = 0; i < operands.size(); ++i)
    for (unsigned other = 0; other < 3; ++other)
      if (sides[other].layer == sides[operands[i]].layer)
        operands.insert(other);
  return operands.takeVector();
}

std::string AttentionSides::whyNotTogether(int64_t queryKeySize,
                                           int64_t valueSize) const {
  SmallVector<unsigned> operands = rebuilt(queryKeySize, valueSize);
  for (unsigned operand : operands) {
    auto fed = operandsFedBy(sides[operand].layer, attention);
    if (!fed)
      return "a layer before it is read elsewhere too";
    for (unsigned other : *fed)
      if (!llvm::is_contained(operands, other))
        return reasons[other];
  }
  return "";
}

static MatrixXd rounded(const MatrixXd &matrix) {
  return matrix.cast<float>().cast<double>();
}

/// Removes what nothing reads any more, from `value` on.
static void eraseDead(Value value) {
  // Each once: what is erased must not be met again.
  llvm::SmallSetVector<Operation *, 4> pending;
  pending.insert(value.getDefiningOp());
  while (!pending.empty()) {
    Operation *op = pending.pop_back_val();
    if (!op || !isOpTriviallyDead(op))
      continue;
    SmallVector<Value> operands(op->getOperands());
    op->erase();
    for (Value operand : operands)
      pending.insert(operand.getDefiningOp());
  }
}

static Value transposed(OpBuilder &b, Location loc, Value value) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  std::swap(sizes[1], sizes[2]);
  Value init = tensor::EmptyOp::create(b, loc, sizes, b.getF32Type());
  return linalg::TransposeOp::create(b, loc, value, init,
                                     ArrayRef<int64_t>{0, 2, 1, 3})
      ->getResult(0);
}

static Value withType(OpBuilder &b, Location loc, Value value, Type type) {
  return value.getType() == type
             ? value
             : tensor::CastOp::create(b, loc, type, value).getResult();
}

/// `type` with another size of the last dimension.
static RankedTensorType withLast(Type type, int64_t size) {
  auto tensorType = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensorType.getShape());
  shape.back() = size;
  return tensorType.clone(shape);
}

Value AttentionSides::makeHeads(unsigned operand, ArrayRef<MatrixXd> maps,
                                bool isCentred) {
  const LayerNumbers &old = sides[operand];
  attn::LinearOp layer = old.layer;
  Location loc = layer.getLoc();
  int64_t count = old.features.size(), size = maps.front().cols();
  MatrixXd weight(old.weight.rows(), count * size);
  VectorXd bias(count * size);
  for (int64_t head = 0; head < count; ++head) {
    const MatrixXd &map = maps[head * maps.size() / count];
    weight.middleCols(head * size, size) = columnsOf(old, head) * map;
    bias.segment(head * size, size) =
        map.transpose() * old.bias(old.features[head]);
  }
  weight = rounded(weight);
  if (isCentred) {
    bias.setZero();
    if (old.input)
      bias = -weight.transpose() * old.input->mean;
  }
  OpBuilder b(layer);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, layer.getX());
  sizes.back() = b.getIndexAttr(count * size);
  Value init = tensor::EmptyOp::create(b, loc, sizes, b.getF32Type());
  Value biasValue;
  if (layer.getBias() && !bias.isZero(0))
    biasValue = constantOf(b, loc, bias, "heads.bias");
  auto made = attn::LinearOp::create(
      b, loc, init.getType(), layer.getX(),
      constantOf(b, loc, weight, "heads.weight"), biasValue, init,
      /*transpose_weight=*/false, attn::Activation::None);
  for (StringRef name : {momentsName, meanName})
    if (Attribute attribute = layer->getAttr(name))
      made->setAttr(name, attribute);
  sizes.back() = b.getIndexAttr(count);
  sizes.push_back(b.getIndexAttr(size));
  SmallVector<int64_t> shape(cast<ShapedType>(init.getType()).getShape());
  shape.back() = count;
  shape.push_back(size);
  Value expanded = tensor::ExpandShapeOp::create(
      b, loc, RankedTensorType::get(shape, b.getF32Type()), made->getResult(0),
      ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}}, sizes);
  Value heads = transposed(b, loc, expanded);
  Type type = attention->getOperand(operand).getType();
  return withType(b, loc, heads, withLast(type, size));
}

void AttentionSides::rebuildBehind(int64_t size) {
  attn::LinearOp layer = behind.layer;
  Location loc = layer.getLoc();
  int64_t readers = heads() / groups();
  MatrixXd weight(heads() * size, behind.weight.cols());
  MatrixXd map = MatrixXd::Zero(behind.weight.rows(), heads() * size);
  for (int64_t head = 0; head < heads(); ++head) {
    const BalancedProduct &product = value.products[head / readers];
    weight.middleRows(head * size, size) =
        product.right(size).transpose() * rowsOf(behind, head);
    map(behind.features[head], Eigen::seqN(head * size, size)) =
        product.left(size);
  }
  weight = rounded(weight);
  // Without statistics x has no mean, and values have that of their bias.
  VectorXd mean = VectorXd::Zero(behind.weight.rows());
  for (int64_t head = 0; head < heads(); ++head)
    mean(behind.features[head]) =
        sides[2].bias(sides[2].features[head / readers]);
  if (behind.input)
    mean = behind.input->mean;
  VectorXd leftOut = behind.weight.transpose() * mean -
                     weight.transpose() * (map.transpose() * mean);
  OpBuilder b(layer);
  Value bias = layer.getBias();
  if (!leftOut.isZero(0))
    bias = constantOf(b, loc, VectorXd(behind.bias + leftOut), "heads.bias");
  Value joined = transposed(b, loc, attention.getResult());
  SmallVector<ReassociationIndices> last = {{0}, {1}, {2, 3}};
  joined = tensor::CollapseShapeOp::create(b, loc, joined, last);
  joined = withType(b, loc, joined,
                    withLast(layer.getX().getType(), heads() * size));
  auto made = attn::LinearOp::create(
      b, loc, layer.getInit().getType(), joined,
      constantOf(b, loc, weight, "heads.weight"), bias, layer.getInit(),
      /*transpose_weight=*/false, layer.getActivation());
  if (behind.input)
    attachInputStatistics(
        made, InputStatistics{map.transpose() * behind.input->moments * map,
                              map.transpose() * behind.input->mean});
  if (Attribute number = layer->getAttr(layerName))
    made->setAttr(layerName, number);
  Value old = layer.getX();
  layer->replaceAllUsesWith(made);
  layer.erase();
  eraseDead(old);
}

void AttentionSides::rebuild(int64_t queryKeySize, int64_t valueSize) {
  SmallVector<Value> made(3);
  for (unsigned operand : rebuilt(queryKeySize, valueSize)) {
    bool isValue = operand == 2;
    int64_t size = isValue ? valueSize : queryKeySize;
    std::vector<MatrixXd> maps;
    for (const BalancedProduct &product :
         isValue ? value.products : queryKey.products)
      if (size)
        maps.push_back(operand == 1 ? product.right(size) : product.left(size));
    if (maps.empty())
      maps.push_back(MatrixXd::Identity(sides[operand].features[0].size(),
                                        sides[operand].features[0].size()));
    made[operand] =
        makeHeads(operand, maps, operand == 1 && size > 0 && centresKeys());
  }
  for (auto [operand, value] : llvm::enumerate(made)) {
    if (!value)
      continue;
    Value old = attention->getOperand(operand);
    attention->setOperand(operand, value);
    eraseDead(old);
  }
  if (!valueSize)
    return;
  OpBuilder b(attention);
  Location loc = attention.getLoc();
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, loc, attention.getInit());
  sizes.back() = b.getIndexAttr(valueSize);
  Value init = tensor::EmptyOp::create(b, loc, sizes, b.getF32Type());
  RankedTensorType type = withLast(attention.getInit().getType(), valueSize);
  attention.getInitMutable().assign(withType(b, loc, init, type));
  attention.getResult().setType(type);
  rebuildBehind(valueSize);
}
