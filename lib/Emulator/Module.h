//===- Module.h - modules and kernels that were loaded ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_EMULATOR_MODULE_H
#define TFC_LIB_EMULATOR_MODULE_H

#include "Translator.h"

#include "llvm/IR/LLVMContext.h"

#include <memory>
#include <mutex>

namespace llvm::orc {
class JITDylib;
class LLJIT;
} // namespace llvm::orc

namespace tfc::emulator {

/// A kernel that was translated. Its code is generated when it is launched
/// first.
class Kernel {
public:
  KernelInfo info;
  /// As cuFuncSetAttribute set it: most bytes of dynamic shared memory.
  uint32_t mostDynamicShared = 48 * 1024;

private:
  friend class Compiler;
  friend class LoadedModule;
  std::unique_ptr<llvm::Module> code;
  KernelCode entry = nullptr;
  llvm::orc::JITDylib *library = nullptr;
};

/// Makes code for the host; one serves the process.
class Compiler {
public:
  static llvm::Expected<std::unique_ptr<Compiler>> create();
  ~Compiler();

  llvm::TargetMachine &machine() { return *target; }
  /// The kernel's code, generated on the first call.
  llvm::Expected<KernelCode> compile(Kernel &kernel);
  /// Lets the kernel's code go.
  void release(Kernel &kernel);

private:
  Compiler();
  std::unique_ptr<llvm::TargetMachine> target;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  unsigned count = 0;
};

/// A module of kernels, as a compiler hands it to LLVM's backend for NVPTX.
class LoadedModule {
public:
  /// Parses bitcode or text, and gives variables their places.
  static llvm::Expected<std::unique_ptr<LoadedModule>>
  load(llvm::StringRef image, const TranslationTarget &target);
  ~LoadedModule();

  /// The kernel called `name`, translated on the first call; null where there
  /// is none.
  llvm::Expected<Kernel *> find(llvm::StringRef name);

private:
  LoadedModule(const TranslationTarget &target) : target(target) {}
  llvm::Error placeVariables();
  llvm::Error placeVariable(const llvm::GlobalVariable &variable);

  TranslationTarget target;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> source;
  VariableAddresses variables;
  llvm::StringMap<std::unique_ptr<Kernel>> kernels;
};

} // namespace tfc::emulator

#endif // TFC_LIB_EMULATOR_MODULE_H
