//===- ElementExpressions.h - tensors as functions of indices ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Masks are computed: by Range and comparison, by triangles of ones, by slices
// of a constant, by casts and products. What such a tensor holds at an index is
// found here as an expression of the index, so that its structure can be read.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_ELEMENTEXPRESSIONS_H
#define TFC_PASSES_RAISE_ELEMENTEXPRESSIONS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tfc::raise {

/// A tensor of truths at an index, of which no more is known.
struct OpaqueTruth {
  mlir::Value tensor;
  llvm::SmallVector<mlir::AffineExpr> index;
};

/// An integer of a tensor at an index, of which no more is known.
struct OpaqueInteger {
  mlir::Value tensor;
  llvm::SmallVector<mlir::AffineExpr> index;
};

/// True where every bound is 0 or more and every opaque truth is true.
struct Truth {
  llvm::SmallVector<mlir::AffineExpr> bounds;
  llvm::SmallVector<OpaqueTruth> opaque;
};

/// What a tensor holds at an index.
struct Element {
  enum Kind {
    Unknown,
    /// `integer`
    Integer,
    /// `truth`
    Boolean,
    /// `seen` where `truth` holds, else `hidden`
    Choice
  };
  Kind kind = Unknown;
  mlir::AffineExpr integer;
  Truth truth;
  double seen = 0, hidden = 0;

  static Element of(mlir::AffineExpr integer) {
    Element element;
    element.kind = Integer;
    element.integer = integer;
    return element;
  }
  static Element of(Truth truth) {
    Element element;
    element.kind = Boolean;
    element.truth = std::move(truth);
    return element;
  }
  static Element choice(Truth truth, double seen, double hidden) {
    Element element;
    element.kind = Choice;
    element.truth = std::move(truth);
    element.seen = seen;
    element.hidden = hidden;
    return element;
  }
  static Element number(double value) { return choice({}, value, value); }
  bool isNumber() const { return kind == Choice && seen == hidden; }
};

/// A bound that says key < number + `plus`, with keys as dimension 3.
struct LengthBound {
  OpaqueInteger number;
  int64_t plus = 0;
};

/// Finds what tensors hold. Symbols of the expressions stand for `index`
/// values, or for integers of tensors.
class ElementExpressions {
public:
  explicit ElementExpressions(mlir::MLIRContext *context) : context(context) {}

  /// Dimension i of the expressions is below `sizes[i]`.
  void setExtents(llvm::ArrayRef<mlir::AffineExpr> sizes) {
    extents.assign(sizes.begin(), sizes.end());
  }
  /// `tensor` at `index`, expressions of dimensions and symbols.
  Element at(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> index);
  /// An integer outside tensors: a number, a sum, or a symbol.
  mlir::AffineExpr integer(mlir::OpFoldResult value);
  /// Size `dim` of a tensor; the same symbol for sizes that are one value.
  mlir::AffineExpr size(mlir::Value tensor, int64_t dim);
  /// What `value` in the body of `op` is, where `op` computes the element at
  /// `index`.
  Element inBody(mlir::linalg::GenericOp op, mlir::Value value,
                 llvm::ArrayRef<mlir::AffineExpr> index);
  /// The integer of a tensor that a symbol stands for; null for others.
  const OpaqueInteger *opaqueInteger(unsigned symbol) const {
    auto found = integers.find(symbol);
    return found == integers.end() ? nullptr : &found->second;
  }
  /// `bound` as one on keys by an integer that a tensor holds for the batch,
  /// dimension 0, or for all.
  std::optional<LengthBound> length(mlir::AffineExpr bound) const;
  /// Whether integers of tensors are in it.
  bool readsIntegers(mlir::AffineExpr expr) const;
  /// Whether it is 0 or more, sizes and indices being so.
  bool isNonNegative(mlir::AffineExpr expr) const;

  /// The index of operand 0 of `op`, a view or transpose of it, that the result
  /// has at `index`; nothing for other operations.
  std::optional<llvm::SmallVector<mlir::AffineExpr>>
  sourceIndex(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> index);

  /// A symbol of its own, which stands for no value.
  mlir::AffineExpr newSymbol();
  /// What the symbols stand for, in their order.
  llvm::ArrayRef<mlir::Value> symbols() const { return values; }

private:
  Element constantAt(mlir::Value tensor, mlir::Attribute constant,
                     llvm::ArrayRef<mlir::AffineExpr> index);
  Element genericAt(mlir::linalg::GenericOp op,
                    llvm::ArrayRef<mlir::AffineExpr> index);
  /// The element of a tensor that others were written into, or the written one.
  Element insertedAt(mlir::tensor::InsertSliceOp op,
                     llvm::ArrayRef<mlir::AffineExpr> index);
  /// `index` as quotient and remainder by `size`, where that is seen in it.
  std::optional<std::pair<mlir::AffineExpr, mlir::AffineExpr>>
  split(mlir::AffineExpr index, mlir::AffineExpr size) const;
  mlir::AffineExpr symbol(mlir::Value value);
  mlir::AffineExpr symbol(mlir::Value tensor,
                          llvm::ArrayRef<mlir::AffineExpr> index);

  mlir::MLIRContext *context;
  llvm::DenseMap<unsigned, OpaqueInteger> integers;
  llvm::SmallVector<mlir::Value> values;
  llvm::SmallVector<mlir::AffineExpr> extents;
};

/// The elements of a constant of up to 2^24 numbers or truths; nothing for
/// others.
std::optional<llvm::SmallVector<double>>
constantNumbers(mlir::Attribute constant);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_ELEMENTEXPRESSIONS_H
