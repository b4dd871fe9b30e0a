//===- ChannelGroups.h - heads and channels that can go ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_CHANNELGROUPS_H
#define TFC_PASSES_COMPRESS_CHANNELGROUPS_H

#include "DimensionShrink.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::compress {

/// Parts of a model that are computed beside each other and summed by linear
/// layers: the heads of an attention, the channels of a hidden layer. Where
/// layers share the weights that sum, theirs are one group, which loses the
/// same units in each, so that the weights stay shared.
struct ChannelGroup {
  enum class Kind { Heads, Channels };
  Kind kind;
  /// The tensors, one for each layer that shares the weights, and their
  /// dimension that has one index for each unit. Of heads that share keys it is
  /// the keys': a unit is then all heads that share one.
  llvm::SmallVector<mlir::Value> values;
  unsigned dim;
  int64_t units;
  /// The linear layers that sum over the units, those of the first of `values`
  /// first. All of them are in no other group.
  llvm::SmallVector<attn::LinearOp> consumers;
  /// Which rows of a consumer's weights, along what it sums over, are each
  /// unit's.
  llvm::SmallVector<llvm::SmallVector<int64_t>> rows;
  /// Elements of constants that go with one unit.
  int64_t parametersOfUnit = 0;

  /// How many of `consumers` are of each of `values`.
  size_t consumersOfOne() const { return consumers.size() / values.size(); }
};

/// "heads" or "channels".
llvm::StringRef kindName(ChannelGroup::Kind kind);

/// Finds what follows when `kept` alone stays of each of the group's values.
llvm::LogicalResult shrinkTo(DimensionShrink &shrink, const ChannelGroup &group,
                             llvm::ArrayRef<int64_t> kept);

/// All groups of `function`, in its order.
std::vector<ChannelGroup> findChannelGroups(mlir::func::FuncOp function);

/// For messages: why what `linear` sums over is no group.
std::string whyNoGroup(attn::LinearOp linear);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_CHANNELGROUPS_H
