//===- ShrinkRules.cpp - which dimensions shrink together -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ShrinkRules.h"

#include "AttentionSites.h"
#include "SiteGraph.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

static int64_t rankOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getRank() : 0;
}

int64_t ShrinkRules::Place::size() const {
  Value value = operand ? operand->get() : result;
  return cast<RankedTensorType>(value.getType()).getDimSize(dim);
}

const Kept *ShrinkRules::known(Place place) const {
  return place.operand ? shrink.keptOf(*place.operand, place.dim)
                       : shrink.keptOf(place.result, place.dim);
}

void ShrinkRules::restrict(Place place, Kept kept) {
  if (place.operand)
    shrink.restrict(*place.operand, place.dim, std::move(kept));
  else
    shrink.restrict(place.result, place.dim, std::move(kept));
}

void ShrinkRules::couple(ArrayRef<Place> places) {
  std::optional<Kept> left;
  for (const Place &place : places) {
    if (place.operand)
      namedOperands.push_back({place.operand, place.dim});
    else
      namedResults.push_back({place.result, place.dim});
    const Kept *kept = known(place);
    if (!kept)
      continue;
    left = left ? common(*left, *kept) : *kept;
  }
  if (left)
    for (const Place &place : places)
      restrict(place, *left);
}

void ShrinkRules::pin(Operation *op, ArrayRef<Place> places,
                      const Twine &reason) {
  for (const Place &place : places)
    if (known(place))
      return shrink.fail(op, reason);
}

void ShrinkRules::pinRest(Operation *op) {
  auto refuse = [&](const Twine &what, unsigned dim) {
    shrink.fail(op, "all of dimension " + Twine(dim) + " of " + what +
                        " takes part");
  };
  for (OpOperand &operand : op->getOpOperands())
    for (int64_t dim = 0; dim < rankOf(operand.get()); ++dim)
      if (!llvm::is_contained(
              namedOperands, std::pair<OpOperand *, unsigned>(&operand, dim)) &&
          shrink.keptOf(operand, dim))
        return refuse("operand " + Twine(operand.getOperandNumber()), dim);
  for (Value result : op->getResults())
    for (int64_t dim = 0; dim < rankOf(result); ++dim)
      if (!llvm::is_contained(namedResults,
                              std::pair<Value, unsigned>(result, dim)) &&
          shrink.keptOf(result, dim))
        return refuse("its result", dim);
}

void ShrinkRules::visit(Operation *op) {
  namedResults.clear();
  namedOperands.clear();
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](attn::LinearOp op) { visitLinear(op); })
      .Case([&](attn::NormOp op) { visitNorm(op); })
      .Case([&](attn::AttentionOp op) { visitAttention(op); })
      .Case([&](attn::RopeOp op) { visitRope(op); })
      .Case([&](attn::PatchEmbedOp op) { visitPatches(op); })
      .Case([&](linalg::LinalgOp op) { visitLinalg(op); })
      .Case([&](tensor::ExpandShapeOp op) {
        visitReshape(op, true, op.getReassociationIndices());
      })
      .Case([&](tensor::CollapseShapeOp op) {
        visitReshape(op, false, op.getReassociationIndices());
      })
      .Case([&](tensor::ExtractSliceOp op) { visitSlice(op); })
      .Case([&](tensor::InsertSliceOp op) { visitInsert(op); })
      .Case([&](tensor::PadOp op) { visitPad(op); })
      .Case([&](func::ReturnOp op) { visitReturn(op); });
  pinRest(op);
}

void ShrinkRules::visitReturn(func::ReturnOp op) {
  if (!shrink.limits.tokens)
    return;
  for (OpOperand &operand : op->getOpOperands())
    for (int64_t dim = 0; dim < rankOf(operand.get()); ++dim)
      pin(op, of(operand, dim),
          "result " + Twine(operand.getOperandNumber()) +
              " of the model has something for each token");
}

//===----------------------------------------------------------------------===//
// attn
//===----------------------------------------------------------------------===//

void ShrinkRules::coupleAlike(ArrayRef<OpOperand *> operands, Value result,
                              unsigned dim) {
  SmallVector<Place> places{of(result, dim)};
  for (OpOperand *operand : operands)
    if (rankOf(operand->get()) > dim)
      places.push_back(of(*operand, dim));
  couple(places);
}

