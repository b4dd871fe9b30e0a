//===- KernelCalls.cpp - views and calls of kernels -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelCalls.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

void tfc::x86::callKernel(OpBuilder &b, Location loc, func::FuncOp function,
                          ArrayRef<Value> arguments) {
  SmallVector<Value> cast;
  for (auto [value, type] :
       llvm::zip_equal(arguments, function.getArgumentTypes()))
    cast.push_back(value.getType() == type
                       ? value
                       : Value(memref::CastOp::create(b, loc, type, value)));
  func::CallOp::create(b, loc, function, cast);
}

Value tfc::x86::blockOf(OpBuilder &b, Location loc, Value buffer,
                        ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes,
                        std::optional<int64_t> rank) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  if (!rank)
    return memref::SubViewOp::create(b, loc, buffer, offsets, sizes, strides);
  SmallVector<int64_t> shape =
      decomposeMixedValues(llvm::to_vector(ArrayRef(sizes).take_back(*rank)))
          .first;
  auto reduced = memref::SubViewOp::inferRankReducedResultType(
      shape, type, offsets, sizes, strides);
  return memref::SubViewOp::create(b, loc, cast<MemRefType>(reduced), buffer,
                                   offsets, sizes, strides);
}

Value tfc::x86::matrixOf(OpBuilder &b, Location loc, Value stack,
                         Value number) {
  auto type = cast<MemRefType>(stack.getType());
  OpFoldResult zero = b.getIndexAttr(0);
  SmallVector<OpFoldResult> sizes = {b.getIndexAttr(1)};
  for (int64_t d = 1; d < 3; ++d)
    sizes.push_back(
        type.isDynamicDim(d)
            ? OpFoldResult(memref::DimOp::create(b, loc, stack, d).getResult())
            : b.getIndexAttr(type.getDimSize(d)));
  return blockOf(b, loc, stack, {number, zero, zero}, sizes, /*rank=*/2);
}
