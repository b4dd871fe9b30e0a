//===- DimensionShrink.cpp - fewer indices along a dimension ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DimensionShrink.h"

#include "ShrinkRules.h"
#include "SliceConstant.h"

#include "tfc/Passes/Compress/LinearInputs.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include <map>

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

Kept tfc::compress::allBut(int64_t size, ArrayRef<int64_t> removed) {
  Kept kept;
  for (int64_t i = 0; i < size; ++i)
    if (!llvm::is_contained(removed, i))
      kept.push_back(i);
  return kept;
}

Kept tfc::compress::common(const Kept &a, const Kept &b) {
  Kept both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(),
                        std::back_inserter(both));
  return both;
}

/// Values that any number of operations share without having to do with each
/// other.
static bool isShared(Value value) {
  Operation *op = value.getDefiningOp();
  return op &&
         (op->hasTrait<OpTrait::ConstantLike>() || isa<tensor::EmptyOp>(op) ||
          (isa<linalg::FillOp>(op) &&
           op->getOperand(1).getDefiningOp<tensor::EmptyOp>()));
}

//===----------------------------------------------------------------------===//
// What follows
//===----------------------------------------------------------------------===//

const Kept *DimensionShrink::keptOf(OpOperand &operand, unsigned dim) const {
  if (!isShared(operand.get()))
    return keptOf(operand.get(), dim);
  auto found = copies.find({&operand, dim});
  return found == copies.end() ? nullptr : &found->second;
}

const Kept *DimensionShrink::keptOf(Value value, unsigned dim) const {
  auto found = values.find({value, dim});
  return found == values.end() ? nullptr : &found->second;
}

void DimensionShrink::fail(Operation *op, const Twine &reason) {
  if (!why.empty())
    return;
  llvm::raw_string_ostream out(why);
  out << "'" << op->getName() << "'";
  if (auto named = op->getLoc()->findInstanceOf<NameLoc>())
    if (!named.getName().empty())
      out << " of node '" << named.getName().getValue() << "'";
  out << ": " << reason;
}

void DimensionShrink::enqueue(Operation *op) {
  // What a body of linalg reads is the business of the operation around it.
  while (op && op->getParentOp() && !isa<func::FuncOp>(op->getParentOp()) &&
         isa<linalg::LinalgOp>(op->getParentOp()))
    op = op->getParentOp();
  pending.insert(op);
  touched.insert(op);
}

/// Puts what is in both into `known`; whether that has changed.
static bool intersect(Kept &known, const Kept &kept) {
  Kept both = common(known, kept);
  bool changed = both.size() != known.size();
  known = std::move(both);
  return changed;
}

void DimensionShrink::restrict(OpOperand &operand, unsigned dim, Kept kept) {
  if (!isShared(operand.get()))
    return restrict(operand.get(), dim, std::move(kept));
  int64_t size = cast<ShapedType>(operand.get().getType()).getDimSize(dim);
  if (!ShapedType::isDynamic(size) && size == int64_t(kept.size()))
    return;
  if (ShapedType::isDynamic(size) || kept.empty())
    return fail(operand.getOwner(), ShapedType::isDynamic(size)
                                        ? "its size is open"
                                        : "nothing of it would stay");
  auto [entry, isNew] = copies.insert({{&operand, dim}, kept});
  if (isNew || intersect(entry->second, kept))
    enqueue(operand.getOwner());
}

void DimensionShrink::restrict(Value value, unsigned dim, Kept kept) {
  Operation *op = value.getDefiningOp();
  int64_t size = cast<ShapedType>(value.getType()).getDimSize(dim);
  if (!ShapedType::isDynamic(size) && size == int64_t(kept.size()))
    return;
  Operation *at = op ? op : value.getParentBlock()->getParentOp();
  if (!op)
    return fail(at, "its argument " +
                        Twine(cast<BlockArgument>(value).getArgNumber()) +
                        " has a size of its own");
  if (ShapedType::isDynamic(size) || kept.empty())
    return fail(at, ShapedType::isDynamic(size) ? "its size is open"
                                                : "nothing of it would stay");
  auto [entry, isNew] = values.insert({{value, dim}, kept});
  if (!isNew && !intersect(entry->second, kept))
    return;
  enqueue(op);
  for (Operation *user : value.getUsers())
    enqueue(user);
}

LogicalResult DimensionShrink::keep(Value value, unsigned dim,
                                    ArrayRef<int64_t> kept) {
  restrict(value, dim, Kept(kept));
  ShrinkRules rules(*this);
  while (why.empty() && !pending.empty()) {
    Operation *op = pending.pop_back_val();
    if (!llvm::is_contained(limits.sources, op))
      rules.visit(op);
  }
  return success(why.empty());
}

//===----------------------------------------------------------------------===//
// Changing the function
//===----------------------------------------------------------------------===//

/// The dimensions of `operand` that lose indices, in their order.
static SmallVector<std::pair<unsigned, const Kept *>>
keptDims(const DimensionShrink &shrink, OpOperand &operand) {
  SmallVector<std::pair<unsigned, const Kept *>> dims;
  unsigned rank = cast<ShapedType>(operand.get().getType()).getRank();
  for (unsigned dim = 0; dim < rank; ++dim)
    if (const Kept *kept = shrink.keptOf(operand, dim))
      dims.push_back({dim, kept});
  return dims;
}

