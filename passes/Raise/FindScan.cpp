//===- FindScan.cpp - loops that are linear recurrences ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementProducts.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Raise/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

namespace tfc::raise {
#define GEN_PASS_DEF_FINDSCANPASS
#include "tfc/Passes/Raise/Passes.h.inc"
} // namespace tfc::raise

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// What a dimension of the state is in attn.scan. Dimensions of size 1 are not
/// asked for.
enum class Role { Batch, Head, Token, KeyFeature, ValueFeature };

/// A recurrence as it was found: products are over the dimensions of the state,
/// the iteration being a symbol.
struct Recurrence {
  scf::ForOp loop;
  /// Of the loop's carried values: the state, and what collects the results.
  unsigned state = 0, collected = 0;
  ElementProduct key, value, query;
  /// Logarithms of what multiplies the state: by rows, or step times rate.
  std::optional<ElementProduct> decay, step, rate;
  /// The dimension of the state with a role.
  llvm::SmallDenseMap<Role, unsigned> dims;
  /// For each dimension of what is collected: that of the state or, for the
  /// iteration, none; absent where the size is 1.
  llvm::SmallDenseMap<unsigned, std::optional<unsigned>> collectedDims;
  double scale = 1;
  unsigned iteration = 0;
};

/// Reads a loop as a recurrence.
class RecurrenceMatcher {
public:
  explicit RecurrenceMatcher(scf::ForOp loop)
      : loop(loop), expressions(loop.getContext()),
        products(expressions, loop) {
    found.loop = loop;
  }

  Recurrence found;
  std::string why;

  bool match() {
    return findCarried() && readUpdate() && readResult() && splitInput() &&
           splitDecay() && onlyKnownPlaces();
  }

private:
  bool no(const Twine &reason) {
    why = reason.str();
    return false;
  }

  static SmallVector<AffineExpr> ownIndex(Value tensor) {
    auto type = cast<RankedTensorType>(tensor.getType());
    SmallVector<AffineExpr> index;
    for (auto [d, size] : llvm::enumerate(type.getShape()))
      index.push_back(size == 1 ? getAffineConstantExpr(0, tensor.getContext())
                                : getAffineDimExpr(d, tensor.getContext()));
    return index;
  }

  bool findCarried() {
    if (!isConstantIntValue(loop.getLowerBound(), 0) ||
        !isConstantIntValue(loop.getStep(), 1) || loop.getNumResults() != 2)
      return no("it does not carry one state and collect one result");
    for (Operation &op : *loop.getBody())
      if (!isMemoryEffectFree(&op))
        return no("its body has effects or checks");
    auto iteration = dyn_cast<AffineSymbolExpr>(
        expressions.integer(OpFoldResult(loop.getInductionVar())));
    found.iteration = iteration.getPosition();
    auto yielded = loop.getYieldedValues();
    for (unsigned at : {0, 1})
      if (auto insert = yielded[at].getDefiningOp<tensor::InsertSliceOp>();
          insert && insert.getDest() == loop.getRegionIterArg(at)) {
        found.collected = at;
        found.state = 1 - at;
        this->insert = insert;
      }
    if (!insert || !insert.getDest().hasOneUse())
      return no("it collects no result");
    auto type = dyn_cast<RankedTensorType>(
        loop.getRegionIterArg(found.state).getType());
    if (!type || !isa<FloatType>(type.getElementType()) || type.getRank() < 2 ||
        type != yielded[found.state].getType())
      return no("its state is not of floating point and of rank 2 at least");
    rank = type.getRank();
    return true;
  }

