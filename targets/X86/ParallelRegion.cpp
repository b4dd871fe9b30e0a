//===- ParallelRegion.cpp - iterations dealt to workers ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParallelRegion.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

Value tfc::x86::grainOf(OpBuilder &b, Location loc, Value work,
                        int64_t workWorthAWorker) {
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value enough = arith::ConstantIndexOp::create(b, loc, workWorthAWorker);
  return b.createOrFold<arith::MaxUIOp>(
      loc,
      b.createOrFold<arith::DivUIOp>(
          loc, enough, b.createOrFold<arith::MaxUIOp>(loc, work, one)),
      one);
}

ValueRange tfc::x86::beginParallel(OpBuilder &b, Location loc, Value count,
                                   Value grain, ValueRange told) {
  auto region = ParallelOp::create(b, loc, count, grain, told);
  Block *body = &region.getBody().emplaceBlock();
  for (unsigned i = 0; i < 3; ++i)
    body->addArgument(b.getIndexType(), loc);
  b.setInsertionPointToStart(body);
  YieldOp::create(b, loc);
  b.setInsertionPointToStart(body);
  return body->getArguments();
}
