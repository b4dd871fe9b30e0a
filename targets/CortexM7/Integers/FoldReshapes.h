//===- FoldReshapes.h - reshapes behind tables ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERS_FOLDRESHAPES_H
#define TFC_TARGETS_CORTEXM7_INTEGERS_FOLDRESHAPES_H

#include "mlir/IR/PatternMatch.h"

namespace tfc::m7 {

/// A table of a reshaped tensor is one of the tensor: between two products
/// nothing stands then that cannot be computed for some rows.
void populateFoldReshapePatterns(mlir::RewritePatternSet &patterns);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERS_FOLDRESHAPES_H
