//===- RemoveUnits.cpp - a group without some of its units ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RemoveUnits.h"

#include "SliceConstant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

static Value constantLike(Value old, ArrayRef<float> numbers) {
  OpBuilder b(old.getContext());
  b.setInsertionPointAfterValue(old);
  return arith::ConstantOp::create(
      b, old.getLoc(),
      constantOf(cast<RankedTensorType>(old.getType()), numbers, "refitted"));
}

LogicalResult tfc::compress::removeUnits(const ChannelGroup &group,
                                         ArrayRef<int64_t> units,
                                         const ImportanceOptions &options,
                                         std::string &reason) {
  SmallVector<int64_t> goneRows;
  for (int64_t unit : units)
    llvm::append_range(goneRows, group.rows[unit]);
  std::vector<Refit> fitted;
  for (attn::LinearOp linear : group.consumers) {
    int64_t size = cast<ShapedType>(linear.getX().getType()).getShape().back();
    std::optional<Refit> fit;
    if (options.refit && !options.magnitude)
      fit = refit(linear, allBut(size, goneRows), options);
    if (fit)
      fitted.push_back(std::move(*fit));
  }
  DimensionShrink shrink;
  if (failed(shrink.keep(group.value, group.dim, allBut(group.units, units))) ||
      failed(shrink.apply())) {
    reason = shrink.reason();
    return failure();
  }
  for (Refit &fit : fitted) {
    fit.linear.getWeightMutable().assign(
        constantLike(fit.linear.getWeight(), fit.weight));
    if (!fit.bias.empty())
      fit.linear.getBiasMutable().assign(
          constantLike(fit.linear.getBias(), fit.bias));
  }
  return success();
}
