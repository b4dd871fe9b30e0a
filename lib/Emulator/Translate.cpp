//===- Translate.cpp - a kernel becomes a module of its own -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"
#include "Translator.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/LowerMemIntrinsics.h"

using namespace llvm;
using namespace tfc::emulator;

StringRef tfc::emulator::nvvmName(const Function &function) {
  StringRef name = function.getName();
  return name.consume_front("llvm.nvvm.") ? name : StringRef();
}

Error Translator::fail(const Twine &why) const {
  return createStringError("kernel '" + info.name + "': " + why);
}

Expected<std::unique_ptr<Module>>
Translator::translate(const Function &wanted) {
  info.name = wanted.getName().str();
  for (auto step : {&Translator::inlineCalls, &Translator::readLaunchBounds,
                    &Translator::collect, &Translator::placeVariables,
                    &Translator::makeEntry, &Translator::rewriteCalls}) {
    if (!module)
      if (Error error = extract(wanted))
        return std::move(error);
    if (Error error = (this->*step)())
      return std::move(error);
  }
  for (const Access &access : accesses)
    rewriteAccess(access);
  std::string message;
  raw_string_ostream stream(message);
  if (verifyModule(*module, &stream))
    return fail("the emulator made wrong code of it: " + message);
  return std::move(module);
}

/// Functions and variables that `kernel` reaches.
static void findNeeded(const Function &kernel,
                       SetVector<const GlobalValue *> &needed) {
  SmallPtrSet<const User *, 32> seen;
  SmallVector<const User *> work = {&kernel};
  needed.insert(&kernel);
  auto visit = [&](const Value *value) {
    if (auto *global = dyn_cast<GlobalValue>(value))
      needed.insert(global);
    if (auto *user = dyn_cast<User>(value))
      if (isa<Constant>(user) && seen.insert(user).second)
        work.push_back(user);
  };
  while (!work.empty()) {
    const User *user = work.pop_back_val();
    for (const Value *operand : user->operand_values())
      visit(operand);
    if (auto *function = dyn_cast<Function>(user))
      for (const Instruction &instruction : instructions(function))
        for (const Value *operand : instruction.operand_values())
          visit(operand);
  }
}

Error Translator::extract(const Function &wanted) {
  SetVector<const GlobalValue *> needed;
  findNeeded(wanted, needed);
  ValueToValueMapTy map;
  module = CloneModule(source, map, [&](const GlobalValue *value) {
    return needed.contains(value);
  });
  kernel = cast<Function>(map[&wanted]);
  for (GlobalVariable &variable : make_early_inc_range(module->globals()))
    if (variable.use_empty())
      variable.eraseFromParent();
  for (Function &function : make_early_inc_range(*module))
    if (function.use_empty() && &function != kernel)
      function.eraseFromParent();
  for (NamedMDNode &node : make_early_inc_range(module->named_metadata()))
    if (!node.getName().starts_with("llvm.dbg") &&
        node.getName() != "llvm.module.flags")
      node.eraseFromParent();
  return Error::success();
}

Error Translator::inlineCalls() {
  module->setTargetTriple(target.machine.getTargetTriple());
  module->setDataLayout(target.machine.createDataLayout());
  for (Function &function : *module) {
    if (function.isDeclaration())
      continue;
    // GPUs' features mean nothing to the host.
    for (StringRef name : {"target-cpu", "target-features"})
      function.removeFnAttr(name);
    for (auto kind : {Attribute::NoInline, Attribute::OptimizeNone})
      function.removeFnAttr(kind);
    function.setComdat(nullptr);
    if (&function == kernel)
      continue;
    function.setLinkage(GlobalValue::InternalLinkage);
    function.setCallingConv(CallingConv::C);
    for (User *user : function.users())
      if (auto *call = dyn_cast<CallBase>(user))
        call->setCallingConv(CallingConv::C);
    function.addFnAttr(Attribute::AlwaysInline);
  }
  answerReflections();
  replaceAssembly();
  clean();
  for (Instruction &instruction : instructions(kernel)) {
    auto *call = dyn_cast<CallBase>(&instruction);
    if (!call)
      continue;
    if (call->isInlineAsm())
      return fail("inline assembly cannot be emulated: \"" +
                  cast<InlineAsm>(call->getCalledOperand())->getAsmString() +
                  "\"; use the intrinsic for it");
    Function *callee = call->getCalledFunction();
    if (!callee)
      return fail("a call through a pointer cannot be emulated");
    if (!callee->isDeclaration())
      return fail("the recursive call of '" + callee->getName() +
                  "' cannot be emulated");
  }
  return Error::success();
}

