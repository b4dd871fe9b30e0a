//===- Tensors.h - inputs of a call -----------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TOOLS_TFC_RUN_TENSORS_H
#define TFC_TOOLS_TFC_RUN_TENSORS_H

#include "Options.h"
#include "tfc/Runtime/Npy.h"

namespace tfc::run {

/// Reads and makes up the inputs that `options` ask for: one array for each
/// input of the model. An empty string, or what is wrong. Types and sizes of
/// arrays from files are the model's to check.
std::string gatherInputs(const Options &options, const tfc_model_info &info,
                         Arrays &inputs);

/// Refers to the array's memory.
tfc_tensor asTensor(Array &array);

/// "float32 [batch, 3, 8]"
std::string describeTensor(const tfc_tensor_info &info);
/// The names, quoted, with commas.
std::string namesOf(const tfc_tensor_info *infos, uint32_t count);
/// Type, shape and the first elements.
std::string summary(const Array &array);

} // namespace tfc::run

#endif // TFC_TOOLS_TFC_RUN_TENSORS_H
