//===- TokenLayout.cpp - which dimensions count batches and tokens - C++ -*-==//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TokenLayout.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::optimize;

static bool isAt(AffineExpr expr, int64_t loop) {
  auto dim = dyn_cast<AffineDimExpr>(expr);
  return dim && static_cast<int64_t>(dim.getPosition()) == loop;
}

static int64_t positionOf(AffineMap map, int64_t loop) {
  for (auto [place, expr] : llvm::enumerate(map.getResults()))
    if (isAt(expr, loop))
      return place;
  return -1;
}

TokenLayout::TokenLayout(func::FuncOp function, Value mask) : mask(mask) {
  auto shape = cast<ShapedType>(mask.getType()).getShape();
  auto namesOf = [&](BlockArgument argument) {
    return function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                "tfc.dims");
  };
  ArrayAttr names = namesOf(cast<BlockArgument>(mask));
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || type.getRank() < 2 || type.getShape().take_front(2) != shape)
      continue;
    ArrayAttr others = namesOf(argument);
    bool isAlike = argument == mask;
    if (names && others && others.size() >= 2)
      isAlike |= others[0] == names[0] && others[1] == names[1];
    isAlike |= type.hasStaticShape() && !ShapedType::isDynamicShape(shape);
    if (isAlike)
      dims.try_emplace(argument, TokenDims{0, 1});
  }
  for (Operation &op : function.front())
    if (op.getNumResults() == 1)
      if (std::optional<TokenDims> found = ofResult(&op))
        dims.try_emplace(op.getResult(0), *found);
}

/// Whether a size is that of all batches, or of all tokens of one.
bool TokenLayout::isWhole(OpFoldResult size, bool ofBatch) const {
  int64_t whole = cast<ShapedType>(mask.getType()).getDimSize(ofBatch ? 0 : 1);
  if (std::optional<int64_t> number = getConstantIntValue(size))
    return *number == whole;
  auto dim = cast<Value>(size).getDefiningOp<tensor::DimOp>();
  std::optional<TokenDims> from = dim ? of(dim.getSource()) : std::nullopt;
  return from &&
         dim.getConstantIndex() == (ofBatch ? from->batch : from->token);
}

std::optional<TokenDims> TokenLayout::loopsOf(linalg::LinalgOp op) const {
  std::optional<TokenDims> loops;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    std::optional<TokenDims> from = of(operand->get());
    if (!from)
      continue;
    AffineMap map = op.getMatchingIndexingMap(operand);
    auto batch = dyn_cast<AffineDimExpr>(map.getResult(from->batch));
    auto token = dyn_cast<AffineDimExpr>(map.getResult(from->token));
    if (!batch || !token)
      return std::nullopt;
    TokenDims found{batch.getPosition(), token.getPosition()};
    if (loops && !(*loops == found))
      return std::nullopt;
    loops = found;
  }
  return loops;
}

std::optional<TokenDims>
TokenLayout::throughReshape(TokenDims from,
                            ArrayRef<ReassociationIndices> groups,
                            ArrayRef<int64_t> wide, bool expands) const {
  TokenDims to{-1, -1};
  for (auto [narrow, group] : llvm::enumerate(groups)) {
    SmallVector<int64_t> large;
    for (int64_t dim : group)
      if (wide[dim] != 1)
        large.push_back(dim);
    // A size of 1 may be that of a batch or of tokens.
    if (large.empty() && group.size() == 1)
      large.push_back(group[0]);
    for (auto [before, after] :
         {std::pair(from.batch, &to.batch), std::pair(from.token, &to.token)}) {
      bool isHere = expands ? before == static_cast<int64_t>(narrow)
                            : llvm::is_contained(group, before);
      if (!isHere)
        continue;
      if (large.size() != 1 || (!expands && large.front() != before))
        return std::nullopt;
      *after = expands ? large.front() : static_cast<int64_t>(narrow);
    }
  }
  return to;
}

std::optional<TokenDims>
TokenLayout::throughSlice(tensor::ExtractSliceOp op) const {
  std::optional<TokenDims> from = of(op.getSource());
  if (!from || !op.getDroppedDims().none())
    return std::nullopt;
  for (bool ofBatch : {true, false}) {
    int64_t dim = ofBatch ? from->batch : from->token;
    if (!isZeroInteger(op.getMixedOffsets()[dim]) ||
        !isOneInteger(op.getMixedStrides()[dim]) ||
        !isWhole(op.getMixedSizes()[dim], ofBatch))
      return std::nullopt;
  }
  return from;
}

std::optional<TokenDims> TokenLayout::ofResult(Operation *op) const {
  auto first = [&]() { return of(op->getOperand(0)); };
  return llvm::TypeSwitch<Operation *, std::optional<TokenDims>>(op)
      .Case([&](attn::LinearOp linear) -> std::optional<TokenDims> {
        std::optional<TokenDims> from = first();
        int64_t last = cast<ShapedType>(linear.getX().getType()).getRank() - 1;
        bool isRows = from && from->batch != last && from->token != last;
        return isRows ? from : std::nullopt;
      })
      .Case([&](attn::NormOp norm) -> std::optional<TokenDims> {
        std::optional<TokenDims> from = first();
        int64_t axis = norm.getAxis();
        bool isRows = from && from->batch < axis && from->token < axis;
        return isRows ? from : std::nullopt;
      })
      .Case([&](attn::RopeOp) { return first(); })
      .Case([&](attn::AttentionOp attention) -> std::optional<TokenDims> {
        const TokenDims expected{0, 2};
        for (Value operand :
             {attention.getQuery(), attention.getKey(), attention.getValue()}) {
          std::optional<TokenDims> found = of(operand);
          if (!found || !(*found == expected))
            return std::nullopt;
        }
        return expected;
      })
      .Case([&](tensor::ExpandShapeOp view) -> std::optional<TokenDims> {
        std::optional<TokenDims> from = first();
        if (!from)
          return std::nullopt;
        return throughReshape(*from, view.getReassociationIndices(),
                              view.getResultType().getShape(), true);
      })
      .Case([&](tensor::CollapseShapeOp view) -> std::optional<TokenDims> {
        std::optional<TokenDims> from = first();
        if (!from)
          return std::nullopt;
        return throughReshape(*from, view.getReassociationIndices(),
                              view.getSrcType().getShape(), false);
      })
      .Case([&](tensor::ExtractSliceOp slice) { return throughSlice(slice); })
      .Case([&](linalg::LinalgOp linalg) -> std::optional<TokenDims> {
        std::optional<TokenDims> loops = loopsOf(linalg);
        if (!loops || linalg->getNumResults() != 1)
          return std::nullopt;
        // What its place says, the token does not.
        bool usesPlace = false;
        linalg->walk([&](linalg::IndexOp index) {
          int64_t loop = index.getDim();
          usesPlace |= loop == loops->batch || loop == loops->token;
        });
        AffineMap map =
            linalg.getIndexingMapMatchingResult(linalg->getOpResult(0));
        TokenDims to{positionOf(map, loops->batch),
                     positionOf(map, loops->token)};
        if (usesPlace || to.batch < 0 || to.token < 0)
          return std::nullopt;
        return to;
      })
      .Default(std::nullopt);
}
