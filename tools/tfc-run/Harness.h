//===- Harness.h - the program around a model on a device ---------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TOOLS_TFC_RUN_HARNESS_H
#define TFC_TOOLS_TFC_RUN_HARNESS_H

#include "DeviceHeader.h"
#include "Options.h"

namespace tfc::run {

/// What the program writes to the file "result", as little-endian words.
struct HarnessResult {
  uint32_t status, ticks, stackBytes, arenaBytes, guardBroken;
  /// Whether rows were asked for in another order than the header says.
  uint32_t disordered;
};

/// Instructions of one tick of the emulated board's timer: 25 MHz, and 8 ns an
/// instruction by qemu's -icount shift=3.
constexpr uint64_t instructionsPerTick = 5;

/// Where nodes are counted: qemu's shift is such that five instructions are 16
/// ticks, so that each single one shows.
constexpr int profileShift = 7;

/// What a count of nodes adds to the model's stack at the most.
constexpr int64_t profileStack = 64;

/// A C program for the MPS2 board with a Cortex-M7 (Arm's AN500) that reads the
/// files in0, in1, ..., runs the model once and writes out0, out1, ... and
/// result, all by semihosting.
///
/// With --profile it also writes the file profile: 64 bits of instructions for
/// each of the header's nodes, and for what the model does outside them.
std::string harnessSource(const DeviceHeader &header, const Options &options);

/// The linker's script: the model's code and constants in a flash of the size
/// asked for, arena and stack in such a RAM; the program around them elsewhere.
std::string harnessLinkerScript(const DeviceHeader &header,
                                const Options &options);

} // namespace tfc::run

#endif // TFC_TOOLS_TFC_RUN_HARNESS_H
