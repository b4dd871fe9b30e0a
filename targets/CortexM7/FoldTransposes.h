//===- FoldTransposes.h - transposes that undo each other -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_FOLDTRANSPOSES_H
#define TFC_TARGETS_CORTEXM7_FOLDTRANSPOSES_H

#include "mlir/IR/PatternMatch.h"

namespace tfc::m7 {

/// Joins transposes, also through reshapes between them, so that a map of
/// channels that becomes rows of tokens again is never made.
void populateFoldTransposesPatterns(mlir::RewritePatternSet &patterns);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_FOLDTRANSPOSES_H
