//===- Fiber.h - stacks that are switched between by hand -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_EMULATOR_FIBER_H
#define TFC_LIB_EMULATOR_FIBER_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tfc::emulator {

/// A place to continue at: a stack pointer, with the registers that a call
/// preserves on top of the stack.
using Continuation = void *;

/// Saves the present place in `from` and continues at `to`.
extern "C" void tfcEmulatorSwitch(Continuation *from, Continuation to);

/// Stacks of equal size with a page that faults below each; pages that were
/// never touched cost nothing.
class FiberStacks {
public:
  static constexpr size_t stackBytes = 256 * 1024;

  FiberStacks() = default;
  ~FiberStacks();
  FiberStacks(const FiberStacks &) = delete;

  /// Makes sure of `count` stacks. False where there is no memory for them.
  bool reserve(size_t count);

  /// Where `function(argument)` begins on stack `index`. It must not return.
  Continuation begin(size_t index, void (*function)(void *), void *argument);

  /// Whether `address` lies in stack `index`.
  bool contains(size_t index, uint64_t address) const;

private:
  char *stacks = nullptr;
  size_t count = 0;
};

} // namespace tfc::emulator

#endif // TFC_LIB_EMULATOR_FIBER_H
