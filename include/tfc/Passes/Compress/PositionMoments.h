//===- PositionMoments.h - keys and values along the sequence ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_POSITIONMOMENTS_H
#define TFC_PASSES_COMPRESS_POSITIONMOMENTS_H

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::compress {

/// The attentions of f32 of the function itself whose number of keys T is
/// known: attn-observe-positions counts them in this order, which a function
/// and its copy share.
llvm::SmallVector<attn::AttentionOp>
attentionsWithPositions(mlir::func::FuncOp function);

/// The attributes of an attention that say how its keys and values at two
/// positions go together: sums over batches, heads and features of k_s k_t and
/// of v_s v_t, of [T, T], in f64. Only their ratios count.
inline constexpr llvm::StringLiteral keyPositionsName = "tfc.key_positions";
inline constexpr llvm::StringLiteral valuePositionsName = "tfc.value_positions";

/// Those of results of attn-observe-positions.
inline constexpr llvm::StringLiteral keyProductsResultName = "tfc.key_products";
inline constexpr llvm::StringLiteral valueProductsResultName =
    "tfc.value_products";

void attachPositionMoments(attn::AttentionOp attention,
                           llvm::ArrayRef<double> keys,
                           llvm::ArrayRef<double> values);

void dropPositionMoments(mlir::func::FuncOp function);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_POSITIONMOMENTS_H
