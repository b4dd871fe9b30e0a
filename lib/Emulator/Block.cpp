//===- Block.cpp - runs the threads of a block ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Block.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"

#include <cstring>

using namespace tfc::emulator;

std::optional<Fault> BlockRunner::prepare(const Launch &launched) {
  launch = &launched;
  threadCount = launched.block.count();
  if (!stacks.reserve(launched.waits ? threadCount : 1))
    return Fault{CUDA_ERROR_OUT_OF_MEMORY, "no memory for threads' stacks"};
  if (threads.size() < threadCount) {
    threads.resize(threadCount);
    waiting.resize(threadCount);
  }
  for (uint32_t i = 0; i < threadCount; ++i)
    describeThread(i);
  return std::nullopt;
}

std::optional<Fault> BlockRunner::run(Dimensions index) {
  block = index;
  shared.start(launch->staticShared + launch->dynamicShared, threadCount,
               launch->granuleLog2);
  failure.reset();
  for (uint32_t i = 0; i < threadCount; ++i) {
    ThreadState &thread = threads[i];
    thread.block[0] = index.x;
    thread.block[1] = index.y;
    thread.block[2] = index.z;
    thread.copies.clear();
    thread.group = 0;
  }
  if (!launch->waits) {
    threads[0].continuation = stacks.begin(0, fiberMain, &threads[0]);
    tfcEmulatorSwitch(&caller, threads[0].continuation);
    return std::move(failure);
  }
  ready.fill(0);
  waitingLanes.fill(0);
  ended.fill(~0u);
  for (Barrier &barrier : barriers)
    barrier = Barrier();
  for (uint32_t i = 0; i < threadCount; ++i) {
    waiting[i] = Waiting();
    makeReady(i);
    ended[i / warpSize] &= ~(1u << i % warpSize);
    threads[i].continuation = stacks.begin(i, fiberMain, &threads[i]);
  }
  uint32_t warps = (threadCount + warpSize - 1) / warpSize;
  uint32_t first = *nextReady(mode.backward ? warps - 1 : 0);
  tfcEmulatorSwitch(&caller, threads[first].continuation);
  return std::move(failure);
}

/// What is the same for all blocks of a launch.
void BlockRunner::describeThread(uint32_t index) {
  ThreadState &thread = threads[index];
  const Dimensions &size = launch->block;
  thread.thread[0] = index % size.x;
  thread.thread[1] = index / size.x % size.y;
  thread.thread[2] = index / size.x / size.y;
  auto set = [](uint32_t (&to)[3], const Dimensions &from) {
    to[0] = from.x;
    to[1] = from.y;
    to[2] = from.z;
  };
  set(thread.blockSize, size);
  set(thread.gridSize, launch->grid);
  thread.lane = index % warpSize;
  thread.warp = index / warpSize;
  thread.dynamicShared = launch->dynamicShared;
  thread.totalShared = launch->staticShared + launch->dynamicShared;
  thread.runner = this;
  thread.index = index;
}

void BlockRunner::fiberMain(void *argument) {
  ThreadState &thread = *static_cast<ThreadState *>(argument);
  BlockRunner &runner = *thread.runner;
  if (!runner.launch->waits)
    runner.runAllThreads();
  else
    runner.launch->code(&thread, runner.launch->parameters);
  runner.leave(thread);
}

void BlockRunner::runAllThreads() {
  for (uint32_t i = 0; i < threadCount; ++i) {
    uint32_t index = mode.backward ? threadCount - 1 - i : i;
    launch->code(&threads[index], launch->parameters);
  }
}

