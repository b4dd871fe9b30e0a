//===- EstimateKernels.cpp - what kernels take by a roofline ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "KeyTiles.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Target/CUDA/Cuda.h"
#include "tfc/Target/CUDA/CudaTarget.h"
#include "tfc/Target/CUDA/Passes.h"
#include "tfc/Target/Codegen/NodeOrigins.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDAESTIMATEPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

/// Peaks without sparsity: operations a second by FMA of f32 and by tensor
/// cores of tf32 and of f16 or bf16, and bytes a second of memory.
struct Device {
  StringRef name;
  double single, tf32, half, memory;
};

/// NVIDIA A100 80GB SXM, data sheet of 2021; NVIDIA H100 SXM5, data sheet of
/// 2023.
constexpr Device devices[] = {
    {"a100", 19.5e12, 156e12, 312e12, 2.039e12},
    {"h100", 67e12, 494.7e12, 989.4e12, 3.35e12},
};

struct Work {
  double operations = 0, bytes = 0;
  Multiply by = Multiply::F32;

  double seconds(const Device &device) const {
    return std::max(operations / peak(device), bytes / device.memory);
  }
  double peak(const Device &device) const {
    switch (by) {
    case Multiply::F32:
      return device.single;
    case Multiply::TF32:
      return device.tf32;
    case Multiply::F16:
    case Multiply::BF16:
      return device.half;
    }
    return device.single;
  }
};

Multiply multiplyOf(Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  return element.isF16()    ? Multiply::F16
         : element.isBF16() ? Multiply::BF16
                            : Multiply::F32;
}

/// Pairs of a query and a key that it sees, of one head.
double numSeen(attn::AttentionOp op) {
  int64_t queries = typeSize(op.getQuery(), 2), keys = typeSize(op.getKey(), 2);
  if (std::optional<double> seen = countSeenScores(op))
    return *seen;
  // Of its own sequence, a query sees itself at least.
  if (op.getSequences())
    return double(queries);
  if (op.getQueryOffset() || op.getGlobal() || op.getMaskedScore())
    return double(queries) * double(keys);
  double seen = 0;
  for (int64_t i = 0; i < queries; ++i) {
    int64_t position = i + keys - queries, first = 0, end = keys;
    if (op.getCausal())
      end = std::min(end, position + 1);
    if (op.getRightWindow())
      end = std::min<int64_t>(end, position + *op.getRightWindow() + 1);
    if (op.getLeftWindow())
      first = std::max<int64_t>(first, position - *op.getLeftWindow());
    seen += double(std::max<int64_t>(end - first, 0));
  }
  return seen;
}

double numElements(Value value) {
  return double(cast<ShapedType>(value.getType()).getNumElements());
}

/// Operations on floats in a body.
double numOperations(Block &body) {
  return double(llvm::count_if(body, [](Operation &op) {
    return op.getNumResults() == 1 &&
           isa<FloatType>(op.getResult(0).getType()) &&
           !op.hasTrait<OpTrait::ConstantLike>();
  }));
}

/// What is computed; operands are counted apart.
Work workOf(Operation *op) {
  Work work;
  if (auto product = dyn_cast<ProductOp>(op)) {
    AffineMap map = product.getMap(0);
    int64_t depth = 1;
    if (auto position = map.getResultPosition(
            getAffineDimExpr(product.getNumBatchLoops() + 2, map.getContext())))
      depth = typeSize(product.getA(), *position);
    double results = numElements(product.getInit());
    work.operations = results * (2.0 * double(depth) +
                                 numOperations(product.getEpilogue().front()));
    work.by = product.getMultiply();
    return work;
  }
  if (auto attention = dyn_cast<attn::AttentionOp>(op)) {
    double heads = double(typeSize(attention.getQuery(), 0)) *
                   double(typeSize(attention.getQuery(), 1));
    work.operations = 2.0 * heads * numSeen(attention) *
                      double(typeSize(attention.getKey(), 3) +
                             typeSize(attention.getValue(), 3));
    work.by = multiplyOf(attention.getQuery());
    return work;
  }
  if (auto scan = dyn_cast<attn::ScanOp>(op)) {
    double heads = double(typeSize(scan.getQuery(), 1)) /
                   double(typeSize(scan.getKey(), 1));
    double each = 2 + 2 * heads + (scan.getDecay() ? 1 : 0) +
                  (scan.getStep() ? 3 : 0) + (scan.getBeta() ? 2 : 0);
    work.operations = each * numElements(scan.getState()) *
                      double(typeSize(scan.getKey(), 2));
    return work;
  }
  if (auto norm = dyn_cast<attn::NormOp>(op)) {
    constexpr double ofElement = 7;
    work.operations = ofElement * numElements(norm.getX());
    return work;
  }
  if (auto linear = dyn_cast<linalg::LinalgOp>(op)) {
    double turns = 1;
    for (int64_t size : linear.getStaticLoopRanges())
      turns *= double(size);
    work.operations = turns * numOperations(*linear.getBlock());
    return work;
  }
  return work;
}

