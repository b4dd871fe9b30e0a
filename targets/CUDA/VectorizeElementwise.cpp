//===- VectorizeElementwise.cpp - 16 bytes of a row a thread ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Alignment.h"
#include "Launch.h"
#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Target/CUDA/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

namespace tfc::cuda {
#define GEN_PASS_DEF_CUDAVECTORIZEELEMENTWISEPASS
#include "tfc/Target/CUDA/Passes.h.inc"
} // namespace tfc::cuda

using namespace mlir;
using namespace tfc;

namespace {

constexpr int64_t pieceBytes = 16;

/// Whether elements of `type` lie in memory as a vector has them: i1 has a byte
/// each there, and bits here.
bool fitsVectors(Type type) {
  return type.isIntOrFloat() && type.getIntOrFloatBitWidth() >= 8 &&
         llvm::isPowerOf2_64(type.getIntOrFloatBitWidth());
}

/// An elementwise operation, or a gather of rows, of which a thread makes
/// `width` neighbours.
class Elementwise : lower::LinalgLoops {
public:
  Elementwise(linalg::LinalgOp op, OpBuilder &b)
      : LinalgLoops(op, b), op(op), b(b), loc(op.getLoc()) {
    collapse(op, b);
  }

  /// Why it is left to a thread for each element; empty where it is not.
  StringRef whyNot();
  void emit();

private:
  /// How an operand, or what the body loads, is read or written by a piece.
  enum class Access { Uniform, Vector, Elements, AcrossRows };
  Access accessOf(Value buffer, AffineMap map) const;
  Access accessOf(memref::LoadOp load) const;
  bool isVector(MemRefType type) const {
    return fitsVectors(type.getElementType()) && cuda::isAligned(type, width);
  }
  void findVarying();
  int64_t largestElement();
  bool fits();

  void emitPiece(Value first, int64_t count);
  void loadArguments(int64_t count);
  void cloneBody(Operation &inner, int64_t count);
  void storeResults(int64_t count);
  /// `count` neighbours from `indices` on.
  SmallVector<Value> load(Value buffer, ValueRange indices, int64_t count);
  SmallVector<Value> indicesOf(AffineMap map, int64_t element);
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  linalg::LinalgOp op;
  OpBuilder &b;
  Location loc;
  unsigned loop = 0;
  int64_t width = 1;
  /// What differs between neighbours.
  llvm::DenseSet<Value> varying;
  SmallVector<Value> ivs;
  /// Of each neighbour.
  std::vector<IRMapping> mappings;
};

} // namespace

Elementwise::Access Elementwise::accessOf(Value buffer, AffineMap map) const {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type || !map.isFunctionOfDim(loop))
    return Access::Uniform;
  ArrayRef<AffineExpr> results = map.getResults();
  if (llvm::any_of(results.drop_back(), [&](AffineExpr result) {
        return result.isFunctionOfDim(loop);
      }))
    return Access::AcrossRows;
  return results.back() == getAffineDimExpr(loop, map.getContext()) &&
                 isVector(type)
             ? Access::Vector
             : Access::Elements;
}

Elementwise::Access Elementwise::accessOf(memref::LoadOp load) const {
  auto varies = [&](Value index) { return varying.contains(index); };
  if (llvm::none_of(load.getIndices(), varies))
    return Access::Uniform;
  auto column = load.getIndices().back().getDefiningOp<linalg::IndexOp>();
  if (llvm::any_of(load.getIndices().drop_back(), varies))
    return Access::AcrossRows;
  return column && column.getDim() == loop && isVector(load.getMemRefType())
             ? Access::Vector
             : Access::Elements;
}

void Elementwise::findVarying() {
  for (auto [argument, map] :
       llvm::zip_equal(op.getBlock()->getArguments(), maps))
    if (map.isFunctionOfDim(loop))
      varying.insert(argument);
  for (Operation &inner : op.getBlock()->without_terminator()) {
    auto index = dyn_cast<linalg::IndexOp>(inner);
    if (index ? index.getDim() == loop
              : llvm::any_of(inner.getOperands(), [&](Value operand) {
                  return varying.contains(operand);
                }))
      varying.insert(inner.result_begin(), inner.result_end());
  }
}

/// The bytes of the largest elements that lie along rows.
int64_t Elementwise::largestElement() {
  int64_t largest = 0;
  auto note = [&](Type buffer, Access access) {
    Type element = getElementTypeOrSelf(buffer);
    if (access != Access::Uniform && fitsVectors(element))
      largest = std::max(largest, cuda::bytesOf(element));
  };
  for (auto [operand, map] : llvm::zip_equal(operands, maps))
    note(operand.getType(), accessOf(operand, map));
  op.getBlock()->walk(
      [&](memref::LoadOp load) { note(load.getMemRefType(), accessOf(load)); });
  return largest;
}

