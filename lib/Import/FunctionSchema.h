//===- FunctionSchema.h - function bodies of ONNX's schemas -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_IMPORT_FUNCTIONSCHEMA_H
#define TFC_LIB_IMPORT_FUNCTIONSCHEMA_H

#include "onnx/onnx_pb.h"
#include <string>
#include <vector>

namespace tfc {

/// The body of the operator of `node` at `opset`, with the opsets that its
/// nodes are written for. Returns false and says why when there is none.
bool functionBodyOf(const ::onnx::NodeProto &node, int64_t opset,
                    const std::vector<::onnx::TypeProto> &inputTypes,
                    ::onnx::FunctionProto &function, std::string &reason);

} // namespace tfc

#endif // TFC_LIB_IMPORT_FUNCTIONSCHEMA_H
