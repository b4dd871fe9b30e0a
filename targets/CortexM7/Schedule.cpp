//===- Schedule.cpp - steps of a function, and lives in them ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Schedule.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace tfc::m7;

/// Whether an operation does nothing at a time: it names memory or ends its
/// life, which the plan sees by what is done in between.
static bool takesNoTime(Operation *op) {
  return isa<memref::AllocOp, memref::DeallocOp>(op) ||
         op->hasTrait<OpTrait::IsTerminator>() || isMemoryEffectFree(op);
}

Schedule::Schedule(func::FuncOp function,
                   llvm::function_ref<bool(Operation *)> makesTemporary) {
  number(function.getBody().front(), makesTemporary);
}

void Schedule::number(Block &block,
                      llvm::function_ref<bool(Operation *)> makesTemporary) {
  for (Operation &op : block) {
    bool holdsTemporaries = false;
    for (Region &region : op.getRegions())
      region.walk(
          [&](Operation *inner) { holdsTemporaries |= makesTemporary(inner); });
    if (!holdsTemporaries && takesNoTime(&op))
      continue;
    Life life;
    life.first = operations.size();
    if (holdsTemporaries)
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          number(inner, makesTemporary);
    if (static_cast<int64_t>(operations.size()) == life.first)
      operations.push_back(&op);
    life.last = operations.size() - 1;
    when[&op] = life;
  }
}

/// The innermost block that `a` and `b` lie in.
static Block *commonBlock(Block *a, Block *b) {
  while (a != b && !a->findAncestorOpInBlock(*b->getParentOp()))
    a = a->getParentOp()->getBlock();
  return a;
}

/// The innermost block in which all aliases and their uses are seen. A loop's
/// argument is seen around the loop: its buffer lives on in the next iteration.
static Block *homeOf(ArrayRef<Value> aliases) {
  Value first = aliases.front();
  Block *home = first.getParentBlock();
  for (Value alias : aliases) {
    Block *block = alias.getParentBlock();
    if (isa<BlockArgument>(alias))
      block = block->getParentOp()->getBlock();
    home = commonBlock(home, block);
    for (Operation *user : alias.getUsers())
      home = commonBlock(home, user->getBlock());
  }
  return home;
}

Schedule::Life Schedule::lifeOf(ArrayRef<Value> aliases) const {
  Life life;
  Block *home = homeOf(aliases);
  for (Value alias : aliases)
    for (Operation *user : alias.getUsers()) {
      auto found = when.find(home->findAncestorOpInBlock(*user));
      // Views take no time; what uses them does.
      if (found == when.end())
        continue;
      life.first = std::min(life.first, found->second.first);
      life.last = std::max(life.last, found->second.last);
    }
  return life;
}

std::string tfc::m7::nodeName(Location location) {
  auto named = location->findInstanceOf<NameLoc>();
  return named ? named.getName().str() : std::string();
}
