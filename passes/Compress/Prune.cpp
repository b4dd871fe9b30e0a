//===- Prune.cpp - heads, channels, blocks and layers go --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ChannelImportance.h"
#include "Layers.h"
#include "RemoveUnits.h"
#include "SiteNames.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"
#include <set>

namespace tfc::compress {
#define GEN_PASS_DEF_PRUNEPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

struct PrunePass : public compress::impl::PrunePassBase<PrunePass> {
  using PrunePassBase::PrunePassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    if (failed(checkShares()) || failed(dropBlocksAndLayers()) ||
        failed(dropUnits()))
      return signalPassFailure();
    IRRewriter rewriter(function.getContext());
    (void)runRegionDCE(rewriter, function->getRegions());
  }

private:
  LogicalResult checkShares();
  LogicalResult dropBlocksAndLayers();
  LogicalResult dropUnits();
  LogicalResult readUnits(const std::string &option, StringRef entry,
                          StringRef &site, SmallVectorImpl<int64_t> &numbers);
  LogicalResult chooseGiven(ArrayRef<ChannelGroup> groups,
                            const llvm::StringMap<size_t> &bySite,
                            std::vector<SmallVector<int64_t>> &gone);
  void chooseShares(ArrayRef<ChannelGroup> groups,
                    std::vector<SmallVector<int64_t>> &gone);
  void chooseOverall(ArrayRef<ChannelGroup> groups,
                     std::vector<SmallVector<int64_t>> &gone);

  ImportanceOptions importanceOptions() const {
    return {importance == "magnitude", refit, damping};
  }
};

} // namespace

LogicalResult PrunePass::checkShares() {
  func::FuncOp function = getOperation();
  for (auto [name, value] : {std::pair<StringRef, double>{"share", share},
                             {"head-share", headShare},
                             {"channel-share", channelShare}})
    if (!(value >= 0 && value < 1))
      return function.emitError("attn-prune: ")
             << name << " is " << value << "; expected 0 or more, below 1";
  if (importance != "moments" && importance != "magnitude")
    return function.emitError("attn-prune: importance is '")
           << importance << "'; expected moments or magnitude";
  return success();
}

LogicalResult PrunePass::dropBlocksAndLayers() {
  func::FuncOp function = getOperation();
  std::vector<Layer> layers = findLayers(function);
  for (int64_t number : dropLayers) {
    if (number < 1 || number > int64_t(layers.size()))
      return function.emitError("attn-prune: there is no layer ")
             << number << "; they count from 1 to " << layers.size();
  }
  // From the end, so that the input of each is what is left before it.
  std::set<int64_t, std::greater<>> numbers(dropLayers.begin(),
                                            dropLayers.end());
  Builder b(function.getContext());
  for (int64_t number : numbers) {
    if (failed(dropLayer(layers[number - 1])))
      return function.emitError("attn-prune: layer ")
             << number << " gives another shape than it takes";
    noteCompression(function, "attn-prune", "layer " + std::to_string(number),
                    b.getNamedAttr("dropped", b.getStringAttr("layer")));
  }
  if (dropBlocks.empty())
    return success();
  SiteNames names(function);
  std::vector<ResidualBlock> blocks = findResidualBlocks(function);
  for (const std::string &site : dropBlocks) {
    auto block = llvm::find_if(blocks, [&](const ResidualBlock &block) {
      return names[block.last] == site;
    });
    if (block == blocks.end()) {
      std::string known;
      for (const ResidualBlock &block : blocks)
        known += (known.empty() ? "" : ", ") + names[block.last].str();
      return function.emitError("attn-prune: no residual block ends with '")
             << site << "'; there are " << (known.empty() ? "none" : known);
    }
    dropBlock(*block);
    noteCompression(function, "attn-prune", site,
                    b.getNamedAttr("dropped", b.getStringAttr("block")));
  }
  return success();
}

/// Splits "site=1:2:3".
LogicalResult PrunePass::readUnits(const std::string &option, StringRef entry,
                                   StringRef &site,
                                   SmallVectorImpl<int64_t> &numbers) {
  auto [name, list] = entry.rsplit('=');
  site = name;
  SmallVector<StringRef> parts;
  list.split(parts, ':');
  for (StringRef part : parts) {
    int64_t number;
    if (name.empty() || part.getAsInteger(10, number) || number < 0)
      return getOperation().emitError("attn-prune: ")
             << option << " has '" << entry
             << "'; expected a site, '=' and numbers with ':' between";
    numbers.push_back(number);
  }
  return success();
}

