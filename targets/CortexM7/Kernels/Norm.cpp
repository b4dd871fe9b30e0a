//===- Norm.cpp - LayerNorm and RMSNorm in integers -------------*- C++ -*-===//
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

namespace {

/// One row: V = n^2 (variance + epsilon) in x's steps, z = (n x - sum) /
/// sqrt(V) in 2^-16, y = scale z + bias by a product of 64 bits.
class Norm {
public:
  using Values = KernelBuilder::Values;

  Norm(ModuleOp module, StringRef name, int64_t depth, int64_t group,
       bool centred)
      : k(module, name, "pppiil",
          Twine(centred ? "layer" : "RMS") + " norm of rows of " +
              Twine(depth) + " int8"),
        depth(depth), group(group), centred(centred), zero(k.word(0)),
        one(k.word(1)) {}

  func::FuncOp build() {
    k.loop(zero, k.argument(3), one, [&](Value row) {
      Value start = k.mul(row, k.word(depth));
      Value from = k.at(k.argument(0), start);
      auto [sum, squares] = moments(from);
      normalise(from, k.at(k.argument(1), start), sum, squares);
    });
    return k.finish();
  }

private:
  std::pair<Value, Value> moments(Value from) {
    Values result = k.loop(
        zero, k.word(depth / 4 * 4), k.word(4), {zero, zero},
        [&](Value column, ValueRange now) {
          Value sum = now[0], squares = now[1];
          Value word = k.loadWordAnywhere(k.at(from, column));
          for (Value lanes : {k.sxtb16(word), k.sxtb16(k.rotate8(word))}) {
            sum = k.smlad(lanes, k.word(0x00010001), sum);
            squares = k.smlad(lanes, lanes, squares);
          }
          return Values{sum, squares};
        });
    for (int64_t column = depth / 4 * 4; column < depth; ++column) {
      Value x = k.loadByte(from, column);
      result = {k.add(result[0], x), k.add(result[1], k.mul(x, x))};
    }
    return {result[0], result[1]};
  }

  /// The square root of V times 2^8, by bits from above; V < 2^48.
  Value root(Value radicand) {
    Value shifted = k.shiftLeft(radicand, 16);
    Values result = k.loop(
        zero, k.word(32), one, {shifted, k.wide(0), k.wide(int64_t(1) << 62)},
        [&](Value, ValueRange now) {
          Value trial = k.add(now[1], now[2]);
          Value fits = k.notBelow(now[0], trial);
          Value half = k.shiftRightUnsigned(now[1], 1);
          return Values{k.select(fits, k.sub(now[0], trial), now[0]),
                        k.select(fits, k.add(half, now[2]), half),
                        k.shiftRightUnsigned(now[2], 2)};
        });
    return k.truncate(result[1]);
  }

  void normalise(Value from, Value to, Value sum, Value squares) {
    Value count = k.word(depth), zeroPoint = k.argument(4);
    Value centre = sum, radicand;
    if (centred) {
      radicand = k.sub(k.mul(k.extend(squares), k.wide(depth)),
                       k.mul(k.extend(sum), k.extend(sum)));
    } else {
      centre = k.mul(count, zeroPoint);
      Value about = k.add(k.sub(squares, k.shiftLeft(k.mul(sum, zeroPoint), 1)),
                          k.mul(centre, zeroPoint));
      radicand = k.mul(k.extend(about), k.wide(depth));
    }
    Value root = this->root(k.add(radicand, k.argument(5)));
    // The root's 16 leading bits give the reciprocal; its exponent shifts the
    // distances. |z| is at most sqrt(n): 2^5 up to 1020 channels and 2^6 up to
    // 4096, where roots have 26 and 28 bits, and distances stay below 2^26; a
    // bit more of roots for each doubling, up to 31 and 2^31.
    int64_t bits = depth <= 1020    ? 6
                   : depth <= 4096  ? 4
                   : depth <= 8192  ? 3
                   : depth <= 16384 ? 2
                                    : 1;
    Value zeros = k.countLeadingZeros(root);
    Value normal = k.shiftLeftBy(root, zeros);
    Value divisor = k.shiftRightUnsigned(
        k.add(k.shiftRightUnsigned(normal, 1), k.word(1 << 14)), 15);
    Value reciprocal = k.divideUnsigned(k.word(0x7fffffff), divisor);
    Value factor = k.shiftLeft(reciprocal, 9 + bits);
    Value shift = k.sub(zeros, k.word(bits));
    auto element = [&](Value column, Value parameters) {
      Value x = k.loadByte(k.at(from, column));
      Value distance = k.sub(k.mul(x, count), centre);
      Value z = k.multiplyHigh(k.shiftLeftBy(distance, shift), factor, zero);
      Value product = k.mul(k.extend(z), k.extend(k.loadWord(parameters)));
      Value y = k.truncate(
          k.shiftRight(k.add(product, k.loadWide(parameters, 8)), 32));
      k.storeByte(k.saturate8(y), k.at(to, column));
    };
    k.loop(zero, count, k.word(group), {k.argument(2)},
           [&](Value first, ValueRange at) {
             if (group == 1)
               element(first, at[0]);
             else
               k.loop(first, k.add(first, k.word(group)), one,
                      [&](Value column) { element(column, at[0]); });
             return Values{k.at(at[0], 16)};
           });
  }

  KernelBuilder k;
  int64_t depth, group;
  bool centred;
  Value zero, one;
};

} // namespace

/// Arguments: x, y, for each `group` channels scale, nothing and bias in 64
/// bits, rows, x's zero point (RMSNorm's only), epsilon in units of V, from 1
/// to 2^29.
FailureOr<func::FuncOp> tfc::m7::normKernel(ModuleOp module, int64_t depth,
                                            bool centred, int64_t group) {
  if (depth <= 0 || depth > mostNormDepth)
    return module.emitError("the norm's depth is ")
           << depth << ", expected 1 to " << mostNormDepth;
  if (group <= 0 || depth % group != 0)
    return module.emitError("the norm's channels in groups of ")
           << group << " do not fill its depth " << depth;
  std::string name = (Twine("tfc_m7_") + (centred ? "layer" : "rms") +
                      "_norm_k" + Twine(depth))
                         .str();
  if (group != 1)
    name += "_g" + std::to_string(group);
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  return Norm(module, name, depth, group, centred).build();
}
