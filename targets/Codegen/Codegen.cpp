//===- Codegen.cpp - LLVM IR to files --------------------------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/Codegen/Codegen.h"
#include "tfc/Target/Codegen/AsmComments.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

static llvm::OptimizationLevel optimizationLevel(unsigned level) {
  switch (level) {
  case 0:
    return llvm::OptimizationLevel::O0;
  case 1:
    return llvm::OptimizationLevel::O1;
  case 2:
    return llvm::OptimizationLevel::O2;
  default:
    return llvm::OptimizationLevel::O3;
  }
}

void tfc::codegen::optimize(llvm::Module &module, llvm::TargetMachine &machine,
                            unsigned level, bool vectorize) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = vectorize && level >= 1;
  tuning.SLPVectorization = vectorize && level >= 2;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  llvm::OptimizationLevel optimization = optimizationLevel(level);
  llvm::ModulePassManager passes =
      level == 0 ? builder.buildO0DefaultPipeline(optimization)
                 : builder.buildPerModuleDefaultPipeline(optimization);
  passes.run(module, modules);
}

LogicalResult tfc::codegen::writeFile(
    ModuleOp module, StringRef path,
    llvm::function_ref<LogicalResult(llvm::raw_pwrite_stream &)> write) {
  std::error_code error;
  llvm::ToolOutputFile file(path, error, llvm::sys::fs::OF_None);
  if (error)
    return module.emitError("cannot write '")
           << path << "': " << error.message();
  if (failed(write(file.os())))
    return failure();
  file.os().flush();
  if (file.os().has_error()) {
    error = file.os().error();
    file.os().clear_error();
    return module.emitError("cannot write '")
           << path << "': " << error.message();
  }
  file.keep();
  return success();
}

LogicalResult tfc::codegen::generate(ModuleOp module, llvm::Module &llvmModule,
                                     llvm::TargetMachine &machine,
                                     llvm::CodeGenFileType kind, StringRef path,
                                     const AsmComments *comments) {
  return writeFile(
      module, path, [&](llvm::raw_pwrite_stream &stream) -> LogicalResult {
        llvm::legacy::PassManager codegen;
        if (comments
                ? failed(
                      addCommentedPrinter(codegen, machine, stream, *comments))
                : machine.addPassesToEmitFile(codegen, stream, nullptr, kind))
          return module.emitError("LLVM cannot generate this kind of file");
        codegen.run(llvmModule);
        return success();
      });
}
