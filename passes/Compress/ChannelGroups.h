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
/// layers: the heads of an attention, the channels of a hidden layer.
struct ChannelGroup {
  enum class Kind { Heads, Channels };
  Kind kind;
  /// The tensor, and its dimension, that has one index for each unit. Of heads
  /// that share keys it is the keys': a unit is then all heads that share one.
  mlir::Value value;
  unsigned dim;
  int64_t units;
  /// The linear layers that sum over the units. All of them are in no other
  /// group; the first gives the group its name (`siteName`).
  llvm::SmallVector<attn::LinearOp> consumers;
  /// Which rows of a consumer's weights, along what it sums over, are each
  /// unit's.
  llvm::SmallVector<llvm::SmallVector<int64_t>> rows;
  /// Elements of constants that go with one unit.
  int64_t parametersOfUnit = 0;

  /// The attention; null where the units are channels.
  attn::AttentionOp attention;
};

/// All groups of `function`, in its order.
std::vector<ChannelGroup> findChannelGroups(mlir::func::FuncOp function);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_CHANNELGROUPS_H
