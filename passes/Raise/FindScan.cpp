//===- FindScan.cpp - loops that are linear recurrences ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recurrence.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Raise/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace tfc::raise {
#define GEN_PASS_DEF_FINDSCANPASS
#include "tfc/Passes/Raise/Passes.h.inc"
} // namespace tfc::raise

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// Where `row` goes in what collects the rows: along a dimension one a step,
/// whole along the others.
bool placeRows(tensor::InsertSliceOp insert, unsigned along,
               ArrayRef<std::optional<unsigned>> ofRow, Recurrence &found) {
  llvm::SmallBitVector dropped = insert.getDroppedDims();
  auto type = insert.getType();
  unsigned next = 0;
  for (unsigned d = 0; d < type.getRank(); ++d) {
    std::optional<unsigned> source;
    if (!dropped[d])
      source = next++;
    if (d == along) {
      found.rowDims[d] = std::nullopt;
      continue;
    }
    if (!source || type.getDimSize(d) == 1)
      continue;
    if (!ofRow[*source])
      return false;
    found.rowDims[d] = ofRow[*source];
  }
  return true;
}

/// Reads a loop as a recurrence.
class LoopMatcher {
public:
  explicit LoopMatcher(scf::ForOp loop)
      : loop(loop), expressions(loop.getContext()), products(expressions, loop),
        reader(expressions, products), found(loop.getLoc()) {}

  bool match() {
    if (!findCarried())
      return false;
    Value before = loop.getRegionIterArg(state),
          next = loop.getYieldedValues()[state];
    RecurrenceStep step;
    products.keepWhole(before);
    if (!reader.readUpdate(before, next, step))
      return false;
    products.keepWhole(next);
    if (!reader.readRow(insert.getSource(), next, step))
      return false;
    std::optional<unsigned> along = collectingDim();
    if (!along || !placeRows(insert, *along, step.rowDims, found))
      return no("it does not collect one row an iteration, whole");
    return reader.assignRoles(step, found);
  }

  StringRef why() const { return reader.why; }
  Recurrence &recurrence() { return found; }

private:
  bool no(StringRef reason) {
    reader.why = reason.str();
    return false;
  }

  bool findCarried() {
    if (!isConstantIntValue(loop.getLowerBound(), 0) ||
        !isConstantIntValue(loop.getStep(), 1) || loop.getNumResults() != 2)
      return no("it does not carry one state and collect one result");
    for (Operation &op : *loop.getBody())
      if (!isMemoryEffectFree(&op))
        return no("its body has effects or checks");
    for (unsigned at : {0, 1}) {
      auto slice =
          loop.getYieldedValues()[at].getDefiningOp<tensor::InsertSliceOp>();
      if (slice && slice.getDest() == loop.getRegionIterArg(at)) {
        insert = slice;
        state = 1 - at;
      }
    }
    if (!insert || !insert.getDest().hasOneUse())
      return no("it collects no result");
    Value initial = loop.getInitArgs()[state];
    auto type = dyn_cast<RankedTensorType>(initial.getType());
    if (!type || !isa<FloatType>(type.getElementType()) || type.getRank() < 2)
      return no("its state is not of floating point and of rank 2 at least");
    found.initial = initial;
    found.steps = getAsOpFoldResult(loop.getUpperBound());
    found.last = loop.getResult(state);
    found.rows = loop.getResult(1 - state);
    found.iteration =
        cast<AffineSymbolExpr>(
            expressions.integer(OpFoldResult(loop.getInductionVar())))
            .getPosition();
    return true;
  }

  /// The dimension along which the rows are collected, where all of what
  /// collects them is written.
  std::optional<unsigned> collectingDim() {
    std::optional<unsigned> along;
    for (unsigned d = 0; d < insert.getType().getRank(); ++d) {
      OpFoldResult size = insert.getMixedSizes()[d],
                   offset = insert.getMixedOffsets()[d];
      bool moves = offset == OpFoldResult(loop.getInductionVar());
      if (moves && (along || !isConstantIntValue(size, 1)))
        return std::nullopt;
      if (moves) {
        along = d;
        size = loop.getUpperBound();
      } else if (!isConstantIntValue(offset, 0)) {
        return std::nullopt;
      }
      if (expressions.integer(size) !=
          expressions.size(loop.getInitArgs()[1 - state], d))
        return std::nullopt;
    }
    return along;
  }