void ShrinkRules::visitLinear(attn::LinearOp op) {
  Value result = op.getResult();
  unsigned last = rankOf(op.getX()) - 1;
  OpOperand &x = op.getXMutable(), &weight = op.getWeightMutable(),
            &init = op.getInitMutable();
  bool transposed = op.getTransposeWeight();
  for (unsigned dim = 0; dim < last; ++dim)
    coupleAlike({&x, &init}, result, dim);
  couple({of(x, last), of(weight, transposed ? 1 : 0)});
  SmallVector<Place> columns{of(weight, transposed ? 0 : 1), of(init, last),
                             of(result, last)};
  for (OpOperand &bias : op.getBiasMutable())
    columns.push_back(of(bias, 0));
  couple(columns);
}

void ShrinkRules::visitNorm(attn::NormOp op) {
  unsigned axis = op.getAxis();
  for (unsigned dim = 0; dim < rankOf(op.getX()); ++dim) {
    SmallVector<Place> places{of(op.getXMutable(), dim),
                              of(op.getInitMutable(), dim),
                              of(op.getResult(), dim)};
    if (dim >= axis) {
      for (OpOperand &scale : op.getScaleMutable())
        places.push_back(of(scale, dim - axis));
      for (OpOperand &bias : op.getBiasMutable())
        places.push_back(of(bias, dim - axis));
      if (!shrink.limits.norms)
        pin(op, places, "a norm is over all features");
    }
    couple(places);
  }
}

void ShrinkRules::visitAttention(attn::AttentionOp op) {
  OpOperand &query = op.getQueryMutable(), &key = op.getKeyMutable(),
            &value = op.getValueMutable(), &init = op.getInitMutable();
  couple({of(query, 3), of(key, 3)});
  couple({of(value, 3), of(init, 3), of(op.getResult(), 3)});
  visitHeads(op);
  if (shrink.limits.tokens)
    visitTokens(op);
}

void ShrinkRules::visitTokens(attn::AttentionOp op) {
  SmallVector<Place> queries{of(op.getQueryMutable(), 2),
                             of(op.getInitMutable(), 2), of(op.getResult(), 2)},
      keys{of(op.getKeyMutable(), 2), of(op.getValueMutable(), 2)};
  if (hidesByPlace(op) || op.getBias() || op.getQueryOffset() ||
      op.getScore() == attn::ScoreFunction::Grouped)
    for (ArrayRef<Place> places : {queries, keys})
      pin(op, places, "a bias or a window goes by the tokens' places");
  for (OpOperand &mask : op.getMaskMutable()) {
    if (of(mask, 2).size() != 1)
      queries.push_back(of(mask, 2));
    if (of(mask, 3).size() != 1)
      keys.push_back(of(mask, 3));
  }
  couple(queries);
  couple(keys);
}

void ShrinkRules::visitHeads(attn::AttentionOp op) {
  OpOperand &query = op.getQueryMutable(), &key = op.getKeyMutable(),
            &value = op.getValueMutable();
  SmallVector<Place> heads{of(query, 1), of(op.getInitMutable(), 1),
                           of(op.getResult(), 1)};
  int64_t numHeads = heads.front().size(), numGroups = of(key, 1).size();
  for (MutableOperandRange range : {op.getBiasMutable(), op.getMaskMutable()})
    for (OpOperand &operand : range)
      if (of(operand, 1).size() != 1 || numHeads == 1)
        heads.push_back(of(operand, 1));
  SmallVector<Place> groups{of(key, 1), of(value, 1)};
  if (numHeads == numGroups) {
    heads.append(groups);
    return couple(heads);
  }
  couple(heads);
  couple(groups);
  if (ShapedType::isDynamic(numHeads) || ShapedType::isDynamic(numGroups))
    return;
  // Query head h reads the key of head h / (H / G), before and after.
  int64_t readers = numHeads / numGroups;
  if (const Kept *kept = known(groups.front())) {
    Kept ofGroups;
    for (int64_t group : *kept)
      for (int64_t i = 0; i < readers; ++i)
        ofGroups.push_back(group * readers + i);
    for (const Place &place : heads)
      restrict(place, ofGroups);
  }
  if (const Kept *kept = known(heads.front())) {
    llvm::MapVector<int64_t, int64_t> readersLeft;
    for (int64_t head : *kept)
      ++readersLeft[head / readers];
    Kept left;
    for (auto [group, count] : readersLeft) {
      left.push_back(group);
      if (count != readersLeft.front().second)
        return shrink.fail(op, "heads that share keys would not be as many for "
                               "each of them");
    }
    for (const Place &place : groups)
      restrict(place, left);
  }
}

