//===- ShrinkHeads.cpp - attention with fewer elements a head ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionSides.h"
#include "AttentionSites.h"
#include "SiteNames.h"
#include "tfc/Passes/Compress/Passes.h"

namespace tfc::compress {
#define GEN_PASS_DEF_SHRINKHEADSPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

struct ShrinkHeadsPass
    : public compress::impl::ShrinkHeadsPassBase<ShrinkHeadsPass> {
  using ShrinkHeadsPassBase::ShrinkHeadsPassBase;

  void runOnOperation() override {
    if (getOperation().isDeclaration())
      return;
    std::vector<AttentionSite> found = findAttentionSites(getOperation());
    if (failed(checkOptions(found)))
      return signalPassFailure();
    for (AttentionSite &site : found)
      if (failed(shrink(site)))
        return signalPassFailure();
  }

private:
  LogicalResult checkOptions(ArrayRef<AttentionSite> found);
  LogicalResult shrink(AttentionSite &site);
  /// How many elements a side gets; 0: as many as it has. `reason` is why it
  /// cannot have fewer.
  FailureOr<int64_t> sizeFor(const AttentionSite &site, StringRef option,
                             int64_t forAll,
                             const llvm::StringMap<int64_t> &bySite,
                             const ProductSide &side);

  llvm::StringMap<int64_t> queryKeyOf, valueOf;
};

} // namespace

LogicalResult ShrinkHeadsPass::checkOptions(ArrayRef<AttentionSite> found) {
  func::FuncOp function = getOperation();
  auto read = [&](StringRef option, ArrayRef<std::string> entries,
                  llvm::StringMap<int64_t> &numbers) -> LogicalResult {
    auto given = readSiteNumbers(function, "shrink-heads", option, entries);
    if (succeeded(given))
      numbers = std::move(*given);
    return given;
  };
  if (failed(read("query-keys", queryKeys, queryKeyOf)) ||
      failed(read("values", values, valueOf)))
    return failure();
  if (queryKey < 0 || value < 0 || !(energy >= 0 && energy <= 1))
    return function.emitError(
        "shrink-heads: numbers of elements are from 1 on, "
        "and energy is a share above 0 and up to 1");
  if (queryKey == 0 && value == 0 && energy == 0 && queryKeyOf.empty() &&
      valueOf.empty())
    return function.emitError(
        "shrink-heads: expected query-key, value, energy, "
        "query-keys or values");
  std::vector<std::string> asked(sites.begin(), sites.end());
  for (const auto *numbers : {&queryKeyOf, &valueOf})
    for (const auto &entry : *numbers)
      asked.push_back(entry.getKey().str());
  return checkAttentionSites(function, "shrink-heads", found, asked);
}

FailureOr<int64_t>
ShrinkHeadsPass::sizeFor(const AttentionSite &site, StringRef option,
                         int64_t forAll, const llvm::StringMap<int64_t> &bySite,
                         const ProductSide &side) {
  auto given = bySite.find(site.name);
  bool isGiven = given != bySite.end();
  if (!isGiven && !sites.empty() && !llvm::is_contained(sites, site.name))
    return 0;
  if (!isGiven && forAll == 0 && energy == 0)
    return 0;
  std::string reason = side.reason;
  int64_t size = 0;
  if (reason.empty()) {
    size = isGiven ? given->second : forAll ? forAll : side.sizeFor(energy);
    if (size > side.size())
      reason = "it has " + std::to_string(side.size()) +
               " elements, fewer than " + std::to_string(size);
    else if (size == side.size())
      return 0;
  }
  if (reason.empty())
    return size;
  if (isGiven)
    return site.attention->emitError("shrink-heads: ")
           << option << " of '" << site.name << "': " << reason;
  Builder b(&getContext());
  noteCompression(
      getOperation(), "shrink-heads", site.name,
      b.getNamedAttr("left_alone", b.getStringAttr(option + ": " + reason)));
  return 0;
}

LogicalResult ShrinkHeadsPass::shrink(AttentionSite &site) {
  FailureOr<AttentionSides> sides =
      AttentionSides::of(site.attention, getOperation());
  if (failed(sides))
    return failure();
  FailureOr<int64_t> newQueryKey =
      sizeFor(site, "query-key", queryKey, queryKeyOf, sides->queryKey);
  FailureOr<int64_t> newValue =
      sizeFor(site, "value", value, valueOf, sides->value);
  if (failed(newQueryKey) || failed(newValue))
    return failure();
  if (*newQueryKey == 0 && *newValue == 0)
    return success();
  std::string reason = sides->whyNotTogether(*newQueryKey, *newValue);
  Builder b(&getContext());
  if (!reason.empty()) {
    if (queryKeyOf.contains(site.name) || valueOf.contains(site.name))
      return site.attention->emitError("shrink-heads: '")
             << site.name << "': " << reason;
    noteCompression(getOperation(), "shrink-heads", site.name,
                    b.getNamedAttr("left_alone", b.getStringAttr(reason)));
    return success();
  }
  auto integer = [&](StringRef name, int64_t number) {
    return b.getNamedAttr(name, b.getI64IntegerAttr(number));
  };
  SmallVector<NamedAttribute> details;
  auto describe = [&](StringRef name, const ProductSide &side, int64_t size) {
    if (size == 0)
      return;
    details.push_back(integer(name, size));
    details.push_back(integer((name + "_before").str(), side.size()));
    details.push_back(
        b.getNamedAttr((name + "_energy_kept").str(),
                       b.getF64FloatAttr(1 - side.lostShare(size))));
  };
  describe("query_key", sides->queryKey, *newQueryKey);
  describe("value", sides->value, *newValue);
  sides->rebuild(*newQueryKey, *newValue);
  noteCompression(getOperation(), "shrink-heads", site.name, details);
  return success();
}
