/*===- Ranks.h - how many sizes tensors have ----------------------*- C -*-===//
 *
 * Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#ifndef TFC_LIB_RUNTIME_RANKS_H
#define TFC_LIB_RUNTIME_RANKS_H

#include "tfc/Runtime/model.h"

/* Sizes of all, one tensor after the other. */
static inline int64_t total_rank(const tfc_tensor_info *infos, uint32_t count) {
  int64_t total = 0;
  for (uint32_t i = 0; i < count; ++i)
    total += infos[i].rank;
  return total;
}

#endif /* TFC_LIB_RUNTIME_RANKS_H */
