//===- DriverModule.cpp - modules, functions and launches -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstring>

using namespace tfc::emulator;
using llvm::formatv;

extern "C" {

CUresult cuModuleLoadDataEx(CUmodule *, const void *, unsigned int,
                            CUjit_option *, void **) {
  DriverCall call;
  if (call.state)
    return call.state;
  return call.driver.fail(CUDA_ERROR_NO_BINARY_FOR_GPU,
                          "the emulator runs LLVM IR, neither PTX nor machine "
                          "code: load it with tfcEmulatorModuleLoad");
}

int tfcEmulatorModuleLoad(void **module, const void *bitcode, size_t bytes) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!module || !bitcode)
    return call.driver.fail(CUDA_ERROR_INVALID_VALUE, "a null pointer");
  llvm::StringRef kernels(static_cast<const char *>(bitcode), bytes);
  std::unique_ptr<llvm::MemoryBuffer> others;
  if (!call.driver.kernelsFile.empty()) {
    auto read = llvm::MemoryBuffer::getFile(call.driver.kernelsFile);
    if (!read)
      return call.driver.fail(CUDA_ERROR_INVALID_VALUE,
                              "cannot read '" + call.driver.kernelsFile + "'");
    others = std::move(*read);
    kernels = others->getBuffer();
  }
  auto loaded = LoadedModule::load(kernels, call.driver.target());
  if (!loaded)
    return call.driver.fail(CUDA_ERROR_INVALID_IMAGE, loaded.takeError());
  auto *handle = new CUmod_st{std::move(*loaded), {}};
  call.driver.modules.insert(handle);
  *module = handle;
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!call.driver.modules.erase(module))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no module");
  call.driver.finish(nullptr);
  for (const auto &function : module->functions) {
    call.driver.functions.erase(function.get());
    call.driver.compiler->release(*function->kernel);
  }
  delete module;
  return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module,
                             const char *name) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!function || !name)
    return call.driver.fail(CUDA_ERROR_INVALID_VALUE, "a null pointer");
  if (!call.driver.modules.count(module))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no module");
  llvm::Expected<Kernel *> kernel = module->module->find(name);
  if (!kernel)
    return call.driver.fail(CUDA_ERROR_NOT_SUPPORTED, kernel.takeError());
  if (!*kernel)
    return call.driver.fail(CUDA_ERROR_NOT_FOUND,
                            formatv("the module has no kernel '{0}'", name));
  for (const auto &known : module->functions)
    if (known->kernel == *kernel) {
      *function = known.get();
      return CUDA_SUCCESS;
    }
  module->functions.emplace_back(new CUfunc_st{*kernel, module});
  *function = module->functions.back().get();
  call.driver.functions.insert(*function);
  return CUDA_SUCCESS;
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute,
                            CUfunction function) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!value)
    return CUDA_ERROR_INVALID_VALUE;
  if (!call.driver.functions.count(function))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no function");
  const Kernel &kernel = *function->kernel;
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    *value = kernel.info.mostThreads;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    *value = kernel.info.staticShared;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    *value = kernel.mostDynamicShared;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    *value = call.driver.architecture;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
  case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
  case CU_FUNC_ATTRIBUTE_NUM_REGS:
  case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    *value = 0;
    return CUDA_SUCCESS;
  }
  return call.driver.fail(CUDA_ERROR_INVALID_VALUE, "no such attribute");
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute,
                            int value) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!call.driver.functions.count(function))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no function");
  Kernel &kernel = *function->kernel;
  if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT)
    return CUDA_SUCCESS;
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
    return call.driver.fail(CUDA_ERROR_INVALID_VALUE,
                            "the attribute cannot be set");
  uint32_t most = call.driver.mostSharedBytes();
  if (value < 0 || uint64_t(value) + kernel.info.staticShared > most)
    return call.driver.fail(
        CUDA_ERROR_INVALID_VALUE,
        formatv("kernel '{0}': {1} bytes of dynamic shared memory and {2} of "
                "static, where there are {3}",
                kernel.info.name, value, kernel.info.staticShared, most));
  kernel.mostDynamicShared = value;
  return CUDA_SUCCESS;
}

} // extern "C"

