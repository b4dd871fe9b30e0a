//===- SortKey.h - elements as numbers that sort ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_SORTKEY_H
#define TFC_PASSES_RAISE_SORTKEY_H

#include "RaiseContext.h"

namespace tfc::raise {

/// A number of integer type that sorts as `x` does, NaN above all: the bits,
/// with those of negative numbers turned round. Both zeros are one.
mlir::Value sortKey(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                    int32_t kind);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_SORTKEY_H
