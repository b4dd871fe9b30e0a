//===- LowerProducts.cpp - products of activations --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IndexArithmetic.h"
#include "KernelBuilder.h"
#include "KernelCalls.h"
#include "PanelCopy.h"
#include "ParallelRegion.h"
#include "ProductView.h"
#include "RegionWork.h"
#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86LOWERPRODUCTSPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

namespace {

/// Multiply-adds below which a second worker costs more than it brings.
constexpr int64_t productsWorthAWorker = 1 << 17;

/// Rows of the result that a panel is copied for, and the depth of a panel: a
/// block of X and a panel stay in the second-level cache. Multiples of all
/// numbers of lanes.
constexpr int64_t rowBlock = 192, depthBlock = 384;

/// Rows of the result below which copying a panel costs more than it brings.
constexpr int64_t rowsWorthCopying = 8;

/// A part of the result that a panel makes.
struct Block {
  Value firstRow, rows, firstColumn, columns;
};

/// One product, as it is lowered.
class Lowering : IndexArithmetic {
public:
  Lowering(ModuleOp module, linalg::LinalgOp op, const ProductView &view,
           KernelShape shape, bool profile)
      : IndexArithmetic(op), module(module), op(op), view(view), shape(shape),
        profile(profile) {}

  void run();

private:
  func::FuncOp function(const Twine &name,
                        llvm::function_ref<func::FuncOp(StringRef)> build);
  func::FuncOp copyFunction(int64_t width);
  func::FuncOp productFunction(SumStart start, int64_t width);
  void chooseWidths();
  void computeAll();
  void computeBlock(Value number, ArrayRef<Value> panels);
  void addAllDepth(const Block &block, Value end, int64_t width, Value panel);
  void addDepth(const Block &block, Value firstDepth, int64_t width,
                Value panel);

  ModuleOp module;
  linalg::LinalgOp op;
  const ProductView &view;
  KernelShape shape;
  /// Of panels, and of the last one, which is as narrow as its columns let it,
  /// in falling order.
  SmallVector<int64_t> widths;
  bool profile;
  /// What makes the result's elements 0 before, if that is known.
  linalg::FillOp fill;
  SmallVector<Value> sizes;
  /// Of the loops, where the code is that is being written.
  SmallVector<Value> ivs;
  MatrixStack x, w, c;
};

/// The operation that fills the result of `op` with 0, if there is nothing in
/// between that could see it.
linalg::FillOp fillBefore(linalg::LinalgOp op) {
  Value result = op.getDpsInits()[0], root = lower::rootOf(result);
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode()) {
    if (isa<memref::AllocOp>(before) || isMemoryEffectFree(before))
      continue;
    auto fill = dyn_cast<linalg::FillOp>(before);
    if (!fill)
      return {};
    Value filled = fill.getOutputs()[0];
    if (filled == result)
      return matchPattern(fill.getInputs()[0], m_AnyZeroFloat())
                 ? fill
                 : linalg::FillOp();
    // Another buffer's, unless that is the same memory.
    Value other = lower::rootOf(filled);
    if (other == root || !other.getDefiningOp<memref::AllocOp>())
      return {};
  }
  return {};
}

func::FuncOp
Lowering::function(const Twine &name,
                   llvm::function_ref<func::FuncOp(StringRef)> build) {
  std::string text = name.str();
  if (auto known = module.lookupSymbol<func::FuncOp>(text))
    return known;
  return build(text);
}

func::FuncOp Lowering::copyFunction(int64_t width) {
  StringRef name =
      view.isWTurned ? "tfc_turn_to_panel_f32_" : "tfc_copy_to_panel_f32_";
  return function(name + Twine(width), [&](StringRef name) {
    PanelCopy copy(module, shape, width);
    return view.isWTurned ? copy.buildTurnedPanel(name) : copy.buildPanel(name);
  });
}

func::FuncOp Lowering::productFunction(SumStart start, int64_t width) {
  std::string name = "tfc_product_";
  if (view.isXTurned)
    name += "turned_";
  if (start == SumStart::Result)
    name += "more_";
  return function(name + "f32_" + Twine(width), [&](StringRef name) {
    KernelShape narrow = shape.forWidth(width);
    if (view.isXTurned)
      return TurnedFloatKernel(module, narrow, width, start).build(name);
    return FloatKernel(module, narrow, width, start).build(name);
  });
}