bool hasKnownSizes(Operation *op) {
  return llvm::all_of(op->getOperandTypes(), [](Type type) {
    auto shaped = dyn_cast<ShapedType>(type);
    return !shaped || shaped.hasStaticShape();
  });
}

/// Of what `op` has as operands, each once.
double bytesOfOperands(Operation *op) {
  double bytes = 0;
  SetVector<Value> operands(op->operand_begin(), op->operand_end());
  for (Value operand : operands)
    if (auto type = dyn_cast<MemRefType>(operand.getType()))
      bytes += double(type.getNumElements()) *
               double(llvm::divideCeil(type.getElementTypeBitWidth(), 8));
  return bytes;
}

class EstimatePass : public cuda::impl::CudaEstimatePassBase<EstimatePass> {
public:
  using Base::Base;

  void runOnOperation() override {
    const Device *device = llvm::find_if(devices, [&](const Device &other) {
      return other.name == StringRef(name);
    });
    if (device == std::end(devices)) {
      getOperation().emitError("expected the device a100 or h100, found ")
          << name;
      return signalPassFailure();
    }
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isKernel(op))
        return WalkResult::advance();
      ++kernels;
      if (hasKnownSizes(op))
        estimate(op, *device);
      else
        leave(op);
      return WalkResult::skip();
    });
    finish(*device);
  }

private:
  static bool isKernel(Operation *op) {
    return isa<ProductOp, attn::AttentionOp, attn::ScanOp, attn::NormOp,
               linalg::LinalgOp, memref::CopyOp>(op);
  }

  void leave(Operation *op) {
    ++open;
    if (!note)
      op->emitRemark("no estimate: its sizes are open");
  }

  void estimate(Operation *op, const Device &device) {
    Work work = workOf(op);
    work.bytes = bytesOfOperands(op);
    seconds += work.seconds(device);
    StringRef by =
        work.bytes / device.memory > work.operations / work.peak(device)
            ? "memory"
            : "arithmetic";
    if (note)
      return addEntry(op, work, by, device);
    op->emitRemark(llvm::formatv(
        "{0} operations, {1} bytes: {2:F2} us at least on {3}, by {4}; an "
        "estimate, not measured",
        int64_t(work.operations), int64_t(work.bytes),
        work.seconds(device) * 1e6, device.name, by));
  }

  void addEntry(Operation *op, const Work &work, StringRef by,
                const Device &device) {
    Builder b(&getContext());
    SmallVector<Attribute> nodes;
    for (StringRef node : codegen::nodeNames(op->getLoc()))
      nodes.push_back(b.getStringAttr(node));
    entries.push_back(b.getDictionaryAttr(
        {b.getNamedAttr("kernel",
                        b.getStringAttr(op->getName().getStringRef())),
         b.getNamedAttr("nodes", b.getArrayAttr(nodes)),
         b.getNamedAttr("operations",
                        b.getI64IntegerAttr(int64_t(work.operations))),
         b.getNamedAttr("bytes", b.getI64IntegerAttr(int64_t(work.bytes))),
         b.getNamedAttr("us_at_least",
                        b.getF64FloatAttr(work.seconds(device) * 1e6)),
         b.getNamedAttr("limited_by", b.getStringAttr(by))}));
  }

  void finish(const Device &device) {
    if (!note) {
      getOperation().emitRemark(llvm::formatv(
          "{0} kernels, {1} of open sizes; the others take {2:F2} us at least "
          "on {3}: an estimate, not measured",
          kernels, open, seconds * 1e6, device.name));
      return;
    }
    Builder b(&getContext());
    getOperation()->setAttr(
        "cuda.estimate",
        b.getDictionaryAttr(
            {b.getNamedAttr("what",
                            b.getStringAttr("lower bounds by the roofline "
                                            "model, an estimate, not "
                                            "measured")),
             b.getNamedAttr("device", b.getStringAttr(device.name)),
             b.getNamedAttr("kernels", b.getI64IntegerAttr(kernels)),
             b.getNamedAttr("of_open_sizes", b.getI64IntegerAttr(open)),
             b.getNamedAttr("us_at_least", b.getF64FloatAttr(seconds * 1e6)),
             b.getNamedAttr("each", b.getArrayAttr(entries))}));
  }

  double seconds = 0;
  int64_t kernels = 0, open = 0;
  SmallVector<Attribute> entries;
};

} // namespace

StringRef tfc::cuda::estimatedDevice(StringRef arch) {
  return llvm::StringSwitch<StringRef>(arch)
      .Case("sm_80", "a100")
      .Case("sm_90", "h100")
      .Default("");
}
