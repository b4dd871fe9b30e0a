//===- AttnDecompose.cpp - the reference semantics --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decomposer.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::attn;

Value attn::activated(OpBuilder &b, Location loc, Value x,
                      attn::Activation activation) {
  Type type = x.getType();
  auto number = [&](double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  };
  auto mul = [&](Value p, Value q) -> Value {
    return arith::MulFOp::create(b, loc, p, q);
  };
  auto add = [&](Value p, Value q) -> Value {
    return arith::AddFOp::create(b, loc, p, q);
  };
  switch (activation) {
  case attn::Activation::None:
    return x;
  case attn::Activation::Relu:
    return arith::MaximumFOp::create(b, loc, x, number(0));
  case attn::Activation::GeluErf: {
    Value erf =
        math::ErfOp::create(b, loc, mul(x, number(0.70710678118654752440)));
    return mul(mul(number(0.5), x), add(number(1), erf));
  }
  case attn::Activation::GeluTanh: {
    Value inner = add(x, mul(number(0.044715), mul(x, mul(x, x))));
    Value tanh = math::TanhOp::create(
        b, loc, mul(number(0.79788456080286535588), inner));
    return mul(mul(number(0.5), x), add(number(1), tanh));
  }
  case attn::Activation::Silu: {
    Value e = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x));
    return arith::DivFOp::create(b, loc, x, add(number(1), e));
  }
  }
  llvm_unreachable("all activations are handled");
}

namespace {

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// act(bias + sum_k x[..., k] w[k, n])
struct DecomposeLinear {
  static FailureOr<Value> build(attn::LinearOp op, OpBuilder &rewriter) {
    Decomposer d(rewriter, op.getLoc());
    auto type = cast<RankedTensorType>(op.getInit().getType());
    Type element = type.getElementType(), wide = accumulatorType(element);
    unsigned rank = type.getRank(), loops = rank + 1;
    SmallVector<unsigned> rows = Decomposer::range(rank - 1),
                          result = Decomposer::range(rank);
    rows.push_back(rank);
    AffineMap weight = op.getTransposeWeight() ? d.map(loops, {rank - 1, rank})
                                               : d.map(loops, {rank, rank - 1});
    Value zero = d.filled(d.shapeOf(op.getInit()), wide, 0);
    Value product =
        d.generic({op.getX(), op.getWeight()}, zero,
                  {d.map(loops, rows), weight, d.map(loops, result)}, rank,
                  [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    Value term = arith::MulFOp::create(
                        b, loc, extended(b, loc, v[0], wide),
                        extended(b, loc, v[1], wide));
                    return arith::AddFOp::create(b, loc, v[2], term);
                  });
    if (!op.getBias() && op.getActivation() == attn::Activation::None &&
        wide == element) {
      return product;
    }
    SmallVector<Value> inputs = {product};
    SmallVector<AffineMap> maps = {d.map(rank, result)};
    if (op.getBias()) {
      inputs.push_back(op.getBias());
      maps.push_back(d.map(rank, {rank - 1}));
    }
    maps.push_back(d.map(rank, result));
    return d.generic(
        inputs, op.getInit(), maps, rank,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value x = v[0];
          if (op.getBias())
            x = arith::AddFOp::create(b, loc, x, extended(b, loc, v[1], wide));
          return truncated(b, loc, activated(b, loc, x, op.getActivation()),
                           element);
        });
  }
};

