//===- SimplifyNodes.cpp - share equal nodes --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Onnx/Onnx.h"
#include "tfc/Target/Onnx/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <map>

namespace tfc::toonnx {
#define GEN_PASS_DEF_SIMPLIFYNODESPASS
#include "tfc/Target/Onnx/Passes.h.inc"
} // namespace tfc::toonnx

using namespace mlir;
using namespace tfc;

namespace {

/// What two operations that compute the same have in common.
using Key = std::pair<const void *, std::vector<void *>>;

Key keyOf(Operation &op) {
  SmallVector<Attribute> attributes;
  if (auto node = dyn_cast<onnx::NodeOp>(op))
    attributes = {node.getOpTypeAttr(), node.getDomainAttr(),
                  node.getOpsetAttr(), node.getNodeAttrs()};
  else if (auto initializer = dyn_cast<onnx::InitializerOp>(op))
    attributes = {initializer.getValueAttr()};
  Attribute all = ArrayAttr::get(op.getContext(), attributes);
  Key key{all.getAsOpaquePointer(), {}};
  for (Value operand : op.getOperands())
    key.second.push_back(operand.getAsOpaquePointer());
  return key;
}

/// Gives `value` the sizes that `type` knows besides.
void refine(Value value, Type type) {
  auto known = dyn_cast<RankedTensorType>(value.getType());
  auto other = dyn_cast<RankedTensorType>(type);
  if (!known || !other || !value.getDefiningOp<onnx::NodeOp>() ||
      known.getRank() != other.getRank())
    return;
  SmallVector<int64_t> shape(known.getShape());
  for (auto [size, more] : llvm::zip(shape, other.getShape()))
    if (ShapedType::isDynamic(size))
      size = more;
  value.setType(known.clone(shape));
}

void share(Block &block, std::map<Key, Operation *> seen) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    for (Region &region : op.getRegions())
      if (isa<onnx::NodeOp>(op))
        share(region.front(), seen);
    auto node = dyn_cast<onnx::NodeOp>(op);
    if (node && node.getOpType() == "Identity") {
      refine(node.getInputs()[0], node.getOutputs()[0].getType());
      node.getOutputs()[0].replaceAllUsesWith(node.getInputs()[0]);
      op.erase();
      continue;
    }
    if (op.getNumRegions() > 0 ||
        !isa<onnx::NodeOp, onnx::InitializerOp, onnx::AbsentOp>(op))
      continue;
    auto [known, isNew] = seen.try_emplace(keyOf(op), &op);
    if (isNew)
      continue;
    for (auto [result, same] :
         llvm::zip(op.getResults(), known->second->getResults())) {
      refine(same, result.getType());
      result.replaceAllUsesWith(same);
    }
    op.erase();
  }
}

void removeUnused(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (!isa<onnx::NodeOp, onnx::InitializerOp, onnx::AbsentOp>(op))
      continue;
    if (op.use_empty()) {
      op.erase();
      continue;
    }
    for (Region &region : op.getRegions())
      removeUnused(region.front());
  }
}

struct SimplifyNodesPass
    : public toonnx::impl::SimplifyNodesPassBase<SimplifyNodesPass> {
  void runOnOperation() override {
    getOperation()->walk([](func::FuncOp function) {
      if (function.isDeclaration())
        return;
      share(function.getBody().front(), {});
      // What subgraphs used may be unused once they are smaller.
      removeUnused(function.getBody().front());
      removeUnused(function.getBody().front());
      Operation *end = function.getBody().front().getTerminator();
      function.setType(FunctionType::get(function.getContext(),
                                         function.getArgumentTypes(),
                                         end->getOperandTypes()));
    });
  }
};

} // namespace
