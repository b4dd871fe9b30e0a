//===- Budget.cpp - what a compressed model may take ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Budget.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

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

/// "0.5" with `unit` behind it, above 0; nothing for others.
static std::optional<double> amountOf(StringRef text, StringRef unit) {
  double amount;
  if (!text.consume_back(unit) || text.getAsDouble(amount) || !(amount > 0) ||
      !std::isfinite(amount))
    return std::nullopt;
  return amount;
}

/// What `name` takes, for people.
static StringRef valuesOf(StringRef name) {
  return llvm::StringSwitch<StringRef>(name)
      .Case("accuracy-drop", "a share as 1%")
      .Case("metric-drop", "a number above 0")
      .Cases({"params", "flops"}, "a share as 50% or a number")
      .Case("latency", "a share as 0.5x or milliseconds as 2ms")
      .Default("bytes as 64K or 1M");
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
    else if (name == "flops" && value.ends_with("%"))
      isKnown = (budget.operationShare = shareOf(value)).has_value();
    else if (name == "flops")
      isKnown = (budget.operations = countOf(value)).has_value();
    else if (name == "latency" && value.ends_with("x"))
      isKnown = (budget.latencyShare = amountOf(value, "x")).has_value();
    else if (name == "latency")
      isKnown = (budget.latency = amountOf(value, "ms")).has_value();
    else if (name == "flash")
      isKnown = (budget.flash = countOf(value)).has_value();
    else if (name == "sram")
      isKnown = (budget.sram = countOf(value)).has_value();
    else if (name == "accuracy-drop")
      isKnown = (budget.drop = shareOf(value)).has_value();
    else if (name == "metric-drop")
      isKnown = (budget.drop = amountOf(value, "")).has_value();
    else
      return llvm::createStringError(
          "--budget: there is no '" + name +
          "'; there are params, flops, latency, flash, sram, accuracy-drop "
          "and metric-drop");
    if (!isKnown)
      return llvm::createStringError("--budget: '" + value +
                                     "' is nothing that '" + name +
                                     "' can be; it takes " + valuesOf(name));
  }
  return budget;
}
