//===- Driver.cpp - the state behind the driver's functions -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FormatVariadic.h"

#include <cstdlib>
#include <sys/mman.h>
#include <utility>

using namespace tfc::emulator;
using llvm::StringRef;

/// Of addresses, not of memory in use.
static constexpr uint64_t memoryBytes = uint64_t(64) << 30;

Driver &Driver::get() {
  static Driver *driver = new Driver;
  return *driver;
}

std::vector<CUcontext> &tfc::emulator::contextStack() {
  static thread_local std::vector<CUcontext> stack;
  return stack;
}

DriverCall::DriverCall(bool needsContext)
    : driver(Driver::get()), lock(driver.mutex) {
  state = CUDA_SUCCESS;
  if (!driver.isInitialized())
    state = driver.fail(CUDA_ERROR_NOT_INITIALIZED, "cuInit was not called");
  else if (needsContext &&
           (contextStack().empty() || contextStack().back() == nullptr ||
            driver.primary.references == 0))
    state = driver.fail(CUDA_ERROR_INVALID_CONTEXT,
                        "this thread has no current context");
}

CUresult Driver::fail(CUresult code, const llvm::Twine &text) {
  message = text.str();
  return code;
}

CUresult Driver::fail(CUresult code, llvm::Error error) {
  message = llvm::toString(std::move(error));
  return code;
}

static StringRef variable(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

CUresult Driver::readEnvironment() {
  llvm::SmallVector<StringRef> words;
  variable("TFC_EMULATE").split(words, ',', -1, /*KeepEmpty=*/false);
  for (StringRef word : words) {
    if (word == "lazy" || word == "eager")
      mode.lazyCopies = word == "lazy";
    else if (word == "unwritten")
      mode.unwritten = true;
    else if (word == "deferred")
      mode.deferred = true;
    else
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "TFC_EMULATE is a list of eager, lazy, unwritten and "
                  "deferred, not '" +
                      word + "'");
  }
  StringRef order = variable("TFC_EMULATE_ORDER");
  mode.backward = order == "backward";
  if (!order.empty() && order != "forward" && order != "backward")
    return fail(CUDA_ERROR_INVALID_VALUE,
                "TFC_EMULATE_ORDER is forward or backward, not '" + order +
                    "'");
  StringRef arch = variable("TFC_EMULATE_ARCH");
  if (!arch.empty() && (arch.getAsInteger(10, architecture) ||
                        architecture < 70 || architecture > 129))
    return fail(
        CUDA_ERROR_INVALID_VALUE,
        "TFC_EMULATE_ARCH is 10 times a compute capability from 7.0 on, as "
        "80, not '" +
            arch + "'");
  kernelsFile = variable("TFC_EMULATE_KERNELS").str();
  StringRef count = variable("TFC_EMULATE_SMS");
  if (!count.empty() &&
      (count.getAsInteger(10, multiprocessors) || multiprocessors < 1))
    return fail(CUDA_ERROR_INVALID_VALUE,
                "TFC_EMULATE_SMS is a number of multiprocessors, not '" +
                    count + "'");
  return CUDA_SUCCESS;
}

CUresult Driver::initialize() {
  if (isInitialized())
    return CUDA_SUCCESS;
  if (CUresult error = readEnvironment())
    return error;
  llvm::Expected<std::unique_ptr<Compiler>> made = Compiler::create();
  if (!made)
    return fail(CUDA_ERROR_NOT_SUPPORTED, made.takeError());
  // Below 4 GiB, as code may keep shared addresses in 32 bits.
  void *window =
      mmap(nullptr, 2 * maxSharedBytes, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1, 0);
  if (window == MAP_FAILED)
    return fail(CUDA_ERROR_OUT_OF_MEMORY, "no addresses for shared memory");
  sharedWindow = reinterpret_cast<uint64_t>(window);
  llvm::Expected<std::unique_ptr<DeviceMemory>> reserved =
      DeviceMemory::create(memoryBytes);
  if (!reserved)
    return fail(CUDA_ERROR_OUT_OF_MEMORY, reserved.takeError());
  compiler = std::move(*made);
  memory = std::move(*reserved);
  runner = std::make_unique<BlockRunner>(*memory, sharedWindow, mode);
  return CUDA_SUCCESS;
}

// CUDA C++ Programming Guide 12.4, table "Technical Specifications per Compute
// Capability".
uint32_t Driver::mostSharedBytes() const {
  switch (architecture) {
  case 70:
  case 72:
    return 96 * 1024;
  case 75:
    return 64 * 1024;
  case 80:
  case 87:
    return 163 * 1024;
  case 86:
  case 89:
    return 99 * 1024;
  default:
    return maxSharedBytes;
  }
}

TranslationTarget Driver::target() {
  return {compiler->machine(), *memory, sharedWindow, mode, architecture};
}

CUresult Driver::enqueue(CUstream stream, Command command) {
  if (stream && !streams.count(stream))
    return fail(CUDA_ERROR_INVALID_HANDLE, "no stream of this process");
  if (stream && stream->capture != CU_STREAM_CAPTURE_STATUS_NONE) {
    if (stream->capture == CU_STREAM_CAPTURE_STATUS_INVALIDATED)
      return fail(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
                  "the stream's capture became invalid before");
    stream->captured.push_back(std::move(command));
    return CUDA_SUCCESS;
  }
  if (mode.deferred && stream) {
    stream->queue.push_back(std::move(command));
    return CUDA_SUCCESS;
  }
  // The stream of null waits for all others.
  finish(nullptr);
  CUresult result = command();
  if (result)
    pending = result;
  return result;
}

void Driver::finish(CUstream stream) {
  if (!stream) {
    for (CUstream each : streams)
      finish(each);
    return;
  }
  for (const Command &command : std::exchange(stream->queue, {})) {
    CUresult result = command();
    if (!result)
      continue;
    // What follows a fault is not done, as on a GPU.
    pending = result;
    return;
  }
}

CUresult Driver::run(const Launch &launch) {
  if (std::optional<Fault> fault = runner->prepare(launch))
    return fail(fault->code, fault->message);
  uint64_t blocks = launch.grid.count();
  for (uint64_t i = 0; i < blocks; ++i) {
    uint64_t index = mode.backward ? blocks - 1 - i : i;
    Dimensions block;
    block.x = index % launch.grid.x;
    block.y = index / launch.grid.x % launch.grid.y;
    block.z = index / launch.grid.x / launch.grid.y;
    if (std::optional<Fault> fault = runner->run(block))
      return fail(fault->code, fault->message);
  }
  return CUDA_SUCCESS;
}
