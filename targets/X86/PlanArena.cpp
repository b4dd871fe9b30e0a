//===- PlanArena.cpp - temporary buffers in one arena -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SizeSlice.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <map>

namespace tfc::x86 {
#define GEN_PASS_DEF_X86PLANARENAPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc::x86;

namespace {

constexpr int64_t bufferAlignment = 64;

/// A temporary: its bytes and the operations of the entry block during which
/// it lives, both ends included.
struct Temporary {
  memref::AllocOp op;
  Value bytes;
  int64_t first = 0, last = 0;
  unsigned place = 0;
};

/// A piece of the arena that buffers take one after the other.
struct Place {
  /// Symbolic sizes of the buffers it has held; it is as large as the largest.
  SmallVector<Value> sizes;
  int64_t staticSize = 0;
  int64_t busyUntil = -1;
};

struct PlanArenaPass
    : public tfc::x86::impl::X86PlanArenaPassBase<PlanArenaPass> {
  void runOnOperation() override;

private:
  LogicalResult collect();
  FailureOr<Value> byteSize(memref::AllocOp alloc);
  void assignPlaces();
  void layOut();
  Place &choosePlace(const Temporary &temporary, unsigned &index);
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(*builder, getOperation().getLoc(),
                                          value);
  }

  SmallVector<Temporary> temporaries;
  SmallVector<Place> places;
  std::optional<OpBuilder> builder;
  IRMapping hoisted;
  /// One value for one size, so that equal sizes are seen to be equal: by the
  /// open dimensions, in a fixed order, and the bytes of the others.
  std::map<std::pair<std::vector<unsigned>, int64_t>, Value> knownSizes;
  DenseMap<Value, unsigned> dimensionNumbers;
};

FailureOr<Value> PlanArenaPass::byteSize(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  int64_t bytes = type.getElementType().isIndex()
                      ? 8
                      : llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t dim : type.getShape())
    if (!ShapedType::isDynamic(dim))
      bytes *= dim;
  SmallVector<Value> factors;
  for (Value size : alloc.getDynamicSizes()) {
    Operation *culprit = nullptr;
    if (!hasUpperBound(size, &culprit)) {
      InFlightDiagnostic diag =
          alloc.emitError("the size of a temporary of type ")
          << type << " depends on data and has no known bound";
      if (culprit)
        diag.attachNote(culprit->getLoc())
            << "on the result of '" << culprit->getName() << "'";
      return failure();
    }
    factors.push_back(cloneUpperBound(size, *builder, hoisted));
  }
  if (factors.empty())
    return constant(llvm::alignTo(bytes, bufferAlignment));
  std::vector<unsigned> key;
  for (Value factor : factors)
    key.push_back(dimensionNumbers.try_emplace(factor, dimensionNumbers.size())
                      .first->second);
  llvm::sort(key);
  Value &known = knownSizes[{key, bytes}];
  if (known)
    return known;
  Location loc = alloc.getLoc();
  Value product = factors.front();
  for (Value factor : ArrayRef(factors).drop_front())
    product = builder->createOrFold<arith::MulIOp>(loc, product, factor);
  product = builder->createOrFold<arith::MulIOp>(loc, product, constant(bytes));
  Value up = builder->createOrFold<arith::AddIOp>(
      loc, product, constant(bufferAlignment - 1));
  known =
      builder->createOrFold<arith::AndIOp>(loc, up, constant(-bufferAlignment));
  return known;
}

