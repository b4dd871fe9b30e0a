//===- ConstantMasks.cpp - structure of constant masks ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionPatterns.h"
#include "ElementExpressions.h"
#include "Recognise.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// A tensor without expansions by dimensions of size 1.
Value unexpanded(Value tensor) {
  while (auto expand = tensor.getDefiningOp<tensor::ExpandShapeOp>())
    tensor = expand.getSrc();
  return tensor;
}

/// A constant mask of which whole blocks are one truth.
struct FindMaskBlocks : public OpRewritePattern<attn::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    Value mask = op.getMask() ? op.getMask() : op.getBias();
    Attribute constant;
    if (op.getMaskBlock() || !mask ||
        !matchPattern(unexpanded(mask), m_Constant(&constant)))
      return rewriter.notifyMatchFailure(op, "no constant mask");
    auto type = cast<ShapedType>(mask.getType());
    std::optional<SmallVector<double>> numbers = constantNumbers(constant);
    bool alone = !op.getMask() || !op.getMaskedScore();
    if (!numbers || numbers->empty() || !alone)
      return rewriter.notifyMatchFailure(op, "its numbers are not at hand");
    double number = -std::numeric_limits<double>::infinity();
    double seen = type.getElementType().isInteger(1) ? 1 : 0;
    if (!op.getMask()) {
      number = *llvm::min_element(*numbers);
      bool f32 = type.getElementType().isF32();
      bool isMask =
          llvm::all_of(*numbers,
                       [&](double n) { return n == 0 || n == number; }) &&
          (number == -std::numeric_limits<double>::infinity() ||
           (f32 && number <= absorbing) ||
           (f32 && number <= hiding && everyRowSees(*numbers, type))) &&
          op.getScore() != attn::ScoreFunction::Linear && !op.getCausal() &&
          !op.getLeftWindow() && !op.getRightWindow() && !op.getKeyLengths();
      if (!isMask)
        return rewriter.notifyMatchFailure(op, "the bias is not a mask");
    }
    ArrayRef<int64_t> shape = type.getShape();
    for (int64_t block : {64, 32, 16, 8, 4, 2}) {
      std::optional<SmallVector<bool>> blocks =
          blocksOf(*numbers, seen, shape, block);
      if (!blocks)
        continue;
      auto coarse = RankedTensorType::get(
          {shape[0], shape[1], shape[2] / block, shape[3] / block},
          rewriter.getI1Type());
      Value value = arith::ConstantOp::create(
          rewriter, op.getLoc(), DenseElementsAttr::get(coarse, *blocks));
      rewriter.modifyOpInPlace(op, [&] {
        if (!op.getMask())
          op.getBiasMutable().clear();
        op.getMaskMutable().assign(value);
        op.setMaskBlock(block);
        // Rows that see a key lose what a finite number hides.
        if (!std::isinf(number) && !everyRowSees(*numbers, type))
          op.setMaskedScore(APFloat(number));
      });
      return success();
    }
    return asMask(op, rewriter, *numbers, type, number, seen);
  }

private:
  /// A mask of truths without blocks, causal where it hides all later keys.
  static LogicalResult asMask(attn::AttentionOp op, PatternRewriter &rewriter,
                              ArrayRef<double> numbers, ShapedType type,
                              double number, double seen) {
    bool positioned = op.getCausal() || op.getLeftWindow() ||
                      op.getRightWindow() || op.getQueryOffset();
    bool causal = !positioned && hidesLaterKeys(numbers, type, seen);
    if (op.getMask() && !causal)
      return rewriter.notifyMatchFailure(op, "no blocks of one truth");
    Value mask = op.getMask();
    if (!mask) {
      SmallVector<bool> truths =
          llvm::map_to_vector(numbers, [&](double n) { return n == seen; });
      auto truthsType =
          RankedTensorType::get(type.getShape(), rewriter.getI1Type());
      mask = arith::ConstantOp::create(
          rewriter, op.getLoc(), DenseElementsAttr::get(truthsType, truths));
    }
    rewriter.modifyOpInPlace(op, [&] {
      if (!op.getMask()) {
        op.getBiasMutable().clear();
        op.getMaskMutable().assign(mask);
        if (!std::isinf(number) && !everyRowSees(numbers, type))
          op.setMaskedScore(APFloat(number));
      }
      op.setCausal(op.getCausal() || causal);
    });
    return success();
  }

  static bool hidesLaterKeys(ArrayRef<double> numbers, ShapedType type,
                             double seen) {
    int64_t rows = type.getShape()[2], columns = type.getShape()[3];
    if (rows != columns || rows < 2)
      return false;
    for (auto [at, number] : llvm::enumerate(numbers)) {
      int64_t row = at / columns % rows, column = at % columns;
      if (number == seen && column > row)
        return false;
    }
    return true;
  }

  static bool everyRowSees(ArrayRef<double> numbers, ShapedType type) {
    int64_t columns = type.getShape().back();
    for (size_t row = 0; row < numbers.size(); row += columns)
      if (!llvm::is_contained(numbers.slice(row, columns), 0.0))
        return false;
    return true;
  }

  static std::optional<SmallVector<bool>> blocksOf(ArrayRef<double> numbers,
                                                   double seen,
                                                   ArrayRef<int64_t> shape,
                                                   int64_t block) {
    int64_t rows = shape[2], columns = shape[3];
    if (rows % block || columns % block || rows == block || columns == block)
      return std::nullopt;
    SmallVector<bool> blocks;
    for (int64_t matrix = 0; matrix < shape[0] * shape[1]; ++matrix)
      for (int64_t i = 0; i < rows; i += block)
        for (int64_t j = 0; j < columns; j += block) {
          auto at = [&](int64_t y, int64_t x) {
            return numbers[(matrix * rows + i + y) * columns + j + x] == seen;
          };
          for (int64_t y = 0; y < block; ++y)
            for (int64_t x = 0; x < block; ++x)
              if (at(y, x) != at(0, 0))
                return std::nullopt;
          blocks.push_back(at(0, 0));
        }
    return blocks;
  }
};

