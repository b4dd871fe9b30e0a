//===- ChannelGroups.cpp - heads and channels that can go -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ChannelGroups.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

static unsigned lastDim(Value value) {
  return cast<ShapedType>(value.getType()).getRank() - 1;
}

/// The linear layers with constant weights, among what shrinks, that sum over
/// what does. Nothing where something else sums over it as well: its
/// importance would be unknown.
static SmallVector<attn::LinearOp> consumersOf(const DimensionShrink &shrink) {
  SmallVector<attn::LinearOp> consumers;
  for (Operation *op : shrink.operations()) {
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

/// The elements of constants that are lost.
static int64_t lostParameters(const DimensionShrink &shrink) {
  int64_t lost = 0;
  for (Operation *op : shrink.operations())
    for (OpOperand &operand : op->getOpOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.get().getType());
      if (!type || !matchPattern(operand.get(), m_Constant()))
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
                     attention.getKey(),
                     1,
                     sizeOf(attention.getKey(), 1),
                     {},
                     {},
                     0,
                     attention};
  if (!attention.getKey().getDefiningOp() ||
      ShapedType::isDynamic(group.units) || group.units < 2)
    return std::nullopt;
  for (int64_t unit = 0; unit < group.units; ++unit) {
    DimensionShrink shrink;
    if (failed(shrink.keep(group.value, 1, allBut(group.units, unit))))
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
                     linear.getX(),
                     last,
                     sizeOf(linear.getX(), last),
                     {},
                     {},
                     0,
                     {}};
  Operation *producer = linear.getX().getDefiningOp();
  if (!producer || producer->hasTrait<OpTrait::ConstantLike>() ||
      ShapedType::isDynamic(group.units) || group.units < 2 ||
      !matchPattern(linear.getWeight(), m_Constant()))
    return std::nullopt;
  DimensionShrink shrink;
  if (failed(shrink.keep(group.value, last, allBut(group.units, int64_t(0)))))
    return std::nullopt;
  group.consumers = consumersOf(shrink);
  group.parametersOfUnit = lostParameters(shrink);
  for (int64_t unit = 0; unit < group.units; ++unit)
    group.rows.push_back({unit});
  if (group.consumers.empty() || !agree(shrink, group.consumers))
    return std::nullopt;
  return group;
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
  return groups;
}
