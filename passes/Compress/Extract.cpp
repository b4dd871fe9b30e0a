//===- Extract.cpp - the smaller models inside of a model -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Layers.h"
#include "RemoveUnits.h"
#include "SiteNames.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"
#include <cmath>

namespace tfc::compress {
#define GEN_PASS_DEF_EXTRACTPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

struct ExtractPass : public compress::impl::ExtractPassBase<ExtractPass> {
  using ExtractPassBase::ExtractPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    if (failed(exitEarly()) ||
        failed(takePrefixes(ffn, "ffn", "hidden layers",
                            ChannelGroup::Kind::Channels)) ||
        failed(takePrefixes(heads, "heads", "attentions",
                            ChannelGroup::Kind::Heads)))
      return signalPassFailure();
    IRRewriter rewriter(function.getContext());
    (void)runRegionDCE(rewriter, function->getRegions());
  }

private:
  LogicalResult exitEarly() {
    func::FuncOp function = getOperation();
    if (layers == 0)
      return success();
    std::vector<Layer> all = findLayers(function);
    if (layers < 0 || layers > int64_t(all.size()))
      return function.emitError("attn-extract: layers is ")
             << int64_t(layers) << "; the model has " << all.size();
    if (layers == int64_t(all.size()))
      return success();
    if (failed(exitAfter(all, layers)))
      return function.emitError("attn-extract: what layer ")
             << int64_t(layers)
             << " gives is not what the last one does: they are of different "
                "shapes, or of an encoder and of a decoder";
    IRRewriter rewriter(function.getContext());
    (void)runRegionDCE(rewriter, function->getRegions());
    Builder b(function.getContext());
    noteCompression(function, "attn-extract", "model",
                    {b.getNamedAttr("layers", b.getI64IntegerAttr(layers)),
                     b.getNamedAttr("of", b.getI64IntegerAttr(all.size()))});
    return success();
  }

  /// The first `shares` of the units of all groups of one kind.
  LogicalResult takePrefixes(ArrayRef<double> shares, StringRef option,
                             StringRef what, ChannelGroup::Kind kind) {
    func::FuncOp function = getOperation();
    if (shares.empty())
      return success();
    std::vector<ChannelGroup> groups = findChannelGroups(function);
    llvm::erase_if(
        groups, [&](const ChannelGroup &group) { return group.kind != kind; });
    if (groups.empty() &&
        llvm::any_of(shares, [](double part) { return part != 1; }))
      return function.emitError("attn-extract: ")
             << option << " is given; the model has no " << what << " whose "
             << kindName(kind) << " can go";
    if (shares.size() != 1 && shares.size() != groups.size())
      return function.emitError("attn-extract: ")
             << option << " has " << shares.size() << " shares; the model has "
             << groups.size() << " " << what
             << ", for which one share, or one each, is expected";
    SiteNames names(function);
    for (auto [i, group] : llvm::enumerate(groups)) {
      double part = shares[shares.size() == 1 ? 0 : i];
      auto count = int64_t(std::llround(part * group.units));
      if (!(part > 0 && part <= 1) || count == 0)
        return function.emitError("attn-extract: ")
               << option << " has " << part
               << "; expected more than 0, 1 at most, and of " << group.units
               << " one at least";
      if (count == group.units)
        continue;
      StringRef site = names[group.consumers.front()];
      SmallVector<int64_t> gone;
      for (int64_t unit = count; unit < group.units; ++unit)
        gone.push_back(unit);
      ImportanceOptions exact;
      exact.refit = false;
      std::string reason;
      if (failed(removeUnits(group, gone, exact, reason)))
        return function.emitError("attn-extract: '") << site << "': " << reason;
      noteRemoval(function, "attn-extract", group, gone.size(), names);
    }
    return success();
  }
};

} // namespace
