//===- LowerKernels.cpp - packed products to a micro-kernel -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelShape.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86LOWERKERNELSPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

namespace {

/// Rows of x that stay in the second-level cache while all panels pass.
constexpr int64_t rowBlock = 128;
/// Multiply-adds below which a second worker costs more than it brings.
constexpr int64_t productsWorthAWorker = 1 << 17;

/// Writes the kernel C = x * panel + bias for panels of one width:
/// (x [M, K], panel [K, R], bias [R], C [M, n]) with n at most R.
class KernelBuilder {
public:
  KernelBuilder(ModuleOp module, KernelShape shape, int64_t width)
      : b(module.getBody(), module.getBody()->end()), loc(module.getLoc()),
        shape(shape), width(width), vectors(width / shape.lanes),
        vector(VectorType::get({shape.lanes}, b.getF32Type())) {}

  func::FuncOp build(StringRef name);

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value multiplyAdd(Value x, Value y, Value sum);
  /// A mask of the first `count` lanes; `count` may exceed them.
  Value firstLanes(Value count);
  /// Rows `row` to row + `count` - 1 of the block.
  void rows(Value row, int64_t count, bool whole);
  void blockOfRows(bool whole);

  OpBuilder b;
  Location loc;
  KernelShape shape;
  int64_t width, vectors;
  VectorType vector;
  Value x, panel, bias, c, height, depth, columns;
};

Value KernelBuilder::multiplyAdd(Value x, Value y, Value sum) {
  // Without the instruction, llvm.fma would be a call a lane.
  if (shape.fusedMultiplyAdd)
    return vector::FMAOp::create(b, loc, x, y, sum);
  return arith::AddFOp::create(b, loc, arith::MulFOp::create(b, loc, x, y),
                               sum);
}

Value KernelBuilder::firstLanes(Value count) {
  auto type = VectorType::get({shape.lanes}, b.getI64Type());
  Value lanes = arith::ConstantOp::create(
      b, loc,
      DenseIntElementsAttr::get(
          type, llvm::to_vector(llvm::seq<int64_t>(0, shape.lanes))));
  Value limit = arith::IndexCastOp::create(b, loc, b.getI64Type(), count);
  return arith::CmpIOp::create(
      b, loc, arith::CmpIPredicate::slt, lanes,
      vector::BroadcastOp::create(b, loc, type, limit));
}

void KernelBuilder::rows(Value row, int64_t count, bool whole) {
  SmallVector<Value> rowIndices, offsets, start;
  for (int64_t r = 0; r < count; ++r)
    rowIndices.push_back(arith::AddIOp::create(b, loc, row, index(r)));
  for (int64_t v = 0; v < vectors; ++v)
    offsets.push_back(index(v * shape.lanes));
  // The bias is where the sums start: adding it costs nothing.
  for (int64_t r = 0; r < count; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      start.push_back(vector::LoadOp::create(b, loc, vector, bias, offsets[v]));
  auto loop = scf::ForOp::create(b, loc, index(0), depth, index(1), start);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    SmallVector<Value> weights, next;
    for (int64_t v = 0; v < vectors; ++v)
      weights.push_back(vector::LoadOp::create(b, loc, vector, panel,
                                               ValueRange{k, offsets[v]}));
    // Eight rows ahead in the panel: the distance that hides the second-level
    // cache's latency without outrunning the first's size.
    Value ahead = arith::AddIOp::create(b, loc, k, index(8));
    for (int64_t at = 0; at < width; at += 16)
      memref::PrefetchOp::create(b, loc, panel, ValueRange{ahead, index(at)},
                                 /*isWrite=*/false,
                                 /*localityHint=*/3, /*isDataCache=*/true);
    for (int64_t r = 0; r < count; ++r) {
      Value element =
          memref::LoadOp::create(b, loc, x, ValueRange{rowIndices[r], k});
      Value spread = vector::BroadcastOp::create(b, loc, vector, element);
      for (int64_t v = 0; v < vectors; ++v)
        next.push_back(multiplyAdd(spread, weights[v],
                                   loop.getRegionIterArgs()[r * vectors + v]));
    }
    scf::YieldOp::create(b, loc, next);
  }
  for (int64_t v = 0; v < vectors; ++v) {
    Value mask;
    if (!whole)
      mask = firstLanes(arith::SubIOp::create(b, loc, columns, offsets[v]));
    for (int64_t r = 0; r < count; ++r) {
      Value sum = loop.getResult(r * vectors + v);
      if (whole)
        vector::StoreOp::create(b, loc, sum, c,
                                ValueRange{rowIndices[r], offsets[v]});
      else
        vector::MaskedStoreOp::create(
            b, loc, c, ValueRange{rowIndices[r], offsets[v]}, mask, sum);
    }
  }
}

void KernelBuilder::blockOfRows(bool whole) {
  Value done = index(0);
  for (int64_t count = shape.rows; count >= 1; count /= 2) {
    Value step = index(count);
    Value rest = arith::SubIOp::create(b, loc, height, done);
    Value here = arith::MulIOp::create(
        b, loc, arith::DivUIOp::create(b, loc, rest, step), step);
    Value end = arith::AddIOp::create(b, loc, done, here);
    auto loop = scf::ForOp::create(b, loc, done, end, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    rows(loop.getInductionVar(), count, whole);
    done = end;
  }
}

func::FuncOp KernelBuilder::build(StringRef name) {
  Type f32 = b.getF32Type();
  constexpr int64_t open = ShapedType::kDynamic;
  auto matrix = [&](int64_t rows, int64_t columns, int64_t stride) {
    return MemRefType::get(
        {rows, columns}, f32,
        StridedLayoutAttr::get(b.getContext(), open, {stride, 1}));
  };
  Type row = MemRefType::get({width}, f32,
                             StridedLayoutAttr::get(b.getContext(), open, {1}));
  auto type =
      b.getFunctionType({matrix(open, open, open), matrix(open, width, width),
                         row, matrix(open, open, open)},
                        {});
  auto function = func::FuncOp::create(b, loc, name, type);
  function.setPrivate();
  function->setAttr("passthrough",
                    b.getArrayAttr({b.getStringAttr("noinline")}));
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  x = entry->getArgument(0);
  panel = entry->getArgument(1);
  bias = entry->getArgument(2);
  c = entry->getArgument(3);
  height = memref::DimOp::create(b, loc, x, 0);
  depth = memref::DimOp::create(b, loc, x, 1);
  columns = memref::DimOp::create(b, loc, c, 1);
  Value isWhole = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                        columns, index(width));
  auto choice = scf::IfOp::create(b, loc, isWhole, /*withElseRegion=*/true);
  b.setInsertionPointToStart(choice.thenBlock());
  blockOfRows(true);
  b.setInsertionPointToStart(choice.elseBlock());
  blockOfRows(false);
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b, loc);
  return function;
}

