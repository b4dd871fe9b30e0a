//===- ScalarArithmetic.h - arithmetic of sizes ---------------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_SCALARARITHMETIC_H
#define TFC_PASSES_RAISE_SCALARARITHMETIC_H

#include "RaiseContext.h"

namespace tfc::raise {

enum class ScalarOp {
  Add,
  Sub,
  Mul,
  Div,
  Mod,
  Min,
  Max,
  Equal,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  And,
  Or,
  Xor,
  Pow
};

/// One scalar of shape arithmetic; a null result asks for the tensor way.
mlir::OpFoldResult combine(RaiseContext &c, ScalarOp op, mlir::OpFoldResult x,
                           mlir::OpFoldResult y);

/// Evaluates on scalars when every operand is a list of them.
using ScalarFunction =
    llvm::function_ref<mlir::OpFoldResult(llvm::ArrayRef<mlir::OpFoldResult>)>;
std::optional<Raised> onElements(NodeContext &n,
                                 llvm::ArrayRef<unsigned> inputs, int32_t kind,
                                 ScalarFunction function);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_SCALARARITHMETIC_H
