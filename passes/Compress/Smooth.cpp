//===- Smooth.cpp - large columns of inputs to the weights ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputStatistics.h"
#include "SiteGraph.h"
#include "SiteNames.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

namespace tfc::compress {
#define GEN_PASS_DEF_SMOOTHPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// A tensor that can be divided by columns, and the layers that read it.
struct Smoothing {
  LinearInput input;
  /// What gives it: a norm or a linear layer.
  Operation *source = nullptr;
  VectorXd greatest;
  SmallVector<MatrixXd> weights;
  /// Why it stays as it is; empty where it need not.
  std::string reason;
};

struct SmoothPass : public compress::impl::SmoothPassBase<SmoothPass> {
  using SmoothPassBase::SmoothPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    SiteNames names(function);
    if (failed(checkOptions(names)))
      return signalPassFailure();
    readers = countReaders(function);
    bool isAnyKnown = false;
    SmallVector<LinearInput> inputs = linearInputs(function);
    for (const LinearInput &input : inputs) {
      if (!isAsked(input, names))
        continue;
      Smoothing smoothing;
      smoothing.input = input;
      if (failed(complete(smoothing)))
        return signalPassFailure();
      isAnyKnown |= smoothing.greatest.size() > 0;
      if (smoothing.reason.empty())
        apply(smoothing, names);
      else if (failed(leaveAlone(smoothing, names)))
        return signalPassFailure();
    }
    if (isAnyKnown || inputs.empty())
      return;
    function.emitError("smooth: it needs inputs: --calibration=FILE.npz");
    signalPassFailure();
  }

private:
  LogicalResult checkOptions(const SiteNames &names);
  bool isAsked(const LinearInput &input, const SiteNames &names);
  /// Sets all but the input of `smoothing`.
  LogicalResult complete(Smoothing &smoothing);
  /// Sets the weights, or gives the reason why they stay.
  std::string readWeights(Smoothing &smoothing);
  /// What gives `x`, found through ReLU and, where `isFirst`, a product with
  /// another tensor; null or with `reason` where it cannot be divided.
  Operation *sourceOf(Value x, bool isFirst, std::string &reason);
  std::string whyNorm(attn::NormOp norm);
  VectorXd factors(const Smoothing &smoothing);
  void apply(Smoothing &smoothing, const SiteNames &names);
  LogicalResult leaveAlone(const Smoothing &smoothing, const SiteNames &names);

  DenseMap<Attribute, unsigned> readers;
};

} // namespace

//===----------------------------------------------------------------------===//
// What can be divided
//===----------------------------------------------------------------------===//

LogicalResult SmoothPass::checkOptions(const SiteNames &names) {
  if (!(alpha >= 0 && alpha <= 1))
    return getOperation().emitError("smooth: alpha is from 0 to 1, not ")
           << double(alpha);
  SmallVector<StringRef> known;
  for (const LinearInput &input : linearInputs(getOperation()))
    for (attn::LinearOp layer : input.layers)
      known.push_back(names[layer]);
  for (const std::string &site : sites)
    if (!llvm::is_contained(known, site))
      return getOperation().emitError("smooth: there is no linear layer '")
             << site << "' with a constant weight in f32; there "
             << (known.empty() ? "are none"
                               : "are '" + llvm::join(known, "', '") + "'");
  return success();
}

bool SmoothPass::isAsked(const LinearInput &input, const SiteNames &names) {
  return sites.empty() || llvm::any_of(input.layers, [&](attn::LinearOp layer) {
           return llvm::is_contained(sites, names[layer].str());
         });
}

std::string SmoothPass::whyNorm(attn::NormOp norm) {
  auto type = cast<ShapedType>(norm.getInit().getType());
  if (int64_t(norm.getAxis()) != type.getRank() - 1)
    return "the norm before it is over more than its last dimension";
  for (Value parameter : {norm.getScale(), norm.getBias()})
    if (parameter && !numbersOf(parameter))
      return "the norm before it has a scale or a bias that is not constant";
  return "";
}

