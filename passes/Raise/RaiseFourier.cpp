//===- RaiseFourier.cpp - the discrete Fourier transform --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As a sum over all elements: models that mix tokens by it (FNet) have short
// axes. Angles are taken modulo a turn in integers, so that they are exact.
//
//===----------------------------------------------------------------------===//

#include "Indexing.h"
#include "RaiseContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// cos and sin of 2 pi k n / length for k and n up to `rows` and `columns`.
std::pair<Value, Value> twiddles(NodeContext &n, OpFoldResult rows,
                                 OpFoldResult columns, Value length) {
  Sizes shape = {rows, columns};
  Value real = n.c.empty(shape, Float64), imaginary = n.c.empty(shape, Float64);
  AffineMap map = n.b.getMultiDimIdentityMap(2);
  auto table = linalg::GenericOp::create(
      n.b, n.loc, TypeRange{real.getType(), imaginary.getType()}, ValueRange{},
      ValueRange{real, imaginary}, ArrayRef<AffineMap>{map, map},
      SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange) {
        ImplicitLocOpBuilder b(loc, builder);
        Type wide = b.getF64Type();
        auto asReal = [&](Value index) -> Value {
          return arith::SIToFPOp::create(
              b, wide, arith::IndexCastOp::create(b, b.getI64Type(), index));
        };
        Value turns = arith::RemUIOp::create(
            b,
            arith::MulIOp::create(b, linalg::IndexOp::create(b, 0),
                                  linalg::IndexOp::create(b, 1)),
            length);
        Value angle = arith::MulFOp::create(
            b, arith::DivFOp::create(b, asReal(turns), asReal(length)),
            arith::ConstantOp::create(
                b, b.getF64FloatAttr(6.283185307179586476925)));
        Value c = math::CosOp::create(b, angle),
              s = math::SinOp::create(b, angle);
        linalg::YieldOp::create(b, ValueRange{c, s});
      });
  return {table.getResult(0), table.getResult(1)};
}