void Lowering::chooseWidths() {
  int64_t columns = op.getStaticLoopRanges()[view.n];
  auto vectorsFor = [&](int64_t count) {
    return llvm::alignTo(count, shape.lanes);
  };
  if (ShapedType::isDynamic(columns)) {
    for (int64_t vectors = shape.vectors; vectors >= 1; --vectors)
      widths.push_back(vectors * shape.lanes);
    return;
  }
  // The last panel is as narrow as what is left for it.
  widths.push_back(
      std::min<int64_t>(shape.vectors * shape.lanes, vectorsFor(columns)));
  int64_t last = vectorsFor(columns % widths[0]);
  // Two panels of two vectors are better than one of three and one of one.
  if (shape.vectors == 3 && columns > widths[0] && columns < 2 * widths[0] &&
      last == shape.lanes)
    widths[0] = last = 2 * shape.lanes;
  if (last != 0 && last != widths[0])
    widths.push_back(last);
}

/// The block of the result at `ivs` with what `depthBlock` of the depth adds.
void Lowering::addDepth(const Block &block, Value firstDepth, int64_t width,
                        Value panel) {
  auto [firstRow, rows, firstColumn, columns] = block;
  Value depth = least(subtract(sizes[view.k], firstDepth), index(depthBlock));
  Value xBlock = x.block(b, loc, ivs, firstRow, rows, firstDepth, depth);
  Value cBlock = c.block(b, loc, ivs, firstRow, rows, firstColumn, columns);
  Value wBlock =
      view.isWTurned
          ? w.block(b, loc, ivs, firstColumn, columns, firstDepth, depth)
          : w.block(b, loc, ivs, firstDepth, depth, firstColumn, columns);
  callKernel(b, loc, copyFunction(width), {wBlock, panel});
  auto multiply = [&](SumStart start) {
    callKernel(b, loc, productFunction(start, width), {xBlock, cBlock, panel});
  };
  std::optional<int64_t> all = getConstantIntValue(sizes[view.k]);
  if (!fill)
    return multiply(SumStart::Result);
  if (all && *all <= depthBlock)
    return multiply(SumStart::Zero);
  Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                        firstDepth, index(0));
  auto choice = scf::IfOp::create(b, loc, isFirst, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  multiply(SumStart::Zero);
  b.setInsertionPointToStart(choice.elseBlock());
  multiply(SumStart::Result);
}

/// Block `number`, with room for a panel of each width: panels change fastest,
/// so that a block of X stays in the cache, then blocks of rows, then the other
/// loops.
void Lowering::computeBlock(Value number, ArrayRef<Value> panels) {
  int64_t widest = widths.front();
  Value numPanels = divideUp(sizes[view.n], widest),
        numRowBlocks = divideUp(sizes[view.m], rowBlock);
  Block block;
  block.firstColumn = multiply(remainder(number, numPanels), index(widest));
  number = divide(number, numPanels);
  block.firstRow = multiply(remainder(number, numRowBlocks), index(rowBlock));
  number = divide(number, numRowBlocks);
  ivs.assign(sizes.size(), Value());
  for (unsigned loop : llvm::reverse(view.outer)) {
    ivs[loop] = remainder(number, sizes[loop]);
    number = divide(number, sizes[loop]);
  }
  block.columns =
      least(subtract(sizes[view.n], block.firstColumn), index(widest));
  block.rows = least(subtract(sizes[view.m], block.firstRow), index(rowBlock));
  // Without any depth the result is 0 yet.
  Value end = b.createOrFold<arith::MaxUIOp>(loc, sizes[view.k], index(1));
  OpBuilder::InsertionGuard guard(b);
  for (auto [i, width] : llvm::enumerate(widths)) {
    if (i + 1 < widths.size()) {
      Value isWider =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt,
                                block.columns, index(widths[i + 1]));
      auto choice = scf::IfOp::create(b, loc, isWider, /*withElseRegion=*/true);
      b.setInsertionPointToStart(choice.thenBlock());
      addAllDepth(block, end, width, panels[i]);
      b.setInsertionPointToStart(choice.elseBlock());
    } else {
      addAllDepth(block, end, width, panels[i]);
    }
  }
}

