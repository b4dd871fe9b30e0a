/*===- runtime.h - loads and runs compiled models -----------------*- C -*-===//
 *
 * Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===//
 *
 * libtfcRuntime: what a program that runs models usually wants around the plain
 * interface of model.h, which it may also use by itself. Loads a library that
 * tfc wrote, keeps an arena for it, and runs it on a pool of threads.
 *
 * Functions that can fail take `message` and `message_bytes`: NULL, or where a
 * sentence about the error goes.
 */
#ifndef TFC_RUNTIME_RUNTIME_H
#define TFC_RUNTIME_RUNTIME_H

#include "tfc/Runtime/model.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct tfc_pool tfc_pool;
typedef struct tfc_library tfc_library;
typedef struct tfc_session tfc_session;

/* A pool of `num_threads` workers, the thread that calls being one of them; 0
 * stands for one a core that this process may use. Its threads are started by
 * the first region that is worth dealing; they look for the next one for some
 * 50 microseconds and sleep then. Where the system gives fewer threads, those
 * do the work. NULL when memory is short. */
tfc_pool *tfc_pool_create(int64_t num_threads);
/* Calls run(work, i) once for each i of 0..count, on any threads, at the same
 * time or one after the other, and returns when all have returned. */
typedef void (*tfc_execute)(void *executor,
                            void (*run)(void *work, int64_t index), void *work,
                            int64_t count);
/* A pool that starts no thread: `execute` runs its num_threads workers, on
 * threads that the program has anyway. It is called for several regions at once
 * where models are. */
tfc_pool *tfc_pool_create_on(tfc_execute execute, void *executor,
                             int64_t num_threads);
int64_t tfc_pool_num_threads(const tfc_pool *pool);
/* A tfc_parallel_for. Sessions may share a pool, and run at the same time: a
 * region that finds the pool's threads at work is done by the thread that
 * called, as is one that a task of the pool begins. */
void tfc_pool_parallel_for(void *pool, tfc_task task, void *captures,
                           int64_t count, int64_t grain);
/* After its sessions; none of its regions may be running. */
void tfc_pool_destroy(tfc_pool *pool);

/* Loads the library at `path`; NULL when there is none, it was not written by
 * tfc, or by a version with another interface. */
tfc_library *tfc_library_open(const char *path, char *message,
                              size_t message_bytes);
const tfc_model_info *tfc_library_get_info(const tfc_library *library);
/* After its sessions. */
void tfc_library_close(tfc_library *library);

/* Calls of one model, one at a time, with an arena that is kept between them.
 * `pool` may be NULL: then the calling thread does all the work. Both arguments
 * must outlive the session. NULL when memory is short. */
tfc_session *tfc_session_create(tfc_library *library, tfc_pool *pool);
/* Checks the inputs and makes room for a call with their sizes. */
tfc_status tfc_session_prepare(tfc_session *session, const tfc_tensor *inputs,
                               char *message, size_t message_bytes);
/* Sizes of output `index` for the last inputs prepared; after a call, its sizes
 * there, which are smaller where data decides them. */
const int64_t *tfc_session_output_dims(const tfc_session *session,
                                       uint32_t index);
/* Bytes of the arena that the last inputs prepared need. */
size_t tfc_session_arena_bytes(const tfc_session *session);
/* Runs the model; `inputs` have the sizes that were prepared. */
tfc_status tfc_session_run(tfc_session *session, const tfc_tensor *inputs,
                           const tfc_tensor *outputs, char *message,
                           size_t message_bytes);

/* What the calls of a session took in one of the model's parallel regions. */
typedef struct tfc_region_time {
  const char *nodes; /* of the ONNX file, with ", " between */
  int64_t calls;
  int64_t nanoseconds;
  int64_t multiply_adds, bytes; /* of all calls, as tfc_region has them */
} tfc_region_time;
/* Measures the session's calls from here on, from zero; the first time before
 * tfc_session_prepare. Returns `count` regions, which calls add to, or NULL
 * where the library was compiled without --profile. */
const tfc_region_time *tfc_session_start_profile(tfc_session *session,
                                                 int64_t *count);

void tfc_session_destroy(tfc_session *session);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif
#endif /* TFC_RUNTIME_RUNTIME_H */
