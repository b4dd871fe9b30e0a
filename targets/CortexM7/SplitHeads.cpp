//===- SplitHeads.cpp - attention head by head ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelConstants.h"
#include "StridedPlace.h"
#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_SPLITHEADSPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

int64_t bytesOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements();
}

/// A matrix that is some rows and columns of a product's result.
struct Part {
  ProductOp product;
  int64_t row, column;

  using Place = std::tuple<Operation *, int64_t, int64_t>;
  Place place() { return {product.getOperation(), row, column}; }
};

std::optional<Part> partOf(Value matrix) {
  std::optional<StridedPlace> place = placeOf(matrix);
  auto product = place ? place->root.getDefiningOp<ProductOp>() : ProductOp();
  auto type = cast<RankedTensorType>(matrix.getType());
  if (!product || type.getRank() != 2 ||
      cast<RankedTensorType>(product.getX().getType()).getRank() != 2)
    return std::nullopt;
  int64_t outputs =
      cast<RankedTensorType>(product.getInit().getType()).getDimSize(1);
  Part part{product, place->offset / outputs, place->offset % outputs};
  bool isPart = (type.getDimSize(0) == 1 || place->strides[0] == outputs) &&
                (type.getDimSize(1) == 1 || place->strides[1] == 1) &&
                part.column + type.getDimSize(1) <= outputs;
  return isPart ? std::optional(part) : std::nullopt;
}

/// Whether `isTaken` of all uses of `value` and of what only looks at it.
bool isUsedOnly(Value value, llvm::function_ref<bool(OpOperand &)> isTaken) {
  return llvm::all_of(value.getUses(), [&](OpOperand &use) {
    return isPlaceView(use.getOwner())
               ? isUsedOnly(use.getOwner()->getResult(0), isTaken)
               : isTaken(use);
  });
}

/// The heads of one attention, whose results are put beside one another.
class Heads {
public:
  /// The heads that `last` is the last one of to be put.
  static std::optional<Heads> endingAt(tensor::InsertSliceOp last);

  void split(RewriterBase &b);

private:
  /// By the operation's operands.
  enum Kind { Queries, Keys, Values };
  static Value operandOf(AttentionOp head, Kind kind) {
    return head->getOperand(kind);
  }

  bool isUseOf(OpOperand &use, ArrayRef<Kind> kinds) const {
    return all.contains(use.getOwner()) &&
           llvm::is_contained(kinds, use.getOperandNumber());
  }
  SmallVector<Kind> partsOfProducts() const;
  bool arePartsOfProducts(Kind kind) const;
  bool areQueriesAlone() const;
  bool isWorthSplitting(ArrayRef<Kind> kinds) const;
  Value made(RewriterBase &b, Value matrix);
  std::optional<Value> wholeQueries();

  /// In the order in which they are put.
  SmallVector<tensor::InsertSliceOp> inserts;
  SmallVector<AttentionOp> heads;
  SetVector<Operation *> all;
  Value empty;
};

std::optional<Heads> Heads::endingAt(tensor::InsertSliceOp last) {
  bool goesOn = llvm::any_of(last->getUsers(), [&](Operation *user) {
    auto next = dyn_cast<tensor::InsertSliceOp>(user);
    return next && next.getDest() == last.getResult();
  });
  if (goesOn)
    return std::nullopt;
  Heads found;
  Value whole = last.getResult();
  while (auto insert = whole.getDefiningOp<tensor::InsertSliceOp>()) {
    auto head = insert.getSource().getDefiningOp<AttentionOp>();
    if (!head || !head->hasOneUse() || (insert != last && !insert->hasOneUse()))
      return std::nullopt;
    found.inserts.push_back(insert);
    found.heads.push_back(head);
    found.all.insert(head);
    whole = insert.getDest();
  }
  found.empty = whole;
  bool isBlock = llvm::all_of(found.all, [&](Operation *head) {
    return head->getBlock() == last->getBlock() &&
           cast<AttentionOp>(head).getInit().getDefiningOp<tensor::EmptyOp>();
  });
  if (!isBlock || !whole.getDefiningOp<tensor::EmptyOp>())
    return std::nullopt;
  std::reverse(found.inserts.begin(), found.inserts.end());
  std::reverse(found.heads.begin(), found.heads.end());
  return found;
}

