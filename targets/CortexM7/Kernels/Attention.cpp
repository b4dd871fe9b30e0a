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
/// rows of q, distances between rows of y, q, keys and values. As many rows of
/// scores live at a time as products take, which q must have.
FailureOr<func::FuncOp> tfc::m7::attentionKernel(ModuleOp module, int64_t depth,
                                                 int64_t tokens, int64_t rows) {
  if (tokens < 1 || tokens > 4096)
    return module.emitError("the attention has ")
           << tokens << " keys, expected 1 to 4096";
  const int64_t padded = llvm::alignTo(tokens, 8);
  FailureOr<func::FuncOp> scoring = productKernel(
      module, {depth, rows, ProductForm::Activations, tokens == 1});
  FailureOr<func::FuncOp> mixing =
      productKernel(module, {padded, rows, ProductForm::Activations});
  FailureOr<func::FuncOp> softmax = softmaxKernel(module);
  if (failed(scoring) || failed(mixing) || failed(softmax))
    return failure();
  std::string name =
      ("tfc_m7_attention_k" + Twine(depth) + "_n" + Twine(tokens)).str();
  if (rows != 3)
    name += "_r" + std::to_string(rows);
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  KernelBuilder k(module, name, "pppppppiiiii");
  Value zero = k.word(0), one = k.word(1), parameters = k.argument(4);
  // Scratch: widened rows, then their scores, then v by columns.
  Value wide = k.argument(6);
  Value scores = k.at(wide, 2 * rows * std::max(depth, padded));
  Value columns = k.at(scores, rows * padded);
  k.loop(zero, k.word(depth), one, [&](Value d) {
    Value to = k.at(columns, k.mul(d, k.word(padded)));
    Value from = k.at(k.argument(2), d);
    for (int64_t i = tokens; i < padded; ++i)
      k.storeByte(zero, to, i);
    k.loop(zero, k.word(tokens), one, [&](Value t) {
      k.storeByte(k.loadByte(k.at(from, k.mul(t, k.argument(11)))),
                  k.at(to, t));
    });
  });
  Value last = k.sub(k.argument(7), k.word(rows));
  k.loop(zero, k.argument(7), k.word(rows), [&](Value row) {
    Value first = k.minimum(row, last), start = k.mul(first, k.argument(9));
    Value stride = k.word(padded), count = k.word(rows);
    k.call(*scoring,
           {k.at(k.argument(0), start), k.argument(1), parameters, scores, wide,
            count, k.word(tokens), stride, k.loadWord(parameters, 12),
            k.argument(9), k.argument(10)});
    Value probabilityZero = k.loadWord(parameters, 20);
    for (int64_t r = 0; r < rows; ++r) {
      Value line = k.at(scores, r * padded);
      k.call(*softmax, {line, line, k.argument(5), one, k.word(tokens),
                        k.loadWord(parameters, 16), probabilityZero});
      for (int64_t i = tokens; i < padded; ++i)
        k.storeByte(probabilityZero, line, i);
    }
    k.call(*mixing, {scores, columns, k.at(parameters, 24),
                     k.at(k.argument(3), k.mul(first, k.argument(8))), wide,
                     count, k.word(depth), k.argument(8),
                     k.loadWord(parameters, 36), stride, stride});
  });
  return k.finish();
}
