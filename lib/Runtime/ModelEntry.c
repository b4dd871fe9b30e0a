/*===- ModelEntry.c - the entry points of a compiled model --------*- C -*-===//
 *
 * Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===//
 *
 * Compiled when tfc is built and linked into every artefact: checks what the
 * caller hands over, then calls the generated code. Uses no library, not even
 * the C library.
 *
 *===----------------------------------------------------------------------===*/

#define TFC_MODEL_INTERNAL
#include "tfc/Runtime/model.h"

#include "Cpu.h"
#include "NarrowFloats.h"
#include "Ranks.h"
#ifdef TFC_MODEL_DEVICE
#include "Device.h"
#endif

#define TFC_EXPORT __attribute__((visibility("default")))

/*===----------------------------------------------------------------------===//
 * Messages: text is cut where the caller's buffer ends, and always terminated.
 *===----------------------------------------------------------------------===*/

typedef struct text {
  char *at;
  char *end; /* one before the end of the buffer, kept for the terminator */
} text;

static text text_begin(char *message, size_t bytes) {
  text out = {0, 0};
  if (message && bytes > 0) {
    out.at = message;
    out.end = message + bytes - 1;
    *message = 0;
  }
  return out;
}

static void put(text *out, const char *string) {
  if (!out->at)
    return;
  for (; *string && out->at < out->end; ++string)
    *out->at++ = *string;
  *out->at = 0;
}

static void put_number(text *out, int64_t number) {
  char digits[24];
  char *at = digits + sizeof(digits) - 1;
  /* The magnitude as unsigned, so that INT64_MIN has one. */
  uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  *at = 0;
  do {
    *--at = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest);
  if (number < 0)
    *--at = '-';
  put(out, at);
}

static const char *type_name(int32_t type) {
  switch (type) {
  case TFC_FLOAT32:
    return "float32";
  case TFC_UINT8:
    return "uint8";
  case TFC_INT8:
    return "int8";
  case TFC_UINT16:
    return "uint16";
  case TFC_INT16:
    return "int16";
  case TFC_INT32:
    return "int32";
  case TFC_INT64:
    return "int64";
  case TFC_STRING:
    return "string";
  case TFC_BOOL:
    return "bool";
  case TFC_FLOAT16:
    return "float16";
  case TFC_FLOAT64:
    return "float64";
  case TFC_UINT32:
    return "uint32";
  case TFC_UINT64:
    return "uint64";
  case TFC_BFLOAT16:
    return "bfloat16";
  case TFC_FLOAT8E4M3FN:
    return "float8e4m3fn";
  case TFC_FLOAT8E4M3FNUZ:
    return "float8e4m3fnuz";
  case TFC_FLOAT8E5M2:
    return "float8e5m2";
  case TFC_FLOAT8E5M2FNUZ:
    return "float8e5m2fnuz";
  case TFC_UINT4:
    return "uint4";
  case TFC_INT4:
    return "int4";
  case TFC_FLOAT4E2M1:
    return "float4e2m1";
  case TFC_UINT2:
    return "uint2";
  case TFC_INT2:
    return "int2";
  default:
    return "an unknown type";
  }
}

/* "int64 of rank 2 [batch, 4]" */
static void put_expected(text *out, const tfc_tensor_info *info) {
  put(out, type_name(info->type));
  put(out, " of rank ");
  put_number(out, info->rank);
  put(out, " [");
  for (int32_t i = 0; i < info->rank; ++i) {
    put(out, i ? ", " : "");
    if (info->dims[i] >= 0)
      put_number(out, info->dims[i]);
    else
      put(out, info->symbols[i][0] ? info->symbols[i] : "?");
  }
  put(out, "]");
}

static void put_found(text *out, const tfc_tensor *tensor) {
  put(out, type_name(tensor->type));
  put(out, " of rank ");
  put_number(out, tensor->rank);
  put(out, " [");
  for (int32_t i = 0; i < tensor->rank && tensor->dims; ++i) {
    /* A corrupt rank must not make this read on for long. */
    if (i == 16) {
      put(out, ", ...");
      break;
    }
    put(out, i ? ", " : "");
    put_number(out, tensor->dims[i]);
  }
  put(out, "]");
}

