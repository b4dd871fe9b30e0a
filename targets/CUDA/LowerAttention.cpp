//===- LowerAttention.cpp - kernels of attention on buffers -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecodeAttention.h"
#include "DecodeSchedule.h"
#include "FlashAttention.h"
#include "SharedTile.h"
#include "tfc/Passes/Lower/DenseOperands.h"
#include "tfc/Target/CUDA/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/FormatVariadic.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDALOWERATTENTIONPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

class LowerAttentionPass
    : public cuda::impl::CudaLowerAttentionPassBase<LowerAttentionPass> {
public:
  using CudaLowerAttentionPassBase::CudaLowerAttentionPassBase;

  void runOnOperation() override {
    SmallVector<attn::AttentionOp> ops;
    getOperation().walk([&](attn::AttentionOp op) { ops.push_back(op); });
    OpBuilder b(&getContext());
    for (attn::AttentionOp op : ops) {
      std::string reason = cuda::whyNoFlashAttention(op);
      if (!reason.empty()) {
        op.emitError("there is no kernel for it: ") << reason;
        return signalPassFailure();
      }
      lower::makeOperandsDense(
          op, op.getInitMutable(), b,
          [](MemRefType type) {
            return type.getRank() != 4 || type.getElementType().isInteger(1) ||
                   cuda::hasAlignedRows(type);
          },
          [&](OpOperand &operand, int64_t dim) {
            return dim == 0 || operand.get() == op.getQuery();
          });
      if (cuda::isDecoding(op)) {
        remarkOccupancy(op);
        cuda::emitDecodeAttention(op, b);
      } else {
        cuda::emitFlashAttention(op, cuda::chooseFlashTile(op), b);
      }
      op.erase();
    }
  }

private:
  void remarkOccupancy(attn::AttentionOp op) {
    int64_t tiles = cuda::numDecodeTiles(op, cuda::DecodeTile(op));
    if (tiles < 0)
      return;
    for (int64_t multiprocessors : occupancyOf) {
      cuda::DecodeSchedule schedule(tiles, multiprocessors);
      op.emitRemark(llvm::formatv(
          "{0} tiles for {1} blocks, {2} at most: {3:P} of {4} multiprocessors",
          tiles, schedule.blocks, schedule.longestRange, schedule.occupancy,
          multiprocessors));
    }
  }
};

} // namespace
