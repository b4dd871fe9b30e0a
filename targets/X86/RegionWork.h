//===- RegionWork.h - what a parallel region computes -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_REGIONWORK_H
#define TFC_TARGETS_X86_REGIONWORK_H

#include "mlir/IR/Builders.h"

namespace tfc::x86 {

/// The `work` of the x86.parallel that `op`, on buffers, becomes: its
/// multiply-adds (null: none) and the bytes of its buffers, each once.
llvm::SmallVector<mlir::Value> workOf(mlir::OpBuilder &b, mlir::Operation *op,
                                      mlir::Value multiplyAdds);

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_REGIONWORK_H
