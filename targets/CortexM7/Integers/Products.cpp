//===- Products.cpp - int8 products -----------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphForms.h"
#include "IntegerGraph.h"
#include "ProductLoops.h"

#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace tfc;
using namespace tfc::m7;

namespace {

/// Counts through `loops` of `sizes`, the last one fastest.
class Counter {
public:
  Counter(ArrayRef<int64_t> sizes, ArrayRef<unsigned> loops)
      : sizes(sizes), loops(loops) {}

  void next(MutableArrayRef<int64_t> at) const {
    for (size_t i = loops.size(); i-- > 0;) {
      if (++at[loops[i]] < sizes[loops[i]])
        return;
      at[loops[i]] = 0;
    }
  }

private:
  ArrayRef<int64_t> sizes;
  ArrayRef<unsigned> loops;
};

/// The offset into a tensor of `shape` that `map` gives for the loops `at`.
int64_t offsetAt(AffineMap map, ArrayRef<int64_t> shape, ArrayRef<int64_t> at) {
  SmallVector<int64_t> index = map.compose(at);
  int64_t offset = 0;
  for (auto [size, i] : llvm::zip(shape, index))
    offset = offset * size + i;
  return offset;
}

/// Whether the body is out + x * y.
bool multipliesAndAdds(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  if (llvm::range_size(body->without_terminator()) != 2)
    return false;
  auto multiply = dyn_cast<arith::MulFOp>(body->front());
  auto add = dyn_cast<arith::AddFOp>(body->front().getNextNode());
  if (!multiply || !add || multiply.getType() != add.getType())
    return false;
  auto is = [&](Value a, Value b, Value p, Value q) {
    return (a == p && b == q) || (a == q && b == p);
  };
  return is(multiply.getLhs(), multiply.getRhs(), body->getArgument(0),
            body->getArgument(1)) &&
         is(add.getLhs(), add.getRhs(), multiply.getResult(),
            body->getArgument(2)) &&
         body->getTerminator()->getOperand(0) == add.getResult();
}

} // namespace

std::optional<IntegerGraph::Contraction>
IntegerGraph::contractionOf(Operation *op) {
  Contraction c;
  if (auto linear = dyn_cast_or_null<attn::LinearOp>(op)) {
    auto shape = cast<ShapedType>(linear.getX().getType()).getShape();
    unsigned rank = shape.size(), n = rank - 1, k = rank;
    MLIRContext *context = op->getContext();
    SmallVector<AffineExpr> rows;
    for (unsigned d = 0; d + 1 < rank; ++d)
      rows.push_back(getAffineDimExpr(d, context));
    SmallVector<AffineExpr> x(rows), out(rows);
    AffineExpr column = getAffineDimExpr(n, context),
               depth = getAffineDimExpr(k, context);
    x.push_back(depth);
    out.push_back(column);
    c.xMap = AffineMap::get(rank + 1, 0, x, context);
    c.outMap = AffineMap::get(rank + 1, 0, out, context);
    c.yMap = AffineMap::get(rank + 1, 0,
                            linear.getTransposeWeight()
                                ? ArrayRef<AffineExpr>{column, depth}
                                : ArrayRef<AffineExpr>{depth, column},
                            context);
    c.x = linear.getX();
    c.y = linear.getWeight();
    c.resultShape = cast<ShapedType>(linear.getInit().getType()).getShape();
    c.sizes.assign(c.resultShape.begin(), c.resultShape.end());
    c.sizes.push_back(shape.back());
    return c;
  }
  auto linalgOp = dyn_cast_or_null<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumDpsInputs() != 2 ||
      linalgOp.getNumDpsInits() != 1 || op->getNumResults() != 1 ||
      linalgOp.getNumReductionLoops() == 0 || !multipliesAndAdds(linalgOp) ||
      !isFilledWithZero(linalgOp.getDpsInits()[0]))
    return std::nullopt;
  c.x = linalgOp.getDpsInputs()[0];
  c.y = linalgOp.getDpsInputs()[1];
  SmallVector<AffineMap> maps = linalgOp.getIndexingMapsArray();
  c.xMap = maps[0], c.yMap = maps[1], c.outMap = maps[2];
  c.sizes = linalgOp.getStaticLoopRanges();
  c.resultShape = cast<ShapedType>(op->getResult(0).getType()).getShape();
  return c;
}

