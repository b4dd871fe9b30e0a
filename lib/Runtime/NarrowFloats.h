/*===- NarrowFloats.h - f16 and bf16 without instructions ---------*- C -*-===//
 *
 * Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===//
 *
 * Included by ModelEntry.c only. LLVM calls these functions where the CPU has
 * no instruction for a type, and artefacts link no compiler runtime; besides,
 * libgcc has those of bf16 from version 13 on. They round to the nearest, ties
 * to even; what is not a number stays so.
 */

#ifndef TFC_RUNTIME_NARROWFLOATS_H
#define TFC_RUNTIME_NARROWFLOATS_H

#include <stdint.h>

union tfc_single {
  float number;
  uint32_t bits;
};
union tfc_half {
  _Float16 number;
  uint16_t bits;
};
union tfc_bf16 {
  __bf16 number;
  uint16_t bits;
};

/* The nearest float whose last bit is set, unless x is one: rounding that is
 * rounding x. */
static float tfc_round_to_odd(double x) {
  union tfc_single single;
  single.number = (float)x;
  if ((double)single.number != x && x == x && !(single.bits & 1u))
    single.bits += ((double)single.number > x) == (x > 0) ? -1 : 1;
  return single.number;
}

__bf16 __truncsfbf2(float x);
__bf16 __truncdfbf2(double x);
float __extendhfsf2(_Float16 x);
_Float16 __truncsfhf2(float x);
_Float16 __truncdfhf2(double x);

__bf16 __truncsfbf2(float x) {
  union tfc_single single;
  union tfc_bf16 result;
  single.number = x;
  if ((single.bits & 0x7fffffffu) > 0x7f800000u)
    result.bits = (uint16_t)(single.bits >> 16 | 0x40u);
  else
    result.bits =
        (uint16_t)((single.bits + 0x7fffu + (single.bits >> 16 & 1u)) >> 16);
  return result.number;
}

__bf16 __truncdfbf2(double x) { return __truncsfbf2(tfc_round_to_odd(x)); }

float __extendhfsf2(_Float16 x) {
  union tfc_half half;
  union tfc_single result;
  half.number = x;
  uint32_t sign = (uint32_t)(half.bits & 0x8000u) << 16;
  uint32_t rest = half.bits & 0x7fffu;
  if (rest >= 0x7c00u) {
    result.bits = 0x7f800000u | (rest & 0x3ffu) << 13;
    if (rest > 0x7c00u)
      result.bits |= 0x400000u;
  } else if (rest >= 0x400u) {
    result.bits = (rest << 13) + (112u << 23);
  } else {
    result.number = (float)(int32_t)rest * 0x1p-24f;
  }
  result.bits |= sign;
  return result.number;
}

_Float16 __truncsfhf2(float x) {
  union tfc_single single;
  union tfc_half result;
  single.number = x;
  uint32_t sign = single.bits >> 16 & 0x8000u;
  single.bits &= 0x7fffffffu;
  if (single.bits > 0x7f800000u) {
    single.bits = 0x7e00u | (single.bits >> 13 & 0x1ffu);
  } else if (single.bits >= 0x477ff000u) {
    single.bits = 0x7c00u;
  } else if (single.bits < 0x38800000u) {
    /* The last place of a half is 2^-24 there, as that of floats from 0.5. */
    single.number += 0.5f;
    single.bits -= 0x3f000000u;
  } else {
    single.bits += 0xc8000fffu + (single.bits >> 13 & 1u);
    single.bits >>= 13;
  }
  result.bits = (uint16_t)(sign | single.bits);
  return result.number;
}

_Float16 __truncdfhf2(double x) { return __truncsfhf2(tfc_round_to_odd(x)); }

#endif
