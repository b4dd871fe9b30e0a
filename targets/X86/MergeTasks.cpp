//===- MergeTasks.cpp - one function for equal tasks ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/X86/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/MapVector.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86MERGETASKSPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;

namespace {

constexpr auto anywhere = OperationEquivalence::IgnoreLocations;

/// Equal for equal functions; where their values are is left to the comparison.
llvm::hash_code hashOf(LLVM::LLVMFuncOp function) {
  llvm::hash_code hash = hash_value(Type(function.getFunctionType()));
  function.getBody().walk([&](Operation *op) {
    hash = llvm::hash_combine(
        hash, OperationEquivalence::computeHash(
                  op, OperationEquivalence::ignoreHashValue,
                  OperationEquivalence::ignoreHashValue, anywhere));
  });
  return hash;
}

/// What a function is but for its name and its body.
NamedAttrList attributesOf(LLVM::LLVMFuncOp function) {
  NamedAttrList attributes(function->getAttrDictionary());
  attributes.erase(SymbolTable::getSymbolAttrName());
  return attributes;
}

bool areEqual(LLVM::LLVMFuncOp a, LLVM::LLVMFuncOp b) {
  return attributesOf(a) == attributesOf(b) &&
         OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(),
                                                    anywhere);
}

/// What is in the body of `kept` now stands for that of `merged` as well.
void joinLocations(LLVM::LLVMFuncOp kept, LLVM::LLVMFuncOp merged) {
  MLIRContext *context = kept.getContext();
  for (auto [a, b] : llvm::zip_equal(kept.getBody(), merged.getBody()))
    for (auto [x, y] : llvm::zip_equal(a, b))
      x.setLoc(FusedLoc::get(context, {x.getLoc(), y.getLoc()}));
}

struct MergeTasksPass : tfc::x86::impl::X86MergeTasksPassBase<MergeTasksPass> {
  void runOnOperation() override {
    SymbolTableCollection tables;
    SymbolUserMap users(tables, getOperation());
    llvm::MapVector<size_t, SmallVector<LLVM::LLVMFuncOp>> kept;
    for (auto function : llvm::make_early_inc_range(
             getOperation().getOps<LLVM::LLVMFuncOp>())) {
      if (function.isExternal() ||
          function.getLinkage() != LLVM::Linkage::Internal)
        continue;
      SmallVector<LLVM::LLVMFuncOp> &alike = kept[hashOf(function)];
      auto same = llvm::find_if(alike, [&](LLVM::LLVMFuncOp other) {
        return areEqual(other, function);
      });
      if (same == alike.end()) {
        alike.push_back(function);
        continue;
      }
      joinLocations(*same, function);
      users.replaceAllUsesWith(function, same->getSymNameAttr());
      function.erase();
    }
  }
};

} // namespace