  scf::ForOp loop;
  ElementExpressions expressions;
  ElementProducts products;
  RecurrenceReader reader;
  Recurrence found;
  tensor::InsertSliceOp insert;
  unsigned state = 0;
};

/// Reads rows that are put one after the other into a tensor as the steps of a
/// recurrence that an exporter wrote out.
class UnrolledMatcher {
public:
  explicit UnrolledMatcher(tensor::InsertSliceOp last)
      : last(last), expressions(last.getContext()), products(expressions),
        reader(expressions, products), found(last.getLoc()) {}

  bool match() {
    if (!findRows() || rows.size() < 2)
      return false;
    SmallVector<Value> states;
    for (tensor::InsertSliceOp row : rows) {
      Value state = stateOf(row.getSource());
      if (!state)
        return false;
      states.push_back(state);
    }
    std::optional<RecurrenceStep> all;
    found.iteration =
        cast<AffineSymbolExpr>(expressions.newSymbol()).getPosition();
    for (auto [i, row] : llvm::enumerate(rows)) {
      RecurrenceStep step;
      if (!reader.readUpdate(i ? states[i - 1] : Value(), states[i], step) ||
          !reader.readRow(row.getSource(), states[i], step) ||
          !goesOn(all, step, i))
        return false;
    }
    found.last = states.back();
    found.rows = last.getResult();
    found.steps = OpFoldResult(
        IntegerAttr::get(IndexType::get(last.getContext()), rows.size()));
    // Zeros: any tensor of the state's shape says how large it is.
    found.initial = states.front();
    found.startsAtZero = true;
    return placeRows(last, along, all->rowDims, found) &&
           reader.assignRoles(*all, found);
  }

  Recurrence &recurrence() { return found; }

private:
  /// The inserts that fill the tensor, each with one row of it.
  bool findRows() {
    for (unsigned d = 0; d < last.getType().getRank(); ++d)
      if (std::optional<int64_t> offset =
              getConstantIntValue(last.getMixedOffsets()[d]);
          offset && *offset > 0)
        along = d;
    for (tensor::InsertSliceOp at = last; at;) {
      ArrayRef<int64_t> sizes = at.getStaticSizes();
      int64_t offset = at.getStaticOffsets()[along];
      // A tensor that was put together before, as the start of this one.
      if (offset == 0 && sizes[along] > 1) {
        auto inner = at.getSource().getDefiningOp<tensor::InsertSliceOp>();
        if (!inner || at.getSourceType().getRank() != at.getType().getRank())
          return false;
        at = inner;
        continue;
      }
      if (sizes[along] != 1 || !isWhole(at))
        return false;
      rows.push_back(at);
      if (offset == 0)
        break;
      at = at.getDest().getDefiningOp<tensor::InsertSliceOp>();
    }
    std::reverse(rows.begin(), rows.end());
    for (auto [i, row] : llvm::enumerate(rows))
      if (row.getStaticOffsets()[along] != static_cast<int64_t>(i))
        return false;
    return !rows.empty() && last.getType().getDimSize(along) ==
                                static_cast<int64_t>(rows.size());
  }

  bool isWhole(tensor::InsertSliceOp insert) {
    for (unsigned d = 0; d < insert.getType().getRank(); ++d)
      if (d != along && (!isConstantIntValue(insert.getMixedOffsets()[d], 0) ||
                         expressions.integer(insert.getMixedSizes()[d]) !=
                             expressions.size(insert.getDest(), d)))
        return false;
    return true;
  }

  /// The sum that a row is a product with.
  Value stateOf(Value row) {
    SmallVector<AffineExpr> index;
    linalg::LinalgOp sum = reader.sumOf(row, index);
    if (!sum)
      return nullptr;
    Value state;
    auto visit = [&](ProductFactor &factor) {
      auto op = factor.tensor.getDefiningOp<linalg::GenericOp>();
      if (op &&
          isa_and_nonnull<arith::AddFOp>(
              op.getBody()->getTerminator()->getOperand(0).getDefiningOp()) &&
          op.getNumReductionLoops() == 0)
        state = factor.tensor;
    };
    for (OpOperand *input : sum.getDpsInputOperands())
      products.at(input->get(), ownIndex(input->get())).walk(visit);
    return state;
  }

