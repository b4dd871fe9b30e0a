//===- SearchSpace.cpp - sizes of a model that may go down ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Compress/SearchSpace.h"

#include "AttentionSides.h"
#include "ChannelGroups.h"
#include "HeadLayout.h"
#include "Layers.h"
#include "SiteNames.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

/// At most 16 sizes, from `full` down in even steps.
static SmallVector<int64_t> sizesDown(int64_t full) {
  constexpr int64_t steps = 16;
  SmallVector<int64_t> sizes;
  for (int64_t step = 0; step < steps; ++step) {
    int64_t size = (full * (steps - step) + steps / 2) / steps;
    if (size > 0 && (sizes.empty() || size < sizes.back()))
      sizes.push_back(size);
  }
  return sizes;
}

static int64_t lastSize(Value value) {
  return cast<ShapedType>(value.getType()).getShape().back();
}

/// Ranks with which two factors hold fewer numbers than the weight.
static std::optional<SizeChoice> ranksOf(attn::LinearOp linear,
                                         StringRef site) {
  if (!matchPattern(linear.getWeight(), m_Constant()) ||
      !linear.getWeight().hasOneUse())
    return std::nullopt;
  int64_t inputs = lastSize(linear.getX()),
          outputs = lastSize(linear.getInit());
  if (ShapedType::isDynamic(inputs) || ShapedType::isDynamic(outputs))
    return std::nullopt;
  int64_t most = (inputs * outputs - 1) / (inputs + outputs);
  SizeChoice choice{
      "low-rank", "ranks", site.str(), "ranks", {std::min(inputs, outputs)}};
  for (int64_t rank : sizesDown(most))
    if (rank < choice.sizes.back())
      choice.sizes.push_back(rank);
  // A layer this narrow has nothing to give.
  return most < 8 ? std::nullopt : std::optional<SizeChoice>(choice);
}

/// The sizes of what is inside of an attention's heads.
static void addSides(attn::AttentionOp attention, func::FuncOp function,
                     const SiteNames &names, std::vector<SizeChoice> &choices) {
  HeadLayout behind = layoutBehind(attention);
  FailureOr<AttentionSides> sides = AttentionSides::of(attention, function);
  if (!behind.layer || failed(sides))
    return;
  for (auto [option, side] : {std::pair<StringRef, const ProductSide &>{
                                  "query-keys", sides->queryKey},
                              {"values", sides->value}})
    if (side.reason.empty())
      choices.push_back({"shrink-heads", option, names[behind.layer].str(),
                         option, sizesDown(side.size())});
}

std::vector<SizeChoice> tfc::compress::sizeChoices(func::FuncOp function) {
  SiteNames names(function);
  std::vector<SizeChoice> blocks, heads, inner, channels, ranks;
  for (const ResidualBlock &block : findResidualBlocks(function))
    blocks.push_back(
        {"prune", "drop-blocks", names[block.last].str(), "block", {1, 0}});
  for (ChannelGroup &group : findChannelGroups(function)) {
    std::string site = names[group.consumers.front()].str();
    bool isHeads = group.kind == ChannelGroup::Kind::Heads;
    (isHeads ? heads : channels)
        .push_back({"prune", "keep", site, kindName(group.kind),
                    sizesDown(group.units)});
  }
  for (auto attention : function.getOps<attn::AttentionOp>())
    addSides(attention, function, names, inner);
  for (auto linear : function.getOps<attn::LinearOp>())
    if (std::optional<SizeChoice> choice = ranksOf(linear, names[linear]))
      ranks.push_back(std::move(*choice));
  std::vector<SizeChoice> all;
  for (std::vector<SizeChoice> *part :
       {&blocks, &heads, &inner, &channels, &ranks})
    for (SizeChoice &choice : *part)
      if (choice.sizes.size() > 1)
        all.push_back(std::move(choice));
  return all;
}

std::string tfc::compress::pipelineOf(ArrayRef<SizeChoice> choices,
                                      ArrayRef<unsigned> steps) {
  // By pass, then by option, in the order of the choices.
  llvm::MapVector<StringRef, llvm::MapVector<StringRef, std::string>> passes;
  for (auto [choice, step] : llvm::zip_equal(choices, steps)) {
    if (step == 0)
      continue;
    std::string &list = passes[choice.pass][choice.option];
    if (!list.empty())
      list += ",";
    list += choice.site;
    if (choice.sizes[step] > 0)
      list += "=" + std::to_string(choice.sizes[step]);
  }
  std::string text;
  for (auto &[pass, options] : passes) {
    text += (text.empty() ? "" : ",") + pass.str() + "{";
    for (auto [i, option] : llvm::enumerate(options))
      text += (i ? " " : "") + option.first.str() + "=" + option.second;
    text += "}";
  }
  return text;
}
