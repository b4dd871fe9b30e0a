//===- Reproducer.cpp - what is left for a bug report -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reproducer.h"
#include "Output.h"

#include "mlir/IR/AsmState.h"
#include "tfc/Driver/CommandLine.h"
#include "llvm/Support/Path.h"

using namespace mlir;

/// Resources above this many bytes are printed without their contents.
static constexpr int64_t largestResource = 1 << 16;

std::string tfc::reproducerName(StringRef model) {
  return (llvm::sys::path::stem(model) + ".tfc-repro.mlir").str();
}

std::string tfc::pipelineText(PassManager &pm) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  pm.printAsTextualPipeline(stream);
  return text;
}

llvm::Error tfc::writeReproducer(ModuleOp module, StringRef pipeline,
                                 StringRef path) {
  return writeWhole(path, [&](llvm::raw_ostream &stream) {
    for (auto line : llvm::split(StringRef(versionText()).trim(), '\n'))
      stream << "// " << line << "\n";
    stream << "// tfc-opt --run-reproducer " << llvm::sys::path::filename(path)
           << "\n";
    OpPrintingFlags flags;
    flags.elideLargeResourceString(largestResource);
    flags.enableDebugInfo(true, /*prettyForm=*/false);
    // Verification may be what failed.
    flags.assumeVerified();
    AsmState state(module, flags);
    state.attachResourcePrinter("mlir_reproducer",
                                [&](Operation *, AsmResourceBuilder &builder) {
                                  builder.buildString("pipeline", pipeline);
                                  builder.buildBool("disable_threading", true);
                                  builder.buildBool("verify_each", true);
                                });
    module->print(stream, state);
    stream << "\n";
  });
}
