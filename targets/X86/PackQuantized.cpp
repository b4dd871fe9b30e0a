//===- PackQuantized.cpp - integers as the kernel reads them ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackQuantized.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace tfc::x86;

namespace {

/// Fills tensors [panels, rows, width].
class PanelPacker {
public:
  PanelPacker(const QuantizedConstant &weight, bool transposed, int64_t width,
              MLIRContext *context)
      : weight(weight), transposed(transposed), width(width), context(context),
        depth(weight.shape()[transposed ? 1 : 0]),
        columns(weight.shape()[transposed ? 0 : 1]),
        panels(llvm::divideCeil(columns, width)) {}

  int64_t group() const { return weight.blockSize(transposed ? 1 : 0); }

  QuantizedPanels pack() {
    QuantizedPanels result;
    result.group = group();
    // Rows of one group share bytes.
    bool isOdd = result.group % 2 != 0 && result.group < depth;
    result.bits = isOdd ? 8 : weight.bits();
    int64_t groups = llvm::divideCeil(depth, result.group);
    result.integers =
        result.bits == 8
            ? fill<int8_t>(depth,
                           [&](int64_t k, int64_t n) { return integer(k, n); })
            : fill<int8_t>(llvm::divideCeil(depth, 2), [&](int64_t row,
                                                           int64_t n) {
                int low = integer(2 * row, n),
                    high = 2 * row + 1 < depth ? integer(2 * row + 1, n) : 0;
                return static_cast<int8_t>((low & 15) | (high * 16));
              });
    result.scales = fill<float>(groups, [&](int64_t g, int64_t n) {
      auto [row, column] = place(g * result.group, n);
      return weight.scale(row, column);
    });
    if (weight.hasZeroPoints())
      result.zeroPoints = fill<int8_t>(groups, [&](int64_t g, int64_t n) {
        auto [row, column] = place(g * result.group, n);
        return weight.zeroPoint(row, column);
      });
    return result;
  }

private:
  std::pair<int64_t, int64_t> place(int64_t k, int64_t n) const {
    return transposed ? std::pair(n, k) : std::pair(k, n);
  }
  int8_t integer(int64_t k, int64_t n) const {
    auto [row, column] = place(k, n);
    return weight.integer(row, column);
  }

  /// Zeros after the last column.
  template <typename T>
  ElementsAttr fill(int64_t rows,
                    llvm::function_ref<T(int64_t row, int64_t n)> element) {
    std::vector<T> numbers(panels * rows * width);
    for (int64_t n = 0; n < columns; ++n)
      for (int64_t row = 0; row < rows; ++row)
        numbers[(n / width * rows + row) * width + n % width] = element(row, n);
    Type type = std::is_same_v<T, float> ? Type(Float32Type::get(context))
                                         : IntegerType::get(context, 8);
    AsmResourceBlob blob =
        HeapAsmResourceBlob::allocate(numbers.size() * sizeof(T), 64);
    std::memcpy(blob.getMutableData().data(), numbers.data(),
                numbers.size() * sizeof(T));
    return DenseResourceElementsAttr::get(
        RankedTensorType::get({panels, rows, width}, type), "packed",
        std::move(blob));
  }

  const QuantizedConstant &weight;
  bool transposed;
  int64_t width;
  MLIRContext *context;
  int64_t depth, columns, panels;
};

} // namespace

std::optional<QuantizedPanels>
tfc::x86::packQuantized(const QuantizedConstant &weight, bool transposed,
                        int64_t width, MLIRContext *context) {
  PanelPacker packer(weight, transposed, width, context);
  // A scale for each row of a column is no smaller than the weight in f32.
  if (packer.group() == 1 && weight.shape()[transposed ? 1 : 0] > 1)
    return std::nullopt;
  return packer.pack();
}
