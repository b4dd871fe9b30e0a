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
  KernelBuilder k(module, name, "pppi",
                  "a function of each int8, by its table");
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
  KernelBuilder k(module, name, "pppiiii", "sums of two int8 with scales");
  k.loop(k.word(0), k.argument(3), k.word(1), [&](Value i) {
    Value a = k.loadByte(k.at(k.argument(0), i));
    Value b = k.loadByte(k.at(k.argument(1), i));
    Value sum = k.add(k.mul(a, k.argument(4)), k.argument(6));
    sum = k.add(k.mul(b, k.argument(5)), sum);
    k.storeByte(k.saturate8(k.shiftRight(sum, 20)), k.at(k.argument(2), i));
  });
  return k.finish();
}

/// Arguments: a, b, y, rows, their length, the multipliers and what is added. b
/// is one row, added to each of a's.
FailureOr<func::FuncOp> tfc::m7::addRowKernel(ModuleOp module) {
  StringRef name = "tfc_m7_add_row";
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  FailureOr<func::FuncOp> add = addKernel(module);
  KernelBuilder k(module, name, "pppiiiii",
                  "sums of rows of int8 and one row, with scales");
  k.loop(k.word(0), k.argument(3), k.word(1), [&](Value row) {
    Value start = k.mul(row, k.argument(4));
    k.call(*add, {k.at(k.argument(0), start), k.argument(1),
                  k.at(k.argument(2), start), k.argument(4), k.argument(5),
                  k.argument(6), k.argument(7)});
  });
  return k.finish();
}

/// Arguments: a, b, y, elements, zero points of a and b, multiplier, zero point
/// of y.
FailureOr<func::FuncOp> tfc::m7::multiplyKernel(ModuleOp module) {
  StringRef name = "tfc_m7_multiply";
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  KernelBuilder k(module, name, "pppiiiii",
                  "products of two int8, element by element");
  k.loop(k.word(0), k.argument(3), k.word(1), [&](Value i) {
    Value a = k.sub(k.loadByte(k.at(k.argument(0), i)), k.argument(4));
    Value b = k.sub(k.loadByte(k.at(k.argument(1), i)), k.argument(5));
    Value product = k.multiplyHigh(k.mul(a, b), k.argument(6), k.argument(7));
    k.storeByte(k.saturate8(product), k.at(k.argument(2), i));
  });
  return k.finish();
}

namespace {

class Mean {
public:
  using Values = KernelBuilder::Values;

  Mean(ModuleOp module, StringRef name, int64_t depth)
      : k(module, name, "ppiiii",
          "means over rows of " + Twine(depth) + " int8"),
        depth(depth), zero(k.word(0)), one(k.word(1)), rows(k.argument(2)) {}

  func::FuncOp build() {
    k.loop(zero, k.word(depth / 4 * 4), k.word(4), [&](Value column) {
      Values sums = fourColumns(k.at(k.argument(0), column));
      Value to = k.at(k.argument(1), column);
      for (int64_t lane = 0; lane < 4; ++lane)
        store(sums[lane], to, lane);
    });
    for (int64_t column = depth / 4 * 4; column < depth; ++column)
      store(lastColumn(k.at(k.argument(0), column)), k.argument(1), column);
    return k.finish();
  }

private:
  /// Two sums share a word, which has room for 256 rows.
  Values fourColumns(Value from) {
    Values start{from};
    start.append(4, zero);
    return Values(ArrayRef<Value>(
                      k.loop(zero, rows, k.word(256), start,
                             [&](Value row, ValueRange now) {
                               Value left = k.sub(rows, row);
                               return block(k.minimum(left, k.word(256)), now);
                             }))
                      .drop_front());
  }

  Values block(Value count, ValueRange before) {
    Values sums = k.loop(
        zero, count, one, {before[0], zero, zero}, [&](Value, ValueRange now) {
          Value word = k.loadWordAnywhere(now[0]);
          return Values{k.at(now[0], depth), k.sxtab16(now[1], word),
                        k.sxtab16(now[2], k.rotate8(word))};
        });
    Values next{sums[0]};
    for (int64_t lane = 0; lane < 4; ++lane) {
      Value both = sums[1 + lane % 2];
      Value sum = k.shiftRight(lane < 2 ? k.shiftLeft(both, 16) : both, 16);
      next.push_back(k.add(before[1 + lane], sum));
    }
    return next;
  }

  Value lastColumn(Value from) {
    return k.loop(zero, rows, one, {from, zero}, [&](Value, ValueRange now) {
      return Values{k.at(now[0], depth), k.add(now[1], k.loadByte(now[0]))};
    })[1];
  }

  void store(Value sum, Value to, int64_t bytes) {
    k.storeByte(k.saturate8(k.multiplyHigh(k.add(sum, k.argument(3)),
                                           k.argument(4), k.argument(5))),
                to, bytes);
  }

  KernelBuilder k;
  int64_t depth;
  Value zero, one, rows;
};

} // namespace

/// Arguments: x, y, rows, what zero points add to a sum, multiplier, zero point
/// of y.
FailureOr<func::FuncOp> tfc::m7::meanKernel(ModuleOp module, int64_t depth) {
  if (depth <= 0)
    return module.emitError("the mean's depth is ")
           << depth << ", expected one of at least 1";
  std::string name = ("tfc_m7_mean_k" + Twine(depth)).str();
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  return Mean(module, name, depth).build();
}