void BlockRunner::leave(ThreadState &thread) {
  if (!launch->waits) {
    tfcEmulatorSwitch(&thread.continuation, caller);
    __builtin_unreachable();
  }
  uint32_t bit = 1u << thread.lane;
  ready[thread.warp] &= ~bit;
  ended[thread.warp] |= bit;
  waiting[thread.index].wait = Wait::Done;
  // The others of the warp may have waited for this one only.
  for (uint32_t lanes = waitingLanes[thread.warp]; lanes; lanes &= lanes - 1)
    if (waitingLanes[thread.warp] & (lanes & -lanes))
      finishWarp(thread.warp, llvm::countr_zero(lanes));
  yield(thread);
  __builtin_unreachable();
}

std::optional<uint32_t> BlockRunner::nextReady(uint32_t warp) const {
  uint32_t lanes = ready[warp];
  if (!lanes)
    return std::nullopt;
  return warp * warpSize + (mode.backward ? 31 - llvm::countl_zero(lanes)
                                          : llvm::countr_zero(lanes));
}

void BlockRunner::makeReady(uint32_t thread) {
  waiting[thread].wait = Wait::None;
  ready[thread / warpSize] |= 1u << thread % warpSize;
}

void BlockRunner::yield(ThreadState &thread) {
  uint32_t warps = (threadCount + warpSize - 1) / warpSize;
  for (uint32_t i = 0; i < warps; ++i) {
    uint32_t warp = (thread.warp + (mode.backward ? warps - i : i)) % warps;
    if (std::optional<uint32_t> next = nextReady(warp)) {
      if (*next != thread.index)
        tfcEmulatorSwitch(&thread.continuation, threads[*next].continuation);
      return;
    }
  }
  bool allEnded = true;
  for (uint32_t i = 0; i < warps; ++i)
    allEnded &= ended[i] == ~0u;
  if (!allEnded)
    failure = Fault{CUDA_ERROR_LAUNCH_FAILED,
                    llvm::formatv("kernel '{0}', block ({1},{2},{3}): its "
                                  "threads wait for each other forever: {4}",
                                  launch->name, block.x, block.y, block.z,
                                  describeStuck())};
  tfcEmulatorSwitch(&thread.continuation, caller);
}

std::string BlockRunner::siteText(uint32_t site) const {
  if (!launch->sites || site >= launch->sites->size() ||
      (*launch->sites)[site].empty())
    return "";
  return ", at " + (*launch->sites)[site];
}

std::string BlockRunner::coordinates(const ThreadState &thread) const {
  return llvm::formatv("({0},{1},{2})", thread.thread[0], thread.thread[1],
                       thread.thread[2]);
}

void BlockRunner::fault(ThreadState &thread, CUresult code,
                        const std::string &what, uint32_t site) {
  failure = Fault{
      code, llvm::formatv("kernel '{0}', block ({1},{2},{3}), thread {4}: "
                          "{5}{6}",
                          launch->name, block.x, block.y, block.z,
                          coordinates(thread), what, siteText(site))};
  tfcEmulatorSwitch(&thread.continuation, caller);
  __builtin_unreachable();
}

static const char *const opNames[] = {
    "bar.warp.sync",    "shfl.sync.idx",  "shfl.sync.up",   "shfl.sync.down",
    "shfl.sync.bfly",   "vote.sync.all",  "vote.sync.any",  "vote.sync.uni",
    "vote.sync.ballot", "match.sync.any", "match.sync.all", "redux.sync.add",
    "redux.sync.min",   "redux.sync.max", "redux.sync.min", "redux.sync.max",
    "redux.sync.and",   "redux.sync.or",  "redux.sync.xor", "elect.sync",
    "ldmatrix",         "stmatrix",       "mma.sync"};

std::string BlockRunner::describeWait(uint32_t thread) const {
  const Waiting &wait = waiting[thread];
  switch (wait.wait) {
  case Wait::None:
    return "run";
  case Wait::Done:
    return "have ended";
  case Wait::Barrier:
    return "wait at barrier " + std::to_string(wait.barrier) +
           siteText(wait.site);
  case Wait::Warp:
    break;
  }
  std::string text = std::string("wait at ") + opNames[uint32_t(wait.op)];
  if (!wait.aligned)
    text += llvm::formatv(" with mask {0:x}", wait.mask).str();
  return text + siteText(wait.site);
}

