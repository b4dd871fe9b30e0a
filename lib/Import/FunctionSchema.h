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

bool hasFunctionBody(const std::string &domain, const std::string &operatorName,
                     int64_t opset);

/// Whether the schema accepts inputs of these element types (numbers of
/// TensorProto.DataType, 0 where unknown).
bool elementTypesAllowed(const std::string &domain,
                         const std::string &operatorName, int64_t opset,
                         const std::vector<int32_t> &types,
                         std::string &reason);

/// The opset in which the operator first appeared; 0 when no opset has it.
int firstOpsetWith(const std::string &domain, const std::string &operatorName);

} // namespace tfc

#endif // TFC_LIB_IMPORT_FUNCTIONSCHEMA_H
