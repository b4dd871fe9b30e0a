//===- Product.cpp - int8 activations times int8 weights --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A block of rows is widened to 16 bits once, its rows interleaved four
// elements at a time, and stays for all outputs. `smlad` multiplies two lanes
// of 16 bits.
//
// The paired form puts the weights a, b of two outputs into one lane as
// 256 a + b. The word itself accumulates 256 A + B, `sxtb16` of it B, and A is
// their difference over 256: one instruction widens four weights instead of
// two. 256 A + B may wrap, which leaves the difference exact while A fits 24
// bits.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "tfc/Target/CortexM7/Kernels/Kernels.h"

using namespace mlir;
using namespace tfc::m7;

namespace {

/// What the kernel is for, in printed assembly.
std::string describe(const ProductShape &shape) {
  const char *sides = shape.form == ProductForm::Paired
                          ? "int8 and constant weights, two outputs' in each "
                            "16 bits"
                      : shape.form == ProductForm::Plain
                          ? "int8 and constant weights"
                          : "two matrices of int8";
  return ("matrix product of " + Twine(sides) + ": rows of " +
          Twine(shape.depth) + ", " + Twine(shape.rows) + " at a time" +
          (shape.isSingle ? ", one output" : ""))
      .str();
}

class Product {
public:
  using Values = KernelBuilder::Values;

  Product(ModuleOp module, StringRef name, const ProductShape &shape)
      : k(module, name, "pppppiiii", describe(shape)), depth(shape.depth),
        rows(shape.rows), xStride(shape.xStride.value_or(depth)),
        yStride(shape.yStride.value_or(depth)), isSingle(shape.isSingle),
        form(shape.form) {
    x = k.argument(0), weights = k.argument(1), parameters = k.argument(2);
    y = k.argument(3), scratch = k.argument(4), count = k.argument(5);
    outputs = k.argument(6), stride = k.argument(7), zero = k.argument(8);
  }

  func::FuncOp build() {
    Value last = k.sub(count, k.word(rows));
    k.loop(k.word(0), count, k.word(rows), [&](Value row) {
      // The last block begins early instead of being narrower: some rows are
      // computed twice, to the same result, and no second block is needed.
      Value first = rows == 1 ? row : k.minimum(row, last);
      Values sums = widen(k.at(x, k.mul(first, k.word(xStride))));
      Value to = k.at(y, k.mul(first, stride));
      if (form == ProductForm::Paired)
        pairedOutputs(to);
      else
        plainOutputs(to, sums);
    });
    return k.finish();
  }

private:
  /// Activations on both sides: less x's zero point; what the other's zero
  /// point adds to each row's sums comes back.
  Values widen(Value from) {
    bool centred = form == ProductForm::Activations;
    Values carried{from, scratch};
    Value lanes;
    if (centred) {
      Value high = k.shiftLeft(k.loadWord(parameters), 16);
      lanes = k.add(high, k.shiftRightUnsigned(high, 16));
      carried.append(rows, k.word(0));
    }
    Values result =
        k.loop(k.word(0), k.word(depth / 4), k.word(1), carried,
               [&](Value, ValueRange at) {
                 Values next{k.at(at[0], 4), k.at(at[1], 8 * rows)};
                 Values words(2 * rows);
                 for (int64_t r = 0; r < rows; ++r) {
                   Value word = k.loadWordAnywhere(at[0], r * xStride);
                   Value even = k.sxtb16(word), odd = k.sxtb16(k.rotate8(word));
                   if (centred) {
                     even = k.ssub16(even, lanes), odd = k.ssub16(odd, lanes);
                     Value ones = k.word(0x00010001);
                     next.push_back(
                         k.smlad(odd, ones, k.smlad(even, ones, at[2 + r])));
                   }
                   words[r] = even, words[rows + r] = odd;
                 }
                 for (int64_t i = 0; i < 2 * rows; i += 2)
                   k.storePair(words[i], words[i + 1], at[1], 4 * i);
                 return next;
               });
    Values sums;
    for (Value sum : ArrayRef<Value>(result).drop_front(2))
      sums.push_back(k.sub(k.word(0), k.mul(sum, k.loadWord(parameters, 4))));
    return sums;
  }