/// What an operand that is shared by others becomes for it alone; null where a
/// constant has no bytes.
Value DimensionShrink::copyOf(OpOperand &operand) {
  Value old = operand.get();
  Operation *op = old.getDefiningOp();
  OpBuilder b(op->getContext());
  b.setInsertionPointAfter(op);
  auto dims = keptDims(*this, operand);
  ElementsAttr constant;
  if (matchPattern(old, m_Constant(&constant))) {
    for (auto [dim, kept] : dims)
      if (!(constant = sliceConstant(constant, dim, *kept)))
        return {};
    return arith::ConstantOp::create(b, op->getLoc(), constant);
  }
  auto type = cast<RankedTensorType>(old.getType());
  SmallVector<int64_t> shape(type.getShape());
  for (auto [dim, kept] : dims)
    shape[dim] = kept->size();
  auto fill = dyn_cast<linalg::FillOp>(op);
  auto empty =
      cast<tensor::EmptyOp>(fill ? fill->getOperand(1).getDefiningOp() : op);
  Value made = tensor::EmptyOp::create(b, op->getLoc(), type.clone(shape),
                                       empty.getDynamicSizes());
  return fill ? linalg::FillOp::create(b, op->getLoc(), fill.getInputs(), made)
                    .getResult(0)
              : made;
}

/// Offsets and sizes of a slice of a tensor that loses indices.
template <typename Op>
static void shrinkSlice(Op op, OpOperand &whole,
                        const DimensionShrink &shrink) {
  SmallVector<int64_t> offsets(op.getStaticOffsets()),
      sizes(op.getStaticSizes());
  for (auto [dim, kept] : keptDims(shrink, whole)) {
    int64_t offset = offsets[dim], end = offset + sizes[dim];
    if (ShapedType::isDynamic(offset) || ShapedType::isDynamic(sizes[dim]))
      continue;
    offsets[dim] = llvm::count_if(*kept, [&](int64_t i) { return i < offset; });
    sizes[dim] = llvm::count_if(
        *kept, [&](int64_t i) { return i >= offset && i < end; });
  }
  op.setStaticOffsets(offsets);
  op.setStaticSizes(sizes);
}

/// The moments of what goes into a linear layer that fewer features go into.
static void shrinkMoments(attn::LinearOp op, const Kept &kept) {
  if (auto moments = op->getAttrOfType<ElementsAttr>(momentsName))
    op->setAttr(momentsName,
                sliceConstant(sliceConstant(moments, 0, kept), 1, kept));
  if (auto mean = op->getAttrOfType<ElementsAttr>(meanName))
    op->setAttr(meanName, sliceConstant(mean, 0, kept));
}

void DimensionShrink::setSizes(Operation *op) {
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](tensor::ExtractSliceOp op) {
        shrinkSlice(op, op.getSourceMutable(), *this);
      })
      .Case([&](tensor::InsertSliceOp op) {
        shrinkSlice(op, op.getDestMutable(), *this);
      })
      .Case([&](tensor::ExpandShapeOp op) {
        SmallVector<int64_t> shape(op.getStaticOutputShape());
        for (auto [dim, size] : llvm::enumerate(shape))
          if (const Kept *kept = keptOf(op.getResult(), dim))
            size = kept->size();
        op.setStaticOutputShape(shape);
      })
      .Case([&](attn::LinearOp op) {
        unsigned last = cast<ShapedType>(op.getX().getType()).getRank() - 1;
        if (const Kept *kept = keptOf(op.getXMutable(), last))
          shrinkMoments(op, *kept);
      });
}

void DimensionShrink::setTypes() {
  for (auto &[place, kept] : values) {
    auto type = cast<RankedTensorType>(place.first.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[place.second] = kept.size();
    place.first.setType(type.clone(shape));
  }
}

LogicalResult DimensionShrink::apply() {
  // Layers that share weights go on sharing them.
  std::map<std::pair<const void *, std::vector<int64_t>>, Value> made;
  llvm::MapVector<OpOperand *, Value> replaced;
  for (auto &[place, kept] : copies) {
    OpOperand *operand = place.first;
    if (replaced.contains(operand))
      continue;
    std::vector<int64_t> signature;
    for (auto [dim, indices] : keptDims(*this, *operand)) {
      signature.push_back(-1 - int64_t(dim));
      signature.insert(signature.end(), indices->begin(), indices->end());
    }
    Value &copy = made[{operand->get().getAsOpaquePointer(), signature}];
    if (!copy && !(copy = copyOf(*operand))) {
      fail(operand->getOwner(), "its constant has no bytes here");
      break;
    }
    replaced[operand] = copy;
  }
  if (!why.empty()) {
    for (auto &[key, copy] : made)
      if (copy)
        copy.getDefiningOp()->erase();
    return failure();
  }
  for (Operation *op : touched)
    setSizes(op);
  setTypes();
  for (auto [operand, copy] : replaced)
    operand->set(copy);
  return success();
}
