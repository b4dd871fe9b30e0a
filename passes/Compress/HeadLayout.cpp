//===- HeadLayout.cpp - where an attention's heads come from ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeadLayout.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

/// A coordinate: a number, or whichever of a batch or of a sequence.
struct Coordinate {
  enum Kind { Number, Batch, Position } kind = Number;
  int64_t number = 0;

  bool isNumber() const { return kind == Number; }
};

using Element = SmallVector<Coordinate>;

} // namespace

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static bool isReshapeOrMove(Operation *op) {
  return isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                         tensor::ExtractSliceOp, linalg::TransposeOp>(op);
}

/// The coordinate in one dimension that those in `parts`, of `sizes`, are.
static std::optional<Coordinate> joined(ArrayRef<Coordinate> parts,
                                        ArrayRef<int64_t> sizes) {
  Coordinate result;
  bool hasSymbol = false;
  for (auto [part, size] : llvm::zip_equal(parts, sizes)) {
    if (size == 1)
      continue;
    // Whichever, beside numbers, is no coordinate of its own any more.
    if (hasSymbol || (!part.isNumber() && result.number != 0))
      return std::nullopt;
    if (!part.isNumber()) {
      result = part;
      hasSymbol = true;
      continue;
    }
    if (ShapedType::isDynamic(size))
      return std::nullopt;
    result.number = result.number * size + part.number;
  }
  // A symbol after other dimensions than of size 1 is offset by them.
  int64_t others =
      llvm::count_if(sizes, [](int64_t size) { return size != 1; });
  if (hasSymbol && others != 1)
    return std::nullopt;
  return result;
}

/// The coordinates in dimensions of `sizes` that one in their product is.
static std::optional<Element> split(Coordinate whole, ArrayRef<int64_t> sizes) {
  Element parts(sizes.size());
  if (whole.isNumber()) {
    for (auto [part, size] : llvm::reverse(llvm::zip_equal(parts, sizes))) {
      if (ShapedType::isDynamic(size))
        return std::nullopt;
      part.number = whole.number % size;
      whole.number /= size;
    }
    return parts;
  }
  bool isPlaced = false;
  for (auto [part, size] : llvm::zip_equal(parts, sizes)) {
    if (size == 1)
      continue;
    if (isPlaced)
      return std::nullopt;
    part = whole;
    isPlaced = true;
  }
  // One of a batch of 1 is number 0.
  return parts;
}

static bool isWhole(tensor::ExtractSliceOp slice, unsigned dim) {
  using Bounds = ValueBoundsConstraintSet;
  FailureOr<bool> isEqual = Bounds::areEqual(
      Bounds::Variable(slice.getMixedSizes()[dim]),
      Bounds::Variable(slice.getSource(), static_cast<int64_t>(dim)));
  return succeeded(isEqual) && *isEqual;
}

/// Which element of the operand of `op` the `element` of its result is.
static std::optional<Element> before(Operation *op, const Element &element) {
  Element result;
  ArrayRef<int64_t> from = shapeOf(op->getOperand(0)),
                    to = shapeOf(op->getResult(0));
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    result.resize(element.size());
    for (auto [i, dim] : llvm::enumerate(transpose.getPermutation()))
      result[dim] = element[i];
    return result;
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    for (const ReassociationIndices &group : expand.getReassociationIndices()) {
      std::optional<Coordinate> whole =
          joined(ArrayRef(element).slice(group.front(), group.size()),
                 to.slice(group.front(), group.size()));
      if (!whole)
        return std::nullopt;
      result.push_back(*whole);
    }
    return result;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    for (auto [i, group] :
         llvm::enumerate(collapse.getReassociationIndices())) {
      std::optional<Element> parts =
          split(element[i], from.slice(group.front(), group.size()));
      if (!parts)
        return std::nullopt;
      result.append(*parts);
    }
    return result;
  }
  auto slice = cast<tensor::ExtractSliceOp>(op);
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  unsigned at = 0;
  for (unsigned dim = 0; dim < from.size(); ++dim) {
    int64_t offset = slice.getStaticOffset(dim),
            stride = slice.getStaticStride(dim);
    Coordinate part = dropped.test(dim) ? Coordinate() : element[at++];
    if (ShapedType::isDynamic(offset) || stride != 1 ||
        (!part.isNumber() && (offset != 0 || !isWhole(slice, dim))))
      return std::nullopt;
    part.number += offset;
    result.push_back(part);
  }
  return result;
}

/// The value that `value` is through moves, and the elements there.
static Value trace(Value value, std::vector<Element> &elements) {
  while (isReshapeOrMove(value.getDefiningOp())) {
    Operation *op = value.getDefiningOp();
    for (Element &element : elements) {
      std::optional<Element> known = before(op, element);
      if (!known)
        return {};
      element = std::move(*known);
    }
    value = op->getOperand(0);
  }
  return value;
}

