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

/// One call of parallel_for: pieces of its iterations go to who asks next.
struct Region {
  void work(int64_t worker) {
    while (true) {
      int64_t begin = next.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= count)
        return;
      task(captures, begin, std::min(begin + piece, count), worker);
    }
  }

  tfc_task task;
  void *captures;
  int64_t count, piece;
  alignas(64) std::atomic<int64_t> next{0};
};

/// Threads that are started by the first region and wait for others.
class Workers {
public:
  explicit Workers(int64_t number) : number(number) {}
  ~Workers() { stop(); }

  /// Works on `work` with the calling thread as worker 0. False, and nothing
  /// is done, while the threads work on another region.
  bool run(Region &work) {
    if (taken.exchange(true, std::memory_order_acquire))
      return false;
    start();
    publish(&work);
    work.work(0);
    for (int spins = 0; busy.load(std::memory_order_acquire) > 0; ++spins) {
      pause();
      // With more workers than cores, the one waited for may need this core.
      if (spins > spinsBeforeSleep)
        std::this_thread::yield();
    }
    taken.store(false, std::memory_order_release);
    return true;
  }

private:
  /// Where the system gives fewer threads, those do all: no result depends on
  /// their number.
  void start() {
    if (started)
      return;
    started = true;
    uint64_t seen = region.load(std::memory_order_relaxed);
    try {
      threads.reserve(number);
      for (int64_t worker = 1; worker <= number; ++worker)
        threads.emplace_back([this, worker, seen] { serve(worker, seen); });
    } catch (const std::system_error &) {
    } catch (const std::bad_alloc &) {
    }
  }

  void stop() {
    stopping.store(true, std::memory_order_relaxed);
    publish(nullptr);
    for (std::thread &thread : threads)
      thread.join();
  }

  void publish(Region *work) {
    current = work;
    busy.store(threads.size(), std::memory_order_relaxed);
    {
      // Under the lock, or a worker that is about to sleep would miss it.
      std::lock_guard<std::mutex> lock(mutex);
      region.fetch_add(1, std::memory_order_release);
    }
    if (sleeping.load(std::memory_order_acquire) > 0)
      wake.notify_all();
  }

  void serve(int64_t worker, uint64_t seen) {
    while (true) {
      seen = waitForRegion(seen);
      if (stopping.load(std::memory_order_relaxed))
        return;
      current->work(worker);
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

  const int64_t number;
  std::vector<std::thread> threads;
  /// Whether a caller has the threads; `started` is its.
  std::atomic<bool> taken{false};
  bool started = false;
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<int64_t> sleeping{0};
  std::atomic<bool> stopping{false};
  Region *current = nullptr;
  /// Counts the regions; a change is the signal to work.
  alignas(64) std::atomic<uint64_t> region{0};
  alignas(64) std::atomic<int64_t> busy{0};
};

} // namespace

struct tfc_pool {
  tfc_pool(int64_t numThreads, tfc_execute execute, void *executor)
      : numThreads(numThreads), execute(execute), executor(executor),
        workers(execute ? 0 : numThreads - 1) {}

  void run(tfc_task task, void *captures, int64_t count, int64_t grain) {
    int64_t shares = numThreads * piecesPerWorker;
    int64_t even = count / shares + (count % shares != 0);
    Region region{task, captures, count, std::max({int64_t(1), grain, even})};
    if (numThreads == 1 || count <= region.piece)
      return region.work(0);
    if (execute)
      return execute(
          executor,
          [](void *work, int64_t worker) {
            static_cast<Region *>(work)->work(worker);
          },
          &region, numThreads);
    // Who finds the threads at work, or is one of them, does not wait.
    if (!workers.run(region))
      region.work(0);
  }

  const int64_t numThreads;

private:
  const tfc_execute execute;
  void *const executor;
  Workers workers;
};

static tfc_pool *createPool(int64_t numThreads, tfc_execute execute,
                            void *executor) {
  if (numThreads <= 0)
    numThreads = availableCores();
  return new (std::nothrow) tfc_pool(numThreads, execute, executor);
}

tfc_pool *tfc_pool_create(int64_t numThreads) {
  return createPool(numThreads, nullptr, nullptr);
}

tfc_pool *tfc_pool_create_on(tfc_execute execute, void *executor,
                             int64_t numThreads) {
  return createPool(numThreads, execute, executor);
}

int64_t tfc_pool_num_threads(const tfc_pool *pool) { return pool->numThreads; }

void tfc_pool_parallel_for(void *pool, tfc_task task, void *captures,
                           int64_t count, int64_t grain) {
  static_cast<tfc_pool *>(pool)->run(task, captures, count, grain);
}

void tfc_pool_destroy(tfc_pool *pool) { delete pool; }
