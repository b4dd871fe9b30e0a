//===- Decomposer.h - builds the linalg of attn operations ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DIALECTS_ATTN_DECOMPOSER_H
#define TFC_DIALECTS_ATTN_DECOMPOSER_H

#include "tfc/Dialect/Attn/Activations.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Dialect/Attn/CausalLinear.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tfc::attn {

using namespace mlir;

/// Builds linalg operations for one attn operation.
class Decomposer {
public:
  Decomposer(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  using Body = llvm::function_ref<Value(OpBuilder &, Location, ValueRange)>;

  SmallVector<OpFoldResult> shapeOf(Value tensor) {
    return tensor::getMixedSizes(b, loc, tensor);
  }

  Value number(Type type, double value) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  }

  Value filled(ArrayRef<OpFoldResult> shape, Type type, double value) {
    Value empty = tensor::EmptyOp::create(b, loc, shape, type);
    return linalg::FillOp::create(b, loc, number(type, value), empty)
        .getResult(0);
  }

  /// A generic whose loops are `parallel` parallel ones and then reductions.
  Value generic(ValueRange inputs, Value init, ArrayRef<AffineMap> maps,
                unsigned parallel, Body body) {
    SmallVector<utils::IteratorType> iterators(maps.front().getNumDims(),
                                               utils::IteratorType::reduction);
    std::fill_n(iterators.begin(), parallel, utils::IteratorType::parallel);
    auto op = linalg::GenericOp::create(
        b, loc, init.getType(), inputs, init, maps, iterators,
        [&](OpBuilder &inner, Location innerLoc, ValueRange args) {
          linalg::YieldOp::create(inner, innerLoc, body(inner, innerLoc, args));
        });
    return op.getResult(0);
  }

  AffineMap map(unsigned loops, ArrayRef<unsigned> dims) {
    SmallVector<AffineExpr> exprs;
    for (unsigned dim : dims)
      exprs.push_back(getAffineDimExpr(dim, b.getContext()));
    return AffineMap::get(loops, 0, exprs, b.getContext());
  }

  static SmallVector<unsigned> range(unsigned end) {
    return llvm::to_vector(llvm::seq<unsigned>(0, end));
  }

  OpBuilder &b;
  Location loc;
};

/// Sums of half precision are kept in single.
inline Type accumulatorType(Type element) {
  return element.getIntOrFloatBitWidth() < 32
             ? Type(Float32Type::get(element.getContext()))
             : element;
}

inline Value extended(OpBuilder &b, Location loc, Value x, Type type) {
  return x.getType() == type ? x
                             : Value(arith::ExtFOp::create(b, loc, type, x));
}

inline Value truncated(OpBuilder &b, Location loc, Value x, Type type) {
  return x.getType() == type ? x
                             : Value(arith::TruncFOp::create(b, loc, type, x));
}

/// The index of the first of the largest `numbers` of a row, which are of rank
/// 4; of a row with a NaN that of its first.
Value firstLargestOfRows(Decomposer &d, Value numbers);
/// `numbers` of rank 4 with `otherwise` for those that are not among the `kept`
/// largest of their row, the first of equal ones being the larger. -inf, and
/// NaN, may stay beyond that.
Value largestOfRows(Decomposer &d, Value numbers, int64_t kept,
                    double otherwise);

/// Attention of blocks of queries to the blocks of keys that are listed.
FailureOr<Value> decomposeKeyBlocks(AttentionOp op, OpBuilder &b);

/// Attention that isCausalLinear, in time that is linear in the number of
/// queries.
FailureOr<Value> decomposeCausalLinear(AttentionOp op, OpBuilder &b);

} // namespace tfc::attn

#endif // TFC_DIALECTS_ATTN_DECOMPOSER_H