/// Reads what x was made of by moves instead, where `map` can say so.
static void lookThrough(Value &x, AffineMap &map) {
  MLIRContext *context = x.getContext();
  while (Operation *op = x.getDefiningOp()) {
    auto type = cast<ShapedType>(x.getType());
    SmallVector<AffineExpr> results;
    if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
      results.resize(map.getNumResults());
      for (auto [i, dim] : llvm::enumerate(transpose.getPermutation()))
        results[dim] = map.getResult(i);
    } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      // Only what dropped dimensions of one element.
      for (auto [i, group] :
           llvm::enumerate(collapse.getReassociationIndices()))
        for (int64_t dim : group) {
          int64_t size = collapse.getSrcType().getDimSize(dim);
          bool isWhole = size == type.getDimSize(i);
          if (!isWhole && size != 1)
            return;
          bool isFirst =
              isWhole && llvm::none_of(group, [&](int64_t other) {
                return other < dim && collapse.getSrcType().getDimSize(other) ==
                                          type.getDimSize(i);
              });
          results.push_back(isFirst ? map.getResult(i)
                                    : getAffineConstantExpr(0, context));
        }
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      for (const ReassociationIndices &group :
           expand.getReassociationIndices()) {
        AffineExpr whole = getAffineConstantExpr(0, context);
        unsigned large = 0;
        for (int64_t dim : group)
          if (type.getDimSize(dim) != 1) {
            whole = map.getResult(dim);
            ++large;
          }
        if (large > 1)
          return;
        results.push_back(whole);
      }
    } else {
      return;
    }
    map = AffineMap::get(map.getNumDims(), 0, results, context);
    x = op->getOperand(0);
  }
}

Value IntegerGraph::arranged(Value x, AffineMap map, ArrayRef<int64_t> sizes,
                             ArrayRef<unsigned> order) {
  SmallVector<int64_t> shape;
  for (unsigned loop : order)
    shape.push_back(sizes[loop]);
  lookThrough(x, map);
  // Dimensions of one element may stand anywhere.
  SmallVector<int64_t> foundShape, wantedShape, permutation;
  SmallVector<unsigned> found;
  auto type = cast<ShapedType>(x.getType());
  bool isPlain = true;
  for (auto [size, expression] : llvm::zip(type.getShape(), map.getResults())) {
    if (size == 1)
      continue;
    auto dim = dyn_cast<AffineDimExpr>(expression);
    isPlain &= dim && sizes[dim.getPosition()] == size &&
               !llvm::is_contained(found, dim.getPosition());
    if (!isPlain)
      break;
    found.push_back(dim.getPosition());
    foundShape.push_back(size);
  }
  for (unsigned loop : order)
    if (isPlain && sizes[loop] != 1) {
      auto at = llvm::find(found, loop);
      isPlain &= at != found.end();
      permutation.push_back(at - found.begin());
      wantedShape.push_back(sizes[loop]);
    }
  if (isPlain && permutation.size() == found.size()) {
    x = reshaped(x, foundShape);
    if (!llvm::is_sorted(permutation))
      x = linalg::TransposeOp::create(b, loc, x, empty(wantedShape),
                                      permutation)
              ->getResult(0);
    return reshaped(x, shape);
  }
  // Other loops stand at 0: they have one iteration.
  MLIRContext *context = b.getContext();
  SmallVector<AffineExpr> loops(map.getNumDims(),
                                getAffineConstantExpr(0, context));
  for (auto [i, loop] : llvm::enumerate(order))
    loops[loop] = getAffineDimExpr(i, context);
  AffineMap from =
      map.replaceDimsAndSymbols(loops, {}, order.size(), map.getNumSymbols());
  return linalg::GenericOp::create(
             b, loc, bytes(shape), x, empty(shape),
             ArrayRef<AffineMap>{from, b.getMultiDimIdentityMap(order.size())},
             SmallVector<utils::IteratorType>(order.size(),
                                              utils::IteratorType::parallel),
             [](OpBuilder &inner, Location at, ValueRange arguments) {
               linalg::YieldOp::create(inner, at, arguments[0]);
             })
      .getResult(0);
}

