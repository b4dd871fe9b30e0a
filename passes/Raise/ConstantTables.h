//===- ConstantTables.h - tables that are known                 -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_CONSTANTTABLES_H
#define TFC_PASSES_RAISE_CONSTANTTABLES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace tfc::raise {

/// `table` as a constant of `type`, rounded to it, where its loops have no
/// inputs and compute from known numbers, and it is not large; else as it is.
mlir::Value knownTable(mlir::Value table, mlir::RankedTensorType type);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_CONSTANTTABLES_H
