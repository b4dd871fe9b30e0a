//===- QuantizeWeights.cpp - weights of linear layers by groups -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputStatistics.h"
#include "SiteGraph.h"
#include "SiteNames.h"
#include "WeightGroups.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

#include <cmath>

namespace tfc::compress {
#define GEN_PASS_DEF_QUANTIZEWEIGHTSPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// A weight, and the layers that read it in one orientation.
struct SharedWeight {
  SmallVector<attn::LinearOp> layers;
  MatrixXd numbers;
  /// The covariances of what goes into the layers, summed; nothing where one is
  /// not known.
  std::optional<MatrixXd> moments;
  /// E[x] of each layer whose bias can take up what is lost on average.
  SmallVector<std::optional<VectorXd>> means;
  /// Why it stays as it is; empty where it need not.
  std::string reason;
};

struct QuantizeWeightsPass
    : public compress::impl::QuantizeWeightsPassBase<QuantizeWeightsPass> {
  using QuantizeWeightsPassBase::QuantizeWeightsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    SiteNames names(function);
    if (failed(checkOptions()) || failed(checkSites(names)))
      return signalPassFailure();
    SmallVector<SharedWeight> weights = collect(names);
    if (failed(checkStatistics(weights)))
      return signalPassFailure();
    for (SharedWeight &weight : weights) {
      if (failed(complete(weight)))
        return signalPassFailure();
      if (weight.reason.empty())
        quantize(weight, names);
      else if (failed(leaveAlone(weight, names)))
        return signalPassFailure();
      // One weight in f64 at a time.
      weight = SharedWeight();
    }
  }

private:
  GroupFormat format() const { return {bits, group, asymmetric}; }
  LogicalResult checkOptions();
  LogicalResult checkSites(const SiteNames &names);
  SmallVector<SharedWeight> collect(const SiteNames &names);
  /// Sets all but the layers of `weight`.
  LogicalResult complete(SharedWeight &weight);
  LogicalResult readStatistics(SharedWeight &weight);
  LogicalResult checkStatistics(ArrayRef<SharedWeight> weights);
  LogicalResult leaveAlone(const SharedWeight &weight, const SiteNames &names);
  void quantize(SharedWeight &weight, const SiteNames &names);
  void correctBias(attn::LinearOp layer, const MatrixXd &lost,
                   const VectorXd &mean);
  void note(const SharedWeight &weight, const SiteNames &names,
            const GroupedWeight &result, const MatrixXd &lost);
};

} // namespace

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

LogicalResult QuantizeWeightsPass::checkOptions() {
  auto fail = [&](const Twine &what) {
    return getOperation().emitError("quantize-weights: " + what);
  };
  if (bits != 4 && bits != 8)
    return fail("bits is 4 or 8, not " + Twine(unsigned(bits)));
  if (group < 0)
    return fail("group is a number of rows, or 0 for all of a column, not " +
                Twine(int64_t(group)));
  if (bits == 4 && group % 2 != 0)
    return fail("a group of " + Twine(int64_t(group)) +
                " numbers of 4 bits ends inside of a byte; expected an even "
                "number");
  if (method != "" && method != "nearest" && method != "gptq")
    return fail("method is nearest or gptq, not '" + method + "'");
  if (!(damping > 0) || !std::isfinite(damping))
    return fail("damping is a share above 0");
  return success();
}

LogicalResult QuantizeWeightsPass::checkSites(const SiteNames &names) {
  return checkLinearSites(getOperation(), names, "quantize-weights", sites);
}

