//===- QuantizedNodes.h - what int8 can be asked of -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_QUANTIZEDNODES_H
#define TFC_PASSES_COMPRESS_QUANTIZEDNODES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>
#include <vector>

namespace tfc::compress {

/// The names of the nodes that attn-quantize computes in int8 and that its
/// option `keep` takes, in the order of `function`. All operations that came
/// from one node have its name; those from none that of the operation.
std::vector<std::string> quantizedNodes(mlir::func::FuncOp function);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_QUANTIZEDNODES_H
