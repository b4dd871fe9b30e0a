//===- Linformer.cpp - attention to fewer keys ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionMoves.h"
#include "AttentionSites.h"
#include "InputStatistics.h"
#include "LinalgBuilder.h"
#include "PositionGroups.h"
#include "PositionProjections.h"
#include "SiteGraph.h"
#include "SiteNames.h"
#include "tfc/Passes/Compress/Passes.h"
#include "tfc/Passes/Compress/PositionMoments.h"

namespace tfc::compress {
#define GEN_PASS_DEF_LINFORMERPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;
using Eigen::MatrixXd;
using Eigen::VectorXd;

static int64_t keysOf(attn::AttentionOp attention) {
  return cast<ShapedType>(attention.getKey().getType()).getDimSize(2);
}

/// Whether `value` has elements that are an input of the model but for their
/// places, as a cache of earlier keys.
static bool isCached(Value value) {
  Value root = rootOf(value);
  Operation *op = root.getDefiningOp();
  if (!op)
    return true;
  if (isa<attn::CacheAppendOp>(op))
    return true;
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return isCached(insert.getSource()) || isCached(insert.getDest());
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return llvm::any_of(concat.getInputs(), isCached);
  return false;
}

std::string tfc::compress::whyNoMeansOfKeys(attn::AttentionOp attention) {
  if (attention.getScore() != attn::ScoreFunction::Softmax)
    return "its scores go through no softmax";
  if (!isReal(attention.getKey()))
    return "it is not of f32";
  if (ShapedType::isDynamic(keysOf(attention)))
    return "its number of keys is open";
  if (attention.getKeyBlocks())
    return "its keys are in blocks that are listed";
  if (attention.getMask() || attention.getKeyLengths())
    return "a mask hides some of its keys, which a mix of keys would show";
  if (hidesKeys(attention))
    return "each of its queries sees other keys, by position, which a mix of "
           "keys would show";
  if (attention.getBias())
    return "a bias is added to the scores of each key";
  if (isCached(attention.getKey()) || isCached(attention.getValue()))
    return "its keys are an input of the model, as those of a cache are";
  return "";
}

namespace {

struct LinformerPass : public compress::impl::LinformerPassBase<LinformerPass> {
  using LinformerPassBase::LinformerPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    std::vector<AttentionSite> found = findAttentionSites(function);
    AttentionNumbers numbers;
    if (failed(readOptions(found, numbers)))
      return signalPassFailure();
    for (AttentionSite &site : found) {
      auto given = projectionOf.find(site.name);
      int64_t number = numbers.of(site.name);
      if (given != projectionOf.end() ? failed(projectAs(site, given->second))
          : number ? failed(project(site, number, numbers.isNamed(site.name)))
                   : false)
        return signalPassFailure();
    }
  }

private:
  LogicalResult readOptions(ArrayRef<AttentionSite> found,
                            AttentionNumbers &numbers);
  LogicalResult projectAs(AttentionSite &site,
                          const PositionProjection &projection);
  LogicalResult project(AttentionSite &site, int64_t number, bool isNamed);
  /// The groups of an attention's positions; `how` is what they come from.
  FailureOr<PositionGroups> groupsOf(const AttentionSite &site, int64_t number,
                                     SmallVectorImpl<NamedAttribute> &details);

  /// Those of the file.
  llvm::StringMap<PositionProjection> projectionOf;
};

} // namespace

/// The products of keys and of values at two positions; nothing where none are
/// known, failure where they do not fit.
static FailureOr<std::optional<MatrixXd>>
productsOf(attn::AttentionOp attention) {
  Attribute ofKeys = attention->getAttr(keyPositionsName),
            ofValues = attention->getAttr(valuePositionsName);
  if (!ofKeys && !ofValues)
    return std::optional<MatrixXd>();
  int64_t positions = keysOf(attention);
  std::optional<MatrixXd> keys = squareOf(ofKeys, positions),
                          values = squareOf(ofValues, positions);
  if (!keys || !values)
    return attention.emitOpError("has other statistics than ")
           << keyPositionsName << " and " << valuePositionsName << " of "
           << positions << "x" << positions << " numbers in f64";
  // Of both the variance over positions counts, and as much: adding one vector
  // to all keys changes nothing.
  auto variance = [&](const MatrixXd &products) {
    return products.trace() - products.sum() / positions;
  };
  MatrixXd sum = MatrixXd::Zero(positions, positions);
  for (const MatrixXd *products : {&*keys, &*values})
    if (double total = variance(*products); total > 0)
      sum += *products / total;
  return std::optional<MatrixXd>(std::move(sum));
}

FailureOr<PositionGroups>
LinformerPass::groupsOf(const AttentionSite &site, int64_t number,
                        SmallVectorImpl<NamedAttribute> &details) {
  Builder b(&getContext());
  attn::AttentionOp attention = site.attention;
  FailureOr<std::optional<MatrixXd>> products = productsOf(attention);
  if (failed(products))
    return failure();
  details.push_back(b.getNamedAttr(
      "projection", b.getStringAttr(*products ? "groups" : "pieces")));
  if (!*products)
    return equalPieces(keysOf(attention), number);
  PositionGroups groups = nearestGroups(**products, number);
  details.push_back(b.getNamedAttr(
      "variance_kept", b.getF64FloatAttr(varianceKept(**products, groups))));
  return groups;
}

