//===- Interfaces.h - what bufferisation asks -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_INTERFACES_H
#define TFC_TARGETS_X86_INTERFACES_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace tfc::x86 {

/// Lets one-shot bufferisation take the kernels' operations.
void registerBufferizableKernels(mlir::DialectRegistry &registry);

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_INTERFACES_H
