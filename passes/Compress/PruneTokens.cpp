//===- PruneTokens.cpp - a model that goes on with fewer tokens -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionMoves.h"
#include "AttentionSites.h"
#include "DimensionShrink.h"
#include "Layers.h"
#include "LinalgBuilder.h"
#include "SiteGraph.h"
#include "SiteNames.h"
#include "TokenSelection.h"
#include "tfc/Passes/Compress/LayerFit.h"
#include "tfc/Passes/Compress/Passes.h"
#include "tfc/Passes/Compress/PositionMoments.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/IR/Matchers.h"

namespace tfc::compress {
#define GEN_PASS_DEF_PRUNETOKENSPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

/// What `attention` is added to the residual stream by; null where it is of no
/// residual block.
static Operation *sumBehind(attn::AttentionOp attention,
                            func::FuncOp function) {
  for (const ResidualBlock &block : findResidualBlocks(function))
    if (llvm::is_contained(block.attentions, attention))
      return block.sum;
  return nullptr;
}

/// Why what `attention` gives its keys does not say which rows of `sum` matter;
/// empty where it does.
static std::string whyNot(attn::AttentionOp attention, Operation *sum) {
  if (!sum)
    return "no sum with the residual stream follows it";
  auto stream = cast<ShapedType>(sum->getResult(0).getType()),
       query = cast<ShapedType>(attention.getQuery().getType()),
       key = cast<ShapedType>(attention.getKey().getType());
  if (attention.getScore() != attn::ScoreFunction::Softmax)
    return "its scores go through no softmax";
  if (hidesByPlace(attention) || attention.getBias() || attention.getSoftcap())
    return "a bias or a window goes by the tokens' places";
  if (attention.getZeroMaskedRows() || attention.getZeroNanRows())
    return "its mask may hide all tokens of a row";
  if (!isReal(sum->getResult(0)) || stream.getRank() != 3)
    return "the residual stream is not of f32 and [batch, tokens, features]";
  if (stream.isDynamicDim(1))
    return "the number of tokens is open";
  if (query.isDynamicDim(1) || key.isDynamicDim(1))
    return "its number of heads is open";
  if (query.getDimSize(2) != stream.getDimSize(1) ||
      key.getDimSize(2) != stream.getDimSize(1))
    return "its keys are others than the tokens of the residual stream";
  return "";
}

namespace {

/// Takes tokens out of all that follows a tensor.
class TokenShrink {
public:
  /// `source` gives the tokens that stay, as dimension 1 of its result.
  explicit TokenShrink(Operation *source) : source(source) {}
  /// Takes stand-ins back that followTokens has not replaced.
  ~TokenShrink();

  /// Why `count` tokens are not enough for what follows; empty where they are.
  std::string check(int64_t count);

  LogicalResult apply();

  /// Gives attentions masks of those tokens alone that stay: `tokens` has their
  /// numbers, [batch, count].
  void followTokens(OpBuilder &b, Value tokens);

private:
  std::string whyNot(Operation *op);
  void standInForMasks();
  void noteSum(linalg::LinalgOp op);

  Operation *source;
  DimensionShrink shrink;
  SetVector<Operation *> after;
  /// For masks of attentions behind, by mask.
  llvm::MapVector<Value, Operation *> masks;
  /// How many times as many terms sums over tokens had.
  SmallVector<std::pair<Operation *, double>> sums;
};

struct PruneTokensPass
    : public compress::impl::PruneTokensPassBase<PruneTokensPass> {
  using PruneTokensPassBase::PruneTokensPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    if (failed(checkOptions()))
      return signalPassFailure();
    std::vector<AttentionSite> found = findAttentionSites(function);
    std::vector<std::string> asked(after.begin(), after.end());
    for (const auto &entry : tokensOf)
      asked.push_back(entry.getKey().str());
    if (failed(checkAttentionSites(function, "prune-tokens", found, asked)))
      return signalPassFailure();
    for (AttentionSite &site : found)
      if (llvm::is_contained(asked, site.name) && failed(pruneAfter(site)))
        return signalPassFailure();
  }

private:
  LogicalResult checkOptions();
  LogicalResult pruneAfter(const AttentionSite &site);
  /// How many of `tokens` go on behind a site.
  int64_t countAfter(const AttentionSite &site, int64_t tokens) const;

  /// What `tokens` says of sites.
  llvm::StringMap<int64_t> tokensOf;
};

} // namespace

/// Whether a slice is the first token, all tokens or all but the first.
static bool isWholeSlice(tensor::ExtractSliceOp op, unsigned dim) {
  int64_t offset = op.getStaticOffset(dim), size = op.getStaticSize(dim),
          whole = op.getSourceType().getDimSize(dim);
  return (offset == 0 && (size == 1 || size == whole)) ||
         (offset == 1 && size == whole - 1);
}

