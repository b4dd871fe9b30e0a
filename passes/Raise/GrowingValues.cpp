//===- GrowingValues.cpp - what loops append to -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GrowingValues.h"
#include "Recognise.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

GrowingValues::GrowingValues(NodeContext &n, Region &body, unsigned count)
    : n(n), terminator(body.front().getTerminator()) {
  for (unsigned i = 0; i < count; ++i) {
    // The body takes the iteration and the condition first, and gives the
    // condition first.
    Value argument = body.front().getArgument(2 + i),
          result = terminator->getOperand(1 + i);
    onnx::NodeOp concat = producer(result, "Concat");
    if (!concat || concat.getInputs().size() != 2 ||
        concat.getInputs()[0] != argument || !argument.hasOneUse() ||
        !concat->hasOneUse())
      continue;
    axes[i] = NodeContext(n.c, concat).integer("axis", 0);
  }
}

void GrowingValues::yieldItems() {
  for (auto [carried, axis] : axes) {
    onnx::NodeOp concat =
        producer(terminator->getOperand(1 + carried), "Concat");
    terminator->setOperand(1 + carried, concat.getInputs()[1]);
  }
}

FailureOr<Raised> GrowingValues::joined(unsigned carried, Raised &before,
                                        Raised &items) {
  int64_t rank = before.rank();
  FailureOr<int64_t> axis = n.normalAxis(axes[carried], rank);
  if (failed(axis))
    return failure();
  if (items.rank() != rank + 1 || items.kind != before.kind)
    return n.fail("what it appends has another rank or type");
  // [iterations, ..., width, ...] as [..., iterations, width, ...].
  SmallVector<int64_t> order;
  for (int64_t d = 1; d <= rank; ++d) {
    if (d - 1 == *axis)
      order.push_back(0);
    order.push_back(d);
  }
  Sizes moved, flat;
  for (int64_t d : order)
    moved.push_back(items.shape[d]);
  for (int64_t d = 0; d < rank; ++d) {
    OpFoldResult size = items.shape[d + 1];
    flat.push_back(d == *axis ? n.c.multiply(items.shape[0], size) : size);
    if (d != *axis && size != before.shape[d])
      return n.fail("the sizes of what it appends cannot be seen to fit");
  }
  Value all = linalg::TransposeOp::create(n.b, n.loc, n.c.tensor(items),
                                          n.c.empty(moved, items.kind), order)
                  ->getResult(0);
  all = n.c.reshape(all, moved, flat);
  if (isConstantIntValue(before.shape[*axis], 0))
    return n.c.fromTensor(all, items.kind, flat);
  Sizes whole = flat, zeros(rank, n.c.size(0)), ones(rank, n.c.size(1)),
        behind = zeros;
  whole[*axis] = n.c.add(before.shape[*axis], flat[*axis]);
  behind[*axis] = before.shape[*axis];
  Value start = tensor::InsertSliceOp::create(n.b, n.loc, n.c.tensor(before),
                                              n.c.empty(whole, before.kind),
                                              zeros, before.shape, ones);
  all =
      tensor::InsertSliceOp::create(n.b, n.loc, all, start, behind, flat, ones);
  return n.c.fromTensor(all, before.kind, whole);
}
