//===- Operators.h - the operators that ONNX has ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_IMPORT_OPERATORS_H
#define TFC_IMPORT_OPERATORS_H

#include <string>
#include <vector>

namespace tfc {

/// Names of all operators that ONNX defines, of any domain.
std::vector<std::string> onnxOperators();

} // namespace tfc

#endif // TFC_IMPORT_OPERATORS_H
