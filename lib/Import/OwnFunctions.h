//===- OwnFunctions.h - function bodies that schemas lack -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators that are compositions of others, but have no function body in an
// ONNX schema: those that ONNX Runtime's optimisers write (domain
// com.microsoft; its documentation ContribOperators.md says what they mean), and
// some of ONNX's own. The bodies are graphs of ONNX operators, from which
// attention and norms are recognised like from any exporter's.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_IMPORT_OWNFUNCTIONS_H
#define TFC_LIB_IMPORT_OWNFUNCTIONS_H

#include "onnx/onnx_pb.h"
#include <string>
#include <vector>

namespace tfc {

bool hasOwnFunction(const std::string &domain, const std::string &operatorName);

/// The body for this node. Returns false and says why when it has a form that
/// is not covered. Throws what ONNX's parser does.
bool ownFunctionBody(const ::onnx::NodeProto &node,
                     const std::vector<::onnx::TypeProto> &inputTypes,
                     ::onnx::FunctionProto &function, std::string &reason);

} // namespace tfc

#endif // TFC_LIB_IMPORT_OWNFUNCTIONS_H
