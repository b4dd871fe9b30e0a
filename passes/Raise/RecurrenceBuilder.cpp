//===- RecurrenceBuilder.cpp - recurrences as attn.scan ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recurrence.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// Builds attn.scan in a recurrence's place.
class ScanBuilder {
public:
  ScanBuilder(RewriterBase &b, Recurrence &found)
      : b(b), loc(found.loc), found(found), initial(found.initial),
        element(found.element()) {}

  void replace() {
    using R = Role;
    SmallVector<Role> keys = {R::Batch, R::Head, R::Token, R::KeyFeature},
                      values = {R::Batch, R::Head, R::Token, R::ValueFeature},
                      states = {R::Batch, R::Head, R::KeyFeature,
                                R::ValueFeature};
    ElementProduct before{1, {ProductFactor{initial, found.index(), nullptr}}};
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
    Value init = empty(values), state = startState(before, states);
    auto scan = attn::ScanOp::create(
        b, loc, TypeRange{init.getType(), state.getType()}, query, key, value,
        decay, step, rate, /*beta=*/Value(), init, state, APFloat(found.scale));
    Value rows = collected(scan->getResult(0)),
          last = lastState(scan->getResult(1));
    Operation *after = scan;
    auto comesLater = [&](OpOperand &use) {
      return use.getOwner()->getBlock() != after->getBlock() ||
             after->isBeforeInBlock(use.getOwner());
    };
    b.replaceUsesWithIf(found.rows, rows, comesLater);
    b.replaceUsesWithIf(found.last, last, comesLater);
  }

private:
  Value startState(ElementProduct &before, ArrayRef<Role> roles) {
    if (!found.startsAtZero)
      return operand(before, roles);
    Value zero = arith::ConstantOp::create(b, loc, b.getFloatAttr(element, 0));
    return linalg::FillOp::create(b, loc, zero, empty(roles)).getResult(0);
  }

  OpFoldResult size(Role role) {
    if (role == Role::Token)
      return found.steps;
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

  /// As much of `tensor` as loops over `roles` read at `index`.
  Value part(Value tensor, ArrayRef<AffineExpr> index, ArrayRef<Role> roles) {
    unsigned rank = index.size();
    SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)),
        strides(rank, b.getIndexAttr(1)),
        sizes = tensor::getMixedSizes(b, loc, tensor);
    bool whole = true;
    for (auto [expr, extent] : llvm::zip(index, sizes)) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      OpFoldResult read = loop ? size(roles[loop.getPosition()]) : extent;
      whole &= isEqualConstantIntOrValue(read, extent);
      extent = read;
    }
    return whole ? tensor
                 : Value(tensor::ExtractSliceOp::create(b, loc, tensor, offsets,
                                                        sizes, strides));
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
      inputs.push_back(part(factor.tensor, exprs, roles));
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

  /// A tensor of `type` whose dimension d has the size of `roles[d]`, or 1, and
  /// is where that is in `from`, which is over `axes`.
  Value spread(Value from, ArrayRef<Role> axes,
               ArrayRef<std::optional<Role>> roles, Type type) {
    SmallVector<OpFoldResult> sizes;
    SmallVector<AffineExpr> dims(axes.size(), b.getAffineConstantExpr(0));
    for (auto [d, role] : llvm::enumerate(roles)) {
      sizes.push_back(role ? size(*role) : OpFoldResult(b.getIndexAttr(1)));
      if (role)
        dims[llvm::find(axes, *role) - axes.begin()] = b.getAffineDimExpr(d);
    }
    Value init = tensor::EmptyOp::create(b, loc, sizes, element);
    SmallVector<AffineMap> maps = {
        AffineMap::get(roles.size(), 0, dims, b.getContext()),
        b.getMultiDimIdentityMap(roles.size())};
    SmallVector<utils::IteratorType> loops(roles.size(),
                                           utils::IteratorType::parallel);
    Value all = linalg::GenericOp::create(
                    b, loc, init.getType(), from, init, maps, loops,
                    [](OpBuilder &inner, Location at, ValueRange args) {
                      linalg::YieldOp::create(inner, at, args[0]);
                    })
                    .getResult(0);
    return all.getType() == type
               ? all
               : Value(tensor::CastOp::create(b, loc, type, all));
  }

  std::optional<Role> roleOf(unsigned stateDim) {
    for (auto [role, dim] : found.dims)
      if (dim == stateDim)
        return role;
    return std::nullopt;
  }

  Value collected(Value rows) {
    auto type = cast<RankedTensorType>(found.rows.getType());
    SmallVector<std::optional<Role>> roles(type.getRank());
    for (auto [d, of] : found.rowDims)
      roles[d] = of ? roleOf(*of) : Role::Token;
    return spread(rows,
                  {Role::Batch, Role::Head, Role::Token, Role::ValueFeature},
                  roles, type);
  }

  Value lastState(Value state) {
    auto type = cast<RankedTensorType>(initial.getType());
    SmallVector<std::optional<Role>> roles;
    for (int64_t d = 0; d < type.getRank(); ++d)
      roles.push_back(roleOf(d));
    return spread(
        state, {Role::Batch, Role::Head, Role::KeyFeature, Role::ValueFeature},
        roles, type);
  }

  RewriterBase &b;
  Location loc;
  Recurrence &found;
  Value initial;
  Type element;
};

} // namespace

void tfc::raise::replaceByScan(RewriterBase &b, Recurrence &found) {
  ScanBuilder(b, found).replace();
}
