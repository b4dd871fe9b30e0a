//===- ElementConstants.cpp - what constants hold at an index ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpressions.h"

#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace tfc::raise;

std::optional<SmallVector<double>>
tfc::raise::constantNumbers(Attribute constant) {
  auto elements = dyn_cast_if_present<ElementsAttr>(constant);
  constexpr int64_t most = 1 << 24;
  if (!elements || elements.getNumElements() > most)
    return std::nullopt;
  Type type = elements.getElementType();
  SmallVector<double> numbers;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    if (type.isF32() &&
        blob->getData().size() >= sizeof(float) * elements.getNumElements()) {
      llvm::append_range(numbers, blob->getDataAs<float>().take_front(
                                      elements.getNumElements()));
      return numbers;
    }
    // A byte for each truth, as files have them.
    ArrayRef<char> bytes = blob->getData();
    if (!type.isInteger(1) ||
        static_cast<int64_t>(bytes.size()) != elements.getNumElements())
      return std::nullopt;
    for (char truth : bytes)
      numbers.push_back(truth != 0);
    return numbers;
  }
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense)
    return std::nullopt;
  if (isa<FloatType>(type)) {
    for (APFloat value : dense.getValues<APFloat>())
      numbers.push_back(value.convertToDouble());
    return numbers;
  }
  if (!type.isInteger(1))
    return std::nullopt;
  for (bool value : dense.getValues<bool>())
    numbers.push_back(value);
  return numbers;
}

namespace {

/// A matrix of two numbers, the first within a band around the diagonal:
/// row - left <= column <= row + right.
struct Band {
  double seen = 0, hidden = 0;
  std::optional<int64_t> left, right;
};

/// Numbers that mean "seen" and "hidden": those of masks, a truth or a term.
std::optional<Band> seenAndHidden(ArrayRef<double> numbers) {
  Band band;
  double x = numbers.front(), y = x;
  for (double number : numbers)
    if (number != x) {
      y = number;
      break;
    }
  if (x == y)
    return std::nullopt;
  if (llvm::any_of(numbers, [&](double n) { return n != x && n != y; }))
    return std::nullopt;
  // Of truths the larger is "seen", of terms 0, which is the larger as well.
  band.seen = std::max(x, y);
  band.hidden = std::min(x, y);
  return band;
}

std::optional<Band> bandOf(ArrayRef<double> numbers, int64_t rows,
                           int64_t columns) {
  std::optional<Band> band = seenAndHidden(numbers);
  if (!band)
    return std::nullopt;
  int64_t left = -rows, right = -columns;
  bool cutsLeft = false, cutsRight = false, any = false;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      if (numbers[i * columns + j] == band->seen) {
        left = any ? std::max(left, i - j) : i - j;
        right = any ? std::max(right, j - i) : j - i;
        any = true;
      }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      bool expected = i - j <= left && j - i <= right;
      if ((numbers[i * columns + j] == band->seen) != expected)
        return std::nullopt;
      cutsLeft |= i - j > left;
      cutsRight |= j - i > right;
    }
  if (cutsLeft)
    band->left = left;
  if (cutsRight)
    band->right = right;
  return band;
}

/// Integers along one dimension that grow by one number every so many places:
/// 0, 1, 2 or 0, 0, 1, 1.
std::optional<AffineExpr> integersAt(Attribute constant, RankedTensorType type,
                                     ArrayRef<AffineExpr> index) {
  auto dense = dyn_cast<DenseIntElementsAttr>(constant);
  constexpr int64_t most = 1 << 20;
  if (!dense || type.getElementType().isInteger(1) ||
      dense.getNumElements() > most || dense.getNumElements() < 2)
    return std::nullopt;
  auto isLong = [](int64_t size) { return size != 1; };
  if (llvm::count_if(type.getShape(), isLong) != 1)
    return std::nullopt;
  SmallVector<int64_t> numbers;
  for (const APInt &number : dense.getValues<APInt>())
    numbers.push_back(number.getSExtValue());
  int64_t repeats = 1, count = numbers.size();
  while (repeats < count && numbers[repeats] == numbers[0])
    ++repeats;
  if (repeats == count)
    return std::nullopt;
  int64_t step = numbers[repeats] - numbers[0];
  for (int64_t i = 0; i < count; ++i)
    if (numbers[i] != numbers[0] + i / repeats * step)
      return std::nullopt;
  AffineExpr at =
      index[llvm::find_if(type.getShape(), isLong) - type.getShape().begin()];
  return at.floorDiv(repeats) * step + numbers[0];
}

} // namespace

Element ElementExpressions::constantAt(Value tensor, Attribute constant,
                                       ArrayRef<AffineExpr> index) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (auto splat = dyn_cast<SplatElementsAttr>(constant))
    constant = splat.getSplatValue<Attribute>();
  if (auto number = dyn_cast<FloatAttr>(constant))
    return Element::number(number.getValueAsDouble());
  if (auto integer = dyn_cast<IntegerAttr>(constant)) {
    if (type.getElementType().isInteger(1))
      return Element::of(integer.getValue().isZero()
                             ? Truth{{getAffineConstantExpr(-1, context)}, {}}
                             : Truth());
    return Element::of(
        getAffineConstantExpr(integer.getValue().getSExtValue(), context));
  }
  if (std::optional<AffineExpr> steps = integersAt(constant, type, index))
    return Element::of(*steps);
  // One matrix, whose rows and columns are the last dimensions.
  if (type.getRank() < 2 || !llvm::all_of(type.getShape().drop_back(2),
                                          [](int64_t n) { return n == 1; }))
    return {};
  std::optional<SmallVector<double>> numbers = constantNumbers(constant);
  if (!numbers || numbers->empty())
    return {};
  int64_t rows = type.getShape()[type.getRank() - 2],
          columns = type.getShape().back();
  std::optional<Band> band = bandOf(*numbers, rows, columns);
  if (!band)
    return {};
  AffineExpr row = index[index.size() - 2], column = index.back();
  Truth truth;
  if (band->right)
    truth.bounds.push_back(row + *band->right - column);
  if (band->left)
    truth.bounds.push_back(column + *band->left - row);
  return type.getElementType().isInteger(1)
             ? Element::of(truth)
             : Element::choice(truth, band->seen, band->hidden);
}
