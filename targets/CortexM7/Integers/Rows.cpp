//===- Rows.cpp - norms, softmax and means of int8 rows ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerGraph.h"
#include "tfc/Target/CortexM7/Kernels/Kernels.h"

using namespace tfc;
using namespace tfc::m7;

/// The numbers of `values` by groups of equal ones after one another, as few as
/// may be; `other` has the same groups.
static int64_t groupsOf(ArrayRef<double> values, ArrayRef<double> other) {
  int64_t count = values.size();
  for (int64_t groups = 1; groups < count; ++groups) {
    if (count % groups != 0)
      continue;
    int64_t size = count / groups;
    bool isEqual = true;
    for (int64_t i = 0; i < count && isEqual; ++i)
      isEqual = values[i] == values[i / size * size] &&
                other[i] == other[i / size * size];
    if (isEqual)
      return groups;
  }
  return count;
}

/// Rows of x, [rows, channels], normalised with one gain and bias a channel.
FailureOr<Value> IntegerGraph::normalised(attn::NormOp op, const Source &x,
                                          Value rows, ArrayRef<double> gain,
                                          ArrayRef<double> bias,
                                          Quantization to) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(rows.getType()).getShape();
  // Long rows are maps, of which each channel is many elements.
  int64_t channels = shape.back(), groups = channels > 4096 || !op.getScale()
                                                ? groupsOf(gain, bias)
                                                : channels;
  std::vector<double> gains, biases;
  for (int64_t i = 0; i < groups; ++i) {
    gains.push_back(gain[i * (channels / groups)]);
    biases.push_back(bias[i * (channels / groups)]);
  }
  auto parameters =
      normParameters(gains, biases, channels, op.getEpsilon().convertToDouble(),
                     x.quantization.scale, to);
  if (!parameters)
    return fail(op, "its scales are too far above the result's, or epsilon is "
                    "too many of x's steps");
  auto row = [&](auto values, Type element) {
    return DenseElementsAttr::get(RankedTensorType::get({groups}, element),
                                  ArrayRef(values));
  };
  return NormOp::create(b, loc, bytes(shape), rows, empty(shape),
                        row(parameters->gains, b.getI32Type()),
                        row(parameters->offsets, b.getI64Type()),
                        parameters->epsilon,
                        static_cast<int32_t>(x.quantization.zero),
                        op.getKind() == attn::NormKind::Rms)
      .getResult();
}

/// `op`, and each of its elements times a constant plus a constant where
/// `after` is given.
FailureOr<Value> IntegerGraph::selectNorm(attn::NormOp op, Quantization to,
                                          const Affine *after) {
  FailureOr<Source> x = sourceOf(op.getX());
  if (failed(x))
    return failure();
  auto type = cast<RankedTensorType>(op.getX().getType());
  int64_t axis = op.getAxis(), channels = 1;
  for (int64_t size : type.getShape().drop_front(axis))
    channels *= size;
  if (channels > mostNormDepth)
    return fail(op, "a norm of " + Twine(channels) +
                        " elements has no int8 form; expected at most " +
                        Twine(mostNormDepth));
  auto parameter = [&](Value value,
                       double otherwise) -> std::optional<std::vector<double>> {
    if (!value)
      return std::vector<double>(channels, otherwise);
    std::optional<RealConstant> constant = realConstant(value);
    if (!constant || constant->size() != channels)
      return std::nullopt;
    return constant->values;
  };
  auto gain = parameter(op.getScale(), 1), bias = parameter(op.getBias(), 0);
  if (!gain || !bias)
    return fail(op, "expected constant scales and biases");
  int64_t rows = type.getNumElements() / channels;
  Value matrix = reshaped(x->integers, {rows, channels});
  auto gainOf = [&](int64_t row) {
    std::vector<double> numbers = *gain;
    for (int64_t c = 0; after && c < channels; ++c)
      numbers[c] *= after->gain[row * channels + c];
    return numbers;
  };
  auto biasOf = [&](int64_t row) {
    std::vector<double> numbers = *bias;
    for (int64_t c = 0; after && c < channels; ++c)
      numbers[c] = numbers[c] * after->gain[row * channels + c] +
                   after->bias[row * channels + c];
    return numbers;
  };
  bool isOne = true;
  for (int64_t row = 1; after && row < rows && isOne; ++row)
    isOne = gainOf(row) == gainOf(0) && biasOf(row) == biasOf(0);
  if (isOne) {
    FailureOr<Value> y = normalised(op, *x, matrix, gainOf(0), biasOf(0), to);
    if (failed(y))
      return failure();
    return reshaped(*y, type.getShape());
  }
  // A map a channel is a row with a gain of its own.
  constexpr int64_t mostRows = 1024;
  if (rows > mostRows)
    return fail(op, "its gains differ in " + Twine(rows) +
                        " rows; expected at most " + Twine(mostRows));
  Value all = empty({rows, channels});
  SmallVector<OpFoldResult> sizes = {b.getIndexAttr(1),
                                     b.getIndexAttr(channels)},
                            strides(2, b.getIndexAttr(1));
  for (int64_t row = 0; row < rows; ++row) {
    SmallVector<OpFoldResult> at = {b.getIndexAttr(row), b.getIndexAttr(0)};
    Value part =
        tensor::ExtractSliceOp::create(b, loc, matrix, at, sizes, strides);
    FailureOr<Value> y = normalised(op, *x, part, gainOf(row), biasOf(row), to);
    if (failed(y))
      return failure();
    all = tensor::InsertSliceOp::create(b, loc, *y, all, at, sizes, strides);
  }
  return reshaped(all, type.getShape());
}

