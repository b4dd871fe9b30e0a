//===- tfc-launch-kernel.cpp - runs one kernel in the emulator --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"
#include "tfc/Emulator/Driver.h"
#include "tfc/Support/ExitCodes.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace llvm;
using namespace tfc::launch;

static cl::OptionCategory category("tfc-launch-kernel's options");
static cl::opt<std::string> file(cl::Positional, cl::Required,
                                 cl::desc("<LLVM IR for nvptx64>"),
                                 cl::cat(category));
static cl::opt<std::string> kernelName("kernel", cl::Required,
                                       cl::desc("The kernel to launch"),
                                       cl::cat(category));
static cl::list<unsigned> grid("grid", cl::CommaSeparated,
                               cl::desc("Blocks of the grid (default: 1,1,1)"),
                               cl::value_desc("x,y,z"), cl::cat(category));
static cl::list<unsigned>
    block("block", cl::CommaSeparated,
          cl::desc("Threads of a block (default: 32,1,1)"),
          cl::value_desc("x,y,z"), cl::cat(category));
static cl::opt<unsigned> sharedBytes("shared",
                                     cl::desc("Bytes of dynamic shared memory"),
                                     cl::cat(category));
static cl::list<std::string> arguments(
    "arg",
    cl::desc(
        "The next argument: a number (f32=1.5) or a buffer of a type and a "
        "size (f16:128=iota). Types are i8, i16, i32, i64, f16, bf16, f32 "
        "and f64. A buffer's values are a number, a list of them, iota, "
        "random (between -1 and 1), @file (raw bytes) or none (never "
        "written)"),
    cl::value_desc("type[:size]=value"), cl::cat(category));
static cl::list<std::string>
    printed("print",
            cl::desc("Print a buffer, by its argument's number; all of "
                     "it or the first so many elements"),
            cl::value_desc("argument[:count]"), cl::cat(category));
static cl::list<std::string>
    dumped("dump", cl::desc("Write a buffer's raw bytes to a file"),
           cl::value_desc("argument=file"), cl::cat(category));
static cl::opt<unsigned> repeat("repeat", cl::init(1),
                                cl::desc("Launches, one after another"),
                                cl::cat(category));
static cl::opt<bool> graph("graph", cl::desc("Capture a graph and launch that"),
                           cl::cat(category));
static cl::opt<bool> timed("time", cl::desc("Print milliseconds a launch"),
                           cl::cat(category));

static Error check(CUresult code, const Twine &what) {
  if (code == CUDA_SUCCESS)
    return Error::success();
  const char *name = nullptr;
  cuGetErrorName(code, &name);
  return createStringError(what + ": " + (name ? name : "unknown error") +
                           ": " + tfcEmulatorMessage());
}

static Expected<CUfunction> load() {
  if (Error error = check(cuInit(0), "cuInit"))
    return std::move(error);
  CUcontext context;
  if (Error error = check(cuDevicePrimaryCtxRetain(&context, 0), "context"))
    return std::move(error);
  if (Error error = check(cuCtxPushCurrent_v2(context), "context"))
    return std::move(error);
  auto buffer = MemoryBuffer::getFile(file);
  if (!buffer)
    return createStringError(file + ": " + buffer.getError().message());
  void *module;
  StringRef image = (*buffer)->getBuffer();
  CUresult code =
      CUresult(tfcEmulatorModuleLoad(&module, image.data(), image.size()));
  if (Error error = check(code, file))
    return std::move(error);
  CUfunction function;
  if (Error error = check(
          cuModuleGetFunction(&function, CUmodule(module), kernelName.c_str()),
          "cuModuleGetFunction"))
    return std::move(error);
  if (sharedBytes > 48 * 1024)
    if (Error error =
            check(cuFuncSetAttribute(
                      function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                      sharedBytes),
                  "cuFuncSetAttribute"))
      return std::move(error);
  return function;
}