/// Whether each head's operand is a part, and not all, of a product.
bool Heads::arePartsOfProducts(Kind kind) const {
  return llvm::all_of(heads, [&](AttentionOp head) {
    Value matrix = operandOf(head, kind);
    std::optional<Part> part = partOf(matrix);
    return part && bytesOf(matrix) < bytesOf(part->product.getResult()) &&
           !elementsOf<int8_t>(part->product.getWeights()).empty();
  });
}

/// The operands that are parts of products of which nothing else is used.
SmallVector<Heads::Kind> Heads::partsOfProducts() const {
  SmallVector<Kind> kinds;
  for (Kind kind : {Queries, Keys, Values})
    if (arePartsOfProducts(kind) && (kind != Queries || areQueriesAlone()))
      kinds.push_back(kind);
  auto isUsedOtherwise = [&](Kind kind) {
    return llvm::any_of(heads, [&](AttentionOp head) {
      return !isUsedOnly(partOf(operandOf(head, kind))->product.getResult(),
                         [&](OpOperand &use) { return isUseOf(use, kinds); });
    });
  };
  // What stays whole for one kind stays for all.
  for (size_t count = 0; count != kinds.size();) {
    count = kinds.size();
    llvm::erase_if(kinds, isUsedOtherwise);
  }
  return kinds;
}

/// Whether no head's queries, in whose place its result is to be, are keys or
/// values too.
bool Heads::areQueriesAlone() const {
  llvm::DenseSet<Part::Place> others;
  for (AttentionOp head : heads)
    for (Kind kind : {Keys, Values})
      if (std::optional<Part> part = partOf(operandOf(head, kind)))
        others.insert(part->place());
  return llvm::none_of(heads, [&](AttentionOp head) {
    return others.contains(partOf(head.getQ())->place());
  });
}

/// Whether less lives at a time if one head's parts are made when it needs
/// them: what they are made of lives to the last head then.
bool Heads::isWorthSplitting(ArrayRef<Kind> kinds) const {
  SetVector<Value> products, sources;
  int64_t parts = 0;
  for (Kind kind : kinds) {
    for (AttentionOp head : heads) {
      ProductOp product = partOf(operandOf(head, kind))->product;
      products.insert(product.getResult());
      sources.insert(product.getX());
    }
    // Queries are made where the result is.
    parts += kind == Queries ? bytesOf(empty)
                             : bytesOf(operandOf(heads.front(), kind));
  }
  int64_t whole = 0;
  for (Value product : products)
    whole += bytesOf(product);
  for (Value source : sources)
    parts += bytesOf(source);
  return parts < whole;
}

/// `matrix` out of a product that makes nothing else.
Value Heads::made(RewriterBase &b, Value matrix) {
  std::optional<Part> part = partOf(matrix);
  ProductOp product = part->product;
  Location loc = product.getLoc();
  auto type = cast<RankedTensorType>(matrix.getType());
  auto sourceType = cast<RankedTensorType>(product.getX().getType());
  int64_t rows = type.getDimSize(0), outputs = type.getDimSize(1),
          depth = sourceType.getDimSize(1);
  Value source = product.getX();
  if (rows != sourceType.getDimSize(0)) {
    auto numbers = [&](ArrayRef<int64_t> values) {
      return getAsIndexOpFoldResult(b.getContext(), values);
    };
    source =
        tensor::ExtractSliceOp::create(b, loc, source, numbers({part->row, 0}),
                                       numbers({rows, depth}), numbers({1, 1}));
  }
  auto cut = [&](auto values, int64_t width, ArrayRef<int64_t> shape,
                 Type element) -> ElementsAttr {
    auto own = ArrayRef(values).slice(part->column * width, outputs * width);
    return DenseElementsAttr::get(RankedTensorType::get(shape, element), own);
  };
  Value init =
      tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
  return ProductOp::create(b, loc, type, source, init, Value(),
                           cut(elementsOf<int8_t>(product.getWeights()), depth,
                               {outputs, depth}, b.getI8Type()),
                           cut(elementsOf<int32_t>(product.getBias()), 1,
                               {outputs}, b.getI32Type()),
                           cut(elementsOf<int32_t>(product.getMultipliers()), 1,
                               {outputs}, b.getI32Type()),
                           product.getZero())
      .getResult();
}

