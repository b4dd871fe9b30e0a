/*===- Driver.h - CUDA's driver interface, as far as it is emulated -*- C
-*-===*\
|*                                                                            *|
|* Part of the tfc project, under the Apache License v2.0 with LLVM           *|
|* Exceptions. See LICENSE for license information.                           *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/
/*
 * What libtfcEmulator.so exports: functions of NVIDIA's driver with the same
 * names, prototypes and error codes, which run kernels' LLVM IR on the CPU, and
 * two of its own. Semantics are those of the CUDA Driver API reference, version
 * 12.4, save for what docs/emulator.md lists.
 */
#ifndef TFC_EMULATOR_DRIVER_H
#define TFC_EMULATOR_DRIVER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TFC_EMULATOR_API __attribute__((visibility("default")))

typedef enum CUresult {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NOT_INITIALIZED = 3,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_IMAGE = 200,
  CUDA_ERROR_INVALID_CONTEXT = 201,
  CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
  CUDA_ERROR_INVALID_HANDLE = 400,
  CUDA_ERROR_ILLEGAL_STATE = 401,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701,
  CUDA_ERROR_MISALIGNED_ADDRESS = 716,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_NOT_SUPPORTED = 801,
  CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
  CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901,
  CUDA_ERROR_STREAM_CAPTURE_IMPLICIT = 906
} CUresult;

typedef enum CUdevice_attribute {
  CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 1,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X = 2,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y = 3,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z = 4,
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X = 5,
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y = 6,
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z = 7,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK = 8,
  CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY = 9,
  CU_DEVICE_ATTRIBUTE_WARP_SIZE = 10,
  CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK = 12,
  CU_DEVICE_ATTRIBUTE_CLOCK_RATE = 13,
  CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  CU_DEVICE_ATTRIBUTE_INTEGRATED = 18,
  CU_DEVICE_ATTRIBUTE_COMPUTE_MODE = 20,
  CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS = 31,
  CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE = 36,
  CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH = 37,
  CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE = 38,
  CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR = 39,
  CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING = 41,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR = 81,
  CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR = 82,
  CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH = 95,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR = 106,
  CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK = 111
} CUdevice_attribute;

typedef enum CUfunction_attribute {
  CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 0,
  CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES = 1,
  CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES = 2,
  CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES = 3,
  CU_FUNC_ATTRIBUTE_NUM_REGS = 4,
  CU_FUNC_ATTRIBUTE_PTX_VERSION = 5,
  CU_FUNC_ATTRIBUTE_BINARY_VERSION = 6,
  CU_FUNC_ATTRIBUTE_CACHE_MODE_CA = 7,
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
  CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT = 9
} CUfunction_attribute;

typedef enum CUstreamCaptureMode {
  CU_STREAM_CAPTURE_MODE_GLOBAL = 0,
  CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1,
  CU_STREAM_CAPTURE_MODE_RELAXED = 2
} CUstreamCaptureMode;

typedef enum CUstreamCaptureStatus {
  CU_STREAM_CAPTURE_STATUS_NONE = 0,
  CU_STREAM_CAPTURE_STATUS_ACTIVE = 1,
  CU_STREAM_CAPTURE_STATUS_INVALIDATED = 2
} CUstreamCaptureStatus;

/* Entries of `extra` of cuLaunchKernel. */
#define CU_LAUNCH_PARAM_END ((void *)0)
#define CU_LAUNCH_PARAM_BUFFER_POINTER ((void *)1)
#define CU_LAUNCH_PARAM_BUFFER_SIZE ((void *)2)

typedef int CUdevice;
typedef int CUjit_option;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

TFC_EMULATOR_API CUresult cuInit(unsigned int flags);
TFC_EMULATOR_API CUresult cuDriverGetVersion(int *version);
TFC_EMULATOR_API CUresult cuGetErrorName(CUresult error, const char **name);
TFC_EMULATOR_API CUresult cuGetErrorString(CUresult error, const char **text);

TFC_EMULATOR_API CUresult cuDeviceGetCount(int *count);
TFC_EMULATOR_API CUresult cuDeviceGet(CUdevice *device, int ordinal);
TFC_EMULATOR_API CUresult cuDeviceGetName(char *name, int length,
                                          CUdevice device);
TFC_EMULATOR_API CUresult cuDeviceGetAttribute(int *value,
                                               CUdevice_attribute attribute,
                                               CUdevice device);

