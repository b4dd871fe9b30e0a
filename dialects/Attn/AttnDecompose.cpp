//===- AttnDecompose.cpp - the reference semantics --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include <limits>

using namespace mlir;
using namespace tfc;

namespace {

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
Type accumulatorType(Type element) {
  return element.getIntOrFloatBitWidth() < 32
             ? Type(Float32Type::get(element.getContext()))
             : element;
}

Value extended(OpBuilder &b, Location loc, Value x, Type type) {
  return x.getType() == type ? x
                             : Value(arith::ExtFOp::create(b, loc, type, x));
}

Value truncated(OpBuilder &b, Location loc, Value x, Type type) {
  return x.getType() == type ? x
                             : Value(arith::TruncFOp::create(b, loc, type, x));
}

Value activated(OpBuilder &b, Location loc, Value x,
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

/// softmax(scale * q k^T + bias) v, by whole rows of scores.
struct DecomposeAttention {
  static FailureOr<Value> build(attn::AttentionOp op, OpBuilder &rewriter) {
    int64_t heads = cast<ShapedType>(op.getQuery().getType()).getDimSize(1),
            groups = cast<ShapedType>(op.getKey().getType()).getDimSize(1);
    if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(groups))
      return failure();
    Decomposer d(rewriter, op.getLoc());
    SmallVector<OpFoldResult> q = d.shapeOf(op.getQuery()),
                              k = d.shapeOf(op.getKey()),
                              out = d.shapeOf(op.getInit());
    Type element = cast<ShapedType>(op.getInit().getType()).getElementType(),
         wide = accumulatorType(element);
    MLIRContext *context = rewriter.getContext();
    // Query head h reads key head h / (heads / groups).
    AffineExpr group = getAffineDimExpr(1, context).floorDiv(heads / groups);
    if (heads == groups)
      group = getAffineDimExpr(1, context);
    auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
    // Loops: batch, head, query, key, depth.
    AffineMap queries =
        AffineMap::get(5, 0, {dim(0), dim(1), dim(2), dim(4)}, context);
    AffineMap keys =
        AffineMap::get(5, 0, {dim(0), group, dim(3), dim(4)}, context);
    SmallVector<OpFoldResult> scoreShape = {q[0], q[1], q[2], k[2]};
    Value products =
        d.generic({op.getQuery(), op.getKey()}, d.filled(scoreShape, wide, 0),
                  {queries, keys, d.map(5, {0, 1, 2, 3})}, 4,
                  [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    Value term = arith::MulFOp::create(
                        b, loc, extended(b, loc, v[0], wide),
                        extended(b, loc, v[1], wide));
                    return arith::AddFOp::create(b, loc, v[2], term);
                  });
    Value weights = softmax(d, biased(d, op, products, scoreShape, wide),
                            scoreShape, op.getZeroMaskedRows(), wide);
    // Loops: batch, head, query, value depth, key.
    AffineMap probabilities = d.map(5, {0, 1, 2, 4});
    AffineMap values =
        AffineMap::get(5, 0, {dim(0), group, dim(4), dim(3)}, context);
    Value result =
        d.generic({weights, op.getValue()}, d.filled(out, wide, 0),
                  {probabilities, values, d.map(5, {0, 1, 2, 3})}, 4,
                  [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    Value term = arith::MulFOp::create(
                        b, loc, v[0], extended(b, loc, v[1], wide));
                    return arith::AddFOp::create(b, loc, v[2], term);
                  });
    if (wide != element) {
      AffineMap identity = d.map(4, Decomposer::range(4));
      result = d.generic(result, op.getInit(), {identity, identity}, 4,
                         [&](OpBuilder &b, Location loc, ValueRange v) {
                           return truncated(b, loc, v[0], element);
                         });
    }
    return result;
  }

private:
  static Value biased(Decomposer &d, attn::AttentionOp op, Value products,
                      ArrayRef<OpFoldResult> shape, Type wide) {
    AffineMap identity = d.map(4, Decomposer::range(4));
    SmallVector<Value> inputs = {products};
    SmallVector<AffineMap> maps = {identity};
    if (op.getBias()) {
      auto type = cast<RankedTensorType>(op.getBias().getType());
      SmallVector<AffineExpr> exprs;
      for (unsigned i = 0; i < 4; ++i)
        exprs.push_back(type.getDimSize(i) == 1 &&
                                getConstantIntValue(shape[i]) != 1
                            ? getAffineConstantExpr(0, d.b.getContext())
                            : getAffineDimExpr(i, d.b.getContext()));
      inputs.push_back(op.getBias());
      maps.push_back(AffineMap::get(4, 0, exprs, d.b.getContext()));
    }
    maps.push_back(identity);
    Value queries = getValueOrCreateConstantIndexOp(d.b, d.loc, shape[2]),
          keys = getValueOrCreateConstantIndexOp(d.b, d.loc, shape[3]);
    Value shift = d.b.createOrFold<arith::SubIOp>(d.loc, keys, queries);
    double scale = op.getScale().convertToDouble();
    return d.generic(
        inputs, tensor::EmptyOp::create(d.b, d.loc, shape, wide), maps, 4,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value score = arith::MulFOp::create(
              b, loc, v[0],
              arith::ConstantOp::create(b, loc, b.getFloatAttr(wide, scale)));
          if (op.getBias())
            score = arith::AddFOp::create(b, loc, score,
                                          extended(b, loc, v[1], wide));
          if (!op.getCausal())
            return score;
          Value last = arith::AddIOp::create(
              b, loc, linalg::IndexOp::create(b, loc, 2), shift);
          Value visible =
              arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                    linalg::IndexOp::create(b, loc, 3), last);
          Value hidden = arith::ConstantOp::create(
              b, loc,
              b.getFloatAttr(wide, -std::numeric_limits<double>::infinity()));
          return arith::SelectOp::create(b, loc, visible, score, hidden);
        });
  }

  static Value softmax(Decomposer &d, Value scores,
                       ArrayRef<OpFoldResult> shape, bool zeroMasked,
                       Type wide) {
    AffineMap whole = d.map(4, Decomposer::range(4)), row = d.map(4, {0, 1, 2});
    ArrayRef<OpFoldResult> rows = shape.drop_back();
    Value most = d.generic(
        scores, d.filled(rows, wide, -std::numeric_limits<double>::infinity()),
        {whole, row}, 3, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::MaximumFOp::create(b, loc, v[0], v[1]);
        });
    Value powers = d.generic(
        {scores, most}, tensor::EmptyOp::create(d.b, d.loc, shape, wide),
        {whole, row, whole}, 4,
        [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return math::ExpOp::create(b, loc,
                                     arith::SubFOp::create(b, loc, v[0], v[1]));
        });
    Value total =
        d.generic(powers, d.filled(rows, wide, 0), {whole, row}, 3,
                  [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    return arith::AddFOp::create(b, loc, v[0], v[1]);
                  });
    SmallVector<Value> inputs = {powers, total};
    SmallVector<AffineMap> maps = {whole, row};
    if (zeroMasked) {
      inputs.push_back(most);
      maps.push_back(row);
    }
    maps.push_back(whole);
    return d.generic(
        inputs, tensor::EmptyOp::create(d.b, d.loc, shape, wide), maps, 4,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value share = arith::DivFOp::create(b, loc, v[0], v[1]);
          if (!zeroMasked)
            return share;
          auto number = [&](double value) -> Value {
            return arith::ConstantOp::create(b, loc,
                                             b.getFloatAttr(wide, value));
          };
          Value masked = arith::CmpFOp::create(
              b, loc, arith::CmpFPredicate::OEQ, v[2],
              number(-std::numeric_limits<double>::infinity()));
          return arith::SelectOp::create(b, loc, masked, number(0), share);
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
attn::AttentionOp::decomposeOperation(OpBuilder &b) {
  return decompose<DecomposeAttention>(*this, b);
}
FailureOr<SmallVector<Value>>
attn::PatchEmbedOp::decomposeOperation(OpBuilder &b) {
  return decompose<DecomposePatchEmbed>(*this, b);
}
