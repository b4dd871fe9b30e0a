//===- SlicePosition.cpp - where a slice lies in its source -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SlicePosition.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::optimize;

/// Whether `size` is that of `value` along `dim`.
static bool isSizeOf(OpFoldResult size, Value value, unsigned dim) {
  int64_t known = cast<RankedTensorType>(value.getType()).getDimSize(dim);
  if (!ShapedType::isDynamic(known))
    return isConstantIntValue(size, known);
  if (!isa<Value>(size))
    return false;
  FailureOr<bool> equal = ValueBoundsConstraintSet::areEqual(
      ValueBoundsConstraintSet::Variable(size),
      ValueBoundsConstraintSet::Variable(value, dim));
  return succeeded(equal) && *equal;
}

bool optimize::isWholeAlong(tensor::ExtractSliceOp slice, unsigned dim) {
  return isZeroInteger(slice.getMixedOffsets()[dim]) &&
         isSizeOf(slice.getMixedSizes()[dim], slice.getSource(), dim);
}

bool optimize::isWhole(tensor::ExtractSliceOp slice) {
  return hasUnitStrides(slice) &&
         llvm::all_of(llvm::seq<unsigned>(slice.getSourceType().getRank()),
                      [&](unsigned dim) { return isWholeAlong(slice, dim); });
}

bool optimize::hasUnitStrides(OffsetSizeAndStrideOpInterface op) {
  return llvm::all_of(op.getMixedStrides(), isOneInteger);
}

bool optimize::isSamePart(tensor::ExtractSliceOp a, tensor::ExtractSliceOp b) {
  return a.getSource() == b.getSource() && a.getType() == b.getType() &&
         a.getMixedOffsets() == b.getMixedOffsets() &&
         a.getMixedSizes() == b.getMixedSizes() &&
         a.getMixedStrides() == b.getMixedStrides();
}

bool optimize::areFewerElements(ArrayRef<tensor::ExtractSliceOp> slices) {
  double sum = 0;
  for (tensor::ExtractSliceOp slice : slices) {
    double fraction = 1;
    for (auto [size, whole] :
         llvm::zip(slice.getStaticSizes(), slice.getSourceType().getShape())) {
      if (ShapedType::isDynamic(size))
        continue;
      if (!ShapedType::isDynamic(whole))
        fraction *= whole ? static_cast<double>(size) / whole : 1;
      else if (slices.size() == 1)
        return true;
    }
    sum += fraction;
  }
  // Thirds that make a whole may sum up to a little less.
  return sum < 1 - 1e-9;
}

InsertedPart optimize::partOfInsert(tensor::ExtractSliceOp slice,
                                    tensor::InsertSliceOp insert) {
  if (!hasUnitStrides(slice) || !hasUnitStrides(insert))
    return InsertedPart::Unknown;
  bool inside = insert.getSourceType().getRank() == insert.getType().getRank();
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(),
                            sizes = slice.getMixedSizes(),
                            partOffsets = insert.getMixedOffsets(),
                            partSizes = insert.getMixedSizes();
  for (unsigned dim = 0; dim < offsets.size(); ++dim) {
    std::optional<int64_t> first = getConstantIntValue(offsets[dim]),
                           count = getConstantIntValue(sizes[dim]),
                           from = getConstantIntValue(partOffsets[dim]),
                           extent = getConstantIntValue(partSizes[dim]);
    if (first && count && from && extent) {
      if (*first + *count <= *from || *from + *extent <= *first)
        return InsertedPart::Outside;
      inside &= *from <= *first && *first + *count <= *from + *extent;
      continue;
    }
    // From the whole of an open size any slice is.
    inside &= isZeroInteger(partOffsets[dim]) &&
              isSizeOf(partSizes[dim], insert.getDest(), dim);
  }
  return inside ? InsertedPart::Inside : InsertedPart::Unknown;
}
