//===- ObserveInputs.cpp - statistics of what linear layers read -*- C++ -*-==//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AddedResults.h"
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
    // Who calls a private function does not expect more results.
    if (function.isDeclaration() || function.isPrivate())
      return;
    OpBuilder b(function.front().getTerminator());
    AddedResults results(function);
    for (auto [site, input] : llvm::enumerate(linearInputs(function))) {
      results.add(sumOfProducts(b, input.x, input.x), momentsResultName, site);
      results.add(sumOfRows(b, input.x), sumResultName, site);
      results.add(greatestOfColumns(b, input.x), greatestResultName, site);
      results.add(numberOfRows(b, input.x), rowsResultName, site);
    }
    results.finish();
  }
};

} // namespace
