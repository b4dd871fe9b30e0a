//===- Block.h - runs the threads of a block --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_EMULATOR_BLOCK_H
#define TFC_LIB_EMULATOR_BLOCK_H

#include "DeviceMemory.h"
#include "Fiber.h"
#include "SharedMemory.h"
#include "tfc/Emulator/Driver.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace tfc::emulator {

constexpr uint32_t warpSize = 32, maxThreads = 1024, maxBarriers = 16;

/// What TFC_EMULATE and its kin ask for (docs/emulator.md).
struct Mode {
  /// cp.async lands at the wait that retires it, not at once.
  bool lazyCopies = false;
  /// Threads and blocks run from the last to the first.
  bool backward = false;
  /// Reading memory that was never written is a fault.
  bool unwritten = false;
  /// Streams do their work when they are waited for, not at once.
  bool deferred = false;
};

struct Fault {
  CUresult code;
  std::string message;
};

struct Dimensions {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

struct ThreadState;

/// Generated code of a kernel, for one thread. `parameters` are as
/// cuLaunchKernel has them.
using KernelCode = void (*)(ThreadState *thread, void *const *parameters);

struct Launch {
  std::string name;
  KernelCode code = nullptr;
  void *const *parameters = nullptr;
  Dimensions grid, block;
  uint32_t staticShared = 0, dynamicShared = 0;
  /// Smallest access to shared memory.
  uint32_t granuleLog2 = 0;
  /// Whether threads wait for each other. They run one after another if not.
  bool waits = false;
  /// What sites of accesses and collectives are, for messages.
  const std::vector<std::string> *sites = nullptr;
};

class BlockRunner;

/// A copy that cp.async began.
struct AsyncCopy {
  uint32_t shared, bytes, sourceBytes, group;
  const char *source;
};

/// A thread as generated code knows it: translation names the offsets of the
/// first members.
struct ThreadState {
  uint32_t thread[3], blockSize[3], block[3], gridSize[3];
  uint32_t lane, warp, dynamicShared, totalShared;
  BlockRunner *runner;
  uint32_t index;

  Continuation continuation;
  std::vector<AsyncCopy> copies;
  uint32_t group;
};

/// A collective of a warp's lanes: what and, in the upper bits, which form.
/// Inputs and outputs are words of 32 bits; those of masked ones begin with the
/// mask.
enum class WarpOp : uint32_t {
  Sync,       ///< mask
  ShuffleIdx, ///< mask, value, lane, clamp -> value, predicate
  ShuffleUp,
  ShuffleDown,
  ShuffleXor,
  VoteAll, ///< mask, predicate -> predicate or mask
  VoteAny,
  VoteUni,
  VoteBallot,
  MatchAny,  ///< mask, low, high -> mask
  MatchAll,  ///< mask, low, high -> mask, predicate
  ReduceAdd, ///< mask, value -> value
  ReduceMin,
  ReduceMax,
  ReduceUMin,
  ReduceUMax,
  ReduceAnd,
  ReduceOr,
  ReduceXor,
  Elect, ///< mask -> lane, predicate
  LastMasked = Elect,
  LoadMatrix,  ///< address (low, high) -> words; form: count, transposed
  StoreMatrix, ///< address (low, high), words; form: the same
  Multiply,    ///< a, b, c -> d; form: see MatrixForm
};

/// mma.sync of m16n8kK, packed into the form of WarpOp::Multiply.
struct MatrixForm {
  enum Element : uint32_t { F16, BF16, TF32, S8, U8 };
  uint32_t k = 0;
  Element a = F16, b = F16;
  /// Whether c and d are f16 (f32, or s32, if not).
  bool cHalf = false, dHalf = false;
  bool saturate = false;

  uint32_t pack() const {
    return k | a << 8 | b << 11 | cHalf << 14 | dHalf << 15 | saturate << 16;
  }
  static MatrixForm unpack(uint32_t form) {
    MatrixForm m;
    m.k = form & 0xff;
    m.a = Element(form >> 8 & 7);
    m.b = Element(form >> 11 & 7);
    m.cHalf = form >> 14 & 1;
    m.dHalf = form >> 15 & 1;
    m.saturate = form >> 16 & 1;
    return m;
  }
  /// Elements in a word of 32 bits.
  uint32_t packing() const { return a <= BF16 ? 2 : a == TF32 ? 1 : 4; }
  uint32_t wordsOfA() const { return 16 * k / 32 / packing(); }
  uint32_t wordsOfB() const { return 8 * k / 32 / packing(); }
};

/// What a barrier does besides waiting.
enum class BarrierOp : uint32_t { Sync, Popc, And, Or, Arrive };

/// Where, what and how an access is, as generated code passes it on.
struct AccessFlags {
  enum Kind : uint32_t { Load, Store, Atomic, StrongLoad, StrongStore };
  uint32_t bytes = 0, alignment = 1;
  Kind kind = Load;

