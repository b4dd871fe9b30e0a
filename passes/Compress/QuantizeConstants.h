//===- QuantizeConstants.h - weights and biases in integers -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_QUANTIZECONSTANTS_H
#define TFC_PASSES_COMPRESS_QUANTIZECONSTANTS_H

#include "KeptNodes.h"
#include "SiteGraph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::compress {

/// Weights, biases and other operands of `function` that are constants become
/// dequantised integers. Activations are quantised already. With
/// `correctsBiases`, those of linear layers whose E[x] is known take up what
/// rounding the weights changes of their outputs on average (Nagel et al. 2019,
/// section 4.2); a layer without one gets it. Operands of `kept` nodes stay.
void quantizeConstants(func::FuncOp function, bool correctsBiases,
                       const KeptNodes &kept);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_QUANTIZECONSTANTS_H
