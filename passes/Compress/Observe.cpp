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
    if (function.isDeclaration())
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
  /// `scores`, none of them more than 12 below the greatest of its row.
  Value nearGreatest(OpBuilder &b, Value scores) {
    LinalgBuilder l(b, scores.getLoc());
    return l.withRows(
        scores, l.greatestOfRows(scores),
        [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value width =
              arith::ConstantOp::create(b, loc, b.getF32FloatAttr(12));
          return arith::MaximumFOp::create(
              b, loc, v[0], arith::SubFOp::create(b, loc, v[1], width));
        });
  }
};

} // namespace
