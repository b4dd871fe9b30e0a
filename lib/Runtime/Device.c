/*===- Device.c - a model's work on a GPU --------------------------*- C
 * -*-===//
 *
 * Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===//
 *
 * A library's kernels, constants and buffers on the first device, from the
 * first call until the library is unloaded. Calls wait for each other.
 *
 *===----------------------------------------------------------------------===*/

#include "Device.h"
#include "CudaDriver.h"
#include "Ranks.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory of the device that grows when it must. */
typedef struct buffer {
  CUdeviceptr address;
  size_t bytes;
} buffer;

typedef struct device {
  tfc_cuda_driver driver;
  CUdevice number;
  int multiprocessors;
  CUcontext context;
  CUstream stream;
  CUmodule module;
  CUfunction *functions;
  int32_t *shared_bytes; /* that a kernel was allowed */
  buffer weights, arena, status;
  buffer *inputs, *outputs;
  /* What runs again for inputs of sizes that were there before. */
  CUgraphExec graph;
  int64_t *graph_dims;
  int ready;
  /* Of the call that runs. */
  CUresult result;
  const char *what;
  int32_t failed; /* a check, found when a number was read */
} device;

static device the_device;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/*===----------------------------------------------------------------------===//
 * Messages
 *===----------------------------------------------------------------------===*/

/* Remembers the first call of the driver that failed. */
static int check(device *d, CUresult result, const char *what) {
  if (result != CUDA_SUCCESS && d->result == CUDA_SUCCESS) {
    d->result = result;
    d->what = what;
  }
  return result == CUDA_SUCCESS;
}

static tfc_status describe(device *d, char *message, size_t bytes) {
  const char *name = NULL, *text = NULL, *more = NULL;
  /* A stub of the driver knows no names. */
  if (d->driver.error_name(d->result, &name) != CUDA_SUCCESS || !name)
    name = "unknown error";
  if (d->driver.error_string(d->result, &text) != CUDA_SUCCESS)
    text = NULL;
  if (d->driver.emulator_message)
    more = d->driver.emulator_message();
  if (message && bytes > 0)
    snprintf(message, bytes, "%s failed: %s (%d)%s%s%s%s", d->what, name,
             d->result, text ? ": " : "", text ? text : "",
             more && *more ? ": " : "", more && *more ? more : "");
  return d->result == CUDA_ERROR_OUT_OF_MEMORY ? TFC_DEVICE_OUT_OF_MEMORY
                                               : TFC_DEVICE_FAILED;
}

/*===----------------------------------------------------------------------===//
 * The driver, the device, the kernels
 *===----------------------------------------------------------------------===*/

#define DRIVER_VARIABLE "TFC_CUDA_DRIVER"

static tfc_status open_driver(tfc_cuda_driver *driver, char *message,
                              size_t bytes) {
  const char *path = getenv(DRIVER_VARIABLE);
  if (!path || !*path)
    path = "libcuda.so.1";
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(message, bytes,
             "this model runs on an NVIDIA GPU, and the CUDA driver is not "
             "there: %s",
             reason ? reason : path);
    return TFC_DEVICE_UNAVAILABLE;
  }
  const char *missing = NULL;
#define TFC_FIND(result, name, symbol, parameters)                             \
  *(void **)&driver->name = dlsym(library, symbol);                            \
  if (!driver->name && !missing)                                               \
    missing = symbol;
  TFC_CUDA_FUNCTIONS(TFC_FIND)
#undef TFC_FIND
  *(void **)&driver->emulator_load = dlsym(library, "tfcEmulatorModuleLoad");
  *(void **)&driver->emulator_message = dlsym(library, "tfcEmulatorMessage");
  if (missing) {
    snprintf(message, bytes,
             "the CUDA driver %s is too old: it has no %s, which CUDA 12.0 has",
             path, missing);
    dlclose(library);
    return TFC_DEVICE_UNAVAILABLE;
  }
  driver->library = library;
  return TFC_OK;
}

