//===- SiteGraph.h - what operations are to quantisation --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_SITEGRAPH_H
#define TFC_PASSES_COMPRESS_SITEGRAPH_H

#include "tfc/Dialect/Attn/Attn.h"

#include <optional>
#include <vector>

namespace tfc::compress {

using namespace mlir;

/// A tensor of f32.
bool isReal(Value value);

/// Whether `op` only moves elements of its first operand, or puts zeros beside.
bool isMove(Operation *op);

/// What `value` is before it was moved.
Value rootOf(Value value);

/// Whether `value` does not depend on the function's arguments.
bool isConstantValue(Value value);

/// The elements of an f32 constant; none where they are not there.
std::optional<std::vector<float>> numbersOf(Value value);

/// The number that a constant has everywhere.
std::optional<float> uniformNumber(Value value);

/// x times y, summed over what the result does not have.
struct Contraction {
  OpOperand *x, *y;
  AffineMap xMap, yMap, outMap;

  /// The dimension of y along which the result has elements of their own, where
  /// there is one such.
  std::optional<unsigned> columnsOfY() const;
};
std::optional<Contraction> contractionOf(Operation *op);

/// A generic operation on each element, with one f32 result of its loops'
/// shape.
linalg::GenericOp elementwise(Operation *op);

/// The single operation of the body, on its arguments and constants.
Operation *onlyOperation(linalg::GenericOp op);

/// The number that `scalar`, an operand in the body, is for all elements.
std::optional<float> uniformOperand(linalg::GenericOp op, Value scalar);

/// Whether the body only gives the first argument.
bool isCopy(linalg::GenericOp op);

/// The sum or the greatest over some dimensions, of one tensor.
bool isSum(Operation *op);
bool isGreatest(Operation *op);

/// The operations of a softmax over the last dimension.
struct Softmax {
  Value input;
  SmallVector<Operation *> inner;
};
/// That ends in the division `op`.
std::optional<Softmax> softmaxOf(Operation *op);

/// The input of a mean that ends in the division or product `op`.
struct Mean {
  Operation *sum;
  Value input;
};
std::optional<Mean> meanOf(Operation *op);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_SITEGRAPH_H
