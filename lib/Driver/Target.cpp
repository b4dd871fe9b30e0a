//===- Target.cpp - what artefacts are made of models -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Driver/Target.h"
#include "Output.h"

#include "tfc/Target/CUDA/CudaTarget.h"
#include "tfc/Target/CortexM7/CortexM7Target.h"
#include "tfc/Target/X86/X86Target.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Support/Path.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace tfc;

namespace {

/// Targets whose artefact has its constants from a file that the pipeline
/// fills; `Options` are those of the target.
template <typename Options>
class WeightsTarget : public Target {
public:
  explicit WeightsTarget(const CompileOptions &options) : options(options) {
    target.optLevel = options.optLevel;
    target.runtimeDirectory = options.runtimeDirectory;
  }

  llvm::Error prepare(bool isBinary) override {
    if (!isBinary)
      return llvm::Error::success();
    if (llvm::Error error = weights.create(options.output))
      return error;
    target.weightsFile = weights.name().str();
    return llvm::Error::success();
  }

protected:
  const CompileOptions &options;
  Options target;

private:
  ScratchFile weights;
};

class X86 : public WeightsTarget<x86::X86Options> {
public:
  explicit X86(const CompileOptions &options) : WeightsTarget(options) {
    target.cpu = options.cpu;
    target.profile = options.profile;
    target.weights = options.weights;
  }

  llvm::Error checkOptions() override {
    std::string reason;
    auto machine = x86::createTargetMachine(target, reason);
    if (succeeded(machine) && options.weights == "f16" &&
        !(*machine)->getMCSubtargetInfo()->checkFeatures("+f16c"))
      return llvm::createStringError("--weights=f16 is for CPUs with F16C, "
                                     "which '" +
                                     options.cpu + "' lacks");
    if (succeeded(machine))
      return llvm::Error::success();
    return llvm::createStringError(
        reason + "; -mcpu takes LLVM's names, such as x86-64-v3, haswell, "
                 "skylake-avx512, znver4, or native");
  }

  void buildPipeline(OpPassManager &pm) override {
    x86::buildX86Pipeline(pm, target);
  }

  bool mayRefuse() const override { return false; }

  LogicalResult emit(ModuleOp module, EmitKind kind, StringRef path) override {
    x86::X86Output output = x86::X86Output::SharedLibrary;
    if (kind == EmitKind::LLVMIR)
      output = x86::X86Output::LLVMIR;
    else if (kind == EmitKind::Assembly)
      output = x86::X86Output::Assembly;
    else if (kind == EmitKind::Object)
      output = x86::X86Output::Object;
    return x86::emitX86(module, target, output, path);
  }
};

/// "vit_tiny" for "models/vit-tiny.o".
std::string prefixFor(const CompileOptions &options) {
  StringRef file = options.output == "-" ? options.input : options.output;
  std::string prefix;
  for (char c : llvm::sys::path::stem(file))
    prefix += llvm::isAlnum(c) ? c : '_';
  return prefix.empty() || !llvm::isAlpha(prefix[0]) ? "model_" + prefix
                                                     : prefix;
}

class CortexM7 : public Target {
public:
  explicit CortexM7(const CompileOptions &options) : options(options) {
    target.prefix =
        options.prefix.empty() ? prefixFor(options) : options.prefix;
    target.hardFloat = options.hardFloat;
    target.optLevel = options.optLevel;
    target.sram = options.sram;
    target.flash = options.flash;
    target.allowFloat = options.allowFloat;
    target.floatOperators = options.floatOperators;
    target.savesMemory = options.savesMemory;
    target.profile = options.profile;
    target.streamedInput = options.streamedInput;
  }

  llvm::Error checkOptions() override {
    if (options.paddingFree)
      return llvm::createStringError(
          "--padding-free is for targets that take sizes as they come; on a "
          "Cortex-M7 all are known");
    if (options.emit == EmitKind::Object && options.output != "-" &&
        llvm::sys::path::extension(options.output) == ".h")
      return llvm::createStringError(
          "the object would be named as its header, '" + options.output + "'");
    return llvm::Error::success();
  }

  void buildPipeline(OpPassManager &pm) override {
    m7::buildCortexM7Pipeline(pm, target);
  }

  bool mayRefuse() const override { return true; }

  LogicalResult emit(ModuleOp module, EmitKind kind, StringRef path) override {
    m7::CortexM7Output output = m7::CortexM7Output::Object;
    if (kind == EmitKind::LLVMIR)
      output = m7::CortexM7Output::LLVMIR;
    else if (kind == EmitKind::Assembly)
      output = m7::CortexM7Output::Assembly;
    return m7::emitCortexM7(module, target, output, path);
  }

private:
  const CompileOptions &options;
  m7::CortexM7Options target;
};

class Cuda : public WeightsTarget<cuda::CudaOptions> {
public:
  explicit Cuda(const CompileOptions &options) : WeightsTarget(options) {
    if (options.cpu != "native")
      target.arch = options.cpu;
    target.matmul = options.matmul;
    target.estimate = !options.reportFiles.empty();
  }

  llvm::Error checkOptions() override {
    std::string reason = cuda::checkArchitecture(target.arch);
    if (reason.empty())
      return llvm::Error::success();
    return llvm::createStringError(
        reason + "; with --target=cuda -mcpu takes sm_80 (which is the "
                 "default) or newer, such as sm_86, sm_89, sm_90 or sm_120");
  }

  void buildPipeline(OpPassManager &pm) override {
    cuda::buildCudaPipeline(pm, target);
  }

  LogicalResult emit(ModuleOp module, EmitKind kind, StringRef path) override {
    cuda::CudaOutput output = cuda::CudaOutput::SharedLibrary;
    if (kind == EmitKind::LLVMIR)
      output = cuda::CudaOutput::LLVMIR;
    else if (kind == EmitKind::Ptx)
      output = cuda::CudaOutput::Ptx;
    return cuda::emitCuda(module, target, output, path);
  }
};

} // namespace

Target::~Target() = default;

bool TargetRegistry::Entry::writes(EmitKind kind) const {
  return llvm::is_contained(kinds, kind);
}

TargetRegistry::TargetRegistry() {
  add({"x86-64",
       {EmitKind::SharedLibrary, EmitKind::Object, EmitKind::Assembly,
        EmitKind::LLVMIR},
       [](const CompileOptions &options) {
         return std::make_unique<X86>(options);
       }});
  add({"cuda",
       {EmitKind::SharedLibrary, EmitKind::Ptx, EmitKind::LLVMIR},
       [](const CompileOptions &options) {
         return std::make_unique<Cuda>(options);
       }});
  add({"cortex-m7",
       {EmitKind::Object, EmitKind::Assembly, EmitKind::LLVMIR},
       [](const CompileOptions &options) {
         return std::make_unique<CortexM7>(options);
       }});
}

void TargetRegistry::add(Entry entry) {
  for (Entry &known : targets)
    if (known.name == entry.name) {
      known = std::move(entry);
      return;
    }
  targets.push_back(std::move(entry));
}

const TargetRegistry::Entry *TargetRegistry::find(StringRef name) const {
  auto found = llvm::find_if(
      targets, [&](const Entry &entry) { return entry.name == name; });
  return found == targets.end() ? nullptr : &*found;
}