static tfc_status choose_device(device *d, char *message, size_t bytes) {
  tfc_cuda_driver *driver = &d->driver;
  int version = 0, major = 0, minor = 0;
  char name[128] = "";
  if (!check(d, driver->init(0), "starting the CUDA driver") ||
      !check(d, driver->driver_version(&version), "asking for its version") ||
      !check(d, driver->device_get(&d->number, 0), "finding a GPU")) {
    describe(d, message, bytes);
    return TFC_DEVICE_UNAVAILABLE;
  }
  if (version < 12000) {
    snprintf(
        message, bytes,
        "the CUDA driver is too old: it knows CUDA %d.%d, this model needs "
        "12.0",
        version / 1000, version % 1000 / 10);
    return TFC_DEVICE_UNAVAILABLE;
  }
  driver->device_name(name, sizeof name, d->number);
  if (!check(
          d,
          driver->device_attribute(
              &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, d->number),
          "asking for the GPU's architecture") ||
      !check(
          d,
          driver->device_attribute(
              &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, d->number),
          "asking for the GPU's architecture") ||
      !check(d,
             driver->device_attribute(&d->multiprocessors,
                                      CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
                                      d->number),
             "asking for the GPU's multiprocessors"))
    return describe(d, message, bytes);
  if (10 * major + minor >= tfc_generated_kernels.arch)
    return TFC_OK;
  snprintf(message, bytes,
           "this model was compiled for sm_%d or newer; '%s' is sm_%d%d",
           (int)tfc_generated_kernels.arch, name, major, minor);
  return TFC_DEVICE_UNAVAILABLE;
}

static tfc_status load_kernels(device *d, char *message, size_t bytes) {
  const tfc_kernels *kernels = &tfc_generated_kernels;
  char log[1024] = "";
  if (d->driver.emulator_load) {
    check(d,
          d->driver.emulator_load(&d->module, kernels->bitcode,
                                  (size_t)kernels->bitcode_bytes),
          "loading the kernels");
  } else {
    int options[] = {CU_JIT_ERROR_LOG_BUFFER,
                     CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, (void *)(uintptr_t)sizeof log};
    check(d,
          d->driver.module_load(&d->module, kernels->ptx, 2, options, values),
          "compiling the kernels");
  }
  for (int64_t i = 0; i < kernels->count && d->result == CUDA_SUCCESS; ++i)
    check(d,
          d->driver.module_function(&d->functions[i], d->module,
                                    kernels->names[i]),
          "finding a kernel");
  if (d->result == CUDA_SUCCESS)
    return TFC_OK;
  tfc_status status = describe(d, message, bytes);
  size_t length = message && bytes ? strlen(message) : 0;
  if (*log && length + 3 < bytes)
    snprintf(message + length, bytes - length, ": %s", log);
  return status;
}

/* Makes room; 0 where there is none. */
static int reserve(device *d, buffer *memory, size_t bytes, const char *what) {
  if (bytes <= memory->bytes && memory->address)
    return 1;
  if (d->graph) {
    /* It has the old address. */
    d->driver.graph_exec_destroy(d->graph);
    d->graph = NULL;
  }
  if (memory->address)
    d->driver.memory_free(memory->address);
  memory->address = 0;
  memory->bytes = 0;
  size_t rounded = (bytes + 255) / 256 * 256 + (bytes ? 0 : 256);
  if (!check(d, d->driver.memory_alloc(&memory->address, rounded), what))
    return 0;
  memory->bytes = rounded;
  return 1;
}

static void *allocate(size_t count, size_t bytes) {
  return calloc(count + 1, bytes);
}

