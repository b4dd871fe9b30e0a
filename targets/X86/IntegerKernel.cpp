//===- IntegerKernel.cpp - products of 8-bit integers -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tfc::x86;

Type IntegerKernel::xType() {
  constexpr int64_t open = ShapedType::kDynamic;
  return matrix(open, open, open, b.getI8Type());
}

SmallVector<Type> IntegerKernel::panelTypes() {
  constexpr int64_t open = ShapedType::kDynamic;
  return {matrix(open, width * group, width * group, b.getI8Type()),
          matrix(1, width, width, b.getI32Type()),
          matrix(1, width, width, b.getF32Type())};
}

Value IntegerKernel::spreadBytes(Value row, Value k) {
  Value bytes = vector::LoadOp::create(
      b, loc, VectorType::get({group}, b.getI8Type()), x, ValueRange{row, k});
  Value word = vector::BitCastOp::create(
      b, loc, VectorType::get({1}, b.getI32Type()), bytes);
  auto words = VectorType::get({shape.lanes}, b.getI32Type());
  Value all = vector::BroadcastOp::create(
      b, loc, words,
      vector::ExtractOp::create(b, loc, word, ArrayRef<int64_t>{0}));
  if (!isXSigned)
    return all;
  Value flip = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(words, static_cast<int32_t>(0x80808080u)));
  return arith::XOrIOp::create(b, loc, all, flip);
}

Value IntegerKernel::addProducts(Value sum, Value x, Value weights) {
  auto bytes = VectorType::get({shape.lanes * group}, b.getI8Type());
  std::string name =
      "llvm.x86.avx512.vpdpbusd." + std::to_string(shape.lanes * 32);
  return LLVM::CallIntrinsicOp::create(
             b, loc, sum.getType(), b.getStringAttr(name),
             ValueRange{sum, vector::BitCastOp::create(b, loc, bytes, x),
                        weights})
      .getResults();
}

SmallVector<Value> IntegerKernel::accumulate(ArrayRef<Value> rows,
                                             SmallVector<Value> sums) {
  auto words = VectorType::get({shape.lanes}, b.getI32Type());
  auto bytes = VectorType::get({shape.lanes * group}, b.getI8Type());
  Value zero = index(0);
  SmallVector<Value> integers, places = offsets();
  for (size_t r = 0; r < rows.size(); ++r)
    for (Value place : places)
      integers.push_back(vector::LoadOp::create(b, loc, words, panel[1],
                                                ValueRange{zero, place}));
  Value groups = arith::DivUIOp::create(b, loc, depth, index(group));
  auto loop = scf::ForOp::create(b, loc, zero, groups, index(1), integers);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value number = loop.getInductionVar();
    Value k = arith::MulIOp::create(b, loc, number, index(group));
    SmallVector<Value> weights, next;
    for (int64_t v = 0; v < vectors; ++v)
      weights.push_back(vector::LoadOp::create(
          b, loc, bytes, panel[0],
          ValueRange{number, index(v * shape.lanes * group)}));
    for (auto [r, row] : llvm::enumerate(rows)) {
      Value spread = spreadBytes(row, k);
      for (int64_t v = 0; v < vectors; ++v)
        next.push_back(addProducts(loop.getRegionIterArgs()[r * vectors + v],
                                   spread, weights[v]));
    }
    scf::YieldOp::create(b, loc, next);
  }
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value scale = vector::LoadOp::create(b, loc, vector, panel[2],
                                         ValueRange{zero, places[i % vectors]});
    Value real = arith::SIToFPOp::create(b, loc, vector, loop.getResult(i));
    sum = multiplyAdd(real, scale, sum);
  }
  return sums;
}