static Error launchOnce(CUfunction function, CUstream stream,
                        std::vector<void *> &parameters) {
  auto size = [](const cl::list<unsigned> &sizes, unsigned i, unsigned other) {
    return i < sizes.size() ? sizes[i] : other;
  };
  return check(cuLaunchKernel(function, size(grid, 0, 1), size(grid, 1, 1),
                              size(grid, 2, 1), size(block, 0, 32),
                              size(block, 1, 1), size(block, 2, 1), sharedBytes,
                              stream, parameters.data(), nullptr),
               "cuLaunchKernel");
}

static Error launchAll(CUfunction function, std::vector<void *> &parameters) {
  CUstream stream;
  if (Error error = check(cuStreamCreate(&stream, 0), "cuStreamCreate"))
    return error;
  CUgraphExec executable = nullptr;
  if (graph) {
    CUgraph captured;
    if (Error error = check(
            cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL),
            "cuStreamBeginCapture"))
      return error;
    if (Error error = launchOnce(function, stream, parameters))
      return error;
    if (Error error =
            check(cuStreamEndCapture(stream, &captured), "cuStreamEndCapture"))
      return error;
    if (Error error =
            check(cuGraphInstantiateWithFlags(&executable, captured, 0),
                  "cuGraphInstantiate"))
      return error;
    if (Error error = check(cuGraphDestroy(captured), "cuGraphDestroy"))
      return error;
  }
  for (unsigned i = 0; i < repeat; ++i) {
    Error error =
        executable ? check(cuGraphLaunch(executable, stream), "cuGraphLaunch")
                   : launchOnce(function, stream, parameters);
    if (error)
      return error;
  }
  return check(cuStreamSynchronize(stream), "cuStreamSynchronize");
}

static Error run() {
  Expected<CUfunction> function = load();
  if (!function)
    return function.takeError();
  std::vector<Argument> made;
  for (const std::string &text : arguments) {
    Expected<Argument> argument = parseArgument(text);
    if (!argument)
      return argument.takeError();
    if (argument->isBuffer) {
      CUdeviceptr address;
      if (Error error =
              check(cuMemAlloc_v2(&address, argument->bytes()), "cuMemAlloc"))
        return error;
      if (!argument->data.empty())
        if (Error error = check(cuMemcpyHtoD_v2(address, argument->data.data(),
                                                argument->data.size()),
                                "cuMemcpyHtoD"))
          return error;
      argument->address = address;
    }
    made.push_back(std::move(*argument));
  }
  std::vector<void *> parameters;
  for (Argument &argument : made)
    parameters.push_back(argument.isBuffer
                             ? static_cast<void *>(&argument.address)
                             : argument.data.data());
  auto start = std::chrono::steady_clock::now();
  if (Error error = launchAll(*function, parameters))
    return error;
  std::chrono::duration<double, std::milli> spent =
      std::chrono::steady_clock::now() - start;
  if (timed)
    outs() << format("%.3f ms a launch\n", spent.count() / repeat);

  for (Argument &argument : made) {
    if (!argument.isBuffer)
      continue;
    argument.data.resize(argument.bytes());
    if (Error error =
            check(cuMemcpyDtoH_v2(argument.data.data(), argument.address,
                                  argument.data.size()),
                  "cuMemcpyDtoH"))
      return error;
  }
  for (StringRef text : printed) {
    auto [number, count] = text.split(':');
    unsigned index, most = UINT_MAX;
    if (number.getAsInteger(10, index) || index >= made.size() ||
        (!count.empty() && count.getAsInteger(10, most)))
      return createStringError("--print=" + text + ": no argument of that");
    outs() << index << ":" << printArgument(made[index], most) << "\n";
  }
  for (StringRef text : dumped) {
    auto [number, path] = text.split('=');
    unsigned index;
    if (number.getAsInteger(10, index) || index >= made.size())
      return createStringError("--dump=" + text + ": no argument of that");
    std::error_code code;
    raw_fd_ostream stream(path, code);
    if (code)
      return createStringError(path + ": " + code.message());
    stream.write(made[index].data.data(), made[index].data.size());
  }
  return Error::success();
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "Launches a kernel of a module in LLVM IR on the emulated GPU.\n");
  if (Error error = run()) {
    WithColor::error(errs(), "tfc-launch-kernel")
        << toString(std::move(error)) << "\n";
    return tfc::ExitRefused;
  }
  return tfc::ExitSuccess;
}
