//===- ElementFunction.h - bodies of linalg on the host ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERS_ELEMENTFUNCTION_H
#define TFC_TARGETS_CORTEXM7_INTEGERS_ELEMENTFUNCTION_H

#include "mlir/IR/Block.h"
#include <optional>

namespace tfc::m7 {

/// What the body of a linalg operation yields for `arguments`, its inputs: each
/// operation in f32, functions rounded from double precision. None where the
/// body has an operation that is not known here, or reads its output.
std::optional<float> evaluateBody(mlir::Block &body,
                                  llvm::ArrayRef<float> arguments);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERS_ELEMENTFUNCTION_H
