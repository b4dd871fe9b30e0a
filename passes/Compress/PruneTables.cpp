//===- PruneTables.cpp - rows of tables that no index is --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputStatistics.h"
#include "PossibleValues.h"
#include "SiteNames.h"
#include "SliceConstant.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

namespace tfc::compress {
#define GEN_PASS_DEF_PRUNETABLESPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

/// `count` indices from `first` on.
static SmallVector<int64_t> indicesFrom(int64_t first, int64_t count) {
  return llvm::to_vector(llvm::seq<int64_t>(first, first + count));
}

namespace {

struct PruneTablesPass
    : public compress::impl::PruneTablesPassBase<PruneTablesPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    readers = countReaders(function);
    SmallVector<tensor::ExtractOp> lookups;
    SmallVector<tensor::ExtractSliceOp> slices;
    function.walk([&](Operation *op) {
      if (auto lookup = dyn_cast<tensor::ExtractOp>(op))
        lookups.push_back(lookup);
      else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
        slices.push_back(slice);
    });
    for (tensor::ExtractOp lookup : lookups)
      pruneLookup(lookup);
    for (tensor::ExtractSliceOp slice : slices)
      pruneSlice(slice);
  }

private:
  /// The numbers of `table`, which is read here alone; null where it is not.
  ElementsAttr tableOf(Value table);
  void pruneLookup(tensor::ExtractOp lookup);
  void pruneSlice(tensor::ExtractSliceOp slice);
  void note(Operation *op, int64_t before, int64_t after);

  DenseMap<Attribute, unsigned> readers;
};

} // namespace

ElementsAttr PruneTablesPass::tableOf(Value table) {
  ElementsAttr numbers;
  if (!matchPattern(table, m_Constant(&numbers)) || numbers.isSplat() ||
      !isa<FloatType>(numbers.getElementType()) || readers[numbers] != 1)
    return {};
  return numbers;
}

void PruneTablesPass::note(Operation *op, int64_t before, int64_t after) {
  Builder b(&getContext());
  noteCompression(getOperation(), "prune-tables", siteName(op),
                  {b.getNamedAttr("rows", b.getI64IntegerAttr(after)),
                   b.getNamedAttr("of", b.getI64IntegerAttr(before))});
}

void PruneTablesPass::pruneLookup(tensor::ExtractOp lookup) {
  auto generic = dyn_cast<linalg::GenericOp>(lookup->getParentOp());
  ElementsAttr numbers = tableOf(lookup.getTensor());
  if (!generic || !numbers)
    return;
  for (auto [dim, index] : llvm::enumerate(lookup.getIndices())) {
    std::optional<std::set<int64_t>> values = possibleValues(generic, index);
    int64_t rows = numbers.getShapedType().getDimSize(dim);
    if (!values || values->empty() || *values->begin() < 0 ||
        *values->rbegin() >= rows)
      continue;
    int64_t first = *values->begin(), count = *values->rbegin() - first + 1;
    ElementsAttr fewer =
        count < rows ? sliceConstant(numbers, dim, indicesFrom(first, count))
                     : ElementsAttr();
    if (!fewer)
      continue;
    OpBuilder b(generic);
    lookup.getTensorMutable().assign(
        arith::ConstantOp::create(b, lookup.getTensor().getLoc(), fewer));
    b.setInsertionPoint(lookup);
    if (first != 0) {
      Value shift = arith::ConstantIndexOp::create(b, lookup.getLoc(), first);
      lookup.getIndicesMutable()[dim].set(
          arith::SubIOp::create(b, lookup.getLoc(), index, shift));
    }
    numbers = fewer;
    note(generic, rows, count);
  }
}

void PruneTablesPass::pruneSlice(tensor::ExtractSliceOp slice) {
  ElementsAttr numbers = tableOf(slice.getSource());
  if (!numbers || !slice.getResultType().hasStaticShape() ||
      !slice.hasUnitStride() ||
      llvm::any_of(slice.getStaticOffsets(), ShapedType::isDynamic))
    return;
  int64_t before = numbers.getNumElements();
  for (auto [dim, offset, size] :
       llvm::zip(llvm::seq<unsigned>(0, slice.getSourceType().getRank()),
                 slice.getStaticOffsets(), slice.getStaticSizes()))
    if (size < numbers.getShapedType().getDimSize(dim) &&
        !(numbers = sliceConstant(numbers, dim, indicesFrom(offset, size))))
      return;
  if (numbers.getNumElements() == before)
    return;
  OpBuilder b(slice);
  Location loc = slice.getSource().getLoc();
  note(slice, slice.getSourceType().getDimSize(0),
       numbers.getShapedType().getDimSize(0));
  // Of all of it, which folds but for dimensions that go away.
  SmallVector<OpFoldResult> offsets(slice.getMixedOffsets().size(),
                                    b.getIndexAttr(0));
  Value table = arith::ConstantOp::create(b, loc, numbers);
  slice.replaceAllUsesWith(
      tensor::ExtractSliceOp::create(b, slice.getLoc(), slice.getResultType(),
                                     table, offsets, slice.getMixedSizes(),
                                     slice.getMixedStrides())
          .getResult());
  slice.erase();
}
