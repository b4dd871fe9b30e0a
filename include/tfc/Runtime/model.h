/*===- model.h - the C interface of a compiled model ------------*- C -*-===//
 *
 * Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===//
 *
 * A shared library written by tfc exports the three functions at the end of
 * this file and nothing else. It needs no other library, allocates no memory,
 * starts no thread and keeps no state between calls; calls may run at the same
 * time on several threads, each with an arena of its own. One for a GPU has the
 * C library, memory of the device from the first call on, and one call at a
 * time.
 */
#ifndef TFC_RUNTIME_MODEL_H
#define TFC_RUNTIME_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a struct or function below changes its meaning or layout. */
#define TFC_ABI_VERSION 3

/* Alignment, in bytes, that an arena must have. */
#define TFC_ARENA_ALIGN 64

/* Element types, with the numbers of ONNX's TensorProto.DataType. Those of
 * fewer than eight bits take a byte each; of an input's the low bits count, an
 * output's integers have their value. */
typedef enum tfc_type {
  TFC_FLOAT32 = 1,
  TFC_UINT8 = 2,
  TFC_INT8 = 3,
  TFC_UINT16 = 4,
  TFC_INT16 = 5,
  TFC_INT32 = 6,
  TFC_INT64 = 7,
  TFC_STRING = 8,
  TFC_BOOL = 9,
  TFC_FLOAT16 = 10,
  TFC_FLOAT64 = 11,
  TFC_UINT32 = 12,
  TFC_UINT64 = 13,
  TFC_BFLOAT16 = 16,
  TFC_FLOAT8E4M3FN = 17,
  TFC_FLOAT8E4M3FNUZ = 18,
  TFC_FLOAT8E5M2 = 19,
  TFC_FLOAT8E5M2FNUZ = 20,
  TFC_UINT4 = 21,
  TFC_INT4 = 22,
  TFC_FLOAT4E2M1 = 23,
  TFC_UINT2 = 25,
  TFC_INT2 = 26
} tfc_type;

typedef enum tfc_status {
  TFC_OK = 0,
  TFC_BAD_ARGUMENT =
      1,             /* an input or output has the wrong type, rank or size */
  TFC_BAD_VALUE = 2, /* a value in an input is out of the model's range */
  TFC_ARENA_TOO_SMALL = 3,
  TFC_UNSUPPORTED_CPU = 4,
  /* Of models for a GPU: no driver, an old one, or no GPU that will do; */
  TFC_DEVICE_UNAVAILABLE = 5,
  TFC_DEVICE_OUT_OF_MEMORY = 6,
  TFC_DEVICE_FAILED = 7 /* the driver reports another error */
} tfc_status;

/* What the model says of an input or output. dims[i] is -1 where the size is
 * open; then symbols[i] is its name in the model ("" when it has none).
 * Open sizes with the same name must be equal in a call. Of an output whose
 * size depends on data, as NonZero's does, tfc_model_prepare gives an upper
 * bound, and a call the size. */
typedef struct tfc_tensor_info {
  const char *name;
  int32_t type; /* tfc_type */
  int32_t rank;
  const int64_t *dims;
  const char *const *symbols;
  int32_t data_dependent; /* 1 for such an output */
  /* Of a cache (tfc --cache-capacity): an input and an output that are one
   * buffer. For the input the number of the output, and the other way round; -1
   * for others. The buffer is dense with cache_capacity in place of the size
   * cache_axis, whatever the sizes of a call are: what is given lies at its
   * beginning along that dimension, and so does the result. */
  int32_t cache;
  int32_t cache_axis;
  int64_t cache_capacity;
} tfc_tensor_info;

typedef struct tfc_model_info {
  uint32_t abi_version;
  uint32_t reserved;
  const char *producer; /* tfc and its version */
  const char *model_name;
  const char *cpu; /* -mcpu of the compilation */
  const char
      *cpu_features; /* those that must be there, comma separated: avx2,fma */
  uint64_t weights_bytes;
  uint32_t num_inputs, num_outputs;
  const tfc_tensor_info *inputs;
  const tfc_tensor_info *outputs;
} tfc_model_info;

