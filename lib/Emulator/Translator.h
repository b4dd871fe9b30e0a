//===- Translator.h - kernels for nvptx64 to code for the host --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_EMULATOR_TRANSLATOR_H
#define TFC_LIB_EMULATOR_TRANSLATOR_H

#include "Block.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
}

namespace tfc::emulator {

/// A parameter of a kernel.
struct Parameter {
  uint32_t bytes = 0, alignment = 1;
};

/// What is known of a kernel once it is translated.
struct KernelInfo {
  std::string name;
  std::vector<Parameter> parameters;
  /// Of variables; dynamic shared memory begins after it.
  uint32_t staticShared = 0;
  bool usesDynamicShared = false;
  bool waits = false;
  uint32_t granuleLog2 = 4;
  uint32_t mostThreads = maxThreads;
  /// Exactly this block, where the kernel says so.
  std::optional<Dimensions> requiredBlock;
  std::vector<std::string> sites;
};

/// What the code is generated for.
struct TranslationTarget {
  llvm::TargetMachine &machine;
  DeviceMemory &memory;
  uint64_t sharedWindow;
  Mode mode;
  /// 10 times the compute capability.
  int architecture;
};

/// Variables of a module in global and constant memory, and where they are.
using VariableAddresses = llvm::StringMap<uint64_t>;

/// Makes from one kernel of a module a module of its own for the host, with a
/// function `info.name` of type KernelCode: what it calls is inlined, NVPTX's
/// intrinsics become arithmetic or calls of Runtime.h, and addresses of memory
/// are checked and become those of the host before each access. The order of
/// accesses stays that of the source, as optimisation comes after the checks.
class Translator {
public:
  Translator(const llvm::Module &source, const TranslationTarget &target,
             const VariableAddresses &variables)
      : source(source), target(target), variables(variables),
        builder(source.getContext()) {}

  llvm::Expected<std::unique_ptr<llvm::Module>>
  translate(const llvm::Function &kernel);

  KernelInfo info;

private:
  /// Which memory a pointer is of.
  enum class Space { Global, Shared, Local, Unknown };
  struct Access {
    llvm::Instruction *instruction;
    unsigned pointerOperand;
    Space space;
    AccessFlags flags;
    uint32_t site;
  };
  struct Call {
    llvm::CallInst *call;
    uint32_t site;
  };

  // Translate.cpp
  llvm::Error extract(const llvm::Function &kernel);
  llvm::Error inlineCalls();
  void answerReflections();
  void replaceAssembly();
  void clean();
  llvm::Error placeVariables();
  llvm::Error readLaunchBounds();
  llvm::Error makeEntry();
  llvm::Error rewriteCalls();
  llvm::Error fail(const llvm::Twine &why) const;

  // TranslateAccess.cpp
  llvm::Error collect();
  llvm::Error collectAccess(llvm::Instruction &instruction, uint32_t site);
  Space spaceOf(llvm::Value *pointer, unsigned depth = 0) const;
  llvm::Error noteLocal(const llvm::AllocaInst &array);
  void rewriteAccess(const Access &access);
  void checkLocal(const Access &access);
  llvm::Value *checkGlobal(const Access &access, llvm::Value *address);
  void noteGranule(uint64_t bytes);

  // TranslateIntrinsics.cpp
  /// Builds what an intrinsic gives in front of it. Null where it has no
  /// meaning here; `known` is false then, or where there is no result.
  llvm::Value *emitIntrinsic(llvm::StringRef name, const Call &call,
                             bool &known);
  llvm::Value *emitRegister(llvm::StringRef name);
  llvm::Value *emitBarrier(llvm::StringRef name, const Call &call, bool &known);
  llvm::Value *emitWarp(const Call &call, WarpOp op, uint32_t form,
                        llvm::ArrayRef<llvm::Value *> inputs);
  llvm::Value *emitMaskedWarp(llvm::StringRef name, const Call &call,
                              bool &known);
  llvm::Value *emitMatrix(llvm::StringRef name, const Call &call, bool &known);
  bool emitAsyncCopy(llvm::StringRef name, const Call &call);
  llvm::Value *addressOf(llvm::Value *pointer);
  llvm::Value *loadThread(size_t offset, llvm::Type *type);
  llvm::CallInst *callRuntime(llvm::StringRef name, llvm::Type *result,
                              llvm::ArrayRef<llvm::Value *> arguments);

  // TranslateMath.cpp
  /// Null where `name` is no arithmetic that is known.
  llvm::Value *emitMath(llvm::StringRef name, llvm::CallInst &call);

  const llvm::Module &source;
  TranslationTarget target;
  const VariableAddresses &variables;
  llvm::IRBuilder<> builder;
  std::unique_ptr<llvm::Module> module;
  llvm::Function *kernel = nullptr;
  llvm::Value *thread = nullptr;
  uint64_t localBytes = 0;
  std::vector<Access> accesses;
  std::vector<Call> calls;
};

/// What an overloaded or plain intrinsic for NVPTX is called, without
/// "llvm.nvvm."; empty for others.
llvm::StringRef nvvmName(const llvm::Function &function);

} // namespace tfc::emulator

#endif // TFC_LIB_EMULATOR_TRANSLATOR_H