/// Answers questions about the target, as LLVM's NVVMReflect pass does:
/// denormal numbers are kept, and the architecture is the emulated one.
void Translator::answerReflections() {
  SmallVector<CallInst *> questions;
  for (Function &function : *module)
    if (function.getName() == "__nvvm_reflect" ||
        function.getName().starts_with("llvm.nvvm.reflect"))
      for (User *user : function.users())
        if (auto *call = dyn_cast<CallInst>(user))
          questions.push_back(call);
  for (CallInst *call : questions) {
    StringRef name;
    bool known = getConstantStringInfo(
        call->getArgOperand(0)->stripPointerCasts(), name);
    uint64_t answer =
        known && name == "__CUDA_ARCH" ? target.architecture * 10 : 0;
    call->replaceAllUsesWith(ConstantInt::get(call->getType(), answer));
    call->eraseFromParent();
  }
}

/// What some assembly of CUDA's library of device functions (libdevice) does;
/// null for all other.
static Value *emitAssembly(CallInst &call, IRBuilder<> &builder) {
  StringRef text = cast<InlineAsm>(call.getCalledOperand())->getAsmString();
  auto same = [&](Intrinsic::ID id) {
    return builder.CreateIntrinsic(id, {}, {call.getArgOperand(0)});
  };
  if (text == "rcp.approx.ftz.f32 $0,$1;")
    return same(Intrinsic::nvvm_rcp_approx_ftz_f);
  if (text == "rsqrt.approx.ftz.f64 $0, $1;")
    return same(Intrinsic::nvvm_rsqrt_approx_ftz_d);
  SmallVector<StringRef> words;
  SplitString(text, words);
  if (join(words, " ") != "{ mad.lo.cc.u32 $0, $2, $3, $4; "
                          "madc.hi.u32 $1, $2, $3, 0; }")
    return nullptr;
  // A product and a sum of 64 bits, in halves.
  auto widen = [&](unsigned i) {
    return builder.CreateZExt(call.getArgOperand(i), builder.getInt64Ty());
  };
  Value *sum =
      builder.CreateAdd(builder.CreateMul(widen(0), widen(1)), widen(2));
  auto half = [&](unsigned shift) {
    return builder.CreateTrunc(builder.CreateLShr(sum, shift),
                               builder.getInt32Ty());
  };
  Value *low =
      builder.CreateInsertValue(PoisonValue::get(call.getType()), half(0), 0);
  return builder.CreateInsertValue(low, half(32), 1);
}

void Translator::replaceAssembly() {
  SmallVector<CallInst *> found;
  for (Function &function : *module)
    for (Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<CallInst>(&instruction))
        if (call->isInlineAsm())
          found.push_back(call);
  for (CallInst *call : found) {
    builder.SetInsertPoint(call);
    if (Value *value = emitAssembly(*call, builder)) {
      call->replaceAllUsesWith(value);
      call->eraseFromParent();
    }
  }
}

/// Brings values that are kept in variables into sight, and no more: what the
/// kernel accesses, and in which order, stays.
void Translator::clean() {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  PassBuilder passes(&target.machine);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(sccs);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, sccs, modules);
  ModulePassManager manager;
  manager.addPass(AlwaysInlinerPass());
  FunctionPassManager function;
  function.addPass(SROAPass(SROAOptions::PreserveCFG));
  function.addPass(EarlyCSEPass());
  manager.addPass(createModuleToFunctionPassAdaptor(std::move(function)));
  manager.run(*module, modules);

  const TargetTransformInfo info =
      target.machine.getTargetTransformInfo(*kernel);
  SmallVector<MemIntrinsic *> copies;
  for (Instruction &instruction : instructions(kernel))
    if (auto *copy = dyn_cast<MemIntrinsic>(&instruction))
      copies.push_back(copy);
  for (MemIntrinsic *copy : copies) {
    if (auto *memcpy = dyn_cast<MemCpyInst>(copy))
      expandMemCpyAsLoop(memcpy, info);
    else if (auto *memmove = dyn_cast<MemMoveInst>(copy))
      expandMemMoveAsLoop(memmove, info);
    else
      expandMemSetAsLoop(cast<MemSetInst>(copy));
    copy->eraseFromParent();
  }
}

Error Translator::readLaunchBounds() {
  auto sizes = [&](StringRef name) -> std::optional<Dimensions> {
    Attribute attribute = kernel->getFnAttribute(name);
    if (!attribute.isValid())
      return std::nullopt;
    Dimensions result;
    SmallVector<StringRef> parts;
    attribute.getValueAsString().split(parts, ',');
    uint32_t *to[] = {&result.x, &result.y, &result.z};
    for (size_t i = 0; i < parts.size() && i < 3; ++i)
      if (parts[i].trim().getAsInteger(10, *to[i]))
        return std::nullopt;
    return result;
  };
  if (auto most = sizes("nvvm.maxntid"))
    info.mostThreads = std::min<uint64_t>(maxThreads, most->count());
  info.requiredBlock = sizes("nvvm.reqntid");
  return Error::success();
}

