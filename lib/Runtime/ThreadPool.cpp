//===- ThreadPool.cpp - workers for parallel regions ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Runtime/runtime.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <sched.h>
#include <system_error>
#include <thread>
#include <vector>

namespace {

/// Times a worker looks for work before it sleeps: about 50 microseconds, more
/// than passes between two regions of a model, less than a time slice.
constexpr int spinsBeforeSleep = 4000;
/// Pieces a worker gets when all goes evenly: enough that a worker which is
/// held up by the system leaves little for the others to wait for.
constexpr int64_t piecesPerWorker = 4;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

int64_t availableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

} // namespace

struct tfc_pool {
  explicit tfc_pool(int64_t numThreads) : numThreads(numThreads) {}
  ~tfc_pool() { stop(); }

  void start() {
    for (int64_t worker = 1; worker < numThreads; ++worker)
      workers.emplace_back([this, worker] { serve(worker); });
  }

  void stop() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      stopping.store(true, std::memory_order_relaxed);
      region.fetch_add(1, std::memory_order_release);
    }
    wake.notify_all();
    for (std::thread &worker : workers)
      worker.join();
    workers.clear();
  }

  void run(tfc_task newTask, void *newCaptures, int64_t newCount,
           int64_t grain) {
    int64_t even = (newCount + numThreads * piecesPerWorker - 1) /
                   (numThreads * piecesPerWorker);
    piece = std::max({int64_t(1), grain, even});
    if (numThreads == 1 || newCount <= piece) {
      if (newCount > 0)
        newTask(newCaptures, 0, newCount, 0);
      return;
    }
    task = newTask;
    captures = newCaptures;
    count = newCount;
    next.store(0, std::memory_order_relaxed);
    busy.store(numThreads - 1, std::memory_order_relaxed);
    {
      // Under the lock, or a worker that is about to sleep would miss it.
      std::lock_guard<std::mutex> lock(mutex);
      region.fetch_add(1, std::memory_order_release);
    }
    if (sleeping.load(std::memory_order_acquire) > 0)
      wake.notify_all();
    work(0);
    for (int spins = 0; busy.load(std::memory_order_acquire) > 0; ++spins) {
      pause();
      // With more workers than cores, the one waited for may need this core.
      if (spins > spinsBeforeSleep)
        std::this_thread::yield();
    }
  }

  const int64_t numThreads;

private:
  void work(int64_t worker) {
    while (true) {
      int64_t begin = next.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= count)
        return;
      task(captures, begin, std::min(begin + piece, count), worker);
    }
  }

  void serve(int64_t worker) {
    uint64_t seen = 0;
    while (true) {
      seen = waitForRegion(seen);
      if (stopping.load(std::memory_order_relaxed))
        return;
      work(worker);
      busy.fetch_sub(1, std::memory_order_release);
    }
  }

  uint64_t waitForRegion(uint64_t seen) {
    for (int spins = 0; spins < spinsBeforeSleep; ++spins) {
      uint64_t now = region.load(std::memory_order_acquire);
      if (now != seen)
        return now;
      pause();
    }
    std::unique_lock<std::mutex> lock(mutex);
    sleeping.fetch_add(1, std::memory_order_release);
    wake.wait(lock,
              [&] { return region.load(std::memory_order_acquire) != seen; });
    sleeping.fetch_sub(1, std::memory_order_release);
    return region.load(std::memory_order_acquire);
  }

  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<int64_t> sleeping{0};
  std::atomic<bool> stopping{false};
  /// Counts the regions; a change is the signal to work.
  alignas(64) std::atomic<uint64_t> region{0};
  tfc_task task = nullptr;
  void *captures = nullptr;
  int64_t count = 0, piece = 1;
  alignas(64) std::atomic<int64_t> next{0};
  alignas(64) std::atomic<int64_t> busy{0};
};

tfc_pool *tfc_pool_create(int64_t numThreads) {
  if (numThreads <= 0)
    numThreads = availableCores();
  std::unique_ptr<tfc_pool> pool(new (std::nothrow) tfc_pool(numThreads));
  if (!pool)
    return nullptr;
  try {
    pool->start();
  } catch (const std::system_error &) {
    return nullptr;
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
  return pool.release();
}

int64_t tfc_pool_num_threads(const tfc_pool *pool) { return pool->numThreads; }

void tfc_pool_parallel_for(void *pool, tfc_task task, void *captures,
                           int64_t count, int64_t grain) {
  static_cast<tfc_pool *>(pool)->run(task, captures, count, grain);
}

void tfc_pool_destroy(tfc_pool *pool) { delete pool; }
