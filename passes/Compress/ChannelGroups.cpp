//===- ChannelGroups.cpp - heads and channels that can go -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ChannelGroups.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

static unsigned lastDim(Value value) {
  return cast<ShapedType>(value.getType()).getRank() - 1;
}

/// Whether `op`, which is no linear layer, sums over what shrinks.
static bool sumsOver(Operation *op, const DimensionShrink &shrink) {
  if (auto attention = dyn_cast<attn::AttentionOp>(op))
    return shrink.keptOf(attention.getQueryMutable(), 3);
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp)
    return false;
  SmallVector<utils::IteratorType> iterators = linalgOp.getIteratorTypesArray();
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = linalgOp.getMatchingIndexingMap(&operand);
    for (auto [dim, expression] : llvm::enumerate(map.getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(expression);
      if (loop &&
          iterators[loop.getPosition()] == utils::IteratorType::reduction &&
          shrink.keptOf(operand, dim))
        return true;
    }
  }
  return false;
}

/// The linear layers with constant weights, among what shrinks, that sum over
/// what does. Nothing where something else sums over it as well, which zeros in
/// these weights say nothing of: the squares of a norm, say.
static SmallVector<attn::LinearOp> consumersOf(const DimensionShrink &shrink) {
  SmallVector<attn::LinearOp> consumers;
  for (Operation *op : shrink.operations()) {
    if (sumsOver(op, shrink))
      return {};
    auto linear = dyn_cast<attn::LinearOp>(op);
    if (!linear || !shrink.keptOf(linear.getXMutable(), lastDim(linear.getX())))
      continue;
    if (!matchPattern(linear.getWeight(), m_Constant()) ||
        !isa<func::FuncOp>(linear->getParentOp()))
      return {};
    consumers.push_back(linear);
  }
  llvm::sort(consumers, [](attn::LinearOp a, attn::LinearOp b) {
    return a->isBeforeInBlock(b);
  });
  return consumers;
}

/// Whether a unit is the same rows of the weights of all `consumers`.
static bool agree(const DimensionShrink &shrink,
                  ArrayRef<attn::LinearOp> consumers) {
  return llvm::all_equal(llvm::map_range(consumers, [&](attn::LinearOp linear) {
    return *shrink.keptOf(linear.getXMutable(), lastDim(linear.getX()));
  }));
}

StringRef tfc::compress::kindName(ChannelGroup::Kind kind) {
  return kind == ChannelGroup::Kind::Heads ? "heads" : "channels";
}

LogicalResult tfc::compress::shrinkTo(DimensionShrink &shrink,
                                      const ChannelGroup &group,
                                      ArrayRef<int64_t> kept) {
  return success(llvm::all_of(group.values, [&](Value value) {
    return succeeded(shrink.keep(value, group.dim, kept));
  }));
}

/// The elements of constants that are lost, of those that are shared once.
static int64_t lostParameters(const DimensionShrink &shrink) {
  int64_t lost = 0;
  DenseSet<Attribute> seen;
  for (Operation *op : shrink.operations())
    for (OpOperand &operand : op->getOpOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.get().getType());
      Attribute constant;
      if (!type || !matchPattern(operand.get(), m_Constant(&constant)) ||
          !seen.insert(constant).second)
        continue;
      int64_t left = 1;
      for (auto [dim, size] : llvm::enumerate(type.getShape())) {
        const Kept *kept = shrink.keptOf(operand, dim);
        left *= kept ? kept->size() : size;
      }
      lost += type.getNumElements() - left;
    }
  return lost;
}

static int64_t sizeOf(Value value, unsigned dim) {
  return cast<ShapedType>(value.getType()).getDimSize(dim);
}

static std::optional<ChannelGroup> headsOf(attn::AttentionOp attention) {
  ChannelGroup group{ChannelGroup::Kind::Heads,
                     {attention.getKey()},
                     1,
                     sizeOf(attention.getKey(), 1),
                     {},
                     {}};
  if (!attention.getKey().getDefiningOp() ||
      ShapedType::isDynamic(group.units) || group.units < 2)
    return std::nullopt;
  for (int64_t unit = 0; unit < group.units; ++unit) {
    DimensionShrink shrink;
    if (failed(shrinkTo(shrink, group, allBut(group.units, unit))))
      return std::nullopt;
    group.consumers = consumersOf(shrink);
    if (group.consumers.empty() || !agree(shrink, group.consumers))
      return std::nullopt;
    group.parametersOfUnit = lostParameters(shrink);
    attn::LinearOp first = group.consumers.front();
    unsigned last = lastDim(first.getX());
    const Kept &left = *shrink.keptOf(first.getXMutable(), last);
    group.rows.push_back(allBut(sizeOf(first.getX(), last), left));
  }
  return group;
}

