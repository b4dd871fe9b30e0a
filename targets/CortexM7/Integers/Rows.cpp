//===- Rows.cpp - norms, softmax and means of int8 rows ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerGraph.h"

using namespace tfc;
using namespace tfc::m7;

FailureOr<Value> IntegerGraph::selectNorm(attn::NormOp op, Quantization to) {
  FailureOr<Source> x = sourceOf(op.getX());
  if (failed(x))
    return failure();
  auto type = cast<RankedTensorType>(op.getX().getType());
  int64_t axis = op.getAxis(), channels = 1;
  for (int64_t size : type.getShape().drop_front(axis))
    channels *= size;
  if (channels > 4096)
    return fail(op, "a norm of " + Twine(channels) +
                        " elements has no int8 form; expected at most 4096");
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
  auto parameters =
      normParameters(*gain, *bias, op.getEpsilon().convertToDouble(),
                     x->quantization.scale, to);
  if (!parameters)
    return fail(op, "its scales are too far above the result's, or epsilon is "
                    "too many of x's steps");
  int64_t rows = type.getNumElements() / channels;
  auto row = [&](auto values, Type element) {
    return DenseElementsAttr::get(RankedTensorType::get({channels}, element),
                                  ArrayRef(values));
  };
  bool rms = op.getKind() == attn::NormKind::Rms;
  Value y = NormOp::create(
                b, loc, bytes({rows, channels}),
                reshaped(x->integers, {rows, channels}),
                empty({rows, channels}), row(parameters->gains, b.getI32Type()),
                row(parameters->offsets, b.getI64Type()), parameters->epsilon,
                static_cast<int32_t>(x->quantization.zero), rms)
                .getResult();
  return reshaped(y, type.getShape());
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
