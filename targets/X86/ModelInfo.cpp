//===- ModelInfo.cpp - what an artefact says of itself ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelInfo.h"

#include "tfc/Runtime/model.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace {

/// Builds the constant tables of one module.
class InfoBuilder {
public:
  explicit InfoBuilder(llvm::Module &module)
      : module(module), context(module.getContext()),
        pointer(llvm::PointerType::getUnqual(context)),
        i32(llvm::Type::getInt32Ty(context)),
        i64(llvm::Type::getInt64Ty(context)),
        tensorInfo(
            llvm::StructType::get(context, {pointer, i32, i32, pointer, pointer,
                                            i32, i32, i32, i64})) {}

  llvm::Constant *text(StringRef value) {
    return hidden(llvm::ConstantDataArray::getString(context, value),
                  "tfc_text");
  }

  llvm::Constant *table(ArrayRef<llvm::Constant *> entries, llvm::Type *type) {
    return hidden(llvm::ConstantArray::get(
                      llvm::ArrayType::get(type, entries.size()), entries),
                  "tfc_table");
  }

  llvm::Constant *tensors(ArrayAttr list) {
    SmallVector<llvm::Constant *> infos;
    for (auto entry : list.getAsRange<DictionaryAttr>()) {
      SmallVector<llvm::Constant *> dims, symbols;
      for (int64_t dim : entry.getAs<DenseI64ArrayAttr>("dims").asArrayRef())
        dims.push_back(llvm::ConstantInt::getSigned(i64, dim));
      for (auto symbol :
           entry.getAs<ArrayAttr>("symbols").getAsRange<StringAttr>())
        symbols.push_back(text(symbol.getValue()));
      auto cache = entry.getAs<DenseI64ArrayAttr>("cache");
      infos.push_back(llvm::ConstantStruct::get(
          tensorInfo,
          {text(entry.getAs<StringAttr>("name").getValue()),
           number(entry.getAs<IntegerAttr>("type").getInt()),
           number(dims.size()), table(dims, i64), table(symbols, pointer),
           number(entry.get("data_dependent") ? 1 : 0),
           number(cache ? cache[0] : -1), number(cache ? cache[1] : 0),
           wide(cache ? cache[2] : 0)}));
    }
    return table(infos, tensorInfo);
  }

  llvm::Constant *number(uint64_t value) {
    return llvm::ConstantInt::get(i32, value);
  }
  llvm::Constant *wide(uint64_t value) {
    return llvm::ConstantInt::get(i64, value);
  }

  void define(StringRef name, llvm::Constant *value,
              llvm::GlobalValue::VisibilityTypes visibility =
                  llvm::GlobalValue::HiddenVisibility) {
    auto *global = new llvm::GlobalVariable(module, value->getType(), true,
                                            llvm::GlobalValue::ExternalLinkage,
                                            value, name);
    global->setVisibility(visibility);
  }

  llvm::PointerType *getPointer() { return pointer; }

private:
  llvm::Constant *hidden(llvm::Constant *value, StringRef name) {
    return new llvm::GlobalVariable(module, value->getType(), true,
                                    llvm::GlobalValue::PrivateLinkage, value,
                                    name);
  }

  llvm::Module &module;
  llvm::LLVMContext &context;
  llvm::PointerType *pointer;
  llvm::Type *i32, *i64;
  llvm::StructType *tensorInfo;
};

/// The instruction sets that code may have, of those that ModelEntry.c knows
/// how to ask for.
std::string requiredFeatures(const llvm::TargetMachine &machine) {
  SmallVector<StringRef> needed;
  for (StringRef feature : {"sse4.2",       "popcnt",
                            "movbe",        "avx",
                            "f16c",         "fma",
                            "bmi",          "bmi2",
                            "lzcnt",        "avx2",
                            "avxvnni",      "avxifma",
                            "avxvnniint8",  "avxvnniint16",
                            "gfni",         "avx512f",
                            "avx512bw",     "avx512cd",
                            "avx512dq",     "avx512vl",
                            "avx512ifma",   "avx512vbmi",
                            "avx512vbmi2",  "avx512vnni",
                            "avx512bitalg", "avx512vpopcntdq",
                            "avx512bf16",   "avx512fp16"})
    if (machine.getMCSubtargetInfo()->checkFeatures(("+" + feature).str()))
      needed.push_back(feature);
  return llvm::join(needed, ",");
}

} // namespace

LogicalResult tfc::x86::addModelInfo(ModuleOp module, llvm::Module &llvmModule,
                                     const llvm::TargetMachine &machine,
                                     StringRef device) {
  auto interface = module->getAttrOfType<DictionaryAttr>("x86.interface");
  auto checks = module->getAttrOfType<ArrayAttr>("x86.checks");
  auto weights = module->getAttrOfType<IntegerAttr>("x86.weights_bytes");
  if (!interface || !checks || !weights)
    return module.emitError(
        "expected the attributes x86.interface, x86.checks and "
        "x86.weights_bytes, which the x86 pipeline sets");
  InfoBuilder b(llvmModule);
  auto inputs = interface.getAs<ArrayAttr>("inputs"),
       outputs = interface.getAs<ArrayAttr>("outputs");
  b.define(
      "tfc_generated_info",
      llvm::ConstantStruct::getAnon(
          {b.number(TFC_ABI_VERSION), b.number(0), b.text("tfc " TFC_VERSION),
           b.text(interface.getAs<StringAttr>("model").getValue()),
           b.text(device.empty() ? machine.getTargetCPU() : device),
           b.text(requiredFeatures(machine)), b.wide(weights.getInt()),
           b.number(inputs.size()), b.number(outputs.size()), b.tensors(inputs),
           b.tensors(outputs)}));
  SmallVector<llvm::Constant *> texts;
  for (auto check : checks.getAsRange<StringAttr>())
    texts.push_back(b.text(check.getValue()));
  texts.push_back(llvm::ConstantPointerNull::get(b.getPointer()));
  auto *type = llvm::ArrayType::get(b.getPointer(), texts.size());
  b.define("tfc_generated_checks", llvm::ConstantArray::get(type, texts));
  if (auto regions = module->getAttrOfType<ArrayAttr>("x86.regions")) {
    SmallVector<llvm::Constant *> nodes;
    for (auto name : regions.getAsRange<StringAttr>())
      nodes.push_back(b.text(name.getValue()));
    b.define("tfc_model_profile",
             llvm::ConstantStruct::getAnon(
                 {b.wide(nodes.size()), b.table(nodes, b.getPointer())}),
             llvm::GlobalValue::DefaultVisibility);
  }
  return success();
}
