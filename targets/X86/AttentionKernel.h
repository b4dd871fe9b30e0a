//===- AttentionKernel.h - attention of a block of queries ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_ATTENTIONKERNEL_H
#define TFC_TARGETS_X86_ATTENTIONKERNEL_H

#include "KernelBuilder.h"
#include "tfc/Dialect/Attn/Attn.h"

#include <string>

namespace tfc::x86 {

/// Why `op`, on tensors or buffers, is left to the loops of its parts; empty
/// where it has a kernel.
std::string whyNoAttentionKernel(attn::AttentionOp op);

/// Sizes that the kernel and its callers agree on.
struct AttentionShape {
  /// Rows of queries of a block: a multiple of the rows of all micro-kernels.
  static constexpr int64_t queries = 48;
  /// Keys whose scores are held at once: a multiple of all panel widths. Scores
  /// of a block and the keys and values stay in the second-level cache.
  static constexpr int64_t keys = 192;
  /// The same where keys are read where they lie: as much memory, for more keys
  /// of fewer queries, as keys and values come from afar in turns.
  static constexpr int64_t directQueries = 8;
  static constexpr int64_t directKeys = queries * keys / directQueries;
  /// Maximum, sum and last correction of each row.
  static constexpr int64_t statistics = 3;

  AttentionShape(attn::AttentionOp op, KernelShape shape);

  int64_t keySize, valueSize;
  /// Keys are in panels [keySize, keyWidth], values in [T, valueWidth].
  int64_t keyWidth, valueWidth, valuePanels;
  /// Of values that are read where they lie: as much of a row at once as there
  /// are registers for, so that few rows are begun twice; 0 where a row is no
  /// multiple of a vector, and would be read beyond its end.
  int64_t directWidth;
};

/// The rows of a block's statistics.
enum Statistic { Maximum, Sum, Correction };

/// Writes the attention of a block of queries of one head: scores of
/// `AttentionShape::keys` keys at a time with a softmax that is corrected as
/// larger scores come (Milakov, Gimelshein 2018; FlashAttention, Dao 2022).
/// `direct`: keys and values are read where they lie, which is worth it for few
/// queries; the sums that the result was divided by are left to the caller.
class AttentionKernel : public PanelFunction {
public:
  /// `scores` multiplies a block of queries with a panel of keys, `values` adds
  /// the product of weights and a panel of values.
  AttentionKernel(mlir::ModuleOp module, KernelShape shape,
                  attn::AttentionOp op, mlir::func::FuncOp scores,
                  mlir::func::FuncOp values, bool direct);

  /// The order of its arguments.
  enum Argument {
    Query,      ///< [rows, keySize]
    Result,     ///< [rows, valueSize]
    Keys,       ///< [panels, keySize, keyWidth]; direct: [T, keySize]
    Values,     ///< [valuePanels, T, valueWidth]; direct: [T, valueSize]
    Scores,     ///< [queries, keys], scratch
    Statistics, ///< [statistics, queries], scratch
    FirstQuery, ///< the row's number among the queries
    Offset,     ///< the position of query 0 among the keys
    Length,     ///< keys that are there, at most T
    FirstKey,   ///< of those that this call is about
    EndKey,
    Batch,
    Head,
    NumFixedArguments ///< then the bias and the mask of the operation, if any
  };

  mlir::func::FuncOp build(llvm::StringRef name);

  /// The types of bias and mask as arguments.
  static mlir::Type broadcastType(mlir::Value operand, mlir::Type element);

private:
  using Body = llvm::function_ref<void(mlir::Value)>;
  void loop(mlir::Value begin, mlir::Value end, int64_t step, Body body);
  /// `body` for each row of the block.
  void eachRow(Body body) { loop(index(0), numRows, 1, body); }
  mlir::Value splat(double number);
  mlir::Value spread(mlir::Value scalar);
  mlir::Value spreadIndex(mlir::Value scalar);
  mlir::Value larger(mlir::Value x, mlir::Value y);
  /// Of exponents of 0 and less, as e^(x - maximum) has them in base 2.
  mlir::Value powerOfTwo(mlir::Value exponent);
  mlir::Value statistic(int64_t which, mlir::Value row);
  void setStatistic(int64_t which, mlir::Value row, mlir::Value value);

  void begin();
  void findRange();
  void block(mlir::Value firstKey);
  void multiplyScores(mlir::Value firstKey, mlir::Value count);
  /// The greatest score of a row of the block, scaled; scores are left as
  /// products.
  mlir::Value greatestOfProducts(mlir::Value row, mlir::Value count);
  /// The same; scores are written scaled, with bias, -inf or the number of
  /// hidden ones where they are not seen.
  mlir::Value greatestOfScores(mlir::Value row, mlir::Value firstKey,
                               mlir::Value count);
  mlir::Value score(mlir::Value product, mlir::Value row, mlir::Value key,
                    mlir::Value isBlocks);
  mlir::Value isSeen(mlir::Value query, mlir::Value position, mlir::Value key,
                     mlir::Value keys);
  mlir::Value broadcastElements(mlir::Value buffer, mlir::Value query,
                                mlir::Value key);
  /// Scores times `factor` to weights, with their sum and the correction of
  /// what was summed before.
  void weights(mlir::Value row, mlir::Value factor, mlir::Value count);
  void addValues(mlir::Value firstKey, mlir::Value count);
  void finish();

  attn::AttentionOp op;
  AttentionShape sizes;
  mlir::func::FuncOp scoresFunction, valuesFunction;
  int64_t blockKeys() const {
    return direct ? AttentionShape::directKeys : AttentionShape::keys;
  }

  bool direct, needsScores;
  mlir::Value query, result, keys, values, scores, statistics, firstQuery,
      offset, length, firstKey, endKey, batch, head, bias, mask;
  mlir::Value numRows, numKeys, rangeBegin, rangeEnd, fullBegin, fullEnd;
};

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_ATTENTIONKERNEL_H
