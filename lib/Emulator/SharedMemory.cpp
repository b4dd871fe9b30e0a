//===- SharedMemory.cpp - a block's shared memory and its races -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedMemory.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>

using namespace tfc::emulator;

SharedMemory::SharedMemory() : bytes(maxSharedBytes + 128) {
  aligned = reinterpret_cast<char *>(
      llvm::alignTo(reinterpret_cast<uintptr_t>(bytes.data()), 128));
}

void SharedMemory::start(uint32_t size, uint32_t count, uint32_t granule) {
  used = size;
  threads = count;
  // Cells of earlier blocks are old enough to mean nothing, unless they stand
  // for other bytes.
  if (granule != granuleLog2)
    cells.clear();
  granuleLog2 = granule;
  if (cells.size() < (size >> granule) + 1)
    cells.resize((size >> granule) + 1);
  // What no wait had retired, and a counter that might wrap around.
  if (hadAsyncWrites || now > UINT32_MAX / 2) {
    std::fill(cells.begin(), cells.end(), Cell());
    now = 1;
    hadAsyncWrites = false;
  }
  seen.clear();
  std::memset(aligned, 0xff, size);
  synchronizeAll();
  begin = floor;
}

void SharedMemory::synchronizeAll() {
  floor = now;
  seen.clear();
  ++now;
}

void SharedMemory::synchronize(const std::vector<uint32_t> &group) {
  if (group.size() == threads)
    return synchronizeAll();
  if (seen.empty())
    seen.assign(size_t(threads) * threads, floor);
  std::vector<uint32_t> joined(threads, floor);
  for (uint32_t thread : group) {
    const uint32_t *row = &seen[size_t(thread) * threads];
    for (uint32_t i = 0; i < threads; ++i)
      joined[i] = std::max(joined[i], row[i]);
  }
  for (uint32_t thread : group)
    joined[thread] = now;
  for (uint32_t thread : group)
    std::copy(joined.begin(), joined.end(), &seen[size_t(thread) * threads]);
  ++now;
}

std::string SharedMemory::describeThread(uint32_t thread) const {
  return "thread " + std::to_string(thread) + " of the block";
}

std::optional<std::string> SharedMemory::findWriteRace(const Cell &cell,
                                                       uint32_t thread,
                                                       bool strong) const {
  uint32_t writer = cell.writer & ~strongBit;
  if (cell.writeTime == inFlight)
    return "cp.async of " + describeThread(writer) +
           " still writes there: no wait has retired it";
  if (isOrdered(thread, writer, cell.writeTime) ||
      (strong && (cell.writer & strongBit)))
    return std::nullopt;
  return describeThread(writer) +
         " wrote there, and nothing orders the two accesses";
}

std::optional<std::string> SharedMemory::findReadRace(const Cell &cell,
                                                      uint32_t thread) const {
  if (cell.readTime <= floor)
    return std::nullopt;
  auto message = [&](uint32_t reader) {
    return describeThread(reader) +
           " read there, and nothing orders the two accesses";
  };
  if (cell.reader != severalReaders) {
    if (isOrdered(thread, cell.reader, cell.readTime))
      return std::nullopt;
    return message(cell.reader);
  }
  for (uint32_t warps = cell.readerWarps; warps; warps &= warps - 1) {
    uint32_t first = llvm::countr_zero(warps) * 32;
    for (uint32_t i = first; i < std::min(first + 32, threads); ++i)
      if (!isOrdered(thread, i, cell.readTime))
        return message(i);
  }
  return std::nullopt;
}

void SharedMemory::noteRead(Cell &cell, uint32_t thread) {
  uint32_t warp = 1u << (thread / 32);
  if (cell.readTime <= floor) {
    cell.reader = thread;
    cell.readerWarps = warp;
  } else if (cell.reader != thread) {
    cell.reader = severalReaders;
    cell.readerWarps |= warp;
  }
  cell.readTime = now;
}

std::optional<std::string> SharedMemory::access(uint32_t thread,
                                                uint32_t offset, uint32_t size,
                                                Access access) {
  bool strong = access == Access::StrongRead || access == Access::StrongWrite;
  bool reads = access == Access::Read || access == Access::StrongRead;
  hadAsyncWrites |= access == Access::AsyncWrite;
  for (uint32_t i = offset >> granuleLog2, e = (offset + size) >> granuleLog2;
       i < e; ++i) {
    Cell &cell = cells[i];
    if (auto race = findWriteRace(cell, thread, strong))
      return race;
    if (reads) {
      if (!strong)
        noteRead(cell, thread);
      continue;
    }
    if (auto race = findReadRace(cell, thread))
      return race;
    cell.writer = thread | (strong ? strongBit : 0);
    cell.writeTime = access == Access::AsyncWrite ? inFlight : now;
    cell.readTime = 0;
  }
  return std::nullopt;
}

bool SharedMemory::isWritten(uint32_t offset, uint32_t size) const {
  for (uint32_t i = offset >> granuleLog2, e = (offset + size) >> granuleLog2;
       i < e; ++i)
    if (cells[i].writeTime <= begin)
      return false;
  return true;
}

void SharedMemory::land(uint32_t thread, uint32_t offset, uint32_t size) {
  for (uint32_t i = offset >> granuleLog2, e = (offset + size) >> granuleLog2;
       i < e; ++i)
    if (cells[i].writeTime == inFlight && cells[i].writer == thread)
      cells[i].writeTime = now;
}