std::string BlockRunner::describeStuck() const {
  std::string text;
  // Runs of threads of which the same is to be said; the first few.
  constexpr int mostRuns = 6;
  int runs = 0;
  for (uint32_t i = 0; i < threadCount;) {
    uint32_t end = i + 1;
    std::string what = describeWait(i);
    while (end < threadCount && describeWait(end) == what)
      ++end;
    if (++runs > mostRuns)
      return text + "; and so on";
    if (!text.empty())
      text += "; ";
    text += end == i + 1
                ? llvm::formatv("thread {0} ", i).str()
                : llvm::formatv("threads {0} to {1} ", i, end - 1).str();
    text += what;
    i = end;
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

uint32_t BlockRunner::barrier(ThreadState &thread, uint32_t id, uint32_t count,
                              BarrierOp op, bool aligned, bool predicate,
                              uint32_t site) {
  if (id >= maxBarriers)
    fault(thread, CUDA_ERROR_LAUNCH_FAILED,
          llvm::formatv("there is no barrier {0}: a block has 16", id), site);
  if (count % warpSize)
    fault(thread, CUDA_ERROR_LAUNCH_FAILED,
          llvm::formatv("barrier {0} for {1} threads: no multiple of 32", id,
                        count),
          site);
  uint32_t expected = count ? count : threadCount;
  Barrier &barrier = barriers[id];
  if (!barrier.threads.empty() && barrier.expected != expected)
    fault(thread, CUDA_ERROR_LAUNCH_FAILED,
          llvm::formatv("barrier {0} for {1} threads, where others wait at it "
                        "for {2}",
                        id, expected, barrier.expected),
          site);
  barrier.expected = expected;
  barrier.threads.push_back(thread.index);
  barrier.trueCount += predicate;
  Waiting &wait = waiting[thread.index];
  if (op == BarrierOp::Arrive) {
    if (barrier.threads.size() == expected)
      finishBarrier(thread, barrier);
    return 0;
  }
  wait.wait = Wait::Barrier;
  wait.barrier = id;
  wait.barrierOp = op;
  wait.aligned = aligned;
  wait.site = site;
  ready[thread.warp] &= ~(1u << thread.lane);
  if (barrier.threads.size() == expected)
    finishBarrier(thread, barrier);
  yield(thread);
  return waiting[thread.index].result;
}

void BlockRunner::finishBarrier(ThreadState &thread, Barrier &barrier) {
  // Lanes of a warp that meet at .aligned barriers are at one and the same.
  std::array<const Waiting *, maxThreads / warpSize> first = {};
  for (uint32_t index : barrier.threads) {
    const Waiting &wait = waiting[index];
    const Waiting *&other = first[index / warpSize];
    if (wait.wait != Wait::Barrier)
      continue;
    if (!other)
      other = &wait;
    if (wait.aligned && other->site != wait.site)
      fault(threads[index], CUDA_ERROR_LAUNCH_FAILED,
            "its warp has diverged: another lane is at another barrier that is "
            "aligned" +
                siteText(other->site) + "; this one is",
            wait.site);
  }
  shared.synchronize(barrier.threads);
  uint32_t trueCount = barrier.trueCount, expected = barrier.expected;
  std::vector<uint32_t> met = std::move(barrier.threads);
  barrier = Barrier();
  for (uint32_t index : met) {
    Waiting &wait = waiting[index];
    if (wait.wait != Wait::Barrier)
      continue;
    switch (wait.barrierOp) {
    case BarrierOp::Popc:
      wait.result = trueCount;
      break;
    case BarrierOp::And:
      wait.result = trueCount == expected;
      break;
    case BarrierOp::Or:
      wait.result = trueCount != 0;
      break;
    case BarrierOp::Sync:
    case BarrierOp::Arrive:
      break;
    }
    makeReady(index);
  }
}
