//===- LoopTensor.cpp - tensors over loops ----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopTensor.h"

#include "ElementFunctions.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

LoopTensor LoopSpace::index(int64_t loop) {
  if (fixed[loop])
    return {fixed[loop], {}, std::nullopt};
  return {nb.range(sizes[loop]), {loop}, loop};
}

/// The loops in an expression, ascending.
static SmallVector<int64_t> loopsOf(AffineExpr expression, int64_t count) {
  SmallVector<int64_t> loops;
  for (int64_t loop = 0; loop < count; ++loop)
    if (expression.isFunctionOfDim(loop))
      loops.push_back(loop);
  return loops;
}

std::optional<Value> LoopSpace::constantIndices(AffineExpr expression,
                                                ArrayRef<int64_t> loops) {
  SmallVector<int64_t> shape;
  int64_t count = 1;
  for (int64_t loop : loops) {
    std::optional<int64_t> size = getConstantIntValue(sizes[loop]);
    if (!size || fixed[loop])
      return std::nullopt;
    shape.push_back(*size);
    count *= *size;
  }
  if (count > (1 << 20))
    return std::nullopt;
  SmallVector<int64_t> numbers;
  SmallVector<Attribute> place(sizes.size(), nb.b.getIndexAttr(0));
  AffineMap map = AffineMap::get(sizes.size(), 0, expression);
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i;
    for (size_t k = loops.size(); k-- > 0; rest /= shape[k])
      place[loops[k]] = nb.b.getIndexAttr(rest % shape[k]);
    SmallVector<Attribute> result;
    if (failed(map.constantFold(place, result)))
      return std::nullopt;
    numbers.push_back(cast<IntegerAttr>(result[0]).getInt());
  }
  auto type = RankedTensorType::get(shape, nb.b.getI64Type());
  return nb.constant(DenseElementsAttr::get(type, ArrayRef<int64_t>(numbers)));
}

FailureOr<LoopTensor> LoopSpace::evaluate(AffineExpr expression,
                                          ArrayRef<LoopTensor> dims,
                                          ArrayRef<LoopTensor> symbols) {
  if (auto dim = dyn_cast<AffineDimExpr>(expression))
    return dims[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expression))
    return symbols[symbol.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expression))
    return LoopTensor{nb.number(constant.getValue()), {}, std::nullopt};
  auto binary = cast<AffineBinaryOpExpr>(expression);
  FailureOr<LoopTensor> left = evaluate(binary.getLHS(), dims, symbols),
                        right = evaluate(binary.getRHS(), dims, symbols);
  if (failed(left) || failed(right))
    return failure();
  SmallVector<int64_t> loops;
  SmallVector<Value> in = align({*left, *right}, loops);
  Value result;
  switch (expression.getKind()) {
  case AffineExprKind::Add:
    result = nb.elementwise("Add", in);
    break;
  case AffineExprKind::Mul:
    result = nb.elementwise("Mul", in);
    break;
  case AffineExprKind::Mod:
    result = floorRemainder(nb, in[0], in[1]);
    break;
  case AffineExprKind::FloorDiv:
    result = floorDivide(nb, in[0], in[1]);
    break;
  case AffineExprKind::CeilDiv:
    result = nb.elementwise(
        "Neg", floorDivide(nb, nb.elementwise("Neg", in[0]), in[1]));
    break;
  default:
    return failure();
  }
  return LoopTensor{result, loops, std::nullopt};
}

FailureOr<LoopTensor> LoopSpace::read(Value tensor, AffineMap map) {
  // Loops of each dimension that is left, from the last dimension on.
  SmallVector<int64_t> loops;
  for (size_t axis = map.getNumResults(); axis-- > 0;) {
    AffineExpr expression = map.getResult(axis);
    int64_t size = nb.typeOf(tensor).getDimSize(axis);
    SmallVector<int64_t> own = loopsOf(expression, sizes.size());
    if (llvm::any_of(
            own, [&](int64_t loop) { return llvm::is_contained(loops, loop); }))
      return failure();
    auto dim = dyn_cast<AffineDimExpr>(expression);
    if (dim && !fixed[dim.getPosition()]) {
      loops.insert(loops.begin(), dim.getPosition());
      continue;
    }
    Value indices;
    if (std::optional<Value> known = constantIndices(expression, own)) {
      auto constant = dyn_cast<AffineConstantExpr>(expression);
      if (constant && constant.getValue() == 0 && size == 1) {
        tensor = nb.squeeze(tensor, {static_cast<int64_t>(axis)});
        continue;
      }
      indices = *known;
    } else {
      SmallVector<LoopTensor> numbers;
      for (size_t loop = 0; loop < sizes.size(); ++loop)
        numbers.push_back(llvm::is_contained(own, static_cast<int64_t>(loop))
                              ? index(loop)
                              : LoopTensor());
      FailureOr<LoopTensor> places = evaluate(expression, numbers, {});
      if (failed(places))
        return failure();
      llvm::erase_if(own, [&](int64_t loop) { return !!fixed[loop]; });
      indices = full(*places, own);
    }
    tensor = nb.gather(tensor, indices, axis);
    loops.insert(loops.begin(), own.begin(), own.end());
  }
  return LoopTensor{tensor, loops, std::nullopt};
}

