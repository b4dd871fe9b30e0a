//===- ObservePositions.cpp - keys and values along the sequence *- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AddedResults.h"
#include "LinalgBuilder.h"
#include "tfc/Passes/Compress/Passes.h"
#include "tfc/Passes/Compress/PositionMoments.h"

namespace tfc::compress {
#define GEN_PASS_DEF_OBSERVEPOSITIONSPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

/// The sums over batches, heads and features of x_s x_t, [T, T], for x of
/// [B, G, T, D].
static Value productsOfPositions(OpBuilder &b, Value x) {
  LinalgBuilder l(b, x.getLoc());
  OpFoldResult count = tensor::getMixedSize(b, x.getLoc(), x, 2);
  auto map = [&](ArrayRef<unsigned> positions) {
    return mapOfLoops(b, 5, positions);
  };
  // Loops: batch, head, feature, position, the other position.
  return l.generic({x, x}, l.filled({count, count}, 0),
                   {map({0, 1, 3, 2}), map({0, 1, 4, 2}), map({3, 4})},
                   [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                     Value product = arith::MulFOp::create(b, loc, v[0], v[1]);
                     return arith::AddFOp::create(b, loc, v[2], product);
                   });
}

namespace {

struct ObservePositionsPass
    : public compress::impl::ObservePositionsPassBase<ObservePositionsPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    // Who calls a private function does not expect more results.
    if (function.isDeclaration() || function.isPrivate())
      return;
    OpBuilder b(function.front().getTerminator());
    AddedResults results(function);
    for (auto [site, attention] :
         llvm::enumerate(attentionsWithPositions(function)))
      for (auto [name, x] :
           {std::pair{keyProductsResultName, attention.getKey()},
            std::pair{valueProductsResultName, attention.getValue()}})
        results.add(productsOfPositions(b, x), name, site);
    results.finish();
  }
};

} // namespace
