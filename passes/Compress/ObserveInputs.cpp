//===- ObserveInputs.cpp - statistics of what linear layers read -*- C++ -*-==//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgBuilder.h"
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
      add(sumOfMoments(b, input.x), momentsResultName);
      add(sumOfRows(b, input.x), sumResultName);
      add(numberOfRows(b, input.x), rowsResultName);
    }
    end->setOperands(results);
    function.setFunctionType(
        b.getFunctionType(function.getArgumentTypes(), TypeRange(results)));
    function.setAllResultAttrs(attributes);
  }

private:
  /// `positions` of `loops`.
  static AffineMap select(OpBuilder &b, unsigned loops,
                          ArrayRef<unsigned> positions) {
    SmallVector<AffineExpr> results;
    for (unsigned position : positions)
      results.push_back(b.getAffineDimExpr(position));
    return AffineMap::get(loops, 0, results, b.getContext());
  }

  Value sumOfMoments(OpBuilder &b, Value x) {
    LinalgBuilder l(b, x.getLoc());
    unsigned rank = cast<ShapedType>(x.getType()).getRank();
    // The loops are those over x's rows, then one over each factor's elements.
    SmallVector<unsigned> left, right;
    for (unsigned d = 0; d + 1 < rank; ++d) {
      left.push_back(d);
      right.push_back(d);
    }
    left.push_back(rank - 1);
    right.push_back(rank);
    OpFoldResult width = tensor::getMixedSize(b, x.getLoc(), x, rank - 1);
    return l.generic({x, x}, l.filled({width, width}, 0),
                     {select(b, rank + 1, left), select(b, rank + 1, right),
                      select(b, rank + 1, {rank - 1, rank})},
                     [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       Value product =
                           arith::MulFOp::create(b, loc, v[0], v[1]);
                       return arith::AddFOp::create(b, loc, v[2], product);
                     });
  }

  Value sumOfRows(OpBuilder &b, Value x) {
    LinalgBuilder l(b, x.getLoc());
    unsigned rank = cast<ShapedType>(x.getType()).getRank();
    OpFoldResult width = tensor::getMixedSize(b, x.getLoc(), x, rank - 1);
    return l.generic(
        x, l.filled({width}, 0),
        {b.getMultiDimIdentityMap(rank), select(b, rank, rank - 1)},
        [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::AddFOp::create(b, loc, v[0], v[1]);
        });
  }

  Value numberOfRows(OpBuilder &b, Value x) {
    Location loc = x.getLoc();
    Value rows = arith::ConstantIndexOp::create(b, loc, 1);
    for (OpFoldResult size :
         ArrayRef(tensor::getMixedSizes(b, loc, x)).drop_back())
      rows = arith::MulIOp::create(
          b, loc, rows, getValueOrCreateConstantIndexOp(b, loc, size));
    Value number = arith::IndexCastOp::create(b, loc, b.getI64Type(), rows);
    return tensor::FromElementsOp::create(
        b, loc, RankedTensorType::get({}, b.getI64Type()), number);
  }
};

} // namespace
