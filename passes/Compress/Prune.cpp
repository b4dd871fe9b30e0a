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
#include <cmath>
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
    // What users call sites is how the model was before anything went.
    SiteNames names(function);
    if (failed(checkNumbers()) || failed(removeLayers(names)) ||
        failed(removeBlocks(names)) || failed(removeFromGroups(names)))
      return signalPassFailure();
  }

private:
  using Groups = ArrayRef<ChannelGroup>;
  /// The units of a group that go, and whether the user named the group.
  struct Choice {
    SmallVector<int64_t> units;
    bool isGiven = false;
  };
  using Gone = std::vector<Choice>;

  InFlightDiagnostic error() {
    return getOperation().emitError("attn-prune: ");
  }
  void removeDead() {
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }

  LogicalResult checkNumbers();
  LogicalResult removeLayers(const SiteNames &names);
  LogicalResult removeBlocks(const SiteNames &names);
  LogicalResult removeFromGroups(const SiteNames &names);

  LogicalResult readUnits(StringRef option, StringRef entry, StringRef &site,
                          SmallVectorImpl<int64_t> &numbers);
  FailureOr<size_t> findGroup(StringRef site, Groups groups,
                              const SiteNames &names);
  FailureOr<SmallVector<int64_t>>
  chooseFrom(const ChannelGroup &group, int64_t count, const SiteNames &names);
  LogicalResult chooseDropped(Groups groups, const SiteNames &names,
                              Gone &gone);
  LogicalResult chooseKept(Groups groups, const SiteNames &names, Gone &gone);
  LogicalResult chooseShares(Groups groups, const SiteNames &names, Gone &gone);
  LogicalResult chooseOverall(Groups groups, Gone &gone);

  ImportanceOptions importanceOptions() const {
    return {importance == "magnitude", refit, damping};
  }
};

} // namespace

LogicalResult PrunePass::checkNumbers() {
  for (auto [name, value] : {std::pair<StringRef, double>{"share", share},
                             {"head-share", headShare},
                             {"channel-share", channelShare}})
    if (!(value >= 0 && value < 1))
      return error() << name << " is " << value
                     << "; expected 0 or more, below 1";
  if (!(damping >= 0) || !std::isfinite(damping))
    return error() << "damping is " << damping << "; expected 0 or more";
  if (importance != "moments" && importance != "magnitude")
    return error() << "importance is '" << importance
                   << "'; expected moments or magnitude";
  return success();
}

LogicalResult PrunePass::removeLayers(const SiteNames &names) {
  if (dropLayers.empty())
    return success();
  func::FuncOp function = getOperation();
  std::vector<Layer> layers = findLayers(function);
  for (int64_t number : dropLayers)
    if (number < 1 || number > int64_t(layers.size()))
      return error() << "there is no layer " << number
                     << "; they count from 1 to " << layers.size();
  // From the end, so that the input of each is what is left before it.
  std::set<int64_t, std::greater<>> numbers(dropLayers.begin(),
                                            dropLayers.end());
  Builder b(function.getContext());
  for (int64_t number : numbers) {
    if (failed(dropLayer(layers[number - 1])))
      return error() << "layer " << number
                     << " gives another shape than it takes";
    noteCompression(function, "attn-prune", "layer " + std::to_string(number),
                    b.getNamedAttr("dropped", b.getStringAttr("layer")));
  }
  removeDead();
  return success();
}

LogicalResult PrunePass::removeBlocks(const SiteNames &names) {
  if (dropBlocks.empty())
    return success();
  func::FuncOp function = getOperation();
  std::vector<ResidualBlock> blocks = findResidualBlocks(function);
  // From the end, so that the input of each is what is left before it.
  std::vector<const ResidualBlock *> gone;
  for (const ResidualBlock &block : llvm::reverse(blocks))
    if (llvm::is_contained(dropBlocks, names[block.last]))
      gone.push_back(&block);
  for (const std::string &site : dropBlocks) {
    if (llvm::any_of(gone, [&](const ResidualBlock *block) {
          return names[block->last] == site;
        }))
      continue;
    std::string known;
    for (const ResidualBlock &block : blocks)
      known += (known.empty() ? "'" : ", '") + names[block.last].str() + "'";
    return error() << "no residual block ends with '" << site << "'; there are "
                   << (known.empty() ? "none" : known);
  }
  Builder b(function.getContext());
  for (const ResidualBlock *block : gone) {
    if (failed(dropBlock(*block)))
      return error() << "the block that ends with '" << names[block->last]
                     << "' gives another shape than it takes";
    noteCompression(function, "attn-prune", names[block->last],
                    b.getNamedAttr("dropped", b.getStringAttr("block")));
  }
  removeDead();
  return success();
}

/// Splits "site=1:2:3".
LogicalResult PrunePass::readUnits(StringRef option, StringRef entry,
                                   StringRef &site,
                                   SmallVectorImpl<int64_t> &numbers) {
  auto [name, list] = entry.rsplit('=');
  site = name;
  SmallVector<StringRef> parts;
  list.split(parts, ':');
  for (StringRef part : parts) {
    int64_t number;
    if (name.empty() || part.getAsInteger(10, number) || number < 0)
      return error() << option << " has '" << entry
                     << "'; expected a site, '=' and numbers with ':' between";
    numbers.push_back(number);
  }
  return success();
}

