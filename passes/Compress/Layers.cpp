//===- Layers.cpp - residual blocks and layers of a model -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Layers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

/// Whether `op` adds two tensors of its result's shape, element by element.
static bool isSum(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumLoops() != op.getNumParallelLoops() || op->getNumResults() != 1)
    return false;
  for (OpOperand &operand : op->getOpOperands())
    if (!op.getMatchingIndexingMap(&operand).isIdentity())
      return false;
  Block *body = op.getBlock();
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  return add && llvm::all_of(add->getOperands(), [&](Value value) {
           auto argument = dyn_cast<BlockArgument>(value);
           return argument && argument.getOwner() == body &&
                  argument.getArgNumber() < 2;
         });
}

/// The residual stream that `value` is, or some rows of.
static Value streamOf(Value value) {
  while (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>())
    value = slice.getSource();
  return value;
}

/// What `value` is computed from, back to `input`; nothing where it is not
/// computed from it.
static llvm::SetVector<Operation *> pathFrom(Value input, Value value) {
  Operation *from = input.getDefiningOp();
  llvm::SetVector<Operation *> path;
  SmallVector<Value> open{value};
  bool meets = false;
  while (!open.empty()) {
    Value next = open.pop_back_val();
    if (next == input) {
      meets = true;
      continue;
    }
    Operation *op = next.getDefiningOp();
    if (!op || (from && op->getBlock() == from->getBlock() &&
                op->isBeforeInBlock(from)))
      continue;
    if (!path.insert(op))
      continue;
    op->walk([&](Operation *inner) {
      open.append(inner->operand_begin(), inner->operand_end());
    });
  }
  return meets ? path : llvm::SetVector<Operation *>();
}

std::vector<ResidualBlock>
tfc::compress::findResidualBlocks(func::FuncOp function) {
  std::vector<ResidualBlock> blocks;
  for (auto op : function.getOps<linalg::LinalgOp>()) {
    if (!isSum(op))
      continue;
    for (unsigned i : {0, 1}) {
      ResidualBlock block{op, op->getOperand(i), {}, {}};
      llvm::SetVector<Operation *> path =
          pathFrom(streamOf(block.input), op->getOperand(1 - i));
      if (path.empty() ||
          streamOf(block.input) == streamOf(op->getOperand(1 - i)))
        continue;
      for (Operation *part : path) {
        if (auto attention = dyn_cast<attn::AttentionOp>(part))
          block.attentions.push_back(attention);
        auto linear = dyn_cast<attn::LinearOp>(part);
        if (linear && (!block.last || block.last->isBeforeInBlock(linear)))
          block.last = linear;
      }
      // What has no weights is no block of a layer: a rotation, a shift.
      if (block.last)
        blocks.push_back(block);
      break;
    }
  }
  return blocks;
}

/// Where what the last layer gives is read: behind a norm of the sum, where the
/// layers before have one there.
static Value outputOf(const Layer &last, ArrayRef<Layer> before) {
  Value sum = last.blocks.back().sum->getResult(0);
  bool normsSums =
      !before.empty() && before.back().output.getDefiningOp<attn::NormOp>();
  if (!normsSums)
    return sum;
  for (Operation *user : sum.getUsers())
    if (auto norm = dyn_cast<attn::NormOp>(user))
      return norm.getResult();
  return sum;
}

std::vector<Layer> tfc::compress::findLayers(func::FuncOp function) {
  std::vector<Layer> layers;
  bool isOpen = false;
  auto close = [&] {
    if (!layers.empty() && !layers.back().output)
      layers.back().output =
          outputOf(layers.back(), ArrayRef(layers).drop_back());
    isOpen = false;
  };
  for (ResidualBlock &block : findResidualBlocks(function)) {
    unsigned stream = layers.empty() ? 0 : layers.back().stream;
    if (!layers.empty()) {
      Value sum = layers.back().blocks.back().sum->getResult(0);
      if (sum != block.input && pathFrom(sum, block.input).empty()) {
        close();
        ++stream;
      }
    }
    if (!isOpen) {
      if (!layers.empty() && !layers.back().output)
        layers.back().output = streamOf(block.input);
      layers.push_back({block.input, {}, {}, stream});
    }
    layers.back().blocks.push_back(block);
    isOpen = !block.attentions.empty();
  }
  close();
  return layers;
}

/// Of `value`, what `like` is of the stream it is rows of.
static Value rowsLike(Value like, Value value) {
  auto slice = like.getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice || slice.getSourceType() != value.getType())
    return value;
  OpBuilder b(slice);
  IRMapping sources;
  sources.map(slice.getSource(), value);
  return b.clone(*slice, sources)->getResult(0);
}

static LogicalResult replace(Value value, Value by) {
  if (value.getType() != by.getType())
    return failure();
  value.replaceAllUsesWith(by);
  return success();
}

LogicalResult tfc::compress::dropBlock(const ResidualBlock &block) {
  return replace(block.sum->getResult(0), block.input);
}

LogicalResult tfc::compress::dropLayer(const Layer &layer) {
  return replace(layer.output, layer.input);
}

LogicalResult tfc::compress::exitAfter(ArrayRef<Layer> layers, size_t count) {
  const Layer &last = layers.back(), &kept = layers[count - 1];
  if (last.stream != kept.stream)
    return failure();
  return replace(last.output, rowsLike(last.input, kept.output));
}