/// What has all queries, each head's where its result is to be, and has no use
/// but for them.
std::optional<Value> Heads::wholeQueries() {
  Value whole;
  for (auto [head, insert] : llvm::zip(heads, inserts)) {
    auto slice = head.getQ().getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice || !slice->hasOneUse() ||
        (whole && slice.getSource() != whole) ||
        slice.getSourceType() != insert.getType() ||
        slice.getMixedOffsets() != insert.getMixedOffsets() ||
        slice.getMixedSizes() != insert.getMixedSizes() ||
        slice.getMixedStrides() != insert.getMixedStrides())
      return std::nullopt;
    whole = slice.getSource();
  }
  std::optional<StridedPlace> place = placeOf(whole);
  if (!place || bytesOf(place->root) != bytesOf(whole) ||
      !place->root.getDefiningOp<DestinationStyleOpInterface>() ||
      !isUsedOnly(place->root,
                  [&](OpOperand &use) { return isUseOf(use, {Queries}); }))
    return std::nullopt;
  return whole;
}

void Heads::split(RewriterBase &b) {
  SmallVector<Kind> kinds = partsOfProducts();
  if (!isWorthSplitting(kinds))
    kinds.clear();
  bool ownQueries = llvm::is_contained(kinds, Queries);
  std::optional<Value> queries = ownQueries ? std::nullopt : wholeQueries();
  Value whole = queries.value_or(empty);
  llvm::DenseMap<Part::Place, Value> parts;
  b.setInsertionPoint(inserts.back());
  for (auto [head, insert] : llvm::zip(heads, inserts)) {
    Value q = head.getQ();
    if (queries) {
      auto slice = q.getDefiningOp<tensor::ExtractSliceOp>();
      q = tensor::ExtractSliceOp::create(
          b, slice.getLoc(), slice.getType(), whole, slice.getMixedOffsets(),
          slice.getMixedSizes(), slice.getMixedStrides());
    }
    auto part = [&, from = head](Kind kind) {
      Value matrix = operandOf(from, kind);
      if (!llvm::is_contained(kinds, kind))
        return matrix;
      // Heads of queries may share keys and values.
      Value &known = parts[partOf(matrix)->place()];
      if (!known)
        known = made(b, matrix);
      return known;
    };
    if (ownQueries)
      q = made(b, q);
    Value k = part(Keys), v = part(Values);
    auto own = cast<AttentionOp>(b.clone(*head));
    own.getQMutable().assign(q);
    own.getKeysMutable().assign(k);
    own.getValuesMutable().assign(v);
    if (queries || ownQueries)
      own.getInitMutable().assign(q);
    whole = tensor::InsertSliceOp::create(
        b, insert.getLoc(), own.getResult(), whole, insert.getMixedOffsets(),
        insert.getMixedSizes(), insert.getMixedStrides());
  }
  b.replaceOp(inserts.back(), whole);
}

struct SplitHeadsPass
    : public tfc::m7::impl::SplitHeadsPassBase<SplitHeadsPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Heads> found;
    getOperation().walk([&](tensor::InsertSliceOp insert) {
      if (std::optional<Heads> heads = Heads::endingAt(insert))
        found.push_back(std::move(*heads));
    });
    for (Heads &heads : found)
      heads.split(rewriter);
  }
};

} // namespace