void ShrinkRules::visitRope(attn::RopeOp op) {
  for (unsigned dim = 0; dim < 3; ++dim) {
    SmallVector<Place> places{of(op.getXMutable(), dim),
                              of(op.getInitMutable(), dim),
                              of(op.getResult(), dim)};
    for (OpOperand *angles : {&op.getCosineMutable(), &op.getSineMutable()})
      if (of(*angles, dim).size() != 1 || places.front().size() == 1)
        places.push_back(of(*angles, dim));
    couple(places);
  }
}

void ShrinkRules::visitPatches(attn::PatchEmbedOp op) {
  SmallVector<Place> features{of(op.getWeightMutable(), 0),
                              of(op.getInitMutable(), 2),
                              of(op.getResult(), 2)};
  for (OpOperand &bias : op.getBiasMutable())
    features.push_back(of(bias, 0));
  couple(features);
}

//===----------------------------------------------------------------------===//
// linalg
//===----------------------------------------------------------------------===//

/// Whether the body adds up over its reductions: nothing else than sums keeps
/// its meaning with fewer terms.
static bool addsUp(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  for (auto [yielded, out] : llvm::zip(body->getTerminator()->getOperands(),
                                       op.getRegionOutputArgs())) {
    Operation *add = yielded.getDefiningOp();
    if (!isa_and_nonnull<arith::AddFOp>(add) ||
        !llvm::is_contained(add->getOperands(), out) || !out.hasOneUse())
      return false;
  }
  return true;
}

bool ShrinkRules::coupleLoop(linalg::LinalgOp op, unsigned loop,
                             SmallVectorImpl<Place> &places) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [dim, expression] : llvm::enumerate(map.getResults())) {
      if (!expression.isFunctionOfDim(loop))
        continue;
      Place place = of(operand, dim);
      if (!isa<AffineDimExpr>(expression)) {
        // A window over the loop; it may have places in other loops' classes.
        pin(op, place, "a window goes over it");
        return false;
      }
      places.push_back(place);
      if (op.isDpsInit(&operand))
        places.push_back(of(op.getTiedOpResult(&operand), dim));
    }
  }
  // Rows of tables that are looked up.
  bool isPinned = false;
  op.getBlock()->walk([&](linalg::IndexOp index) {
    if (index.getDim() != loop)
      return;
    for (OpOperand &use : index->getUses()) {
      auto extract = dyn_cast<tensor::ExtractOp>(use.getOwner());
      if (extract && use.getOperandNumber() > 0)
        places.push_back(
            of(extract.getTensorMutable(), use.getOperandNumber() - 1));
      else
        isPinned = true;
    }
  });
  if (isPinned)
    pin(op, places, "it computes with the index");
  return true;
}

void ShrinkRules::visitLinalg(linalg::LinalgOp op) {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  for (auto [loop, iterator] : llvm::enumerate(iterators)) {
    SmallVector<Place> places;
    if (!coupleLoop(op, loop, places))
      continue;
    if (iterator == utils::IteratorType::reduction && !addsUp(op) &&
        !(shrink.limits.tokens && isGreatest(op)))
      pin(op, places, "it reduces over it, and not by a sum");
    couple(places);
  }
}

//===----------------------------------------------------------------------===//
// tensor
//===----------------------------------------------------------------------===//

void ShrinkRules::visitReshape(Operation *op, bool expands,
                               ArrayRef<ReassociationIndices> groups) {
  OpOperand &source = op->getOpOperand(0);
  Value result = op->getResult(0);
  for (auto [i, group] : llvm::enumerate(groups)) {
    SmallVector<Place> parts;
    for (int64_t dim : group)
      parts.push_back(expands ? of(result, dim) : of(source, dim));
    coupleGroup(op, expands ? of(source, i) : of(result, i), parts);
  }
}

