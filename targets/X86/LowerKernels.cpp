//===- LowerKernels.cpp - packed products to a micro-kernel -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerKernel.h"
#include "KernelBuilder.h"
#include "KernelCalls.h"
#include "ParallelRegion.h"
#include "QuantizedKernel.h"
#include "RegionWork.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
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

/// Rows from which on a panel in integers is made f32 once for all of them;
/// with fewer, each block of rows does so in registers.
constexpr int64_t rowsWorthUnpacking = 16;

/// A packed product on buffers, whatever its weights are.
struct Product {
  Operation *op;
  Value x, bias, init;
  /// [P, ...] each, of which a kernel takes the parts of a panel.
  SmallVector<Value> stacks;
  int64_t depth, width, panels;
  /// Of weights in integers.
  std::optional<QuantizedForm> form = std::nullopt;
  int64_t group = 0;
  /// Of x in integers too: whether they have a sign.
  std::optional<bool> isXSigned = std::nullopt;
};

struct LowerKernelsPass
    : public x86::impl::X86LowerKernelsPassBase<LowerKernelsPass> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<KernelShape> found = kernelShapeOf(getOperation(), vectorBits);
    if (failed(found))
      return signalPassFailure();
    shape = *found;
    SmallVector<Product> products;
    getOperation().walk([&](PackedLinearOp op) {
      ArrayRef<int64_t> panels = shapeOf(op.getPanels());
      products.push_back({op,
                          op.getX(),
                          op.getBias(),
                          op.getInit(),
                          {op.getPanels()},
                          panels[1],
                          panels[2],
                          panels[0]});
    });
    getOperation().walk([&](PackedQuantizedLinearOp op) {
      ArrayRef<int64_t> scales = shapeOf(op.getScales());
      SmallVector<Value> stacks = {op.getPanels(), op.getScales()};
      if (op.getZeroPoints())
        stacks.push_back(op.getZeroPoints());
      QuantizedForm form = {static_cast<int64_t>(op.getBits()),
                            op.getZeroPoints() != nullptr};
      products.push_back({op, op.getX(), op.getBias(), op.getInit(), stacks,
                          shapeOf(op.getX())[1], scales[2], scales[0], form,
                          static_cast<int64_t>(op.getGroup())});
    });
    getOperation().walk([&](PackedIntegerLinearOp op) {
      ArrayRef<int64_t> scales = shapeOf(op.getScales());
      Product product{op,
                      op.getX(),
                      op.getBias(),
                      op.getInit(),
                      {op.getPanels(), op.getCorrections(), op.getScales()},
                      shapeOf(op.getX())[1],
                      scales[2],
                      scales[0]};
      product.isXSigned = op.getIsSigned();
      products.push_back(product);
    });
    for (Product &product : products)
      lower(product);
  }

private:
  static ArrayRef<int64_t> shapeOf(Value value) {
    return cast<MemRefType>(value.getType()).getShape();
  }
  KernelShape shape = {};
  func::FuncOp function(const Twine &name,
                        llvm::function_ref<func::FuncOp(StringRef)> build) {
    std::string text = name.str();
    if (auto known = getOperation().lookupSymbol<func::FuncOp>(text))
      return known;
    return build(text);
  }
  func::FuncOp narrowKernel(int64_t width, Type element) {
    return function(Twine("tfc_gemm_") + (element.isF16() ? "f16_" : "bf16_") +
                        Twine(width),
                    [&](StringRef name) {
                      return NarrowFloatKernel(getOperation(), shape, width,
                                               element)
                          .build(name);
                    });
  }
  func::FuncOp floatKernel(int64_t width) {
    return function("tfc_gemm_f32_" + Twine(width), [&](StringRef name) {
      return FloatKernel(getOperation(), shape, width).build(name);
    });
  }
  func::FuncOp integerKernel(int64_t width, bool isXSigned) {
    return function(
        Twine("tfc_gemm_") + (isXSigned ? "s8" : "u8") + "s8_" + Twine(width),
        [&](StringRef name) {
          return IntegerKernel(getOperation(), shape, width, isXSigned)
              .build(name);
        });
  }
  func::FuncOp kernelOf(const Product &product) {
    if (product.isXSigned)
      return integerKernel(product.width, *product.isXSigned);
    if (product.form)
      return quantizedKernel(product.width, *product.form);
    Type element =
        cast<MemRefType>(product.stacks[0].getType()).getElementType();
    return element.isF32() ? floatKernel(product.width)
                           : narrowKernel(product.width, element);
  }
  func::FuncOp quantizedKernel(int64_t width, QuantizedForm form) {
    return function("tfc_gemm_" + form.name() + "_" + Twine(width),
                    [&](StringRef name) {
                      return QuantizedKernel(getOperation(), shape, width, form)
                          .build(name);
                    });
  }
  func::FuncOp unpackFunction(int64_t width, QuantizedForm form) {
    return function(
        "tfc_unpack_" + form.name() + "_" + Twine(width), [&](StringRef name) {
          return UnpackBuilder(getOperation(), shape, width, form).build(name);
        });
  }
  /// Room for a panel in f32 for each worker; nothing where rows are few.
  Value scratchOf(OpBuilder &b, const Product &product);
  /// The product of the block that `views` are (x, bias and result), of `rows`
  /// rows, with one panel.
  void callKernels(OpBuilder &b, const Product &product,
                   SmallVector<Value> views, Value rows, Value panelNumber,
                   Value scratch, Value worker);
  void lower(const Product &product);
};

