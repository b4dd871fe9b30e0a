//===- ScoreGraph.h - what an attention's scores are made of ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_SCOREGRAPH_H
#define TFC_PASSES_RAISE_SCOREGRAPH_H

#include "RaiseContext.h"

namespace tfc::raise {

/// Where(condition, ...) that puts `number` over what is not seen.
struct Hiding {
  mlir::Value condition;
  bool seenWhenTrue = true;
  double number = 0;
  /// The shape of the scores that it lies on, in its place of the graph.
  Sizes view;

  bool isInfinite() const;
};

/// What is added to scores: a tensor times a number, or 0 and what hides.
struct Term {
  mlir::Value value;
  double factor = 1;
  std::optional<Hiding> hiding;
  /// As a hiding's.
  Sizes view;
};

/// A tensor that scales whole rows of scores.
struct RowScale {
  mlir::Value value;
  bool divides = false;
  Sizes view;
};

/// What a score graph is made of, the outermost first.
struct ScoreGraph {
  /// [batch, S, D] and [batch, D, T].
  Raised query, keyTransposed;
  double scale = 1;
  std::optional<double> softcap;
  llvm::SmallVector<RowScale> rowScales;
  llvm::SmallVector<Term> terms;
  llvm::SmallVector<Hiding> hidings;
  /// Shapes of the scores from the softmax to the product.
  llvm::SmallVector<Sizes> views;
};

/// Finds what `scores` is made of; false, and why, where it is something else.
bool matchScores(RaiseContext &c, mlir::Value scores, ScoreGraph &graph,
                 std::string &why);

/// Past a Cast between floating point types, where `value` is one.
mlir::Value pastCast(RaiseContext &c, mlir::Value value);

/// Past a reshape of the batch, which leaves each matrix of scores; null where
/// `reshaped` is none.
mlir::Value pastReshape(RaiseContext &c, mlir::Value reshaped);

/// `node` as a Where one side of which is a number; gives the other side.
std::optional<std::pair<Hiding, mlir::Value>> matchHiding(RaiseContext &c,
                                                          onnx::NodeOp where);

/// Whether `value` is used once, by its elements and not its shape.
bool isReadOnce(mlir::Value value);

/// The subscripts of an Einsum of two inputs, one letter a dimension.
struct EinsumTerms {
  std::string inputs[2], result;
};
std::optional<EinsumTerms> einsumTerms(RaiseContext &c, onnx::NodeOp node);
/// `raised`, of dimensions `letters`, with dimensions `wanted`; those that it
/// does not have are of size 1. Nothing where it has others.
std::optional<Raised> arranged(RaiseContext &c, Raised raised,
                               llvm::StringRef letters, llvm::StringRef wanted);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_SCOREGRAPH_H
