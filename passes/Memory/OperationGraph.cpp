//===- OperationGraph.cpp - what may be reordered ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperationGraph.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace tfc::memory;

static std::optional<int64_t> bytesOf(MemRefType type) {
  if (!type.hasStaticShape() || !type.getLayout().isIdentity() ||
      !type.getElementType().isIntOrIndexOrFloat())
    return std::nullopt;
  unsigned bits =
      type.getElementType().isIndex() ? 32 : type.getElementTypeBitWidth();
  return type.getNumElements() * llvm::divideCeil(bits, 8);
}

FailureOr<OperationGraph> OperationGraph::build(Block &block) {
  OperationGraph graph(block);
  if (failed(graph.addTemporaries()))
    return failure();
  graph.findRoots();
  for (Operation &op : block.without_terminator())
    if (failed(graph.addNode(&op)))
      return failure();
  return graph;
}

LogicalResult OperationGraph::addTemporaries() {
  WalkResult result = block->walk([&](memref::AllocOp alloc) {
    std::optional<int64_t> bytes = bytesOf(alloc.getType());
    if (!bytes)
      return WalkResult::interrupt();
    if (alloc->getBlock() == block) {
      temporaryOf[alloc] = allTemporaries.size();
      allTemporaries.push_back({alloc, *bytes});
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

void OperationGraph::findRoots() {
  BufferViewFlowAnalysis flow(block->getParentOp());
  auto add = [&](Value root) {
    for (Value alias : flow.resolve(root))
      roots[alias].push_back(root);
  };
  for (BlockArgument argument : block->getArguments())
    if (isa<BaseMemRefType>(argument.getType()))
      add(argument);
  block->walk([&](memref::AllocOp alloc) { add(alloc.getMemref()); });
}

void OperationGraph::wait(unsigned later, unsigned earlier) {
  if (later == earlier || llvm::is_contained(allNodes[later].before, earlier))
    return;
  allNodes[later].before.push_back(earlier);
  allNodes[earlier].after.push_back(later);
}

/// Makes a node wait for the nodes whose results it uses, also by way of
/// operations that are no nodes.
void OperationGraph::waitForOperands(unsigned node) {
  SmallVector<Operation *> open = {allNodes[node].op};
  DenseSet<Operation *> seen;
  while (!open.empty())
    open.pop_back_val()->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands()) {
        Operation *made = operand.getDefiningOp();
        if (!made || made->getBlock() != block || !seen.insert(made).second)
          continue;
        auto earlier = nodeOf.find(made);
        if (earlier != nodeOf.end())
          wait(node, earlier->second);
        else
          open.push_back(made);
      }
    });
}

LogicalResult OperationGraph::addNode(Operation *op) {
  if (isa<memref::AllocOp>(op) || isMemoryEffectFree(op))
    return success();
  if (auto dealloc = dyn_cast<memref::DeallocOp>(op)) {
    if (!temporaryOf.contains(dealloc.getMemref()))
      return failure();
    deallocs.push_back(dealloc);
    return success();
  }
  std::optional<SmallVector<MemoryEffects::EffectInstance>> effects =
      getEffectsRecursively(op);
  if (!effects)
    return failure();
  unsigned number = allNodes.size();
  nodeOf[op] = number;
  allNodes.emplace_back().op = op;
  waitForOperands(number);
  if (barrier)
    wait(number, *barrier);
  op->walk([&](memref::AllocOp alloc) {
    allNodes[number].inside += *bytesOf(alloc.getType());
  });
  SetVector<Value> read, written;
  bool isBarrier = false;
  for (const MemoryEffects::EffectInstance &effect : *effects) {
    Value value = effect.getValue();
    // What is done to no memory in particular, as a check that ends the call,
    // stays where it is.
    isBarrier |= !value;
    if (!value)
      continue;
    bool reads = isa<MemoryEffects::Read>(effect.getEffect());
    auto found = roots.find(value);
    if (found == roots.end())
      (reads ? read : written).insert(value);
    else
      (reads ? read : written).insert_range(found->second);
  }
  if (isBarrier) {
    for (unsigned earlier = 0; earlier < number; ++earlier)
      wait(number, earlier);
    barrier = number;
  }
  SetVector<Value> all = written;
  all.insert_range(read);
  for (Value root : all) {
    bool writes = written.contains(root);
    for (const Access &earlier : accesses[root])
      if (writes || earlier.writes)
        wait(number, earlier.node);
    accesses[root].push_back({number, writes});
    auto temporary = temporaryOf.find(root);
    if (temporary == temporaryOf.end())
      continue;
    allNodes[number].touched.push_back(temporary->second);
    ++allTemporaries[temporary->second].touches;
  }
  return success();
}

int64_t OperationGraph::peakOf(ArrayRef<unsigned> order) const {
  SmallVector<unsigned> touches(allTemporaries.size(), 0);
  int64_t live = 0, peak = 0;
  for (unsigned number : order) {
    const Node &node = allNodes[number];
    for (unsigned t : node.touched)
      if (touches[t]++ == 0)
        live += allTemporaries[t].bytes;
    peak = std::max(peak, live + node.inside);
    for (unsigned t : node.touched)
      if (touches[t] == allTemporaries[t].touches)
        live -= allTemporaries[t].bytes;
  }
  return peak;
}

/// Places `op` and, before it, what it uses.
void OperationGraph::place(Operation *op, SetVector<Operation *> &placed) {
  if (placed.contains(op))
    return;
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands()) {
      Operation *made = operand.getDefiningOp();
      if (made && made->getBlock() == block)
        place(made, placed);
    }
  });
  placed.insert(op);
}

void OperationGraph::apply(ArrayRef<unsigned> order) {
  SetVector<Operation *> placed;
  SmallVector<unsigned> left;
  for (const Temporary &temporary : allTemporaries)
    left.push_back(temporary.touches);
  auto end = [&](unsigned temporary) {
    for (memref::DeallocOp dealloc : deallocs)
      if (temporaryOf.lookup(dealloc.getMemref()) == temporary)
        place(dealloc, placed);
  };
  for (unsigned number : order) {
    place(allNodes[number].op, placed);
    for (unsigned t : allNodes[number].touched)
      if (--left[t] == 0)
        end(t);
  }
  // What no node uses.
  for (Operation &op : block->without_terminator())
    place(&op, placed);
  for (Operation *op : placed)
    op->moveBefore(block->getTerminator());
}