/// The means over groups of what `x`, of [B, G, T, D], has at the positions.
static Value projected(OpBuilder &b, Value x, Value projection) {
  LinalgBuilder l(b, x.getLoc());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, x.getLoc(), x);
  sizes[2] = tensor::getMixedSize(b, x.getLoc(), projection, 0);
  auto map = [&](ArrayRef<unsigned> loops) {
    SmallVector<AffineExpr> results;
    for (unsigned loop : loops)
      results.push_back(b.getAffineDimExpr(loop));
    return AffineMap::get(5, 0, results, b.getContext());
  };
  // Loops: batch, head, group, feature, position. The form is that of a product
  // with a matrix on the left in the file.
  return l.generic({projection, x}, l.filled(sizes, 0),
                   {map({2, 4}), map({0, 1, 4, 3}), map({0, 1, 2, 3})},
                   [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                     Value product = arith::MulFOp::create(b, loc, v[0], v[1]);
                     return arith::AddFOp::create(b, loc, v[2], product);
                   });
}

static void attendTo(attn::AttentionOp attention, const MatrixXd &ofKeys,
                     const MatrixXd &ofValues) {
  OpBuilder b(attention);
  Location loc = attention.getLoc();
  Value keys = constantOf(b, loc, ofKeys, "positions"),
        values = ofKeys == ofValues
                     ? keys
                     : constantOf(b, loc, ofValues, "positions_of_values");
  attention.getKeyMutable().assign(projected(b, attention.getKey(), keys));
  attention.getValueMutable().assign(
      projected(b, attention.getValue(), values));
  attention->removeAttr(keyPositionsName);
  attention->removeAttr(valuePositionsName);
}

/// Attends to the means of `groups`, each of which counts as often as it has
/// members: where keys of a group are equal, the result is the same.
static void attendTo(attn::AttentionOp attention,
                     const PositionGroups &groups) {
  int64_t count = groups.sizes.size();
  MatrixXd means = MatrixXd::Zero(count, groups.of.size());
  VectorXd logarithms(count);
  for (auto [position, group] : llvm::enumerate(groups.of))
    means(group, position) = 1 / double(groups.sizes[group]);
  for (auto [group, size] : llvm::enumerate(groups.sizes))
    logarithms[group] = std::log(double(size));
  attendTo(attention, means, means);
  if (llvm::all_equal(groups.sizes))
    return;
  OpBuilder b(attention);
  Location loc = attention.getLoc();
  Value row = constantOf(b, loc, logarithms, "sizes_of_groups");
  auto type = RankedTensorType::get({1, 1, 1, count}, b.getF32Type());
  attention.getBiasMutable().assign(tensor::ExpandShapeOp::create(
      b, loc, type, row, ArrayRef<ReassociationIndices>{{0, 1, 2, 3}}));
}

LogicalResult LinformerPass::readOptions(ArrayRef<AttentionSite> found,
                                         AttentionNumbers &numbers) {
  func::FuncOp function = getOperation();
  if (!projections.empty()) {
    auto read = readPositionProjections(function, projections, found);
    if (failed(read))
      return failure();
    projectionOf = std::move(*read);
    if (length == 0 && lengths.empty())
      return success();
  }
  return numbers.read(function, "linformer", "length", found,
                      lengths.empty() && length == 0 ? 64 : length, lengths,
                      sites);
}

LogicalResult LinformerPass::projectAs(AttentionSite &site,
                                       const PositionProjection &projection) {
  func::FuncOp function = getOperation();
  std::string reason = whyNoMeansOfKeys(site.attention);
  int64_t keys = keysOf(site.attention);
  if (reason.empty() && projection.keys.cols() != keys)
    reason = "it has " + std::to_string(keys) +
             " keys, and its projection is of " +
             std::to_string(projection.keys.cols());
  if (!reason.empty())
    return leaveAlone(function, "linformer", site, /*isNamed=*/true, reason);
  attendTo(site.attention, projection.keys, projection.values);
  Builder b(&getContext());
  noteCompression(
      function, "linformer", site.name,
      {b.getNamedAttr("keys", b.getI64IntegerAttr(projection.keys.rows())),
       b.getNamedAttr("keys_before", b.getI64IntegerAttr(keys)),
       b.getNamedAttr("projection", b.getStringAttr("given"))});
  return success();
}

LogicalResult LinformerPass::project(AttentionSite &site, int64_t number,
                                     bool isNamed) {
  func::FuncOp function = getOperation();
  std::string reason = whyNoMeansOfKeys(site.attention);
  int64_t keys = keysOf(site.attention), least = isNamed ? number : beyond;
  if (reason.empty() && keys <= std::max(number, least))
    reason = "it has " + std::to_string(keys) + " keys, not more than " +
             std::to_string(std::max(number, least));
  if (!reason.empty())
    return leaveAlone(function, "linformer", site, isNamed, reason);
  Builder b(&getContext());
  SmallVector<NamedAttribute> details{
      b.getNamedAttr("keys", b.getI64IntegerAttr(number)),
      b.getNamedAttr("keys_before", b.getI64IntegerAttr(keys))};
  FailureOr<PositionGroups> groups = groupsOf(site, number, details);
  if (failed(groups))
    return failure();
  attendTo(site.attention, *groups);
  noteCompression(function, "linformer", site.name, details);
  return success();
}