LogicalResult raiseDft(NodeContext &n) {
  Raised x = n.input(0);
  int64_t rank = x.rank() - 1; // without the parts of a complex number
  std::optional<int64_t> parts =
      rank > 0 ? getConstantIntValue(x.shape.back()) : std::nullopt;
  if (!parts || *parts < 1 || *parts > 2 ||
      (x.kind != Float32 && x.kind != Float64))
    return n.fail("it takes real or complex numbers in float32 or float64");
  int64_t axisNumber = n.integer("axis", n.node.getOpset() < 20 ? 1 : -2);
  if (n.has(2)) {
    auto given = n.c.integers(n.input(2));
    if (!given || given->size() != 1)
      return n.fail("its axis is not constant");
    axisNumber = given->front();
  }
  FailureOr<int64_t> axis = n.normalAxis(axisNumber, x.rank());
  if (failed(axis) || *axis == rank)
    return n.fail("its axis is out of range");
  int64_t at = *axis;
  bool inverse = n.integer("inverse", 0) != 0,
       onesided = n.integer("onesided", 0) != 0;
  if (inverse && onesided)
    return n.fail("a one-sided inverse is not supported");
  OpFoldResult length = x.shape[at];
  if (n.has(1)) {
    std::optional<Sizes> given = n.c.elements(n.input(1));
    if (!given || given->size() != 1)
      return n.fail("its length is not known");
    length = given->front();
  }
  // Of a longer input the first elements count; a shorter one ends in zeros.
  OpFoldResult used = x.shape[at];
  if (length != used)
    used = getAsOpFoldResult(n.b.createOrFold<arith::MinUIOp>(
        n.loc, n.c.value(used), n.c.value(length)));
  OpFoldResult rows = length;
  if (onesided) {
    Value half = n.b.createOrFold<arith::DivUIOp>(n.loc, n.c.value(length),
                                                  n.c.value(n.c.size(2)));
    rows = n.c.add(getAsOpFoldResult(half), n.c.size(1));
  }
  auto [cosines, sines] = twiddles(n, rows, used, n.c.value(length));

  Sizes inner(ArrayRef<OpFoldResult>(x.shape).drop_back());
  inner[at] = used;
  auto part = [&](int64_t i) {
    Sizes offsets(x.rank(), n.c.size(0)), sizes = inner,
                                          ones(x.rank(), n.c.size(1));
    offsets.back() = n.c.size(i);
    sizes.push_back(n.c.size(1));
    Raised one = slice(n, x, offsets, sizes, ones);
    return n.c.reshape(one.tensor, sizes, inner);
  };
  Value real = part(0), imaginary = *parts == 2 ? part(1) : Value();
  Sizes outer = inner;
  outer[at] = rows;
  // Many terms cancel: sums are in double.
  Value zero = n.c.filled(outer, n.c.zero(Float64), Float64);
  MLIRContext *context = n.b.getContext();
  // Loops: the result's dimensions, then the summed position.
  SmallVector<AffineExpr> from, to;
  for (int64_t d = 0; d < rank; ++d) {
    to.push_back(getAffineDimExpr(d, context));
    from.push_back(getAffineDimExpr(d == at ? rank : d, context));
  }
  AffineMap table = AffineMap::get(rank + 1, 0,
                                   {getAffineDimExpr(at, context),
                                    getAffineDimExpr(rank, context)},
                                   context),
            source = AffineMap::get(rank + 1, 0, from, context),
            target = AffineMap::get(rank + 1, 0, to, context);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  SmallVector<Value> inputs = {cosines, sines, real};
  SmallVector<AffineMap> maps = {table, table, source};
  if (imaginary) {
    inputs.push_back(imaginary);
    maps.push_back(source);
  }
  maps.append(2, target);
  auto sum = linalg::GenericOp::create(
      n.b, n.loc, TypeRange{zero.getType(), zero.getType()}, inputs,
      ValueRange{zero, zero}, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange v) {
        ImplicitLocOpBuilder b(loc, builder);
        auto times = [&](Value p, Value q) -> Value {
          return arith::MulFOp::create(b, p, q);
        };
        // e^(-i a) = cos a - i sin a; the inverse turns the other way.
        Value c = v[0],
              s = inverse ? v[1] : arith::NegFOp::create(b, v[1]).getResult();
        auto wide = [&](Value v) -> Value {
          Type type = b.getF64Type();
          return v.getType() == type ? v : arith::ExtFOp::create(b, type, v);
        };
        Value re = times(c, wide(v[2])), im = times(s, wide(v[2]));
        if (imaginary) {
          re = arith::SubFOp::create(b, re, times(s, wide(v[3])));
          im = arith::AddFOp::create(b, im, times(c, wide(v[3])));
        }
        size_t first = v.size() - 2;
        linalg::YieldOp::create(
            b, ValueRange{arith::AddFOp::create(b, v[first], re),
                          arith::AddFOp::create(b, v[first + 1], im)});
      });
  Value count = arith::SIToFPOp::create(
      n.b, n.loc, n.b.getF64Type(),
      arith::IndexCastOp::create(n.b, n.loc, n.b.getI64Type(),
                                 n.c.value(length)));
  // The inverse is a mean.
  auto finished = [&](Value total) {
    SmallVector<Raised> operands = {n.c.fromTensor(total, Float64, outer)};
    return n.c
        .elementwise(operands, outer, x.kind,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       Value y = v[0];
                       if (inverse)
                         y = arith::DivFOp::create(b, loc, y, count);
                       if (x.kind == Float32)
                         y = arith::TruncFOp::create(b, loc, b.getF32Type(), y);
                       return y;
                     })
        .tensor;
  };
  Sizes shape = outer, column = outer;
  shape.push_back(n.c.size(2));
  column.push_back(n.c.size(1));
  Value result = n.c.empty(shape, x.kind);
  for (int64_t i = 0; i < 2; ++i) {
    Sizes offsets(shape.size(), n.c.size(0)), ones(shape.size(), n.c.size(1));
    offsets.back() = n.c.size(i);
    result = tensor::InsertSliceOp::create(
        n.b, n.loc, n.c.reshape(finished(sum.getResult(i)), outer, column),
        result, offsets, column, ones);
  }
  return n.finish(n.c.fromTensor(result, x.kind, shape));
}

/// A window whose length is read when the call runs has the one that the model
/// states for its output; ONNX's function body does the rest.
LogicalResult raiseWindow(NodeContext &n) {
  Raised &length = n.input(0);
  std::optional<Sizes> stated = n.declared();
  if (n.c.elements(length) || !stated || stated->size() != 1)
    return failure();
  std::optional<Sizes> found = n.scalars(0);
  if (!found || found->size() != 1)
    return n.fail("its length must be one number");
  n.requireEqual(found->front(), stated->front(),
                 "its length is not the one that the model states for its "
                 "output");
  length.elements = *stated;
  return failure();
}

} // namespace

void tfc::raise::populateFourierRules(RuleSet &rules) {
  rules.add("DFT", raiseDft);
  for (StringRef window : {"HannWindow", "HammingWindow", "BlackmanWindow"})
    rules.add(window, raiseWindow);
}
