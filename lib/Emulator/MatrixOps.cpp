//===- MatrixOps.cpp - ldmatrix, stmatrix and mma.sync ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Block.h"

#include <algorithm>
#include <cstring>

using namespace tfc::emulator;

static uint64_t addressOf(const uint32_t *in) {
  return in[0] | uint64_t(in[1]) << 32;
}

static AccessFlags rowAccess(AccessFlags::Kind kind) {
  AccessFlags access;
  access.bytes = access.alignment = 16;
  access.kind = kind;
  return access;
}

// PTX ISA 8.4, section 9.7.13.4.15 (ldmatrix): lane 8 m + i has the address of
// row i of matrix m; lane l gets elements 2 (l mod 4) and the next of row l /
// 4, or of the column if transposed.
void BlockRunner::computeLoadMatrix(uint32_t first) {
  Waiting *lanes = &waiting[first];
  uint32_t count = lanes[0].form & 7;
  bool transposed = lanes[0].form & 8;
  for (uint32_t m = 0; m < count; ++m) {
    uint16_t matrix[8][8];
    for (uint32_t i = 0; i < 8; ++i) {
      uint32_t lane = 8 * m + i;
      uint64_t address = addressOf(lanes[lane].in);
      AccessFlags access = rowAccess(AccessFlags::Load);
      const void *row = resolveGeneric(threads[first + lane], address, access,
                                       lanes[lane].site);
      std::memcpy(matrix[i], row, 16);
      // Others get the elements: what the lane wrote itself is not theirs yet.
      resolveGeneric(threads[first + (lane ^ 1)], address, access,
                     lanes[lane].site);
    }
    for (uint32_t l = 0; l < warpSize; ++l) {
      uint32_t row = l / 4, column = l % 4 * 2;
      uint32_t low = transposed ? matrix[column][row] : matrix[row][column];
      uint32_t high =
          transposed ? matrix[column + 1][row] : matrix[row][column + 1];
      lanes[l].out[m] = low | high << 16;
    }
  }
}

void BlockRunner::computeStoreMatrix(uint32_t first) {
  Waiting *lanes = &waiting[first];
  uint32_t count = lanes[0].form & 7;
  bool transposed = lanes[0].form & 8;
  for (uint32_t m = 0; m < count; ++m) {
    uint16_t matrix[8][8];
    for (uint32_t l = 0; l < warpSize; ++l)
      for (uint32_t half = 0; half < 2; ++half) {
        uint32_t row = l / 4, column = l % 4 * 2 + half;
        uint16_t value = lanes[l].in[2 + m] >> 16 * half;
        (transposed ? matrix[column][row] : matrix[row][column]) = value;
      }
    for (uint32_t i = 0; i < 8; ++i) {
      uint32_t lane = 8 * m + i;
      void *row =
          resolveGeneric(threads[first + lane], addressOf(lanes[lane].in),
                         rowAccess(AccessFlags::Store), lanes[lane].site);
      std::memcpy(row, matrix[i], 16);
    }
  }
}

/// Element `index` of a word of `kind`. The hardware reads the upper 19 bits of
/// a tf32.
static double elementOf(uint32_t word, uint32_t index,
                        MatrixForm::Element kind) {
  auto asFloat = [](uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  };
  switch (kind) {
  case MatrixForm::F16: {
    // The exponent's bias differs by 112, for denormal numbers as well; what is
    // infinite or NaN has all bits of its exponent set.
    uint32_t half = word >> 16 * index & 0xffff;
    uint32_t bits = (half & 0x7fff) << 13;
    float magnitude = (half & 0x7c00) == 0x7c00 ? asFloat(bits | 0x7f800000)
                                                : asFloat(bits) * 0x1p112f;
    return half & 0x8000 ? -magnitude : magnitude;
  }
  case MatrixForm::BF16:
    return asFloat((word >> 16 * index) << 16);
  case MatrixForm::TF32:
    return asFloat(word & ~0x1fffu);
  case MatrixForm::S8:
    return int8_t(word >> 8 * index);
  case MatrixForm::U8:
    break;
  }
  return uint8_t(word >> 8 * index);
}

static uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

static uint32_t halfBits(double value) {
  _Float16 half = _Float16(value);
  uint16_t bits;
  std::memcpy(&bits, &half, 2);
  return bits;
}

/// A sum of products of integers, which doubles hold exactly.
static uint32_t integerBits(double value, bool saturate) {
  if (saturate)
    return int32_t(std::min(std::max(value, -2147483648.0), 2147483647.0));
  return uint32_t(int64_t(value));
}

// PTX ISA 8.4, section 9.7.13.4 (fragments of mma.m16n8k8 to mma.m16n8k32).
// Sums are in double and rounded once: GPUs add in an order and with an
// accuracy that PTX does not say.
void BlockRunner::computeMultiply(Waiting *lanes) {
  MatrixForm form = MatrixForm::unpack(lanes[0].form);
  uint32_t p = form.packing(), wordsA = form.wordsOfA(),
           wordsB = form.wordsOfB();
  double a[16][32], b[32][8], c[16][8];
  bool integers = p == 4;
  for (uint32_t l = 0; l < warpSize; ++l) {
    const uint32_t *in = lanes[l].in;
    uint32_t group = l / 4, column = l % 4;
    for (uint32_t r = 0; r < wordsA; ++r)
      for (uint32_t h = 0; h < p; ++h)
        a[group + 8 * (r & 1)][column * p + h + (r >> 1) * 4 * p] =
            elementOf(in[r], h, form.a);
    in += wordsA;
    for (uint32_t r = 0; r < wordsB; ++r)
      for (uint32_t h = 0; h < p; ++h)
        b[column * p + h + r * 4 * p][group] = elementOf(in[r], h, form.b);
    in += wordsB;
    for (uint32_t r = 0; r < 4; ++r) {
      double &to = c[group + 8 * (r >> 1)][2 * column + (r & 1)];
      float value;
      std::memcpy(&value, &in[r], 4);
      to = form.cHalf ? elementOf(in[r >> 1], r & 1, MatrixForm::F16)
           : integers ? double(int32_t(in[r]))
                      : value;
    }
  }
  for (uint32_t i = 0; i < 16; ++i)
    for (uint32_t k = 0; k < form.k; ++k)
      for (uint32_t j = 0; j < 8; ++j)
        c[i][j] += a[i][k] * b[k][j];
  for (uint32_t l = 0; l < warpSize; ++l) {
    uint32_t *out = lanes[l].out;
    uint32_t group = l / 4, column = l % 4;
    for (uint32_t r = 0; r < 4; ++r) {
      double value = c[group + 8 * (r >> 1)][2 * column + (r & 1)];
      if (form.dHalf)
        out[r >> 1] = (r & 1 ? out[1 * (r >> 1)] & 0xffffu : 0) |
                      halfBits(value) << 16 * (r & 1);
      else
        out[r] =
            integers ? integerBits(value, form.saturate) : bitsOf(float(value));
    }
  }
}