/// (x - mean) / sqrt(variance + epsilon) * scale + bias, or x / sqrt(mean
/// square + epsilon) * scale; the variance is that of the population.
struct DecomposeNorm {
  static FailureOr<Value> build(attn::NormOp op, OpBuilder &rewriter) {
    Decomposer d(rewriter, op.getLoc());
    auto type = cast<RankedTensorType>(op.getInit().getType());
    Type element = type.getElementType(), wide = accumulatorType(element);
    unsigned rank = type.getRank(), axis = op.getAxis();
    SmallVector<OpFoldResult> shape = d.shapeOf(op.getX());
    SmallVector<OpFoldResult> rows(shape.begin(), shape.begin() + axis);
    AffineMap whole = d.map(rank, Decomposer::range(rank)),
              row = d.map(rank, Decomposer::range(axis));
    Value count = elementCount(d, ArrayRef(shape).drop_front(axis), wide);
    Value mean;
    if (op.getKind() == attn::NormKind::Layer) {
      Value sum =
          d.generic(op.getX(), d.filled(rows, wide, 0), {whole, row}, axis,
                    [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      return arith::AddFOp::create(
                          b, loc, v[1], extended(b, loc, v[0], wide));
                    });
      mean = perRow(d, sum, rows, wide, axis,
                    [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      return arith::DivFOp::create(b, loc, v[0], count);
                    });
    }
    SmallVector<Value> inputs = {op.getX()};
    SmallVector<AffineMap> maps = {whole};
    if (mean) {
      inputs.push_back(mean);
      maps.push_back(row);
    }
    maps.push_back(row);
    Value squares =
        d.generic(inputs, d.filled(rows, wide, 0), maps, axis,
                  [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    Value x = extended(b, loc, v[0], wide);
                    if (mean)
                      x = arith::SubFOp::create(b, loc, x, v[1]);
                    return arith::AddFOp::create(
                        b, loc, v.back(), arith::MulFOp::create(b, loc, x, x));
                  });
    double epsilon = op.getEpsilon().convertToDouble();
    Value inverse = perRow(
        d, squares, rows, wide, axis,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value variance = arith::DivFOp::create(b, loc, v[0], count);
          Value safe = arith::AddFOp::create(
              b, loc, variance,
              arith::ConstantOp::create(b, loc, b.getFloatAttr(wide, epsilon)));
          Value one =
              arith::ConstantOp::create(b, loc, b.getFloatAttr(wide, 1));
          return arith::DivFOp::create(b, loc, one,
                                       math::SqrtOp::create(b, loc, safe));
        });
    return scaled(d, op, mean, inverse);
  }

private:
  static Value elementCount(Decomposer &d, ArrayRef<OpFoldResult> sizes,
                            Type type) {
    Value count = arith::ConstantIndexOp::create(d.b, d.loc, 1);
    for (OpFoldResult size : sizes)
      count = d.b.createOrFold<arith::MulIOp>(
          d.loc, count, getValueOrCreateConstantIndexOp(d.b, d.loc, size));
    if (std::optional<int64_t> known = getConstantIntValue(count))
      return d.number(type, *known);
    Value integer =
        arith::IndexCastOp::create(d.b, d.loc, d.b.getI64Type(), count);
    return arith::SIToFPOp::create(d.b, d.loc, type, integer);
  }

  static Value perRow(Decomposer &d, Value rows, ArrayRef<OpFoldResult> shape,
                      Type type, unsigned rank, Decomposer::Body body) {
    AffineMap identity = d.map(rank, Decomposer::range(rank));
    return d.generic(rows, tensor::EmptyOp::create(d.b, d.loc, shape, type),
                     {identity, identity}, rank, body);
  }

  static Value scaled(Decomposer &d, attn::NormOp op, Value mean,
                      Value inverse) {
    auto type = cast<RankedTensorType>(op.getInit().getType());
    Type element = type.getElementType(), wide = accumulatorType(element);
    unsigned rank = type.getRank(), axis = op.getAxis();
    AffineMap whole = d.map(rank, Decomposer::range(rank)),
              row = d.map(rank, Decomposer::range(axis));
    AffineMap trailing =
        d.map(rank, llvm::to_vector(llvm::seq<unsigned>(axis, rank)));
    SmallVector<Value> inputs = {op.getX(), inverse};
    SmallVector<AffineMap> maps = {whole, row};
    auto also = [&](Value value, AffineMap map) {
      if (!value)
        return;
      inputs.push_back(value);
      maps.push_back(map);
    };
    also(mean, row);
    also(op.getScale(), trailing);
    also(op.getBias(), trailing);
    maps.push_back(whole);
    return d.generic(inputs, op.getInit(), maps, rank,
                     [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                       Value x = extended(b, loc, v[0], wide);
                       unsigned next = 2;
                       if (mean)
                         x = arith::SubFOp::create(b, loc, x, v[next++]);
                       x = arith::MulFOp::create(b, loc, x, v[1]);
                       if (op.getScale())
                         x = arith::MulFOp::create(
                             b, loc, x, extended(b, loc, v[next++], wide));
                       if (op.getBias())
                         x = arith::AddFOp::create(
                             b, loc, x, extended(b, loc, v[next++], wide));
                       return truncated(b, loc, x, element);
                     });
  }
};

/// A constant in the file as a matrix: the same bytes with another type.
Value constantMatrix(OpBuilder &b, Value constant, int64_t rows,
                     int64_t columns) {
  DenseResourceElementsAttr resource;
  if (!matchPattern(constant, m_Constant(&resource)))
    return nullptr;
  auto type = RankedTensorType::get({rows, columns}, resource.getElementType());
  return arith::ConstantOp::create(
      b, constant.getLoc(),
      DenseResourceElementsAttr::get(type, resource.getRawHandle()));
}

