//===- FoldSlices.h - heads where they lie ----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERS_FOLDSLICES_H
#define TFC_TARGETS_CORTEXM7_INTEGERS_FOLDSLICES_H

#include "mlir/IR/PatternMatch.h"

namespace tfc::m7 {

/// Matrices that are cut out of a transposed tensor, or put into one that is
/// transposed afterwards, are cut out of the tensor itself, or put into the
/// result: rows may lie at any distance.
void populateFoldSlicePatterns(mlir::RewritePatternSet &patterns);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERS_FOLDSLICES_H
