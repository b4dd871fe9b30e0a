//===- BufferSize.cpp - bytes of a temporary ----------------------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BufferSize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

/// The most that `size`, which is not negative, can be.
static std::optional<int64_t> mostOf(Value size) {
  if (std::optional<int64_t> known = getConstantIntValue(size))
    return known;
  Operation *op = size.getDefiningOp();
  if (!isa_and_nonnull<arith::MinUIOp, arith::MinSIOp>(op))
    return std::nullopt;
  std::optional<int64_t> a = mostOf(op->getOperand(0)),
                         b = mostOf(op->getOperand(1));
  if (a && b)
    return std::min(*a, *b);
  return a ? a : b;
}

std::optional<int64_t> tfc::m7::mostBytes(MemRefType type,
                                          ValueRange openSizes) {
  if (!type.getLayout().isIdentity())
    return std::nullopt;
  unsigned bits =
      type.getElementType().isIndex() ? 32 : type.getElementTypeBitWidth();
  int64_t bytes = llvm::divideCeil(bits, 8);
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      bytes *= size;
  for (Value open : openSizes) {
    std::optional<int64_t> most = mostOf(open);
    if (!most || *most < 0)
      return std::nullopt;
    bytes *= *most;
  }
  return bytes;
}
