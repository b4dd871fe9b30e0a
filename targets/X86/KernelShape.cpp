//===- KernelShape.cpp - blocks of the result in registers ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelShape.h"

using namespace mlir;
using namespace tfc::x86;

FailureOr<KernelShape> tfc::x86::kernelShapeOf(Operation *op, unsigned bits) {
  if (bits != 128 && bits != 256 && bits != 512) {
    op->emitError("vector-bits: expected 128, 256 or 512, found ") << bits;
    return failure();
  }
  return KernelShape::forVectorBits(bits);
}
