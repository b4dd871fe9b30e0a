//===- Quantize.cpp - f32 to int8 with known ranges -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputStatistics.h"
#include "KeptNodes.h"
#include "QuantizationRange.h"
#include "QuantizationSites.h"
#include "QuantizeConstants.h"
#include "tfc/Passes/Compress/Passes.h"
#include "tfc/Passes/Compress/QuantizedNodes.h"

#include <cmath>

namespace tfc::compress {
#define GEN_PASS_DEF_QUANTIZEPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

struct QuantizePass : public compress::impl::QuantizePassBase<QuantizePass> {
  using Base::Base;

  void runOnOperation() override {
    if (getOperation().isDeclaration())
      return;
    if (failed(quantize(getOperation())))
      signalPassFailure();
  }

private:
  LogicalResult quantize(func::FuncOp function);
  LogicalResult checkKept(func::FuncOp function);
  LogicalResult checkStatistics(func::FuncOp function);
  LogicalResult checkRanges(func::FuncOp function, const Sites &sites);
  SmallVector<quant::UniformQuantizedType> typesOf(const Sites &sites);
  /// `value` rounded to `type`, after `after` or where `b` stands.
  Value rounded(OpBuilder &b, Value value, quant::UniformQuantizedType type);
};

LogicalResult QuantizePass::checkRanges(func::FuncOp function,
                                        const Sites &sites) {
  size_t wanted = 2 * sites.numRanges();
  if (ranges.size() != wanted)
    return function.emitError("expected ")
           << wanted << " numbers in ranges, two for each observed tensor, "
           << "found " << ranges.size();
  for (size_t i = 0; i < wanted; i += 2)
    if (!std::isfinite(ranges[i]) || !std::isfinite(ranges[i + 1]) ||
        ranges[i] > ranges[i + 1])
      return function.emitError("expected the least and the greatest element "
                                "of observed tensor ")
             << i / 2 << ", found " << ranges[i] << " and " << ranges[i + 1];
  return success();
}

SmallVector<quant::UniformQuantizedType>
QuantizePass::typesOf(const Sites &sites) {
  std::vector<double> known(ranges.begin(), ranges.end());
  for (const SmallVector<unsigned> &shared : sites.shared) {
    double low = 0, high = 0;
    for (unsigned number : shared) {
      low = std::min(low, known[2 * number]);
      high = std::max(high, known[2 * number + 1]);
    }
    for (unsigned number : shared) {
      known[2 * number] = low;
      known[2 * number + 1] = high;
    }
  }
  SmallVector<quant::UniformQuantizedType> types;
  DenseMap<Value, quant::UniformQuantizedType> byValue;
  for (const Site &site : sites.sites) {
    quant::UniformQuantizedType type;
    switch (site.source) {
    case ScaleSource::Range:
      type = int8TypeOfRange(&getContext(), known[2 * site.number],
                             known[2 * site.number + 1]);
      break;
    case ScaleSource::Probability:
      type = int8Type(&getContext(), 1.0 / 256, -128);
      break;
    case ScaleSource::Multiple: {
      quant::UniformQuantizedType base = byValue.lookup(site.base);
      type = int8Type(&getContext(), base.getScale() * site.factor,
                      base.getZeroPoint());
      break;
    }
    }
    byValue[site.value] = type;
    types.push_back(type);
  }
  return types;
}

Value QuantizePass::rounded(OpBuilder &b, Value value,
                            quant::UniformQuantizedType type) {
  Location loc = value.getLoc();
  auto real = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  auto integers = RankedTensorType::get(real.getShape(), b.getI8Type());
  Value stored =
      attn::QuantizeOp::create(
          b, loc, integers, value,
          tensor::EmptyOp::create(b, loc, sizes, b.getI8Type()), type)
          .getResult();
  return attn::DequantizeOp::create(
             b, loc, real, stored,
             tensor::EmptyOp::create(b, loc, sizes, b.getF32Type()), type)
      .getResult();
}

LogicalResult QuantizePass::checkKept(func::FuncOp function) {
  if (keep.empty())
    return success();
  std::vector<std::string> known = quantizedNodes(function);
  for (const std::string &name : keep)
    if (!llvm::is_contained(known, name))
      return function.emitError("quantize: there is no node '")
             << name << "' that is computed in int8; there are '"
             << llvm::join(known, "', '") << "'";
  return success();
}

LogicalResult QuantizePass::checkStatistics(func::FuncOp function) {
  for (auto layer : function.getOps<attn::LinearOp>())
    if (failed(inputStatistics(layer)))
      return failure();
  return success();
}

LogicalResult QuantizePass::quantize(func::FuncOp function) {
  if (isQuantized(function))
    return function.emitError(
        "is quantised already; expected a function in f32");
  Sites sites = findSites(function);
  if (failed(checkRanges(function, sites)) || failed(checkKept(function)))
    return failure();
  KeptNodes kept(keep);
  SmallVector<quant::UniformQuantizedType> types = typesOf(sites);
  OpBuilder b(function.getContext());
  Operation *end = function.front().getTerminator();
  for (unsigned number : sites.movedResults) {
    Value root = rootOf(end->getOperand(number));
    if (kept.isKept(root.getDefiningOp()))
      continue;
    b.setInsertionPoint(end);
    for (auto [site, type] : llvm::zip(sites.sites, types))
      if (site.value == root)
        end->setOperand(number, rounded(b, end->getOperand(number), type));
  }
  for (auto [site, type] : llvm::zip(sites.sites, types)) {
    SmallVector<OpOperand *> uses = kept.roundedUses(site.value);
    if (uses.empty() && !keep.empty())
      continue;
    b.setInsertionPointAfterValue(site.value);
    Value value = rounded(b, site.value, type);
    for (OpOperand *use : uses)
      use->set(value);
  }
  if (correctBiases && failed(checkStatistics(function)))
    return failure();
  quantizeConstants(function, correctBiases, kept);
  return success();
}

} // namespace
