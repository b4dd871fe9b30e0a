//===- LowRank.cpp - linear layers as two narrower ones ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputStatistics.h"
#include "LowRankFactors.h"
#include "SiteGraph.h"
#include "SiteNames.h"
#include "tfc/Passes/Compress/LayerFit.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

namespace tfc::compress {
#define GEN_PASS_DEF_LOWRANKPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

enum class Method { Svd, Whitened, SemiNonnegative, Exact };

/// A linear layer that can be two.
struct Candidate {
  attn::LinearOp layer;
  StringRef site;
  Eigen::MatrixXd weight;
  Eigen::VectorXd bias;
  std::optional<InputStatistics> input;
  Method method;
  Spectrum spectrum;
  /// Why it stays as it is; empty where it need not.
  std::string reason;
  int64_t rank = 0;

  RankChoice choice() {
    // What x is on average, times what is left out, is added to the bias.
    int64_t added =
        method == Method::Whitened && !layer.getBias() ? weight.cols() : 0;
    return {weight.rows(), weight.cols(), added, &spectrum};
  }
};

struct LowRankPass : public compress::impl::LowRankPassBase<LowRankPass> {
  using LowRankPassBase::LowRankPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    SiteNames names(function);
    std::vector<Candidate> candidates;
    if (failed(checkOptions()) || failed(checkSites(names)) ||
        failed(collect(names, candidates)) || failed(setRanks(candidates)))
      return signalPassFailure();
    for (Candidate &candidate : candidates) {
      if (!candidate.reason.empty())
        noteLeftAlone(candidate);
      else if (candidate.rank > 0)
        replace(candidate);
    }
  }

private:
  LogicalResult checkOptions();
  LogicalResult readMethods();
  LogicalResult checkSites(const SiteNames &names);
  LogicalResult collect(const SiteNames &names,
                        std::vector<Candidate> &candidates);
  Method methodFor(const Candidate &candidate) const;
  /// Sets all but the rank of `candidate`, of which layer and site are known.
  LogicalResult complete(Candidate &candidate);
  std::string whyAlone(Candidate &candidate);
  LogicalResult setRanks(std::vector<Candidate> &candidates);
  LogicalResult setBudget(std::vector<Candidate> &candidates);
  void noteLeftAlone(const Candidate &candidate);
  void replace(Candidate &candidate);

  /// The rank that `ranks` gives for a site, and the method of `methods`.
  llvm::StringMap<int64_t> rankOf;
  llvm::StringMap<Method> methodOf;
};

} // namespace

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

LogicalResult LowRankPass::checkOptions() {
  auto fail = [&](const Twine &what) {
    return getOperation().emitError("low-rank: " + what);
  };
  if (method != "" && method != "svd" && method != "whitened" &&
      method != "snmf" && method != "exact")
    return fail("method is svd, whitened, snmf or exact, not '" + method + "'");
  FailureOr<llvm::StringMap<int64_t>> given =
      readSiteNumbers(getOperation(), "low-rank", "ranks", ranks);
  if (failed(given))
    return failure();
  rankOf = std::move(*given);
  if (failed(readMethods()))
    return failure();
  if (rank < 0)
    return fail("a rank is 1 at least, not " + Twine(rank));
  auto isShare = [](double x) { return x >= 0 && x <= 1; };
  if (!isShare(energy) || !isShare(budget))
    return fail("energy and budget are shares above 0 and up to 1");
  int number = (rank != 0) + (energy != 0) + (budget != 0);
  bool isExact = method == "exact";
  if (isExact && (number > 0 || !ranks.empty() || !methods.empty()))
    return fail("the method exact finds the ranks itself");
  if (!isExact && (number > 1 || (number == 0 && ranks.empty())))
    return fail("expected one of rank, energy and budget, or ranks");
  return success();
}

LogicalResult LowRankPass::readMethods() {
  for (StringRef entry : methods) {
    auto [site, name] = entry.rsplit('=');
    std::optional<Method> method =
        llvm::StringSwitch<std::optional<Method>>(name)
            .Case("svd", Method::Svd)
            .Case("whitened", Method::Whitened)
            .Case("snmf", Method::SemiNonnegative)
            .Default(std::nullopt);
    if (site.empty() || !method)
      return getOperation().emitError("low-rank: methods has '")
             << entry << "'; expected a site, '=' and svd, whitened or snmf";
    methodOf[site] = *method;
  }
  return success();
}

