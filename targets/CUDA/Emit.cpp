//===- Emit.cpp - kernels to PTX, host code to a library --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/CUDA/CudaTarget.h"
#include "tfc/Target/Codegen/Codegen.h"
#include "tfc/Target/X86/X86Target.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

/// PTX that drivers of CUDA 12.0 know; newer architectures need newer PTX.
StringRef ptxVersionFor(unsigned number) {
  return number > 103 ? "+ptx88" : number > 90 ? "+ptx87" : "+ptx80";
}

FailureOr<unsigned> numberOf(StringRef arch) {
  unsigned number;
  if (!arch.consume_front("sm_") || arch.getAsInteger(10, number))
    return failure();
  return number;
}

std::unique_ptr<llvm::TargetMachine> createMachine(const CudaOptions &options,
                                                   std::string &reason) {
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
  FailureOr<unsigned> number = numberOf(options.arch);
  if (failed(number)) {
    reason = "unknown GPU '" + options.arch + "'";
    return nullptr;
  }
  if (*number < 80) {
    reason = "'" + options.arch + "' is older than sm_80";
    return nullptr;
  }
  llvm::Triple triple("nvptx64-nvidia-cuda");
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, reason);
  if (!target)
    return nullptr;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, options.arch, ptxVersionFor(*number), llvm::TargetOptions(),
      llvm::Reloc::PIC_, std::nullopt,
      options.optLevel == 0 ? llvm::CodeGenOptLevel::None
                            : llvm::CodeGenOptLevel::Aggressive));
  if (!machine ||
      !machine->getMCSubtargetInfo()->isCPUStringValid(options.arch)) {
    reason = "unknown GPU '" + options.arch + "'";
    return nullptr;
  }
  return machine;
}

/// What the artefact has of the kernels.
struct Kernels {
  std::string ptx, bitcode;
};

std::string ptxOf(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  llvm::CodeGenFileType::AssemblyFile))
    return "";
  passes.run(module);
  return text.str().str();
}

/// `tfc_generated_kernels` of lib/Runtime/Device.c.
void addKernels(llvm::Module &module, const Kernels &kernels, ArrayAttr names,
                unsigned arch, bool hasHostAccess) {
  llvm::LLVMContext &context = module.getContext();
  auto *pointer = llvm::PointerType::getUnqual(context);
  auto hidden = [&](llvm::Constant *value, StringRef name) {
    return new llvm::GlobalVariable(
        module, value->getType(),
        /*isConstant=*/true, llvm::GlobalValue::PrivateLinkage, value, name);
  };
  auto text = [&](StringRef value, StringRef name) {
    return hidden(llvm::ConstantDataArray::getString(context, value), name);
  };
  auto number = [&](uint64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), value);
  };
  SmallVector<llvm::Constant *> entries;
  for (auto name : names.getAsRange<StringAttr>())
    entries.push_back(text(name.getValue(), "tfc_kernel_name"));
  entries.push_back(llvm::ConstantPointerNull::get(pointer));
  auto *table = llvm::ConstantArray::get(
      llvm::ArrayType::get(pointer, entries.size()), entries);
  llvm::Constant *all = llvm::ConstantStruct::getAnon(
      {text(kernels.ptx, "tfc_ptx"), number(kernels.ptx.size() + 1),
       text(kernels.bitcode, "tfc_bitcode"), number(kernels.bitcode.size()),
       hidden(table, "tfc_kernel_names"), number(names.size()), number(arch),
       number(hasHostAccess)});
  auto *global = new llvm::GlobalVariable(
      module, all->getType(), /*isConstant=*/true,
      llvm::GlobalValue::ExternalLinkage, all, "tfc_generated_kernels");
  global->setVisibility(llvm::GlobalValue::HiddenVisibility);
}

LogicalResult writeText(ModuleOp module, StringRef path, StringRef text) {
  return codegen::writeFile(module, path, [&](llvm::raw_pwrite_stream &stream) {
    stream << text;
    return success();
  });
}

} // namespace

std::string tfc::cuda::checkArchitecture(StringRef arch) {
  CudaOptions options;
  options.arch = arch.str();
  std::string reason;
  createMachine(options, reason);
  return reason;
}

LogicalResult tfc::cuda::emitCuda(ModuleOp module, const CudaOptions &options,
                                  CudaOutput kind, StringRef path) {
  std::string reason;
  std::unique_ptr<llvm::TargetMachine> machine = createMachine(options, reason);
  if (!machine)
    return module.emitError(reason);
  auto names = module->getAttrOfType<ArrayAttr>("cuda.kernels");
  auto found = module.getOps<gpu::GPUModuleOp>();
  if (!names || found.empty())
    return module.emitError(
        "expected kernels, as the pipeline cuda makes them");
  MLIRContext &context = *module.getContext();
  registerBuiltinDialectTranslation(context);
  registerLLVMDialectTranslation(context);
  registerNVVMDialectTranslation(context);
  registerGPUDialectTranslation(context);
  llvm::LLVMContext llvmContext;
  gpu::GPUModuleOp device = *found.begin();
  std::unique_ptr<llvm::Module> llvmModule =
      translateModuleToLLVMIR(device, llvmContext, "kernels");
  if (!llvmModule)
    return failure();
  llvmModule->setTargetTriple(machine->getTargetTriple());
  llvmModule->setDataLayout(machine->createDataLayout());
  Kernels kernels;
  llvm::raw_string_ostream bitcode(kernels.bitcode);
  if (kind == CudaOutput::SharedLibrary)
    llvm::WriteBitcodeToFile(*llvmModule, bitcode);
  codegen::optimize(*llvmModule, *machine, options.optLevel,
                    /*vectorize=*/false);
  if (kind == CudaOutput::LLVMIR) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    llvmModule->print(stream, nullptr);
    return writeText(module, path, text);
  }
  kernels.ptx = ptxOf(*llvmModule, *machine);
  if (kernels.ptx.empty())
    return module.emitError("cannot write PTX");
  if (kind == CudaOutput::Ptx)
    return writeText(module, path, kernels.ptx);

  device->remove();
  llvm::scope_exit restore([&] { module.push_back(device); });
  x86::X86Options host;
  host.cpu = "x86-64";
  host.optLevel = options.optLevel;
  host.weightsFile = options.weightsFile;
  host.runtimeDirectory = options.runtimeDirectory;
  x86::DeviceParts parts;
  parts.name = options.arch;
  parts.add = [&](llvm::Module &hostModule) {
    addKernels(hostModule, kernels, names, *numberOf(options.arch),
               module->hasAttr("cuda.host_access"));
  };
  return x86::emitX86(module, host, x86::X86Output::SharedLibrary, path,
                      &parts);
}