LogicalResult
QuantizeWeightsPass::checkStatistics(ArrayRef<SharedWeight> weights) {
  bool isAnyKnown = llvm::any_of(weights, [](const SharedWeight &weight) {
    return llvm::any_of(weight.layers, [](attn::LinearOp layer) {
      return layer->hasAttr(momentsName);
    });
  });
  if (method != "gptq" || isAnyKnown || weights.empty())
    return success();
  return getOperation().emitError("quantize-weights: the method gptq needs "
                                  "inputs: --calibration=FILE.npz");
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

SmallVector<SharedWeight> QuantizeWeightsPass::collect(const SiteNames &names) {
  llvm::MapVector<std::pair<Attribute, unsigned>, SharedWeight> found;
  getOperation().walk([&](attn::LinearOp layer) {
    Attribute numbers;
    if (!hasConstantWeight(layer) ||
        (!sites.empty() && !llvm::is_contained(sites, names[layer].str())) ||
        !matchPattern(layer.getWeight(), m_Constant(&numbers)))
      return;
    found[{numbers, layer.getTransposeWeight()}].layers.push_back(layer);
  });
  DenseMap<Attribute, unsigned> readers = countReaders(getOperation());
  SmallVector<SharedWeight> weights;
  for (auto &[key, weight] : found) {
    if (readers.lookup(key.first) != weight.layers.size())
      weight.reason = "its weight is read elsewhere too";
    weights.push_back(std::move(weight));
  }
  return weights;
}

LogicalResult QuantizeWeightsPass::readStatistics(SharedWeight &weight) {
  for (attn::LinearOp layer : weight.layers) {
    FailureOr<std::optional<InputStatistics>> input = inputStatistics(layer);
    if (failed(input))
      return failure();
    bool canCorrect = input->has_value() && biasOf(layer).has_value();
    weight.means.push_back(canCorrect ? std::optional((*input)->mean)
                                      : std::nullopt);
    if (!input->has_value()) {
      weight.moments.reset();
      return success();
    }
    MatrixXd moments = canCorrect ? (*input)->covariance() : (*input)->moments;
    if (layer == weight.layers.front())
      weight.moments = std::move(moments);
    else
      *weight.moments += moments;
  }
  return success();
}

LogicalResult QuantizeWeightsPass::complete(SharedWeight &weight) {
  if (!weight.reason.empty())
    return success();
  if (method != "nearest" && failed(readStatistics(weight)))
    return failure();
  weight.means.resize(weight.moments ? weight.layers.size() : 0);
  std::optional<MatrixXd> numbers = weightOf(weight.layers.front());
  if (!numbers)
    weight.reason = "the numbers of its weight are not there";
  else if (numbers->size() == 0)
    weight.reason = "its weight is empty";
  else if (!numbers->allFinite())
    weight.reason = "its weight has NaN or infinity";
  else if (method == "gptq" && !weight.moments)
    weight.reason = "what goes into it is not known";
  if (!weight.reason.empty())
    return success();
  weight.numbers = std::move(*numbers);
  int64_t before = weight.numbers.size() * sizeof(float),
          after = GroupedWeight(format(), weight.numbers.rows(),
                                weight.numbers.cols())
                      .bytes();
  if (after >= before)
    weight.reason = ("it would take " + Twine(after) +
                     " bytes, not fewer than " + Twine(before))
                        .str();
  return success();
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

LogicalResult QuantizeWeightsPass::leaveAlone(const SharedWeight &weight,
                                              const SiteNames &names) {
  Builder b(&getContext());
  for (attn::LinearOp layer : weight.layers) {
    if (!sites.empty())
      return layer.emitError("cannot have its weight quantised: ")
             << weight.reason;
    noteCompression(
        getOperation(), "quantize-weights", names[layer],
        b.getNamedAttr("left_alone", b.getStringAttr(weight.reason)));
  }
  return success();
}

/// The type of the integers; by slices where each column is one group.
static quant::QuantizedType typeOf(MLIRContext *context,
                                   const GroupedWeight &weight) {
  unsigned bits = weight.format.bits;
  auto storage = IntegerType::get(context, bits);
  Type real = Float32Type::get(context);
  constexpr unsigned isSigned = quant::QuantizationFlags::Signed;
  int64_t lowest = -(int64_t(1) << (bits - 1)),
          highest = weight.format.highest();
  size_t count = weight.scales.size();
  ArrayRef<float> scales(weight.scales.data(), count);
  ArrayRef<int8_t> zeros(weight.zeroPoints.data(), count);
  if (weight.groups() == 1)
    return quant::UniformQuantizedPerAxisType::get(
        isSigned, storage, real, SmallVector<double>(scales),
        SmallVector<int64_t>(zeros), /*quantizedDimension=*/1, lowest, highest);
  SmallVector<int64_t> shape = {weight.groups(), weight.scales.cols()};
  SmallVector<APInt> zeroPoints;
  for (int8_t zero : zeros)
    zeroPoints.push_back(APInt(bits, zero, /*isSigned=*/true));
  return quant::UniformQuantizedSubChannelType::get(
      isSigned, storage, real,
      DenseElementsAttr::get(RankedTensorType::get(shape, real), scales),
      DenseElementsAttr::get(RankedTensorType::get(shape, storage), zeroPoints),
      {0, 1}, {weight.format.rows, 1}, lowest, highest);
}

/// b + (w - w')^T E[x], the mean error of the outputs (Nagel et al. 2019, 4.2).
void QuantizeWeightsPass::correctBias(attn::LinearOp layer,
                                      const MatrixXd &lost,
                                      const VectorXd &mean) {
  OpBuilder b(layer);
  VectorXd bias = *biasOf(layer) + lost.transpose() * mean;
  layer.getBiasMutable().assign(
      constantOf(b, layer.getLoc(), bias, "quantized.bias"));
}

void QuantizeWeightsPass::note(const SharedWeight &weight,
                               const SiteNames &names,
                               const GroupedWeight &result,
                               const MatrixXd &lost) {
  Builder b(&getContext());
  auto energy = [&](const MatrixXd &matrix) {
    return weight.moments ? matrix.cwiseProduct(*weight.moments * matrix).sum()
                          : matrix.squaredNorm();
  };
  double whole = energy(weight.numbers);
  auto integer = [&](StringRef name, int64_t number) {
    return b.getNamedAttr(name, b.getI64IntegerAttr(number));
  };
  for (attn::LinearOp layer : weight.layers)
    noteCompression(
        getOperation(), "quantize-weights", names[layer],
        {b.getNamedAttr("method",
                        b.getStringAttr(weight.moments ? "gptq" : "nearest")),
         integer("bits", result.format.bits),
         integer("group", result.format.rows),
         b.getNamedAttr(
             "relative_error",
             b.getF64FloatAttr(whole > 0 ? energy(lost) / whole : 0)),
         integer("bytes_before", weight.numbers.size() * sizeof(float)),
         integer("bytes_after", result.bytes())});
}

void QuantizeWeightsPass::quantize(SharedWeight &weight,
                                   const SiteNames &names) {
  GroupedWeight result =
      weight.moments ? roundWithCompensation(weight.numbers, *weight.moments,
                                             damping, format())
                     : roundToNearest(weight.numbers, format());
  MatrixXd lost = weight.numbers - result.dequantized();
  note(weight, names, result, lost);
  quant::QuantizedType type = typeOf(&getContext(), result);
  OpBuilder b(&getContext());
  SmallVector<int64_t> shape = {result.integers.rows(), result.integers.cols()};
  auto stored = RankedTensorType::get(shape, b.getI8Type());
  auto integers = DenseResourceElementsAttr::get(
      stored, "quantized",
      HeapAsmResourceBlob::allocateAndCopyInferAlign(
          ArrayRef<int8_t>(result.integers.data(),
                           size_t(result.integers.size())),
          /*dataIsMutable=*/false));
  for (auto [i, layer] : llvm::enumerate(weight.layers)) {
    b.setInsertionPoint(layer);
    Location loc = layer.getLoc();
    Value constant = arith::ConstantOp::create(b, loc, stored, integers);
    Value init = tensor::EmptyOp::create(b, loc, shape, b.getF32Type());
    auto real = attn::DequantizeOp::create(b, loc, init.getType(), constant,
                                           init, type);
    layer.getWeightMutable().assign(real.getResult());
    layer.setTransposeWeight(false);
    if (weight.moments && weight.means[i])
      correctBias(layer, lost, *weight.means[i]);
  }
}