FailureOr<Value> IntegerGraph::selectWithBias(Value real, Addition addition,
                                              Quantization to) {
  Operation *op = real.getDefiningOp();
  auto type = cast<RankedTensorType>(real.getType());
  if (isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op)) {
    FailureOr<Value> inner =
        selectWithBias(op->getOperand(0), std::move(addition), to);
    if (failed(inner))
      return failure();
    return reshaped(*inner, type.getShape());
  }
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (auto part = multipleOf(generic)) {
    addition.factor *= part->second;
    return selectWithBias(part->first, std::move(addition), to);
  }
  if (auto part = addedConstant(generic)) {
    addition.bias.resize(type.getNumElements(), 0);
    for (auto [sum, number] : llvm::zip(addition.bias, part->second))
      sum += addition.factor * number;
    return selectWithBias(part->first, std::move(addition), to);
  }
  std::optional<Contraction> c = contractionOf(op);
  if (!c)
    return fail(real, "its result enters another operation in f32: a scale is "
                      "missing between them");
  if (auto linear = dyn_cast<attn::LinearOp>(op)) {
    if (linear.getActivation() != attn::Activation::None)
      return fail(op, "an activation follows a product in f32: a scale is "
                      "missing between them");
    if (linear.getBias()) {
      std::optional<RealConstant> own = realConstant(linear.getBias());
      if (!own)
        return fail(op, "expected a constant bias");
      std::vector<double> &bias = addition.bias;
      if (bias.empty())
        bias.assign(type.getNumElements(), 0);
      for (size_t i = 0; i < bias.size(); ++i)
        bias[i] += addition.factor * own->values[i % own->values.size()];
    }
  }
  return selectContraction(op, *c, std::move(addition), to);
}

FailureOr<Value> IntegerGraph::selectContraction(Operation *op, Contraction c,
                                                 Addition addition,
                                                 Quantization to) {
  if (llvm::any_of(c.sizes, ShapedType::isDynamic))
    return fail(op, "expected known sizes");
  if (std::optional<RealConstant> weights = realConstant(c.y))
    return selectWeights(op, c, *weights, addition, to);
  if (std::optional<RealConstant> weights = realConstant(c.x)) {
    std::swap(c.x, c.y);
    std::swap(c.xMap, c.yMap);
    return selectWeights(op, c, *weights, addition, to);
  }
  if (addition.bias.empty() && addition.factor == 1)
    if (std::optional<Value> attention = selectAttention(c, to))
      return *attention;
  if (!addition.bias.empty())
    return fail(op, "something is added to a product of two tensors in f32: a "
                    "scale is missing between them");
  return selectActivations(op, c, addition.factor, to);
}

/// What is added to all rows of channel `at`; none where it differs.
static std::optional<double>
biasOf(const std::vector<double> &bias, AffineMap map, ArrayRef<int64_t> shape,
       ArrayRef<int64_t> at, ArrayRef<int64_t> sizes, ArrayRef<unsigned> rows) {
  if (bias.empty())
    return 0;
  double added = bias[offsetAt(map, shape, at)];
  SmallVector<int64_t> row(at);
  Counter each(sizes, rows);
  for (int64_t m = product(sizes, rows); m > 0; --m, each.next(row))
    if (bias[offsetAt(map, shape, row)] != added)
      return std::nullopt;
  return added;
}

