//===- PositionMoments.cpp - keys and values along the sequence -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Compress/PositionMoments.h"

#include "SiteGraph.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

SmallVector<attn::AttentionOp>
tfc::compress::attentionsWithPositions(func::FuncOp function) {
  SmallVector<attn::AttentionOp> found;
  for (auto attention : function.front().getOps<attn::AttentionOp>())
    if (attention.getResult() && isReal(attention.getKey()) &&
        !cast<ShapedType>(attention.getKey().getType()).isDynamicDim(2))
      found.push_back(attention);
  return found;
}

void tfc::compress::attachPositionMoments(attn::AttentionOp attention,
                                          ArrayRef<double> keys,
                                          ArrayRef<double> values) {
  int64_t count = cast<ShapedType>(attention.getKey().getType()).getDimSize(2);
  auto type = RankedTensorType::get({count, count},
                                    Float64Type::get(attention.getContext()));
  auto attach = [&](StringRef name, ArrayRef<double> numbers) {
    attention->setAttr(name, DenseResourceElementsAttr::get(
                                 type, "positions",
                                 HeapAsmResourceBlob::allocateAndCopyInferAlign(
                                     numbers, /*dataIsMutable=*/false)));
  };
  attach(keyPositionsName, keys);
  attach(valuePositionsName, values);
}

void tfc::compress::dropPositionMoments(func::FuncOp function) {
  function.walk([](attn::AttentionOp attention) {
    attention->removeAttr(keyPositionsName);
    attention->removeAttr(valuePositionsName);
  });
}