Error Translator::placeVariables() {
  const DataLayout &layout = module->getDataLayout();
  auto place = [&](GlobalVariable &variable, uint64_t address) {
    Constant *integer =
        ConstantInt::get(Type::getInt64Ty(module->getContext()), address);
    variable.replaceAllUsesWith(
        ConstantExpr::getIntToPtr(integer, variable.getType()));
    variable.eraseFromParent();
  };
  uint64_t bytes = 0, dynamicAlignment = 16;
  SmallVector<GlobalVariable *> dynamic;
  for (GlobalVariable &variable : make_early_inc_range(module->globals())) {
    unsigned space = variable.getAddressSpace();
    if (space != 3) {
      auto known = variables.find(variable.getName());
      if (known == variables.end())
        return fail("variable '" + variable.getName() +
                    "' is of no memory that is emulated");
      place(variable, known->second);
      continue;
    }
    uint64_t size = layout.getTypeAllocSize(variable.getValueType());
    uint64_t alignment = layout.getPreferredAlign(&variable).value();
    if (variable.hasInitializer() &&
        !isa<UndefValue>(variable.getInitializer()))
      return fail("shared variable '" + variable.getName() +
                  "' has an initial value, which no GPU can give it");
    if (size == 0) {
      dynamicAlignment = std::max(dynamicAlignment, alignment);
      dynamic.push_back(&variable);
      continue;
    }
    bytes = alignTo(bytes, alignment);
    place(variable, target.sharedWindow + bytes);
    bytes += size;
  }
  if (!dynamic.empty())
    bytes = alignTo(bytes, dynamicAlignment);
  for (GlobalVariable *variable : dynamic)
    place(*variable, target.sharedWindow + bytes);
  info.usesDynamicShared = !dynamic.empty();
  if (bytes > maxSharedBytes)
    return fail(
        formatv("its variables are {0} bytes of shared memory, of which "
                "there are {1}",
                bytes, maxSharedBytes));
  info.staticShared = bytes;
  return Error::success();
}

/// The function that the host calls: the kernel's body, with parameters read
/// from where cuLaunchKernel's are.
Error Translator::makeEntry() {
  LLVMContext &context = module->getContext();
  Type *pointer = PointerType::get(context, 0);
  auto *type =
      FunctionType::get(Type::getVoidTy(context), {pointer, pointer}, false);
  Function *entry =
      Function::Create(type, GlobalValue::ExternalLinkage, "", module.get());
  entry->setDSOLocal(true);
  entry->addFnAttr(Attribute::NoUnwind);
  entry->splice(entry->begin(), kernel);
  thread = entry->getArg(0);
  BasicBlock &block = entry->getEntryBlock();
  builder.SetInsertPoint(&block, block.getFirstNonPHIOrDbgOrAlloca());
  const DataLayout &layout = module->getDataLayout();
  for (Argument &argument : kernel->args()) {
    Value *place = builder.CreateConstInBoundsGEP1_64(pointer, entry->getArg(1),
                                                      argument.getArgNo());
    Value *address = builder.CreateLoad(pointer, place);
    Type *value = argument.getParamByValType();
    Type *held = value ? value : argument.getType();
    if (!held->isSized())
      return fail("a parameter has no size");
    Parameter parameter;
    parameter.bytes = layout.getTypeAllocSize(held);
    parameter.alignment = layout.getABITypeAlign(held).value();
    info.parameters.push_back(parameter);
    if (!value) {
      Value *loaded = builder.CreateAlignedLoad(held, address, Align(1));
      argument.replaceAllUsesWith(loaded);
      continue;
    }
    AllocaInst *copy;
    {
      IRBuilder<>::InsertPointGuard guard(builder);
      builder.SetInsertPoint(&block, block.begin());
      copy = builder.CreateAlloca(value);
      copy->setAlignment(std::max(layout.getABITypeAlign(value),
                                  argument.getParamAlign().valueOrOne()));
    }
    builder.CreateMemCpy(copy, copy->getAlign(), address, Align(1),
                         parameter.bytes);
    Value *generic = copy;
    if (argument.getType() != copy->getType())
      generic = builder.CreateAddrSpaceCast(copy, argument.getType());
    argument.replaceAllUsesWith(generic);
  }
  kernel->eraseFromParent();
  kernel = entry;
  kernel->setName(info.name);
  return Error::success();
}

Error Translator::rewriteCalls() {
  for (const Call &site : calls) {
    CallInst *call = site.call;
    Function *callee = call->getCalledFunction();
    builder.SetInsertPoint(call);
    bool known = true;
    Value *result = nullptr;
    StringRef name = nvvmName(*callee);
    if (!name.empty())
      result = emitIntrinsic(name, site, known);
    else if (callee->getName() == "__assertfail" ||
             callee->getIntrinsicID() == Intrinsic::trap)
      callRuntime("tfcEmulatorTrap", builder.getVoidTy(),
                  {thread, builder.getInt32(site.site)});
    else
      known = false;
    if (!known)
      return fail("the emulator does not know '" + callee->getName() + "'");
    if (result)
      call->replaceAllUsesWith(result);
    if (!call->use_empty())
      return fail("the emulator gives '" + callee->getName() + "' no result");
    call->eraseFromParent();
  }
  return Error::success();
}