FailureOr<IntegerGraph::Channels>
IntegerGraph::channelsOf(Operation *op, const Contraction &c,
                         const RealConstant &weights, const Addition &addition,
                         ArrayRef<unsigned> channels, ArrayRef<unsigned> rows,
                         ArrayRef<unsigned> depth, Quantization x,
                         Quantization to) {
  if (!(addition.factor > 0))
    return fail(op, "a product is multiplied by a negative number in f32: a "
                    "scale is missing between them");
  Channels result;
  SmallVector<int64_t> at(c.sizes.size(), 0);
  Counter channel(c.sizes, channels), inner(c.sizes, depth);
  int64_t count = product(c.sizes, channels), terms = product(c.sizes, depth);
  for (int64_t n = 0; n < count; ++n, channel.next(at)) {
    int64_t sum = 0, reach = 0;
    double scale = weights.scales[offsetAt(c.yMap, weights.shape, at)];
    for (int64_t k = 0; k < terms; ++k, inner.next(at)) {
      int64_t offset = offsetAt(c.yMap, weights.shape, at);
      int64_t value = weights.integers[offset] - weights.zeros[offset];
      if (weights.scales[offset] != scale)
        return fail(op, "its weights have scales along the dimension that is "
                        "summed");
      if (value < -256 || value > 254)
        return fail(op, "a weight less its zero point leaves two of int8");
      if (value < -128 || value > 127)
        result.parts = 2;
      result.weights.push_back(static_cast<int16_t>(value));
      sum += value;
      reach += std::abs(value) * 128;
    }
    std::optional<double> added =
        biasOf(addition.bias, c.outMap, c.resultShape, at, c.sizes, rows);
    if (!added)
      return fail(op, "what is added to it differs from row to row: a scale is "
                      "missing between them");
    if (reach == 0) {
      // One number for all rows, whatever the scales are.
      result.bias.push_back(
          4 * (to.quantize(static_cast<float>(*added)) - to.zero));
      result.multipliers.push_back(1 << 30);
      continue;
    }
    double unit = x.scale * scale * addition.factor;
    auto multiplier = multiplierOf(unit / to.scale);
    if (!multiplier)
      return fail(op, "the scales of x and weights are not below half of the "
                      "result's");
    double whole = std::nearbyint(*added / unit) -
                   static_cast<double>(x.zero) * static_cast<double>(sum);
    if (!(std::abs(whole) + static_cast<double>(reach) < std::ldexp(1.0, 31)))
      return fail(op, "its sums leave 32 bits");
    result.bias.push_back(static_cast<int32_t>(whole));
    result.multipliers.push_back(*multiplier);
  }
  return result;
}

/// [channels, columns] of int8: all depths' first parts, then the second ones.
static std::vector<int8_t> rowsOf(const std::vector<int16_t> &weights,
                                  unsigned parts, int64_t channels,
                                  int64_t depth, int64_t columns) {
  std::vector<int8_t> matrix(channels * columns, 0);
  for (size_t i = 0; i < weights.size(); ++i) {
    int8_t *row = &matrix[i / depth * columns];
    int16_t first = parts == 1 ? weights[i] : weights[i] >> 1;
    row[i % depth] = static_cast<int8_t>(first);
    if (parts == 2)
      row[depth + i % depth] = static_cast<int8_t>(weights[i] - first);
  }
  return matrix;
}

/// The rows of x twice, one behind the other.
static Value doubled(OpBuilder &b, Location loc, Value x, Value init) {
  auto type = cast<RankedTensorType>(x.getType());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  for (int64_t offset : {int64_t(0), columns})
    init = tensor::InsertSliceOp::create(
        b, loc, x, init, getAsIndexOpFoldResult(b.getContext(), {0, offset}),
        getAsIndexOpFoldResult(b.getContext(), {rows, columns}),
        getAsIndexOpFoldResult(b.getContext(), {1, 1}));
  return init;
}

FailureOr<Value> IntegerGraph::selectWeights(Operation *op,
                                             const Contraction &c,
                                             const RealConstant &weights,
                                             const Addition &addition,
                                             Quantization to) {
  std::optional<LoopKinds> kinds = kindsOf(c.xMap, c.yMap, c.outMap);
  if (!kinds)
    return fail(op, "the Cortex-M7 has no int8 form of this product");
  if (!weights.isQuantized())
    return fail(op, "expected quantised weights");
  if (product(c.sizes, kinds->batch) != 1)
    return selectGroups(op, c, weights, addition, to);
  FailureOr<Source> x = sourceOf(c.x);
  if (failed(x))
    return failure();
  // Groups of one are rows.
  SmallVector<unsigned> rows = concat(kinds->batch, kinds->rows);
  FailureOr<Channels> channels =
      channelsOf(op, c, weights, addition, kinds->columns, rows, kinds->depth,
                 x->quantization, to);
  if (failed(channels))
    return failure();
  int64_t count = product(c.sizes, rows),
          outputs = product(c.sizes, kinds->columns),
          depth = product(c.sizes, kinds->depth),
          columns = llvm::alignTo(channels->parts * depth, 4),
          paddedOutputs = std::max<int64_t>(outputs, 2);
  std::vector<int8_t> matrix =
      rowsOf(channels->weights, channels->parts, paddedOutputs, depth, columns);
  channels->bias.resize(paddedOutputs, 0);
  channels->multipliers.resize(paddedOutputs, 0);
  Value left = reshaped(
      arranged(x->integers, c.xMap, c.sizes, concat(rows, kinds->depth)),
      {count, depth});
  if (channels->parts == 2)
    left = doubled(b, loc, left, empty({count, 2 * depth}));
  left = padded(left, columns, x->quantization.zero);
  auto constantOf = [&](const auto &values, ArrayRef<int64_t> shape,
                        Type type) {
    return DenseElementsAttr::get(RankedTensorType::get(shape, type),
                                  ArrayRef(values));
  };
  Value y =
      ProductOp::create(
          b, loc, bytes({count, paddedOutputs}), left,
          empty({count, paddedOutputs}), Value(),
          constantOf(matrix, {paddedOutputs, columns}, b.getI8Type()),
          constantOf(channels->bias, {paddedOutputs}, b.getI32Type()),
          constantOf(channels->multipliers, {paddedOutputs}, b.getI32Type()),
          static_cast<int32_t>(to.zero))
          .getResult();
  if (paddedOutputs != outputs)
    y = tensor::ExtractSliceOp::create(
        b, loc, bytes({count, outputs}), y,
        getAsIndexOpFoldResult(b.getContext(), {0, 0}),
        getAsIndexOpFoldResult(b.getContext(), {count, outputs}),
        getAsIndexOpFoldResult(b.getContext(), {1, 1}));
  return resultOf(c, y, concat(rows, kinds->columns));
}

