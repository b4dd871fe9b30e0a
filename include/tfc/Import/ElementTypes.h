//===- ElementTypes.h - element types of ONNX -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_IMPORT_ELEMENTTYPES_H
#define TFC_IMPORT_ELEMENTTYPES_H

#include "mlir/IR/BuiltinTypes.h"
#include <string>

namespace tfc {

/// The element type for a number of TensorProto.DataType; null when tfc has
/// none (strings, complex numbers).
mlir::Type elementType(mlir::MLIRContext *context, int32_t number);

/// The number of TensorProto.DataType for an element type of the `onnx`
/// dialect.
int32_t elementTypeNumber(mlir::Type type);

/// ONNX's name of an element type: "float", "int64", "string".
std::string elementTypeName(int32_t number);

} // namespace tfc

#endif // TFC_IMPORT_ELEMENTTYPES_H
