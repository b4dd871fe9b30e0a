//===- Module.cpp - modules and kernels that were loaded --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Module.h"
#include "Runtime.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace tfc::emulator;

//===----------------------------------------------------------------------===//
// Compiler
//===----------------------------------------------------------------------===//

Compiler::Compiler() = default;
Compiler::~Compiler() = default;

Expected<std::unique_ptr<Compiler>> Compiler::create() {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  std::unique_ptr<Compiler> compiler(new Compiler);
  Expected<orc::JITTargetMachineBuilder> builder =
      orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return builder.takeError();
  // Conversions to bf16 by the host's instructions flush denormal numbers,
  // which GPUs' do not.
  builder->addFeatures({"-avx512bf16", "-avxneconvert"});
  builder->setCodeGenOptLevel(CodeGenOptLevel::Less);
  builder->getOptions().AllowFPOpFusion = FPOpFusion::Standard;
  Expected<std::unique_ptr<TargetMachine>> machine =
      builder->createTargetMachine();
  if (!machine)
    return machine.takeError();
  compiler->target = std::move(*machine);
  Expected<std::unique_ptr<orc::LLJIT>> jit =
      orc::LLJITBuilder().setJITTargetMachineBuilder(*builder).create();
  if (!jit)
    return jit.takeError();
  compiler->jit = std::move(*jit);

  orc::JITDylib &main = compiler->jit->getMainJITDylib();
  orc::SymbolMap symbols;
  for (auto [name, address] : runtimeFunctions())
    symbols[compiler->jit->mangleAndIntern(name)] = {
        orc::ExecutorAddr::fromPtr(address),
        JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  if (Error error = main.define(orc::absoluteSymbols(std::move(symbols))))
    return std::move(error);
  // Mathematical functions, and copies of memory.
  char prefix = compiler->jit->getDataLayout().getGlobalPrefix();
  for (const char *library : {"libm.so.6", "libc.so.6"}) {
    auto generator = orc::DynamicLibrarySearchGenerator::Load(library, prefix);
    if (!generator)
      return generator.takeError();
    main.addGenerator(std::move(*generator));
  }
  return compiler;
}

static void optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O1)
      .run(module, modules);
}

Expected<KernelCode> Compiler::compile(Kernel &kernel) {
  if (kernel.entry)
    return kernel.entry;
  std::unique_ptr<Module> module = std::move(kernel.code);
  if (!module)
    return createStringError("kernel '" + kernel.info.name +
                             "': its code could not be generated before");
  optimize(*module, *target);
  SmallVector<char, 0> object;
  raw_svector_ostream stream(object);
  legacy::PassManager emitter;
  if (target->addPassesToEmitFile(emitter, stream, nullptr,
                                  CodeGenFileType::ObjectFile))
    return createStringError("the host's backend writes no objects");
  emitter.run(*module);
  orc::ExecutionSession &session = jit->getExecutionSession();
  auto &library =
      session.createBareJITDylib("kernel" + std::to_string(count++));
  kernel.library = &library;
  library.addToLinkOrder(jit->getMainJITDylib());
  if (Error error = jit->addObjectFile(
          library, std::make_unique<SmallVectorMemoryBuffer>(
                       std::move(object), /*RequiresNullTerminator=*/false)))
    return std::move(error);
  Expected<orc::ExecutorAddr> address = jit->lookup(library, kernel.info.name);
  if (!address)
    return address.takeError();
  kernel.entry = address->toPtr<KernelCode>();
  return kernel.entry;
}

void Compiler::release(Kernel &kernel) {
  kernel.entry = nullptr;
  if (orc::JITDylib *library = std::exchange(kernel.library, nullptr))
    consumeError(jit->getExecutionSession().removeJITDylib(*library));
}

//===----------------------------------------------------------------------===//
// LoadedModule
//===----------------------------------------------------------------------===//

