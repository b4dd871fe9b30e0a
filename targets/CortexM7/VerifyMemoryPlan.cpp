//===- VerifyMemoryPlan.cpp - no living byte is overwritten -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BufferSize.h"
#include "Interface.h"
#include "OperandOverlaps.h"
#include "Schedule.h"
#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_VERIFYMEMORYPLANPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

/// The bytes of one view of the arena, and the steps between which they are
/// touched.
struct Span {
  memref::ViewOp view;
  int64_t begin = 0, end = 0;
  int64_t first = 0, last = 0;
  /// The view and what may be derived from it.
  SetVector<Value> seen;
};

struct VerifyMemoryPlanPass
    : public tfc::m7::impl::VerifyMemoryPlanPassBase<VerifyMemoryPlanPass> {
  void runOnOperation() override;

private:
  LogicalResult addSpan(memref::ViewOp view);
  LogicalResult touch(Value buffer, Span &span);
  LogicalResult follow(Operation *user, Span &span);
  LogicalResult compare();

  Block *block = nullptr;
  std::optional<Schedule> schedule;
  int64_t arenaBytes = 0;
  SmallVector<Span> spans;
};

LogicalResult VerifyMemoryPlanPass::addSpan(memref::ViewOp view) {
  Span span;
  span.view = view;
  std::optional<int64_t> offset = getConstantIntValue(view.getByteShift());
  std::optional<int64_t> bytes = mostBytes(view.getType(), view.getSizes());
  if (!offset || !bytes)
    return view.emitError("expected a view of known offset and size");
  span.begin = *offset;
  span.end = *offset + *bytes;
  if (span.begin < 0 || span.end > arenaBytes ||
      span.begin % arenaAlignment != 0)
    return view.emitError("a buffer at bytes ")
           << span.begin << " to " << span.end
           << " does not lie in the arena of " << arenaBytes
           << " bytes, or is not aligned";
  if (failed(touch(view.getResult(), span)))
    return failure();
  Schedule::Life life = schedule->lifeOf(span.seen.getArrayRef());
  span.first = life.first;
  span.last = life.last;
  spans.push_back(span);
  return success();
}

/// Adds `buffer` and what is derived from it to the span. A use that hands the
/// buffer on in a way that is not followed is refused.
LogicalResult VerifyMemoryPlanPass::touch(Value buffer, Span &span) {
  if (!span.seen.insert(buffer))
    return success();
  for (Operation *user : buffer.getUsers()) {
    if (!block->findAncestorOpInBlock(*user))
      return user->emitError("a buffer of the arena is used outside the "
                             "model's function");
    if (failed(follow(user, span)))
      return failure();
  }
  return success();
}

/// Touches all that may be a buffer that `user` was given.
LogicalResult VerifyMemoryPlanPass::follow(Operation *user, Span &span) {
  Operation *source = user;
  if (user->hasTrait<OpTrait::IsTerminator>())
    source = user->getParentOp();
  bool isBranch = isa<RegionBranchOpInterface>(source);
  bool isView = isa<ViewLikeOpInterface, memref::ExtractStridedMetadataOp,
                    arith::SelectOp>(source);
  SmallVector<Value> derived;
  for (Value result : source->getResults())
    derived.push_back(result);
  if (isBranch)
    for (Region &region : source->getRegions())
      for (Block &inner : region)
        llvm::append_range(derived, inner.getArguments());
  llvm::erase_if(derived, [](Value value) {
    return !isa<BaseMemRefType>(value.getType());
  });
  if (!derived.empty() && !isBranch && !isView)
    return user->emitError("the memory plan cannot follow a buffer through "
                           "this operation");
  for (Value value : derived)
    if (failed(touch(value, span)))
      return failure();
  return success();
}

LogicalResult VerifyMemoryPlanPass::compare() {
  llvm::stable_sort(spans, [](const Span &a, const Span &b) {
    return a.first != b.first ? a.first < b.first : a.begin < b.begin;
  });
  for (size_t i = 0; i < spans.size(); ++i)
    for (size_t j = i + 1; j < spans.size(); ++j) {
      const Span &a = spans[i], &b = spans[j];
      if (a.first > b.last || b.first > a.last || a.begin >= b.end ||
          b.begin >= a.end)
        continue;
      InFlightDiagnostic error = a.view->emitError("bytes ");
      error << std::max(a.begin, b.begin) << " to " << std::min(a.end, b.end)
            << " of the arena are overwritten while they live";
      error.attachNote(b.view->getLoc()) << "by this buffer";
      return error;
    }
  return success();
}

void VerifyMemoryPlanPass::runOnOperation() {
  spans.clear();
  auto function = getOperation().lookupSymbol<func::FuncOp>(computeName);
  if (!function || !getOperation()->hasAttr("m7.plan"))
    return;
  block = &function.getBody().front();
  Value arena = block->getArguments().back();
  schedule.emplace(function, [&](Operation *op) {
    auto view = dyn_cast<memref::ViewOp>(op);
    return view && view.getSource() == arena;
  });
  arenaBytes = cast<MemRefType>(arena.getType()).getNumElements();
  for (Operation *user : arena.getUsers()) {
    auto view = dyn_cast<memref::ViewOp>(user);
    if (!view) {
      user->emitError("expected views of the arena only");
      return signalPassFailure();
    }
    if (failed(addSpan(view)))
      return signalPassFailure();
  }
  WalkResult kernels = function.walk([](Operation *op) {
    bool isKernel = isa_and_nonnull<M7Dialect>(op->getDialect());
    return WalkResult(isKernel ? checkOverlaps(op) : success());
  });
  if (kernels.wasInterrupted() || failed(compare()))
    signalPassFailure();
}

} // namespace
