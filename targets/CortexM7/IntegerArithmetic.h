//===- IntegerArithmetic.h - scalars of 8, 32 and 64 bits -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERARITHMETIC_H
#define TFC_TARGETS_CORTEXM7_INTEGERARITHMETIC_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace tfc::m7 {

/// Builds arithmetic of `arith`: words have 32 bits, wide numbers 64.
class IntegerArithmetic {
public:
  using Value = mlir::Value;

  IntegerArithmetic(mlir::OpBuilder &builder, mlir::Location loc)
      : b(loc, builder) {}

  mlir::OpBuilder &builder() { return b; }

  Value number(int64_t value) {
    return make<mlir::arith::ConstantOp>(
        b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value wide(int64_t value) {
    return make<mlir::arith::ConstantOp>(b.getI64IntegerAttr(value));
  }
  Value word(Value byte) {
    return make<mlir::arith::ExtSIOp>(b.getI32Type(), byte);
  }
  Value wordUnsigned(Value byte) {
    return make<mlir::arith::ExtUIOp>(b.getI32Type(), byte);
  }
  Value extended(Value x) {
    return make<mlir::arith::ExtSIOp>(b.getI64Type(), x);
  }
  Value truncated(Value x) {
    return make<mlir::arith::TruncIOp>(b.getI32Type(), x);
  }

  Value add(Value x, Value y) { return make<mlir::arith::AddIOp>(x, y); }
  Value sub(Value x, Value y) { return make<mlir::arith::SubIOp>(x, y); }
  Value mul(Value x, Value y) { return make<mlir::arith::MulIOp>(x, y); }
  Value maximum(Value x, Value y) { return make<mlir::arith::MaxSIOp>(x, y); }
  Value divideUnsigned(Value x, Value y) {
    return make<mlir::arith::DivUIOp>(x, y);
  }
  Value shiftLeft(Value x, int64_t bits) {
    return shiftLeftBy(x, like(x, bits));
  }
  Value shiftLeftBy(Value x, Value bits) {
    return make<mlir::arith::ShLIOp>(x, bits);
  }
  Value shiftRight(Value x, int64_t bits) {
    return make<mlir::arith::ShRSIOp>(x, like(x, bits));
  }
  Value shiftRightUnsigned(Value x, int64_t bits) {
    return shiftRightUnsignedBy(x, like(x, bits));
  }
  Value shiftRightUnsignedBy(Value x, Value bits) {
    return make<mlir::arith::ShRUIOp>(x, bits);
  }
  Value countLeadingZeros(Value x) {
    return make<mlir::math::CountLeadingZerosOp>(x);
  }

  /// The element of a constant of one dimension.
  Value element(Value constant, Value position) {
    Value index = make<mlir::arith::IndexCastUIOp>(b.getIndexType(), position);
    return make<mlir::tensor::ExtractOp>(constant, mlir::ValueRange{index});
  }

  /// Limited to a byte: `sat8`.
  Value saturated(Value x) {
    x = make<mlir::arith::MaxSIOp>(x, like(x, -128));
    x = make<mlir::arith::MinSIOp>(x, like(x, 127));
    return make<mlir::arith::TruncIOp>(b.getI8Type(), x);
  }

  /// sat8(zero + high(x, multiplier)).
  Value scaled(Value x, Value multiplier, int32_t zero) {
    Value product =
        add(mul(extended(x), extended(multiplier)), wide(int64_t(1) << 31));
    return saturated(add(shiftRight(product, 32), wide(zero)));
  }

private:
  template <typename Op, typename... Arguments>
  Value make(Arguments &&...arguments) {
    return Op::create(b, std::forward<Arguments>(arguments)...);
  }
  Value like(Value x, int64_t value) {
    return make<mlir::arith::ConstantOp>(b.getIntegerAttr(x.getType(), value));
  }

  mlir::ImplicitLocOpBuilder b;
};

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERARITHMETIC_H
