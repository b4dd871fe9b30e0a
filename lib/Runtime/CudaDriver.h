/*===- CudaDriver.h - the functions of NVIDIA's driver -------------*- C
 * -*-===//
 *
 * Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===//
 *
 * Declared as NVIDIA's documentation of the driver API has them, so that no
 * toolkit is needed to build or run, and found in the driver's library when a
 * model is first called.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TFC_LIB_RUNTIME_CUDADRIVER_H
#define TFC_LIB_RUNTIME_CUDADRIVER_H

#include <stddef.h>
#include <stdint.h>

typedef int CUresult;
typedef int CUdevice;
typedef uint64_t CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

enum {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NO_DEVICE = 100,
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
  CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_JIT_ERROR_LOG_BUFFER = 5,
  CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6,
  CU_STREAM_NON_BLOCKING = 1,
  CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1
};

/* X(result, name, symbol, parameters): `name` of the table is `symbol` of the
 * library. */
#define TFC_CUDA_FUNCTIONS(X)                                                  \
  X(CUresult, init, "cuInit", (unsigned))                                      \
  X(CUresult, driver_version, "cuDriverGetVersion", (int *))                   \
  X(CUresult, device_get, "cuDeviceGet", (CUdevice *, int))                    \
  X(CUresult, device_attribute, "cuDeviceGetAttribute",                        \
    (int *, int, CUdevice))                                                    \
  X(CUresult, device_name, "cuDeviceGetName", (char *, int, CUdevice))         \
  X(CUresult, context_retain, "cuDevicePrimaryCtxRetain",                      \
    (CUcontext *, CUdevice))                                                   \
  X(CUresult, context_release, "cuDevicePrimaryCtxRelease_v2", (CUdevice))     \
  X(CUresult, context_push, "cuCtxPushCurrent_v2", (CUcontext))                \
  X(CUresult, context_pop, "cuCtxPopCurrent_v2", (CUcontext *))                \
  X(CUresult, module_load, "cuModuleLoadDataEx",                               \
    (CUmodule *, const void *, unsigned, int *, void **))                      \
  X(CUresult, module_unload, "cuModuleUnload", (CUmodule))                     \
  X(CUresult, module_function, "cuModuleGetFunction",                          \
    (CUfunction *, CUmodule, const char *))                                    \
  X(CUresult, function_set, "cuFuncSetAttribute", (CUfunction, int, int))      \
  X(CUresult, memory_alloc, "cuMemAlloc_v2", (CUdeviceptr *, size_t))          \
  X(CUresult, memory_free, "cuMemFree_v2", (CUdeviceptr))                      \
  X(CUresult, copy_to_device, "cuMemcpyHtoDAsync_v2",                          \
    (CUdeviceptr, const void *, size_t, CUstream))                             \
  X(CUresult, copy_to_host, "cuMemcpyDtoHAsync_v2",                            \
    (void *, CUdeviceptr, size_t, CUstream))                                   \
  X(CUresult, memory_set, "cuMemsetD8Async",                                   \
    (CUdeviceptr, unsigned char, size_t, CUstream))                            \
  X(CUresult, stream_create, "cuStreamCreate", (CUstream *, unsigned))         \
  X(CUresult, stream_destroy, "cuStreamDestroy_v2", (CUstream))                \
  X(CUresult, stream_wait, "cuStreamSynchronize", (CUstream))                  \
  X(CUresult, launch, "cuLaunchKernel",                                        \
    (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,   \
     unsigned, CUstream, void **, void **))                                    \
  X(CUresult, capture_begin, "cuStreamBeginCapture_v2", (CUstream, int))       \
  X(CUresult, capture_end, "cuStreamEndCapture", (CUstream, CUgraph *))        \
  X(CUresult, graph_instantiate, "cuGraphInstantiateWithFlags",                \
    (CUgraphExec *, CUgraph, unsigned long long))                              \
  X(CUresult, graph_launch, "cuGraphLaunch", (CUgraphExec, CUstream))          \
  X(CUresult, graph_exec_destroy, "cuGraphExecDestroy", (CUgraphExec))         \
  X(CUresult, graph_destroy, "cuGraphDestroy", (CUgraph))                      \
  X(CUresult, error_name, "cuGetErrorName", (CUresult, const char **))         \
  X(CUresult, error_string, "cuGetErrorString", (CUresult, const char **))

typedef struct tfc_cuda_driver {
  void *library;
#define TFC_FIELD(result, name, symbol, parameters) result(*name) parameters;
  TFC_CUDA_FUNCTIONS(TFC_FIELD)
#undef TFC_FIELD
  /* The emulator's (lib/Emulator) alone: else null. */
  int (*emulator_load)(CUmodule *, const void *, size_t);
  const char *(*emulator_message)(void);
} tfc_cuda_driver;

#endif /* TFC_LIB_RUNTIME_CUDADRIVER_H */
