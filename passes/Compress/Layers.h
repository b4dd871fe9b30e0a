//===- Layers.h - residual blocks and layers of a model ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_LAYERS_H
#define TFC_PASSES_COMPRESS_LAYERS_H

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::compress {

/// What is added to the residual stream: sum = input + branch(input).
struct ResidualBlock {
  mlir::Operation *sum;
  mlir::Value input;
  /// The last linear layer of the branch, which names it; null without one.
  attn::LinearOp last;
  /// Those on the way through the branch.
  std::vector<attn::AttentionOp> attentions;
};

/// Those of `function` itself, in its order.
std::vector<ResidualBlock> findResidualBlocks(mlir::func::FuncOp function);

/// Blocks up to the next without attention: of an encoder its attention and its
/// feed-forward block, of a decoder the attention to the encoder between. From
/// `input` to `output`, which is behind the norm where norms follow the sums.
struct Layer {
  mlir::Value input, output;
  std::vector<ResidualBlock> blocks;
  /// Which residual stream it is of, from 0: an encoder's, a decoder's.
  unsigned stream;
};

std::vector<Layer> findLayers(mlir::func::FuncOp function);

/// The model without `block`; fails where sizes that are known of its input are
/// not known of the sum.
llvm::LogicalResult dropBlock(const ResidualBlock &block);
/// The model without `layer`; fails where it does not give what it takes.
llvm::LogicalResult dropLayer(const Layer &layer);
/// The model without what is behind layer `count`, counted from 1; fails where
/// the last one gives something else, or another stream's.
llvm::LogicalResult exitAfter(llvm::ArrayRef<Layer> layers, size_t count);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_LAYERS_H
