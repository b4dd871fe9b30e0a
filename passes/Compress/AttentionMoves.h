//===- AttentionMoves.h - what an attention may become ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_ATTENTIONMOVES_H
#define TFC_PASSES_COMPRESS_ATTENTIONMOVES_H

#include "AttentionSites.h"

#include <string>

namespace tfc::compress {

/// Why attn-linformer leaves an attention alone, however many keys it has;
/// empty where it does not.
std::string whyNoMeansOfKeys(attn::AttentionOp attention);

/// Why attn-sparse-attention does not make an attention hard; empty where it
/// does.
std::string whyNotHard(attn::AttentionOp attention);

/// Why attn-prune-tokens refuses to take tokens away behind the attention;
/// empty where `tokens` may stay.
std::string whyNoFewerTokens(attn::AttentionOp attention,
                             mlir::func::FuncOp function, int64_t tokens);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_ATTENTIONMOVES_H
