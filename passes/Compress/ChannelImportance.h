//===- ChannelImportance.h - which units to go without ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_CHANNELIMPORTANCE_H
#define TFC_PASSES_COMPRESS_CHANNELIMPORTANCE_H

#include "ChannelGroups.h"

namespace tfc::compress {

/// How to choose and what to do about the rest.
struct ImportanceOptions {
  /// By the weights of the consumers alone, whatever is known of inputs.
  bool magnitude = false;
  /// Fits the weights of what stays to what the layer gave before.
  bool refit = true;
  /// Added to the variances, as a share of their mean: what is known of few
  /// samples is believed that much less.
  double damping = 0.01;
};

/// Units in the order in which they are to go.
struct RemovalOrder {
  llvm::SmallVector<int64_t> units;
  /// After as many of them as the index + 1: the share of the consumers' output
  /// (of its variance where moments of their input are known, otherwise of the
  /// squares of their weights) that is lost.
  std::vector<double> loss;
};

/// The order for `group`, of `most` units at most. With moments, the one of
/// least loss is taken again and again, all weights being fitted to the loss
/// of those before: the optimal brain surgeon (Hassibi, Stork 1993) on groups
/// of rows. Without, by the squares of the consumers' weights.
RemovalOrder orderOfRemoval(const ChannelGroup &group, int64_t most,
                            const ImportanceOptions &options);

/// New weights and bias for `linear`, of whose input `kept` stays, so that its
/// output is nearest in the mean square to what it was. Nothing without
/// moments or where the weights' bytes are not there.
struct Refit {
  attn::LinearOp linear;
  /// As the operation has them: [K, N] or, transposed, [N, K].
  std::vector<float> weight;
  /// [N]; empty where the layer has no bias.
  std::vector<float> bias;
};
std::optional<Refit> refit(attn::LinearOp linear, llvm::ArrayRef<int64_t> kept,
                           const ImportanceOptions &options);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_CHANNELIMPORTANCE_H
