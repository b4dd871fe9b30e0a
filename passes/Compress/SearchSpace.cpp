//===- SearchSpace.cpp - sizes of a model that may go down ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Compress/SearchSpace.h"

#include "AttentionMoves.h"
#include "AttentionSides.h"
#include "ChannelGroups.h"
#include "HeadLayout.h"
#include "Layers.h"
#include "SiteNames.h"
#include "tfc/Passes/Compress/LinearInputs.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

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

/// Numbers of means that save products: of `queries` with all of them, beside
/// those of the means themselves, rather than with all keys.
static SmallVector<int64_t> lengthsOf(attn::AttentionOp attention) {
  ArrayRef<int64_t>
      query = cast<ShapedType>(attention.getQuery().getType()).getShape(),
      key = cast<ShapedType>(attention.getKey().getType()).getShape();
  if (ShapedType::isDynamicShape(query.slice(1, 2)) ||
      ShapedType::isDynamicShape(key.slice(1, 2)))
    return {};
  int64_t rows = query[1] * query[2], positions = key[1] * key[2];
  int64_t most = rows * key[2] / (rows + positions) - 1;
  SmallVector<int64_t> sizes{key[2]};
  if (most > 0)
    llvm::append_range(sizes, sizesDown(most));
  return sizes;
}

/// What saves operations and no numbers.
static void addOperationChoices(func::FuncOp function,
                                std::vector<SizeChoice> &choices) {
  std::vector<SizeChoice> lengths, tops, tokens;
  for (const AttentionSite &site : findAttentionSites(function)) {
    attn::AttentionOp attention = site.attention;
    // Names in loops are of what runs many times.
    if (attention->getParentOp() != function)
      continue;
    if (whyNoMeansOfKeys(attention).empty())
      lengths.push_back(
          {"linformer", "lengths", site.name, "lengths", lengthsOf(attention)});
    int64_t keys = cast<ShapedType>(attention.getKey().getType()).getDimSize(2);
    if (whyNotHard(attention).empty())
      tops.push_back({"sparse-attention",
                      "tops",
                      site.name,
                      "tops",
                      {ShapedType::isDynamic(keys) ? 2 : keys, 1}});
    SmallVector<int64_t> counts;
    for (int64_t count : sizesDown(ShapedType::isDynamic(keys) ? 1 : keys))
      if (count > 1)
        counts.push_back(count);
    if (counts.size() > 1 &&
        whyNoFewerTokens(attention, function, counts[1]).empty())
      tokens.push_back({"prune-tokens", "tokens", site.name, "tokens", counts});
  }
  // One by one: of the last attention of a classifier, which is computed for
  // one query, they save nothing.
  for (std::vector<SizeChoice> *part : {&lengths, &tops, &tokens})
    for (SizeChoice &choice : *part) {
      choice.isSingle = true;
      choices.push_back(std::move(choice));
    }
}

/// All that only the branch of `block` reads.
static DenseSet<Operation *> insideOf(const ResidualBlock &block) {
  DenseSet<Operation *> inside;
  auto isInside = [&](OpOperand &use) {
    Operation *user =
        block.sum->getBlock()->findAncestorOpInBlock(*use.getOwner());
    return user == block.sum ? use.get() != block.input : inside.contains(user);
  };
  for (Operation *op = block.sum->getPrevNode(); op; op = op->getPrevNode())
    if (!op->use_empty() && llvm::all_of(op->getUses(), isInside))
      inside.insert(op);
  return inside;
}

/// Says of `choices` which of the first ones, of `blocks`, they are inside of.
static void nameBlocks(ArrayRef<ResidualBlock> blocks, const SiteNames &names,
                       func::FuncOp function,
                       MutableArrayRef<SizeChoice> choices) {
  llvm::StringMap<Operation *> layers;
  for (auto layer : function.getOps<attn::LinearOp>())
    layers[names[layer]] = layer;
  for (auto [number, block] : llvm::enumerate(blocks)) {
    DenseSet<Operation *> inside = insideOf(block);
    for (SizeChoice &choice : choices.drop_front(blocks.size()))
      if (inside.contains(layers.lookup(choice.site)))
        choice.blocks.push_back(number);
  }
}

/// Other methods than the default of layers that may have a lower rank.
static void addMethods(ArrayRef<SizeChoice> ranks, size_t first,
                       func::FuncOp function, const SiteNames &names,
                       std::vector<SizeChoice> &choices) {
  llvm::StringSet<> whitened;
  for (auto layer : function.getOps<attn::LinearOp>())
    if (layer->hasAttr(momentsName))
      whitened.insert(names[layer]);
  for (auto [i, choice] : llvm::enumerate(ranks))
    if (whitened.contains(choice.site)) {
      SizeChoice method{"low-rank", "methods", choice.site, "methods", {1, 0}};
      method.name = "svd";
      method.of = first + i;
      choices.push_back(std::move(method));
    }
}

std::vector<SizeChoice> tfc::compress::sizeChoices(func::FuncOp function,
                                                   bool fewerOperations) {
  SiteNames names(function);
  std::vector<ResidualBlock> residual = findResidualBlocks(function);
  std::vector<SizeChoice> blocks, heads, inner, channels, operations, ranks;
  for (const ResidualBlock &block : residual) {
    blocks.push_back(
        {"prune", "drop-blocks", names[block.last].str(), "block", {1, 0}});
    blocks.back().isSingle = true;
  }
  for (ChannelGroup &group : findChannelGroups(function)) {
    std::string site = names[group.consumers.front()].str();
    bool isHeads = group.kind == ChannelGroup::Kind::Heads;
    (isHeads ? heads : channels)
        .push_back({"prune", "keep", site, kindName(group.kind),
                    sizesDown(group.units)});
  }
  for (auto attention : function.getOps<attn::AttentionOp>())
    addSides(attention, function, names, inner);
  if (fewerOperations)
    addOperationChoices(function, operations);
  for (auto linear : function.getOps<attn::LinearOp>())
    if (std::optional<SizeChoice> choice = ranksOf(linear, names[linear]))
      ranks.push_back(std::move(*choice));
  std::vector<SizeChoice> all;
  for (std::vector<SizeChoice> *part :
       {&blocks, &heads, &inner, &channels, &operations, &ranks})
    for (SizeChoice &choice : *part)
      if (choice.sizes.size() > 1)
        all.push_back(choice);
  addMethods(ranks, all.size() - ranks.size(), function, names, all);
  nameBlocks(residual, names, function, all);
  return all;
}

bool tfc::compress::hasEffect(ArrayRef<SizeChoice> choices,
                              ArrayRef<unsigned> steps, size_t i) {
  const SizeChoice &choice = choices[i];
  if (llvm::any_of(choice.blocks, [&](size_t block) { return steps[block]; }) ||
      (choice.of && steps[*choice.of] == 0))
    return false;
  if (choice.kind != "tokens" || steps[i] == 0)
    return true;
  // Of tokens that went before none come back.
  for (size_t before = 0; before < i; ++before)
    if (choices[before].kind == "tokens" && steps[before] > 0 &&
        choices[before].sizes[steps[before]] <= choice.sizes[steps[i]])
      return false;
  return true;
}

void tfc::compress::settle(ArrayRef<SizeChoice> choices,
                           MutableArrayRef<unsigned> steps) {
  for (size_t i = 0; i < choices.size(); ++i)
    if (!hasEffect(choices, steps, i))
      steps[i] = 0;
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
    if (!choice.name.empty())
      list += "=" + choice.name.str();
    else if (choice.sizes[step] > 0)
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