/// Whether results are written by vectors, and something that is read too.
bool Elementwise::fits() {
  unsigned vectors = 0, others = 0;
  auto note = [&](Access access) {
    vectors += access == Access::Vector;
    others += access == Access::Elements;
  };
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    Access access = accessOf(operands[i], maps[i]);
    bool isResult = op.isDpsInit(&operand),
         isBit = getElementTypeOrSelf(operands[i].getType()).isInteger(1);
    if (isResult && access != Access::Vector && !isBit)
      return false;
    if (isResult || !op.getBlock()->getArgument(i).use_empty())
      note(access);
  }
  op.getBlock()->walk([&](memref::LoadOp load) { note(accessOf(load)); });
  return vectors > others;
}

StringRef Elementwise::whyNot() {
  if (!op.hasPureBufferSemantics() || iterators.empty() ||
      !llvm::all_of(iterators, [](utils::IteratorType type) {
        return type == utils::IteratorType::parallel;
      }))
    return "it is not elementwise on buffers";
  AffineMap result = maps[op.getNumDpsInputs()];
  auto last = result.getNumResults() == 0
                  ? AffineDimExpr(nullptr)
                  : dyn_cast<AffineDimExpr>(result.getResults().back());
  if (!last)
    return "its result has no rows";
  loop = last.getPosition();
  for (Operation &inner : op.getBlock()->without_terminator())
    if (inner.getNumRegions() != 0 ||
        !(isMemoryEffectFree(&inner) || isa<memref::LoadOp>(inner)))
      return "its body does more than to read and to compute";
  findVarying();
  for (auto [operand, map] : llvm::zip_equal(operands, maps))
    if (accessOf(operand, map) == Access::AcrossRows)
      return "it reads or writes across rows";
  for (Operation &inner : op.getBlock()->without_terminator())
    if (auto load = dyn_cast<memref::LoadOp>(inner);
        load && accessOf(load) == Access::AcrossRows)
      return "it gathers elements, not rows";
  int64_t largest = largestElement();
  if (largest == 0)
    return "it has no elements that vectors hold";
  std::optional<int64_t> size = getConstantIntValue(sizes[loop]);
  for (width = pieceBytes / largest; width > 1; width /= 2)
    if (fits() && !(size && *size < width))
      return "";
  return "its rows may begin where vectors may not";
}

SmallVector<Value> Elementwise::indicesOf(AffineMap map, int64_t element) {
  SmallVector<Value> here = ivs;
  here[loop] = b.createOrFold<arith::AddIOp>(loc, ivs[loop], constant(element));
  return lower::indicesAt(b, loc, map, here);
}

SmallVector<Value> Elementwise::load(Value buffer, ValueRange indices,
                                     int64_t count) {
  if (count == 1)
    return {memref::LoadOp::create(b, loc, buffer, indices)};
  Type element = getElementTypeOrSelf(buffer.getType());
  Value piece = vector::LoadOp::create(
      b, loc, VectorType::get(count, element), buffer, indices,
      /*nontemporal=*/false, llvm::Align(count * cuda::bytesOf(element)));
  SmallVector<Value> elements;
  for (int64_t e = 0; e < count; ++e)
    elements.push_back(vector::ExtractOp::create(b, loc, piece, e));
  return elements;
}

void Elementwise::loadArguments(int64_t count) {
  for (auto [i, argument] : llvm::enumerate(op.getBlock()->getArguments())) {
    if (argument.use_empty())
      continue;
    Value operand = operands[i];
    Access access = accessOf(operand, maps[i]);
    SmallVector<Value> values;
    if (!isa<MemRefType>(operand.getType()))
      values = {operand};
    else if (access == Access::Vector)
      values = load(operand, indicesOf(maps[i], 0), count);
    else
      for (int64_t e = 0; e < (access == Access::Uniform ? 1 : count); ++e)
        llvm::append_range(values, load(operand, indicesOf(maps[i], e), 1));
    for (int64_t e = 0; e < count; ++e)
      mappings[e].map(argument, values[values.size() == 1 ? 0 : e]);
  }
}

/// Once where neighbours share it, else for each of them.
void Elementwise::cloneBody(Operation &inner, int64_t count) {
  if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
    for (int64_t e = 0; e < count; ++e)
      mappings[e].map(index.getResult(), index.getDim() == loop
                                             ? b.createOrFold<arith::AddIOp>(
                                                   loc, ivs[loop], constant(e))
                                             : ivs[index.getDim()]);
    return;
  }
  auto gather = dyn_cast<memref::LoadOp>(inner);
  if (gather && accessOf(gather) == Access::Vector) {
    SmallVector<Value> indices =
        llvm::map_to_vector(gather.getIndices(), [&](Value index) {
          return mappings[0].lookupOrDefault(index);
        });
    for (auto [e, value] :
         llvm::enumerate(load(gather.getMemRef(), indices, count)))
      mappings[e].map(gather.getResult(), value);
    return;
  }
  bool varies = llvm::any_of(inner.getResults(), [&](Value result) {
    return varying.contains(result);
  });
  for (int64_t e = 0; e < (varies ? count : 1); ++e) {
    Operation *clone = b.clone(inner, mappings[e]);
    // As lower::lowerToLoops does: a fused multiply-add rounds once.
    if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(clone))
      clone->setAttr("fastmath",
                     arith::FastMathFlagsAttr::get(
                         b.getContext(), arith::FastMathFlags::contract));
  }
  if (!varies)
    for (IRMapping &mapping : MutableArrayRef(mappings).drop_front())
      for (Value result : inner.getResults())
        mapping.map(result, mappings[0].lookup(result));
}

