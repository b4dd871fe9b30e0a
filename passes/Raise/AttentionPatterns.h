//===- AttentionPatterns.h - what finds attention's structure ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_ATTENTIONPATTERNS_H
#define TFC_PASSES_RAISE_ATTENTIONPATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace tfc::raise {

/// Masks and biases that are computed, as edges, lengths and what is left.
void populateMaskPatterns(mlir::RewritePatternSet &patterns);

/// Masks and biases that are constants, as windows, global keys and blocks.
void populateConstantMaskPatterns(mlir::RewritePatternSet &patterns);

/// Heads that are repeated, transposes that cancel, scales before a layout.
void populateOperandPatterns(mlir::RewritePatternSet &patterns);

/// Keys and values that are gathered in blocks.
void populateBlockPatterns(mlir::RewritePatternSet &patterns);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_ATTENTIONPATTERNS_H
