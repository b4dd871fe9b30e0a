//===- RegionWork.cpp - what a parallel region computes ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegionWork.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

static int64_t bytesOf(Type element) {
  return element.isIndex()
             ? 8
             : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

SmallVector<Value> tfc::x86::workOf(OpBuilder &b, Operation *op,
                                    Value multiplyAdds) {
  Location loc = op->getLoc();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value bytes = constant(0);
  llvm::SetVector<Value> buffers(op->operand_begin(), op->operand_end());
  for (Value buffer : buffers) {
    auto type = dyn_cast<MemRefType>(buffer.getType());
    if (!type || !type.getElementType().isIntOrIndexOrFloat())
      continue;
    Value size = constant(bytesOf(type.getElementType()));
    for (int64_t d = 0; d < type.getRank(); ++d)
      size = b.createOrFold<arith::MulIOp>(
          loc, size, b.createOrFold<memref::DimOp>(loc, buffer, d));
    bytes = b.createOrFold<arith::AddIOp>(loc, bytes, size);
  }
  return {multiplyAdds ? multiplyAdds : constant(0), bytes};
}
