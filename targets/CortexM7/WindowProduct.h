//===- WindowProduct.h - products of windows of an image --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_WINDOWPRODUCT_H
#define TFC_TARGETS_CORTEXM7_WINDOWPRODUCT_H

#include "ImageStrips.h"
#include "tfc/Target/CortexM7/CortexM7.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tfc::m7 {

/// A product of int8 whose rows are windows that were copied out of an image,
/// by rows of windows.
class WindowProduct {
public:
  explicit WindowProduct(ProductOp product) : product(product) {}

  /// Whether the product is one, and of one image.
  bool match();

  /// Makes a row of windows at a time of the strip of the image that has it.
  /// `readsOnce`: no row of the image is read again for the next strip.
  void split(mlir::RewriterBase &b, bool readsOnce);

private:
  using Value = mlir::Value;

  /// An image with a border, of one number: where the image lies in it.
  struct Border {
    Value image;
    llvm::SmallVector<int64_t> low;
    mlir::Attribute number;
  };

  static std::optional<Border> borderOf(Value image);
  bool carriesRows(bool readsOnce);
  void splitStrips(mlir::RewriterBase &b);
  void splitCarrying(mlir::RewriterBase &b);
  Value carried(mlir::RewriterBase &b, Value strip);
  Value take(mlir::RewriterBase &b, Value start, int64_t first, int64_t count,
             Value strip, int64_t to);
  Value startStrip(mlir::RewriterBase &b);
  Value endStrip(mlir::RewriterBase &b, int64_t window, Value strip);
  mlir::tensor::ExtractSliceOp takeStrip(mlir::RewriterBase &b, Value first);
  Value copyWindows(mlir::RewriterBase &b, Value strip);
  Value multiply(mlir::RewriterBase &b, Value strip, mlir::OpFoldResult token,
                 Value tokens);
  void replace(mlir::RewriterBase &b, Value tokens);

  int64_t rows() const { return shape[row.outer]; }
  int64_t columns() { return flat.getResultType().getDimSize(0) / rows(); }
  /// Rows of the image that a window reaches over.
  int64_t reach() const { return (shape[row.inner] - 1) * row.dilation + 1; }
  /// Rows of the image that strips before the first window have.
  int64_t ahead() const { return reach() - row.stride - border.low[row.axis]; }
  /// Windows whose last rows are in the image.
  int64_t whole() const;
  int64_t imageRows() const;

  ProductOp product;
  /// What makes the depth a multiple of four, if it is none.
  mlir::tensor::PadOp padded;
  mlir::tensor::CollapseShapeOp flat;
  mlir::linalg::GenericOp copy;
  Value image;
  Border border;
  /// What an element of the windows, of `shape`, is in `image`.
  mlir::AffineMap map;
  llvm::SmallVector<int64_t> shape;
  WindowRow row = {};
  /// Rows that are taken at a time; 0: as many as there are.
  int64_t unit = 0;
  llvm::SmallVector<mlir::tensor::ExtractSliceOp> strips;
};

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_WINDOWPRODUCT_H