  /// state = decay * state + input
  bool readUpdate() {
    Value argument = loop.getRegionIterArg(found.state);
    next = loop.getYieldedValues()[found.state];
    products.keepWhole(argument);
    SmallVector<AffineExpr> index = ownIndex(argument);
    SmallVector<ElementProduct> terms = products.termsAt(next, index);
    if (terms.size() != 2)
      return no("its state is not a sum of what is kept and what is added");
    auto isState = [&](ProductFactor &factor) {
      return factor.tensor == argument;
    };
    for (unsigned kept : {0, 1}) {
      auto &factors = terms[kept].factors;
      if (llvm::count_if(factors, isState) != 1)
        continue;
      auto *state = llvm::find_if(factors, isState);
      if (state->index != index)
        return no("its state moves");
      factors.erase(state);
      keeps = terms[kept];
      adds = terms[1 - kept];
      bool elsewhere = false;
      for (ElementProduct *product : {&keeps, &adds})
        product->walk(
            [&](ProductFactor &factor) { elsewhere |= isState(factor); });
      return elsewhere ? no("its state is not updated linearly") : true;
    }
    return no("its state is not updated linearly");
  }

  /// The row that is collected: a sum over one dimension of the new state.
  bool readResult() {
    Value row = insert.getSource();
    SmallVector<AffineExpr> index = ownIndex(row);
    while (!row.getDefiningOp<linalg::LinalgOp>() &&
           products.throughView(row, index)) {
    }
    auto op = row.getDefiningOp<linalg::LinalgOp>();
    if (!op || !loop->isProperAncestor(op) || op.getNumReductionLoops() != 1 ||
        op.getNumDpsInits() != 1 || !isZero(op.getDpsInits()[0]))
      return no("its result is not a sum over one dimension of its state");
    auto sum = op.getBlock()
                   ->getTerminator()
                   ->getOperand(0)
                   .getDefiningOp<arith::AddFOp>();
    if (!sum)
      return no("its result is not a sum over one dimension of its state");
    unsigned reduced = cast<RankedTensorType>(insert.getSourceType()).getRank();
    SmallVector<AffineExpr> at(op.getNumLoops(),
                               getAffineDimExpr(reduced, loop.getContext()));
    AffineMap output = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    if (!output.isProjectedPermutation())
      return no("its result is not a sum over one dimension of its state");
    for (auto [expr, place] : llvm::zip(output.getResults(), index))
      at[cast<AffineDimExpr>(expr).getPosition()] = place;
    Value out = op.getBlock()->getArguments().back();
    Value term = sum.getLhs() == out   ? sum.getRhs()
                 : sum.getRhs() == out ? sum.getLhs()
                                       : Value();
    products.keepWhole(next);
    std::optional<ElementProduct> product =
        term ? products.scalar(op, term, at) : std::nullopt;
    if (!product)
      return no("its result is not a product with its state");
    return alignResult(*product, reduced);
  }

  bool isZero(Value init) {
    auto fill = init.getDefiningOp<linalg::FillOp>();
    return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
  }

  /// Writes the query over the dimensions of the state.
  bool alignResult(ElementProduct product, unsigned reduced) {
    auto *state = llvm::find_if(product.factors, [&](ProductFactor &factor) {
      return factor.tensor == next;
    });
    if (state == product.factors.end())
      return no("its result is not a product with its state");
    SmallVector<AffineExpr> index = state->index;
    product.factors.erase(state);
    MLIRContext *context = loop.getContext();
    // Dimensions of the result that the state has not would repeat it.
    SmallVector<AffineExpr> stateDim(reduced + 1);
    SmallVector<std::optional<unsigned>> dimOf(reduced + 1);
    for (unsigned d = 0; d < rank; ++d) {
      auto place = dyn_cast<AffineDimExpr>(index[d]);
      if (!place && index[d] != getAffineConstantExpr(0, context))
        return no("its result reads the state at other places");
      if (!place)
        continue;
      if (dimOf[place.getPosition()])
        return no("its result reads a diagonal of the state");
      dimOf[place.getPosition()] = d;
      stateDim[place.getPosition()] = getAffineDimExpr(d, context);
      if (place.getPosition() == reduced)
        found.dims[Role::KeyFeature] = d;
    }
    if (!found.dims.contains(Role::KeyFeature))
      return no("its result is not a sum over one dimension of its state");
    bool lost = false;
    product.walk([&](ProductFactor &factor) {
      lost |= factor.tensor == next;
      for (AffineExpr &expr : factor.index) {
        for (unsigned i = 0; i <= reduced; ++i)
          lost |= !stateDim[i] && expr.isFunctionOfDim(i);
        expr = expr.replaceDims(filled(stateDim));
      }
    });
    if (lost)
      return no("its result has dimensions that its state has not");
    found.query = product;
    found.scale = product.coefficient;
    found.query.coefficient = 1;
    return alignCollected(dimOf);
  }

