//===- CostTarget.cpp - a target of one's own -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CostTarget.h"

#include "tfc/Target/Codegen/Codegen.h"
#include "tfc/Target/Codegen/NodeOrigins.h"
#include "tfc/Target/X86/X86Target.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace {

struct Cost {
  /// Of a call.
  double operations = 0, bytes = 0;

  Cost &operator+=(const Cost &other) {
    operations += other.operations;
    bytes += other.bytes;
    return *this;
  }
};

/// How often an operation runs in a call; nothing where data decides it.
std::optional<double> runsOf(Operation *op) {
  double runs = 1;
  for (Operation *parent = op->getParentOp(); !isa<ModuleOp>(parent);
       parent = parent->getParentOp()) {
    if (isa<scf::WhileOp>(parent))
      return std::nullopt;
    auto loop = dyn_cast<scf::ForOp>(parent);
    if (!loop)
      continue;
    std::optional<APInt> count = loop.getStaticTripCount();
    if (!count)
      return std::nullopt;
    runs *= count->getZExtValue();
  }
  return runs;
}

/// What one operation costs; fails, with an error, where sizes are open.
FailureOr<Cost> costOf(linalg::LinalgOp op) {
  std::optional<double> runs = runsOf(op);
  if (!runs)
    return op.emitError("the cost target cannot tell how often this runs");
  double iterations = *runs;
  for (int64_t size : op.getStaticLoopRanges()) {
    if (ShapedType::isDynamic(size))
      return op.emitError(
          "the cost target needs every size; where an input leaves "
          "it open, --shape fixes it");
    iterations *= size;
  }
  Cost cost;
  DataLayout layout = DataLayout::closest(op);
  for (Operation &inner : op.getBlock()->without_terminator())
    if (isa<arith::ArithDialect, math::MathDialect>(inner.getDialect()) &&
        !inner.hasTrait<OpTrait::ConstantLike>())
      cost.operations += iterations;
  for (Value operand : op->getOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type)
      continue;
    Type element = type.getElementType();
    if (!type.hasStaticShape() || !element.isIntOrIndexOrFloat())
      return op.emitError("the cost target cannot tell the size of ") << type;
    cost.bytes += *runs * type.getNumElements() *
                  layout.getTypeSize(element).getFixedValue();
  }
  return cost;
}

class CostTarget : public tfc::Target {
public:
  explicit CostTarget(embed::Machine machine) : machine(machine) {}

  void buildPipeline(OpPassManager &pm) override {
    tfc::x86::buildLinalgPipeline(pm);
  }

  LogicalResult emit(ModuleOp module, tfc::EmitKind, StringRef path) override {
    llvm::MapVector<StringRef, Cost> nodes;
    Cost all;
    WalkResult walked = module.walk([&](linalg::LinalgOp op) {
      FailureOr<Cost> cost = costOf(op);
      if (failed(cost))
        return WalkResult::interrupt();
      SmallVector<StringRef> names = tfc::codegen::nodeNames(op.getLoc());
      nodes[names.empty() ? "(no node)" : names.front()] += *cost;
      all += *cost;
      return WalkResult::advance();
    });
    if (walked.wasInterrupted())
      return failure();
    return tfc::codegen::writeFile(module, path,
                                   [&](llvm::raw_pwrite_stream &stream) {
                                     for (const auto &[name, cost] : nodes)
                                       print(stream, cost, name);
                                     print(stream, all, "total");
                                     return success();
                                   });
  }

private:
  void print(llvm::raw_ostream &stream, const Cost &cost, StringRef name) {
    double seconds = std::max(cost.operations / machine.operations,
                              cost.bytes / machine.bytes);
    stream << llvm::formatv("{0,12:f0} operations {1,12:f0} bytes {2,10:f2} us"
                            "  {3}\n",
                            cost.operations, cost.bytes, 1e6 * seconds, name);
  }

  embed::Machine machine;
};

} // namespace

tfc::TargetRegistry::Entry embed::costTarget(Machine machine) {
  return {"cost",
          {tfc::EmitKind::Assembly},
          [machine](const tfc::CompileOptions &) {
            return std::make_unique<CostTarget>(machine);
          }};
}
