//===- Emit.cpp - LLVM dialect to IR, assembly, object, library -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelInfo.h"
#include "SharedLibrary.h"
#include "tfc/Target/Codegen/AsmComments.h"
#include "tfc/Target/Codegen/Codegen.h"
#include "tfc/Target/X86/X86Target.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

namespace {

/// Functions are compiled for this CPU; with 512-bit units it may use them all.
void setTargetAttributes(llvm::Module &module, llvm::TargetMachine &machine,
                         unsigned vectorBits) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.addFnAttr("prefer-vector-width", llvm::utostr(vectorBits));
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.addFnAttr("no-trapping-math", "true");
    if (function.getName() != "tfc_generated_compute" &&
        function.getName() != "tfc_generated_plan")
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
    else
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
  }
}

/// The weights as a section of the object itself: for those who link by hand.
void embedWeights(llvm::Module &module, StringRef weightsFile) {
  std::string text =
      ".section .rodata.tfc_weights,\"a\",@progbits\n"
      ".p2align 6\n.globl tfc_weights\n.hidden tfc_weights\ntfc_weights:\n";
  if (!weightsFile.empty())
    text += (".incbin \"" + weightsFile + "\"\n").str();
  text += ".zero 64\n.text\n";
  module.appendModuleInlineAsm(text);
}

} // namespace

FailureOr<std::unique_ptr<llvm::TargetMachine>>
tfc::x86::createTargetMachine(const X86Options &options, std::string &reason) {
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
  llvm::InitializeAllAsmParsers();
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  std::string problem;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, problem);
  if (!target) {
    reason = problem;
    return failure();
  }
  std::string cpu = options.cpu, features;
  if (cpu == "native") {
    cpu = llvm::sys::getHostCPUName().str();
    // A virtual machine may hide what the CPU's name promises.
    SmallVector<std::string> list;
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      list.push_back((feature.getValue() ? "+" : "-") + feature.getKey().str());
    llvm::sort(list);
    features = llvm::join(list, ",");
  }
  // Asked first, as LLVM prints what it thinks of a name that it does not know.
  std::unique_ptr<llvm::MCSubtargetInfo> any(
      target->createMCSubtargetInfo(triple, "", ""));
  if (!any || !any->isCPUStringValid(cpu)) {
    reason = "unknown x86-64 CPU '" + cpu + "'";
    return failure();
  }
  llvm::TargetOptions target_options;
  auto level = options.optLevel == 0   ? llvm::CodeGenOptLevel::None
               : options.optLevel == 1 ? llvm::CodeGenOptLevel::Less
               : options.optLevel == 2 ? llvm::CodeGenOptLevel::Default
                                       : llvm::CodeGenOptLevel::Aggressive;
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, cpu, features, target_options,
                                  llvm::Reloc::PIC_, std::nullopt, level));
  if (!machine) {
    reason = "LLVM has no code generator for '" + cpu + "'";
    return failure();
  }
  return machine;
}

LogicalResult tfc::x86::emitX86(ModuleOp module, const X86Options &options,
                                X86Output kind, StringRef path,
                                const DeviceParts *device) {
  std::string reason;
  auto machine = createTargetMachine(options, reason);
  if (failed(machine))
    return module.emitError(reason);
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  FailureOr<codegen::AsmComments> comments = codegen::AsmComments();
  if (kind == X86Output::Assembly)
    comments = codegen::commentNodes(module);
  if (failed(comments))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule =
      translateModuleToLLVMIR(module, context, "model");
  if (!llvmModule)
    return failure();
  llvmModule->setTargetTriple((*machine)->getTargetTriple());
  llvmModule->setDataLayout((*machine)->createDataLayout());
  llvmModule->setPICLevel(llvm::PICLevel::BigPIC);
  if (failed(addModelInfo(module, *llvmModule, **machine,
                          device ? StringRef(device->name) : StringRef())))
    return failure();
  if (device)
    device->add(*llvmModule);
  setTargetAttributes(
      *llvmModule, **machine,
      (*machine)->getMCSubtargetInfo()->checkFeatures("+avx512f") ? 512 : 256);
  codegen::optimize(*llvmModule, **machine, options.optLevel,
                    /*vectorize=*/true);

  switch (kind) {
  case X86Output::LLVMIR:
    return codegen::writeFile(module, path,
                              [&](llvm::raw_pwrite_stream &stream) {
                                llvmModule->print(stream, nullptr);
                                return success();
                              });
  case X86Output::Assembly:
    return codegen::generate(module, *llvmModule, **machine,
                             llvm::CodeGenFileType::AssemblyFile, path,
                             &*comments);
  case X86Output::Object:
    embedWeights(*llvmModule, options.weightsFile);
    return codegen::generate(module, *llvmModule, **machine,
                             llvm::CodeGenFileType::ObjectFile, path);
  case X86Output::SharedLibrary:
    break;
  }
  std::string object = (path + ".o").str(), library = (path + ".tmp").str();
  llvm::scope_exit cleanup([&] {
    llvm::sys::fs::remove(object);
    llvm::sys::fs::remove(library);
  });
  if (failed(codegen::generate(module, *llvmModule, **machine,
                               llvm::CodeGenFileType::ObjectFile, object)))
    return failure();
  StringRef entry = device ? "DeviceModelEntry.o" : "ModelEntry.o";
  SmallVector<StringRef> libraries{"libm.so.6"};
  if (device)
    libraries.push_back("libc.so.6");
  if (llvm::Error error = linkSharedLibrary(object, options.weightsFile,
                                            options.runtimeDirectory, entry,
                                            libraries, library))
    return module.emitError(llvm::toString(std::move(error)));
  if (std::error_code error = llvm::sys::fs::rename(library, path))
    return module.emitError("cannot write '")
           << path << "': " << error.message();
  return success();
}
