//===- NormKernel.h - a warp for each row of a norm -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_NORMKERNEL_H
#define TFC_TARGETS_CUDA_NORMKERNEL_H

#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::cuda {

/// Why there is no kernel for `op`, on tensors or buffers; empty where there
/// is.
std::string whyNoNormKernel(attn::NormOp op);

/// Writes `op`, on dense buffers, as a launch before it. A warp has a row in
/// registers: it is read once, in pieces of 16 bytes, and mean and variance are
/// sums of sums (so rounded no worse than one after the other).
void emitNorm(attn::NormOp op, mlir::OpBuilder &b);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_NORMKERNEL_H