  /// Elements of a row that one turn of the inner loop takes.
  int64_t turn() const {
    if (depth <= 64)
      return depth;
    return depth % 32 == 0 ? 32 : depth % 16 == 0 ? 16 : depth % 8 == 0 ? 8 : 4;
  }

  /// Four elements of each row. `weights` gives two outputs' words for the
  /// first or second half of them; only one half is alive at a time, which is
  /// what lets the sums stay in registers.
  void accumulate(Value activations, int64_t bytes, Values &sums,
                  llvm::function_ref<std::pair<Value, Value>(int)> weights) {
    std::pair<Value, Value> now;
    for (int64_t i = 0; i < 2 * rows; i += 2) {
      std::pair<Value, Value> words = k.loadPair(activations, bytes + 4 * i);
      for (int64_t index : {i, i + 1}) {
        Value lanes = index == i ? words.first : words.second;
        int64_t row = index % rows;
        if (row == 0)
          now = weights(index / rows);
        sums[2 * row] = k.smlad(now.first, lanes, sums[2 * row]);
        sums[2 * row + 1] = k.smlad(now.second, lanes, sums[2 * row + 1]);
      }
    }
  }

  Values initial(Value first, Value second) {
    Values sums;
    for (int64_t r = 0; r < rows; ++r)
      sums.append({first, second});
    return sums;
  }

  void store(Value sum, Value multiplier, Value to) {
    k.storeByte(k.saturate8(k.multiplyHigh(sum, multiplier, zero)), to);
  }

  void pairedOutputs(Value to) {
    k.loop(k.word(0), outputs, k.word(2), {weights, parameters, to},
           [&](Value, ValueRange at) {
             Values carried{at[0], scratch};
             carried.append(initial(k.loadWord(at[1]), k.loadWord(at[1], 4)));
             Values result = k.loop(
                 k.word(0), k.word(depth / turn()), k.word(1), carried,
                 [&](Value, ValueRange now) {
                   Values sums(now.drop_front(2));
                   for (int64_t i = 0; i < turn() / 4; ++i) {
                     std::pair<Value, Value> both = k.loadPair(now[0], 8 * i);
                     accumulate(now[1], 8 * rows * i, sums, [&](int half) {
                       Value word = half ? both.second : both.first;
                       return std::pair(word, k.sxtb16(word));
                     });
                   }
                   Values next{k.at(now[0], 2 * turn()),
                               k.at(now[1], 2 * rows * turn())};
                   next.append(sums);
                   return next;
                 });
             Value first = k.loadWord(at[1], 8), second = k.loadWord(at[1], 12);
             Value row = at[2];
             for (int64_t r = 0; r < rows; ++r) {
               Value b = result[3 + 2 * r];
               store(k.shiftRight(k.sub(result[2 + 2 * r], b), 8), first, row);
               store(b, second, k.at(row, 1));
               row = k.at(row, stride);
             }
             return Values{result[0], k.at(at[1], 16), k.at(at[2], 2)};
           });
  }

  /// Constants are aligned, rows of activations need not be.
  Value weightWord(Value from, int64_t bytes) {
    return form == ProductForm::Activations ? k.loadWordAnywhere(from, bytes)
                                            : k.loadWord(from, bytes);
  }

