//===- PruneZeros.cpp - heads and channels that give nothing ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RemoveUnits.h"
#include "SiteNames.h"
#include "tfc/Passes/Compress/Passes.h"

#include "tfc/Dialect/Attn/ConstantElements.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

namespace tfc::compress {
#define GEN_PASS_DEF_PRUNEZEROSPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

/// Rows, of those that a layer sums over, with no weight but zero.
class ZeroRows {
public:
  explicit ZeroRows(attn::LinearOp linear) {
    ElementsAttr constant;
    if (!matchPattern(linear.getWeight(), m_Constant(&constant)) ||
        !constant.getElementType().isF32())
      return;
    if (auto numbers = attn::constantElements<float>(constant))
      read(linear, *numbers);
  }

  bool contains(int64_t row) const {
    return row < int64_t(isZero.size()) && isZero[row];
  }
  bool any() const { return llvm::is_contained(isZero, true); }

private:
  void read(attn::LinearOp linear, ArrayRef<float> numbers) {
    ArrayRef<int64_t> shape =
        cast<ShapedType>(linear.getWeight().getType()).getShape();
    bool transposed = linear.getTransposeWeight();
    isZero.assign(shape[transposed ? 1 : 0], true);
    for (auto [i, number] : llvm::enumerate(numbers))
      if (number != 0)
        isZero[transposed ? i % shape[1] : i / shape[1]] = false;
  }

  std::vector<bool> isZero;
};

struct PruneZerosPass
    : public compress::impl::PruneZerosPassBase<PruneZerosPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    bool changed = false;
    for (const ChannelGroup &group : groupsWithZeros(function)) {
      SmallVector<int64_t> gone = zeroUnits(group);
      // A tensor without elements is not what is left of all heads.
      if (gone.size() == size_t(group.units))
        gone.pop_back();
      std::string reason;
      ImportanceOptions exact;
      exact.refit = false;
      if (gone.empty() || failed(removeUnits(group, gone, exact, reason)))
        continue;
      removed += gone.size();
      changed = true;
    }
    if (!changed)
      return markAllAnalysesPreserved();
    IRRewriter rewriter(function.getContext());
    (void)runRegionDCE(rewriter, function->getRegions());
  }

private:
  /// Looking for groups costs more than for zeros, and most models have none.
  static std::vector<ChannelGroup> groupsWithZeros(func::FuncOp function) {
    for (auto linear : function.getOps<attn::LinearOp>())
      if (ZeroRows(linear).any())
        return findChannelGroups(function);
    return {};
  }

  static SmallVector<int64_t> zeroUnits(const ChannelGroup &group) {
    std::vector<ZeroRows> consumers(group.consumers.begin(),
                                    group.consumers.end());
    SmallVector<int64_t> units;
    for (int64_t unit = 0; unit < group.units; ++unit)
      if (llvm::all_of(consumers, [&](const ZeroRows &zeros) {
            return llvm::all_of(group.rows[unit], [&](int64_t row) {
              return zeros.contains(row);
            });
          }))
        units.push_back(unit);
    return units;
  }
};

} // namespace