static tfc_status prepare_device(device *d, char *message, size_t bytes) {
  const tfc_model_info *info = &tfc_generated_info;
  if (d->ready)
    return TFC_OK;
  tfc_status status = TFC_OK;
  if (!d->driver.library)
    status = open_driver(&d->driver, message, bytes);
  if (status == TFC_OK)
    status = choose_device(d, message, bytes);
  if (status != TFC_OK)
    return status;
  if (!d->functions) {
    d->functions = allocate(tfc_generated_kernels.count, sizeof(CUfunction));
    d->shared_bytes = allocate(tfc_generated_kernels.count, sizeof(int32_t));
    d->inputs = allocate(info->num_inputs, sizeof(buffer));
    d->outputs = allocate(info->num_outputs, sizeof(buffer));
    d->graph_dims =
        allocate(total_rank(info->inputs, info->num_inputs), sizeof(int64_t));
  }
  if (!d->functions || !d->shared_bytes || !d->inputs || !d->outputs ||
      !d->graph_dims) {
    snprintf(message, bytes, "no memory");
    return TFC_DEVICE_FAILED;
  }
  if (!d->context)
    check(d, d->driver.context_retain(&d->context, d->number),
          "starting the GPU");
  if (d->result != CUDA_SUCCESS)
    return describe(d, message, bytes);
  d->driver.context_push(d->context);
  if (!d->stream)
    check(d, d->driver.stream_create(&d->stream, CU_STREAM_NON_BLOCKING),
          "starting the GPU");
  if (d->result == CUDA_SUCCESS && !d->module)
    status = load_kernels(d, message, bytes);
  if (status == TFC_OK && d->result == CUDA_SUCCESS &&
      reserve(d, &d->status, sizeof(int32_t), "taking memory") &&
      reserve(d, &d->weights, info->weights_bytes,
              "taking memory for the weights"))
    check(d,
          d->driver.copy_to_device(d->weights.address, tfc_weights,
                                   info->weights_bytes, d->stream),
          "copying the weights");
  CUcontext old;
  d->driver.context_pop(&old);
  if (status != TFC_OK)
    return status;
  if (d->result != CUDA_SUCCESS)
    return describe(d, message, bytes);
  d->ready = 1;
  return TFC_OK;
}

/*===----------------------------------------------------------------------===//
 * A call
 *===----------------------------------------------------------------------===*/

static size_t bytes_of_type(int32_t type) {
  switch (type) {
  case TFC_FLOAT64:
  case TFC_INT64:
  case TFC_UINT64:
    return 8;
  case TFC_FLOAT32:
  case TFC_INT32:
  case TFC_UINT32:
    return 4;
  case TFC_FLOAT16:
  case TFC_BFLOAT16:
  case TFC_INT16:
  case TFC_UINT16:
    return 2;
  default:
    return 1;
  }
}

static size_t bytes_of(const tfc_tensor_info *info, const int64_t *dims) {
  size_t bytes = bytes_of_type(info->type);
  for (int32_t d = 0; d < info->rank; ++d)
    bytes *= (size_t)dims[d];
  return bytes;
}

/* Makes room for inputs or outputs; their addresses go to `table`. */
static int reserve_all(device *d, const tfc_tensor_info *infos, uint32_t count,
                       const int64_t *dims, buffer *buffers, void **table) {
  for (uint32_t i = 0; i < count; ++i) {
    if (!reserve(d, &buffers[i], bytes_of(&infos[i], dims),
                 "taking memory for inputs and outputs"))
      return 0;
    table[i] = (void *)buffers[i].address;
    dims += infos[i].rank;
  }
  return 1;
}

