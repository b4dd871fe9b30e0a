//===- IndexArithmetic.h - sizes and positions ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_INDEXARITHMETIC_H
#define TFC_TARGETS_X86_INDEXARITHMETIC_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace tfc::x86 {

/// What lowerings write code with: sizes and positions are computed at once
/// where they are known, and are not negative.
class IndexArithmetic {
protected:
  /// In front of `op`.
  explicit IndexArithmetic(mlir::Operation *op) : b(op), loc(op->getLoc()) {}

  mlir::Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, loc, value);
  }
  mlir::Value add(mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::AddIOp>(loc, x, y);
  }
  mlir::Value subtract(mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::SubIOp>(loc, x, y);
  }
  mlir::Value multiply(mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::MulIOp>(loc, x, y);
  }
  mlir::Value divide(mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::DivUIOp>(loc, x, y);
  }
  mlir::Value remainder(mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::RemUIOp>(loc, x, y);
  }
  mlir::Value least(mlir::Value x, mlir::Value y) {
    return b.createOrFold<mlir::arith::MinUIOp>(loc, x, y);
  }
  mlir::Value divideUp(mlir::Value x, int64_t y) {
    return divide(add(x, index(y - 1)), index(y));
  }

  mlir::OpBuilder b;
  mlir::Location loc;
};

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_INDEXARITHMETIC_H
