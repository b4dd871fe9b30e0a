/*===- Device.h - a model's work on a GPU --------------------------*- C
 * -*-===//
 *
 * Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===//
 *
 * Linked into artefacts of --target=cuda, beside the entry points.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TFC_LIB_RUNTIME_DEVICE_H
#define TFC_LIB_RUNTIME_DEVICE_H

#define TFC_MODEL_INTERNAL
#include "tfc/Runtime/model.h"

#pragma GCC visibility push(hidden)

/* What the compiler wrote of the kernels. */
typedef struct tfc_kernels {
  const char *ptx; /* ends with 0 */
  int64_t ptx_bytes;
  /* The same as LLVM IR, for the emulator. */
  const char *bitcode;
  int64_t bitcode_bytes;
  const char *const *names;
  int64_t count;
  int64_t arch;        /* 80 for sm_80 */
  int64_t host_access; /* 1: the host waits for numbers in the middle */
} tfc_kernels;
extern const tfc_kernels tfc_generated_kernels;
/* Constants; .._info.weights_bytes of them. */
extern const char tfc_weights[];

/* tfc_generated_compute on the device: copies inputs there and outputs back.
 * `frame` is as for a call on the CPU but for its arena, of which the device
 * has `arena_bytes`. Sets `failed` to what tfc_generated_compute returns; where
 * the result is not TFC_OK, writes a sentence to `message`. */
tfc_status tfc_device_compute(const tfc_frame *frame, int64_t arena_bytes,
                              int32_t *failed, char *message,
                              size_t message_bytes);

/* Called by generated code; 0, or the call of the model ends. */
int32_t tfc_device_launch(const tfc_frame *frame, int32_t kernel, int64_t gx,
                          int64_t gy, int64_t gz, int64_t bx, int64_t by,
                          int64_t bz, int32_t shared_bytes, void **arguments);
int32_t tfc_device_read(const tfc_frame *frame, const void *from, void *to,
                        int64_t bytes);
int32_t tfc_device_write(const tfc_frame *frame, void *to, const void *from,
                         int64_t bytes);
/* A number of the device's that is 0 when a call begins, and what
 * tfc_generated_compute would return where a kernel has found that a check
 * fails. */
void *tfc_device_status(const tfc_frame *frame);
void *tfc_device_weights(const tfc_frame *frame, int64_t offset);

#pragma GCC visibility pop

#endif /* TFC_LIB_RUNTIME_DEVICE_H */