/// Whether the coordinates of rows are batch and sequence in their order; of
/// dimensions of size 1 they are numbers.
static bool areRows(ArrayRef<Coordinate> rows, ArrayRef<int64_t> sizes) {
  if (rows.size() != 2)
    return false;
  auto is = [&](unsigned dim, Coordinate::Kind kind) {
    return rows[dim].kind == kind ||
           (sizes[dim] == 1 && rows[dim].isNumber() && rows[dim].number == 0);
  };
  return is(0, Coordinate::Batch) && is(1, Coordinate::Position);
}

static Coordinate whichever(Coordinate::Kind kind, int64_t size) {
  return size == 1 ? Coordinate() : Coordinate{kind, 0};
}

static std::string cannot(StringRef side, Operation *between) {
  std::string reason = "its " + side.str() +
                       " no linear layer's heads but for "
                       "their order";
  if (between)
    reason += ": there is '" + between->getName().getStringRef().str() + "'";
  return reason;
}

HeadLayout tfc::compress::layoutBefore(Value heads) {
  ArrayRef<int64_t> shape = shapeOf(heads);
  HeadLayout layout;
  int64_t numHeads = shape[1], size = shape[3];
  layout.reason = cannot("operands are", heads.getDefiningOp());
  if (ShapedType::isDynamic(numHeads) || ShapedType::isDynamic(size))
    return layout;
  std::vector<Element> elements;
  for (int64_t i = 0; i < numHeads * size; ++i)
    elements.push_back({whichever(Coordinate::Batch, shape[0]),
                        {Coordinate::Number, i / size},
                        whichever(Coordinate::Position, shape[2]),
                        {Coordinate::Number, i % size}});
  Value source = trace(heads, elements);
  auto layer = source ? source.getDefiningOp<attn::LinearOp>() : nullptr;
  layout.reason =
      cannot("operands are", source ? source.getDefiningOp() : nullptr);
  if (!layer)
    return layout;
  layout.features.assign(numHeads, std::vector<int64_t>(size));
  for (auto [i, element] : llvm::enumerate(elements)) {
    if (!areRows(ArrayRef(element).drop_back(), shapeOf(source)) ||
        !element.back().isNumber())
      return layout;
    layout.features[i / size][i % size] = element.back().number;
  }
  layout.reason.clear();
  layout.layer = layer;
  return layout;
}

HeadLayout tfc::compress::layoutBehind(attn::AttentionOp attention) {
  HeadLayout layout;
  Value value = attention.getResult();
  ArrayRef<int64_t> shape = shapeOf(value);
  while (value.hasOneUse() && isReshapeOrMove(*value.user_begin()) &&
         (*value.user_begin())->getOperand(0) == value)
    value = (*value.user_begin())->getResult(0);
  Operation *user = value.hasOneUse() ? *value.user_begin() : nullptr;
  layout.reason = cannot("results are", user);
  auto layer = dyn_cast_or_null<attn::LinearOp>(user);
  if (!layer || layer.getX() != value || ShapedType::isDynamic(shape[1]) ||
      ShapedType::isDynamic(shape[3]))
    return layout;
  ArrayRef<int64_t> rows = shapeOf(value);
  if (rows.size() != 3 || rows.back() != shape[1] * shape[3])
    return layout;
  std::vector<Element> elements;
  for (int64_t i = 0; i < rows.back(); ++i)
    elements.push_back({whichever(Coordinate::Batch, rows[0]),
                        whichever(Coordinate::Position, rows[1]),
                        {Coordinate::Number, i}});
  if (trace(value, elements) != attention.getResult())
    return layout;
  layout.features.assign(shape[1], std::vector<int64_t>(shape[3]));
  for (auto [i, element] : llvm::enumerate(elements)) {
    Coordinate places[] = {element[0], element[2]};
    int64_t sizes[] = {shape[0], shape[2]};
    if (!areRows(places, sizes) || !element[1].isNumber() ||
        !element[3].isNumber())
      return layout;
    layout.features[element[1].number][element[3].number] = i;
  }
  layout.reason.clear();
  layout.layer = layer;
  return layout;
}

std::optional<SmallVector<unsigned>>
tfc::compress::operandsFedBy(attn::LinearOp layer,
                             attn::AttentionOp attention) {
  SmallVector<unsigned> operands;
  SmallVector<Value> pending{layer->getResult(0)};
  while (!pending.empty()) {
    Value value = pending.pop_back_val();
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (user == attention && use.getOperandNumber() < 3)
        operands.push_back(use.getOperandNumber());
      else if (isReshapeOrMove(user) && use.getOperandNumber() == 0)
        pending.push_back(user->getResult(0));
      else
        return std::nullopt;
    }
  }
  return operands;
}
