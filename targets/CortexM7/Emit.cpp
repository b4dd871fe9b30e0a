//===- Emit.cpp - LLVM dialect to a bare-metal object -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EntryFunctions.h"
#include "Interface.h"
#include "ObjectSizes.h"
#include "PeakNotes.h"
#include "tfc/Target/Codegen/AsmComments.h"
#include "tfc/Target/Codegen/Codegen.h"
#include "tfc/Target/CortexM7/CortexM7Target.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::m7;

namespace {

FailureOr<std::unique_ptr<llvm::TargetMachine>>
createMachine(ModuleOp module, const CortexM7Options &options,
              StringRef stackUsageFile) {
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
  llvm::InitializeAllAsmParsers();
  llvm::Triple triple(options.hardFloat ? "thumbv7em-none-unknown-eabihf"
                                        : "thumbv7em-none-unknown-eabi");
  std::string problem;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, problem);
  if (!target)
    return module.emitError(problem);
  llvm::TargetOptions targetOptions;
  targetOptions.FunctionSections = true;
  targetOptions.DataSections = true;
  targetOptions.FloatABIType =
      options.hardFloat ? llvm::FloatABI::Hard : llvm::FloatABI::Soft;
  // Calls memcpy and memset by those names, not by the ABI's own.
  targetOptions.EABIVersion = llvm::EABI::GNU;
  targetOptions.StackUsageOutput = stackUsageFile.str();
  auto level = options.optLevel == 0   ? llvm::CodeGenOptLevel::None
               : options.optLevel == 1 ? llvm::CodeGenOptLevel::Less
               : options.optLevel == 2 ? llvm::CodeGenOptLevel::Default
                                       : llvm::CodeGenOptLevel::Aggressive;
  // The STM32F7's FPU: single precision, 16 double registers.
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, "cortex-m7", "+vfp4d16sp,+fp-armv8d16sp,-fp64,+dsp",
      targetOptions, llvm::Reloc::Static, std::nullopt, level));
  if (!machine)
    return module.emitError("LLVM has no code generator for the Cortex-M7");
  return machine;
}

/// Gives the function that is told of nodes its name, and a body that does
/// nothing and gives way to the user's.
void defineProfileHook(llvm::Module &module, StringRef prefix) {
  llvm::Function *hook = module.getFunction(profileName);
  if (!hook)
    return;
  hook->setName(prefix + "_profile");
  hook->setLinkage(llvm::GlobalValue::WeakAnyLinkage);
  // It was a declaration to all before, debug locations included.
  hook->setSubprogram(nullptr);
  llvm::IRBuilder<> b(
      llvm::BasicBlock::Create(module.getContext(), "entry", hook));
  b.CreateRetVoid();
}

void setAttributes(llvm::Module &module, llvm::TargetMachine &machine) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.addFnAttr("no-trapping-math", "true");
    function.addFnAttr("frame-pointer", "none");
    if (function.getName() == computeName)
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  }
  for (llvm::GlobalVariable &global : module.globals())
    if (!global.isDeclaration())
      global.setLinkage(llvm::GlobalValue::InternalLinkage);
}

LogicalResult checkLimits(ModuleOp module, const CortexM7Options &options,
                          const Interface &interface,
                          const ObjectSizes &sizes) {
  uint64_t own = interface.arenaBytes + sizes.stack;
  uint64_t inputs = interface.inputBytes(/*whole=*/false),
           outputs = interface.outputBytes(), ram = own + inputs + outputs;
  if (options.sram && ram > options.sram) {
    InFlightDiagnostic error = module.emitError("the model needs ");
    error << ram << " bytes of SRAM (arena " << interface.arenaBytes
          << ", stack " << sizes.stack << "; of the caller's, inputs " << inputs
          << ", outputs " << outputs << "), more than the " << options.sram
          << " of --sram";
    if (own <= options.sram)
      error << "; arena and stack alone are " << own;
    notePeak(module, error);
    return error;
  }
  if (options.flash && sizes.flash > options.flash) {
    InFlightDiagnostic error = module.emitError("the model needs ");
    error << sizes.flash << " bytes of flash (code " << sizes.code
          << ", constants " << sizes.flash - sizes.code << "), more than the "
          << options.flash << " of --flash";
    noteFlash(module, error);
    return error;
  }
  if (!sizes.undefined.empty()) {
    InFlightDiagnostic error = module.emitError("the code calls ");
    llvm::interleaveComma(sizes.undefined, error);
    return error << ", which bare metal has not: the model uses operators or "
                    "element types that the Cortex-M7 has no instructions for";
  }
  return success();
}

