//===- DriverDevice.cpp - devices, contexts and errors ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include <cstring>

using namespace tfc::emulator;

extern "C" {

CUresult cuInit(unsigned int flags) {
  Driver &driver = Driver::get();
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);
  if (flags)
    return driver.fail(CUDA_ERROR_INVALID_VALUE, "cuInit's flags must be 0");
  return driver.initialize();
}

CUresult cuDriverGetVersion(int *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = 12040;
  return CUDA_SUCCESS;
}

const char *tfcEmulatorMessage(void) {
  static thread_local std::string copy;
  Driver &driver = Driver::get();
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);
  copy = driver.message;
  return copy.c_str();
}

namespace {
struct ErrorText {
  CUresult code;
  const char *name, *text;
};
} // namespace

#define TFC_ERROR(code, text) {code, #code, text}
static const ErrorText errorTexts[] = {
    TFC_ERROR(CUDA_SUCCESS, "no error"),
    TFC_ERROR(CUDA_ERROR_INVALID_VALUE, "invalid argument"),
    TFC_ERROR(CUDA_ERROR_OUT_OF_MEMORY, "out of memory"),
    TFC_ERROR(CUDA_ERROR_NOT_INITIALIZED, "initialization error"),
    TFC_ERROR(CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal"),
    TFC_ERROR(CUDA_ERROR_INVALID_IMAGE, "device kernel image is invalid"),
    TFC_ERROR(CUDA_ERROR_INVALID_CONTEXT, "invalid device context"),
    TFC_ERROR(CUDA_ERROR_NO_BINARY_FOR_GPU,
              "no kernel image is available for execution on the device"),
    TFC_ERROR(CUDA_ERROR_INVALID_HANDLE, "invalid resource handle"),
    TFC_ERROR(CUDA_ERROR_ILLEGAL_STATE,
              "the operation cannot be performed in the present state"),
    TFC_ERROR(CUDA_ERROR_NOT_FOUND, "named symbol not found"),
    TFC_ERROR(CUDA_ERROR_ILLEGAL_ADDRESS,
              "an illegal memory access was encountered"),
    TFC_ERROR(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
              "too many resources requested for launch"),
    TFC_ERROR(CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned address"),
    TFC_ERROR(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure"),
    TFC_ERROR(CUDA_ERROR_NOT_SUPPORTED, "operation not supported"),
    TFC_ERROR(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
              "operation not permitted when stream is capturing"),
    TFC_ERROR(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
              "operation failed due to a previous error during capture"),
    TFC_ERROR(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
              "operation would make the legacy stream depend on a capturing "
              "blocking stream"),
};
#undef TFC_ERROR

static const ErrorText *findError(CUresult code) {
  for (const ErrorText &error : errorTexts)
    if (error.code == code)
      return &error;
  return nullptr;
}

CUresult cuGetErrorName(CUresult code, const char **name) {
  const ErrorText *error = findError(code);
  if (name)
    *name = error ? error->name : nullptr;
  return error && name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult code, const char **text) {
  const ErrorText *error = findError(code);
  if (text)
    *text = error ? error->text : nullptr;
  return error && text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDeviceGetCount(int *count) {
  DriverCall call(/*needsContext=*/false);
  if (call.state)
    return call.state;
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  *count = 1;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  DriverCall call(/*needsContext=*/false);
  if (call.state)
    return call.state;
  if (!device)
    return CUDA_ERROR_INVALID_VALUE;
  if (ordinal)
    return call.driver.fail(CUDA_ERROR_INVALID_DEVICE,
                            "there is one device, with ordinal 0");
  *device = 0;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  DriverCall call(/*needsContext=*/false);
  if (call.state)
    return call.state;
  if (!name || length < 1)
    return CUDA_ERROR_INVALID_VALUE;
  if (device)
    return CUDA_ERROR_INVALID_DEVICE;
  std::strncpy(name, "tfc emulator", length);
  name[length - 1] = 0;
  return CUDA_SUCCESS;
}

static int attributeOf(CUdevice_attribute attribute, const Driver &driver) {
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
    return maxThreads;
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
    return 64;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
    return 2147483647;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
    return 65535;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
    return 48 * 1024;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    return driver.mostSharedBytes();
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
    return driver.mostSharedBytes() + 1024;
  case CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK:
    return 1024;
  case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY:
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
    return 65536;
  case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
    return warpSize;
  case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
  case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
    return 1000000;
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    return driver.multiprocessors;
  case CU_DEVICE_ATTRIBUTE_INTEGRATED:
  case CU_DEVICE_ATTRIBUTE_COMPUTE_MODE:
  case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
  case CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH:
    return 0;
  case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
    return 5120;
  case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
    return 40 << 20;
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
    return 2048;
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
    return 32;
  case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
    return 1;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    return driver.architecture / 10;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    return driver.architecture % 10;
  }
  return -1;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute,
                              CUdevice device) {
  DriverCall call(/*needsContext=*/false);
  if (call.state)
    return call.state;
  if (device)
    return CUDA_ERROR_INVALID_DEVICE;
  int known = attributeOf(attribute, call.driver);
  if (!value || known < 0)
    return call.driver.fail(CUDA_ERROR_INVALID_VALUE,
                            "the emulator does not know attribute " +
                                llvm::Twine(int(attribute)));
  *value = known;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  DriverCall call(/*needsContext=*/false);
  if (call.state)
    return call.state;
  if (!context)
    return CUDA_ERROR_INVALID_VALUE;
  if (device)
    return CUDA_ERROR_INVALID_DEVICE;
  ++call.driver.primary.references;
  *context = &call.driver.primary;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  DriverCall call(/*needsContext=*/false);
  if (call.state)
    return call.state;
  if (device)
    return CUDA_ERROR_INVALID_DEVICE;
  if (call.driver.primary.references == 0)
    return call.driver.fail(CUDA_ERROR_INVALID_CONTEXT,
                            "the primary context is not retained");
  --call.driver.primary.references;
  return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent_v2(CUcontext context) {
  DriverCall call(/*needsContext=*/false);
  if (call.state)
    return call.state;
  if (context != &call.driver.primary)
    return call.driver.fail(CUDA_ERROR_INVALID_CONTEXT, "no context");
  contextStack().push_back(context);
  return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  DriverCall call(/*needsContext=*/false);
  if (call.state)
    return call.state;
  if (contextStack().empty())
    return call.driver.fail(CUDA_ERROR_INVALID_CONTEXT,
                            "this thread has no current context");
  if (context)
    *context = contextStack().back();
  contextStack().pop_back();
  return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context) {
  DriverCall call(/*needsContext=*/false);
  if (call.state)
    return call.state;
  if (context && context != &call.driver.primary)
    return call.driver.fail(CUDA_ERROR_INVALID_CONTEXT, "no context");
  if (!contextStack().empty())
    contextStack().pop_back();
  if (context)
    contextStack().push_back(context);
  return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *context) {
  DriverCall call(/*needsContext=*/false);
  if (call.state)
    return call.state;
  if (!context)
    return CUDA_ERROR_INVALID_VALUE;
  *context = contextStack().empty() ? nullptr : contextStack().back();
  return CUDA_SUCCESS;
}

} // extern "C"
