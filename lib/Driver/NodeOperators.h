//===- NodeOperators.h - the operators of a model's nodes -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_NODEOPERATORS_H
#define TFC_LIB_DRIVER_NODEOPERATORS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace tfc {

/// Which operators the nodes of a module in the `onnx` dialect have, by the
/// nodes' names, as targets read it in `tfc.operators`. A vendor's have their
/// domain before them, as in com.microsoft::Gelu.
mlir::DictionaryAttr operatorsByNode(mlir::ModuleOp module);

/// Fails where a name is neither an operator of ONNX nor one of the model.
llvm::Error checkOperators(llvm::ArrayRef<std::string> names,
                           mlir::DictionaryAttr operatorsByNode,
                           llvm::StringRef option);

} // namespace tfc

#endif // TFC_LIB_DRIVER_NODEOPERATORS_H
