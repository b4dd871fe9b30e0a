//===- SharedMemory.h - a block's shared memory and its races ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_EMULATOR_SHAREDMEMORY_H
#define TFC_LIB_EMULATOR_SHAREDMEMORY_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tfc::emulator {

/// Most bytes of shared memory that a block may have: 227 KiB, as with compute
/// capability 9.0, opted in.
inline constexpr uint32_t maxSharedBytes = 227 * 1024;

/// The shared memory of one block, and who touched what when.
///
/// Races are found by the happens-before order of CUDA's memory model as far as
/// barriers and bar.warp.sync make it, like FastTrack (Flanagan and Freund,
/// PLDI 2009, section 3): each granule knows its last write and its readers
/// since. Time is one counter that every synchronisation advances. What all
/// threads have seen is one number (`floor`); rows of a vector clock are kept
/// only once some of the threads synchronised without the others. Reads of
/// several threads are kept as a set of warps with the time of the last one: a
/// write that other threads of those warps were not ordered with at that time
/// counts as a race.
class SharedMemory {
public:
  /// What an access does. Strong accesses (atomics, volatile) do not race with
  /// each other. An asynchronous write is in flight until land().
  enum class Access { Read, Write, StrongRead, StrongWrite, AsyncWrite };

  SharedMemory();

  /// Begins a block of `threads` threads with `bytes` of shared memory, filled
  /// with ones. Accesses' offsets and sizes will be multiples of
  /// 1 << `granuleLog2` bytes.
  void start(uint32_t bytes, uint32_t threads, uint32_t granuleLog2);

  /// Notes an access within bounds. Returns what it races with, as the end of a
  /// sentence.
  std::optional<std::string> access(uint32_t thread, uint32_t offset,
                                    uint32_t size, Access access);
  /// Whether each of the bytes was written in this block.
  bool isWritten(uint32_t offset, uint32_t size) const;
  /// An asynchronous write of `thread` is complete, for that thread.
  void land(uint32_t thread, uint32_t offset, uint32_t size);

  /// All threads of the block have met.
  void synchronizeAll();
  /// These threads have met.
  void synchronize(const std::vector<uint32_t> &threads);

  /// Aligned as strictly as any access needs it.
  char *data() { return aligned; }
  uint32_t size() const { return used; }

private:
  struct Cell {
    uint32_t writeTime = 0, readTime = 0;
    uint16_t writer = 0, reader = 0;
    uint32_t readerWarps = 0;
  };
  static constexpr uint32_t inFlight = UINT32_MAX;
  static constexpr uint16_t strongBit = 0x8000, severalReaders = 0xffff;

  /// Whether what `other` did at `time` is ordered before what `thread` does.
  bool isOrdered(uint32_t thread, uint32_t other, uint32_t time) const {
    return other == thread || time <= floor ||
           (!seen.empty() && time <= seen[thread * threads + other]);
  }
  std::optional<std::string> findWriteRace(const Cell &cell, uint32_t thread,
                                           bool strong) const;
  std::optional<std::string> findReadRace(const Cell &cell,
                                          uint32_t thread) const;
  void noteRead(Cell &cell, uint32_t thread);
  std::string describeThread(uint32_t thread) const;

  std::vector<char> bytes;
  char *aligned;
  std::vector<Cell> cells;
  bool hadAsyncWrites = false;
  uint32_t used = 0, threads = 0, granuleLog2 = 0;
  /// Now, when the block began, and up to when all is ordered before all.
  uint32_t now = 1, begin = 0, floor = 0;
  /// [thread][other]: up to when `other` is ordered before `thread`; empty
  /// where that is `floor` for all.
  std::vector<uint32_t> seen;
};

} // namespace tfc::emulator

#endif // TFC_LIB_EMULATOR_SHAREDMEMORY_H
