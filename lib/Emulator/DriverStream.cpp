//===- DriverStream.cpp - streams and graphs --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

using namespace tfc::emulator;

static CUresult runAll(const std::vector<Command> &commands) {
  for (const Command &command : commands)
    if (CUresult error = command())
      return error;
  return CUDA_SUCCESS;
}

/// What a command failed with since the last synchronisation.
static CUresult takePending(Driver &driver) {
  CUresult result = driver.pending;
  driver.pending = CUDA_SUCCESS;
  return result;
}

extern "C" {

CUresult cuStreamCreate(CUstream *stream, unsigned int flags) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!stream || flags > 1)
    return call.driver.fail(CUDA_ERROR_INVALID_VALUE,
                            "a stream with flags that are unknown");
  *stream = new CUstream_st;
  call.driver.streams.insert(*stream);
  return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!call.driver.streams.erase(stream))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no stream");
  call.driver.finish(stream);
  delete stream;
  return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (stream && !call.driver.streams.count(stream))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no stream");
  if (stream && stream->capture != CU_STREAM_CAPTURE_STATUS_NONE) {
    stream->capture = CU_STREAM_CAPTURE_STATUS_INVALIDATED;
    return call.driver.fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                            "a stream that captures cannot be waited for");
  }
  call.driver.finish(stream);
  return takePending(call.driver);
}

CUresult cuCtxSynchronize(void) {
  DriverCall call;
  if (call.state)
    return call.state;
  call.driver.finish(nullptr);
  return takePending(call.driver);
}

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (mode > CU_STREAM_CAPTURE_MODE_RELAXED)
    return CUDA_ERROR_INVALID_VALUE;
  if (!stream)
    return call.driver.fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                            "the stream of null cannot capture");
  if (!call.driver.streams.count(stream))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no stream");
  if (stream->capture != CU_STREAM_CAPTURE_STATUS_NONE)
    return call.driver.fail(CUDA_ERROR_ILLEGAL_STATE,
                            "the stream captures already");
  stream->capture = CU_STREAM_CAPTURE_STATUS_ACTIVE;
  stream->captured.clear();
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!graph)
    return CUDA_ERROR_INVALID_VALUE;
  *graph = nullptr;
  if (!call.driver.streams.count(stream))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no stream");
  CUstreamCaptureStatus capture = stream->capture;
  stream->capture = CU_STREAM_CAPTURE_STATUS_NONE;
  if (capture == CU_STREAM_CAPTURE_STATUS_NONE)
    return call.driver.fail(CUDA_ERROR_ILLEGAL_STATE,
                            "the stream does not capture");
  if (capture == CU_STREAM_CAPTURE_STATUS_INVALIDATED)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  *graph = new CUgraph_st{std::move(stream->captured)};
  stream->captured.clear();
  call.driver.graphs.insert(*graph);
  return CUDA_SUCCESS;
}

CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus *status) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!status)
    return CUDA_ERROR_INVALID_VALUE;
  if (stream && !call.driver.streams.count(stream))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no stream");
  *status = stream ? stream->capture : CU_STREAM_CAPTURE_STATUS_NONE;
  return CUDA_SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph,
                                     unsigned long long) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!executable)
    return CUDA_ERROR_INVALID_VALUE;
  if (!call.driver.graphs.count(graph))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no graph");
  *executable = new CUgraphExec_st{graph->commands};
  call.driver.executables.insert(*executable);
  return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!call.driver.executables.count(executable))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no executable graph");
  return call.driver.enqueue(
      stream, [commands = executable->commands] { return runAll(commands); });
}

CUresult cuGraphExecDestroy(CUgraphExec executable) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!call.driver.executables.erase(executable))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no executable graph");
  delete executable;
  return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph graph) {
  DriverCall call;
  if (call.state)
    return call.state;
  if (!call.driver.graphs.erase(graph))
    return call.driver.fail(CUDA_ERROR_INVALID_HANDLE, "no graph");
  delete graph;
  return CUDA_SUCCESS;
}

} // extern "C"
