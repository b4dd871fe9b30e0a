//===- PruneResidual.cpp - narrower residual streams ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Layers.h"
#include "LowRankFactors.h"
#include "ResidualStream.h"
#include "SiteNames.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

namespace tfc::compress {
#define GEN_PASS_DEF_PRUNERESIDUALPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

struct PruneResidualPass
    : public compress::impl::PruneResidualPassBase<PruneResidualPass> {
  using PruneResidualPassBase::PruneResidualPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    SiteNames names(function);
    std::vector<ResidualBlock> blocks = findResidualBlocks(function);
    if (failed(checkOptions(blocks)))
      return signalPassFailure();
    separateNorms(function);
    std::vector<std::pair<ResidualStream, std::string>> streams;
    for (const ResidualBlock &block : blocks) {
      Value sum = block.sum->getResult(0);
      std::string site = names[block.last].str();
      if (llvm::any_of(streams,
                       [&](auto &known) { return known.first.contains(sum); }))
        continue;
      streams.emplace_back(ResidualStream(sum), site);
      std::string reason = streams.back().first.find();
      if (!reason.empty()) {
        function.emitError("prune-residual: the stream of '")
            << site << "' cannot lose features: " << reason;
        return signalPassFailure();
      }
    }
    for (auto &[stream, site] : streams)
      if (failed(narrow(stream, site)))
        return signalPassFailure();
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, function->getRegions());
  }

private:
  LogicalResult checkOptions(ArrayRef<ResidualBlock> blocks);
  LogicalResult narrow(ResidualStream &stream, StringRef site);
};

} // namespace

LogicalResult PruneResidualPass::checkOptions(ArrayRef<ResidualBlock> blocks) {
  auto fail = [&](const Twine &what) {
    return getOperation().emitError("prune-residual: " + what);
  };
  if (!(share >= 0 && share < 1) || keep < 0)
    return fail("share is 0 or more and below 1, keep 1 or more");
  if ((share != 0) == (keep != 0))
    return fail("expected share or keep");
  if (blocks.empty())
    return fail("the model has no residual stream");
  return success();
}

LogicalResult PruneResidualPass::narrow(ResidualStream &stream,
                                        StringRef site) {
  int64_t width = stream.width(),
          count = keep ? int64_t(keep) : width - int64_t(share * double(width));
  if (count >= width)
    return getOperation().emitError("prune-residual: the stream of '")
           << site << "' has " << width << " features, of which all would stay";
  // Principal directions of what norms give.
  Spectrum spectrum =
      spectrumOf(Eigen::MatrixXd::Identity(width, width), stream.moments());
  if (failed(stream.turn(spectrum.directions, count)))
    return getOperation().emitError("prune-residual: the stream of '")
           << site << "' has constants whose numbers are not there";
  Builder b(&getContext());
  noteCompression(
      getOperation(), "prune-residual", site,
      {b.getNamedAttr("features", b.getI64IntegerAttr(count)),
       b.getNamedAttr("features_before", b.getI64IntegerAttr(width)),
       b.getNamedAttr("energy_kept",
                      b.getF64FloatAttr(1 - spectrum.lostShare(count)))});
  return success();
}