LogicalResult PlanArenaPass::collect() {
  Block &block = getOperation().getBody().front();
  DenseMap<Operation *, int64_t> position;
  for (auto [i, op] : llvm::enumerate(block))
    position[&op] = i;
  auto positionOf = [&](Operation *op) {
    return position.lookup(block.findAncestorOpInBlock(*op));
  };

  BufferViewFlowAnalysis aliases(getOperation());
  auto result = getOperation().walk([&](memref::AllocOp alloc) {
    if (alloc->getParentOfType<ParallelOp>()) {
      alloc.emitError("a parallel region cannot allocate; its scratch must be "
                      "allocated outside");
      return WalkResult::interrupt();
    }
    Temporary temporary{alloc, Value(), positionOf(alloc), positionOf(alloc)};
    for (Value alias : aliases.resolve(alloc.getMemref()))
      for (Operation *user : alias.getUsers())
        temporary.last = std::max(temporary.last, positionOf(user));
    temporaries.push_back(temporary);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  for (Temporary &temporary : temporaries) {
    FailureOr<Value> bytes = byteSize(temporary.op);
    if (failed(bytes))
      return failure();
    temporary.bytes = *bytes;
  }
  return success();
}

/// Among the free places: one that held the same size, else for a static size
/// the one that fits best, else any of the same kind.
Place &PlanArenaPass::choosePlace(const Temporary &temporary, unsigned &index) {
  std::optional<int64_t> size = getConstantIntValue(temporary.bytes);
  std::optional<unsigned> chosen;
  int64_t bestWaste = 0;
  for (auto [i, place] : llvm::enumerate(places)) {
    if (place.busyUntil >= temporary.first ||
        place.sizes.empty() != size.has_value())
      continue;
    int64_t waste;
    if (size)
      waste = std::abs(place.staticSize - *size);
    else
      waste = llvm::is_contained(place.sizes, temporary.bytes)
                  ? 0
                  : 1 + place.sizes.size();
    if (!chosen || waste < bestWaste) {
      chosen = i;
      bestWaste = waste;
    }
  }
  if (!chosen) {
    chosen = places.size();
    places.emplace_back();
  }
  index = *chosen;
  return places[*chosen];
}

void PlanArenaPass::assignPlaces() {
  llvm::stable_sort(temporaries, [](const Temporary &a, const Temporary &b) {
    return a.first < b.first;
  });
  for (Temporary &temporary : temporaries) {
    Place &place = choosePlace(temporary, temporary.place);
    place.busyUntil = temporary.last;
    if (std::optional<int64_t> size = getConstantIntValue(temporary.bytes))
      place.staticSize = std::max(place.staticSize, *size);
    else if (!llvm::is_contained(place.sizes, temporary.bytes))
      place.sizes.push_back(temporary.bytes);
  }
}

void PlanArenaPass::layOut() {
  Location loc = getOperation().getLoc();
  SmallVector<Value> offsets;
  Value total = constant(0);
  for (Place &place : places) {
    offsets.push_back(total);
    Value size;
    if (place.sizes.empty())
      size = constant(place.staticSize);
    for (Value candidate : place.sizes)
      size = size ? builder->createOrFold<arith::MaxUIOp>(loc, size, candidate)
                  : candidate;
    total = builder->createOrFold<arith::AddIOp>(loc, total, size);
  }
  ArenaBytesOp::create(*builder, loc, total);
  for (Temporary &temporary : temporaries) {
    OpBuilder b(temporary.op);
    Value buffer = BufferOp::create(
        b, temporary.op.getLoc(), temporary.op.getType(), BufferSpace::Arena, 0,
        offsets[temporary.place], temporary.op.getDynamicSizes());
    temporary.op.replaceAllUsesWith(buffer);
    temporary.op.erase();
  }
}

void PlanArenaPass::runOnOperation() {
  // Kernels are functions without temporaries.
  if (getOperation().getName() != "tfc_generated_compute")
    return;
  temporaries.clear();
  places.clear();
  hoisted.clear();
  knownSizes.clear();
  dimensionNumbers.clear();
  getOperation().walk([](memref::DeallocOp op) { op.erase(); });
  // Sizes are computed before anything else, whose position they then shift.
  Block &block = getOperation().getBody().front();
  builder.emplace(&getContext());
  builder->setInsertionPointToStart(&block);
  if (failed(collect()))
    return signalPassFailure();
  assignPlaces();
  layOut();
}

} // namespace
