//===- CausalLinear.h - attention that is a recurrence ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DIALECT_ATTN_CAUSALLINEAR_H
#define TFC_DIALECT_ATTN_CAUSALLINEAR_H

#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::attn {

/// Whether scores are linear and causal, query i sees the keys up to i, and
/// nothing else hides keys.
bool isCausalLinear(AttentionOp op);

} // namespace tfc::attn

#endif // TFC_DIALECT_ATTN_CAUSALLINEAR_H
