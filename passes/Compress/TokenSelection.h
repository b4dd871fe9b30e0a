//===- TokenSelection.h - the tokens that attention goes to -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_TOKENSELECTION_H
#define TFC_PASSES_COMPRESS_TOKENSELECTION_H

#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::compress {

/// What each key of `attention` receives, [B, T]: the sum over heads and
/// queries of the softmax of the scores, or over heads of those of the first
/// query. Of f32, with nothing but a mask that hides keys.
mlir::Value attentionReceived(mlir::OpBuilder &b, attn::AttentionOp attention,
                              bool ofFirstQuery);

/// The first token and the `count` - 1 others with the greatest `importance`,
/// of [B, T], the first of equal ones: their numbers in ascending order, of
/// i64, [B, count].
mlir::Value greatestTokens(mlir::OpBuilder &b, mlir::Value importance,
                           int64_t count);

/// Rows `tokens`, of [B, N], of `x`, of [B, T, D]: [B, N, D].
mlir::Value rowsOfTokens(mlir::OpBuilder &b, mlir::Value x, mlir::Value tokens);

/// `mask`, of rank 4 as attention takes it, for queries and keys `tokens`, of
/// [B, N], alone, or for one of both.
mlir::Value maskOfTokens(mlir::OpBuilder &b, mlir::Value mask,
                         mlir::Value tokens, bool ofQueries, bool ofKeys);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_TOKENSELECTION_H
