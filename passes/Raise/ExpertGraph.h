//===- ExpertGraph.h - what an expert is written as -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_EXPERTGRAPH_H
#define TFC_PASSES_RAISE_EXPERTGRAPH_H

#include "Recognise.h"
#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::raise {

/// A constant that is multiplied with: a matrix, or matrices of which `index`
/// says which; `taken` are those.
struct ExpertWeight {
  mlir::Value value;
  bool transposed = false;
  mlir::Value index = {}, taken = {};
  bool isStack = false;
};

/// activation(x w1 + b1) * (x w3), times w2, + b2; what is not there is null.
struct ExpertGraph {
  mlir::Value x;
  ExpertWeight w1, w2, w3;
  mlir::Value b1, b2;
  attn::Activation activation = attn::Activation::None;

  bool hasForm(const ExpertGraph &other) const {
    return x == other.x && !w3.value == !other.w3.value && !b1 == !other.b1 &&
           !b2 == !other.b2 && activation == other.activation;
  }
};

/// What an expert's constants are: matrices, those that are gathered from
/// stacks, or whole stacks.
enum class ExpertWeights { Own, Gathered, Stacked };

/// The expert, or all experts, that `y` is the result of.
std::optional<ExpertGraph> matchExpert(RaiseContext &c, mlir::Value y,
                                       ExpertWeights weights);

/// `value` before operators that only change its shape.
mlir::Value pastShapes(mlir::Value value);

/// The experts' constants, one stack each; nothing where sizes do not fit.
struct ExpertStacks {
  Raised w1, w2, w3, b1, b2;
  attn::Activation activation = attn::Activation::None;
};
std::optional<ExpertStacks> stackExperts(RaiseContext &c,
                                         llvm::ArrayRef<ExpertGraph> experts);

/// attn.route of tokens [N, D] by choices [N, K]; the gates are ones where they
/// are absent. Nothing where the sizes cannot be seen to fit.
std::optional<Raised> makeRoute(NodeContext &n, Raised x, Raised choices,
                                Raised gates, ExpertStacks &experts);

/// Says in the report why something that looked like a route stays a graph.
std::nullopt_t noRoute(NodeContext &n, const llvm::Twine &why);
/// `route` [N, C] with the sizes that the graph has, noted for the report.
Raised finishRoute(NodeContext &n, Raised route, Sizes shape, int64_t experts,
                   mlir::OpFoldResult choices);

Raised reshaped(NodeContext &n, Raised x, Sizes shape);

/// Whether all its elements are known to be zeros.
bool isZeros(RaiseContext &c, mlir::Value value);

/// `value` = `number`, the number being one that is known.
struct Comparison {
  mlir::Value value;
  int64_t number = 0;
};
std::optional<Comparison> matchEqual(RaiseContext &c, mlir::Value condition);

/// Experts by number, of which each is there once.
std::optional<llvm::SmallVector<ExpertGraph>>
inOrder(llvm::ArrayRef<std::pair<int64_t, ExpertGraph>> found);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_EXPERTGRAPH_H