/// Patches as rows of a linear layer.
struct DecomposePatchEmbed {
  static FailureOr<Value> build(attn::PatchEmbedOp op, OpBuilder &rewriter) {
    auto image = cast<RankedTensorType>(op.getImage().getType()),
         weight = cast<RankedTensorType>(op.getWeight().getType());
    if (image.isDynamicDim(1) || image.isDynamicDim(2) ||
        image.isDynamicDim(3) || !weight.hasStaticShape())
      return failure(); // the image's size must be static
    Decomposer d(rewriter, op.getLoc());
    int64_t p = weight.getDimSize(2), q = weight.getDimSize(3),
            rows = image.getDimSize(2) / p, columns = image.getDimSize(3) / q;
    int64_t channels = image.getDimSize(1), depth = channels * p * q,
            embedding = weight.getDimSize(0);
    auto size = [&](int64_t n) -> OpFoldResult {
      return rewriter.getIndexAttr(n);
    };
    OpFoldResult batch = d.shapeOf(op.getImage())[0];
    // Pixels beyond the last whole patch are not read.
    Value pixels = op.getImage();
    if (rows * p != image.getDimSize(2) || columns * q != image.getDimSize(3)) {
      SmallVector<OpFoldResult> none(4, size(0)), each(4, size(1));
      pixels = tensor::ExtractSliceOp::create(
          rewriter, op.getLoc(), pixels, none,
          {batch, size(channels), size(rows * p), size(columns * q)}, each);
    }
    // [B, C, rows, P, columns, Q] -> [B, rows, columns, C, P, Q]
    SmallVector<OpFoldResult> split = {batch,   size(channels), size(rows),
                                       size(p), size(columns),  size(q)};
    auto splitType = RankedTensorType::get(
        {image.getDimSize(0), channels, rows, p, columns, q},
        image.getElementType());
    Value cut = tensor::ExpandShapeOp::create(
        rewriter, op.getLoc(), splitType, pixels,
        ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}, {4, 5}}, split);
    SmallVector<OpFoldResult> moved = {
        batch, size(rows), size(columns), size(channels), size(p), size(q)};
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), moved,
                                          image.getElementType());
    Value patches =
        linalg::TransposeOp::create(rewriter, op.getLoc(), cut, empty,
                                    ArrayRef<int64_t>{0, 2, 4, 1, 3, 5})
            ->getResult(0);
    Value flat = tensor::CollapseShapeOp::create(
        rewriter, op.getLoc(), patches,
        ArrayRef<ReassociationIndices>{{0}, {1, 2}, {3, 4, 5}});
    auto flatType = RankedTensorType::get(
        {image.getDimSize(0), rows * columns, depth}, image.getElementType());
    if (flat.getType() != flatType)
      flat = tensor::CastOp::create(rewriter, op.getLoc(), flatType, flat);
    Value matrix = constantMatrix(rewriter, op.getWeight(), embedding, depth);
    if (!matrix)
      matrix = tensor::CollapseShapeOp::create(
          rewriter, op.getLoc(), op.getWeight(),
          ArrayRef<ReassociationIndices>{{0}, {1, 2, 3}});
    return attn::LinearOp::create(rewriter, op.getLoc(), op.getInit().getType(),
                                  flat, matrix, op.getBias(), op.getInit(),
                                  /*transpose_weight=*/true,
                                  attn::Activation::None)
        ->getResult(0);
  }
};

template <typename Decompose, typename Op>
FailureOr<SmallVector<Value>> decompose(Op op, OpBuilder &b) {
  if (!op.getResult())
    return failure();
  FailureOr<Value> value = Decompose::build(op, b);
  if (failed(value))
    return failure();
  return SmallVector<Value>{*value};
}

} // namespace

FailureOr<SmallVector<Value>> attn::LinearOp::decomposeOperation(OpBuilder &b) {
  return decompose<DecomposeLinear>(*this, b);
}
FailureOr<SmallVector<Value>> attn::NormOp::decomposeOperation(OpBuilder &b) {
  return decompose<DecomposeNorm>(*this, b);
}
FailureOr<SmallVector<Value>>
attn::PatchEmbedOp::decomposeOperation(OpBuilder &b) {
  return decompose<DecomposePatchEmbed>(*this, b);
}