FailureOr<Value> IntegerGraph::selectActivations(Operation *op,
                                                 const Contraction &c,
                                                 double factor,
                                                 Quantization to) {
  std::optional<LoopKinds> kinds = kindsOf(c.xMap, c.yMap, c.outMap);
  if (!kinds)
    return fail(op, "the Cortex-M7 has no int8 form of this product");
  FailureOr<Source> x = sourceOf(c.x);
  if (failed(x))
    return failure();
  FailureOr<Source> y = sourceOf(c.y);
  if (failed(y))
    return failure();
  auto multiplier = multiplierOf(factor * x->quantization.scale *
                                 y->quantization.scale / to.scale);
  if (!multiplier)
    return fail(op, "the operands' scales are not below half of the result's");
  int64_t batch = product(c.sizes, kinds->batch),
          count = product(c.sizes, kinds->rows),
          outputs = product(c.sizes, kinds->columns),
          depth = product(c.sizes, kinds->depth);
  if (static_cast<double>(depth) * 255 * 255 >= std::ldexp(1.0, 31))
    return fail(op, "its sums leave 32 bits");
  Value left = matrices(c, *x, c.xMap, kinds->batch, kinds->rows, kinds->depth),
        right =
            matrices(c, *y, c.yMap, kinds->batch, kinds->columns, kinds->depth);
  Value all = empty({batch, count, outputs});
  for (int64_t i = 0; i < batch; ++i) {
    Value part =
        ActivationProductOp::create(
            b, loc, bytes({count, outputs}), matrixOf(b, loc, left, i),
            matrixOf(b, loc, right, i), empty({count, outputs}), Value(),
            x->quantization.zero, y->quantization.zero, *multiplier, to.zero)
            .getResult();
    all = withMatrix(b, loc, part, all, i);
  }
  return resultOf(c, all,
                  concat(concat(kinds->batch, kinds->rows), kinds->columns));
}

Value IntegerGraph::matrices(const Contraction &c, const Source &side,
                             AffineMap map, ArrayRef<unsigned> batch,
                             ArrayRef<unsigned> own, ArrayRef<unsigned> depth) {
  Value all =
      arranged(side.integers, map, c.sizes, concat(concat(batch, own), depth));
  int64_t columns = product(c.sizes, depth);
  return padded(
      reshaped(all, {product(c.sizes, batch), product(c.sizes, own), columns}),
      llvm::alignTo(columns, 4), side.quantization.zero);
}

Value IntegerGraph::resultOf(const Contraction &c, Value all,
                             ArrayRef<unsigned> order) {
  SmallVector<int64_t> shape;
  for (unsigned loop : order)
    shape.push_back(c.sizes[loop]);
  return reshaped(arranged(reshaped(all, shape), inOrder(c.outMap, order),
                           c.sizes, loopsOf(c.outMap)),
                  c.resultShape);
}
