//===- Launch.h - launches, warps and what they share -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_LAUNCH_H
#define TFC_TARGETS_CUDA_LAUNCH_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

namespace tfc::cuda {

constexpr int64_t warpSize = 32;
/// More blocks than any GPU runs at once by far; threads or warps take several
/// pieces of work beyond.
constexpr int64_t mostBlocks = 1 << 16;

/// On launches whose blocks are to have all registers they can use.
constexpr llvm::StringLiteral wantsRegisters = "cuda.wants_registers";

/// A launch of a grid of blocks, each a row of `threads` with so many bytes of
/// dynamic shared memory, an i32, if any. Leaves the builder in it.
mlir::gpu::LaunchOp createLaunch(mlir::OpBuilder &b, mlir::Location loc,
                                 mlir::gpu::KernelDim3 blocks,
                                 mlir::Value threads,
                                 mlir::Value sharedBytes = {});

/// A grid that is a row of blocks.
mlir::gpu::KernelDim3 rowOfBlocks(mlir::OpBuilder &b, mlir::Location loc,
                                  mlir::Value blocks);

/// A loop over rows within a launch, and the lane of the thread in its warp.
struct WarpLoop {
  mlir::scf::ForOp loop;
  mlir::Value lane;
};

/// A launch with a warp for each of `count` rows, as far as there are enough.
/// Leaves the builder in the loop.
WarpLoop launchWarps(mlir::OpBuilder &b, mlir::Location loc, mlir::Value count);

/// The iterations of a thread: from `begin`, by `step`.
struct ThreadPart {
  mlir::Value begin, step;
};

/// A launch with a thread for each of `count` iterations, as far as there are
/// enough. Leaves the builder in it.
ThreadPart launchThreads(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value count);

/// Combines what the lanes have whose numbers differ by any of `masks`.
mlir::Value
acrossLanes(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
            llvm::ArrayRef<int64_t> masks,
            llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

/// All lanes of a warp.
constexpr int64_t allLanes[] = {16, 8, 4, 2, 1};

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_LAUNCH_H
