//===- Observe.cpp - tensors whose ranges must be known ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgBuilder.h"
#include "QuantizationSites.h"
#include "tfc/Passes/Compress/Passes.h"

namespace tfc::compress {
#define GEN_PASS_DEF_OBSERVEPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

struct ObservePass : public compress::impl::ObservePassBase<ObservePass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    // Who calls a private function does not expect more results.
    if (function.isDeclaration() || function.isPrivate())
      return;
    if (isQuantized(function)) {
      function.emitError("is quantised already; expected a function in f32");
      return signalPassFailure();
    }
    auto end = cast<func::ReturnOp>(function.front().getTerminator());
    OpBuilder b(end);
    unsigned before = end.getNumOperands();
    SmallVector<Value> results(end.getOperands());
    Sites sites = findSites(function);
    for (const Site &site : sites.sites)
      if (site.source == ScaleSource::Range)
        results.push_back(site.isSoftmaxInput ? nearGreatest(b, site.value)
                          : site.addedTo
                              ? withNearMask(b, site.value, site.addedTo)
                              : site.value);
    end->setOperands(results);
    SmallVector<DictionaryAttr> attributes;
    for (unsigned i = 0; i < results.size(); ++i)
      attributes.push_back(
          i < before ? function.getResultAttrDict(i)
                     : b.getDictionaryAttr(b.getNamedAttr(
                           "tfc.observed", b.getI32IntegerAttr(i - before))));
    function.setFunctionType(
        b.getFunctionType(function.getArgumentTypes(), TypeRange(results)));
    function.setAllResultAttrs(attributes);
  }

private:
  static Value number(OpBuilder &b, Location loc, double value) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  }

  /// `mask` with what is below -1e4, and so hides, only so far below the rest
  /// that what it is added to comes out 12 below all that is seen.
  Value withNearMask(OpBuilder &b, Value mask, Value scores) {
    LinalgBuilder l(b, mask.getLoc());
    double infinity = std::numeric_limits<double>::infinity();
    Value least = l.overAll(
        scores, infinity, [](OpBuilder &b, Location loc, ValueRange v) {
          return arith::MinimumFOp::create(b, loc, v[0], v[1]).getResult();
        });
    Value greatest = l.overAll(
        scores, -infinity, [](OpBuilder &b, Location loc, ValueRange v) {
          return arith::MaximumFOp::create(b, loc, v[0], v[1]).getResult();
        });
    auto hides = [](OpBuilder &b, Location loc, Value x) -> Value {
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLE, x,
                                   number(b, loc, -1e4));
    };
    Value lowest = l.overAll(
        mask, 0, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value less = arith::MinimumFOp::create(b, loc, v[0], v[1]);
          return arith::SelectOp::create(b, loc, hides(b, loc, v[0]), v[1],
                                         less);
        });
    Value spread = l.withNumber(
        greatest, least, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::SubFOp::create(b, loc, v[0], v[1]);
        });
    Value hidden = l.withNumber(
        lowest, spread, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value below = arith::AddFOp::create(b, loc, v[1], number(b, loc, 12));
          return arith::SubFOp::create(b, loc, v[0], below);
        });
    return l.withNumber(mask, hidden,
                        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                          return arith::SelectOp::create(
                              b, loc, hides(b, loc, v[0]), v[1], v[0]);
                        });
  }

  /// `scores`, none of them more than 12 below the greatest of its row. A row
  /// below -5e8 is hidden as a whole, by a number of which f32 can add no
  /// score: all of it is equal, whatever it is.
  Value nearGreatest(OpBuilder &b, Value scores) {
    LinalgBuilder l(b, scores.getLoc());
    return l.withRows(
        scores, l.greatestOfRows(scores),
        [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value near = arith::MaximumFOp::create(
              b, loc, v[0],
              arith::SubFOp::create(b, loc, v[1], number(b, loc, 12)));
          Value isHidden = arith::CmpFOp::create(
              b, loc, arith::CmpFPredicate::OLT, v[1], number(b, loc, -5e8));
          return arith::SelectOp::create(b, loc, isHidden, number(b, loc, 0),
                                         near);
        });
  }
};

} // namespace