LogicalResult LowRankPass::checkSites(const SiteNames &names) {
  SmallVector<std::string> asked(sites.begin(), sites.end());
  for (const auto &entry : rankOf)
    asked.push_back(entry.getKey().str());
  for (const auto &entry : methodOf)
    asked.push_back(entry.getKey().str());
  return checkLinearSites(getOperation(), names, "low-rank", asked);
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

LogicalResult LowRankPass::collect(const SiteNames &names,
                                   std::vector<Candidate> &candidates) {
  DenseMap<Attribute, unsigned> readers = countReaders(getOperation());
  SmallVector<attn::LinearOp> layers;
  getOperation().walk([&](attn::LinearOp layer) {
    StringRef site = names[layer];
    // Without a rank for all, `ranks` says which.
    bool isAsked = rankOf.contains(site) || rank != 0 || energy != 0 ||
                   budget != 0 || method == "exact";
    if (hasConstantWeight(layer) && isAsked &&
        (sites.empty() || llvm::is_contained(sites, site)))
      layers.push_back(layer);
  });
  bool isAnyKnown = false;
  for (attn::LinearOp layer : layers) {
    Candidate candidate;
    candidate.layer = layer;
    candidate.site = names[layer];
    Attribute numbers;
    matchPattern(layer.getWeight(), m_Constant(&numbers));
    if (failed(complete(candidate)))
      return failure();
    isAnyKnown |= candidate.input.has_value();
    if (candidate.reason.empty() && readers.lookup(numbers) > 1)
      candidate.reason = "its weight is read elsewhere too";
    if (!candidate.reason.empty() &&
        (rankOf.contains(candidate.site) || methodOf.contains(candidate.site)))
      return layer.emitError("cannot have a lower rank: ") << candidate.reason;
    candidates.push_back(std::move(candidate));
  }
  for (const auto &entry : methodOf)
    if (llvm::none_of(candidates, [&](const Candidate &candidate) {
          return candidate.site == entry.getKey();
        }))
      return getOperation().emitError("low-rank: methods names '")
             << entry.getKey() << "', which gets no rank";
  if (method == "whitened" && !isAnyKnown && !layers.empty())
    return getOperation().emitError("low-rank: the method whitened needs "
                                    "inputs: --calibration=FILE.npz");
  return success();
}

Method LowRankPass::methodFor(const Candidate &candidate) const {
  if (auto given = methodOf.find(candidate.site); given != methodOf.end())
    return given->second;
  if (method == "snmf")
    return Method::SemiNonnegative;
  if (method == "exact")
    return Method::Exact;
  if (method == "whitened" || (method == "" && candidate.input))
    return Method::Whitened;
  return Method::Svd;
}

LogicalResult LowRankPass::complete(Candidate &candidate) {
  FailureOr<std::optional<InputStatistics>> input =
      inputStatistics(candidate.layer);
  if (failed(input))
    return failure();
  candidate.input = std::move(*input);
  candidate.method = methodFor(candidate);
  candidate.reason = whyAlone(candidate);
  return success();
}

std::string LowRankPass::whyAlone(Candidate &candidate) {
  bool isWhitened = candidate.method == Method::Whitened;
  if (isWhitened && !candidate.input)
    return "what goes into it is not known, inside of a loop";
  std::optional<Eigen::MatrixXd> weight = weightOf(candidate.layer);
  if (!weight)
    return "the numbers of its weight are not there";
  if (!weight->allFinite())
    return "its weight has NaN or infinity";
  std::optional<Eigen::VectorXd> bias = biasOf(candidate.layer);
  if (isWhitened && !bias)
    return "its bias is not constant";
  candidate.weight = std::move(*weight);
  if (bias)
    candidate.bias = std::move(*bias);
  candidate.spectrum =
      isWhitened ? spectrumOf(candidate.weight, candidate.input->covariance())
                 : spectrumOf(candidate.weight);
  if (candidate.spectrum.total() > 0)
    return "";
  return isWhitened ? "what goes into it never changes" : "its weight is zero";
}

//===----------------------------------------------------------------------===//
// Ranks
//===----------------------------------------------------------------------===//

LogicalResult LowRankPass::setBudget(std::vector<Candidate> &candidates) {
  std::vector<RankChoice> choices;
  int64_t size = 0;
  SmallVector<Candidate *> changeable;
  for (Candidate &candidate : candidates)
    if (candidate.reason.empty()) {
      changeable.push_back(&candidate);
      choices.push_back(candidate.choice());
      size += choices.back().sizeNow();
    }
  std::vector<int64_t> chosen = chooseRanks(choices, int64_t(budget * size));
  if (chosen.empty() && !choices.empty())
    return getOperation().emitError("low-rank: the layers hold ")
           << size << " numbers, and more than " << int64_t(budget * size)
           << ", which the budget allows, with rank 1 each";
  for (auto [candidate, number] : llvm::zip(changeable, chosen))
    candidate->rank = number;
  return success();
}

LogicalResult LowRankPass::setRanks(std::vector<Candidate> &candidates) {
  if (budget != 0 && failed(setBudget(candidates)))
    return failure();
  for (Candidate &candidate : candidates) {
    if (!candidate.reason.empty())
      continue;
    auto given = rankOf.find(candidate.site);
    bool isGiven = given != rankOf.end();
    if (isGiven)
      candidate.rank = given->second;
    else if (candidate.method == Method::Exact)
      candidate.rank = numericalRank(candidate.weight, candidate.spectrum);
    else if (rank != 0)
      candidate.rank = rank;
    else if (energy != 0)
      candidate.rank = candidate.spectrum.rankFor(energy);
    RankChoice choice = candidate.choice();
    int64_t size = choice.sizeAt(candidate.rank), before = choice.sizeNow();
    if (candidate.rank == 0 || size < before)
      continue;
    candidate.reason =
        ("rank " + Twine(candidate.rank) + " would hold " + Twine(size) +
         " numbers, not fewer than " + Twine(before))
            .str();
    if (isGiven)
      return candidate.layer.emitError(candidate.reason);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The two layers
//===----------------------------------------------------------------------===//

static StringRef methodName(Method method) {
  switch (method) {
  case Method::Svd:
    return "svd";
  case Method::Whitened:
    return "whitened";
  case Method::SemiNonnegative:
    return "snmf";
  case Method::Exact:
    return "exact";
  }
  return "";
}

void LowRankPass::noteLeftAlone(const Candidate &candidate) {
  Builder b(&getContext());
  noteCompression(
      getOperation(), "low-rank", candidate.site,
      b.getNamedAttr("left_alone", b.getStringAttr(candidate.reason)));
}

void LowRankPass::replace(Candidate &candidate) {
  attn::LinearOp layer = candidate.layer;
  Location loc = layer.getLoc();
  OpBuilder b(layer);
  Factors factors = candidate.method == Method::SemiNonnegative
                        ? semiNonnegative(candidate.weight, candidate.rank)
                        : alongDirections(candidate.weight, candidate.spectrum,
                                          candidate.rank);
  Eigen::MatrixXd left = candidate.weight - factors.a * factors.b;
  Value bias = layer.getBias();
  if (candidate.method == Method::Whitened) {
    Eigen::VectorXd corrected =
        candidate.bias + left.transpose() * candidate.input->mean;
    bias = constantOf(b, loc, corrected, "low_rank.bias");
  }
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, layer.getX());
  sizes.back() = b.getIndexAttr(candidate.rank);
  Value narrowInit = tensor::EmptyOp::create(b, loc, sizes, b.getF32Type());
  auto narrow = attn::LinearOp::create(
      b, loc, narrowInit.getType(), layer.getX(),
      constantOf(b, loc, factors.a, "low_rank.a"), Value(), narrowInit,
      /*transpose_weight=*/false, attn::Activation::None);
  auto wide = attn::LinearOp::create(
      b, loc, layer.getInit().getType(), narrow->getResult(0),
      constantOf(b, loc, factors.b, "low_rank.b"), bias, layer.getInit(),
      /*transpose_weight=*/false, layer.getActivation());
  if (candidate.input) {
    attachInputStatistics(narrow, *candidate.input);
    attachInputStatistics(
        wide, {factors.a.transpose() * candidate.input->moments * factors.a,
               factors.a.transpose() * candidate.input->mean});
  }
  if (Attribute number = layer->getAttr(layerName))
    wide->setAttr(layerName, number);
  RankChoice choice = candidate.choice();
  auto integer = [&](StringRef name, int64_t number) {
    return b.getNamedAttr(name, b.getI64IntegerAttr(number));
  };
  double lost = candidate.method == Method::SemiNonnegative
                    ? left.squaredNorm() / candidate.weight.squaredNorm()
                    : candidate.spectrum.lostShare(candidate.rank);
  noteCompression(
      getOperation(), "low-rank", candidate.site,
      {b.getNamedAttr("method", b.getStringAttr(methodName(candidate.method))),
       integer("rows", choice.rows), integer("columns", choice.columns),
       integer("rank", candidate.rank),
       b.getNamedAttr("energy_kept", b.getF64FloatAttr(1 - lost)),
       integer("parameters_before", choice.sizeNow()),
       integer("parameters_after", choice.sizeAt(candidate.rank))});
  layer->replaceAllUsesWith(wide);
  layer.erase();
}