/// Null if a launch fits the device and the kernel; what is wrong if not.
static std::string findLaunchFault(const Driver &driver, const Kernel &kernel,
                                   Dimensions grid, Dimensions block,
                                   unsigned sharedBytes) {
  const KernelInfo &info = kernel.info;
  if (!grid.count() || grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535)
    return formatv("a grid of {0}x{1}x{2} blocks, where 2147483647x65535x65535 "
                   "are the most and none the least",
                   grid.x, grid.y, grid.z);
  if (!block.count() || block.x > maxThreads || block.y > maxThreads ||
      block.z > 64 || block.count() > maxThreads)
    return formatv(
        "a block of {0}x{1}x{2} threads, where 1024x1024x64 and 1024 "
        "in all are the most",
        block.x, block.y, block.z);
  if (block.count() > info.mostThreads)
    return formatv("a block of {0} threads, where it was compiled for {1}",
                   block.count(), info.mostThreads);
  if (info.requiredBlock &&
      (info.requiredBlock->x != block.x || info.requiredBlock->y != block.y ||
       info.requiredBlock->z != block.z))
    return formatv("a block of {0}x{1}x{2} threads, where it was compiled for "
                   "{3}x{4}x{5}",
                   block.x, block.y, block.z, info.requiredBlock->x,
                   info.requiredBlock->y, info.requiredBlock->z);
  uint64_t total = uint64_t(sharedBytes) + info.staticShared;
  bool optedIn = kernel.mostDynamicShared > 48 * 1024;
  uint64_t most = optedIn ? driver.mostSharedBytes() : 48 * 1024;
  if (sharedBytes > kernel.mostDynamicShared || total > most)
    return formatv(
        "{0} bytes of dynamic shared memory and {1} of static, where {2} of "
        "dynamic and {3} in all are the most (cuFuncSetAttribute)",
        sharedBytes, info.staticShared, kernel.mostDynamicShared, most);
  return "";
}

namespace {
/// A launch with its own copy of the arguments.
struct OwnedLaunch {
  Launch launch;
  std::vector<std::vector<char>> values;
  std::vector<void *> pointers;
};
} // namespace

/// Copies arguments as `kernelParams` or `extra` have them.
static std::string copyArguments(const KernelInfo &info, void **kernelParams,
                                 void **extra, OwnedLaunch &launch) {
  const char *buffer = nullptr;
  size_t bufferBytes = 0;
  for (void **entry = extra; entry && *entry != CU_LAUNCH_PARAM_END;
       entry += 2) {
    if (*entry == CU_LAUNCH_PARAM_BUFFER_POINTER)
      buffer = static_cast<const char *>(entry[1]);
    else if (*entry == CU_LAUNCH_PARAM_BUFFER_SIZE)
      bufferBytes = *static_cast<size_t *>(entry[1]);
    else
      return "`extra` has an entry that is unknown";
  }
  if (extra && kernelParams)
    return "arguments both in `kernelParams` and in `extra`";
  if (!info.parameters.empty() && !kernelParams && !buffer)
    return formatv("no arguments, where it has {0} parameters",
                   info.parameters.size());
  size_t offset = 0;
  for (auto [i, parameter] : llvm::enumerate(info.parameters)) {
    const void *from;
    if (buffer) {
      offset = llvm::alignTo(offset, parameter.alignment);
      if (offset + parameter.bytes > bufferBytes)
        return formatv("argument {0} lies past the end of the {1} bytes in "
                       "`extra`",
                       i, bufferBytes);
      from = buffer + offset;
      offset += parameter.bytes;
    } else {
      from = kernelParams[i];
    }
    if (!from)
      return formatv("`kernelParams` has a null pointer for argument {0}", i);
    auto *bytes = static_cast<const char *>(from);
    launch.values.emplace_back(bytes, bytes + parameter.bytes);
  }
  for (std::vector<char> &value : launch.values)
    launch.pointers.push_back(value.data());
  return "";
}

extern "C" CUresult cuLaunchKernel(CUfunction function, unsigned int gridX,
                                   unsigned int gridY, unsigned int gridZ,
                                   unsigned int blockX, unsigned int blockY,
                                   unsigned int blockZ,
                                   unsigned int sharedBytes, CUstream stream,
                                   void **kernelParams, void **extra) {
  DriverCall call;
  if (call.state)
    return call.state;
  Driver &driver = call.driver;
  if (!driver.functions.count(function))
    return driver.fail(CUDA_ERROR_INVALID_HANDLE, "no function");
  Kernel &kernel = *function->kernel;
  const KernelInfo &info = kernel.info;
  auto owned = std::make_shared<OwnedLaunch>();
  Launch &launch = owned->launch;
  launch.grid = {gridX, gridY, gridZ};
  launch.block = {blockX, blockY, blockZ};
  std::string fault =
      findLaunchFault(driver, kernel, launch.grid, launch.block, sharedBytes);
  if (fault.empty())
    fault = copyArguments(info, kernelParams, extra, *owned);
  if (!fault.empty())
    return driver.fail(CUDA_ERROR_INVALID_VALUE,
                       "kernel '" + info.name + "': " + fault);
  launch.name = info.name;
  launch.parameters = owned->pointers.data();
  launch.staticShared = info.staticShared;
  launch.dynamicShared = sharedBytes;
  launch.granuleLog2 = info.granuleLog2;
  launch.waits = info.waits;
  launch.sites = &info.sites;
  llvm::Expected<KernelCode> code = driver.compiler->compile(kernel);
  if (!code)
    return driver.fail(CUDA_ERROR_NOT_SUPPORTED, code.takeError());
  launch.code = *code;
  return driver.enqueue(stream, [owned, function, &driver] {
    // A graph may outlive its kernels' module.
    if (!driver.functions.count(function))
      return driver.fail(CUDA_ERROR_INVALID_HANDLE,
                         "kernel '" + owned->launch.name +
                             "': its module was unloaded");
    return driver.run(owned->launch);
  });
}