/// Whether `op` is the greater of its operand and 0, element by element.
static bool isRelu(linalg::GenericOp op) {
  Operation *body =
      op && op.getNumDpsInputs() == 1 ? onlyOperation(op) : nullptr;
  if (!isa_and_nonnull<arith::MaximumFOp, arith::MaxNumFOp>(body) ||
      !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity())
    return false;
  Value argument = op.getBody()->getArgument(0);
  unsigned other = body->getOperand(0) == argument ? 1 : 0;
  return body->getOperand(1 - other) == argument &&
         uniformOperand(op, body->getOperand(other)) == 0.0f;
}

Operation *SmoothPass::sourceOf(Value x, bool isFirst, std::string &reason) {
  Operation *op = x.getDefiningOp();
  if (auto norm = dyn_cast_or_null<attn::NormOp>(op)) {
    reason = whyNorm(norm);
    return op;
  }
  if (auto layer = dyn_cast_or_null<attn::LinearOp>(op)) {
    bool keepsFactors = layer.getActivation() == attn::Activation::None ||
                        layer.getActivation() == attn::Activation::Relu;
    Attribute numbers;
    if (!keepsFactors)
      reason = "an activation is before it";
    else if (!weightOf(layer) || !biasOf(layer) ||
             !matchPattern(layer.getWeight(), m_Constant(&numbers)))
      reason = "the layer before it has weights that are not constant";
    else if (readers.lookup(numbers) > 1)
      reason = "the weight of the layer before it is read elsewhere too";
    return op;
  }
  linalg::GenericOp generic = elementwise(op);
  if (isRelu(generic) && generic.getInputs()[0].hasOneUse())
    return sourceOf(generic.getInputs()[0], isFirst, reason);
  // Of a product either factor may be divided.
  if (isFirst && generic && generic.getNumDpsInputs() == 2 &&
      isa_and_nonnull<arith::MulFOp>(onlyOperation(generic)))
    for (OpOperand *factor : generic.getDpsInputOperands()) {
      std::string other;
      Value value = factor->get();
      if (!value.hasOneUse() ||
          !generic.getMatchingIndexingMap(factor).isIdentity())
        continue;
      Operation *source = sourceOf(value, /*isFirst=*/false, other);
      if (source && other.empty())
        return source;
    }
  reason = "neither a norm nor a linear layer gives what goes into it";
  return nullptr;
}

std::string SmoothPass::readWeights(Smoothing &smoothing) {
  Value x = smoothing.input.x;
  for (OpOperand &use : x.getUses()) {
    auto layer = dyn_cast<attn::LinearOp>(use.getOwner());
    bool isRead = layer && llvm::is_contained(smoothing.input.layers, layer) &&
                  use.getOperandNumber() == 0;
    if (!isRead && !isa<tensor::DimOp>(use.getOwner()))
      return "what goes into it is read by others too";
  }
  for (attn::LinearOp layer : smoothing.input.layers) {
    std::optional<MatrixXd> weight = weightOf(layer);
    Attribute numbers;
    if (!weight || !matchPattern(layer.getWeight(), m_Constant(&numbers)))
      return "the numbers of its weight are not there";
    if (!weight->allFinite())
      return "its weight has NaN or infinity";
    if (readers.lookup(numbers) > 1)
      return "its weight is read elsewhere too";
    smoothing.weights.push_back(std::move(*weight));
  }
  return "";
}

LogicalResult SmoothPass::complete(Smoothing &smoothing) {
  FailureOr<std::optional<InputStatistics>> input =
      inputStatistics(smoothing.input.layers.front());
  if (failed(input))
    return failure();
  if (!input->has_value() || (*input)->greatest.size() == 0) {
    smoothing.reason = "what goes into it is not known";
    return success();
  }
  smoothing.greatest = (*input)->greatest;
  smoothing.reason = readWeights(smoothing);
  if (smoothing.reason.empty())
    smoothing.source =
        sourceOf(smoothing.input.x, /*isFirst=*/true, smoothing.reason);
  return success();
}

//===----------------------------------------------------------------------===//
// The division
//===----------------------------------------------------------------------===//

