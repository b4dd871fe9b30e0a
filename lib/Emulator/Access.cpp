//===- Access.cpp - addresses of kernels to places on the host --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Block.h"

#include "llvm/Support/FormatVariadic.h"

#include <cstring>

using namespace tfc::emulator;

static std::string describe(AccessFlags access) {
  static const char *const kinds[] = {"a load", "a store",
                                      "an atomic operation", "a volatile load",
                                      "a volatile store"};
  return llvm::formatv("{0} of {1} bytes", kinds[access.kind], access.bytes);
}

static SharedMemory::Access accessOf(AccessFlags::Kind kind) {
  switch (kind) {
  case AccessFlags::Load:
    return SharedMemory::Access::Read;
  case AccessFlags::Store:
    return SharedMemory::Access::Write;
  case AccessFlags::StrongLoad:
    return SharedMemory::Access::StrongRead;
  case AccessFlags::Atomic:
  case AccessFlags::StrongStore:
    break;
  }
  return SharedMemory::Access::StrongWrite;
}

static bool reads(AccessFlags access) {
  return access.kind == AccessFlags::Load ||
         access.kind == AccessFlags::StrongLoad ||
         access.kind == AccessFlags::Atomic;
}

void *BlockRunner::resolveShared(ThreadState &thread, uint64_t address,
                                 AccessFlags access, uint32_t site) {
  uint64_t offset = address - sharedWindow;
  if (offset > shared.size() || access.bytes > shared.size() - offset)
    fault(thread, CUDA_ERROR_ILLEGAL_ADDRESS,
          llvm::formatv("{0} of shared memory at byte {1} of {2}",
                        describe(access), int64_t(offset), shared.size()),
          site);
  if (offset & (access.alignment - 1))
    fault(
        thread, CUDA_ERROR_MISALIGNED_ADDRESS,
        llvm::formatv("{0} of shared memory at byte {1}, which is no multiple "
                      "of {2}",
                      describe(access), offset, access.alignment),
        site);
  if (mode.unwritten && reads(access) &&
      !shared.isWritten(offset, access.bytes))
    fault(thread, CUDA_ERROR_LAUNCH_FAILED,
          llvm::formatv("{0} of shared memory at byte {1}, which no thread has "
                        "written",
                        describe(access), offset),
          site);
  if (auto race = shared.access(thread.index, offset, access.bytes,
                                accessOf(access.kind)))
    fault(thread, CUDA_ERROR_LAUNCH_FAILED,
          llvm::formatv("{0} of shared memory at byte {1} is a race: {2}",
                        describe(access), offset, *race),
          site);
  return shared.data() + offset;
}

void *BlockRunner::resolveGlobal(ThreadState &thread, uint64_t address,
                                 AccessFlags access, uint32_t site) {
  uint64_t offset = address - memory.base();
  uint8_t wanted = DeviceMemory::Allocated;
  if (mode.unwritten && reads(access))
    wanted |= DeviceMemory::Written;
  bool inside =
      offset < memory.size() && access.bytes <= memory.size() - offset;
  uint32_t firstBad = 0;
  for (uint32_t i = 0; inside && i < access.bytes; ++i) {
    uint8_t shadow = memory.shadowBase()[offset + i];
    if (!(shadow & DeviceMemory::Allocated)) {
      inside = false;
      firstBad = i;
    } else if ((shadow & wanted) != wanted) {
      fault(thread, CUDA_ERROR_LAUNCH_FAILED,
            llvm::formatv("{0} of global memory at {1:x}, which was never "
                          "written: {2}",
                          describe(access), address,
                          memory.describe(address + i)),
            site);
    }
  }
  if (!inside)
    fault(thread, CUDA_ERROR_ILLEGAL_ADDRESS,
          llvm::formatv("{0} of global memory at {1:x}: {2}", describe(access),
                        address, memory.describe(address + firstBad)),
          site);
  if (address & (access.alignment - 1))
    fault(
        thread, CUDA_ERROR_MISALIGNED_ADDRESS,
        llvm::formatv("{0} of global memory at {1:x}, which is no multiple of "
                      "{2}",
                      describe(access), address, access.alignment),
        site);
  if (access.kind != AccessFlags::Load &&
      access.kind != AccessFlags::StrongLoad)
    memory.setWritten(address, access.bytes);
  return memory.storageBase() + offset;
}

