//===- Attention.cpp - softmax(q k^T) v of one int8 head --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "tfc/Target/CortexM7/Kernels/Kernels.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tfc::m7;

/// Arguments: q, keys, values, y, parameters, the softmax's table, scratch,
/// rows of q, distance between rows of y. As many rows of scores live at a time
/// as products take, which q must have. y may be q's memory, row upon row.
FailureOr<func::FuncOp> tfc::m7::attentionKernel(ModuleOp module,
                                                 const AttentionShape &shape) {
  const int64_t tokens = shape.keys, depth = shape.depth, rows = shape.rows;
  if (tokens < 1 || tokens > 4096)
    return module.emitError("the attention has ")
           << tokens << " keys, expected 1 to 4096";
  const int64_t padded = llvm::alignTo(tokens, 8);
  FailureOr<func::FuncOp> scoring =
      productKernel(module, {depth, rows, ProductForm::Activations, tokens == 1,
                             shape.qStride, shape.keyStride});
  FailureOr<func::FuncOp> mixing =
      productKernel(module, {padded, rows, ProductForm::Activations});
  FailureOr<func::FuncOp> softmax = softmaxKernel(module);
  if (failed(scoring) || failed(mixing) || failed(softmax))
    return failure();
  std::string name =
      ("tfc_m7_attention_k" + Twine(depth) + "_n" + Twine(tokens)).str();
  if (rows != 3)
    name += "_r" + std::to_string(rows);
  for (auto [letter, stride] : {std::pair{"_q", shape.qStride},
                                {"_s", shape.keyStride},
                                {"_v", shape.valueStride}})
    if (stride.value_or(depth) != depth)
      name += letter + std::to_string(*stride);
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  const int64_t qStride = shape.qStride.value_or(depth),
                valueStride = shape.valueStride.value_or(depth);
  KernelBuilder k(module, name, "pppppppii",
                  "attention (scores, softmax, values) of " + Twine(tokens) +
                      " keys of " + Twine(depth) + " int8, " + Twine(rows) +
                      " queries at a time");
  Value zero = k.word(0), one = k.word(1), parameters = k.argument(4);
  // Scratch: widened rows, then their scores, then v by columns.
  const int64_t most = std::max(depth, padded);
  Value wide = k.argument(6);
  Value scores = k.at(wide, 2 * rows * most);
  Value columns = k.at(scores, rows * most);
  k.loop(zero, k.word(depth), one, [&](Value d) {
    Value to = k.at(columns, k.mul(d, k.word(padded)));
    Value from = k.at(k.argument(2), d);
    for (int64_t i = tokens; i < padded; ++i)
      k.storeByte(zero, to, i);
    k.loop(zero, k.word(tokens), one, [&](Value t) {
      k.storeByte(k.loadByte(k.at(from, k.mul(t, k.word(valueStride)))),
                  k.at(to, t));
    });
  });
  Value last = k.sub(k.argument(7), k.word(rows));
  k.loop(zero, k.argument(7), k.word(rows), [&](Value row) {
    Value first = k.minimum(row, last), start = k.mul(first, k.word(qStride));
    Value stride = k.word(padded), count = k.word(rows);
    k.call(*scoring,
           {k.at(k.argument(0), start), k.argument(1), parameters, scores, wide,
            count, k.word(tokens), stride, k.loadWord(parameters, 12)});
    Value probabilityZero = k.loadWord(parameters, 20);
    for (int64_t r = 0; r < rows; ++r) {
      Value line = k.at(scores, r * padded);
      k.call(*softmax, {line, line, k.argument(5), one, k.word(tokens),
                        k.loadWord(parameters, 16), probabilityZero});
      for (int64_t i = tokens; i < padded; ++i)
        k.storeByte(probabilityZero, line, i);
    }
    // What the last block computes again may be made of results that lie in the
    // place of its queries: only the rows behind them are written. Products
    // have read their rows before they write one.
    Value again = k.sub(row, first), isShort = k.notBelow(again, one);
    Value to = k.at(k.argument(3), k.mul(first, k.argument(8)));
    k.call(*mixing, {scores, columns, k.at(parameters, 24),
                     k.select(isShort, scores, to), wide, count, k.word(depth),
                     k.select(isShort, k.word(depth), k.argument(8)),
                     k.loadWord(parameters, 36)});
    k.loop(k.select(isShort, again, count), count, one, [&](Value r) {
      Value result = k.at(scores, k.mul(r, k.word(depth)));
      Value place = k.at(to, k.mul(r, k.argument(8)));
      k.loop(zero, k.word(depth), one, [&](Value d) {
        k.storeByte(k.loadByte(k.at(result, d)), k.at(place, d));
      });
    });
  });
  return k.finish();
}
