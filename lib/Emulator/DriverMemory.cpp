//===- DriverMemory.cpp - memory and copies ---------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "llvm/Support/FormatVariadic.h"

#include <cstring>

using namespace tfc::emulator;
using llvm::formatv;

/// Where bytes of the device lie; null, with a message, where they are not all
/// of one allocation.
static char *find(Driver &driver, CUdeviceptr address, size_t bytes,
                  const char *what) {
  char *place = driver.memory->find(address, bytes);
  if (!place)
    driver.message =
        formatv("{0} {1} bytes at {2:x}: {3}", what, bytes, address,
                driver.memory->describe(bytes ? address + bytes - 1 : address));
  return place;
}

static CUresult copyToDevice(Driver &driver, CUdeviceptr to, const void *from,
                             size_t bytes) {
  if (!bytes)
    return CUDA_SUCCESS;
  char *place = find(driver, to, bytes, "a copy to");
  if (!place || !from)
    return CUDA_ERROR_INVALID_VALUE;
  std::memcpy(place, from, bytes);
  driver.memory->setWritten(to, bytes);
  return CUDA_SUCCESS;
}

static CUresult copyToHost(Driver &driver, void *to, CUdeviceptr from,
                           size_t bytes) {
  if (!bytes)
    return CUDA_SUCCESS;
  char *place = find(driver, from, bytes, "a copy from");
  if (!place || !to)
    return CUDA_ERROR_INVALID_VALUE;
  std::memcpy(to, place, bytes);
  return CUDA_SUCCESS;
}

static CUresult copyOnDevice(Driver &driver, CUdeviceptr to, CUdeviceptr from,
                             size_t bytes) {
  if (!bytes)
    return CUDA_SUCCESS;
  char *source = find(driver, from, bytes, "a copy from");
  char *target = source ? find(driver, to, bytes, "a copy to") : nullptr;
  if (!target)
    return CUDA_ERROR_INVALID_VALUE;
  std::memmove(target, source, bytes);
  // What was never written stays so.
  std::memmove(driver.memory->shadowBase() + (to - driver.memory->base()),
               driver.memory->shadowBase() + (from - driver.memory->base()),
               bytes);
  return CUDA_SUCCESS;
}

/// A copy that waits: it may not come between commands that are captured.
static CUresult copyNow(Command command) {
  DriverCall call;
  if (call.state)
    return call.state;
  for (CUstream stream : call.driver.streams)
    if (stream->capture == CU_STREAM_CAPTURE_STATUS_ACTIVE) {
      stream->capture = CU_STREAM_CAPTURE_STATUS_INVALIDATED;
      return call.driver.fail(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
                              "a copy that waits, while a stream captures");
    }
  call.driver.finish(nullptr);
  return command();
}

static CUresult copyLater(CUstream stream, Command command) {
  DriverCall call;
  if (call.state)
    return call.state;
  return call.driver.enqueue(stream, std::move(command));
}

extern "C" {

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!address || !bytes)
    return call.driver.fail(CUDA_ERROR_INVALID_VALUE,
                            "an allocation of 0 bytes");
  *address = call.driver.memory->allocate(bytes);
  if (!*address)
    return call.driver.fail(CUDA_ERROR_OUT_OF_MEMORY,
                            formatv("no {0} bytes are left of {1}", bytes,
                                    call.driver.memory->size()));
  return CUDA_SUCCESS;
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  DriverCall call;
  if (call.state)
    return call.state;
  // Freeing waits for what may use the memory.
  call.driver.finish(nullptr);
  if (address && !call.driver.memory->release(address))
    return call.driver.fail(CUDA_ERROR_INVALID_VALUE,
                            formatv("no allocation begins at {0:x}: {1}",
                                    address,
                                    call.driver.memory->describe(address)));
  return CUDA_SUCCESS;
}

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!free || !total)
    return CUDA_ERROR_INVALID_VALUE;
  *total = call.driver.memory->size();
  *free = *total - call.driver.memory->used();
  return CUDA_SUCCESS;
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  return copyNow([=] { return copyToDevice(Driver::get(), to, from, bytes); });
}

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  return copyNow([=] { return copyToHost(Driver::get(), to, from, bytes); });
}

CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copyNow([=] { return copyOnDevice(Driver::get(), to, from, bytes); });
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes,
                              CUstream stream) {
  return copyLater(
      stream, [=] { return copyToDevice(Driver::get(), to, from, bytes); });
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  return copyLater(stream,
                   [=] { return copyToHost(Driver::get(), to, from, bytes); });
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  return copyLater(
      stream, [=] { return copyOnDevice(Driver::get(), to, from, bytes); });
}

CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                       CUstream stream) {
  // Addresses say which of the two is the host's.
  return copyLater(stream, [=] {
    Driver &driver = Driver::get();
    auto onDevice = [&](CUdeviceptr address) {
      return address - driver.memory->base() < driver.memory->size();
    };
    if (onDevice(to) && onDevice(from))
      return copyOnDevice(driver, to, from, bytes);
    if (onDevice(to))
      return copyToDevice(driver, to, reinterpret_cast<void *>(from), bytes);
    if (onDevice(from))
      return copyToHost(driver, reinterpret_cast<void *>(to), from, bytes);
    std::memmove(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from),
                 bytes);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes,
                         CUstream stream) {
  return copyLater(stream, [=] {
    Driver &driver = Driver::get();
    if (!bytes)
      return CUDA_SUCCESS;
    char *place = find(driver, to, bytes, "setting");
    if (!place)
      return CUDA_ERROR_INVALID_VALUE;
    std::memset(place, value, bytes);
    driver.memory->setWritten(to, bytes);
    return CUDA_SUCCESS;
  });
}

} // extern "C"
