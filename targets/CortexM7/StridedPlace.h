//===- StridedPlace.h - where a tensor's elements lie -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_STRIDEDPLACE_H
#define TFC_TARGETS_CORTEXM7_STRIDEDPLACE_H

#include "mlir/IR/Value.h"

namespace tfc::m7 {

/// Where the elements of a tensor lie among those of another, in row-major
/// order, of which it was cut and reshaped.
struct StridedPlace {
  mlir::Value root;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> strides;
};

/// Whether `op` only looks at its first operand, in a way `placeOf` follows.
bool isPlaceView(mlir::Operation *op);

/// The place of `value` in the first tensor that is no view of another; none
/// where a reshape has no strides, or sizes and offsets are not known.
std::optional<StridedPlace> placeOf(mlir::Value value);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_STRIDEDPLACE_H