Value LowerKernelsPass::scratchOf(OpBuilder &b, const Product &product) {
  int64_t rows = shapeOf(product.x)[0];
  if (!product.form ||
      (!ShapedType::isDynamic(rows) && rows < rowsWorthUnpacking))
    return {};
  Location loc = product.op->getLoc();
  Value workers = NumThreadsOp::create(b, loc);
  auto type = MemRefType::get(
      {ShapedType::kDynamic, product.depth, product.width}, b.getF32Type());
  return memref::AllocOp::create(b, loc, type, workers,
                                 b.getI64IntegerAttr(64));
}

void LowerKernelsPass::callKernels(OpBuilder &b, const Product &product,
                                   SmallVector<Value> views, Value rows,
                                   Value panelNumber, Value scratch,
                                   Value worker) {
  Location loc = product.op->getLoc();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  SmallVector<Value> panel;
  for (Value stack : product.stacks)
    panel.push_back(matrixOf(b, loc, stack, panelNumber));
  if (product.form)
    panel.push_back(index(product.group));
  if (scratch) {
    Value isWorth = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge,
                                          rows, index(rowsWorthUnpacking));
    auto choice = scf::IfOp::create(b, loc, isWorth, /*withElseRegion=*/true);
    b.setInsertionPointToStart(choice.thenBlock());
    SmallVector<Value> unpacked = {matrixOf(b, loc, scratch, worker)};
    SmallVector<Value> arguments = unpacked;
    llvm::append_range(arguments, panel);
    callKernel(b, loc, unpackFunction(product.width, *product.form), arguments);
    arguments = views;
    llvm::append_range(arguments, unpacked);
    callKernel(b, loc, floatKernel(product.width), arguments);
    b.setInsertionPointToStart(choice.elseBlock());
  }
  llvm::append_range(views, panel);
  callKernel(b, loc, kernelOf(product), views);
}

void LowerKernelsPass::lower(const Product &product) {
  OpBuilder b(product.op);
  Location loc = product.op->getLoc();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  int64_t depth = product.depth, width = product.width,
          columns = shapeOf(product.init)[1];
  Value height = memref::DimOp::create(b, loc, product.x, 0);
  Value blocks = arith::DivUIOp::create(
      b, loc, arith::AddIOp::create(b, loc, height, index(rowBlock - 1)),
      index(rowBlock));
  Value count = arith::MulIOp::create(b, loc, blocks, index(product.panels));
  Value blockHeight = arith::MinUIOp::create(b, loc, height, index(rowBlock));
  Value work = arith::MulIOp::create(b, loc, blockHeight, index(depth * width));
  Value grain = grainOf(b, loc, work, productsWorthAWorker);

  Value scratch = scratchOf(b, product);
  SmallVector<Value> told;
  if (profile)
    told =
        workOf(b, product.op,
               arith::MulIOp::create(b, loc, height, index(depth * columns)));
  ValueRange part = beginParallel(b, loc, count, grain, told);
  auto loop = scf::ForOp::create(b, loc, part[0], part[1], index(1));
  b.setInsertionPointToStart(loop.getBody());
  // Panels change fastest: a block of rows stays in the cache.
  Value panelNumber = arith::RemUIOp::create(b, loc, loop.getInductionVar(),
                                             index(product.panels));
  Value block = arith::DivUIOp::create(b, loc, loop.getInductionVar(),
                                       index(product.panels));
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
      b, loc, product.x, ArrayRef<OpFoldResult>{firstRow, zero},
      ArrayRef<OpFoldResult>{rows, attr(depth)},
      ArrayRef<OpFoldResult>{one, one});
  Value bias = memref::SubViewOp::create(
      b, loc, product.bias, ArrayRef<OpFoldResult>{firstColumn},
      ArrayRef<OpFoldResult>{attr(width)}, ArrayRef<OpFoldResult>{one});
  Value result = memref::SubViewOp::create(
      b, loc, product.init, ArrayRef<OpFoldResult>{firstRow, firstColumn},
      ArrayRef<OpFoldResult>{rows, used}, ArrayRef<OpFoldResult>{one, one});
  callKernels(b, product, {xBlock, bias, result}, rows, panelNumber, scratch,
              part[2]);
  product.op->erase();
}

} // namespace
