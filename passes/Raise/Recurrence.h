//===- Recurrence.h - linear recurrences as they are found ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_RECURRENCE_H
#define TFC_PASSES_RAISE_RECURRENCE_H

#include "ElementProducts.h"

#include "mlir/IR/PatternMatch.h"

namespace tfc::raise {

/// What a dimension of the state is in attn.scan. Dimensions of size 1 are not
/// asked for.
enum class Role { Batch, Head, Token, KeyFeature, ValueFeature };

/// A recurrence as it was found: products are over the dimensions of the state,
/// the iteration being a symbol.
struct Recurrence {
  explicit Recurrence(mlir::Location loc) : loc(loc) {}

  mlir::Location loc;
  /// The state before the first step, and how many steps there are.
  mlir::Value initial;
  /// Whether that is all zeros, `initial` having the shape alone.
  bool startsAtZero = false;
  mlir::OpFoldResult steps;
  /// What becomes the state after the last step, and the collected rows.
  mlir::Value last, rows;
  /// One step.
  ElementProduct key, value, query;
  /// Logarithms of what multiplies the state: by rows, or step times rate.
  std::optional<ElementProduct> decay, step, rate;
  /// The dimension of the state with a role.
  llvm::SmallDenseMap<Role, unsigned> dims;
  /// For each dimension of what is collected: that of the state or, for the
  /// iteration, none; absent where the size is 1.
  llvm::SmallDenseMap<unsigned, std::optional<unsigned>> rowDims;
  double scale = 1;
  unsigned iteration = 0;

  bool isOne(unsigned dim) const;
  /// The index of an element of the state.
  llvm::SmallVector<mlir::AffineExpr> index() const;
  mlir::Type element() const;
};

/// What one step does, before it is said what its dimensions mean.
struct RecurrenceStep {
  /// state = keeps * state + adds, in dimensions of the state.
  ElementProduct keeps, adds;
  /// row = sum over `summed` of query * state, in dimensions of the state.
  ElementProduct query;
  unsigned summed = 0;
  /// The dimension of the state that each of the row is; none for size 1.
  llvm::SmallVector<std::optional<unsigned>> rowDims;
};

/// Reads steps of recurrences.
class RecurrenceReader {
public:
  RecurrenceReader(ElementExpressions &expressions, ElementProducts &products)
      : expressions(expressions), products(products) {}

  /// Why the last call gave false.
  std::string why;

  /// The sum that `row` is a view of, and the index of that of the row's
  /// elements; nothing where it is none.
  mlir::linalg::LinalgOp sumOf(mlir::Value row,
                               llvm::SmallVectorImpl<mlir::AffineExpr> &index);

  /// How `next` comes from `before`, a tensor of the same shape; with no
  /// `before`, from a state of zeros.
  bool readUpdate(mlir::Value before, mlir::Value next, RecurrenceStep &step);
  /// How `row` is read from `state`.
  bool readRow(mlir::Value row, mlir::Value state, RecurrenceStep &step);
  /// Says what the step's dimensions are.
  bool assignRoles(const RecurrenceStep &step, Recurrence &found);

private:
  bool no(const llvm::Twine &reason) {
    why = reason.str();
    return false;
  }
  bool alignRow(ElementProduct product, mlir::Value state, unsigned summed,
                RecurrenceStep &step);
  bool splitInput(const RecurrenceStep &step, Recurrence &found);
  bool splitDecay(const RecurrenceStep &step, Recurrence &found);
  bool onlyKnownPlaces(Recurrence &found);

  ElementExpressions &expressions;
  ElementProducts &products;
};

/// Index expressions of a tensor's own element; 0 where a size is 1.
llvm::SmallVector<mlir::AffineExpr> ownIndex(mlir::Value tensor);

/// Puts attn.scan where the rewriter stands, and its results in the place of
/// what comes after it.
void replaceByScan(mlir::RewriterBase &b, Recurrence &found);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_RECURRENCE_H
