//===- ConstantElements.h - the numbers of constants ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DIALECT_ATTN_CONSTANTELEMENTS_H
#define TFC_DIALECT_ATTN_CONSTANTELEMENTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include <optional>
#include <vector>

namespace tfc::attn {

/// The elements of a constant, row by row, of any of ElementsAttr's forms; `T`
/// has the width of the element type: float for f32, or int8_t, int16_t,
/// int32_t or int64_t. Nothing where their bytes are not there, as in IR that
/// was printed without large weights.
template <typename T>
std::optional<std::vector<T>> constantElements(mlir::ElementsAttr constant);

extern template std::optional<std::vector<float>>
    constantElements(mlir::ElementsAttr);
extern template std::optional<std::vector<int8_t>>
    constantElements(mlir::ElementsAttr);
extern template std::optional<std::vector<int16_t>>
    constantElements(mlir::ElementsAttr);
extern template std::optional<std::vector<int32_t>>
    constantElements(mlir::ElementsAttr);
extern template std::optional<std::vector<int64_t>>
    constantElements(mlir::ElementsAttr);

} // namespace tfc::attn

#endif // TFC_DIALECT_ATTN_CONSTANTELEMENTS_H