FailureOr<Value> IntegerGraph::selectSoftmax(linalg::GenericOp divide,
                                             Value scores, unsigned dimension,
                                             Quantization to) {
  FailureOr<Source> x = sourceOf(scores);
  if (failed(x))
    return failure();
  auto type = cast<RankedTensorType>(scores.getType());
  int64_t columns = type.getDimSize(dimension),
          rows = type.getNumElements() / columns;
  auto parameters = softmaxParameters(x->quantization.scale, columns, to.scale);
  if (!parameters)
    return fail(divide, "the scale of its result is below 1/511");
  auto table =
      DenseElementsAttr::get(RankedTensorType::get({256}, b.getI32Type()),
                             ArrayRef<int32_t>(parameters->table));
  // The dimension behind the others, and its place again.
  SmallVector<unsigned> order, places(type.getRank());
  for (unsigned d = 0; d < type.getRank(); ++d)
    if (d != dimension)
      order.push_back(d);
  order.push_back(dimension);
  SmallVector<int64_t> turned;
  for (auto [i, d] : llvm::enumerate(order)) {
    places[d] = i;
    turned.push_back(type.getDimSize(d));
  }
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  Value rowwise = arranged(x->integers, identity, type.getShape(), order);
  Value y = SoftmaxOp::create(
                b, loc, bytes({rows, columns}),
                reshaped(rowwise, {rows, columns}), empty({rows, columns}),
                table, parameters->numerator, static_cast<int32_t>(to.zero))
                .getResult();
  return reshaped(arranged(reshaped(y, turned), identity, turned, places),
                  type.getShape());
}

/// The sum that `reduce` is, times `factor`.
FailureOr<Value> IntegerGraph::selectMean(linalg::GenericOp reduce,
                                          double factor, Quantization to) {
  FailureOr<Source> x = sourceOf(reduce.getInputs()[0]);
  if (failed(x))
    return failure();
  if (!cast<ShapedType>(reduce.getResult(0).getType()).hasStaticShape())
    return fail(reduce, "expected known sizes");
  AffineMap in = reduce.getMatchingIndexingMap(reduce.getDpsInputOperand(0)),
            out = reduce.getMatchingIndexingMap(reduce.getDpsInitOperand(0));
  SmallVector<int64_t> sizes = reduce.getStaticLoopRanges();
  SmallVector<unsigned> summed, kept;
  for (AffineExpr expression : out.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expression);
    if (!dim)
      return fail(reduce, "the Cortex-M7 has no int8 form of this sum");
    kept.push_back(dim.getPosition());
  }
  int64_t rows = 1, columns = 1;
  for (unsigned loop = 0; loop < sizes.size(); ++loop) {
    if (llvm::is_contained(kept, loop)) {
      columns *= sizes[loop];
      continue;
    }
    summed.push_back(loop);
    rows *= sizes[loop];
  }
  auto multiplier = multiplierOf(x->quantization.scale * factor / to.scale);
  // What the kernel takes.
  if (!multiplier || reduce.getNumDpsInputs() != 1)
    return selectSum(reduce, factor, to);
  SmallVector<unsigned> order(summed);
  llvm::append_range(order, kept);
  Value matrix =
      reshaped(arranged(x->integers, in, sizes, order), {rows, columns});
  Value y = MeanOp::create(b, loc, bytes({columns}), matrix, empty({columns}),
                           static_cast<int32_t>(-rows * x->quantization.zero),
                           *multiplier, static_cast<int32_t>(to.zero))
                .getResult();
  return reshaped(y,
                  cast<ShapedType>(reduce->getResult(0).getType()).getShape());
}
