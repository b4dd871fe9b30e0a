//===- QuantizationSites.h - values that get a scale ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// attn-observe and attn-quantize find the same values in the same function.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_QUANTIZATIONSITES_H
#define TFC_PASSES_COMPRESS_QUANTIZATIONSITES_H

#include "SiteGraph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::compress {

/// Where a value's scale comes from.
enum class ScaleSource {
  /// Its range, which has to be observed.
  Range,
  /// Probabilities: 1/256, from 0 to 1.
  Probability,
  /// Another value's scale times a number.
  Multiple,
};

struct Site {
  Value value;
  ScaleSource source = ScaleSource::Range;
  /// Range: its number among those that are observed.
  unsigned number = 0;
  /// Range: only what is near the greatest of a row counts.
  bool isSoftmaxInput = false;
  /// Range: what it is added to for scores, where it may be a mask.
  Value addedTo;
  /// Multiple: of which site, and by what.
  Value base;
  double factor = 1;
};

/// In the function's order.
struct Sites {
  SmallVector<Site> sites;
  /// Numbers of ranges that are one, the first of each being the least.
  SmallVector<SmallVector<unsigned>> shared;
  /// Results that are moved after their last site, by number.
  SmallVector<unsigned> movedResults;

  const Site *find(Value value) const;
  unsigned numRanges() const;
};

Sites findSites(func::FuncOp function);

/// Whether something in `function` is quantised already.
bool isQuantized(func::FuncOp function);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_QUANTIZATIONSITES_H
