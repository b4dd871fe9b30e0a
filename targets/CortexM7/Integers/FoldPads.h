//===- FoldPads.h - products with columns for nothing -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERS_FOLDPADS_H
#define TFC_TARGETS_CORTEXM7_INTEGERS_FOLDPADS_H

#include "mlir/IR/PatternMatch.h"

namespace tfc::m7 {

/// A product whose rows are made longer only to be read by another product gets
/// outputs of zero weights instead: that costs less than copying its rows.
void populateFoldPadPatterns(mlir::RewritePatternSet &patterns);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERS_FOLDPADS_H
