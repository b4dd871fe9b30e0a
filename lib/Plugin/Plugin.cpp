//===- Plugin.cpp - tfc's dialects and passes for other tools ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `mlir-opt --load-dialect-plugin` and `--load-pass-plugin` ask for.
//
//===----------------------------------------------------------------------===//

#include "tfc/Driver/Register.h"

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

#include <dlfcn.h>

/// The version of the plugin interface to tell a loader whose code is at
/// `loader`. MLIR's is 1 in all releases, whose classes differ: a loader of
/// another libMLIR than this plugin is linked to gets a version that it
/// refuses with a message, where it would crash.
static uint32_t interfaceVersionFor(const void *loader) {
  auto *load = reinterpret_cast<const void *>(&mlir::DialectPlugin::load);
  Dl_info theirs, ours;
  bool isSame = dladdr(loader, &theirs) && dladdr(load, &ours) &&
                theirs.dli_fbase == ours.dli_fbase;
  return isSame ? MLIR_PLUGIN_API_VERSION : 0;
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {interfaceVersionFor(__builtin_return_address(0)), "tfc", TFC_VERSION,
          [](mlir::DialectRegistry *registry) {
            tfc::registerTfcDialects(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {interfaceVersionFor(__builtin_return_address(0)), "tfc", TFC_VERSION,
          [] { tfc::registerTfcPasses(); }};
}
