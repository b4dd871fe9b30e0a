//===- Softmax.cpp - int8 scores to int8 probabilities ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "tfc/Target/CortexM7/Kernels/Kernels.h"

using namespace mlir;
using namespace tfc::m7;

/// Arguments: scores, probabilities, the table of exponentials by distance from
/// the greatest score, rows, columns, numerator, zero point of probabilities.
FailureOr<func::FuncOp> tfc::m7::softmaxKernel(ModuleOp module) {
  StringRef name = "tfc_m7_softmax";
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  using Values = KernelBuilder::Values;
  KernelBuilder k(module, name, "pppiiii",
                  "softmax of rows of int8, by a table of exponentials");
  Value zero = k.word(0), one = k.word(1), columns = k.argument(4);
  k.loop(zero, k.argument(3), one, [&](Value row) {
    Value start = k.mul(row, columns);
    Value scores = k.at(k.argument(0), start);
    Value result = k.at(k.argument(1), start);
    auto loop = [&](Value from, Value initial, auto body) {
      return k.loop(zero, columns, one, {from, initial},
                    [&](Value, ValueRange now) {
                      return Values{k.at(now[0], 1), body(now[0], now[1])};
                    })[1];
    };
    Value greatest = loop(scores, k.word(-128), [&](Value at, Value most) {
      return k.maximum(most, k.loadByte(at));
    });
    // The entry of score s lies at distance greatest - s: going backwards from
    // here by the score needs no subtraction an element.
    Value table = k.at(k.argument(2), k.shiftLeft(greatest, 2));
    auto exponential = [&](Value at) {
      return k.loadWord(
          k.at(table, k.sub(zero, k.shiftLeft(k.loadByte(at), 2))));
    };
    Value sum = loop(scores, zero, [&](Value at, Value sum) {
      return k.add(sum, exponential(at));
    });
    Value divisor = k.shiftRightUnsigned(k.add(sum, k.word(256)), 9);
    Value multiplier = k.divideUnsigned(
        k.add(k.argument(5), k.shiftRightUnsigned(divisor, 1)), divisor);
    loop(scores, result, [&](Value at, Value to) {
      k.storeByte(k.saturate8(k.multiplyHigh(exponential(at), multiplier,
                                             k.argument(6))),
                  to);
      return k.at(to, 1);
    });
  });
  return k.finish();
}
