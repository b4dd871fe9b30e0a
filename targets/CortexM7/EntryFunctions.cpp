//===- EntryFunctions.cpp - what firmware calls --------------------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EntryFunctions.h"

#include "llvm/ADT/SmallSet.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace mlir;
using namespace tfc::m7;

namespace {

class EntryFunctions {
public:
  EntryFunctions(llvm::Module &module, const Interface &interface,
                 StringRef prefix)
      : module(module), interface(interface), prefix(prefix),
        b(module.getContext()),
        pointer(llvm::PointerType::getUnqual(module.getContext())),
        word(llvm::Type::getInt32Ty(module.getContext())),
        context(llvm::StructType::get(pointer, tableType(interface.inputs),
                                      tableType(interface.outputs))) {}

  void build() {
    llvm::Function *init = buildInit(), *invoke = buildInvoke();
    buildRun(init, invoke);
  }

private:
  static unsigned pointersOf(const InterfaceTensor &tensor) {
    return tensor.strip ? 2 : 1;
  }

  /// The struct of inputs or outputs, as the header has it.
  llvm::Type *tableType(const std::vector<InterfaceTensor> &tensors) {
    unsigned pointers = 0;
    for (const InterfaceTensor &tensor : tensors)
      pointers += pointersOf(tensor);
    // C has no empty structs.
    if (pointers == 0)
      return b.getInt8Ty();
    return llvm::ArrayType::get(pointer, pointers);
  }

  llvm::Function *start(StringRef suffix, ArrayRef<llvm::Type *> parameters) {
    auto *function = llvm::Function::Create(
        llvm::FunctionType::get(word, parameters, false),
        llvm::GlobalValue::ExternalLinkage, prefix + suffix, module);
    b.SetInsertPoint(
        llvm::BasicBlock::Create(module.getContext(), "entry", function));
    return function;
  }

  llvm::BasicBlock *newBlock(const char *name = "") {
    return llvm::BasicBlock::Create(module.getContext(), name,
                                    b.GetInsertBlock()->getParent());
  }

  llvm::Value *fieldOf(llvm::Value *contextAddress, unsigned table,
                       unsigned field) {
    return b.CreateInBoundsGEP(
        context, contextAddress,
        {b.getInt32(0), b.getInt32(table), b.getInt32(field)});
  }

  void check(llvm::Value *address, int64_t alignment) {
    llvm::Value *bits = b.CreatePtrToInt(address, word);
    llvm::Value *bad = b.CreateIsNull(bits);
    if (alignment > 1)
      bad = b.CreateOr(bad,
                       b.CreateIsNotNull(b.CreateAnd(
                           bits, llvm::ConstantInt::get(word, alignment - 1))));
    llvm::BasicBlock *next = newBlock();
    b.CreateCondBr(bad, refused, next);
    b.SetInsertPoint(next);
  }

  /// Checks and loads what a table of the caller's leads to.
  SmallVector<llvm::Value *>
  checkTable(llvm::Value *table, const std::vector<InterfaceTensor> &tensors) {
    SmallVector<llvm::Value *> addresses;
    if (tensors.empty())
      return addresses;
    check(table, 4);
    auto next = [&] {
      addresses.push_back(b.CreateLoad(
          pointer,
          b.CreateConstInBoundsGEP1_32(pointer, table, addresses.size())));
      return addresses.back();
    };
    for (const InterfaceTensor &tensor : tensors) {
      llvm::Value *address = next();
      if (tensor.strip || tensor.count() > 0)
        check(address, tensor.strip ? 1 : tensor.elementBytes());
      if (tensor.strip)
        next();
    }
    return addresses;
  }

  llvm::Function *buildInit() {
    llvm::Function *init = start("_init", {pointer, pointer, pointer, pointer});
    refused = newBlock("refused");
    llvm::Value *to = init->getArg(0), *arena = init->getArg(1);
    check(to, 4);
    if (interface.arenaBytes)
      check(arena, arenaAlignment);
    SmallVector<llvm::Value *> tables[] = {
        checkTable(init->getArg(2), interface.inputs),
        checkTable(init->getArg(3), interface.outputs)};
    b.CreateStore(arena, to);
    for (auto [table, addresses] : llvm::enumerate(tables))
      for (auto [field, address] : llvm::enumerate(addresses))
        b.CreateStore(address, fieldOf(to, table + 1, field));
    b.CreateRet(b.getInt32(0));
    b.SetInsertPoint(refused);
    b.CreateRet(b.getInt32(1));
    return init;
  }

  llvm::Function *buildInvoke() {
    llvm::Function *invoke = start("_invoke", {pointer});
    llvm::Value *from = invoke->getArg(0);
    llvm::Value *arena = b.CreateLoad(pointer, from);
    llvm::Function *compute = module.getFunction(computeName);
    // Two functions call it: once is enough in flash.
    compute->addFnAttr(llvm::Attribute::NoInline);
    SmallVector<llvm::Value *> arguments;
    llvm::SmallSet<unsigned, 4> callers;
    auto load = [&](unsigned table,
                    const std::vector<InterfaceTensor> &tensors) {
      unsigned field = 0;
      for (const InterfaceTensor &tensor : tensors)
        for (unsigned i = 0; i < pointersOf(tensor); ++i) {
          if (tensor.strip)
            callers.insert(arguments.size());
          arguments.push_back(
              b.CreateLoad(pointer, fieldOf(from, table, field++)));
        }
    };
    load(1, interface.inputs);
    load(2, interface.outputs);
    arguments.resize(compute->arg_size(), arena);
    // As the header demands; inputs, which may be one, are only read. What a
    // function of the caller's is given leads to is not known.
    for (unsigned i = 0; i < compute->arg_size(); ++i)
      if (!callers.contains(i))
        compute->addParamAttr(i, llvm::Attribute::NoAlias);
    b.CreateRet(b.CreateCall(compute, arguments));
    return invoke;
  }

  void buildRun(llvm::Function *init, llvm::Function *invoke) {
    llvm::Function *run = start("_run", {pointer, pointer, pointer});
    llvm::Value *own = b.CreateAlloca(context);
    // Inlined, the context is gone.
    auto call = [&](llvm::Function *callee, ArrayRef<llvm::Value *> arguments) {
      llvm::CallInst *result = b.CreateCall(callee, arguments);
      result->addFnAttr(llvm::Attribute::AlwaysInline);
      return result;
    };
    llvm::Value *status =
        call(init, {own, run->getArg(0), run->getArg(1), run->getArg(2)});
    llvm::BasicBlock *good = newBlock("good"), *bad = newBlock("bad");
    b.CreateCondBr(b.CreateIsNull(status), good, bad);
    b.SetInsertPoint(bad);
    b.CreateRet(status);
    b.SetInsertPoint(good);
    b.CreateRet(call(invoke, {own}));
  }

  llvm::Module &module;
  const Interface &interface;
  StringRef prefix;
  llvm::IRBuilder<> b;
  llvm::PointerType *pointer;
  llvm::Type *word;
  /// The arena and the two tables, as the header has them.
  llvm::StructType *context;
  llvm::BasicBlock *refused = nullptr;
};

} // namespace

void tfc::m7::addEntryFunctions(llvm::Module &module,
                                const Interface &interface, StringRef prefix) {
  EntryFunctions(module, interface, prefix).build();
}
