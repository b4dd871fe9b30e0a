//===- CortexM7.h - the Cortex-M7's dialect ---------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CORTEXM7_CORTEXM7_H
#define TFC_TARGET_CORTEXM7_CORTEXM7_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"

#include "tfc/Target/CortexM7/CortexM7Dialect.h.inc"

namespace tfc::m7 {
/// A pointer of the caller's that means nothing to the model.
mlir::MemRefType contextType(mlir::MLIRContext *context);
/// The function that writes strips of `type`.
mlir::FunctionType rowsType(mlir::ShapedType type);
} // namespace tfc::m7

#define GET_OP_CLASSES
#include "tfc/Target/CortexM7/CortexM7Ops.h.inc"

namespace tfc::m7 {
/// Lets one-shot bufferisation handle the operations of m7.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);
} // namespace tfc::m7

#endif // TFC_TARGET_CORTEXM7_CORTEXM7_H
