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
  if (options.refit && !options.magnitude)
    fitted = refit(group, goneRows, options);
  DimensionShrink shrink;
  if (failed(shrinkTo(shrink, group, allBut(group.units, units))) ||
      failed(shrink.apply())) {
    reason = shrink.reason();
    return failure();
  }
  for (Refit &fit : fitted) {
    attn::LinearOp first = fit.layers.front();
    Value weight = constantLike(first.getWeight(), fit.weight), bias;
    if (!fit.bias.empty())
      bias = constantLike(first.getBias(), fit.bias);
    for (attn::LinearOp linear : fit.layers) {
      linear.getWeightMutable().assign(weight);
      if (bias)
        linear.getBiasMutable().assign(bias);
    }
  }
  return success();
}

void tfc::compress::noteRemoval(func::FuncOp function, StringRef pass,
                                const ChannelGroup &group, size_t count,
                                const SiteNames &names) {
  Builder b(function.getContext());
  SmallVector<NamedAttribute> details{
      b.getNamedAttr(kindName(group.kind),
                     b.getI64IntegerAttr(group.units - count)),
      b.getNamedAttr("of", b.getI64IntegerAttr(group.units))};
  SmallVector<StringRef> others;
  for (attn::LinearOp linear : ArrayRef(group.consumers).drop_front())
    others.push_back(names[linear]);
  if (!others.empty())
    details.push_back(b.getNamedAttr("with", b.getStrArrayAttr(others)));
  noteCompression(function, pass, names[group.consumers.front()], details);
}