static std::optional<ChannelGroup> channelsOf(attn::LinearOp linear) {
  unsigned last = lastDim(linear.getX());
  ChannelGroup group{ChannelGroup::Kind::Channels,
                     {linear.getX()},
                     last,
                     sizeOf(linear.getX(), last),
                     {},
                     {}};
  Operation *producer = linear.getX().getDefiningOp();
  if (!producer || producer->hasTrait<OpTrait::ConstantLike>() ||
      ShapedType::isDynamic(group.units) || group.units < 2 ||
      !matchPattern(linear.getWeight(), m_Constant()))
    return std::nullopt;
  DimensionShrink shrink;
  if (failed(shrinkTo(shrink, group, allBut(group.units, int64_t(0)))))
    return std::nullopt;
  group.consumers = consumersOf(shrink);
  group.parametersOfUnit = lostParameters(shrink);
  for (int64_t unit = 0; unit < group.units; ++unit)
    group.rows.push_back({unit});
  if (group.consumers.empty() || !agree(shrink, group.consumers))
    return std::nullopt;
  return group;
}

/// The constants of a layer; null where one is none.
static std::pair<Attribute, Attribute> constantsOf(attn::LinearOp linear) {
  Attribute weight, bias;
  matchPattern(linear.getWeight(), m_Constant(&weight));
  if (linear.getBias())
    matchPattern(linear.getBias(), m_Constant(&bias));
  return {weight, bias};
}

/// Whether the layers of `other` sum with the weights that those of `group` do.
static bool sharesWeights(const ChannelGroup &group,
                          const ChannelGroup &other) {
  if (group.kind != other.kind || group.dim != other.dim ||
      group.units != other.units || group.rows != other.rows ||
      group.consumersOfOne() != other.consumersOfOne())
    return false;
  for (size_t i = 0; i < other.consumers.size(); ++i) {
    attn::LinearOp ours = group.consumers[i], theirs = other.consumers[i];
    if (!ours.getBias() != !theirs.getBias() ||
        constantsOf(ours) != constantsOf(theirs))
      return false;
  }
  return true;
}

/// Makes groups whose layers share weights one.
static std::vector<ChannelGroup>
joinShared(std::vector<ChannelGroup> separate) {
  std::vector<ChannelGroup> joined;
  for (ChannelGroup &group : separate) {
    auto other = llvm::find_if(joined, [&](const ChannelGroup &known) {
      return sharesWeights(known, group);
    });
    if (other == joined.end()) {
      joined.push_back(std::move(group));
      continue;
    }
    llvm::append_range(other->values, group.values);
    llvm::append_range(other->consumers, group.consumers);
  }
  for (ChannelGroup &group : joined) {
    DimensionShrink shrink;
    if (group.values.size() > 1 &&
        succeeded(shrinkTo(shrink, group, allBut(group.units, int64_t(0)))))
      group.parametersOfUnit = lostParameters(shrink);
  }
  return joined;
}

std::vector<ChannelGroup>
tfc::compress::findChannelGroups(func::FuncOp function) {
  std::vector<ChannelGroup> groups;
  DenseSet<Operation *> taken;
  auto add = [&](std::optional<ChannelGroup> group) {
    if (!group || llvm::any_of(group->consumers, [&](attn::LinearOp linear) {
          return taken.contains(linear);
        }))
      return;
    for (attn::LinearOp linear : group->consumers)
      taken.insert(linear);
    groups.push_back(std::move(*group));
  };
  for (auto op : function.getOps<attn::AttentionOp>())
    add(headsOf(op));
  for (auto op : function.getOps<attn::LinearOp>())
    if (!taken.contains(op))
      add(channelsOf(op));
  llvm::sort(groups, [](const ChannelGroup &a, const ChannelGroup &b) {
    return a.consumers.front()->isBeforeInBlock(b.consumers.front());
  });
  return joinShared(std::move(groups));
}

std::string tfc::compress::whyNoGroup(attn::LinearOp linear) {
  unsigned last = lastDim(linear.getX());
  int64_t units = sizeOf(linear.getX(), last);
  Operation *producer = linear.getX().getDefiningOp();
  if (!producer)
    return "it reads an input of the model";
  if (!matchPattern(linear.getWeight(), m_Constant()))
    return "its weights are not constant";
  if (ShapedType::isDynamic(units) || units < 2 ||
      producer->hasTrait<OpTrait::ConstantLike>())
    return "what it reads is constant, of open size or one number";
  DimensionShrink shrink;
  if (failed(shrink.keep(linear.getX(), last, allBut(units, int64_t(0)))))
    return shrink.reason();
  return "other operations sum over what it reads, or several layers over "
         "different parts of it";
}