Expected<std::unique_ptr<LoadedModule>>
LoadedModule::load(StringRef image, const TranslationTarget &target) {
  std::unique_ptr<LoadedModule> module(new LoadedModule(target));
  SMDiagnostic diagnostic;
  // Text needs a zero behind it.
  std::unique_ptr<MemoryBuffer> buffer =
      MemoryBuffer::getMemBufferCopy(image, "kernels");
  module->source = parseIR(*buffer, diagnostic, module->context);
  if (!module->source) {
    std::string text;
    raw_string_ostream stream(text);
    diagnostic.print(nullptr, stream, /*ShowColors=*/false);
    return createStringError("the module is no LLVM IR: " +
                             StringRef(text).trim());
  }
  // MLIR's translation leaves the target to who generates code.
  const Triple &triple = module->source->getTargetTriple();
  if (!triple.empty() && triple.getArch() != Triple::nvptx64)
    return createStringError("the module is for '" + triple.str() +
                             "', not for nvptx64");
  if (Error error = module->placeVariables())
    return std::move(error);
  return module;
}

LoadedModule::~LoadedModule() {
  for (const auto &variable : variables)
    target.memory.release(variable.second);
}

/// Writes a constant without pointers as it lies in memory. False where it has
/// some.
static bool writeConstant(const Constant &value, const DataLayout &layout,
                          char *to) {
  Type *type = value.getType();
  uint64_t bytes = layout.getTypeStoreSize(type);
  if (value.isNullValue()) {
    std::memset(to, 0, bytes);
    return true;
  }
  if (isa<UndefValue>(value))
    return true;
  auto writeBits = [&](const APInt &bits) {
    for (uint64_t i = 0; i < bytes; ++i)
      to[i] = bits.extractBitsAsZExtValue(
          std::min<uint64_t>(8, bits.getBitWidth() - 8 * i), 8 * i);
    return true;
  };
  if (auto *integer = dyn_cast<ConstantInt>(&value))
    return writeBits(integer->getValue());
  if (auto *number = dyn_cast<ConstantFP>(&value))
    return writeBits(number->getValueAPF().bitcastToAPInt());
  if (auto *data = dyn_cast<ConstantDataSequential>(&value)) {
    StringRef raw = data->getRawDataValues();
    std::memcpy(to, raw.data(), raw.size());
    return true;
  }
  if (auto *structure = dyn_cast<ConstantStruct>(&value)) {
    const StructLayout *places = layout.getStructLayout(structure->getType());
    for (unsigned i = 0; i < structure->getNumOperands(); ++i)
      if (!writeConstant(*structure->getOperand(i), layout,
                         to + places->getElementOffset(i)))
        return false;
    return true;
  }
  auto *array = dyn_cast<ConstantArray>(&value);
  if (!array)
    return false;
  uint64_t stride = layout.getTypeAllocSize(array->getType()->getElementType());
  for (unsigned i = 0; i < array->getNumOperands(); ++i)
    if (!writeConstant(*array->getOperand(i), layout, to + i * stride))
      return false;
  return true;
}

Error LoadedModule::placeVariable(const GlobalVariable &variable) {
  const DataLayout &layout = source->getDataLayout();
  uint64_t bytes = layout.getTypeAllocSize(variable.getValueType());
  uint64_t address = target.memory.allocate(std::max<uint64_t>(bytes, 1));
  if (!address)
    return createStringError("no memory for variable '" + variable.getName() +
                             "'");
  variables[variable.getName()] = address;
  char *place = target.memory.find(address, bytes);
  if (!writeConstant(*variable.getInitializer(), layout, place))
    return createStringError("the initial value of variable '" +
                             variable.getName() +
                             "' has pointers in it, which "
                             "the emulator cannot place");
  target.memory.setWritten(address, bytes);
  return Error::success();
}

Error LoadedModule::placeVariables() {
  for (const GlobalVariable &variable : source->globals()) {
    unsigned space = variable.getAddressSpace();
    bool placed = space == 0 || space == 1 || space == 4;
    if (!placed || !variable.hasInitializer() ||
        variable.getName().starts_with("llvm."))
      continue;
    if (Error error = placeVariable(variable))
      return error;
  }
  return Error::success();
}

Expected<Kernel *> LoadedModule::find(StringRef name) {
  std::unique_ptr<Kernel> &kernel = kernels[name];
  if (kernel)
    return kernel.get();
  Function *function = source->getFunction(name);
  if (!function || function->isDeclaration() ||
      function->getCallingConv() != CallingConv::PTX_Kernel)
    return nullptr;
  Translator translator(*source, target, variables);
  Expected<std::unique_ptr<Module>> code = translator.translate(*function);
  if (!code)
    return code.takeError();
  kernel = std::make_unique<Kernel>();
  kernel->info = std::move(translator.info);
  kernel->code = std::move(*code);
  return kernel.get();
}