  SmallVector<AffineExpr> filled(ArrayRef<AffineExpr> exprs) {
    SmallVector<AffineExpr> all(exprs);
    for (AffineExpr &expr : all)
      if (!expr)
        expr = getAffineConstantExpr(0, loop.getContext());
    return all;
  }

  /// Where the rows lie in what is collected.
  bool alignCollected(ArrayRef<std::optional<unsigned>> dimOf) {
    Value row = insert.getSource();
    SmallVector<AffineExpr> index = ownIndex(row);
    while (!row.getDefiningOp<linalg::LinalgOp>() &&
           products.throughView(row, index)) {
    }
    llvm::SmallBitVector dropped = insert.getDroppedDims();
    auto type = insert.getType();
    bool placed = false;
    unsigned next = 0;
    for (unsigned d = 0; d < type.getRank(); ++d) {
      OpFoldResult offset = insert.getMixedOffsets()[d];
      bool ofRow = !dropped[d];
      unsigned source = ofRow ? next++ : 0;
      if (offset == OpFoldResult(loop.getInductionVar())) {
        if (placed || !isConstantIntValue(insert.getMixedSizes()[d], 1) ||
            !isWhole(loop.getUpperBound(), d))
          return no("it does not collect one row an iteration");
        placed = true;
        found.collectedDims[d] = std::nullopt;
        continue;
      }
      if (!isConstantIntValue(offset, 0) ||
          !isWhole(insert.getMixedSizes()[d], d))
        return no("it collects into a part of a tensor");
      if (!ofRow || type.getDimSize(d) == 1)
        continue;
      if (source >= dimOf.size() || !dimOf[source])
        return no("its result has dimensions that its state has not");
      found.collectedDims[d] = dimOf[source];
    }
    return placed || no("it does not collect one row an iteration");
  }

  bool isWhole(OpFoldResult size, unsigned dim) {
    Value init = loop.getInitArgs()[found.collected];
    AffineExpr whole = expressions.size(init, dim);
    return expressions.integer(size) == whole;
  }

  /// What is added is an outer product of key and value.
  bool splitInput() {
    unsigned keyDim = found.dims[Role::KeyFeature];
    SmallVector<ProductFactor> keys, others;
    for (ProductFactor &factor : adds.factors) {
      ElementProduct one{1, {factor}};
      (one.dependsOnDim(keyDim) ? keys : others).push_back(factor);
    }
    found.key = {1, keys};
    found.value = {adds.coefficient, others};
    // Of the other dimensions, the last that no key has is the value's.
    SmallVector<unsigned> rest;
    std::optional<unsigned> valueDim;
    for (unsigned d = 0; d < rank; ++d) {
      if (d == keyDim || isOne(d))
        continue;
      rest.push_back(d);
      if (!found.key.dependsOnDim(d) && !found.query.dependsOnDim(d))
        valueDim = d;
    }
    if (!valueDim)
      return no("no dimension of its state is that of values alone");
    found.dims[Role::ValueFeature] = *valueDim;
    llvm::erase(rest, *valueDim);
    if (rest.size() > 2)
      return no("its state has more than two dimensions of batch and heads");
    if (!rest.empty())
      found.dims[Role::Batch] = rest[0];
    if (rest.size() > 1)
      found.dims[Role::Head] = rest[1];
    return true;
  }

