//===- Launch.cpp - launches, warps and what they share ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Launch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tfc;

gpu::LaunchOp tfc::cuda::createLaunch(OpBuilder &b, Location loc,
                                      gpu::KernelDim3 blocks, Value threads,
                                      Value sharedBytes) {
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  auto launch = gpu::LaunchOp::create(b, loc, blocks.x, blocks.y, blocks.z,
                                      threads, one, one, sharedBytes);
  b.setInsertionPointToStart(&launch.getBody().front());
  b.setInsertionPoint(gpu::TerminatorOp::create(b, loc));
  return launch;
}

gpu::KernelDim3 tfc::cuda::rowOfBlocks(OpBuilder &b, Location loc,
                                       Value blocks) {
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  return {blocks, one, one};
}

tfc::cuda::WarpLoop tfc::cuda::launchWarps(OpBuilder &b, Location loc,
                                           Value count) {
  constexpr int64_t warpsOfBlock = 8;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value perBlock = constant(warpsOfBlock);
  Value blocks = b.createOrFold<arith::CeilDivUIOp>(loc, count, perBlock);
  blocks = b.createOrFold<arith::MinUIOp>(loc, blocks, constant(mostBlocks));
  gpu::LaunchOp launch = createLaunch(b, loc, rowOfBlocks(b, loc, blocks),
                                      constant(warpSize * warpsOfBlock));
  Value thread = launch.getThreadIds().x, warps = constant(warpSize);
  Value lane = arith::RemUIOp::create(b, loc, thread, warps);
  Value first = arith::AddIOp::create(
      b, loc, arith::MulIOp::create(b, loc, launch.getBlockIds().x, perBlock),
      arith::DivUIOp::create(b, loc, thread, warps));
  Value step = arith::MulIOp::create(b, loc, launch.getGridSize().x, perBlock);
  auto loop = scf::ForOp::create(b, loc, first, count, step);
  b.setInsertionPointToStart(loop.getBody());
  return {loop, lane};
}

tfc::cuda::ThreadPart tfc::cuda::launchThreads(OpBuilder &b, Location loc,
                                               Value count) {
  constexpr int64_t threadsOfBlock = 256;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  int64_t threads = threadsOfBlock;
  if (std::optional<int64_t> known = getConstantIntValue(count))
    threads = std::min<int64_t>(
        threads, std::max<int64_t>(llvm::alignTo(*known, warpSize), warpSize));
  Value blocks =
      b.createOrFold<arith::CeilDivUIOp>(loc, count, constant(threads));
  blocks = b.createOrFold<arith::MinUIOp>(loc, blocks, constant(mostBlocks));
  gpu::LaunchOp kernel =
      createLaunch(b, loc, rowOfBlocks(b, loc, blocks), constant(threads));
  Value size = constant(threads);
  Value begin = arith::AddIOp::create(
      b, loc, arith::MulIOp::create(b, loc, kernel.getBlockIds().x, size),
      kernel.getThreadIds().x);
  Value step = arith::MulIOp::create(b, loc, kernel.getGridSize().x, size);
  return {begin, step};
}

Value tfc::cuda::acrossLanes(OpBuilder &b, Location loc, Value x,
                             ArrayRef<int64_t> masks,
                             llvm::function_ref<Value(Value, Value)> combine) {
  Value width = arith::ConstantIntOp::create(b, loc, warpSize, 32);
  for (int64_t mask : masks) {
    Value distance = arith::ConstantIntOp::create(b, loc, mask, 32);
    Value other = gpu::ShuffleOp::create(b, loc, x, distance, width,
                                         gpu::ShuffleMode::XOR)
                      .getShuffleResult();
    x = combine(x, other);
  }
  return x;
}