/* A dense row-major tensor that the caller owns. */
typedef struct tfc_tensor {
  void *data;
  const int64_t *dims;
  int32_t rank;
  int32_t type; /* tfc_type */
} tfc_tensor;

/* One worker's share of a parallel region. */
typedef void (*tfc_task)(void *captures, int64_t begin, int64_t end,
                         int64_t worker);

/* Deals the iterations 0..count to at most num_threads workers, in contiguous
 * pieces of at least `grain`, and returns when all are done. */
typedef void (*tfc_parallel_for)(void *pool, tfc_task task, void *captures,
                                 int64_t count, int64_t grain);

/* Of a library compiled with --profile, the captures of each task begin with
 * this: which of its parallel regions the task is of, and the work of the
 * region, counting pairs that a mask leaves out, and each buffer once; 0 where
 * it is not known. */
typedef struct tfc_region {
  int64_t number;
  int64_t multiply_adds;
  int64_t bytes;
} tfc_region;

/* Such a library exports one of these besides, as tfc_model_profile. */
typedef struct tfc_profile_info {
  int64_t num_regions;
  const char *const *nodes; /* of each region, with ", " between */
} tfc_profile_info;

typedef struct tfc_call {
  const tfc_tensor *inputs;  /* in the order of tfc_model_info */
  const tfc_tensor *outputs; /* dims as tfc_model_prepare gave them */
  void *arena;               /* TFC_ARENA_ALIGN-aligned */
  size_t arena_bytes;
  tfc_parallel_for parallel_for; /* NULL: everything runs on this thread */
  void *pool;                    /* passed to parallel_for */
  int64_t
      num_threads; /* workers that parallel_for may use; 1 when it is NULL */
  char *message;   /* NULL, or where an error is described */
  size_t message_bytes;
  /* NULL, or where the outputs' sizes are written, as for tfc_model_prepare;
   * must be there when the size of one depends on data. Its elements then
   * lie densely at the beginning of its buffer. */
  int64_t *const *output_dims;
} tfc_call;

/* Never fails; the result lives as long as the library is loaded. */
const tfc_model_info *tfc_model_get_info(void);

/* Checks the inputs' types and sizes (data pointers are not read) and gives the
 * outputs' sizes, output_dims[i] having room for tfc_tensor_info.rank numbers,
 * and the bytes of arena that a call with these sizes and threads needs. */
tfc_status tfc_model_prepare(const tfc_tensor *inputs, int64_t num_threads,
                             int64_t *const *output_dims, size_t *arena_bytes,
                             char *message, size_t message_bytes);

/* Runs the model. On an error the outputs' contents are unspecified. */
tfc_status tfc_model_run(const tfc_call *call);

/*===----------------------------------------------------------------------===//
 * Between the generated code and its entry points (lib/Runtime/ModelEntry.c,
 * linked into every artefact). Not for callers.
 *===----------------------------------------------------------------------===*/
#ifdef TFC_MODEL_INTERNAL
typedef struct tfc_frame {
  void *const *inputs; /* data pointers */
  void *const *outputs;
  const int64_t *input_dims; /* of all inputs, one after the other */
  int64_t *output_dims;      /* bounds before the call, sizes after it */
  void *arena;
  tfc_parallel_for parallel_for; /* never NULL */
  void *pool;
  int64_t num_threads;
  void *device; /* of models for a GPU */
} tfc_frame;

/* Inside one library: reached without a table of addresses. */
#pragma GCC visibility push(hidden)
extern const tfc_model_info tfc_generated_info;
/* Texts of run-time checks; check k failed when a function returns k + 1. */
extern const char *const tfc_generated_checks[];
/* Sizes from sizes: all dims one after the other. Returns 0 or a failed check.
 */
int32_t tfc_generated_plan(const int64_t *input_dims, int64_t num_threads,
                           int64_t *output_dims, int64_t *arena_bytes);
int32_t tfc_generated_compute(const tfc_frame *frame);
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif
#endif /* TFC_RUNTIME_MODEL_H */
