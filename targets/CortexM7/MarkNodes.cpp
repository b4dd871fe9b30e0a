//===- MarkNodes.cpp - a call where each node begins ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interface.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_MARKNODESPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

/// Whether an operation writes memory: what moves no bytes, as views and sizes,
/// belongs to what uses it.
bool works(Operation &op) {
  if (isMemoryEffectFree(&op) || op.hasTrait<OpTrait::IsTerminator>())
    return false;
  if (op.getNumRegions() > 0)
    return true;
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  return !effects || effects.hasEffect<MemoryEffects::Write>();
}

/// The node of the file; the operation's own name where it has none.
std::string nodeOf(Operation &op) {
  if (auto named = op.getLoc()->findInstanceOf<NameLoc>())
    if (!named.getName().empty())
      return named.getName().str();
  return op.getName().getStringRef().str();
}

struct MarkNodesPass : public tfc::m7::impl::MarkNodesPassBase<MarkNodesPass> {
  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>(computeName);
    if (!function)
      return;
    OpBuilder b(getOperation().getBodyRegion());
    auto hook = LLVM::LLVMFuncOp::create(
        b, function.getLoc(), profileName,
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                    b.getI32Type()));
    auto mark = [&](Operation &before, size_t number) {
      b.setInsertionPoint(&before);
      Value node = arith::ConstantOp::create(
          b, before.getLoc(),
          b.getI32IntegerAttr(static_cast<int32_t>(number)));
      LLVM::CallOp::create(b, before.getLoc(), hook, ValueRange(node));
    };
    Block &block = function.getBody().front();
    llvm::MapVector<StringRef, size_t> numbers;
    SmallVector<Attribute> names;
    StringRef current;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (!works(op))
        continue;
      StringAttr name = b.getStringAttr(nodeOf(op));
      if (name.getValue() == current)
        continue;
      current = name.getValue();
      auto [at, isNew] = numbers.insert({current, names.size()});
      if (isNew)
        names.push_back(name);
      mark(op, at->second);
    }
    mark(*block.getTerminator(), names.size());
    getOperation()->setAttr("m7.nodes", b.getArrayAttr(names));
  }
};

} // namespace
