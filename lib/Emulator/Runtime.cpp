//===- Runtime.cpp - what generated code calls ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"
#include "Block.h"

#include <cfenv>
#include <cmath>
#include <cstring>

using namespace tfc::emulator;

static void *shared(ThreadState *thread, uint64_t address, uint32_t flags,
                    uint32_t site) {
  return thread->runner->resolveShared(*thread, address,
                                       AccessFlags::unpack(flags), site);
}

static void *generic(ThreadState *thread, uint64_t address, uint32_t flags,
                     uint32_t site) {
  return thread->runner->resolveGeneric(*thread, address,
                                        AccessFlags::unpack(flags), site);
}

/// The generated check failed; the thorough one says why.
static void globalFault(ThreadState *thread, uint64_t address, uint32_t flags,
                        uint32_t site) {
  thread->runner->resolveGlobal(*thread, address, AccessFlags::unpack(flags),
                                site);
  thread->runner->fault(*thread, CUDA_ERROR_ILLEGAL_ADDRESS,
                        "an access to memory that was freed meanwhile", site);
}

static void localFault(ThreadState *thread, uint64_t offset, uint64_t size,
                       uint32_t flags, uint32_t site) {
  thread->runner->faultLocal(*thread, offset, size, AccessFlags::unpack(flags),
                             site);
}

static uint32_t barrier(ThreadState *thread, uint32_t id, uint32_t count,
                        uint32_t op, uint32_t aligned, uint32_t predicate,
                        uint32_t site) {
  return thread->runner->barrier(*thread, id, count, BarrierOp(op), aligned,
                                 predicate, site);
}

static void warp(ThreadState *thread, uint32_t op, uint32_t form, uint32_t site,
                 const uint32_t *in, uint32_t *out) {
  thread->runner->warp(*thread, WarpOp(op), form, site, in, out);
}

static void copyAsync(ThreadState *thread, uint64_t to, uint64_t from,
                      uint32_t bytes, uint32_t sourceBytes, uint32_t site) {
  thread->runner->copyAsync(*thread, to, from, bytes, sourceBytes, site);
}

static void commitCopies(ThreadState *thread) {
  thread->runner->commitCopies(*thread);
}

static void waitForCopies(ThreadState *thread, uint32_t groupsLeft) {
  thread->runner->waitForCopies(*thread, groupsLeft);
}

static void trap(ThreadState *thread, uint32_t site) {
  thread->runner->fault(*thread, CUDA_ERROR_LAUNCH_FAILED, "a trap", site);
}

/// PTX ISA 8.4, section 9.7.8.7 (prmt), the default mode.
static uint32_t permute(uint32_t a, uint32_t b, uint32_t selector) {
  uint64_t bytes = a | uint64_t(b) << 32;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) {
    uint32_t select = selector >> 4 * i & 15;
    uint8_t byte = bytes >> 8 * (select & 7);
    if (select & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= uint32_t(byte) << 8 * i;
  }
  return result;
}

/// What compiler-rt does for hosts whose bf16 instructions would flush denormal
/// numbers to zero: round to nearest even. The result is in a vector register.
static _Float16 truncateToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (std::isnan(value))
    bits |= 0x400000;
  else
    bits += 0x7fff + (bits >> 16 & 1);
  uint16_t upper = bits >> 16;
  _Float16 result;
  std::memcpy(&result, &upper, 2);
  return result;
}

/// By way of a float that was rounded to odd, so that the second rounding sees
/// what the first one dropped.
static _Float16 truncateDoubleToBf16(double value) {
  float rounded = float(value);
  if (double(rounded) != value && !std::isnan(value) && !std::isinf(rounded)) {
    uint32_t bits;
    if (std::fabs(double(rounded)) > std::fabs(value))
      rounded = std::nextafter(rounded, 0.0f);
    std::memcpy(&bits, &rounded, 4);
    bits |= 1;
    std::memcpy(&rounded, &bits, 4);
  }
  return truncateToBf16(rounded);
}

// Of f16, for hosts that have no instruction for it.
static _Float16 truncateToHalf(float value) { return _Float16(value); }
static _Float16 truncateDoubleToHalf(double value) { return _Float16(value); }
static float extendHalf(_Float16 value) { return value; }

/// One operation, rounded up ('p'), down ('m') or towards zero ('z').
template <typename T>
static T roundDirected(uint32_t operation, uint32_t direction, T a, T b, T c) {
#pragma STDC FENV_ACCESS ON
  int before = std::fegetround();
  std::fesetround(direction == 'p'   ? FE_UPWARD
                  : direction == 'm' ? FE_DOWNWARD
                                     : FE_TOWARDZERO);
  // Not computed before the mode is set, nor after it is set back.
  volatile T x = a, y = b, z = c, result;
  switch (RoundedOperation(operation)) {
  case RoundedAdd:
    result = x + y;
    break;
  case RoundedMultiply:
    result = x * y;
    break;
  case RoundedFma:
    result = std::fma(x, y, z);
    break;
  case RoundedDivide:
    result = x / y;
    break;
  case RoundedReciprocal:
    result = T(1) / x;
    break;
  case RoundedSquareRoot:
    result = std::sqrt(x);
    break;
  }
  std::fesetround(before);
  return result;
}

template <typename Function>
static void *pointer(Function *function) {
  return reinterpret_cast<void *>(function);
}

std::vector<std::pair<llvm::StringRef, void *>>
tfc::emulator::runtimeFunctions() {
  return {{"tfcEmulatorShared", pointer(shared)},
          {"tfcEmulatorGeneric", pointer(generic)},
          {"tfcEmulatorGlobalFault", pointer(globalFault)},
          {"tfcEmulatorLocalFault", pointer(localFault)},
          {"tfcEmulatorBarrier", pointer(barrier)},
          {"tfcEmulatorWarp", pointer(warp)},
          {"tfcEmulatorCopyAsync", pointer(copyAsync)},
          {"tfcEmulatorCommitCopies", pointer(commitCopies)},
          {"tfcEmulatorWaitForCopies", pointer(waitForCopies)},
          {"tfcEmulatorTrap", pointer(trap)},
          {"tfcEmulatorPermute", pointer(permute)},
          {"tfcEmulatorRoundFloat", pointer(roundDirected<float>)},
          {"tfcEmulatorRoundDouble", pointer(roundDirected<double>)},
          {"__truncsfhf2", pointer(truncateToHalf)},
          {"__truncdfhf2", pointer(truncateDoubleToHalf)},
          {"__extendhfsf2", pointer(extendHalf)},
          {"__truncsfbf2", pointer(truncateToBf16)},
          {"__truncdfbf2", pointer(truncateDoubleToBf16)}};
}
