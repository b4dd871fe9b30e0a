//===- AttentionSites.cpp - attentions by name ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionSites.h"

#include "HeadLayout.h"
#include "SiteNames.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

std::vector<AttentionSite>
tfc::compress::findAttentionSites(func::FuncOp function) {
  SiteNames names(function);
  std::vector<AttentionSite> found;
  function.walk([&](attn::AttentionOp attention) {
    if (!attention.getResult())
      return;
    HeadLayout behind = layoutBehind(attention);
    Operation *named = behind.layer ? behind.layer.getOperation() : attention;
    found.push_back({attention, names[named].str()});
  });
  return found;
}

LogicalResult tfc::compress::checkAttentionSites(func::FuncOp function,
                                                 StringRef pass,
                                                 ArrayRef<AttentionSite> found,
                                                 ArrayRef<std::string> names) {
  for (const std::string &name : names) {
    if (llvm::any_of(found, [&](const AttentionSite &site) {
          return site.name == name;
        }))
      continue;
    auto error = function.emitError(pass)
                 << ": there is no attention before a linear layer '" << name
                 << "'; there are ";
    for (auto [i, site] : llvm::enumerate(found))
      error << (i ? ", '" : "'") << site.name << "'";
    return error;
  }
  return success();
}

bool tfc::compress::hidesKeys(attn::AttentionOp attention) {
  return attention.getMask() || hidesByPlace(attention);
}

bool tfc::compress::hidesByPlace(attn::AttentionOp attention) {
  return attention.getMaskBlock() || attention.getKeyLengths() ||
         attention.getKeyBlocks() || attention.getSequences() ||
         attention.getCausal() || attention.getLeftWindow() ||
         attention.getRightWindow();
}

LogicalResult AttentionNumbers::read(func::FuncOp function, StringRef pass,
                                     StringRef option,
                                     ArrayRef<AttentionSite> found,
                                     int64_t number,
                                     ArrayRef<std::string> entries,
                                     ArrayRef<std::string> sites) {
  auto given = readSiteNumbers(function, pass, (option + "s").str(), entries);
  if (failed(given))
    return failure();
  forAll = number;
  bySite = std::move(*given);
  only.assign(sites.begin(), sites.end());
  if (forAll < 0)
    return function.emitError(pass) << ": " << option << " is from 1 on";
  if (forAll == 0 && bySite.empty())
    return function.emitError(pass)
           << ": expected " << option << " or " << option << "s";
  std::vector<std::string> asked = only;
  for (const auto &entry : bySite)
    asked.push_back(entry.getKey().str());
  return checkAttentionSites(function, pass, found, asked);
}

int64_t AttentionNumbers::of(StringRef site) const {
  auto given = bySite.find(site);
  if (given != bySite.end())
    return given->second;
  return only.empty() || llvm::is_contained(only, site) ? forAll : 0;
}

LogicalResult tfc::compress::leaveAlone(func::FuncOp function, StringRef pass,
                                        const AttentionSite &site, bool isNamed,
                                        const Twine &reason) {
  if (isNamed)
    return site.attention->emitError()
           << pass << ": '" << site.name << "': " << reason;
  Builder b(function.getContext());
  noteCompression(function, pass, site.name,
                  b.getNamedAttr("left_alone", b.getStringAttr(reason)));
  return success();
}