  bool isOne(unsigned dim) {
    return cast<RankedTensorType>(next.getType()).getDimSize(dim) == 1;
  }
  bool dependsOn(ElementProduct &product, Role role) {
    auto dim = found.dims.find(role);
    return dim != found.dims.end() && product.dependsOnDim(dim->second);
  }

  bool splitDecay() {
    if (keeps.factors.empty() && keeps.coefficient == 1)
      return true;
    if (keeps.factors.size() != 1 || keeps.coefficient != 1 ||
        !keeps.factors[0].exponent)
      return no("what its state is multiplied with is not an exponential");
    ElementProduct exponent = *keeps.factors[0].exponent;
    if (!dependsOn(exponent, Role::ValueFeature)) {
      found.decay = exponent;
      return true;
    }
    ElementProduct step{1, {}}, rate{exponent.coefficient, {}};
    for (ProductFactor &factor : exponent.factors) {
      ElementProduct one{1, {factor}};
      bool moves =
          one.dependsOnSymbol(found.iteration) || dependsOn(one, Role::Batch);
      if (moves && dependsOn(one, Role::KeyFeature))
        return no("the exponent of its decay is not a step times a rate");
      (moves ? step : rate).factors.push_back(factor);
    }
    found.step = step;
    found.rate = rate;
    return true;
  }

  /// All that the operands are made of is there before the loop, at indices of
  /// dimensions and the iteration.
  bool onlyKnownPlaces() {
    Type element = cast<RankedTensorType>(next.getType()).getElementType();
    bool known = true;
    SmallVector<ElementProduct *> all = {&found.key, &found.value,
                                         &found.query};
    for (auto *part : {&found.decay, &found.step, &found.rate})
      if (*part)
        all.push_back(&**part);
    for (ElementProduct *product : all)
      product->walk([&](ProductFactor &factor) {
        auto type = cast<RankedTensorType>(factor.tensor.getType());
        known &= type.getElementType() == element &&
                 loop.isDefinedOutsideOfLoop(factor.tensor);
        for (AffineExpr expr : factor.index) {
          auto symbol = dyn_cast<AffineSymbolExpr>(expr);
          known &= isa<AffineDimExpr, AffineConstantExpr>(expr) ||
                   (symbol && symbol.getPosition() == found.iteration);
        }
      });
    return known || no("it computes what it adds or reads inside the loop");
  }

  scf::ForOp loop;
  ElementExpressions expressions;
  ElementProducts products;
  tensor::InsertSliceOp insert;
  unsigned rank = 0;
  Value next;
  ElementProduct keeps, adds;
};

/// Builds attn.scan in a recurrence's place.
class ScanBuilder {
public:
  ScanBuilder(RewriterBase &b, Recurrence &found)
      : b(b), loc(found.loop.getLoc()), found(found),
        initial(found.loop.getInitArgs()[found.state]),
        element(cast<RankedTensorType>(initial.getType()).getElementType()) {}

