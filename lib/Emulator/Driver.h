//===- Driver.h - the state behind the driver's functions -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_EMULATOR_DRIVER_H
#define TFC_LIB_EMULATOR_DRIVER_H

#include "Block.h"
#include "Module.h"
#include "tfc/Emulator/Driver.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/Twine.h"

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

/// What handles of the interface point to.
struct CUmod_st {
  std::unique_ptr<tfc::emulator::LoadedModule> module;
  std::vector<std::unique_ptr<CUfunc_st>> functions;
};
struct CUfunc_st {
  tfc::emulator::Kernel *kernel;
  CUmodule module;
};
struct CUctx_st {
  int references = 0;
};

namespace tfc::emulator {
/// What a stream would do, done when it is called.
using Command = std::function<CUresult()>;
} // namespace tfc::emulator

struct CUstream_st {
  CUstreamCaptureStatus capture = CU_STREAM_CAPTURE_STATUS_NONE;
  std::vector<tfc::emulator::Command> captured;
  /// What is to be done yet.
  std::vector<tfc::emulator::Command> queue;
};
struct CUgraph_st {
  std::vector<tfc::emulator::Command> commands;
};
struct CUgraphExec_st {
  std::vector<tfc::emulator::Command> commands;
};

namespace tfc::emulator {

/// The device and all that was made on it. Its functions are called with
/// `mutex` held, which DriverCall does.
class Driver {
public:
  /// The one of this process: the interface has no handle for it. Never
  /// destroyed, as programs call the driver until they end.
  static Driver &get();

  CUresult initialize();
  /// Most bytes of shared memory of a block, opted in.
  uint32_t mostSharedBytes() const;
  bool isInitialized() const { return memory != nullptr; }
  TranslationTarget target();

  /// Notes what went wrong, for tfcEmulatorMessage.
  CUresult fail(CUresult code, const llvm::Twine &message);
  CUresult fail(CUresult code, llvm::Error error);

  /// Does `command`, or keeps it where the stream captures. Errors show again
  /// at the next synchronisation, as they would on a GPU.
  CUresult enqueue(CUstream stream, Command command);
  /// Does what `stream` has yet to do, or all streams if it is null.
  void finish(CUstream stream);
  CUresult run(const Launch &launch);

  std::recursive_mutex mutex;
  std::string message;
  Mode mode;
  /// The file whose kernels stand for those of all modules; empty: none does.
  std::string kernelsFile;
  int architecture = 90, multiprocessors = 108;
  std::unique_ptr<DeviceMemory> memory;
  uint64_t sharedWindow = 0;
  std::unique_ptr<Compiler> compiler;
  std::unique_ptr<BlockRunner> runner;
  CUctx_st primary;
  /// A command's error that no synchronisation has given back yet.
  CUresult pending = CUDA_SUCCESS;

  // What handles may be.
  std::set<CUmodule> modules;
  std::set<CUfunction> functions;
  std::set<CUstream> streams;
  std::set<CUgraph> graphs;
  std::set<CUgraphExec> executables;

private:
  CUresult readEnvironment();
};

/// The current context of the calling thread is the last one.
std::vector<CUcontext> &contextStack();

/// Begins most functions of the interface: holds the driver, and says whether
/// there is a context to work in.
class DriverCall {
public:
  explicit DriverCall(bool needsContext = true);

  CUresult state;
  Driver &driver;

private:
  std::lock_guard<std::recursive_mutex> lock;
};

} // namespace tfc::emulator

#endif // TFC_LIB_EMULATOR_DRIVER_H