static void put_name(text *out, const char *kind, const tfc_tensor_info *info) {
  put(out, kind);
  put(out, " '");
  put(out, info->name);
  put(out, "'");
}

/*===----------------------------------------------------------------------===//
 * Checks
 *===----------------------------------------------------------------------===*/

static int same(const char *a, const char *b) {
  while (*a && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

/* Whether the tensor's type, rank and known sizes are those of `info`. */
static int fits(const tfc_tensor *tensor, const tfc_tensor_info *info) {
  if (tensor->type != info->type || tensor->rank != info->rank)
    return 0;
  if (info->rank > 0 && !tensor->dims)
    return 0;
  /* No tensor has so many elements that its bytes overflow an int64. */
  int64_t elements = 1;
  for (int32_t i = 0; i < info->rank; ++i) {
    int64_t size = tensor->dims[i];
    if (size < 0 || (info->dims[i] >= 0 && size != info->dims[i]))
      return 0;
    if (size > 0 && elements > (INT64_C(1) << 58) / size)
      return 0;
    if (size > 0)
      elements *= size;
  }
  return 1;
}

/* Open sizes of one name must be equal; compares input `i`'s with those of the
 * inputs before it and of its own earlier dimensions. */
static tfc_status check_symbols(const tfc_tensor *inputs, uint32_t i,
                                text *out) {
  const tfc_tensor_info *infos = tfc_generated_info.inputs;
  for (int32_t d = 0; d < infos[i].rank; ++d) {
    if (infos[i].dims[d] >= 0 || !infos[i].symbols[d][0])
      continue;
    for (uint32_t j = 0; j <= i; ++j) {
      int32_t rank = j == i ? d : infos[j].rank;
      for (int32_t e = 0; e < rank; ++e) {
        if (infos[j].dims[e] >= 0 ||
            !same(infos[j].symbols[e], infos[i].symbols[d]))
          continue;
        if (inputs[j].dims[e] == inputs[i].dims[d])
          goto next_dimension; /* that one was compared with all before it */
        put(out, "sizes named '");
        put(out, infos[i].symbols[d]);
        put(out, "' differ: ");
        put_number(out, inputs[j].dims[e]);
        put_name(out, " in input", &infos[j]);
        put(out, ", ");
        put_number(out, inputs[i].dims[d]);
        put_name(out, " in input", &infos[i]);
        return TFC_BAD_ARGUMENT;
      }
    }
  next_dimension:;
  }
  return TFC_OK;
}

/* Checks the inputs and copies their sizes to `dims`, one after the other. */
static tfc_status check_inputs(const tfc_tensor *inputs, int64_t *dims,
                               text *out) {
  const tfc_model_info *info = &tfc_generated_info;
  if (info->num_inputs > 0 && !inputs) {
    put(out, "no inputs were given");
    return TFC_BAD_ARGUMENT;
  }
  for (uint32_t i = 0; i < info->num_inputs; ++i) {
    if (!fits(&inputs[i], &info->inputs[i])) {
      put_name(out, "input", &info->inputs[i]);
      put(out, ": expected ");
      put_expected(out, &info->inputs[i]);
      put(out, ", got ");
      put_found(out, &inputs[i]);
      return TFC_BAD_ARGUMENT;
    }
    tfc_status status = check_symbols(inputs, i, out);
    if (status != TFC_OK)
      return status;
    for (int32_t d = 0; d < info->inputs[i].rank; ++d)
      *dims++ = inputs[i].dims[d];
  }
  return TFC_OK;
}

/* Checks that the output is as the plan says; dims are those of this output. */
static tfc_status check_output(const tfc_tensor *output,
                               const tfc_tensor_info *info, const int64_t *dims,
                               text *out) {
  int good = fits(output, info);
  for (int32_t d = 0; good && d < info->rank; ++d)
    good = output->dims[d] == dims[d];
  if (good)
    return TFC_OK;
  tfc_tensor expected = {0, dims, info->rank, info->type};
  put_name(out, "output", info);
  put(out, ": expected ");
  put_found(out, &expected);
  put(out, ", got ");
  put_found(out, output);
  return TFC_BAD_ARGUMENT;
}

/* A tensor without elements needs no data. */
static tfc_status check_data(const tfc_tensor *tensor, const char *kind,
                             const tfc_tensor_info *info, text *out) {
  int64_t elements = 1;
  for (int32_t d = 0; d < tensor->rank; ++d)
    elements *= tensor->dims[d];
  if (elements == 0 || tensor->data)
    return TFC_OK;
  put_name(out, kind, info);
  put(out, ": its data pointer is null");
  return TFC_BAD_ARGUMENT;
}

static tfc_status check_cpu(text *out) {
  const char *missing = tfc_cpu_missing(tfc_generated_info.cpu_features);
  if (!missing)
    return TFC_OK;
  put(out, "this model was compiled for CPU '");
  put(out, tfc_generated_info.cpu);
  put(out, "'; this machine lacks ");
  for (; *missing && *missing != ','; ++missing) {
    char letter[2] = {*missing, 0};
    put(out, letter);
  }
  return TFC_UNSUPPORTED_CPU;
}

/* Inputs to sizes of outputs and arena; both entry points begin with this. */
static tfc_status plan(const tfc_tensor *inputs, int64_t num_threads,
                       int64_t *input_dims, int64_t *output_dims,
                       int64_t *arena_bytes, text *out) {
  tfc_status status = check_cpu(out);
  if (status == TFC_OK)
    status = check_inputs(inputs, input_dims, out);
  if (status != TFC_OK)
    return status;
  int32_t failed =
      tfc_generated_plan(input_dims, num_threads, output_dims, arena_bytes);
  if (failed == 0)
    return TFC_OK;
  put(out, tfc_generated_checks[failed - 1]);
  return TFC_BAD_ARGUMENT;
}

/*===----------------------------------------------------------------------===//
 * Entry points
 *===----------------------------------------------------------------------===*/

static void run_sequentially(void *pool, tfc_task task, void *captures,
                             int64_t count, int64_t grain) {
  (void)pool;
  (void)grain;
  if (count > 0)
    task(captures, 0, count, 0);
}

/* Sizes of all outputs, one after the other, to where the caller wants them. */
static void deliver_dims(const int64_t *sizes, int64_t *const *output_dims) {
  const tfc_model_info *info = &tfc_generated_info;
  for (uint32_t i = 0; i < info->num_outputs; ++i)
    for (int32_t d = 0; d < info->outputs[i].rank; ++d, ++sizes)
      if (output_dims && output_dims[i])
        output_dims[i][d] = *sizes;
}

TFC_EXPORT const tfc_model_info *tfc_model_get_info(void) {
  return &tfc_generated_info;
}

TFC_EXPORT tfc_status tfc_model_prepare(const tfc_tensor *inputs,
                                        int64_t num_threads,
                                        int64_t *const *output_dims,
                                        size_t *arena_bytes, char *message,
                                        size_t message_bytes) {
  const tfc_model_info *info = &tfc_generated_info;
  text out = text_begin(message, message_bytes);
  /* One more than needed: an array must not be empty. */
  int64_t in[total_rank(info->inputs, info->num_inputs) + 1];
  int64_t sizes[total_rank(info->outputs, info->num_outputs) + 1];
  int64_t bytes = 0;
  tfc_status status =
      plan(inputs, num_threads < 1 ? 1 : num_threads, in, sizes, &bytes, &out);
  if (status != TFC_OK)
    return status;
  deliver_dims(sizes, output_dims);
#ifdef TFC_MODEL_DEVICE
  bytes = 0; /* what lies between layers is the device's */
#endif
  if (arena_bytes)
    *arena_bytes = (size_t)bytes;
  return TFC_OK;
}

static tfc_status check_call(const tfc_call *call, const int64_t *sizes,
                             int64_t arena_bytes, text *out) {
  const tfc_model_info *info = &tfc_generated_info;
  if (info->num_outputs > 0 && !call->outputs) {
    put(out, "no outputs were given");
    return TFC_BAD_ARGUMENT;
  }
  tfc_status status = TFC_OK;
  for (uint32_t i = 0; status == TFC_OK && i < info->num_inputs; ++i)
    status = check_data(&call->inputs[i], "input", &info->inputs[i], out);
  for (uint32_t i = 0; status == TFC_OK && i < info->num_outputs; ++i) {
    status = check_output(&call->outputs[i], &info->outputs[i], sizes, out);
    if (status == TFC_OK)
      status = check_data(&call->outputs[i], "output", &info->outputs[i], out);
    if (status == TFC_OK && info->outputs[i].data_dependent &&
        (!call->output_dims || !call->output_dims[i])) {
      put_name(out, "output", &info->outputs[i]);
      put(out, ": its size depends on data, and the call's output_dims says "
               "not where to write it");
      status = TFC_BAD_ARGUMENT;
    }
    sizes += info->outputs[i].rank;
  }
  if (status != TFC_OK || arena_bytes <= 0)
    return status;
  if ((uint64_t)call->arena_bytes < (uint64_t)arena_bytes || !call->arena) {
    put(out, "the arena is too small: ");
    put_number(out, arena_bytes);
    put(out, " bytes are needed, ");
    put_number(out, call->arena ? (int64_t)call->arena_bytes : 0);
    put(out, " were given");
    return TFC_ARENA_TOO_SMALL;
  }
  if ((uintptr_t)call->arena % TFC_ARENA_ALIGN != 0) {
    put(out, "the arena is not aligned to ");
    put_number(out, TFC_ARENA_ALIGN);
    put(out, " bytes");
    return TFC_BAD_ARGUMENT;
  }
  return TFC_OK;
}

TFC_EXPORT tfc_status tfc_model_run(const tfc_call *call) {
  const tfc_model_info *info = &tfc_generated_info;
  text out = text_begin(call->message, call->message_bytes);
  int64_t in[total_rank(info->inputs, info->num_inputs) + 1];
  int64_t sizes[total_rank(info->outputs, info->num_outputs) + 1];
  int64_t threads =
      call->parallel_for && call->num_threads > 1 ? call->num_threads : 1;
  int64_t bytes = 0;
  tfc_status status = plan(call->inputs, threads, in, sizes, &bytes, &out);
#ifdef TFC_MODEL_DEVICE
  int64_t device_bytes = bytes;
  bytes = 0;
#endif
  if (status == TFC_OK)
    status = check_call(call, sizes, bytes, &out);
  if (status != TFC_OK)
    return status;

  void *inputs[info->num_inputs + 1];
  void *outputs[info->num_outputs + 1];
  for (uint32_t i = 0; i < info->num_inputs; ++i)
    inputs[i] = call->inputs[i].data;
  for (uint32_t i = 0; i < info->num_outputs; ++i)
    outputs[i] = call->outputs[i].data;
  tfc_frame frame;
  frame.inputs = inputs;
  frame.outputs = outputs;
  frame.input_dims = in;
  frame.output_dims = sizes;
  frame.arena = call->arena;
  frame.parallel_for = threads > 1 ? call->parallel_for : run_sequentially;
  frame.pool = call->pool;
  frame.num_threads = threads;
#ifdef TFC_MODEL_DEVICE
  int32_t failed;
  status = tfc_device_compute(&frame, device_bytes, &failed, call->message,
                              call->message_bytes);
  if (status != TFC_OK)
    return status;
#else
  int32_t failed = tfc_generated_compute(&frame);
#endif
  if (failed == 0) {
    deliver_dims(sizes, call->output_dims);
    return TFC_OK;
  }
  put(&out, tfc_generated_checks[failed - 1]);
  return TFC_BAD_VALUE;
}