void *BlockRunner::resolveGeneric(ThreadState &thread, uint64_t address,
                                  AccessFlags access, uint32_t site) {
  // Shared memory's addresses reach beyond what a block can have, so that a
  // step past its end is known for what it is.
  if (address - sharedWindow < 2 * maxSharedBytes)
    return resolveShared(thread, address, access, site);
  if (stacks.contains(launch->waits ? thread.index : 0, address))
    return reinterpret_cast<void *>(address);
  return resolveGlobal(thread, address, access, site);
}

void BlockRunner::faultLocal(ThreadState &thread, int64_t offset, uint64_t size,
                             AccessFlags access, uint32_t site) {
  fault(thread, CUDA_ERROR_ILLEGAL_ADDRESS,
        llvm::formatv("{0} of local memory at byte {1} of {2}",
                      describe(access), offset, size),
        site);
}

void BlockRunner::copyAsync(ThreadState &thread, uint64_t to, uint64_t from,
                            uint32_t bytes, uint32_t sourceBytes,
                            uint32_t site) {
  if (sourceBytes > bytes)
    fault(thread, CUDA_ERROR_LAUNCH_FAILED,
          llvm::formatv("cp.async of {0} bytes from {1} bytes", bytes,
                        sourceBytes),
          site);
  AccessFlags access;
  access.alignment = bytes;
  access.bytes = sourceBytes;
  AsyncCopy copy;
  copy.source = nullptr;
  if (sourceBytes)
    copy.source =
        static_cast<char *>(resolveGlobal(thread, from, access, site));
  uint64_t offset = to - sharedWindow;
  if (offset > shared.size() || bytes > shared.size() - offset)
    fault(thread, CUDA_ERROR_ILLEGAL_ADDRESS,
          llvm::formatv("cp.async of {0} bytes to shared memory at byte {1} of "
                        "{2}",
                        bytes, int64_t(offset), shared.size()),
          site);
  if (offset % bytes)
    fault(thread, CUDA_ERROR_MISALIGNED_ADDRESS,
          llvm::formatv("cp.async of {0} bytes to shared memory at byte {1}",
                        bytes, offset),
          site);
  if (auto race = shared.access(thread.index, offset, bytes,
                                SharedMemory::Access::AsyncWrite))
    fault(thread, CUDA_ERROR_LAUNCH_FAILED,
          llvm::formatv("cp.async of {0} bytes to shared memory at byte {1} is "
                        "a race: {2}",
                        bytes, offset, *race),
          site);
  copy.shared = offset;
  copy.bytes = bytes;
  copy.sourceBytes = sourceBytes;
  copy.group = thread.group;
  thread.copies.push_back(copy);
  if (!mode.lazyCopies) {
    std::memset(shared.data() + offset, 0, bytes);
    std::memcpy(shared.data() + offset, copy.source, sourceBytes);
  }
}

void BlockRunner::waitForCopies(ThreadState &thread, uint32_t groupsLeft) {
  auto isRetired = [&](const AsyncCopy &copy) {
    if (copy.group + groupsLeft >= thread.group)
      return false;
    if (mode.lazyCopies) {
      char *to = shared.data() + copy.shared;
      std::memset(to, 0, copy.bytes);
      std::memcpy(to, copy.source, copy.sourceBytes);
    }
    shared.land(thread.index, copy.shared, copy.bytes);
    return true;
  };
  auto kept = thread.copies.begin();
  for (const AsyncCopy &copy : thread.copies)
    if (!isRetired(copy))
      *kept++ = copy;
  thread.copies.erase(kept, thread.copies.end());
}