FailureOr<LoopTensor> LoopSpace::extract(Value tensor,
                                         ArrayRef<LoopTensor> indices) {
  // Dimensions that run along a loop need no index.
  SmallVector<int64_t> others, loops;
  for (auto [axis, index] : llvm::enumerate(indices)) {
    int64_t size = nb.typeOf(tensor).getDimSize(axis);
    bool isWhole = index.indexOf &&
                   !llvm::is_contained(loops, *index.indexOf) &&
                   !ShapedType::isDynamic(size) &&
                   getConstantIntValue(sizes[*index.indexOf]) == size;
    if (isWhole)
      loops.push_back(*index.indexOf);
    else
      others.push_back(axis);
  }
  if (others.empty())
    return LoopTensor{tensor, loops, std::nullopt};
  const LoopTensor &only = indices[others[0]];
  bool isGather =
      others.size() == 1 && llvm::none_of(only.loops, [&](int64_t loop) {
        return llvm::is_contained(loops, loop);
      });
  if (isGather) {
    int64_t axis = others[0];
    loops.insert(loops.begin() + axis, only.loops.begin(), only.loops.end());
    return LoopTensor{nb.gather(tensor, only.tensor, axis), loops,
                      std::nullopt};
  }
  SmallVector<int64_t> all;
  align(indices, all);
  SmallVector<Value> columns;
  int64_t last = all.size();
  for (const LoopTensor &index : indices)
    columns.push_back(nb.unsqueeze(full(index, all), {last}));
  SmallVector<int64_t> shape;
  for (int64_t loop : all)
    shape.push_back(
        getConstantIntValue(sizes[loop]).value_or(ShapedType::kDynamic));
  Value result = nb.node("GatherND", {tensor, nb.concat(columns, last)},
                         nb.typeOf(tensor).clone(shape));
  return LoopTensor{result, all, std::nullopt};
}

Value LoopSpace::inOrder(const LoopTensor &value, ArrayRef<int64_t> order,
                         bool keepLeading) {
  SmallVector<int64_t> permutation, missing;
  for (auto [place, loop] : llvm::enumerate(order)) {
    if (value.dependsOn(loop))
      permutation.push_back(value.axisOf(loop));
    else if (keepLeading || !permutation.empty())
      missing.push_back(place);
  }
  // Places count from the first dimension that is kept.
  int64_t dropped = order.size() - permutation.size() - missing.size();
  for (int64_t &place : missing)
    place -= dropped;
  return nb.unsqueeze(nb.transpose(value.tensor, permutation), missing);
}

SmallVector<Value> LoopSpace::align(ArrayRef<LoopTensor> values,
                                    SmallVectorImpl<int64_t> &loops) {
  // The order of the one with most dimensions, if it has all loops.
  const LoopTensor *most = &values[0];
  for (const LoopTensor &value : values)
    if (value.loops.size() > most->loops.size())
      most = &value;
  SmallVector<int64_t> all(most->loops);
  for (const LoopTensor &value : values)
    for (int64_t loop : value.loops)
      if (!llvm::is_contained(all, loop))
        all.push_back(loop);
  if (all.size() > most->loops.size())
    llvm::sort(all);
  SmallVector<Value> aligned;
  for (const LoopTensor &value : values)
    aligned.push_back(inOrder(value, all));
  loops.assign(all.begin(), all.end());
  return aligned;
}

Value LoopSpace::full(const LoopTensor &value, ArrayRef<int64_t> order) {
  Sizes wanted;
  bool complete = true;
  for (int64_t loop : order) {
    wanted.push_back(sizes[loop]);
    complete &= value.dependsOn(loop);
  }
  Value ordered = inOrder(value, order, /*keepLeading=*/true);
  return complete ? ordered : nb.expand(ordered, wanted);
}

FailureOr<Value> LoopSpace::write(const LoopTensor &value, AffineMap map) {
  SmallVector<int64_t> order, zeros;
  for (auto [place, expression] : llvm::enumerate(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expression);
    auto constant = dyn_cast<AffineConstantExpr>(expression);
    if (dim && !llvm::is_contained(order, dim.getPosition()))
      order.push_back(dim.getPosition());
    else if (constant && constant.getValue() == 0)
      zeros.push_back(place);
    else
      return failure();
  }
  for (int64_t loop : value.loops)
    if (!llvm::is_contained(order, loop))
      return failure();
  return nb.unsqueeze(full(value, order), zeros);
}