std::string TokenShrink::whyNot(Operation *op) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    Operation *from = operand.get().getDefiningOp();
    for (int64_t dim = 0; type && dim < type.getRank(); ++dim) {
      if (!shrink.keptOf(operand, dim))
        continue;
      ElementsAttr constant;
      if (matchPattern(operand.get(), m_Constant(&constant)) &&
          !constant.isSplat())
        return "it reads a constant that has something of its own for each "
               "token";
      bool isShared = isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(from) ||
                      matchPattern(operand.get(), m_Constant());
      if (!isShared && !after.contains(from))
        return "it reads a tensor that has something of its own for each "
               "token, and does not come from them";
      auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
      if (slice && operand.getOperandNumber() == 0 && !isWholeSlice(slice, dim))
        return "it takes tokens by their places";
      auto insert = dyn_cast<tensor::InsertSliceOp>(op);
      if (insert &&
          insert.getStaticSize(dim) != insert.getDestType().getDimSize(dim))
        return "it puts other tokens beside";
    }
  }
  return "";
}

void TokenShrink::noteSum(linalg::LinalgOp op) {
  if (compress::isGreatest(op))
    return;
  double factor = 1;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  for (unsigned loop : reductions)
    for (OpOperand *operand : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(operand);
      std::optional<unsigned> dim =
          map.getResultPosition(getAffineDimExpr(loop, op.getContext()));
      const Kept *kept = dim ? shrink.keptOf(*operand, *dim) : nullptr;
      if (!kept)
        continue;
      factor *=
          double(cast<ShapedType>(operand->get().getType()).getDimSize(*dim)) /
          kept->size();
      break;
    }
  if (factor != 1)
    sums.push_back({op, factor});
}

/// Puts a stand-in behind `value`, which is of its type until types change.
static Operation *castOf(Value value) {
  OpBuilder b(value.getContext());
  b.setInsertionPointAfterValue(value);
  return UnrealizedConversionCastOp::create(b, value.getLoc(), value.getType(),
                                            value);
}

static void replaceStandIn(Operation *standIn, Value by) {
  standIn->getResult(0).replaceAllUsesWith(by);
  standIn->erase();
}

TokenShrink::~TokenShrink() {
  for (auto [mask, standIn] : masks)
    replaceStandIn(standIn, mask);
}

void TokenShrink::standInForMasks() {
  for (Operation *op : llvm::to_vector(after)) {
    auto attention = dyn_cast<attn::AttentionOp>(op);
    Value mask = attention ? attention.getMask() : Value();
    // One that is computed from tokens has those that stay.
    if (!mask || after.contains(mask.getDefiningOp()))
      continue;
    Operation *&standIn = masks[mask];
    if (!standIn)
      standIn = castOf(mask);
    attention.getMaskMutable().assign(standIn->getResult(0));
  }
}

std::string TokenShrink::check(int64_t count) {
  getForwardSlice(source->getResult(0), &after);
  after.insert(source);
  standInForMasks();
  SmallVector<Operation *> sources{source};
  for (auto [mask, standIn] : masks)
    sources.push_back(standIn);
  after.insert(sources.begin(), sources.end());
  shrink = DimensionShrink({/*norms=*/false, /*tokens=*/true, sources});
  if (failed(shrink.keep(source->getResult(0), 1,
                         llvm::to_vector(llvm::seq<int64_t>(0, count)))))
    return shrink.reason();
  for (Operation *op : shrink.operations()) {
    if (llvm::is_contained(sources, op))
      continue;
    std::string reason = whyNot(op);
    if (!reason.empty())
      return ("'" + op->getName().getStringRef() + "' of '" + siteName(op) +
              "': " + reason)
          .str();
    if (auto linalg = dyn_cast<linalg::LinalgOp>(op))
      noteSum(linalg);
  }
  return "";
}

LogicalResult TokenShrink::apply() {
  SmallVector<Operation *> changed(shrink.operations());
  if (failed(shrink.apply()))
    return failure();
  // Sums stand for all tokens: a mean is divided by their number behind.
  for (auto [op, factor] : sums) {
    OpBuilder b(op->getContext());
    b.setInsertionPointAfter(op);
    LinalgBuilder l(b, op->getLoc());
    Value sum = op->getResult(0);
    SmallPtrSet<Operation *, 4> readers(sum.user_begin(), sum.user_end());
    Value whole = l.mapped(sum,
                           [&, factor = factor](OpBuilder &b, Location loc,
                                                ValueRange v) -> Value {
                             Value number = arith::ConstantOp::create(
                                 b, loc, b.getF32FloatAttr(factor));
                             return arith::MulFOp::create(b, loc, v[0], number);
                           });
    sum.replaceUsesWithIf(whole, [&](OpOperand &use) {
      return readers.contains(use.getOwner());
    });
  }
  for (Operation *op : changed) {
    // Their rows are not those of the original any more.
    if (isa<attn::LinearOp>(op))
      op->removeAttr(layerName);
    if (isa<attn::AttentionOp>(op)) {
      op->removeAttr(keyPositionsName);
      op->removeAttr(valuePositionsName);
    }
  }
  return success();
}