TFC_EMULATOR_API CUresult cuDevicePrimaryCtxRetain(CUcontext *context,
                                                   CUdevice device);
TFC_EMULATOR_API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device);
TFC_EMULATOR_API CUresult cuCtxPushCurrent_v2(CUcontext context);
TFC_EMULATOR_API CUresult cuCtxPopCurrent_v2(CUcontext *context);
TFC_EMULATOR_API CUresult cuCtxSetCurrent(CUcontext context);
TFC_EMULATOR_API CUresult cuCtxGetCurrent(CUcontext *context);
TFC_EMULATOR_API CUresult cuCtxSynchronize(void);

TFC_EMULATOR_API CUresult cuModuleLoadDataEx(CUmodule *module,
                                             const void *image,
                                             unsigned int numOptions,
                                             CUjit_option *options,
                                             void **optionValues);
TFC_EMULATOR_API CUresult cuModuleUnload(CUmodule module);
TFC_EMULATOR_API CUresult cuModuleGetFunction(CUfunction *function,
                                              CUmodule module,
                                              const char *name);
TFC_EMULATOR_API CUresult cuFuncGetAttribute(int *value,
                                             CUfunction_attribute attribute,
                                             CUfunction function);
TFC_EMULATOR_API CUresult cuFuncSetAttribute(CUfunction function,
                                             CUfunction_attribute attribute,
                                             int value);

TFC_EMULATOR_API CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes);
TFC_EMULATOR_API CUresult cuMemFree_v2(CUdeviceptr address);
TFC_EMULATOR_API CUresult cuMemGetInfo_v2(size_t *free, size_t *total);
TFC_EMULATOR_API CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from,
                                          size_t bytes);
TFC_EMULATOR_API CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from,
                                          size_t bytes);
TFC_EMULATOR_API CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from,
                                          size_t bytes);
TFC_EMULATOR_API CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from,
                                        size_t bytes, CUstream stream);
TFC_EMULATOR_API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from,
                                               size_t bytes, CUstream stream);
TFC_EMULATOR_API CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from,
                                               size_t bytes, CUstream stream);
TFC_EMULATOR_API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from,
                                               size_t bytes, CUstream stream);
TFC_EMULATOR_API CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value,
                                          size_t bytes, CUstream stream);

TFC_EMULATOR_API CUresult cuStreamCreate(CUstream *stream, unsigned int flags);
TFC_EMULATOR_API CUresult cuStreamDestroy_v2(CUstream stream);
TFC_EMULATOR_API CUresult cuStreamSynchronize(CUstream stream);
TFC_EMULATOR_API CUresult
cuLaunchKernel(CUfunction function, unsigned int gridX, unsigned int gridY,
               unsigned int gridZ, unsigned int blockX, unsigned int blockY,
               unsigned int blockZ, unsigned int sharedBytes, CUstream stream,
               void **kernelParams, void **extra);

TFC_EMULATOR_API CUresult cuStreamBeginCapture_v2(CUstream stream,
                                                  CUstreamCaptureMode mode);
TFC_EMULATOR_API CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph);
TFC_EMULATOR_API CUresult cuStreamIsCapturing(CUstream stream,
                                              CUstreamCaptureStatus *status);
TFC_EMULATOR_API CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable,
                                                      CUgraph graph,
                                                      unsigned long long flags);
TFC_EMULATOR_API CUresult cuGraphLaunch(CUgraphExec executable,
                                        CUstream stream);
TFC_EMULATOR_API CUresult cuGraphExecDestroy(CUgraphExec executable);
TFC_EMULATOR_API CUresult cuGraphDestroy(CUgraph graph);

/*
 * Loads kernels in place of cuModuleLoadDataEx: LLVM bitcode, or LLVM IR as
 * text, of a module for nvptx64. `*module` becomes a CUmodule. Needs a current
 * context. Returns a CUresult.
 */
TFC_EMULATOR_API int tfcEmulatorModuleLoad(void **module, const void *bitcode,
                                           size_t bytes);

/*
 * What went wrong last in this process, as a sentence; an empty string where
 * nothing did. Valid until the calling thread calls it again.
 */
TFC_EMULATOR_API const char *tfcEmulatorMessage(void);

#ifdef __cplusplus
}
#endif

#endif /* TFC_EMULATOR_DRIVER_H */
