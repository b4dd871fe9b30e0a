//===- PackIntegers.cpp - products of integers ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerKernel.h"
#include "KernelShape.h"
#include "QuantizedConstant.h"
#include "TokenRows.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86PACKINTEGERSPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

namespace {

/// Depth beyond which sums of products of 8 bits might not fit 32.
constexpr int64_t mostDepth = 1 << 16;

/// x [..., K] times a constant weight, both in 8 bits, plus a bias or null.
struct IntegerLinear {
  Operation *op;
  Value x, bias;
  quant::UniformQuantizedType xType;
  QuantizedConstant weight;
  bool isTransposed;

  int64_t depth() const { return weight.shape()[isTransposed ? 1 : 0]; }
  int64_t columns() const { return weight.shape()[isTransposed ? 0 : 1]; }
  std::pair<int64_t, int64_t> place(int64_t k, int64_t n) const {
    return isTransposed ? std::pair(n, k) : std::pair(k, n);
  }
};

/// The same for the factors of a product, where they are such.
FailureOr<IntegerLinear> integerLinear(Operation *op, Value x, Value weight,
                                       bool isTransposed, Value bias) {
  auto dequantize = x.getDefiningOp<attn::DequantizeOp>();
  if (!dequantize)
    return failure();
  auto xType =
      dyn_cast<quant::UniformQuantizedType>(dequantize.getQuantizedType());
  if (!xType || xType.getStorageTypeIntegralWidth() != 8 ||
      !isa<RankedTensorType>(dequantize.getX().getType()) ||
      !cast<ShapedType>(dequantize.getX().getType())
           .getElementType()
           .isInteger(8))
    return failure();
  std::optional<QuantizedConstant> constant = QuantizedConstant::of(weight);
  if (!constant || constant->bits() != 8 || constant->hasZeroPoints() ||
      constant->shape().size() != 2)
    return failure();
  IntegerLinear product{op,    dequantize.getX(),    bias,
                        xType, std::move(*constant), isTransposed};
  // A column has one scale, and rows of x are read four bytes at a time.
  int64_t depth = product.depth();
  if (product.weight.blockSize(isTransposed ? 1 : 0) < depth ||
      depth % IntegerKernel::group != 0 || depth == 0 || depth > mostDepth ||
      product.columns() == 0)
    return failure();
  return product;
}

/// A contraction of rows with a matrix, onto zeros.
FailureOr<IntegerLinear> integerLinear(linalg::LinalgOp op) {
  if (!linalg::isaContractionOpInterface(op) || !lower::addsProducts(op) ||
      !op.hasPureTensorSemantics())
    return failure();
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  if (!fill || !matchPattern(fill.getInputs()[0], m_AnyZeroFloat()))
    return failure();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  // The factors in either order: the weight is the one of rank 2 with the
  // result's last loop.
  unsigned last = maps[2].getDimPosition(maps[2].getNumResults() - 1);
  unsigned w = maps[0].isFunctionOfDim(last) ? 0 : 1;
  AffineMap x = maps[1 - w], weight = maps[w];
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  if (reductions.size() != 1 || weight.getNumResults() != 2 ||
      !weight.isFunctionOfDim(last) ||
      !weight.isFunctionOfDim(reductions.front()) ||
      x.getNumResults() != maps[2].getNumResults() ||
      x.getDimPosition(x.getNumResults() - 1) != reductions.front() ||
      x.getResults().drop_back() != maps[2].getResults().drop_back())
    return failure();
  return integerLinear(op, op.getDpsInputs()[1 - w], op.getDpsInputs()[w],
                       /*isTransposed=*/weight.getDimPosition(0) == last,
                       Value());
}

FailureOr<IntegerLinear> integerLinear(attn::LinearOp op) {
  if (op.getActivation() != attn::Activation::None)
    return failure();
  return integerLinear(op, op.getX(), op.getWeight(), op.getTransposeWeight(),
                       op.getBias());
}

struct PackIntegersPass
    : public x86::impl::X86PackIntegersPassBase<PackIntegersPass> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<KernelShape> found = kernelShapeOf(getOperation(), vectorBits);
    if (failed(found))
      return signalPassFailure();
    shape = *found;
    SmallVector<IntegerLinear> products;
    getOperation().walk([&](Operation *op) {
      FailureOr<IntegerLinear> product = failure();
      if (auto linear = dyn_cast<attn::LinearOp>(op))
        product = integerLinear(linear);
      else if (auto contraction = dyn_cast<linalg::LinalgOp>(op))
        product = integerLinear(contraction);
      if (succeeded(product))
        products.push_back(std::move(*product));
    });
    for (IntegerLinear &product : products)
      rewrite(product);
  }

