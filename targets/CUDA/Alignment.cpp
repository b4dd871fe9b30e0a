//===- Alignment.cpp - what may be read at once -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Alignment.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tfc;

int64_t tfc::cuda::bytesOf(Type element) {
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

bool tfc::cuda::isAligned(MemRefType type, int64_t elements) {
  // What is dense has rows that begin at multiples of their size.
  if (type.getLayout().isIdentity() && type.getRank() != 0)
    return type.getRank() == 1 ||
           (!ShapedType::isDynamic(type.getShape().back()) &&
            type.getShape().back() % elements == 0);
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || strides.empty() ||
      strides.back() != 1 || ShapedType::isDynamic(offset) ||
      offset % elements != 0)
    return false;
  return llvm::all_of(ArrayRef(strides).drop_back(), [&](int64_t stride) {
    return !ShapedType::isDynamic(stride) && stride % elements == 0;
  });
}
