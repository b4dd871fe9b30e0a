//===- KeptNodes.cpp - what stays in f32 beside int8 ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeptNodes.h"
#include "tfc/Passes/Compress/QuantizedNodes.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

static StringRef nodeName(Operation *op) {
  if (auto named = op->getLoc()->findInstanceOf<NameLoc>())
    if (!named.getName().empty())
      return named.getName();
  return op->getName().getStringRef();
}

/// Whether `op` is of a kind that is computed in int8.
static bool hasIntegerForm(Operation *op) {
  return !isMove(op) &&
         (contractionOf(op) ||
          isa<attn::NormOp, linalg::GenericOp, tensor::InsertSliceOp>(op));
}

std::vector<std::string> tfc::compress::quantizedNodes(func::FuncOp function) {
  llvm::SetVector<StringRef> names;
  Sites sites = findSites(function);
  for (Operation &op : function.front()) {
    bool givesSite = op.getNumResults() == 1 && sites.find(op.getResult(0));
    if (hasIntegerForm(&op) && (givesSite || contractionOf(&op)))
      names.insert(nodeName(&op));
  }
  std::vector<std::string> result;
  for (StringRef name : names)
    result.push_back(name.str());
  return result;
}

bool KeptNodes::isKept(Operation *op) const {
  return op && !kept.empty() && kept.contains(nodeName(op));
}

bool KeptNodes::isReadInIntegers(OpOperand &use) const {
  Operation *owner = use.getOwner();
  if (isMove(owner))
    return llvm::any_of(owner->getResult(0).getUses(), [&](OpOperand &next) {
      return isReadInIntegers(next);
    });
  return hasIntegerForm(owner) && !isKept(owner);
}

SmallVector<OpOperand *> KeptNodes::roundedUses(Value value) const {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : value.getUses()) {
    // What asks for its size only, or overwrites it.
    bool isInit =
        isa<linalg::LinalgOp>(use.getOwner()) &&
        cast<DestinationStyleOpInterface>(use.getOwner()).isDpsInit(&use);
    if (!isa<tensor::DimOp>(use.getOwner()) && !isInit)
      uses.push_back(&use);
  }
  if (kept.empty())
    return uses;
  // What a kernel gives is rounded for all; what is given in f32 for those that
  // compute in int8.
  Operation *source = value.getDefiningOp();
  if (source && hasIntegerForm(source) && !isKept(source))
    return uses;
  llvm::erase_if(uses, [&](OpOperand *use) { return !isReadInIntegers(*use); });
  return uses;
}