/// A constant mask of a window and keys that all see, as Longformer's.
struct FindGlobalKeys : public OpRewritePattern<attn::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    Attribute constant;
    if (op.getMask() || op.getCausal() || op.getLeftWindow() ||
        op.getRightWindow() || op.getKeyLengths() || op.getQueryOffset() ||
        op.getScore() == attn::ScoreFunction::Linear || !op.getBias() ||
        !matchPattern(unexpanded(op.getBias()), m_Constant(&constant)))
      return rewriter.notifyMatchFailure(op, "no constant bias alone");
    auto type = cast<ShapedType>(op.getBias().getType());
    ArrayRef<int64_t> shape = type.getShape();
    std::optional<SmallVector<double>> numbers = constantNumbers(constant);
    if (!numbers || numbers->empty() || shape[0] != 1 || shape[1] != 1 ||
        shape[2] != shape[3])
      return rewriter.notifyMatchFailure(op, "not one square matrix");
    double number = *llvm::min_element(*numbers);
    bool f32 = type.getElementType().isF32();
    if (!(number <= hiding) || !(f32 || std::isinf(number)) ||
        llvm::any_of(*numbers, [&](double n) { return n != 0 && n != number; }))
      return rewriter.notifyMatchFailure(op, "the bias is not a mask");
    std::optional<Window> window = windowOf(*numbers, shape[2]);
    if (!window)
      return rewriter.notifyMatchFailure(op, "not a window with global keys");
    rewriter.modifyOpInPlace(op, [&] {
      op.getBiasMutable().clear();
      op.setLeftWindow(window->left);
      op.setRightWindow(window->right);
      op.setGlobal(window->global);
    });
    return success();
  }

private:
  struct Window {
    int64_t left = 0, right = 0, global = 0;
  };

  /// What is 0 in a square matrix, as a window and global keys and queries.
  static std::optional<Window> windowOf(ArrayRef<double> numbers,
                                        int64_t size) {
    Window window;
    auto seen = [&](int64_t i, int64_t j) {
      return numbers[i * size + j] == 0;
    };
    auto seenByAll = [&](int64_t key) {
      return llvm::all_of(llvm::seq<int64_t>(0, size),
                          [&](int64_t query) { return seen(query, key); });
    };
    while (window.global < size && seenByAll(window.global))
      ++window.global;
    if (window.global == 0 || window.global == size)
      return std::nullopt;
    for (int64_t i = window.global; i < size; ++i)
      for (int64_t j = window.global; j < size; ++j)
        if (seen(i, j)) {
          window.left = std::max(window.left, i - j);
          window.right = std::max(window.right, j - i);
        }
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < size; ++j)
        if (seen(i, j) != (i < window.global || j < window.global ||
                           (i - j <= window.left && j - i <= window.right)))
          return std::nullopt;
    return window;
  }
};
} // namespace

void tfc::raise::populateConstantMaskPatterns(RewritePatternSet &patterns) {
  patterns.add<FindGlobalKeys>(patterns.getContext());
  // What has edges needs no blocks.
  patterns.add<FindMaskBlocks>(patterns.getContext(), /*benefit=*/0);
}