  void replace() {
    b.setInsertionPoint(found.loop);
    using R = Role;
    SmallVector<Role> keys = {R::Batch, R::Head, R::Token, R::KeyFeature},
                      values = {R::Batch, R::Head, R::Token, R::ValueFeature},
                      states = {R::Batch, R::Head, R::KeyFeature,
                                R::ValueFeature};
    ElementProduct before{1, {ProductFactor{initial, stateIndex(), nullptr}}};
    Value query = operand(found.query, keys), key = operand(found.key, keys),
          value = operand(found.value, values), decay, step, rate;
    if (found.decay) {
      bool rows = found.decay->dependsOnDim(found.dims[R::KeyFeature]);
      decay = operand(*found.decay, keys, /*singleLast=*/!rows);
    }
    if (found.step) {
      step = operand(*found.step, values);
      rate = operand(*found.rate, {R::Head, R::KeyFeature, R::ValueFeature});
    }
    Value init = empty(values), state = operand(before, states);
    auto scan = attn::ScanOp::create(
        b, loc, TypeRange{init.getType(), state.getType()}, query, key, value,
        decay, step, rate, /*beta=*/Value(), init, state, APFloat(found.scale));
    Value rows = collected(scan->getResult(0)),
          last = lastState(scan->getResult(1));
    b.replaceAllUsesWith(found.loop.getResult(found.collected), rows);
    b.replaceAllUsesWith(found.loop.getResult(found.state), last);
    b.eraseOp(found.loop);
  }

private:
  SmallVector<AffineExpr> stateIndex() {
    SmallVector<AffineExpr> index;
    for (auto [d, size] :
         llvm::enumerate(cast<RankedTensorType>(initial.getType()).getShape()))
      index.push_back(size == 1 ? b.getAffineConstantExpr(0)
                                : b.getAffineDimExpr(d));
    return index;
  }

  OpFoldResult size(Role role) {
    if (role == Role::Token)
      return getAsOpFoldResult(found.loop.getUpperBound());
    auto dim = found.dims.find(role);
    return dim == found.dims.end()
               ? OpFoldResult(b.getIndexAttr(1))
               : tensor::getMixedSize(b, loc, initial, dim->second);
  }
  Value empty(ArrayRef<Role> roles, bool singleLast = false) {
    SmallVector<OpFoldResult> sizes;
    for (Role role : roles)
      sizes.push_back(size(role));
    if (singleLast)
      sizes.back() = b.getIndexAttr(1);
    return tensor::EmptyOp::create(b, loc, sizes, element);
  }

  /// An index of the state's dimensions and the iteration as one of loops over
  /// `roles`.
  AffineExpr overLoops(AffineExpr expr, ArrayRef<Role> roles) {
    unsigned rank = cast<RankedTensorType>(initial.getType()).getRank();
    SmallVector<AffineExpr> dims(rank, b.getAffineConstantExpr(0));
    SmallVector<AffineExpr> symbols(found.iteration + 1,
                                    b.getAffineConstantExpr(0));
    for (auto [position, role] : llvm::enumerate(roles)) {
      if (role == Role::Token)
        symbols[found.iteration] = b.getAffineDimExpr(position);
      else if (auto dim = found.dims.find(role); dim != found.dims.end())
        dims[dim->second] = b.getAffineDimExpr(position);
    }
    return expr.replaceDimsAndSymbols(dims, symbols);
  }

  /// The product as a tensor over `roles`.
  Value operand(ElementProduct &product, ArrayRef<Role> roles,
                bool singleLast = false) {
    Value init = empty(roles, singleLast);
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    product.walk([&](ProductFactor &factor) {
      SmallVector<AffineExpr> exprs;
      for (AffineExpr expr : factor.index)
        exprs.push_back(overLoops(expr, roles));
      inputs.push_back(factor.tensor);
      maps.push_back(AffineMap::get(roles.size(), 0, exprs, b.getContext()));
    });
    maps.push_back(b.getMultiDimIdentityMap(roles.size()));
    SmallVector<utils::IteratorType> loops(roles.size(),
                                           utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               b, loc, init.getType(), inputs, init, maps, loops,
               [&](OpBuilder &inner, Location at, ValueRange args) {
                 unsigned next = 0;
                 linalg::YieldOp::create(
                     inner, at, scalar(inner, at, product, args, next));
               })
        .getResult(0);
  }

