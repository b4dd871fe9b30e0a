//===- MmaProduct.cpp - products by tensor cores ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductKernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc::cuda;

namespace {

/// By mma.sync with 16 rows and 8 columns. Which lane has which element of a
/// fragment is said in the PTX ISA, "Matrix Fragments for mma.m16n8k16" and
/// "mma.m16n8k8": lane 4g + t has rows g and g + 8, columns 2t and 2t + 1 of
/// the sums.
class MmaProduct : public ProductKernel {
public:
  using ProductKernel::ProductKernel;

protected:
  static constexpr int64_t mmaRows = 16, mmaColumns = 8, sumsOfMma = 4;

  Swizzle swizzleOf(bool isA, bool innerIsDepth) const override {
    return isTF32() && !innerIsDepth ? Swizzle::PairsOfPieces : Swizzle::Rows;
  }

  SmallVector<Value> addTile(Value slot, ValueRange sums) override {
    SmallVector<Value> next(sums);
    int64_t rows = tile.warpRows / mmaRows,
            columns = tile.warpColumns / mmaColumns;
    for (int64_t step = 0; step < tile.depth / mmaDepth(); ++step) {
      SmallVector<Fragment> lefts, rights;
      for (int64_t i = 0; i < rows; ++i)
        lefts.push_back(loadRows(slot, step, i));
      for (int64_t j = 0; j < columns; j += 2)
        loadColumns(slot, step, j, rights);
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < columns; ++j)
          multiply(lefts[i], rights[j],
                   MutableArrayRef(next).slice((i * columns + j) * sumsOfMma,
                                               sumsOfMma));
    }
    return next;
  }

  void stageSums(int64_t slab, ValueRange sums, Value staged) override {
    int64_t columns = tile.warpColumns / mmaColumns;
    Value row = math.divide(lane, 4),
          column = math.multiply(math.remainder(lane, 4), 2);
    auto type = VectorType::get({2}, b.getF32Type());
    for (int64_t j = 0; j < columns; ++j)
      for (int64_t half = 0; half < 2; ++half) {
        ValueRange pair =
            sums.slice((slab * columns + j) * sumsOfMma + 2 * half, 2);
        Value both = vector::FromElementsOp::create(b, loc, type, pair);
        vector::StoreOp::create(
            b, loc, both, staged,
            ValueRange{warp, math.add(row, half * mmaColumns),
                       math.add(column, j * mmaColumns)},
            /*nontemporal=*/false, llvm::Align(2 * sizeof(float)));
      }
  }

private:
  /// Registers of 32 bits, as mma.sync takes them.
  using Fragment = SmallVector<Value, 4>;

  bool isTF32() const { return ProductOp(op).getMultiply() == Multiply::TF32; }
  int64_t mmaDepth() const { return isTF32() ? 8 : 16; }

  /// What ldmatrix brings as operands of mma.sync.
  Fragment registersOf(Value loaded) {
    Fragment result;
    auto type = cast<VectorType>(loaded.getType());
    for (int64_t i = 0; i < type.getDimSize(0); ++i) {
      Value part = vector::ExtractOp::create(b, loc, loaded, i);
      if (isTF32())
        part = rounded(vector::ExtractOp::create(b, loc, part, 0));
      else if (op.getMultiply() == Multiply::BF16)
        part = vector::ExtractOp::create(
            b, loc,
            vector::BitCastOp::create(
                b, loc, VectorType::get({1}, b.getI32Type()), part),
            0);
      result.push_back(part);
    }
    return result;
  }

  /// To the nearest of 11 bits; mma.sync itself would cut bits off.
  Value rounded(Value x) {
    return NVVM::ConvertFloatToTF32Op::create(
        b, loc, b.getI32Type(), x, NVVM::FPRoundingMode::RNA,
        NVVM::SaturationMode::NONE, /*relu=*/false);
  }

  Fragment loadMatrices(const FactorTile &factor, Value slot, Value row,
                        Value piece) {
    Type element = getElementTypeOrSelf(factor.global.getType());
    auto type = VectorType::get({4, isTF32() ? 1 : 2}, element);
    return registersOf(nvgpu::LdMatrixOp::create(
        b, loc, type, factor.shared,
        ValueRange{slot, row, swizzled(factor, row, piece)},
        /*transpose=*/!factor.innerIsDepth, /*numTiles=*/4));
  }

