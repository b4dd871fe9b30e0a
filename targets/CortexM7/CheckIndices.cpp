//===- CheckIndices.cpp - indices of 32 bits --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

#include <limits>

namespace tfc::m7 {
#define GEN_PASS_DEF_CHECKINDICESPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;

namespace {

constexpr int64_t least = std::numeric_limits<int32_t>::min(),
                  most = std::numeric_limits<int32_t>::max();

bool fits(const APInt &value) { return value.isSignedIntN(32); }

LogicalResult checkConstant(arith::ConstantOp op) {
  if (!getElementTypeOrSelf(op.getType()).isIndex())
    return success();
  auto list = dyn_cast<DenseIntElementsAttr>(op.getValue());
  auto number = dyn_cast<IntegerAttr>(op.getValue());
  if ((number && fits(number.getValue())) ||
      (list && llvm::all_of(list.getValues<APInt>(), fits)))
    return success();
  return op.emitError("an index is beyond 32 bits, which are the Cortex-M7's");
}

void clamp(arith::IndexCastOp op) {
  APInt known;
  if (!op.getType().isIndex() || !op.getIn().getType().isInteger(64) ||
      (matchPattern(op.getIn(), m_ConstantInt(&known)) && fits(known)))
    return;
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value low = arith::MaxSIOp::create(
      b, loc, op.getIn(), arith::ConstantIntOp::create(b, loc, least, 64));
  op.getInMutable().assign(arith::MinSIOp::create(
      b, loc, low, arith::ConstantIntOp::create(b, loc, most, 64)));
}

struct CheckIndicesPass
    : public tfc::m7::impl::CheckIndicesPassBase<CheckIndicesPass> {
  void runOnOperation() override {
    bool ok = true;
    getOperation().walk(
        [&](arith::ConstantOp op) { ok &= succeeded(checkConstant(op)); });
    if (!ok)
      return signalPassFailure();
    getOperation().walk([](arith::IndexCastOp op) { clamp(op); });
  }
};

} // namespace
