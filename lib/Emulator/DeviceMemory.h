//===- DeviceMemory.h - the emulated GPU's memory ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_EMULATOR_DEVICEMEMORY_H
#define TFC_LIB_EMULATOR_DEVICEMEMORY_H

#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace tfc::emulator {

/// Global memory of the GPU. Its addresses are those of a range that is
/// reserved and never accessible, so that code of the host that follows one
/// faults; the bytes lie elsewhere, at the same offset. A byte of shadow for
/// each says whether it belongs to an allocation and was ever written. All
/// functions may be called by several threads.
class DeviceMemory {
public:
  /// Bits of a byte of shadow.
  enum Shadow : uint8_t { Allocated = 1, Written = 2 };

  /// Reserves addresses for `bytes` of memory; none is used yet.
  static llvm::Expected<std::unique_ptr<DeviceMemory>> create(uint64_t bytes);
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory &) = delete;

  /// The address of `bytes` more memory, a multiple of 256, filled with ones
  /// (NaN in all formats); 0 where there is none left.
  uint64_t allocate(uint64_t bytes);
  /// False where `address` does not begin an allocation.
  bool release(uint64_t address);

  /// Where `bytes` at `address` lie on the host; null unless all are of one
  /// allocation.
  char *find(uint64_t address, uint64_t bytes) const;
  /// Marks bytes that find() has found as written.
  void setWritten(uint64_t address, uint64_t bytes);

  /// Where `address` is, for a message: "4 bytes past the end of the 256 bytes
  /// at 0x7f0000000000".
  std::string describe(uint64_t address) const;

  uint64_t base() const { return window; }
  uint64_t size() const { return bytes; }
  uint64_t used() const;
  /// What an offset from base() is added to.
  char *storageBase() const { return storage; }
  uint8_t *shadowBase() const { return shadow; }

private:
  DeviceMemory() = default;

  uint64_t bytes = 0, window = 0, inUse = 0;
  char *storage = nullptr;
  uint8_t *shadow = nullptr;
  mutable std::mutex mutex;
  /// Live allocations and holes, bytes by address.
  std::map<uint64_t, uint64_t> live, holes;
};

} // namespace tfc::emulator

#endif // TFC_LIB_EMULATOR_DEVICEMEMORY_H