  uint32_t pack() const { return bytes << 8 | kind << 5 | alignmentLog2(); }
  static AccessFlags unpack(uint32_t flags) {
    AccessFlags access;
    access.bytes = flags >> 8;
    access.kind = Kind(flags >> 5 & 7);
    access.alignment = 1u << (flags & 31);
    return access;
  }
  uint32_t alignmentLog2() const { return __builtin_ctz(alignment); }
};

/// Runs blocks, one at a time. Each thread is a fiber, where the kernel waits;
/// all threads use one fiber where it does not. Members that generated code
/// reaches run on a fiber and leave it for good when they find a fault.
class BlockRunner {
public:
  BlockRunner(DeviceMemory &memory, uint64_t sharedWindow, Mode mode)
      : memory(memory), sharedWindow(sharedWindow), mode(mode) {}

  /// Gets ready for the blocks of `launch`, which must live until the last.
  std::optional<Fault> prepare(const Launch &launch);
  /// Runs block `block` of the grid.
  std::optional<Fault> run(Dimensions block);

  // What generated code calls, through Runtime.cpp.
  void *resolveShared(ThreadState &thread, uint64_t address, AccessFlags access,
                      uint32_t site);
  void *resolveGlobal(ThreadState &thread, uint64_t address, AccessFlags access,
                      uint32_t site);
  void *resolveGeneric(ThreadState &thread, uint64_t address,
                       AccessFlags access, uint32_t site);
  [[noreturn]] void faultLocal(ThreadState &thread, int64_t offset,
                               uint64_t size, AccessFlags access,
                               uint32_t site);
  uint32_t barrier(ThreadState &thread, uint32_t id, uint32_t count,
                   BarrierOp op, bool aligned, bool predicate, uint32_t site);
  void warp(ThreadState &thread, WarpOp op, uint32_t form, uint32_t site,
            const uint32_t *in, uint32_t *out);
  void copyAsync(ThreadState &thread, uint64_t shared, uint64_t global,
                 uint32_t bytes, uint32_t sourceBytes, uint32_t site);
  void commitCopies(ThreadState &thread) { ++thread.group; }
  void waitForCopies(ThreadState &thread, uint32_t groupsLeft);
  [[noreturn]] void fault(ThreadState &thread, CUresult code,
                          const std::string &what, uint32_t site);

private:
  enum class Wait : uint8_t { None, Warp, Barrier, Done };
  struct Waiting {
    Wait wait = Wait::Done;
    bool aligned = false;
    WarpOp op = WarpOp::Sync;
    BarrierOp barrierOp = BarrierOp::Sync;
    uint32_t form = 0, mask = 0, site = 0, barrier = 0;
    bool predicate = false;
    const uint32_t *in = nullptr;
    uint32_t *out = nullptr;
    uint32_t result = 0;
  };
  struct Barrier {
    uint32_t expected = 0;
    /// Arrived, waiting or not.
    std::vector<uint32_t> threads;
    uint32_t trueCount = 0;
  };

  static void fiberMain(void *argument);
  void runOneThread(uint32_t index);
  void runAllThreads();
  void describeThread(uint32_t index);
  /// Continues with the next thread that is ready; ends the block, or finds
  /// that it cannot end, if there is none.
  void yield(ThreadState &thread);
  std::optional<uint32_t> nextReady(uint32_t warp) const;
  void makeReady(uint32_t thread);
  [[noreturn]] void leave(ThreadState &thread);
  std::string describeStuck() const;
  std::string describeWait(uint32_t thread) const;
  std::string siteText(uint32_t site) const;
  std::string coordinates(const ThreadState &thread) const;

  // Collectives.cpp
  /// Computes what lane `lane` waits for if all have come. False if not.
  bool finishWarp(uint32_t warp, uint32_t lane);
  void computeWarp(uint32_t firstThread, uint32_t lanes);
  void computeShuffle(Waiting *lanes, uint32_t mask);
  void computeVote(Waiting *lanes, uint32_t mask);
  void computeMatch(Waiting *lanes, uint32_t mask);
  void computeReduce(Waiting *lanes, uint32_t mask);
  // MatrixOps.cpp
  void computeLoadMatrix(uint32_t firstThread);
  void computeStoreMatrix(uint32_t firstThread);
  void computeMultiply(Waiting *lanes);
  void finishBarrier(ThreadState &thread, Barrier &barrier);

  DeviceMemory &memory;
  uint64_t sharedWindow;
  Mode mode;
  SharedMemory shared;
  FiberStacks stacks;
  const Launch *launch = nullptr;
  Dimensions block;
  uint32_t threadCount = 0;
  std::vector<ThreadState> threads;
  std::vector<Waiting> waiting;
  /// Lanes of each warp that are ready to run, that wait for others of the
  /// warp, and that have ended.
  std::array<uint32_t, maxThreads / warpSize> ready, waitingLanes, ended;
  std::array<Barrier, maxBarriers> barriers;
  Continuation caller = nullptr;
  std::optional<Fault> failure;
};

} // namespace tfc::emulator

#endif // TFC_LIB_EMULATOR_BLOCK_H
