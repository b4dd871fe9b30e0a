//===- HeadLayout.h - where an attention's heads come from ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_HEADLAYOUT_H
#define TFC_PASSES_COMPRESS_HEADLAYOUT_H

#include "tfc/Dialect/Attn/Attn.h"

#include <optional>
#include <string>
#include <vector>

namespace tfc::compress {

/// A linear layer on one side of an attention, and which feature of it is which
/// element of which head. Between are only transpositions, reshapes and slices,
/// and the layer's rows are those of [batch, sequence].
struct HeadLayout {
  /// Null where it is not so, for `reason`.
  attn::LinearOp layer;
  /// [head][element]: a column of the layer's weights, for query, key and
  /// value, or a row of those behind the attention.
  std::vector<std::vector<int64_t>> features;
  std::string reason;
};

/// That of an attention's query, key or value, of [batch, heads, sequence,
/// elements].
HeadLayout layoutBefore(mlir::Value heads);

/// That of the only layer that reads an attention's result.
HeadLayout layoutBehind(attn::AttentionOp attention);

/// Which of query (0), key and value (2) of `attention` come from `layer`;
/// nothing where something else reads it, or what is between does more than to
/// move elements.
std::optional<llvm::SmallVector<unsigned>>
operandsFedBy(attn::LinearOp layer, attn::AttentionOp attention);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_HEADLAYOUT_H