struct LowerKernelsPass
    : public x86::impl::X86LowerKernelsPassBase<LowerKernelsPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<PackedLinearOp> ops;
    getOperation().walk([&](PackedLinearOp op) { ops.push_back(op); });
    for (PackedLinearOp op : ops)
      lower(op);
  }

private:
  func::FuncOp kernelFor(int64_t width) {
    std::string name = ("tfc_gemm_f32_" + Twine(width)).str();
    if (auto known = getOperation().lookupSymbol<func::FuncOp>(name))
      return known;
    return KernelBuilder(getOperation(), KernelShape::forVectorBits(vectorBits),
                         width)
        .build(name);
  }

  void lower(PackedLinearOp op);
};

void LowerKernelsPass::lower(PackedLinearOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  ArrayRef<int64_t> panels =
      cast<MemRefType>(op.getPanels().getType()).getShape();
  int64_t depth = panels[1], width = panels[2];
  int64_t columns = cast<MemRefType>(op.getInit().getType()).getDimSize(1);
  func::FuncOp kernel = kernelFor(width);
  ArrayRef<Type> types = kernel.getArgumentTypes();
  Value height = memref::DimOp::create(b, loc, op.getX(), 0);
  Value blocks = arith::DivUIOp::create(
      b, loc, arith::AddIOp::create(b, loc, height, index(rowBlock - 1)),
      index(rowBlock));
  Value count = arith::MulIOp::create(b, loc, blocks, index(panels[0]));
  Value blockHeight = arith::MinUIOp::create(b, loc, height, index(rowBlock));
  Value work = arith::MulIOp::create(b, loc, blockHeight, index(depth * width));
  work = arith::MaxUIOp::create(b, loc, work, index(1));
  Value grain = arith::MaxUIOp::create(
      b, loc, arith::DivUIOp::create(b, loc, index(productsWorthAWorker), work),
      index(1));

  auto parallel = ParallelOp::create(b, loc, count, grain);
  Block *body = &parallel.getBody().emplaceBlock();
  for (unsigned i = 0; i < 3; ++i)
    body->addArgument(b.getIndexType(), loc);
  b.setInsertionPointToStart(body);
  YieldOp::create(b, loc);
  b.setInsertionPointToStart(body);
  auto loop = scf::ForOp::create(b, loc, body->getArgument(0),
                                 body->getArgument(1), index(1));
  b.setInsertionPointToStart(loop.getBody());
  // Panels change fastest: a block of rows stays in the cache.
  Value panelNumber =
      arith::RemUIOp::create(b, loc, loop.getInductionVar(), index(panels[0]));
  Value block =
      arith::DivUIOp::create(b, loc, loop.getInductionVar(), index(panels[0]));
  Value firstRow = arith::MulIOp::create(b, loc, block, index(rowBlock));
  Value rows = arith::MinUIOp::create(
      b, loc, arith::SubIOp::create(b, loc, height, firstRow), index(rowBlock));
  Value firstColumn = arith::MulIOp::create(b, loc, panelNumber, index(width));
  Value used = arith::MinUIOp::create(
      b, loc, arith::SubIOp::create(b, loc, index(columns), firstColumn),
      index(width));

  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  auto attr = [&](int64_t value) -> OpFoldResult {
    return b.getIndexAttr(value);
  };
  Value xBlock = memref::SubViewOp::create(
      b, loc, op.getX(), ArrayRef<OpFoldResult>{firstRow, zero},
      ArrayRef<OpFoldResult>{rows, attr(depth)},
      ArrayRef<OpFoldResult>{one, one});
  auto panelType = memref::SubViewOp::inferRankReducedResultType(
      {depth, width}, cast<MemRefType>(op.getPanels().getType()),
      ArrayRef<OpFoldResult>{panelNumber, zero, zero},
      ArrayRef<OpFoldResult>{one, attr(depth), attr(width)},
      ArrayRef<OpFoldResult>{one, one, one});
  Value panel = memref::SubViewOp::create(
      b, loc, cast<MemRefType>(panelType), op.getPanels(),
      ArrayRef<OpFoldResult>{panelNumber, zero, zero},
      ArrayRef<OpFoldResult>{one, attr(depth), attr(width)},
      ArrayRef<OpFoldResult>{one, one, one});
  Value bias = memref::SubViewOp::create(
      b, loc, op.getBias(), ArrayRef<OpFoldResult>{firstColumn},
      ArrayRef<OpFoldResult>{attr(width)}, ArrayRef<OpFoldResult>{one});
  Value result = memref::SubViewOp::create(
      b, loc, op.getInit(), ArrayRef<OpFoldResult>{firstRow, firstColumn},
      ArrayRef<OpFoldResult>{rows, used}, ArrayRef<OpFoldResult>{one, one});
  auto castTo = [&](Value value, Type type) -> Value {
    return value.getType() == type
               ? value
               : Value(memref::CastOp::create(b, loc, type, value));
  };
  func::CallOp::create(
      b, loc, kernel,
      ValueRange{castTo(xBlock, types[0]), castTo(panel, types[1]),
                 castTo(bias, types[2]), castTo(result, types[3])});
  op.erase();
}

} // namespace