void Elementwise::storeResults(int64_t count) {
  for (auto [i, yielded] :
       llvm::enumerate(op.getBlock()->getTerminator()->getOperands())) {
    unsigned position = op.getNumDpsInputs() + i;
    Value buffer = operands[position];
    SmallVector<Value> elements;
    for (int64_t e = 0; e < count; ++e)
      elements.push_back(mappings[e].lookupOrDefault(yielded));
    if (count == 1 || accessOf(buffer, maps[position]) != Access::Vector) {
      for (auto [e, element] : llvm::enumerate(elements))
        memref::StoreOp::create(b, loc, element, buffer,
                                indicesOf(maps[position], e));
      continue;
    }
    Type type = elements.front().getType();
    Value piece = vector::FromElementsOp::create(
        b, loc, VectorType::get(count, type), elements);
    vector::StoreOp::create(b, loc, piece, buffer, indicesOf(maps[position], 0),
                            /*nontemporal=*/false,
                            llvm::Align(count * cuda::bytesOf(type)));
  }
}

/// The `count` elements from `first` on: all of a piece, or one.
void Elementwise::emitPiece(Value first, int64_t count) {
  ivs[loop] = first;
  mappings.assign(count, IRMapping());
  loadArguments(count);
  for (Operation &inner : op.getBlock()->without_terminator())
    cloneBody(inner, count);
  storeResults(count);
}

void Elementwise::emit() {
  Value size = sizes[loop], whole = constant(width);
  Value count = b.createOrFold<arith::CeilDivUIOp>(loc, size, whole);
  SmallVector<Value> steps = sizes;
  steps[loop] = count;
  for (auto [i, other] : llvm::enumerate(sizes))
    if (i != loop)
      count = b.createOrFold<arith::MulIOp>(loc, count, other);
  auto [begin, step] = cuda::launchThreads(b, loc, count);
  auto forOp = scf::ForOp::create(b, loc, begin, count, step);
  b.setInsertionPointToStart(forOp.getBody());
  ivs.assign(sizes.size(), Value());
  // Neighbours among threads have neighbouring pieces.
  SmallVector<unsigned> order = {loop};
  for (unsigned i = sizes.size(); i-- > 0;)
    if (i != loop)
      order.push_back(i);
  Value rest = forOp.getInductionVar();
  for (unsigned i : ArrayRef(order).drop_back()) {
    ivs[i] = b.createOrFold<arith::RemUIOp>(loc, rest, steps[i]);
    rest = b.createOrFold<arith::DivUIOp>(loc, rest, steps[i]);
  }
  ivs[order.back()] = rest;
  Value first = arith::MulIOp::create(b, loc, ivs[loop], whole);
  std::optional<int64_t> known = getConstantIntValue(size);
  if (known && *known % width == 0) {
    emitPiece(first, width);
  } else {
    Value end = arith::AddIOp::create(b, loc, first, whole);
    Value isWhole =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, end, size);
    auto branch = scf::IfOp::create(b, loc, isWhole, /*withElse=*/true);
    b.setInsertionPointToStart(branch.thenBlock());
    emitPiece(first, width);
    b.setInsertionPointToStart(branch.elseBlock());
    auto tail = scf::ForOp::create(b, loc, first, size, constant(1));
    b.setInsertionPointToStart(tail.getBody());
    emitPiece(tail.getInductionVar(), 1);
  }
  op->erase();
}

namespace {

class VectorizeElementwisePass
    : public cuda::impl::CudaVectorizeElementwisePassBase<
          VectorizeElementwisePass> {
public:
  using Base::Base;

  void runOnOperation() override {
    OpBuilder b(&getContext());
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp copy) {
      if (copy.getSource() != copy.getTarget() &&
          !copy->getParentOfType<gpu::LaunchOp>())
        copies.push_back(copy);
    });
    for (memref::CopyOp copy : copies) {
      b.setInsertionPoint(copy);
      linalg::CopyOp::create(b, copy.getLoc(), copy.getSource(),
                             copy.getTarget());
      copy.erase();
    }
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!op->getParentOfType<gpu::LaunchOp>())
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      b.setInsertionPoint(op);
      Elementwise elementwise(op, b);
      StringRef reason = elementwise.whyNot();
      if (reason.empty())
        elementwise.emit();
      else if (reportMisses)
        op.emitRemark("a thread for each element: ") << reason;
    }
  }
};

} // namespace
