//===- Fiber.cpp - stacks that are switched between by hand -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fiber.h"

#include <sys/mman.h>

using namespace tfc::emulator;

// System V ABI for x86-64, section 3.2.1: what a call preserves is rbx, rbp and
// r12 to r15. The control words of floating point are the same everywhere here.
asm(R"(
  .text
  .globl tfcEmulatorSwitch
  .hidden tfcEmulatorSwitch
  .type tfcEmulatorSwitch, @function
  .p2align 4
tfcEmulatorSwitch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size tfcEmulatorSwitch, . - tfcEmulatorSwitch

  .globl tfcEmulatorFiberEntry
  .hidden tfcEmulatorFiberEntry
  .type tfcEmulatorFiberEntry, @function
tfcEmulatorFiberEntry:
  movq %r12, %rdi
  callq *%r13
  ud2
  .size tfcEmulatorFiberEntry, . - tfcEmulatorFiberEntry
)");

extern "C" __attribute__((visibility("hidden"))) void tfcEmulatorFiberEntry();

static constexpr size_t pageBytes = 4096;

FiberStacks::~FiberStacks() {
  if (stacks)
    munmap(stacks, count * stackBytes);
}

bool FiberStacks::reserve(size_t wanted) {
  if (wanted <= count)
    return true;
  void *range =
      mmap(nullptr, wanted * stackBytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (range == MAP_FAILED)
    return false;
  if (stacks)
    munmap(stacks, count * stackBytes);
  stacks = static_cast<char *>(range);
  count = wanted;
  for (size_t i = 0; i < count; ++i)
    mprotect(stacks + i * stackBytes, pageBytes, PROT_NONE);
  return true;
}

Continuation FiberStacks::begin(size_t index, void (*function)(void *),
                                void *argument) {
  // Different for neighbours, or the tops of all stacks share a cache set.
  size_t skew = index % 16 * 320;
  auto top = reinterpret_cast<uintptr_t>(stacks + (index + 1) * stackBytes -
                                         256 - skew) &
             ~uintptr_t(15);
  void **stack = reinterpret_cast<void **>(top);
  // A return address, as tfcEmulatorSwitch leaves by one; the entry begins with
  // the stack aligned, so that its call leaves it as the ABI wants it.
  *--stack = nullptr;
  *--stack = nullptr;
  *--stack = reinterpret_cast<void *>(tfcEmulatorFiberEntry);
  *--stack = nullptr;                            // rbp
  *--stack = nullptr;                            // rbx
  *--stack = argument;                           // r12
  *--stack = reinterpret_cast<void *>(function); // r13
  *--stack = nullptr;                            // r14
  *--stack = nullptr;                            // r15
  return stack;
}

bool FiberStacks::contains(size_t index, uint64_t address) const {
  auto begin = reinterpret_cast<uint64_t>(stacks + index * stackBytes);
  return address - begin < stackBytes;
}