void TokenShrink::followTokens(OpBuilder &b, Value tokens) {
  for (auto [mask, standIn] : llvm::make_early_inc_range(masks)) {
    OpBuilder::InsertionGuard guard(b);
    Operation *made = mask.getDefiningOp();
    if (made && made->getBlock() == b.getInsertionBlock() &&
        !made->isBeforeInBlock(&*b.getInsertionPoint()))
      b.setInsertionPointAfter(made);
    Value standsFor = standIn->getResult(0);
    replaceStandIn(standIn,
                   maskOfTokens(b, mask, tokens, shrink.keptOf(standsFor, 2),
                                shrink.keptOf(standsFor, 3)));
  }
  masks.clear();
}

LogicalResult PruneTokensPass::checkOptions() {
  if (!(keep > 0 && keep < 1))
    return getOperation().emitError(
        "prune-tokens: keep is a share above 0 and below 1");
  FailureOr<llvm::StringMap<int64_t>> given =
      readSiteNumbers(getOperation(), "prune-tokens", "tokens", tokens);
  if (failed(given))
    return failure();
  tokensOf = std::move(*given);
  if (after.empty() && tokens.empty())
    return getOperation().emitError(
        "prune-tokens: expected after, the sites of attentions, or tokens");
  if (importance != "received" && importance != "class")
    return getOperation().emitError("prune-tokens: importance is received or "
                                    "class, not '")
           << std::string(importance) << "'";
  return success();
}

/// Puts a stand-in behind `stream` for the tokens that stay, until types have
/// changed.
static Operation *standInFor(Value stream) {
  Operation *source = castOf(stream);
  stream.replaceAllUsesExcept(source->getResult(0), source);
  return source;
}

std::string tfc::compress::whyNoFewerTokens(attn::AttentionOp attention,
                                            func::FuncOp function,
                                            int64_t tokens) {
  Operation *sum = sumBehind(attention, function);
  std::string reason = whyNot(attention, sum);
  if (!reason.empty())
    return reason;
  Operation *source = standInFor(sum->getResult(0));
  {
    TokenShrink shrink(source);
    reason = shrink.check(tokens);
  }
  replaceStandIn(source, sum->getResult(0));
  return reason;
}

int64_t PruneTokensPass::countAfter(const AttentionSite &site,
                                    int64_t tokens) const {
  auto given = tokensOf.find(site.name);
  return given != tokensOf.end()
             ? given->second
             : 1 + int64_t(std::ceil(keep * double(tokens - 1)));
}

LogicalResult PruneTokensPass::pruneAfter(const AttentionSite &site) {
  func::FuncOp function = getOperation();
  attn::AttentionOp attention = site.attention;
  Operation *sum = sumBehind(attention, function);
  auto refuse = [&](const std::string &reason) {
    return leaveAlone(function, "prune-tokens", site, /*isNamed=*/true, reason);
  };
  std::string reason = whyNot(attention, sum);
  if (!reason.empty())
    return refuse(reason);
  Value stream = sum->getResult(0);
  int64_t tokens = cast<ShapedType>(stream.getType()).getDimSize(1),
          count = countAfter(site, tokens);
  if (count >= tokens)
    return refuse("it has " + std::to_string(tokens) +
                  " tokens, of which all would stay");
  Operation *source = standInFor(stream);
  TokenShrink shrink(source);
  reason = shrink.check(count);
  if (!reason.empty() || failed(shrink.apply())) {
    replaceStandIn(source, stream);
    return refuse("what follows needs all tokens: " + reason);
  }
  OpBuilder b(function.getContext());
  b.setInsertionPoint(source);
  Value received = attentionReceived(b, attention, importance == "class");
  Value kept = greatestTokens(b, received, count);
  Value rows = rowsOfTokens(b, stream, kept);
  shrink.followTokens(b, kept);
  replaceStandIn(source, rows);
  noteCompression(
      function, "prune-tokens", site.name,
      {b.getNamedAttr("tokens", b.getI64IntegerAttr(count)),
       b.getNamedAttr("tokens_before", b.getI64IntegerAttr(tokens))});
  return success();
}