  /// An element of a factor whose rows in shared memory run along k.
  Value loadElement(const FactorTile &factor, Value slot, Value k,
                    Value index) {
    int64_t piece = factor.piece();
    Value column = math.add(swizzled(factor, k, math.divide(index, piece)),
                            math.remainder(index, piece));
    return rounded(memref::LoadOp::create(b, loc, factor.shared,
                                          ValueRange{slot, k, column}));
  }

  /// Rows 16 `i` to 16 `i` + 15 of the warp's, at `step`: four 8 x 8 matrices,
  /// the second below the first.
  Fragment loadRows(Value slot, int64_t step, int64_t i) {
    Value first = math.add(warpRow, i * mmaRows);
    int64_t piece = left.piece(), depth = step * mmaDepth();
    if (left.innerIsDepth)
      return loadMatrices(left, slot,
                          math.add(first, math.remainder(lane, mmaRows)),
                          math.add(math.divide(lane, mmaRows), depth / piece));
    if (!isTF32()) {
      Value k = math.add(math.multiply(math.divide(lane, 16), 8),
                         math.remainder(lane, 8));
      Value half = math.remainder(math.divide(lane, 8), 2);
      return loadMatrices(left, slot, math.add(k, depth),
                          math.add(math.divide(first, piece), half));
    }
    Fragment result;
    Value row = math.add(first, math.divide(lane, 4)),
          k = math.add(math.remainder(lane, 4), depth);
    for (int64_t e = 0; e < 4; ++e)
      result.push_back(loadElement(left, slot, math.add(k, e / 2 * 4),
                                   math.add(row, e % 2 * 8)));
    return result;
  }

  /// Columns 8 `j` to 8 `j` + 15 of the warp's, as two fragments.
  void loadColumns(Value slot, int64_t step, int64_t j,
                   SmallVectorImpl<Fragment> &fragments) {
    Value first = math.add(warpColumn, j * mmaColumns);
    int64_t piece = right.piece(), depth = step * mmaDepth();
    Fragment both;
    if (right.innerIsDepth) {
      Value column = math.add(math.multiply(math.divide(lane, 16), 8),
                              math.remainder(lane, 8));
      Value half = math.remainder(math.divide(lane, 8), 2);
      both = loadMatrices(right, slot, math.add(first, column),
                          math.add(half, depth / piece));
    } else if (!isTF32()) {
      both = loadMatrices(
          right, slot, math.add(math.remainder(lane, 16), depth),
          math.add(math.divide(first, piece), math.divide(lane, 16)));
    } else {
      Value column = math.add(first, math.divide(lane, 4)),
            k = math.add(math.remainder(lane, 4), depth);
      for (int64_t e = 0; e < 4; ++e)
        both.push_back(loadElement(right, slot, math.add(k, e % 2 * 4),
                                   math.add(column, e / 2 * 8)));
    }
    fragments.push_back({both[0], both[1]});
    fragments.push_back({both[2], both[3]});
  }

  void multiply(const Fragment &rows, const Fragment &columns,
                MutableArrayRef<Value> sums) {
    NVVM::MMATypes type = isTF32() ? NVVM::MMATypes::tf32
                          : op.getMultiply() == Multiply::F16
                              ? NVVM::MMATypes::f16
                              : NVVM::MMATypes::bf16;
    SmallVector<Type> types(sumsOfMma, b.getF32Type());
    auto result = LLVM::LLVMStructType::getLiteral(b.getContext(), types);
    Value all = NVVM::MmaOp::create(
        b, loc, result, rows, columns, ValueRange(sums),
        ArrayRef<int64_t>{mmaRows, mmaColumns, mmaDepth()}, std::nullopt,
        std::nullopt, std::array<NVVM::MMATypes, 2>{type, type},
        std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                       NVVM::MMALayout::col});
    for (int64_t i = 0; i < sumsOfMma; ++i)
      sums[i] = LLVM::ExtractValueOp::create(b, loc, all, i);
  }
};

} // namespace

void tfc::cuda::buildMmaProduct(ProductOp op, const ProductTile &tile,
                                OpBuilder &b) {
  MmaProduct(op, tile, b).build();
}
