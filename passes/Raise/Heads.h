//===- Heads.h - heads side by side and apart -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_HEADS_H
#define TFC_PASSES_RAISE_HEADS_H

#include "RaiseContext.h"

namespace tfc::raise {

/// [B, S, heads * D] as [B, heads, S, D].
Raised splitHeads(NodeContext &n, Raised &packed, int64_t heads);
/// [B, heads, S, D] as [B, S, heads * D].
Raised joinHeads(NodeContext &n, Raised &apart);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_HEADS_H
