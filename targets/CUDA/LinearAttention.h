//===- LinearAttention.h - causal linear attention as a scan ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_LINEARATTENTION_H
#define TFC_TARGETS_CUDA_LINEARATTENTION_H

#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::cuda {

/// Writes `op`, on tensors, as an `attn.scan` in f32 (Katharopoulos et al.
/// 2020, section 3.3) of values with a column of ones more, whose results are
/// the sums of the scores, and a division. Nothing where it is not causal and
/// linear, or there is no kernel for the scan.
mlir::FailureOr<mlir::Value> buildLinearScan(attn::AttentionOp op,
                                             mlir::OpBuilder &b);

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_LINEARATTENTION_H
