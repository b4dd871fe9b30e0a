//===- FewQueries.h - attention of few queries ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_FEWQUERIES_H
#define TFC_TARGETS_X86_FEWQUERIES_H

#include "KernelBuilder.h"
#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::x86 {

/// Writes the products of few queries with keys that lie in rows:
/// (query [M, K], block [M, n], keys [n, K]).
class DotProducts : public PanelFunction {
public:
  using PanelFunction::PanelFunction;
  mlir::func::FuncOp build(llvm::StringRef name, int64_t size);

private:
  /// Of one row with `count` keys, with the last part of the row by a mask.
  void keys(mlir::Value row, mlir::Value key, int64_t count, int64_t size);
  mlir::Value query, block, rows;
};

/// Writes what makes one result of those for parts of the keys, which is
/// associative (LeanAttention, Sanovar et al. 2024):
/// (parts [C, M, E], statistics [C, statistics, queries], result [M, E]).
class MergedParts : public PanelFunction {
public:
  using PanelFunction::PanelFunction;
  mlir::func::FuncOp build(llvm::StringRef name, attn::AttentionOp op);

private:
  mlir::Value scalar(double number);
  /// What is left of each part's sum beside the greatest of all scores, in
  /// place of its correction; and their sum.
  mlir::Value shares(mlir::Value row);
  mlir::Value statistics, count;
};

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_FEWQUERIES_H