  /// The factors in the order of `walk`.
  Value scalar(OpBuilder &inner, Location at, ElementProduct &product,
               ValueRange args, unsigned &next) {
    Value result;
    auto times = [&](Value x) {
      result = result ? Value(arith::MulFOp::create(inner, at, result, x)) : x;
    };
    for (ProductFactor &factor : product.factors)
      times(
          factor.exponent
              ? Value(math::ExpOp::create(
                    inner, at, scalar(inner, at, *factor.exponent, args, next)))
              : args[next++]);
    if (product.coefficient != 1 || !result)
      times(arith::ConstantOp::create(
          inner, at, inner.getFloatAttr(element, product.coefficient)));
    return result;
  }

  /// A tensor like `like`, whose dimension d is `from`'s `dims[d]`.
  Value spread(Value from, Value like, ArrayRef<AffineExpr> dims) {
    unsigned rank = cast<RankedTensorType>(like.getType()).getRank();
    Value init = tensor::EmptyOp::create(
        b, loc, tensor::getMixedSizes(b, loc, like), element);
    SmallVector<AffineMap> maps = {
        AffineMap::get(rank, 0, dims, b.getContext()),
        b.getMultiDimIdentityMap(rank)};
    SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
    Value all = linalg::GenericOp::create(
                    b, loc, init.getType(), from, init, maps, loops,
                    [](OpBuilder &inner, Location at, ValueRange args) {
                      linalg::YieldOp::create(inner, at, args[0]);
                    })
                    .getResult(0);
    return all.getType() == like.getType()
               ? all
               : Value(tensor::CastOp::create(b, loc, like.getType(), all));
  }

  Value collected(Value rows) {
    Value like = found.loop.getInitArgs()[found.collected];
    SmallVector<AffineExpr> dims(4, b.getAffineConstantExpr(0));
    for (auto [d, of] : found.collectedDims) {
      if (!of) {
        dims[2] = b.getAffineDimExpr(d);
        continue;
      }
      for (auto [position, role] :
           {std::pair(0, Role::Batch), std::pair(1, Role::Head),
            std::pair(3, Role::ValueFeature)})
        if (auto dim = found.dims.find(role);
            dim != found.dims.end() && dim->second == *of)
          dims[position] = b.getAffineDimExpr(d);
    }
    return spread(rows, like, dims);
  }

  Value lastState(Value state) {
    SmallVector<AffineExpr> dims(4, b.getAffineConstantExpr(0));
    for (auto [position, role] : llvm::enumerate(ArrayRef{
             Role::Batch, Role::Head, Role::KeyFeature, Role::ValueFeature}))
      if (auto dim = found.dims.find(role); dim != found.dims.end())
        dims[position] = b.getAffineDimExpr(dim->second);
    return spread(state, initial, dims);
  }

  RewriterBase &b;
  Location loc;
  Recurrence &found;
  Value initial;
  Type element;
};

struct FindScanPass : public raise::impl::FindScanPassBase<FindScanPass> {
  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation()->walk([&](scf::ForOp loop) { loops.push_back(loop); });
    SmallVector<Attribute> notes;
    IRRewriter rewriter(&getContext());
    for (scf::ForOp loop : loops) {
      // What carries no state has nothing to be said of.
      if (loop.getNumResults() < 2)
        continue;
      RecurrenceMatcher matcher(loop);
      bool matched = matcher.match();
      notes.push_back(note(loop, matched, matcher.why));
      if (matched)
        ScanBuilder(rewriter, matcher.found).replace();
    }
    if (!notes.empty())
      getOperation()->setAttr("tfc.scans",
                              ArrayAttr::get(&getContext(), notes));
  }

private:
  Attribute note(scf::ForOp loop, bool matched, StringRef why) {
    Builder b(&getContext());
    StringRef name;
    if (auto named = loop.getLoc()->findInstanceOf<NameLoc>())
      name = named.getName();
    return b.getDictionaryAttr(
        {b.getNamedAttr("detail", b.getStringAttr(why)),
         b.getNamedAttr("form",
                        b.getStringAttr(matched ? "attn.scan" : "loop")),
         b.getNamedAttr("node", b.getStringAttr(name))});
  }
};

} // namespace
