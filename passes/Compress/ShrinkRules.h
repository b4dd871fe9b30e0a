//===- ShrinkRules.h - which dimensions shrink together ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_SHRINKRULES_H
#define TFC_PASSES_COMPRESS_SHRINKRULES_H

#include "DimensionShrink.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tfc::compress {

/// What an operation says of dimensions that lose indices: from those of its
/// operands and results that are known, the others.
class ShrinkRules {
public:
  explicit ShrinkRules(DimensionShrink &shrink) : shrink(shrink) {}

  void visit(mlir::Operation *op);

private:
  /// A dimension of an operand or of a result.
  struct Place {
    mlir::OpOperand *operand;
    mlir::Value result;
    unsigned dim;
    int64_t size() const;
  };
  static Place of(mlir::OpOperand &operand, unsigned dim) {
    return {&operand, {}, dim};
  }
  static Place of(mlir::Value result, unsigned dim) {
    return {nullptr, result, dim};
  }

  const Kept *known(Place place) const;
  void restrict(Place place, Kept kept);
  /// All of them keep the same indices.
  void couple(llvm::ArrayRef<Place> places);
  /// None of them may lose indices; says so of `op` where one does.
  void pin(mlir::Operation *op, llvm::ArrayRef<Place> places,
           const llvm::Twine &reason);
  /// Pins what no rule has named.
  void pinRest(mlir::Operation *op);
  /// The same dimensions of operands and results that have that rank.
  void coupleAlike(llvm::ArrayRef<mlir::OpOperand *> operands,
                   mlir::Value result, unsigned dim);

  void visitLinear(attn::LinearOp op);
  void visitNorm(attn::NormOp op);
  void visitAttention(attn::AttentionOp op);
  void visitReturn(mlir::func::ReturnOp op);
  void visitHeads(attn::AttentionOp op);
  void visitTokens(attn::AttentionOp op);
  void visitRope(attn::RopeOp op);
  void visitPatches(attn::PatchEmbedOp op);
  void visitLinalg(mlir::linalg::LinalgOp op);
  bool coupleLoop(mlir::linalg::LinalgOp op, unsigned loop,
                  llvm::SmallVectorImpl<Place> &places);
  void visitReshape(mlir::Operation *op, bool expands,
                    llvm::ArrayRef<mlir::ReassociationIndices> groups);
  void coupleGroup(mlir::Operation *op, Place flat,
                   llvm::ArrayRef<Place> parts);
  void visitSlice(mlir::tensor::ExtractSliceOp op);
  void visitInsert(mlir::tensor::InsertSliceOp op);
  void coupleWindow(mlir::Operation *op, Place whole, Place part,
                    int64_t offset, int64_t stride);
  void visitPad(mlir::tensor::PadOp op);

  DimensionShrink &shrink;
  llvm::SmallVector<std::pair<mlir::Value, unsigned>> namedResults;
  llvm::SmallVector<std::pair<mlir::OpOperand *, unsigned>> namedOperands;
};

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_SHRINKRULES_H