void Lowering::addAllDepth(const Block &block, Value end, int64_t width,
                           Value panel) {
  auto loop = scf::ForOp::create(b, loc, index(0), end, index(depthBlock));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  addDepth(block, loop.getInductionVar(), width, panel);
}

void Lowering::computeAll() {
  x = view.stack(b, op, view.x, view.m, view.k);
  w = view.isWTurned ? view.stack(b, op, view.w, view.n, view.k)
                     : view.stack(b, op, view.w, view.k, view.n);
  c = view.stack(b, op, 2, view.m, view.n);
  Value count = multiply(divideUp(sizes[view.n], widths.front()),
                         divideUp(sizes[view.m], rowBlock));
  Value all = index(1);
  for (Value size : sizes)
    all = multiply(all, size);
  for (unsigned loop : view.outer)
    count = multiply(count, sizes[loop]);
  Value work = multiply(multiply(least(sizes[view.m], index(rowBlock)),
                                 least(sizes[view.n], index(widths.front()))),
                        sizes[view.k]);
  Value workers = NumThreadsOp::create(b, loc);
  SmallVector<Value> scratch;
  for (int64_t width : widths)
    scratch.push_back(memref::AllocOp::create(
        b, loc,
        MemRefType::get({ShapedType::kDynamic, depthBlock, width},
                        b.getF32Type()),
        workers, b.getI64IntegerAttr(64)));
  SmallVector<Value> told;
  if (profile)
    told = workOf(b, op, all);
  OpBuilder::InsertionGuard guard(b);
  ValueRange part = beginParallel(
      b, loc, count, grainOf(b, loc, work, productsWorthAWorker), told);
  SmallVector<Value> panels;
  for (Value stack : scratch)
    panels.push_back(matrixOf(b, loc, stack, part[2]));
  auto loop = scf::ForOp::create(b, loc, part[0], part[1], index(1));
  b.setInsertionPointToStart(loop.getBody());
  computeBlock(loop.getInductionVar(), panels);
}

void Lowering::run() {
  lower::LinalgLoops loops(op, b);
  sizes = loops.sizes;
  fill = fillBefore(op);
  chooseWidths();
  if (getConstantIntValue(sizes[view.m])) {
    computeAll();
  } else {
    Value isFew = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                        sizes[view.m], index(rowsWorthCopying));
    auto choice = scf::IfOp::create(b, loc, isFew, /*withElseRegion=*/true);
    b.setInsertionPointToStart(choice.thenBlock());
    if (fill)
      b.clone(*fill);
    b.clone(*op);
    b.setInsertionPointToStart(choice.elseBlock());
    computeAll();
  }
  op->erase();
  if (fill)
    fill->erase();
}

/// Whether a kernel is worth its copies.
bool isWorthIt(linalg::LinalgOp op, const ProductView &view) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  auto isAtLeast = [&](unsigned loop, int64_t least) {
    return ShapedType::isDynamic(sizes[loop]) || sizes[loop] >= least;
  };
  return isAtLeast(view.m, rowsWorthCopying) && isAtLeast(view.n, 4) &&
         isAtLeast(view.k, 4);
}

struct LowerProductsPass
    : public x86::impl::X86LowerProductsPassBase<LowerProductsPass> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<KernelShape> shape = kernelShapeOf(getOperation(), vectorBits);
    if (failed(shape))
      return signalPassFailure();
    SmallVector<std::pair<linalg::LinalgOp, ProductView>> products;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!op.hasPureBufferSemantics() || op->getParentOfType<ParallelOp>())
        return;
      FailureOr<ProductView> view = ProductView::of(op);
      if (succeeded(view) && isWorthIt(op, *view))
        products.emplace_back(op, *view);
    });
    for (auto &[op, view] : products)
      Lowering(getOperation(), op, view, *shape, profile).run();
  }
};

} // namespace