  /// Whether `step` is what `all` says of iteration `i`; makes it say so from
  /// the first two.
  bool goesOn(std::optional<RecurrenceStep> &all, RecurrenceStep &step,
              int64_t i) {
    if (!all) {
      all = step;
      return true;
    }
    return all->summed == step.summed && all->rowDims == step.rowDims &&
           goesOn(all->keeps, step.keeps, i) &&
           goesOn(all->adds, step.adds, i) && goesOn(all->query, step.query, i);
  }
  bool goesOn(ElementProduct &all, const ElementProduct &step, int64_t i) {
    if (all.coefficient != step.coefficient ||
        all.factors.size() != step.factors.size())
      return false;
    for (auto [known, factor] : llvm::zip(all.factors, step.factors)) {
      if (known.tensor != factor.tensor ||
          !known.exponent != !factor.exponent ||
          known.index.size() != factor.index.size())
        return false;
      if (known.exponent && !goesOn(*known.exponent, *factor.exponent, i))
        return false;
      for (auto [place, at] : llvm::zip(known.index, factor.index))
        if (!goesOn(place, at, i))
          return false;
    }
    return true;
  }
  bool goesOn(AffineExpr &place, AffineExpr at, int64_t i) {
    AffineExpr iteration =
                   getAffineSymbolExpr(found.iteration, at.getContext()),
               here = getAffineConstantExpr(i, at.getContext()),
               first = getAffineConstantExpr(0, at.getContext());
    if (i == 1 && place == first && at == here)
      place = iteration;
    return place == at || (place == iteration && at == here);
  }

  tensor::InsertSliceOp last;
  ElementExpressions expressions;
  ElementProducts products;
  RecurrenceReader reader;
  Recurrence found;
  unsigned along = 0;
  SmallVector<tensor::InsertSliceOp> rows;
};

struct FindScanPass : public raise::impl::FindScanPassBase<FindScanPass> {
  void runOnOperation() override {
    SmallVector<Attribute> notes;
    IRRewriter rewriter(&getContext());
    replaceLoops(rewriter, notes);
    replaceUnrolled(rewriter, notes);
    if (!notes.empty())
      getOperation()->setAttr("tfc.scans",
                              ArrayAttr::get(&getContext(), notes));
  }

private:
  void replaceLoops(RewriterBase &rewriter, SmallVectorImpl<Attribute> &notes) {
    SmallVector<scf::ForOp> loops;
    getOperation()->walk([&](scf::ForOp loop) { loops.push_back(loop); });
    for (scf::ForOp loop : loops) {
      // What carries no state has nothing to be said of.
      if (loop.getNumResults() < 2)
        continue;
      LoopMatcher matcher(loop);
      bool matched = matcher.match();
      notes.push_back(note(loop, matched ? "attn.scan" : "loop",
                           matched ? "" : matcher.why()));
      if (!matched)
        continue;
      rewriter.setInsertionPoint(loop);
      replaceByScan(rewriter, matcher.recurrence());
      rewriter.eraseOp(loop);
    }
  }

  void replaceUnrolled(RewriterBase &rewriter,
                       SmallVectorImpl<Attribute> &notes) {
    SmallVector<tensor::InsertSliceOp> inserts;
    getOperation()->walk([&](tensor::InsertSliceOp insert) {
      if (llvm::none_of(insert->getUsers(), [](Operation *user) {
            return isa<tensor::InsertSliceOp>(user);
          }))
        inserts.push_back(insert);
    });
    for (tensor::InsertSliceOp insert : inserts) {
      UnrolledMatcher matcher(insert);
      if (!matcher.match())
        continue;
      notes.push_back(note(insert, "attn.scan", "from steps written out"));
      rewriter.setInsertionPointAfter(insert);
      replaceByScan(rewriter, matcher.recurrence());
    }
  }

  Attribute note(Operation *op, StringRef form, StringRef detail) {
    Builder b(&getContext());
    StringRef name;
    if (auto named = op->getLoc()->findInstanceOf<NameLoc>())
      name = named.getName();
    return b.getDictionaryAttr(
        {b.getNamedAttr("detail", b.getStringAttr(detail)),
         b.getNamedAttr("form", b.getStringAttr(form)),
         b.getNamedAttr("node", b.getStringAttr(name))});
  }
};

} // namespace
