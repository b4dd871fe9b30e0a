//===- Heads.cpp - heads packed into features -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Heads.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

Raised tfc::raise::splitHeads(NodeContext &n, Raised &packed, int64_t heads) {
  OpFoldResult count = n.c.size(heads),
               depth = n.c.quotient({packed.shape[2]}, {count});
  Sizes split = {packed.shape[0], packed.shape[1], count, depth},
        shape = {packed.shape[0], count, packed.shape[1], depth};
  Value value = n.c.reshape(n.c.tensor(packed), packed.shape, split);
  value = linalg::TransposeOp::create(n.b, n.loc, value,
                                      n.c.empty(shape, packed.kind),
                                      ArrayRef<int64_t>{0, 2, 1, 3})
              ->getResult(0);
  return n.c.fromTensor(value, packed.kind, shape);
}

Raised tfc::raise::joinHeads(NodeContext &n, Raised &apart) {
  ArrayRef<OpFoldResult> shape(apart.shape);
  Sizes moved = {shape[0], shape[2], shape[1], shape[3]},
        merged = {shape[0], shape[2], n.c.multiply(shape[1], shape[3])};
  Value joined = linalg::TransposeOp::create(n.b, n.loc, n.c.tensor(apart),
                                             n.c.empty(moved, apart.kind),
                                             ArrayRef<int64_t>{0, 2, 1, 3})
                     ->getResult(0);
  return n.c.fromTensor(n.c.reshape(joined, moved, merged), apart.kind, merged);
}