VectorXd SmoothPass::factors(const Smoothing &smoothing) {
  int64_t width = smoothing.greatest.size();
  VectorXd weight = VectorXd::Zero(width);
  for (const MatrixXd &matrix : smoothing.weights)
    weight = weight.cwiseMax(matrix.cwiseAbs().rowwise().maxCoeff());
  VectorXd result = VectorXd::Ones(width);
  for (int64_t j = 0; j < width; ++j) {
    double factor =
        std::pow(smoothing.greatest[j], alpha) / std::pow(weight[j], 1 - alpha);
    // A column that is never there, or that nobody reads, stays; and one by
    // which a weight would leave f32's range.
    if (smoothing.greatest[j] > 0 && weight[j] > 0 && factor > 1e-5 &&
        factor < 1e5)
      result[j] = factor;
  }
  return result;
}

/// `parameter` of a norm, or `absent` everywhere, over `factors`.
static Value divided(OpBuilder &b, Location loc, Value parameter, double absent,
                     const VectorXd &factors) {
  VectorXd numbers = VectorXd::Constant(factors.size(), absent);
  if (parameter)
    for (auto [i, own] : llvm::enumerate(*numbersOf(parameter)))
      numbers[i] = own;
  return constantOf(b, loc, VectorXd(numbers.cwiseQuotient(factors)),
                    "smoothed");
}

/// The weight as the layer has it, from [K, N].
static void setWeight(OpBuilder &b, attn::LinearOp layer,
                      const MatrixXd &weight) {
  MatrixXd stored =
      layer.getTransposeWeight() ? MatrixXd(weight.transpose()) : weight;
  layer.getWeightMutable().assign(
      constantOf(b, layer.getLoc(), stored, "smoothed"));
}

static void divideSource(Operation *source, const VectorXd &factors) {
  OpBuilder b(source);
  Location loc = source->getLoc();
  if (auto norm = dyn_cast<attn::NormOp>(source)) {
    norm.getScaleMutable().assign(divided(b, loc, norm.getScale(), 1, factors));
    if (norm.getBias())
      norm.getBiasMutable().assign(divided(b, loc, norm.getBias(), 0, factors));
    return;
  }
  auto layer = cast<attn::LinearOp>(source);
  MatrixXd weight = *weightOf(layer) * factors.cwiseInverse().asDiagonal();
  if (layer.getBias())
    layer.getBiasMutable().assign(divided(b, loc, layer.getBias(), 0, factors));
  setWeight(b, layer, weight);
}

void SmoothPass::apply(Smoothing &smoothing, const SiteNames &names) {
  VectorXd by = factors(smoothing), inverse = by.cwiseInverse();
  divideSource(smoothing.source, by);
  Builder attributes(&getContext());
  for (auto [layer, weight] :
       llvm::zip(smoothing.input.layers, smoothing.weights)) {
    OpBuilder b(layer);
    setWeight(b, layer, by.asDiagonal() * weight);
    InputStatistics input = **inputStatistics(layer);
    attachInputStatistics(
        layer, {inverse.asDiagonal() * input.moments * inverse.asDiagonal(),
                input.mean.cwiseProduct(inverse),
                input.greatest.cwiseProduct(inverse)});
    auto real = [&](StringRef name, double number) {
      return attributes.getNamedAttr(name, attributes.getF64FloatAttr(number));
    };
    noteCompression(
        getOperation(), "smooth", names[layer],
        {real("greatest_before", smoothing.greatest.maxCoeff()),
         real("greatest_after",
              smoothing.greatest.cwiseProduct(inverse).maxCoeff())});
  }
}

LogicalResult SmoothPass::leaveAlone(const Smoothing &smoothing,
                                     const SiteNames &names) {
  Builder b(&getContext());
  for (attn::LinearOp layer : smoothing.input.layers) {
    if (!sites.empty())
      return layer.emitError("cannot have its input smoothed: ")
             << smoothing.reason;
    noteCompression(
        getOperation(), "smooth", names[layer],
        b.getNamedAttr("left_alone", b.getStringAttr(smoothing.reason)));
  }
  return success();
}
