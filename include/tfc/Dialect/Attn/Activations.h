//===- Activations.h - activations as arithmetic ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DIALECT_ATTN_ACTIVATIONS_H
#define TFC_DIALECT_ATTN_ACTIVATIONS_H

#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::attn {

/// What `activation` makes of the number `x`.
mlir::Value activated(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                      Activation activation);

} // namespace tfc::attn

#endif // TFC_DIALECT_ATTN_ACTIVATIONS_H
