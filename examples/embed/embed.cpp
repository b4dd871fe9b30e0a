//===- embed.cpp - a compiler around tfc's passes ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From an ONNX file to an artefact without tfc's driver: a context of one's
// own, tfc's pipelines, a pass between them and a target beside tfc's.
//
//===----------------------------------------------------------------------===//

#include "CostTarget.h"
#include "TanhGelu.h"

#include "tfc/Driver/Register.h"
#include "tfc/Import/Import.h"
#include "tfc/Passes/Optimize/Passes.h"
#include "tfc/Passes/Raise/Pipelines.h"
#include "tfc/Support/OptionParser.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"

namespace cl = llvm::cl;

static cl::opt<std::string> model(cl::Positional, cl::Required,
                                  cl::desc("MODEL.onnx"));
static cl::opt<std::string> output("o", cl::Required, cl::desc("the artefact"));
static cl::opt<std::string> targetName("target", cl::init("x86-64"),
                                       cl::desc("x86-64, cortex-m7 or cost"));
static cl::list<std::string>
    shapes("shape", cl::desc("an input's sizes, as in images=1x1x8x8"));
static cl::opt<bool> exactGelu("exact-gelu",
                               cl::desc("leave out the pass of this compiler"));

static llvm::Expected<tfc::ImportOptions> importOptions() {
  tfc::ImportOptions options;
  for (const std::string &text : shapes) {
    std::string name;
    std::vector<long long> sizes;
    std::string error = tfc::parseNamedShape(text, name, sizes);
    if (!error.empty())
      return llvm::createStringError(error);
    options.inputShapes[name].assign(sizes.begin(), sizes.end());
  }
  return options;
}

/// tfc's pipelines, in the order of docs/embedding.md.
static void buildPipeline(mlir::OpPassManager &pm, tfc::Target &target) {
  tfc::raise::buildRaisePipeline(pm, tfc::raise::RaiseOptions());
  if (!exactGelu)
    pm.addPass(embed::createTanhGeluPass());
  pm.addNestedPass<mlir::func::FuncOp>(tfc::optimize::createSinkSlicesPass());
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());
  target.buildPipeline(pm);
}

/// MLIR's errors have been printed where this has no message.
static llvm::Error compile() {
  auto failed = [] { return llvm::createStringError("no artefact"); };
  tfc::TargetRegistry targets;
  targets.add(embed::costTarget());
  const tfc::TargetRegistry::Entry *entry = targets.find(targetName);
  if (!entry)
    return llvm::createStringError("there is no target '" + targetName + "'");
  tfc::CompileOptions options;
  options.input = model;
  options.output = output;
  options.target = targetName;
  options.emit = entry->kinds.front();
  options.runtimeDirectory = TFC_RUNTIME_DIR;
  std::unique_ptr<tfc::Target> target = entry->create(options);
  if (llvm::Error error = target->checkOptions())
    return error;

  mlir::DialectRegistry registry;
  tfc::registerTfcDialects(registry);
  mlir::MLIRContext context(registry);
  llvm::Expected<tfc::ImportOptions> imported = importOptions();
  if (!imported)
    return imported.takeError();
  mlir::OwningOpRef<mlir::ModuleOp> module =
      tfc::importOnnxFile(context, model, *imported);
  if (!module)
    return failed();
  if (llvm::Error error =
          target->prepare(options.emit == tfc::EmitKind::Object ||
                          options.emit == tfc::EmitKind::SharedLibrary))
    return error;
  mlir::PassManager pm(&context);
  buildPipeline(pm, *target);
  if (mlir::failed(pm.run(*module)) ||
      mlir::failed(target->emit(*module, options.emit, output)))
    return failed();
  return llvm::Error::success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "a compiler around tfc's passes\n");
  if (llvm::Error error = compile()) {
    llvm::errs() << "embed: error: " << llvm::toString(std::move(error))
                 << "\n";
    return 1;
  }
  return 0;
}