private:
  void rewrite(const IntegerLinear &product);
  Value packed(OpBuilder &b, const IntegerLinear &product, int64_t width);
  Value corrections(OpBuilder &b, const IntegerLinear &product, int64_t width);
  Value scales(OpBuilder &b, const IntegerLinear &product, int64_t width);

  KernelShape shape = {};
};

/// [P, K / 4, R * 4]: four rows of a column lie side by side.
Value PackIntegersPass::packed(OpBuilder &b, const IntegerLinear &product,
                               int64_t width) {
  constexpr int64_t group = IntegerKernel::group;
  int64_t depth = product.depth(), columns = product.columns(),
          panels = llvm::divideCeil(columns, width);
  auto type = RankedTensorType::get({panels, depth / group, width * group},
                                    b.getI8Type());
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocate(type.getNumElements(), 64);
  MutableArrayRef<char> bytes = blob.getMutableData();
  llvm::fill(bytes, 0);
  for (int64_t n = 0; n < columns; ++n)
    for (int64_t k = 0; k < depth; ++k) {
      auto [row, column] = product.place(k, n);
      int64_t place = n / width * depth * width + k / group * width * group +
                      n % width * group + k % group;
      bytes[place] = product.weight.integer(row, column);
    }
  return arith::ConstantOp::create(
      b, product.op->getLoc(),
      DenseResourceElementsAttr::get(type, "packed", std::move(blob)));
}

/// [P, 1, R]: what sums of unsigned x exceed sums of x less its zero point by,
/// negated.
Value PackIntegersPass::corrections(OpBuilder &b, const IntegerLinear &product,
                                    int64_t width) {
  int64_t columns = product.columns(),
          panels = llvm::divideCeil(columns, width);
  std::vector<int32_t> numbers(panels * width);
  int64_t zero = product.xType.getZeroPoint() +
                 (product.xType.isSigned() ? IntegerKernel::signShift : 0);
  for (int64_t n = 0; n < columns; ++n) {
    int64_t sum = 0;
    for (int64_t k = 0; k < product.depth(); ++k) {
      auto [row, column] = product.place(k, n);
      sum += product.weight.integer(row, column);
    }
    numbers[n] = static_cast<int32_t>(-zero * sum);
  }
  auto type = RankedTensorType::get({panels, 1, width}, b.getI32Type());
  return arith::ConstantOp::create(
      b, product.op->getLoc(),
      DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
}

/// [P, 1, R]: of x and the column together.
Value PackIntegersPass::scales(OpBuilder &b, const IntegerLinear &product,
                               int64_t width) {
  int64_t columns = product.columns(),
          panels = llvm::divideCeil(columns, width);
  std::vector<float> numbers(panels * width);
  for (int64_t n = 0; n < columns; ++n) {
    auto [row, column] = product.place(0, n);
    numbers[n] = static_cast<float>(product.xType.getScale() *
                                    product.weight.scale(row, column));
  }
  auto type = RankedTensorType::get({panels, 1, width}, b.getF32Type());
  return arith::ConstantOp::create(
      b, product.op->getLoc(),
      DenseElementsAttr::get(type, ArrayRef<float>(numbers)));
}

void PackIntegersPass::rewrite(const IntegerLinear &product) {
  OpBuilder b(product.op);
  Location loc = product.op->getLoc();
  int64_t columns = product.columns(), width = shape.panelWidth(columns);
  std::vector<float> bias(llvm::divideCeil(columns, width) * width, 0.0f);
  if (product.bias) {
    std::optional<std::vector<float>> numbers = constantRow(product.bias);
    if (!numbers || static_cast<int64_t>(numbers->size()) != columns)
      return;
    llvm::copy(*numbers, bias.begin());
  }
  auto biasType = RankedTensorType::get({static_cast<int64_t>(bias.size())},
                                        b.getF32Type());
  Value biasValue = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(biasType, ArrayRef<float>(bias)));
  TokenRows rows(b, loc, product.x);
  Value init = rows.empty(columns);
  Value matrix =
      PackedIntegerLinearOp::create(
          b, loc, init.getType(), rows.flat(), packed(b, product, width),
          corrections(b, product, width), scales(b, product, width), biasValue,
          init, product.xType.isSigned())
          .getResult();
  Value result = rows.restore(matrix, columns);
  Type type = product.op->getResult(0).getType();
  if (result.getType() != type)
    result = tensor::CastOp::create(b, loc, type, result);
  product.op->getResult(0).replaceAllUsesWith(result);
  product.op->erase();
}

} // namespace
