//===- Device.h - runs an artefact on an emulated device ----------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TOOLS_TFC_RUN_DEVICE_H
#define TFC_TOOLS_TFC_RUN_DEVICE_H

#include "DeviceHeader.h"
#include "Options.h"
#include "tfc/Runtime/Npy.h"

namespace tfc::run {

/// What a call took.
struct DeviceUsage {
  uint64_t instructions = 0;
  uint32_t stackBytes = 0, arenaBytes = 0;
  /// Instructions of the header's nodes, and of the rest of the model; none
  /// where they were not asked for.
  std::vector<uint64_t> nodes;
};

/// Links `options.model` with a program for the MPS2 board, runs that in qemu
/// and fills `outputs`, one for each of the header's. An empty string, or what
/// went wrong: also where the model takes more than its header says.
std::string runOnDevice(const Options &options, DeviceHeader &header,
                        Arrays &inputs, std::vector<Array> &outputs,
                        DeviceUsage &usage);

} // namespace tfc::run

#endif // TFC_TOOLS_TFC_RUN_DEVICE_H