  /// Where there is one output, it is made twice.
  void plainOutputs(Value to, ArrayRef<Value> rowSums) {
    Value last = k.sub(outputs, k.word(isSingle ? 1 : 2));
    const int64_t next = isSingle ? 0 : yStride,
                  nextParameter = isSingle ? 0 : 8;
    k.loop(k.word(0), outputs, k.word(2), [&](Value column) {
      Value output = k.minimum(column, last);
      Value from = k.at(weights, k.mul(output, k.word(yStride)));
      Value parameter = k.at(parameters, k.shiftLeft(output, 3));
      Values carried{from, scratch};
      if (rowSums.empty())
        carried.append(initial(k.loadWord(parameter),
                               k.loadWord(parameter, nextParameter)));
      for (Value sum : rowSums)
        carried.append({sum, sum});
      Values result = k.loop(
          k.word(0), k.word(depth / turn()), k.word(1), carried,
          [&](Value, ValueRange now) {
            Values sums(now.drop_front(2));
            for (int64_t i = 0; i < turn() / 4; ++i) {
              Value p = weightWord(now[0], 4 * i);
              Value q = weightWord(now[0], 4 * i + next);
              accumulate(now[1], 8 * rows * i, sums, [&](int half) {
                auto lanes = [&](Value word) {
                  return k.sxtb16(half ? k.rotate8(word) : word);
                };
                return std::pair(lanes(p), lanes(q));
              });
            }
            Values next{k.at(now[0], turn()), k.at(now[1], 2 * rows * turn())};
            next.append(sums);
            return next;
          });
      bool one = !rowSums.empty();
      Value first = one ? k.loadWord(parameters, 8) : k.loadWord(parameter, 4);
      Value second = one ? first : k.loadWord(parameter, nextParameter + 4);
      Value row = k.at(to, output);
      for (int64_t r = 0; r < rows; ++r) {
        store(result[2 + 2 * r], first, row);
        if (!isSingle)
          store(result[3 + 2 * r], second, k.at(row, 1));
        row = k.at(row, stride);
      }
    });
  }

  KernelBuilder k;
  int64_t depth, rows, xStride, yStride;
  bool isSingle;
  ProductForm form;
  Value x, weights, parameters, y, scratch, count, outputs, stride, zero;
};

} // namespace

FailureOr<func::FuncOp> tfc::m7::productKernel(ModuleOp module,
                                               const ProductShape &shape) {
  const int64_t depth = shape.depth, rows = shape.rows;
  if (depth <= 0 || depth % 4)
    return module.emitError("the product's depth is ")
           << depth << ", expected a multiple of 4";
  if (rows < 1 || rows > 3)
    return module.emitError("the product takes ")
           << rows << " rows at once, expected 1, 2 or 3";
  if (shape.isSingle && shape.form == ProductForm::Paired)
    return module.emitError("one output has no pair");
  const char *kind = shape.form == ProductForm::Paired  ? "product"
                     : shape.form == ProductForm::Plain ? "plain_product"
                                                        : "activation_product";
  std::string name =
      (Twine("tfc_m7_") + kind + "_k" + Twine(depth) + "_r" + Twine(rows))
          .str();
  if (shape.isSingle)
    name += "_single";
  if (shape.xStride.value_or(depth) != depth)
    name += "_x" + std::to_string(*shape.xStride);
  if (shape.yStride.value_or(depth) != depth)
    name += "_y" + std::to_string(*shape.yStride);
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  return Product(module, name, shape).build();
}

std::optional<std::vector<int16_t>>
tfc::m7::pairWeights(ArrayRef<int8_t> weights, int64_t outputs, int64_t depth,
                     ArrayRef<int32_t> bias) {
  if (outputs % 2 || depth % 4)
    return std::nullopt;
  std::vector<int16_t> paired;
  paired.reserve(weights.size() / 2);
  for (int64_t n = 0; n < outputs; n += 2) {
    ArrayRef<int8_t> a = weights.slice(n * depth, depth);
    ArrayRef<int8_t> b = weights.slice((n + 1) * depth, depth);
    int64_t reach = std::abs(static_cast<int64_t>(bias[n]));
    for (int64_t k = 0; k < depth; k += 4)
      for (int64_t lane : {0, 2, 1, 3}) {
        int value = 256 * a[k + lane] + b[k + lane];
        if (value < INT16_MIN)
          return std::nullopt;
        reach += 128 * std::abs(a[k + lane]);
        paired.push_back(static_cast<int16_t>(value));
      }
    if (reach >= int64_t(1) << 23)
      return std::nullopt;
  }
  return paired;
}
