//===- ObserveInputs.cpp - statistics of what linear layers read -*- C++ -*-==//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowSums.h"
#include "tfc/Passes/Compress/LinearInputs.h"
#include "tfc/Passes/Compress/Passes.h"

namespace tfc::compress {
#define GEN_PASS_DEF_OBSERVEINPUTSPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

struct ObserveInputsPass
    : public compress::impl::ObserveInputsPassBase<ObserveInputsPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    auto end = cast<func::ReturnOp>(function.front().getTerminator());
    OpBuilder b(end);
    SmallVector<Value> results(end.getOperands());
    SmallVector<DictionaryAttr> attributes;
    for (unsigned i = 0; i < results.size(); ++i)
      attributes.push_back(function.getResultAttrDict(i));
    for (auto [site, input] : llvm::enumerate(linearInputs(function))) {
      auto add = [&, site = site](Value result, StringRef name) {
        results.push_back(result);
        attributes.push_back(b.getDictionaryAttr(
            b.getNamedAttr(name, b.getI32IntegerAttr(site))));
      };
      add(sumOfProducts(b, input.x, input.x), momentsResultName);
      add(sumOfRows(b, input.x), sumResultName);
      add(greatestOfColumns(b, input.x), greatestResultName);
      add(numberOfRows(b, input.x), rowsResultName);
    }
    end->setOperands(results);
    function.setFunctionType(
        b.getFunctionType(function.getArgumentTypes(), TypeRange(results)));
    function.setAllResultAttrs(attributes);
  }
};

} // namespace
