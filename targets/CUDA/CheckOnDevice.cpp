//===- CheckOnDevice.cpp - checks that need no answer -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Launch.h"
#include "tfc/Target/CUDA/Cuda.h"
#include "tfc/Target/CUDA/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDACHECKONDEVICEPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

/// The operations of a block that a condition depends on, from the first load
/// of device memory on.
class Condition {
public:
  explicit Condition(x86::CheckOp check) : check(check) {
    dependsOnLoad(check.getCondition());
  }

  bool isOfDevice() const { return !loads.empty(); }

  /// Whether nothing writes between the loads and the check but `checks`, which
  /// write to the status alone.
  bool isUndisturbed(const DenseSet<Operation *> &checks) {
    Operation *first =
        *llvm::min_element(loads, [](Operation *a, Operation *b) {
          return a->isBeforeInBlock(b);
        });
    for (Operation *op = first; op != check; op = op->getNextNode())
      if (!isMemoryEffectFree(op) && !isa<memref::LoadOp, x86::CheckOp>(op) &&
          !checks.contains(op))
        return false;
    return true;
  }

  Value cloneAt(OpBuilder &b) {
    IRMapping mapping;
    for (Operation &op : *check->getBlock())
      if (needed.contains(&op))
        b.clone(op, mapping);
    return mapping.lookup(check.getCondition());
  }

private:
  bool dependsOnLoad(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || op->getBlock() != check->getBlock() || op->getNumRegions() > 0)
      return false;
    bool depends = false;
    if (isa<memref::LoadOp>(op)) {
      loads.insert(op);
      depends = true;
    } else if (!isMemoryEffectFree(op)) {
      return false;
    }
    for (Value operand : op->getOperands())
      depends |= dependsOnLoad(operand);
    if (depends)
      needed.insert(op);
    return depends;
  }

  x86::CheckOp check;
  SetVector<Operation *> loads;
  DenseSet<Operation *> needed;
};

class CheckOnDevicePass
    : public cuda::impl::CudaCheckOnDevicePassBase<CheckOnDevicePass> {
public:
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    SmallVector<x86::CheckOp> checks;
    function.walk([&](x86::CheckOp check) { checks.push_back(check); });
    status = Value();
    moved.clear();
    DenseSet<Value> known;
    for (x86::CheckOp check : checks) {
      if (known.contains(check.getCondition())) {
        // It would have failed before.
        check.erase();
        continue;
      }
      Condition condition(check);
      if (!condition.isOfDevice() || !condition.isUndisturbed(moved))
        continue;
      if (check->getBlock() == &function.getBody().front())
        known.insert(check.getCondition());
      moveToDevice(check, condition);
    }
    if (status)
      guardLaunches();
  }

private:
  Value statusOf(func::FuncOp function) {
    if (!status) {
      OpBuilder b = OpBuilder::atBlockBegin(&function.getBody().front());
      status = cuda::StatusOp::create(b, function.getLoc(),
                                      MemRefType::get({}, b.getI32Type()));
    }
    return status;
  }

  static Value isGood(OpBuilder &b, Location loc, Value status) {
    Value now = memref::LoadOp::create(b, loc, status);
    Value zero = arith::ConstantIntOp::create(b, loc, 0, 32);
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, now, zero);
  }

  void moveToDevice(x86::CheckOp check, Condition &condition) {
    Location loc = check.getLoc();
    Value status = statusOf(getOperation());
    OpBuilder b(check);
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    gpu::LaunchOp kernel = cuda::createLaunch(b, loc, {one, one, one}, one);
    Value holds = condition.cloneAt(b);
    Value always = arith::ConstantIntOp::create(b, loc, 1, 1);
    Value fails = arith::XOrIOp::create(b, loc, holds, always);
    auto branch = scf::IfOp::create(b, loc, fails, /*withElse=*/false);
    b.setInsertionPointToStart(branch.thenBlock());
    Value code = arith::ConstantIntOp::create(b, loc, check.getIndex() + 1, 32);
    memref::StoreOp::create(b, loc, code, status);
    moved.insert(kernel);
    check.erase();
  }

  /// What follows a check does nothing where it failed: an index would lead
  /// anywhere.
  void guardLaunches() {
    Block &entry = getOperation().getBody().front();
    Operation *first = nullptr;
    for (Operation *check : moved) {
      // In a loop, what is in front comes behind as well.
      Operation *outer = entry.findAncestorOpInBlock(*check);
      if (!first || outer->isBeforeInBlock(first))
        first = outer;
    }
    SmallVector<gpu::LaunchOp> behind;
    getOperation().walk([&](gpu::LaunchOp launch) {
      if (launch != first &&
          !entry.findAncestorOpInBlock(*launch)->isBeforeInBlock(first))
        behind.push_back(launch);
    });
    for (gpu::LaunchOp launch : behind) {
      Block &body = launch.getBody().front();
      OpBuilder b = OpBuilder::atBlockBegin(&body);
      Value good = isGood(b, launch.getLoc(), status);
      auto branch =
          scf::IfOp::create(b, launch.getLoc(), good, /*withElse=*/false);
      Block *inside = branch.thenBlock();
      inside->getOperations().splice(inside->begin(), body.getOperations(),
                                     std::next(Block::iterator(branch)),
                                     Block::iterator(body.getTerminator()));
    }
  }

  Value status;
  DenseSet<Operation *> moved;
};

} // namespace
