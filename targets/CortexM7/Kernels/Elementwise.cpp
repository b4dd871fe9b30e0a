//===- Elementwise.cpp - tables, sums of two scales, means ------*- C++ -*-===//
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

/// Arguments: x, y, the table by x's byte without sign, elements.
FailureOr<func::FuncOp> tfc::m7::tableKernel(ModuleOp module) {
  StringRef name = "tfc_m7_table";
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  KernelBuilder k(module, name, "pppi");
  k.loop(k.word(0), k.argument(3), k.word(1), [&](Value i) {
    Value index = k.loadByte(k.at(k.argument(0), i), 0, /*isSigned=*/false);
    k.storeByte(k.loadByte(k.at(k.argument(2), index)), k.at(k.argument(1), i));
  });
  return k.finish();
}

/// Arguments: a, b, y, elements, the multipliers of a and b in 2^-20, and what
/// zero points and rounding add.
FailureOr<func::FuncOp> tfc::m7::addKernel(ModuleOp module) {
  StringRef name = "tfc_m7_add";
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  KernelBuilder k(module, name, "pppiiii");
  k.loop(k.word(0), k.argument(3), k.word(1), [&](Value i) {
    Value a = k.loadByte(k.at(k.argument(0), i));
    Value b = k.loadByte(k.at(k.argument(1), i));
    Value sum = k.add(k.mul(a, k.argument(4)), k.argument(6));
    sum = k.add(k.mul(b, k.argument(5)), sum);
    k.storeByte(k.saturate8(k.shiftRight(sum, 20)), k.at(k.argument(2), i));
  });
  return k.finish();
}

/// Arguments: x, y, rows (at most 256, so that sums fit 16 bits), what zero
/// points add to a sum, multiplier, zero point of y.
/// b is one row, added to each of a's.
FailureOr<func::FuncOp> tfc::m7::addRowKernel(ModuleOp module) {
  StringRef name = "tfc_m7_add_row";
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  FailureOr<func::FuncOp> add = addKernel(module);
  KernelBuilder k(module, name, "pppiiiii");
  k.loop(k.word(0), k.argument(3), k.word(1), [&](Value row) {
    Value start = k.mul(row, k.argument(4));
    k.call(*add, {k.at(k.argument(0), start), k.argument(1),
                  k.at(k.argument(2), start), k.argument(4), k.argument(5),
                  k.argument(6), k.argument(7)});
  });
  return k.finish();
}

FailureOr<func::FuncOp> tfc::m7::multiplyKernel(ModuleOp module) {
  StringRef name = "tfc_m7_multiply";
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  KernelBuilder k(module, name, "pppiiiii");
  k.loop(k.word(0), k.argument(3), k.word(1), [&](Value i) {
    Value a = k.sub(k.loadByte(k.at(k.argument(0), i)), k.argument(4));
    Value b = k.sub(k.loadByte(k.at(k.argument(1), i)), k.argument(5));
    Value product = k.multiplyHigh(k.mul(a, b), k.argument(6), k.argument(7));
    k.storeByte(k.saturate8(product), k.at(k.argument(2), i));
  });
  return k.finish();
}

FailureOr<func::FuncOp> tfc::m7::meanKernel(ModuleOp module, int64_t depth) {
  if (depth <= 0 || depth % 4)
    return module.emitError("the mean's depth is ")
           << depth << ", expected a multiple of 4";
  std::string name = ("tfc_m7_mean_k" + Twine(depth)).str();
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  using Values = KernelBuilder::Values;
  KernelBuilder k(module, name, "ppiiii");
  Value zero = k.word(0);
  k.loop(zero, k.word(depth), k.word(4), [&](Value column) {
    Values sums = k.loop(
        zero, k.argument(2), k.word(1),
        {k.at(k.argument(0), column), zero, zero}, [&](Value, ValueRange now) {
          Value word = k.loadWord(now[0]);
          return Values{k.at(now[0], depth), k.sxtab16(now[1], word),
                        k.sxtab16(now[2], k.rotate8(word))};
        });
    Value to = k.at(k.argument(1), column);
    for (int64_t lane = 0; lane < 4; ++lane) {
      Value both = sums[1 + lane % 2];
      Value sum = k.shiftRight(lane < 2 ? k.shiftLeft(both, 16) : both, 16);
      k.storeByte(k.saturate8(k.multiplyHigh(k.add(sum, k.argument(3)),
                                             k.argument(4), k.argument(5))),
                  to, lane);
    }
  });
  return k.finish();
}