/// Notes what a run takes of the device's memory, for the report: with the
/// inputs as they are passed, and as if all of them lay in memory.
void noteSizes(ModuleOp module, const Interface &interface,
               const ObjectSizes &sizes) {
  Builder b(module.getContext());
  auto bytes = [&](int64_t value) { return b.getI64IntegerAttr(value); };
  int64_t own = interface.arenaBytes + static_cast<int64_t>(sizes.stack);
  int64_t inputs = interface.inputBytes(/*whole=*/false);
  int64_t whole = interface.inputBytes(/*whole=*/true);
  NamedAttrList entries;
  entries.set("arena", bytes(interface.arenaBytes));
  entries.set("code", bytes(sizes.code));
  entries.set("flash", bytes(sizes.flash));
  entries.set("inputs", bytes(inputs));
  entries.set("outputs", bytes(interface.outputBytes()));
  entries.set("sram", bytes(own + inputs + interface.outputBytes()));
  entries.set("sram_with_inputs", bytes(own + inputs));
  entries.set("sram_with_whole_inputs", bytes(own + whole));
  entries.set("stack", bytes(sizes.stack));
  module->setAttr("m7.sizes", entries.getDictionary(module.getContext()));
}

/// The object and its header, put in their places when both are written.
LogicalResult emitArtefact(ModuleOp module, llvm::Module &llvmModule,
                           llvm::TargetMachine &machine,
                           const CortexM7Options &options, StringRef path,
                           StringRef stackUsage) {
  std::string object = (path + ".tmp").str(), header = (path + ".h.tmp").str();
  llvm::scope_exit cleanup([&] {
    for (const std::string &file : {object, header})
      llvm::sys::fs::remove(file);
  });
  if (failed(codegen::generate(module, llvmModule, machine,
                               llvm::CodeGenFileType::ObjectFile, object)))
    return failure();
  Interface interface = readInterface(module);
  FailureOr<ObjectSizes> sizes =
      measureObject(module, object, stackUsage, options.prefix);
  if (failed(sizes))
    return failure();
  noteSizes(module, interface, *sizes);
  if (failed(checkLimits(module, options, interface, *sizes)))
    return failure();
  if (failed(codegen::writeFile(
          module, header, [&](llvm::raw_pwrite_stream &stream) {
            stream << headerText(
                interface, options.prefix,
                {sizes->flash, sizes->stack, options.hardFloat});
            return success();
          })))
    return failure();
  SmallString<128> beside(path);
  llvm::sys::path::replace_extension(beside, ".h");
  for (auto [from, to] : {std::pair(StringRef(header), StringRef(beside)),
                          std::pair(StringRef(object), path)})
    if (std::error_code error = llvm::sys::fs::rename(from, to))
      return module.emitError("cannot write '")
             << to << "': " << error.message();
  return success();
}

/// What printed assembly says: the nodes in the model's function, and what each
/// kernel computes.
FailureOr<codegen::AsmComments> commentCode(ModuleOp module) {
  FailureOr<codegen::AsmComments> comments = codegen::commentNodes(module);
  if (succeeded(comments))
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (auto text = function->getAttrOfType<StringAttr>("m7.computes"))
        comments->functions[function.getName()] = "kernel: " + text.str();
  return comments;
}

} // namespace

LogicalResult tfc::m7::emitCortexM7(ModuleOp module,
                                    const CortexM7Options &options,
                                    CortexM7Output kind, StringRef path) {
  SmallString<128> stackUsage;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("tfc", "su", stackUsage))
    return module.emitError("cannot make a temporary file: ")
           << error.message();
  llvm::scope_exit cleanup([&] { llvm::sys::fs::remove(stackUsage); });
  auto machine = createMachine(module, options, stackUsage);
  if (failed(machine))
    return failure();
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  FailureOr<codegen::AsmComments> comments = codegen::AsmComments();
  if (kind == CortexM7Output::Assembly)
    comments = commentCode(module);
  if (failed(comments))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule =
      translateModuleToLLVMIR(module, context, options.prefix);
  if (!llvmModule)
    return failure();
  llvmModule->setTargetTriple((*machine)->getTargetTriple());
  llvmModule->setDataLayout((*machine)->createDataLayout());
  defineProfileHook(*llvmModule, options.prefix);
  setAttributes(*llvmModule, **machine);
  addEntryFunctions(*llvmModule, readInterface(module), options.prefix);
  setAttributes(*llvmModule, **machine);
  codegen::optimize(*llvmModule, **machine, options.optLevel,
                    /*vectorize=*/false);
  switch (kind) {
  case CortexM7Output::LLVMIR:
    return codegen::writeFile(module, path,
                              [&](llvm::raw_pwrite_stream &stream) {
                                llvmModule->print(stream, nullptr);
                                return success();
                              });
  case CortexM7Output::Assembly:
    return codegen::generate(module, *llvmModule, **machine,
                             llvm::CodeGenFileType::AssemblyFile, path,
                             &*comments);
  case CortexM7Output::Object:
    return emitArtefact(module, *llvmModule, **machine, options, path,
                        stackUsage);
  }
  llvm_unreachable("all outputs are handled");
}
