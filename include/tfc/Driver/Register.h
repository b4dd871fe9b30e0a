//===- Register.h - dialects and passes for the tools -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DRIVER_REGISTER_H
#define TFC_DRIVER_REGISTER_H

#include "mlir/IR/DialectRegistry.h"

namespace tfc {

/// Upstream's dialects and extensions and tfc's own, with the interface
/// implementations that the pipelines need.
void registerDialects(mlir::DialectRegistry &registry);

/// tfc's own dialects, and the interface implementations that its pipelines
/// need of its own and of upstream's: for a compiler that chooses which of
/// upstream's dialects it has.
void registerTfcDialects(mlir::DialectRegistry &registry);

/// Upstream's passes and tfc's passes and pipelines, for textual pipelines.
void registerPasses();

/// tfc's passes and pipelines alone. Upstream's that the pipelines run need not
/// be registered.
void registerTfcPasses();

} // namespace tfc

#endif // TFC_DRIVER_REGISTER_H
