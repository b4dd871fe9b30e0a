//===- Budget.cpp - what a compressed model may take ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Budget.h"

#include "llvm/ADT/StringExtras.h"

using namespace tfc;
using llvm::StringRef;

/// "12", "320K", "1M"; nothing for others.
static std::optional<int64_t> countOf(StringRef text) {
  int64_t unit = text.consume_back("K")   ? 1024
                 : text.consume_back("M") ? 1024 * 1024
                                          : 1;
  int64_t count;
  if (text.getAsInteger(10, count) || count <= 0)
    return std::nullopt;
  return count * unit;
}

/// "5%" as 0.05; nothing for others.
static std::optional<double> shareOf(StringRef text) {
  double share;
  if (!text.consume_back("%") || text.getAsDouble(share) || share < 0 ||
      share > 100)
    return std::nullopt;
  return share / 100;
}

llvm::Expected<Budget> Budget::parse(StringRef text) {
  Budget budget;
  for (StringRef part : llvm::split(text, ',')) {
    auto [name, value] = part.trim().split('=');
    bool isKnown = true;
    if (name == "params" && value.ends_with("%"))
      isKnown = (budget.parameterShare = shareOf(value)).has_value();
    else if (name == "params")
      isKnown = (budget.parameters = countOf(value)).has_value();
    else if (name == "flash")
      isKnown = (budget.flash = countOf(value)).has_value();
    else if (name == "sram")
      isKnown = (budget.sram = countOf(value)).has_value();
    else if (name == "accuracy-drop")
      isKnown = (budget.drop = shareOf(value)).has_value();
    else
      return llvm::createStringError(
          "--budget: there is no '" + name +
          "'; there are params, flash, sram and accuracy-drop");
    if (!isKnown)
      return llvm::createStringError(
          "--budget: '" + value + "' is nothing that '" + name +
          "' can be; it takes " +
          (name == "accuracy-drop" ? "a share as 1%"
           : name == "params"      ? "a share as 50% or a number"
                                   : "bytes as 64K or 1M"));
  }
  return budget;
}