/* Records what a call launches, to launch all at once from now on. */
static int32_t capture(device *d, const tfc_frame *frame) {
  tfc_cuda_driver *driver = &d->driver;
  CUgraph graph = NULL;
  if (!check(
          d,
          driver->capture_begin(d->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
          "recording the launches"))
    return -1;
  int32_t failed = tfc_generated_compute(frame);
  /* Also after an error: the stream must not go on recording. */
  check(d, driver->capture_end(d->stream, &graph), "recording the launches");
  if (d->result == CUDA_SUCCESS && failed == 0)
    check(d, driver->graph_instantiate(&d->graph, graph, 0),
          "recording the launches");
  if (graph)
    driver->graph_destroy(graph);
  return d->result == CUDA_SUCCESS ? failed : -1;
}

static int32_t compute(device *d, const tfc_frame *frame) {
  if (tfc_generated_kernels.host_access)
    return tfc_generated_compute(frame);
  const tfc_model_info *info = &tfc_generated_info;
  size_t bytes =
      sizeof(int64_t) * (size_t)total_rank(info->inputs, info->num_inputs);
  if (d->graph && memcmp(d->graph_dims, frame->input_dims, bytes) != 0) {
    d->driver.graph_exec_destroy(d->graph);
    d->graph = NULL;
  }
  if (!d->graph) {
    int32_t failed = capture(d, frame);
    if (failed != 0)
      return failed;
    memcpy(d->graph_dims, frame->input_dims, bytes);
  }
  return check(d, d->driver.graph_launch(d->graph, d->stream),
               "launching the kernels")
             ? 0
             : -1;
}

static int copy_inputs(device *d, const tfc_frame *frame) {
  const tfc_model_info *info = &tfc_generated_info;
  const int64_t *dims = frame->input_dims;
  for (uint32_t i = 0; i < info->num_inputs; ++i) {
    size_t bytes = bytes_of(&info->inputs[i], dims);
    if (bytes &&
        !check(d,
               d->driver.copy_to_device(d->inputs[i].address, frame->inputs[i],
                                        bytes, d->stream),
               "copying the inputs"))
      return 0;
    dims += info->inputs[i].rank;
  }
  return 1;
}

/* `failed` is the check that failed on the device. */
static int copy_outputs(device *d, const tfc_frame *frame, const int64_t *dims,
                        int32_t *failed) {
  const tfc_model_info *info = &tfc_generated_info;
  for (uint32_t i = 0; i < info->num_outputs; ++i) {
    size_t bytes = bytes_of(&info->outputs[i], dims);
    if (bytes &&
        !check(d,
               d->driver.copy_to_host(frame->outputs[i], d->outputs[i].address,
                                      bytes, d->stream),
               "copying the outputs"))
      return 0;
    dims += info->outputs[i].rank;
  }
  return check(d,
               d->driver.copy_to_host(failed, d->status.address,
                                      sizeof(int32_t), d->stream),
               "copying the outputs") &&
         check(d, d->driver.stream_wait(d->stream), "running the kernels");
}

static tfc_status call_device(device *d, const tfc_frame *frame,
                              int64_t arena_bytes, int32_t *failed,
                              char *message, size_t message_bytes) {
  const tfc_model_info *info = &tfc_generated_info;
  void *inputs[info->num_inputs + 1], *outputs[info->num_outputs + 1];
  int64_t sizes[total_rank(info->outputs, info->num_outputs) + 1];
  memcpy(sizes, frame->output_dims,
         sizeof(int64_t) *
             (size_t)total_rank(info->outputs, info->num_outputs));
  tfc_frame there = *frame;
  there.inputs = inputs;
  there.outputs = outputs;
  there.device = d;
  d->failed = 0;
  /* Generated code deals work to them. */
  there.num_threads = d->multiprocessors;
  if (reserve_all(d, info->inputs, info->num_inputs, frame->input_dims,
                  d->inputs, inputs) &&
      reserve_all(d, info->outputs, info->num_outputs, sizes, d->outputs,
                  outputs) &&
      reserve(d, &d->arena, (size_t)arena_bytes,
              "taking memory for what lies between layers") &&
      check(d,
            d->driver.memory_set(d->status.address, 0, sizeof(int32_t),
                                 d->stream),
            "copying the inputs") &&
      copy_inputs(d, frame)) {
    there.arena = (void *)d->arena.address;
    *failed = compute(d, &there);
    if (*failed != 0 && d->failed)
      *failed = d->failed;
    if (*failed == 0)
      copy_outputs(d, frame, sizes, failed);
    else
      d->driver.stream_wait(d->stream);
  }
  if (d->result == CUDA_SUCCESS)
    return TFC_OK;
  return describe(d, message, message_bytes);
}

tfc_status tfc_device_compute(const tfc_frame *frame, int64_t arena_bytes,
                              int32_t *failed, char *message,
                              size_t message_bytes) {
  char nowhere[1];
  if (!message || message_bytes == 0) {
    message = nowhere;
    message_bytes = sizeof nowhere;
  }
  *failed = 0;
  pthread_mutex_lock(&lock);
  device *d = &the_device;
  d->result = CUDA_SUCCESS;
  tfc_status status = prepare_device(d, message, message_bytes);
  if (status == TFC_OK &&
      !check(d, d->driver.context_push(d->context), "using the GPU"))
    status = describe(d, message, message_bytes);
  if (status == TFC_OK) {
    status = call_device(d, frame, arena_bytes, failed, message, message_bytes);
    CUcontext old;
    d->driver.context_pop(&old);
  }
  pthread_mutex_unlock(&lock);
  return status;
}

/*===----------------------------------------------------------------------===//
 * For generated code
 *===----------------------------------------------------------------------===*/

int32_t tfc_device_launch(const tfc_frame *frame, int32_t kernel, int64_t gx,
                          int64_t gy, int64_t gz, int64_t bx, int64_t by,
                          int64_t bz, int32_t shared_bytes, void **arguments) {
  device *d = frame->device;
  if (gx <= 0 || gy <= 0 || gz <= 0)
    return 0; /* nothing to do for tensors without elements */
  if (shared_bytes > d->shared_bytes[kernel]) {
    if (!check(d,
               d->driver.function_set(
                   d->functions[kernel],
                   CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                   shared_bytes),
               "allowing a kernel its shared memory"))
      return -1;
    d->shared_bytes[kernel] = shared_bytes;
  }
  return check(d,
               d->driver.launch(
                   d->functions[kernel], (unsigned)gx, (unsigned)gy,
                   (unsigned)gz, (unsigned)bx, (unsigned)by, (unsigned)bz,
                   (unsigned)shared_bytes, d->stream, arguments, NULL),
               tfc_generated_kernels.names[kernel])
             ? 0
             : -1;
}

int32_t tfc_device_read(const tfc_frame *frame, const void *from, void *to,
                        int64_t bytes) {
  device *d = frame->device;
  int32_t failed = 0;
  if (!check(d,
             d->driver.copy_to_host(to, (CUdeviceptr)from, (size_t)bytes,
                                    d->stream),
             "reading a number") ||
      !check(d,
             d->driver.copy_to_host(&failed, d->status.address, sizeof failed,
                                    d->stream),
             "reading a number") ||
      !check(d, d->driver.stream_wait(d->stream), "running the kernels"))
    return -1;
  /* After a check that failed nothing was written: a loop might not end. */
  d->failed = failed;
  return failed ? -1 : 0;
}

int32_t tfc_device_write(const tfc_frame *frame, void *to, const void *from,
                         int64_t bytes) {
  device *d = frame->device;
  /* `from` is on the stack: it must have been read when this returns. */
  return check(d,
               d->driver.copy_to_device((CUdeviceptr)to, from, (size_t)bytes,
                                        d->stream),
               "writing a number") &&
                 check(d, d->driver.stream_wait(d->stream),
                       "running the kernels")
             ? 0
             : -1;
}

void *tfc_device_status(const tfc_frame *frame) {
  return (void *)((device *)frame->device)->status.address;
}

void *tfc_device_weights(const tfc_frame *frame, int64_t offset) {
  return (char *)((device *)frame->device)->weights.address + offset;
}

/*===----------------------------------------------------------------------===//
 * The end
 *===----------------------------------------------------------------------===*/

__attribute__((destructor)) static void release(void) {
  device *d = &the_device;
  tfc_cuda_driver *driver = &d->driver;
  if (driver->library && d->context &&
      driver->context_push(d->context) == CUDA_SUCCESS) {
    CUcontext old;
    buffer *single[] = {&d->weights, &d->arena, &d->status};
    if (d->graph)
      driver->graph_exec_destroy(d->graph);
    for (int i = 0; i < 3; ++i)
      if (single[i]->address)
        driver->memory_free(single[i]->address);
    for (uint32_t i = 0; i < tfc_generated_info.num_inputs; ++i)
      if (d->inputs[i].address)
        driver->memory_free(d->inputs[i].address);
    for (uint32_t i = 0; i < tfc_generated_info.num_outputs; ++i)
      if (d->outputs[i].address)
        driver->memory_free(d->outputs[i].address);
    if (d->module)
      driver->module_unload(d->module);
    if (d->stream)
      driver->stream_destroy(d->stream);
    driver->context_pop(&old);
    driver->context_release(d->number);
  }
  /* The driver's library stays: other models of the process may use it. */
  free(d->functions);
  free(d->shared_bytes);
  free(d->inputs);
  free(d->outputs);
  free(d->graph_dims);
}
