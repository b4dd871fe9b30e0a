//===- Recognise.h - small graphs that mean one operation -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters write attention, normalisation and patch embedding as graphs of
// small operators. The rule of such a graph's last operator asks here first.
// What the graph's other operators raised to is then unused, and goes away.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_RECOGNISE_H
#define TFC_PASSES_RAISE_RECOGNISE_H

#include "RaiseContext.h"
#include "tfc/Dialect/Attn/Attn.h"

namespace tfc::raise {

/// A number that absorbs every f32 score below 1e22: adding it is the same as
/// putting it in the score's place. docs/numerics.md says so to users.
constexpr double absorbing = -1e30;
/// A number that gives f32 scores less than 1e8 apart no weight beside one that
/// it is not added to.
constexpr double hiding = -1e9;

/// The node that makes `value`, if it is ONNX's operator `type`.
onnx::NodeOp producer(mlir::Value value, llvm::StringRef type);
/// The only element of `raised`, where it is a known floating point number.
std::optional<double> scalarOf(RaiseContext &c, Raised &raised);

/// The keys as [..., T, D] from what a product took, [..., D, T].
Raised untransposed(RaiseContext &c, Raised &transposed);

/// MatMul(Softmax(scores), v), the scores being a product of query and key,
/// scaled, capped by tanh, with biases added and masks put over them by Where.
std::optional<Raised> recogniseAttention(NodeContext &n);

/// q (k^T v) / (q sum(k) [+ epsilon]), q and k being feature maps: `n` is the
/// Div.
std::optional<Raised> recogniseLinearAttention(NodeContext &n);

/// The same of causal attention: q times prefix sums of k^T v, divided by q
/// times prefix sums of k. `n` is the Div.
std::optional<Raised> recogniseCausalLinearAttention(NodeContext &n);

/// Landmark attention: softmax within groups of keys, times softmax over the
/// last of each group. `n` is the Einsum with the values.
std::optional<Raised> recogniseGroupedAttention(NodeContext &n);

/// Whether query, key and value are of rank 4 and their sizes are seen to fit.
bool queryKeyValueFit(const Raised &query, const Raised &key,
                      const Raised &value);
/// attn.attention of scale 1 for `n`.
Raised makeAttention(NodeContext &n, Raised query, Raised key, Raised value,
                     attn::ScoreFunction score);
/// A total, and the number that is added to it, or 0.
std::pair<mlir::Value, double> withoutEpsilon(RaiseContext &c,
                                              mlir::Value total);

/// MatMul(OneHot(ArgMax(MatMul(q, k^T))), v), the one-hot rows being made by
/// comparing with 0, 1, ...: `n` is the outer product.
std::optional<Raised> recogniseHardAttention(NodeContext &n);

/// Rotary position embedding, of all features or the first ones: `n` is the
/// Add, Concat or Reshape that ends it.
std::optional<Raised> recogniseRope(NodeContext &n);

/// The eight or nine operators that opsets below 17 need for layer
/// normalisation: `n` is the Div, Mul or Add that ends them.
std::optional<Raised> recogniseLayerNorm(NodeContext &n);

/// Transpose(Reshape(Conv)) that cuts an image into patches.
std::optional<Raised> recognisePatchEmbed(NodeContext &n);

/// Products with matrices gathered by each token's choice: `n` is the expert's
/// last MatMul. The gates are ones until absorbGates.
std::optional<Raised> recogniseGatheredExperts(NodeContext &n);

/// Experts that run on the tokens found to have chosen them: `n` is the last
/// ScatterND. The gates are ones until absorbGates.
std::optional<Raised> recogniseScatteredExperts(NodeContext &n);

/// An attn.route whose gates are ones, times a number a token: `n` is the Mul.
std::optional<Raised> absorbGates(NodeContext &n);

/// A sum of experts that all tokens go through, each times its gate: `n` is the
/// last Add.
std::optional<Raised> recogniseDenseExperts(NodeContext &n);

/// The same by products of stacked matrices, [E, N, C] summed over E: `n` is
/// the ReduceSum.
std::optional<Raised> recogniseStackedExperts(NodeContext &n);

/// `linear + bias` where `linear` is an attn.linear that has none yet and is
/// used nowhere else, and `bias` a constant row.
std::optional<Raised> addBiasToLinear(NodeContext &n, Raised &linear,
                                      Raised &bias);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_RECOGNISE_H
