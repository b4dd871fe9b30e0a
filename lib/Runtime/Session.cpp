//===- Session.cpp - a loaded model and its calls ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Runtime/runtime.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <memory>
#include <new>
#include <string>
#include <vector>

struct tfc_library {
  ~tfc_library() {
    if (handle)
      dlclose(handle);
  }
  void *handle = nullptr;
  decltype(&tfc_model_prepare) prepare = nullptr;
  decltype(&tfc_model_run) run = nullptr;
  const tfc_model_info *info = nullptr;
  /// Null, but of a library compiled with --profile.
  const tfc_profile_info *profile = nullptr;
};

struct tfc_session {
  ~tfc_session() { std::free(arena); }
  const tfc_library *library = nullptr;
  tfc_pool *pool = nullptr;
  int64_t numThreads = 1;
  /// Sizes of the outputs, one vector each, and where they begin.
  std::vector<std::vector<int64_t>> outputDims;
  std::vector<int64_t *> outputDimPointers;
  void *arena = nullptr;
  size_t arenaCapacity = 0, arenaBytes = 0;
  /// Of each region since the profile began; empty: nothing is measured.
  std::vector<tfc_region_time> times;
};

static void say(char *message, size_t bytes, const std::string &text) {
  if (message && bytes > 0)
    std::snprintf(message, bytes, "%s", text.c_str());
}

template <typename Function>
static Function symbolOf(void *handle, const char *name) {
  return reinterpret_cast<Function>(dlsym(handle, name));
}

/// A tfc_parallel_for that measures those of a session.
static void measureRegion(void *pointer, tfc_task task, void *captures,
                          int64_t count, int64_t grain) {
  using Clock = std::chrono::steady_clock;
  auto *session = static_cast<tfc_session *>(pointer);
  const auto *region = static_cast<const tfc_region *>(captures);
  Clock::time_point start = Clock::now();
  if (session->pool)
    tfc_pool_parallel_for(session->pool, task, captures, count, grain);
  else if (count > 0)
    task(captures, 0, count, 0);
  tfc_region_time &time = session->times[region->number];
  time.nanoseconds +=
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start)
          .count();
  time.calls += 1;
  time.multiply_adds += region->multiply_adds;
  time.bytes += region->bytes;
}

tfc_library *tfc_library_open(const char *path, char *message,
                              size_t messageBytes) {
  std::unique_ptr<tfc_library> library(new (std::nothrow) tfc_library);
  if (!library)
    return nullptr;
  // A name without a folder would be looked for in the system's libraries.
  std::string file = path;
  if (file.find('/') == std::string::npos)
    file = "./" + file;
  library->handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library->handle) {
    const char *reason = dlerror();
    say(message, messageBytes,
        std::string("cannot load it: ") +
            (reason ? reason : "no reason given"));
    return nullptr;
  }
  auto getInfo = symbolOf<decltype(&tfc_model_get_info)>(library->handle,
                                                         "tfc_model_get_info");
  library->prepare = symbolOf<decltype(&tfc_model_prepare)>(
      library->handle, "tfc_model_prepare");
  library->run =
      symbolOf<decltype(&tfc_model_run)>(library->handle, "tfc_model_run");
  if (!getInfo || !library->prepare || !library->run) {
    say(message, messageBytes,
        "not a library that tfc wrote: it exports no tfc_model_ functions");
    return nullptr;
  }
  library->profile =
      symbolOf<const tfc_profile_info *>(library->handle, "tfc_model_profile");
  library->info = getInfo();
  if (library->info->abi_version != TFC_ABI_VERSION) {
    say(message, messageBytes,
        "its interface has version " +
            std::to_string(library->info->abi_version) + ", this program's " +
            std::to_string(TFC_ABI_VERSION) + "; compile the model again");
    return nullptr;
  }
  return library.release();
}

const tfc_model_info *tfc_library_get_info(const tfc_library *library) {
  return library->info;
}

void tfc_library_close(tfc_library *library) { delete library; }

tfc_session *tfc_session_create(tfc_library *library, tfc_pool *pool) try {
  auto session = std::make_unique<tfc_session>();
  session->library = library;
  session->pool = pool;
  session->numThreads = pool ? tfc_pool_num_threads(pool) : 1;
  for (uint32_t i = 0; i < library->info->num_outputs; ++i)
    session->outputDims.emplace_back(library->info->outputs[i].rank + 1);
  for (std::vector<int64_t> &dims : session->outputDims)
    session->outputDimPointers.push_back(dims.data());
  return session.release();
} catch (const std::bad_alloc &) {
  return nullptr;
}

tfc_status tfc_session_prepare(tfc_session *session, const tfc_tensor *inputs,
                               char *message, size_t messageBytes) {
  size_t bytes = 0;
  tfc_status status = session->library->prepare(
      inputs, session->numThreads, session->outputDimPointers.data(), &bytes,
      message, messageBytes);
  if (status != TFC_OK)
    return status;
  session->arenaBytes = bytes;
  if (bytes <= session->arenaCapacity)
    return TFC_OK;
  size_t rounded =
      (bytes + TFC_ARENA_ALIGN - 1) / TFC_ARENA_ALIGN * TFC_ARENA_ALIGN;
  void *arena = std::aligned_alloc(TFC_ARENA_ALIGN, rounded);
  if (!arena) {
    say(message, messageBytes,
        "no memory for an arena of " + std::to_string(bytes) + " bytes");
    return TFC_ARENA_TOO_SMALL;
  }
  std::free(session->arena);
  session->arena = arena;
  session->arenaCapacity = rounded;
  return TFC_OK;
}

const tfc_region_time *tfc_session_start_profile(tfc_session *session,
                                                 int64_t *count) try {
  const tfc_profile_info *profile = session->library->profile;
  *count = profile ? profile->num_regions : 0;
  // One more: none may be there, and NULL means something else.
  session->times.assign(profile ? *count + 1 : 0, {});
  for (int64_t i = 0; i < *count; ++i)
    session->times[i].nodes = profile->nodes[i];
  // A model that is told of one worker never calls parallel_for; of two, the
  // second has nothing to do then.
  if (profile && session->numThreads < 2)
    session->numThreads = 2;
  return profile ? session->times.data() : nullptr;
} catch (const std::bad_alloc &) {
  return nullptr;
}

const int64_t *tfc_session_output_dims(const tfc_session *session,
                                       uint32_t index) {
  return session->outputDims[index].data();
}

size_t tfc_session_arena_bytes(const tfc_session *session) {
  return session->arenaBytes;
}

tfc_status tfc_session_run(tfc_session *session, const tfc_tensor *inputs,
                           const tfc_tensor *outputs, char *message,
                           size_t messageBytes) {
  tfc_call call = {};
  call.inputs = inputs;
  call.outputs = outputs;
  call.arena = session->arena;
  call.arena_bytes = session->arenaCapacity;
  call.parallel_for = session->numThreads > 1 ? tfc_pool_parallel_for : nullptr;
  call.pool = session->pool;
  call.num_threads = session->numThreads;
  if (!session->times.empty()) {
    call.parallel_for = measureRegion;
    call.pool = session;
  }
  call.message = message;
  call.message_bytes = messageBytes;
  call.output_dims = session->outputDimPointers.data();
  return session->library->run(&call);
}

void tfc_session_destroy(tfc_session *session) { delete session; }
