//===- BufferSize.h - bytes of a temporary ------------------------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_BUFFERSIZE_H
#define TFC_TARGETS_CORTEXM7_BUFFERSIZE_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include <optional>

namespace tfc::m7 {

/// The most bytes that a dense buffer of `type` with these open sizes takes, if
/// that can be known: sizes that data decides have a least of them and a
/// constant where they are computed.
std::optional<int64_t> mostBytes(mlir::MemRefType type,
                                 mlir::ValueRange openSizes);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_BUFFERSIZE_H
