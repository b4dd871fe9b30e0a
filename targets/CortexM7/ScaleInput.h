//===- ScaleInput.h - the same model of a smaller input ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_SCALEINPUT_H
#define TFC_TARGETS_CORTEXM7_SCALEINPUT_H

#include "mlir/IR/BuiltinOps.h"

namespace tfc::m7 {

/// Gives input `number` of the model, in `m7.interface`, the sizes `dims`, and
/// all tensors of the module those that follow. Fails where an operation cannot
/// have them; the module is of no use then. Where it succeeds, it is good for
/// planning memory only: constants that grew or shrank hold zeros, and offsets
/// are those of before where they are not bound to stay in their tensors.
mlir::LogicalResult scaleInput(mlir::ModuleOp module, unsigned number,
                               llvm::ArrayRef<int64_t> dims);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_SCALEINPUT_H
