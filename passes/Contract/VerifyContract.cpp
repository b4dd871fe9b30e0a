//===- VerifyContract.cpp - what holds between the layers -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Contract/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"

namespace tfc::contract {
#define GEN_PASS_DEF_VERIFYCONTRACTPASS
#include "tfc/Passes/Contract/Passes.h.inc"
} // namespace tfc::contract

using namespace mlir;
using namespace tfc::contract;

namespace {

/// Dialects that targets lower.
constexpr StringLiteral loweredDialects[] = {
    "affine", "arith",   "attn", "bufferization", "builtin",
    "cf",     "complex", "func", "index",         "linalg",
    "math",   "quant",   "scf",  "tensor",        "ub"};

bool isOfOnnx(Type type) { return type.getDialect().getNamespace() == "onnx"; }

/// Element types that artefacts take and give.
bool isPassable(Type type) {
  if (type.isF16() || type.isBF16() || type.isF32() || type.isF64())
    return true;
  auto integer = dyn_cast<IntegerType>(type);
  return integer && integer.isSignless() &&
         llvm::is_contained({1u, 8u, 16u, 32u, 64u}, integer.getWidth());
}

struct VerifyContractPass
    : public tfc::contract::impl::VerifyContractPassBase<VerifyContractPass> {
  using VerifyContractPassBase::VerifyContractPassBase;

  void runOnOperation() override {
    isBroken = false;
    getOperation()->walk([&](Operation *op) {
      if (op != getOperation())
        checkOperation(op);
    });
    for (auto function : getOperation().getOps<func::FuncOp>())
      checkNames(function);
    if (border == Border::AttnToTarget)
      checkEntry();
    markAllAnalysesPreserved();
    if (isBroken)
      signalPassFailure();
  }

private:
  InFlightDiagnostic broken(Operation *op) {
    isBroken = true;
    return op->emitOpError();
  }

  void checkOperation(Operation *op);
  void checkTarget(Operation *op);
  void checkNames(func::FuncOp function);
  void checkEntry();
  void checkPassed(func::FuncOp function, ArrayRef<Type> types, StringRef what,
                   function_ref<DictionaryAttr(unsigned)> attributesOf);

  bool isBroken = false;
};

void VerifyContractPass::checkOperation(Operation *op) {
  StringRef dialect = op->getName().getDialectNamespace();
  if (dialect == "onnx") {
    broken(op) << "is left of the onnx dialect; raise-onnx comes first, for "
                  "functions with onnx.graph_name";
    return;
  }
  auto types = llvm::to_vector(op->getResultTypes());
  for (Region &region : op->getRegions())
    for (Block &block : region)
      llvm::append_range(types, block.getArgumentTypes());
  for (Type type : types) {
    if (isOfOnnx(type)) {
      broken(op) << "has a value of type " << type << " of the onnx dialect";
      return;
    }
    if (isa<UnrankedTensorType>(type)) {
      broken(op) << "has a value of type " << type
                 << "; tensors have a rank here";
      return;
    }
  }
  if (border == Border::AttnToTarget)
    checkTarget(op);
}

void VerifyContractPass::checkTarget(Operation *op) {
  if (isa<func::CallOp, func::CallIndirectOp>(op)) {
    broken(op) << "calls a function; targets take one, so run inline and "
                  "symbol-dce first";
    return;
  }
  StringRef dialect = op->getName().getDialectNamespace();
  if (!llvm::is_contained(loweredDialects, dialect) &&
      !llvm::is_contained(dialects, dialect))
    broken(op)
        << "is of a dialect that no target lowers; convert it to linalg, "
           "tensor, arith, math or scf first";
}

void VerifyContractPass::checkNames(func::FuncOp function) {
  auto check = [&](DictionaryAttr attributes, StringRef what, unsigned number) {
    if (!attributes)
      return;
    for (NamedAttribute attribute : attributes)
      if (attribute.getName().getValue().starts_with("onnx."))
        broken(function) << what << " " << number << " has the attribute '"
                         << attribute.getName().getValue()
                         << "'; names are in tfc.name here";
  };
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    check(function.getArgAttrDict(i), "argument", i);
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    check(function.getResultAttrDict(i), "result", i);
}

void VerifyContractPass::checkPassed(
    func::FuncOp function, ArrayRef<Type> types, StringRef what,
    function_ref<DictionaryAttr(unsigned)> attributesOf) {
  llvm::StringSet<> names;
  for (auto [i, type] : llvm::enumerate(types)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !isPassable(tensor.getElementType())) {
      broken(function) << what << " " << i << " has the type " << type
                       << "; expected a ranked tensor of f16, bf16, f32, f64, "
                          "i1, i8, i16, i32 or i64";
      continue;
    }
    DictionaryAttr attributes = attributesOf(i);
    if (!attributes)
      continue;
    if (Attribute name = attributes.get("tfc.name")) {
      auto text = dyn_cast<StringAttr>(name);
      if (!text)
        broken(function) << what << " " << i << " has the tfc.name " << name
                         << "; expected a string";
      else if (!names.insert(text).second)
        broken(function) << what << " " << i << " has the name '"
                         << text.getValue() << "' of an earlier one";
    }
    if (Attribute dims = attributes.get("tfc.dims")) {
      auto list = dyn_cast<ArrayAttr>(dims);
      if (!list || list.size() != static_cast<size_t>(tensor.getRank()) ||
          !llvm::all_of(list, llvm::IsaPred<StringAttr>))
        broken(function) << what << " " << i << " has the tfc.dims " << dims
                         << "; expected a string for each of "
                         << tensor.getRank() << " dimensions";
    }
    if (Attribute number = attributes.get("tfc.type"))
      if (!isa<IntegerAttr>(number))
        broken(function) << what << " " << i << " has the tfc.type " << number
                         << "; expected an integer";
  }
}

void VerifyContractPass::checkEntry() {
  func::FuncOp entry;
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    if (function.isDeclaration() || function.isPrivate())
      continue;
    if (entry) {
      broken(function) << "is a second public function; targets take one";
      return;
    }
    entry = function;
  }
  if (!entry) {
    broken(getOperation()) << "has no public function with a body";
    return;
  }
  if (!llvm::hasSingleElement(entry.getBody()))
    broken(entry) << "has " << entry.getBody().getBlocks().size()
                  << " blocks; targets take one, with scf for control flow";
  checkPassed(entry, entry.getArgumentTypes(), "argument",
              [&](unsigned i) { return entry.getArgAttrDict(i); });
  checkPassed(entry, entry.getResultTypes(), "result",
              [&](unsigned i) { return entry.getResultAttrDict(i); });
}

} // namespace
