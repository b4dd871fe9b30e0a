//===- DeviceMemory.cpp - the emulated GPU's memory -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceMemory.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <sys/mman.h>

using namespace tfc::emulator;

/// Addresses are multiples of this, and so far apart that a small step past an
/// allocation's end meets nothing.
static constexpr uint64_t alignment = 256;

static void *reserve(uint64_t bytes, int protection) {
  void *address = mmap(nullptr, bytes, protection,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return address == MAP_FAILED ? nullptr : address;
}

llvm::Expected<std::unique_ptr<DeviceMemory>>
DeviceMemory::create(uint64_t bytes) {
  std::unique_ptr<DeviceMemory> memory(new DeviceMemory);
  memory->bytes = bytes;
  memory->window = reinterpret_cast<uint64_t>(reserve(bytes, PROT_NONE));
  memory->storage = static_cast<char *>(reserve(bytes, PROT_READ | PROT_WRITE));
  memory->shadow =
      static_cast<uint8_t *>(reserve(bytes, PROT_READ | PROT_WRITE));
  if (!memory->window || !memory->storage || !memory->shadow)
    return llvm::createStringError(
        "the emulator cannot reserve addresses for %llu bytes of memory",
        static_cast<unsigned long long>(bytes));
  // Nothing is allocated at the very beginning, so that a step in front of an
  // allocation is met as well.
  memory->holes[memory->window + alignment] = bytes - alignment;
  return memory;
}

DeviceMemory::~DeviceMemory() {
  for (void *range :
       {reinterpret_cast<void *>(window), static_cast<void *>(storage),
        static_cast<void *>(shadow)})
    if (range)
      munmap(range, bytes);
}

uint64_t DeviceMemory::allocate(uint64_t size) {
  std::lock_guard<std::mutex> lock(mutex);
  if (size == 0 || size > bytes)
    return 0;
  uint64_t padded = llvm::alignTo(size, alignment) + alignment;
  for (auto hole = holes.begin(); hole != holes.end(); ++hole) {
    if (hole->second < padded)
      continue;
    uint64_t address = hole->first;
    uint64_t rest = hole->second - padded;
    holes.erase(hole);
    if (rest)
      holes[address + padded] = rest;
    live[address] = size;
    inUse += size;
    std::memset(storage + (address - window), 0xff, size);
    std::memset(shadow + (address - window), Allocated, size);
    return address;
  }
  return 0;
}

bool DeviceMemory::release(uint64_t address) {
  std::lock_guard<std::mutex> lock(mutex);
  auto allocation = live.find(address);
  if (allocation == live.end())
    return false;
  uint64_t size = allocation->second;
  uint64_t padded = llvm::alignTo(size, alignment) + alignment;
  live.erase(allocation);
  inUse -= size;
  std::memset(shadow + (address - window), 0, size);
  // Whole pages go back; their next reader finds zeros there.
  uint64_t page = 4096;
  uint64_t begin = llvm::alignTo(address - window, page);
  uint64_t end = llvm::alignDown(address - window + size, page);
  if (begin < end) {
    madvise(storage + begin, end - begin, MADV_DONTNEED);
    madvise(shadow + begin, end - begin, MADV_DONTNEED);
  }
  auto next = holes.insert({address, padded}).first;
  auto join = [&](auto first, auto second) {
    if (first->first + first->second != second->first)
      return first;
    first->second += second->second;
    holes.erase(second);
    return first;
  };
  if (next != holes.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second == next->first)
      next = join(previous, next);
  }
  if (std::next(next) != holes.end())
    join(next, std::next(next));
  return true;
}

char *DeviceMemory::find(uint64_t address, uint64_t size) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto next = live.upper_bound(address);
  if (next == live.begin())
    return nullptr;
  auto [begin, length] = *std::prev(next);
  uint64_t offset = address - begin;
  if (offset > length || size > length - offset)
    return nullptr;
  return storage + (address - window);
}

void DeviceMemory::setWritten(uint64_t address, uint64_t size) {
  std::memset(shadow + (address - window), Allocated | Written, size);
}

std::string DeviceMemory::describe(uint64_t address) const {
  std::lock_guard<std::mutex> lock(mutex);
  if (address < 65536)
    return "a null pointer";
  if (address - window >= bytes)
    return "no address of the device";
  auto next = live.upper_bound(address);
  std::string before, after;
  if (next != live.begin()) {
    auto [begin, length] = *std::prev(next);
    uint64_t end = begin + length;
    if (address < end)
      return llvm::formatv("byte {0} of the {1} bytes at {2:x}",
                           address - begin, length, begin);
    before = llvm::formatv("{0} bytes past the end of the {1} bytes at {2:x}",
                           address - end, length, begin);
    if (next == live.end() || address - end <= next->first - address)
      return before;
  }
  if (next == live.end())
    return "nothing is allocated there";
  return llvm::formatv("{0} bytes before the {1} bytes at {2:x}",
                       next->first - address, next->second, next->first);
}

uint64_t DeviceMemory::used() const {
  std::lock_guard<std::mutex> lock(mutex);
  return inUse;
}