FailureOr<size_t> PrunePass::findGroup(StringRef site, Groups groups,
                                       const SiteNames &names) {
  for (auto [i, group] : llvm::enumerate(groups))
    for (size_t k = 0; k < group.consumers.size(); k += group.consumersOfOne())
      if (names[group.consumers[k]] == site)
        return i;
  auto message = error();
  for (auto linear : getOperation().getOps<attn::LinearOp>())
    if (names[linear] == site) {
      message << "what '" << site
              << "' sums over cannot lose any: " << whyNoGroup(linear);
      return failure();
    }
  message << "'" << site << "' sums over no heads or channels; those that do "
          << "are ";
  for (auto [i, group] : llvm::enumerate(groups))
    message << (i ? ", '" : "'") << names[group.consumers.front()] << "'";
  if (groups.empty())
    message << "none";
  return failure();
}

FailureOr<SmallVector<int64_t>> PrunePass::chooseFrom(const ChannelGroup &group,
                                                      int64_t count,
                                                      const SiteNames &names) {
  RemovalOrder order = orderOfRemoval(group, count, importanceOptions());
  if (int64_t(order.units.size()) != count)
    return error() << "'" << names[group.consumers.front()]
                   << "' has weights that are not there as numbers of f32";
  return order.units;
}

LogicalResult PrunePass::chooseDropped(Groups groups, const SiteNames &names,
                                       Gone &gone) {
  for (const std::string &entry : drop) {
    StringRef site;
    SmallVector<int64_t> units;
    if (failed(readUnits("drop", entry, site, units)))
      return failure();
    FailureOr<size_t> group = findGroup(site, groups, names);
    if (failed(group))
      return failure();
    for (int64_t unit : units)
      if (unit >= groups[*group].units)
        return error() << "'" << site << "' has " << groups[*group].units << " "
                       << kindName(groups[*group].kind)
                       << ", counted from 0; there is no " << unit;
    Choice &choice = gone[*group];
    choice.isGiven = true;
    llvm::append_range(choice.units, units);
    llvm::sort(choice.units);
    choice.units.erase(llvm::unique(choice.units), choice.units.end());
  }
  return success();
}

LogicalResult PrunePass::chooseKept(Groups groups, const SiteNames &names,
                                    Gone &gone) {
  for (const std::string &entry : keep) {
    StringRef site;
    SmallVector<int64_t> count;
    if (failed(readUnits("keep", entry, site, count)))
      return failure();
    FailureOr<size_t> group = findGroup(site, groups, names);
    if (failed(group))
      return failure();
    int64_t units = groups[*group].units;
    if (count.size() != 1 || count[0] < 1 || count[0] > units)
      return error() << "keep has '" << entry << "'; expected a number from 1 "
                     << "to " << units;
    if (gone[*group].isGiven)
      return error() << "keep has '" << entry
                     << "', of which drop or keep have said what stays";
    FailureOr<SmallVector<int64_t>> chosen =
        chooseFrom(groups[*group], units - count[0], names);
    if (failed(chosen))
      return failure();
    gone[*group] = {*chosen, true};
  }
  return success();
}

LogicalResult PrunePass::chooseShares(Groups groups, const SiteNames &names,
                                      Gone &gone) {
  auto shareOf = [&](const ChannelGroup &group) -> double {
    return group.kind == ChannelGroup::Kind::Heads ? headShare : channelShare;
  };
  if ((headShare > 0 || channelShare > 0) &&
      llvm::none_of(groups, [&](const ChannelGroup &group) {
        return shareOf(group) > 0;
      }))
    return error() << "there are no "
                   << (headShare == 0     ? "channels"
                       : channelShare > 0 ? "heads or channels"
                                          : "heads")
                   << " that can go";
  for (auto [group, choice] : llvm::zip_equal(groups, gone)) {
    auto count = int64_t(shareOf(group) * group.units);
    if (choice.isGiven || count == 0)
      continue;
    FailureOr<SmallVector<int64_t>> chosen = chooseFrom(group, count, names);
    if (failed(chosen))
      return failure();
    choice.units = *chosen;
  }
  return success();
}

LogicalResult PrunePass::chooseOverall(Groups groups, Gone &gone) {
  if (share == 0)
    return success();
  std::vector<RemovalOrder> orders;
  int64_t all = 0, lost = 0;
  for (auto [group, choice] : llvm::zip_equal(groups, gone)) {
    bool isOpen = !choice.isGiven && choice.units.empty();
    orders.push_back(
        isOpen ? orderOfRemoval(group, group.units - 1, importanceOptions())
               : RemovalOrder());
    all += group.parametersOfUnit * group.units;
    lost += group.parametersOfUnit * choice.units.size();
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
      return error() << "share is " << double(share)
                     << "; without less than one of all heads and channels, "
                     << "or with weights of other types than f32, it can be "
                     << double(lost) / double(all) << " at most";
    gone[*best].units.push_back(orders[*best].units[steps[*best]++]);
    lost += groups[*best].parametersOfUnit;
  }
  if (all == 0)
    return error() << "there are no heads or channels that can go";
  return success();
}

LogicalResult PrunePass::removeFromGroups(const SiteNames &names) {
  func::FuncOp function = getOperation();
  if (drop.empty() && keep.empty() && share == 0 && headShare == 0 &&
      channelShare == 0)
    return success();
  std::vector<ChannelGroup> groups = findChannelGroups(function);
  Gone gone(groups.size());
  if (failed(chooseDropped(groups, names, gone)) ||
      failed(chooseKept(groups, names, gone)) ||
      failed(chooseShares(groups, names, gone)) ||
      failed(chooseOverall(groups, gone)))
    return failure();
  for (auto [group, choice] : llvm::zip_equal(groups, gone)) {
    ArrayRef<int64_t> units = choice.units;
    if (units.empty())
      continue;
    StringRef site = names[group.consumers.front()];
    std::string reason;
    if (failed(removeUnits(group, units, importanceOptions(), reason)))
      return error() << "'" << site << "': " << reason;
    noteRemoval(function, "attn-prune", group, units.size(), names);
  }
  removeDead();
  return success();
}