LogicalResult PrunePass::chooseGiven(ArrayRef<ChannelGroup> groups,
                                     const llvm::StringMap<size_t> &bySite,
                                     std::vector<SmallVector<int64_t>> &gone) {
  func::FuncOp function = getOperation();
  auto groupOf = [&](StringRef site) -> std::optional<size_t> {
    auto found = bySite.find(site);
    if (found != bySite.end())
      return found->second;
    auto error = function.emitError("attn-prune: '")
                 << site << "' sums over no heads or channels that can go; "
                 << "there are ";
    for (auto [i, group] : llvm::enumerate(groups))
      error << (i ? ", '" : "'") << SiteNames(function)[group.consumers.front()]
            << "'";
    return std::nullopt;
  };
  for (const std::string &entry : drop) {
    StringRef site;
    SmallVector<int64_t> units;
    if (failed(readUnits("drop", entry, site, units)))
      return failure();
    std::optional<size_t> group = groupOf(site);
    if (!group)
      return failure();
    for (int64_t unit : units)
      if (unit >= groups[*group].units)
        return function.emitError("attn-prune: '")
               << site << "' has " << groups[*group].units
               << " heads or channels, counted from 0; there is no " << unit;
    llvm::sort(units);
    units.erase(llvm::unique(units), units.end());
    gone[*group] = units;
  }
  for (const std::string &entry : keep) {
    StringRef site;
    SmallVector<int64_t> count;
    if (failed(readUnits("keep", entry, site, count)))
      return failure();
    std::optional<size_t> group = groupOf(site);
    if (!group)
      return failure();
    int64_t units = groups[*group].units;
    if (count.size() != 1 || count[0] < 1 || count[0] > units)
      return function.emitError("attn-prune: keep has '")
             << entry << "'; expected a number from 1 to " << units;
    gone[*group] =
        orderOfRemoval(groups[*group], units - count[0], importanceOptions())
            .units;
  }
  return success();
}

void PrunePass::chooseShares(ArrayRef<ChannelGroup> groups,
                             std::vector<SmallVector<int64_t>> &gone) {
  for (auto [group, units] : llvm::zip_equal(groups, gone)) {
    double part =
        group.kind == ChannelGroup::Kind::Heads ? headShare : channelShare;
    int64_t count = int64_t(part * group.units);
    if (units.empty() && count > 0)
      units = orderOfRemoval(group, count, importanceOptions()).units;
  }
}

void PrunePass::chooseOverall(ArrayRef<ChannelGroup> groups,
                              std::vector<SmallVector<int64_t>> &gone) {
  if (share == 0)
    return;
  std::vector<RemovalOrder> orders;
  int64_t all = 0, lost = 0;
  for (auto [group, units] : llvm::zip_equal(groups, gone)) {
    orders.push_back(units.empty() ? orderOfRemoval(group, group.units - 1,
                                                    importanceOptions())
                                   : RemovalOrder());
    all += group.parametersOfUnit * group.units;
    lost += group.parametersOfUnit * units.size();
  }
  // The cheapest next step of any group, by loss for each parameter.
  std::vector<size_t> steps(groups.size());
  auto price = [&](size_t i) {
    const std::vector<double> &loss = orders[i].loss;
    double before = steps[i] ? loss[steps[i] - 1] : 0;
    return (loss[steps[i]] - before) / groups[i].parametersOfUnit;
  };
  while (lost < share * all) {
    std::optional<size_t> best;
    for (size_t i = 0; i < groups.size(); ++i)
      if (steps[i] < orders[i].units.size() && groups[i].parametersOfUnit > 0 &&
          (!best || price(i) < price(*best)))
        best = i;
    if (!best)
      break;
    gone[*best].push_back(orders[*best].units[steps[*best]++]);
    lost += groups[*best].parametersOfUnit;
  }
}

LogicalResult PrunePass::dropUnits() {
  func::FuncOp function = getOperation();
  if (drop.empty() && keep.empty() && share == 0 && headShare == 0 &&
      channelShare == 0)
    return success();
  std::vector<ChannelGroup> groups = findChannelGroups(function);
  SiteNames names(function);
  llvm::StringMap<size_t> bySite;
  for (auto [i, group] : llvm::enumerate(groups))
    bySite[names[group.consumers.front()]] = i;
  std::vector<SmallVector<int64_t>> gone(groups.size());
  if (failed(chooseGiven(groups, bySite, gone)))
    return failure();
  chooseShares(groups, gone);
  chooseOverall(groups, gone);
  Builder b(function.getContext());
  for (auto [group, units] : llvm::zip_equal(groups, gone)) {
    if (units.empty())
      continue;
    StringRef site = names[group.consumers.front()];
    std::string reason;
    if (failed(removeUnits(group, units, importanceOptions(), reason)))
      return function.emitError("attn-prune: '") << site << "': " << reason;
    StringRef kind =
        group.kind == ChannelGroup::Kind::Heads ? "heads" : "channels";
    noteCompression(
        function, "attn-prune", site,
        {b.getNamedAttr(kind, b.getI64IntegerAttr(group.units - units.size())),
         b.getNamedAttr("of", b.getI64IntegerAttr(group.units))});
  }
  return success();
}
