//===- PassRunner.cpp - passes and calls, and what goes wrong -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PassRunner.h"
#include "Output.h"
#include "Reproducer.h"

#include "tfc/Passes/Optimize/Passes.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/CrashRecoveryContext.h"

using namespace mlir;
using namespace tfc;

ExitCode PassRunner::refuse(llvm::Error error) {
  diagnostics.error(llvm::toString(std::move(error)));
  return ExitRefused;
}

ExitCode PassRunner::internalError(StringRef during, ModuleOp before,
                                   StringRef pipeline) {
  std::string path = reproducerName(options.input);
  diagnostics.error("internal error in phase '" + during +
                    "'; please report it");
  if (!before)
    return ExitInternal;
  if (llvm::Error error = writeReproducer(before, pipeline, path))
    diagnostics.note("no reproducer: " + llvm::toString(std::move(error)));
  else
    diagnostics.note("a reproducer is in '" + path + "'");
  return ExitInternal;
}

ExitCode PassRunner::run(OwningOpRef<ModuleOp> &module, StringRef name,
                         bool mayRefuse,
                         llvm::function_ref<void(OpPassManager &)> build) {
  log.begin(name);
  llvm::scope_exit end([&] { log.end(); });
  PassManager pm(&context, ModuleOp::getOperationName());
  pm.enableVerifier(false);
  build(pm);
  // Attributes are shared, so this copies operations but no weights.
  OwningOpRef<ModuleOp> before(module->clone());
  unsigned errors = diagnostics.errors();
  LogicalResult result = failure();
  llvm::CrashRecoveryContext guard;
  if (!guard.RunSafely([&] { result = pm.run(*module); })) {
    // What a crash leaves behind must not be touched, not even freed.
    module.release();
    return internalError(name, *before, pipelineText(pm));
  }
  if (failed(result) && mayRefuse && diagnostics.errors() > errors)
    return ExitRefused;
  if (failed(result) || failed(verify(*module)))
    return internalError(name, *before, pipelineText(pm));
  return ExitSuccess;
}

ExitCode PassRunner::sinkSlices(OwningOpRef<ModuleOp> &module) {
  if (options.optLevel == 0)
    return ExitSuccess;
  return run(module, "sink", /*mayRefuse=*/false, [](OpPassManager &pm) {
    pm.addNestedPass<func::FuncOp>(optimize::createSinkSlicesPass());
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
  });
}

ExitCode PassRunner::callOnHost(
    ModuleOp module,
    llvm::function_ref<ExitCode(OwningOpRef<ModuleOp> &)> observe,
    llvm::function_ref<LogicalResult(const std::string &, std::string &)> use,
    HostCode hostCode) {
  OwningOpRef<ModuleOp> observed(module.clone());
  ScratchFile library;
  if (llvm::Error error = library.create(""))
    return refuse(std::move(error));
  CompileOptions hostOptions;
  hostOptions.input = options.input;
  hostOptions.output = library.name().str();
  if (hostCode == HostCode::AsAsked) {
    if (options.target == hostOptions.target)
      hostOptions.cpu = options.cpu;
    hostOptions.optLevel = options.optLevel;
  }
  hostOptions.runtimeDirectory = options.runtimeDirectory;
  std::unique_ptr<Target> host =
      TargetRegistry().find(hostOptions.target)->create(hostOptions);
  if (llvm::Error error = host->checkOptions()) {
    diagnostics.error(llvm::toString(std::move(error)));
    return ExitUsage;
  }
  if (llvm::Error error = host->prepare(/*isBinary=*/true))
    return refuse(std::move(error));
  ExitCode code = observe(observed);
  if (code != ExitSuccess)
    return code;
  code = run(observed, "host", host->mayRefuse(),
             [&](OpPassManager &pm) { host->buildPipeline(pm); });
  if (code != ExitSuccess)
    return code;
  log.begin("calibrate");
  llvm::scope_exit end([&] { log.end(); });
  unsigned errors = diagnostics.errors();
  if (failed(
          host->emit(*observed, EmitKind::SharedLibrary, hostOptions.output)))
    return diagnostics.errors() > errors
               ? ExitRefused
               : internalError("calibrate", nullptr, "");
  std::string error;
  if (succeeded(use(hostOptions.output, error)))
    return ExitSuccess;
  if (!error.empty())
    diagnostics.error(error);
  return ExitRefused;
}
