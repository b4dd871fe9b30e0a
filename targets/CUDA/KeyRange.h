//===- KeyRange.h - which keys a tile of queries sees -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_KEYRANGE_H
#define TFC_TARGETS_CUDA_KEYRANGE_H

#include "KernelBuilder.h"
#include "KeyTiles.h"
#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::cuda {

/// The keys that a block of queries of `op` sees, of one batch, and the scores
/// of those that it sees in part. Made inside of the kernel.
class KeyRange {
public:
  /// For `queries` rows from `firstQuery` on, and tiles of `keys`; of a
  /// sequence of `numTokens`, where that is given. With `listed`, tiles are
  /// places in its lists.
  KeyRange(attn::AttentionOp op, KernelBuilder &k, mlir::Value batch,
           mlir::Value head, mlir::Value firstQuery, int64_t queries,
           int64_t keys, mlir::Value numTokens = {},
           const KeyTiles *listed = nullptr);

  /// Tiles from `begin` to `end`; those from `fullBegin` to `fullEnd` are seen
  /// whole by all queries and have nothing added.
  mlir::Value begin, fullBegin, fullEnd, end;
  /// Tiles of these, if not null, are seen by no query: those between the keys
  /// that all see and the windows.
  mlir::Value skipFrom, skipTo;
  /// Whether there are such in front of others, by what is known of `op`.
  bool mayBeginInPart();
  bool mayBeFull();

  static bool needsScoresOf(attn::AttentionOp op);
  /// Whether scores are scaled before anything else is done, in `score`; else
  /// they are left as products.
  bool needsScores;
  /// What the score of a query and a key becomes, -inf where it is not seen.
  mlir::Value score(mlir::Value product, mlir::Value query, mlir::Value key) {
    return score(product, head, query, key);
  }
  /// The same where a block has queries of several heads.
  mlir::Value score(mlir::Value product, mlir::Value headOfQuery,
                    mlir::Value query, mlir::Value key);
  /// Where a score that is not seen is a number.
  bool hidesByNumber();

  mlir::Value numKeys;

private:
  void findTiles(mlir::Value firstQuery, int64_t queries, int64_t keys);
  void findListedTiles(mlir::Value firstQuery, int64_t queries);
  void findTilesBesideGlobal(mlir::Value first, mlir::Value last,
                             mlir::Value seen, int64_t keys);
  mlir::Value isSeen(mlir::Value headOfQuery, mlir::Value query,
                     mlir::Value key);
  mlir::Value element(mlir::Value buffer, mlir::Value headOfQuery,
                      mlir::Value query, mlir::Value key);

  attn::AttentionOp op;
  KernelBuilder &k;
  const KeyTiles *listed;
  mlir::Value batch, head, numQueries, offset, lengthOfBatch;
};

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_KEYRANGE_H