void ShrinkRules::coupleGroup(Operation *op, Place flat,
                              ArrayRef<Place> parts) {
  if (parts.size() == 1)
    return couple({flat, parts.front()});
  for (const Place &place : parts)
    couple(place);
  couple(flat);
  if (!known(flat) &&
      llvm::none_of(parts, [&](const Place &part) { return known(part); }))
    return;
  if (llvm::any_of(parts, [](const Place &part) {
        return ShapedType::isDynamic(part.size());
      }))
    return shrink.fail(op, "it reshapes dimensions of open sizes");
  // From the parts: all indices whose coordinates stay.
  auto keptOf = [&](const Place &part) {
    const Kept *kept = known(part);
    return kept ? *kept : allBut(part.size(), {});
  };
  Kept indices{0};
  for (const Place &part : parts) {
    Kept kept = keptOf(part), next;
    for (int64_t index : indices)
      for (int64_t coordinate : kept)
        next.push_back(index * part.size() + coordinate);
    indices = std::move(next);
  }
  restrict(flat, indices);
  // To the parts: the indices must be all combinations of coordinates.
  Kept left = *known(flat);
  SmallVector<Kept> coordinates(parts.size());
  size_t combinations = 1;
  int64_t inner = 1;
  for (auto [part, of] : llvm::reverse(llvm::zip_equal(parts, coordinates))) {
    std::vector<bool> seen(part.size());
    for (int64_t index : left)
      seen[index / inner % part.size()] = true;
    for (int64_t i = 0; i < part.size(); ++i)
      if (seen[i])
        of.push_back(i);
    combinations *= of.size();
    inner *= part.size();
  }
  if (combinations != left.size())
    return shrink.fail(op, "what would stay is no tensor after the reshape");
  for (auto [part, kept] : llvm::zip_equal(parts, coordinates))
    restrict(part, kept);
}

/// `part` is `whole` from `offset` on, both along one dimension.
void ShrinkRules::coupleWindow(Operation *op, Place whole, Place part,
                               int64_t offset, int64_t stride) {
  if (whole.size() == part.size() && !ShapedType::isDynamic(part.size()))
    return couple({whole, part});
  couple(whole);
  couple(part);
  if (!known(whole) && !known(part))
    return;
  if (ShapedType::isDynamic(offset) || stride != 1 ||
      ShapedType::isDynamic(part.size()))
    return shrink.fail(op, "it is a slice of open place or size");
  int64_t end = offset + part.size();
  if (const Kept *kept = known(part)) {
    Kept ofWhole;
    for (int64_t i = 0; i < whole.size(); ++i)
      if (i < offset || i >= end || llvm::is_contained(*kept, i - offset))
        ofWhole.push_back(i);
    restrict(whole, ofWhole);
  }
  if (const Kept *kept = known(whole)) {
    Kept ofPart;
    for (int64_t i : *kept)
      if (i >= offset && i < end)
        ofPart.push_back(i - offset);
    restrict(part, ofPart);
  }
}

void ShrinkRules::visitSlice(tensor::ExtractSliceOp op) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  unsigned to = 0;
  for (int64_t dim = 0; dim < op.getSourceType().getRank(); ++dim) {
    if (dropped.test(dim))
      continue;
    coupleWindow(op, of(op.getSourceMutable(), dim), of(op.getResult(), to++),
                 op.getStaticOffset(dim), op.getStaticStride(dim));
  }
}

void ShrinkRules::visitInsert(tensor::InsertSliceOp op) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  unsigned from = 0;
  for (int64_t dim = 0; dim < op.getDestType().getRank(); ++dim) {
    Place dest = of(op.getDestMutable(), dim);
    couple({dest, of(op.getResult(), dim)});
    if (dropped.test(dim)) {
      pin(op, dest, "it is a slice of one of its indices");
      continue;
    }
    coupleWindow(op, dest, of(op.getSourceMutable(), from++),
                 op.getStaticOffset(dim), op.getStaticStride(dim));
  }
}

void ShrinkRules::visitPad(tensor::PadOp op) {
  for (int64_t dim = 0; dim < op.getSourceType().getRank(); ++dim)
    if (op.getStaticLow()[dim] == 0 && op.getStaticHigh()[dim] == 0)
      couple({of(op.getSourceMutable(), dim), of(op.getResult(), dim)});
}
