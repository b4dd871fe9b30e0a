//===- RaiseProduct.cpp - matrix products -----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"
#include "Recognise.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <map>

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

bool isFloat32OrHalf(int32_t kind) { return isFloat(kind); }

/// Ends the call unless two sizes are equal; fails when they can never be.
LogicalResult requireEqual(NodeContext &n, OpFoldResult x, OpFoldResult y,
                           const Twine &what) {
  if (x == y)
    return success();
  std::optional<int64_t> a = getConstantIntValue(x), d = getConstantIntValue(y);
  if (a && d)
    return *a == *d
               ? success()
               : n.fail(what + " differ: " + Twine(*a) + " and " + Twine(*d));
  Value equal = arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::eq,
                                      n.c.value(x), n.c.value(y));
  n.c.require(equal, n.describe() + ": " + what + " differ");
  return success();
}

/// `x * w` with a constant matrix, as attn.linear.
Raised linear(NodeContext &n, Raised &x, Value weight, OpFoldResult columns,
              bool transposed) {
  Sizes shape = x.shape;
  shape.back() = columns;
  Value init = n.c.empty(shape, x.kind);
  auto op =
      attn::LinearOp::create(n.b, n.loc, init.getType(), n.c.tensor(x), weight,
                             Value(), init, transposed, attn::Activation::None);
  return n.c.fromTensor(op->getResult(0), x.kind, shape);
}

Value multiplyAdd(OpBuilder &b, Location loc, Value x, Value y,
                  Value accumulator) {
  if (isa<FloatType>(x.getType())) {
    x = widened(b, loc, x, accumulator.getType());
    y = widened(b, loc, y, accumulator.getType());
    return arith::AddFOp::create(b, loc, accumulator,
                                 arith::MulFOp::create(b, loc, x, y));
  }
  return arith::AddIOp::create(b, loc, accumulator,
                               arith::MulIOp::create(b, loc, x, y));
}

/// A product of any rank by a linalg.generic whose batch dimensions broadcast.
Raised generalProduct(NodeContext &n, Raised &x, Raised &y, Sizes shape) {
  MLIRContext *context = n.b.getContext();
  int64_t rank = shape.size(), loops = rank + 1;
  auto mapOf = [&](Raised &operand, unsigned row, unsigned column) {
    SmallVector<AffineExpr> exprs;
    for (int64_t d = 0; d < operand.rank() - 2; ++d) {
      int64_t loop = rank - operand.rank() + d;
      bool repeats = isConstantIntValue(operand.shape[d], 1) &&
                     !isConstantIntValue(shape[loop], 1);
      exprs.push_back(repeats ? getAffineConstantExpr(0, context)
                              : getAffineDimExpr(loop, context));
    }
    exprs.push_back(getAffineDimExpr(row, context));
    exprs.push_back(getAffineDimExpr(column, context));
    return AffineMap::get(loops, 0, exprs, context);
  };
  SmallVector<AffineExpr> result;
  for (int64_t d = 0; d < rank; ++d)
    result.push_back(getAffineDimExpr(d, context));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  int32_t sums = accumulatorKind(x.kind);
  Value init = n.c.filled(shape, n.c.zero(sums), sums);
  auto generic = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), ValueRange{n.c.tensor(x), n.c.tensor(y)},
      init,
      ArrayRef<AffineMap>{mapOf(x, rank - 2, rank), mapOf(y, rank, rank - 1),
                          AffineMap::get(loops, 0, result, context)},
      iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
        linalg::YieldOp::create(b, loc,
                                multiplyAdd(b, loc, args[0], args[1], args[2]));
      });
  return n.c.rounded(n.c.fromTensor(generic.getResult(0), sums, shape), x.kind);
}

/// A product of equal batches by the named operations that targets know.
Raised namedProduct(NodeContext &n, Raised &x, Raised &y, Sizes shape) {
  int64_t rank = shape.size();
  int32_t sums = accumulatorKind(x.kind);
  if (rank == 2) {
    Value init = n.c.filled(shape, n.c.zero(sums), sums);
    auto product = linalg::MatmulOp::create(
        n.b, n.loc, ValueRange{n.c.tensor(x), n.c.tensor(y)}, ValueRange{init});
    return n.c.rounded(n.c.fromTensor(product.getResult(0), sums, shape),
                       x.kind);
  }
  OpFoldResult batch = n.c.product(ArrayRef(shape).drop_back(2));
  auto flat = [&](Raised &operand) -> Value {
    Sizes to = {batch, operand.shape[rank - 2], operand.shape[rank - 1]};
    return n.c
        .fromTensor(n.c.reshape(n.c.tensor(operand), operand.shape, to),
                    operand.kind, to)
        .tensor;
  };
  Sizes flatShape = {batch, shape[rank - 2], shape[rank - 1]};
  Value init = n.c.filled(flatShape, n.c.zero(sums), sums);
  auto product = linalg::BatchMatmulOp::create(
      n.b, n.loc, ValueRange{flat(x), flat(y)}, ValueRange{init});
  Raised result = n.c.rounded(
      n.c.fromTensor(product.getResult(0), sums, flatShape), x.kind);
  return n.c.fromTensor(n.c.reshape(result.tensor, flatShape, shape), x.kind,
                        shape);
}

Raised unsqueezed(NodeContext &n, Raised &input, bool front) {
  Sizes shape = input.shape;
  shape.insert(front ? shape.begin() : shape.end(), n.c.size(1));
  return n.c.fromTensor(n.c.reshape(n.c.tensor(input), input.shape, shape),
                        input.kind, shape);
}

LogicalResult raiseMatMul(NodeContext &n) {
  if (std::optional<Raised> attention = recogniseAttention(n))
    return n.finish(*attention);
  if (std::optional<Raised> attention = recogniseHardAttention(n))
    return n.finish(*attention);
  if (std::optional<Raised> experts = recogniseGatheredExperts(n))
    return n.finish(*experts);
  Raised x = n.input(0), y = n.input(1);
  if (x.rank() == 0 || y.rank() == 0)
    return n.fail("it takes no scalars");
  bool rowVector = x.rank() == 1, columnVector = y.rank() == 1;
  if (rowVector)
    x = unsqueezed(n, x, true);
  if (columnVector)
    y = unsqueezed(n, y, false);
  if (failed(requireEqual(n, x.shape.back(), y.shape[y.rank() - 2],
                          "the sizes summed over")))
    return failure();
  Raised result;
  auto transpose =
      y.tensor ? y.tensor.getDefiningOp<linalg::TransposeOp>() : nullptr;
  bool weights = y.constant && y.rank() == 2 && isFloat32OrHalf(y.kind);
  bool transposedWeights =
      transpose && y.rank() == 2 && isFloat32OrHalf(y.kind) &&
      transpose.getInput().getDefiningOp<arith::ConstantOp>();
  if (weights) {
    result = linear(n, x, n.c.tensor(y), y.shape[1], false);
  } else if (transposedWeights) {
    result = linear(n, x, transpose.getInput(), y.shape[1], true);
  } else {
    Raised xBatch, yBatch;
    xBatch.shape.assign(x.shape.begin(), x.shape.end() - 2);
    yBatch.shape.assign(y.shape.begin(), y.shape.end() - 2);
    FailureOr<Sizes> shape = n.broadcast({xBatch, yBatch});
    if (failed(shape))
      return failure();
    bool same = llvm::equal(xBatch.shape, yBatch.shape);
    shape->push_back(x.shape[x.rank() - 2]);
    shape->push_back(y.shape.back());
    result =
        same ? namedProduct(n, x, y, *shape) : generalProduct(n, x, y, *shape);
  }
  if (rowVector || columnVector) {
    Sizes shape = result.shape;
    if (columnVector)
      shape.pop_back();
    if (rowVector)
      shape.erase(shape.end() - (columnVector ? 1 : 2));
    result = n.c.fromTensor(n.c.reshape(result.tensor, result.shape, shape),
                            result.kind, shape);
  }
  return n.finish(result);
}

LogicalResult raiseGemm(NodeContext &n) {
  Raised x = n.input(0), y = n.input(1);
  if (x.rank() != 2 || y.rank() != 2)
    return n.fail("its operands must be matrices");
  bool transposeX = n.integer("transA", 0), transposeY = n.integer("transB", 0);
  float alpha = n.number("alpha", 1), beta = n.number("beta", 1);
  auto transposed = [&](Raised &matrix) {
    Sizes shape = {matrix.shape[1], matrix.shape[0]};
    Value value = linalg::TransposeOp::create(n.b, n.loc, n.c.tensor(matrix),
                                              n.c.empty(shape, matrix.kind),
                                              ArrayRef<int64_t>{1, 0})
                      ->getResult(0);
    return n.c.fromTensor(value, matrix.kind, shape);
  };
  if (transposeX)
    x = transposed(x);
  OpFoldResult inner = transposeY ? y.shape[1] : y.shape[0],
               columns = transposeY ? y.shape[0] : y.shape[1];
  if (failed(requireEqual(n, x.shape[1], inner, "the sizes summed over")))
    return failure();
  Raised result;
  if (y.constant && isFloat(y.kind)) {
    result = linear(n, x, n.c.tensor(y), columns, transposeY);
  } else {
    if (transposeY)
      y = transposed(y);
    result = namedProduct(n, x, y, {x.shape[0], columns});
  }
  auto scaled = [&](Raised operand, float factor) {
    if (factor == 1)
      return operand;
    SmallVector<Raised> operands = {operand};
    Value number = n.c.constantOf(operand.kind, factor);
    return n.c.elementwise(
        operands, operand.shape, operand.kind,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          if (isFloat(operand.kind))
            return arith::MulFOp::create(b, loc, v[0], number);
          return arith::MulIOp::create(b, loc, v[0], number);
        });
  };
  result = scaled(result, alpha);
  if (!n.has(2) || beta == 0)
    return n.finish(result);
  Raised bias = scaled(n.input(2), beta);
  if (std::optional<Raised> biased = addBiasToLinear(n, result, bias))
    return n.finish(*biased);
  SmallVector<Raised> operands = {result, bias};
  FailureOr<Sizes> shape = n.broadcast(operands);
  if (failed(shape))
    return failure();
  return n.finish(
      n.c.elementwise(operands, *shape, result.kind,
                      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                        if (isFloat(result.kind))
                          return arith::AddFOp::create(b, loc, v[0], v[1]);
                        return arith::AddIOp::create(b, loc, v[0], v[1]);
                      }));
}

/// Subscripts of one term; "..." becomes upper-case letters counted from the
/// right, so that operands align as broadcasting does.
FailureOr<std::string> expandTerm(NodeContext &n, StringRef term,
                                  int64_t rank) {
  std::string letters;
  size_t dots = term.find("...");
  if (dots == StringRef::npos) {
    letters = term.str();
  } else {
    int64_t hidden = rank - static_cast<int64_t>(term.size() - 3);
    if (hidden < 0 || hidden > 26)
      return n.fail("its equation has more subscripts than an input has "
                    "dimensions");
    letters = term.take_front(dots).str();
    for (int64_t i = hidden - 1; i >= 0; --i)
      letters.push_back(static_cast<char>(1 + i));
    letters += term.drop_front(dots + 3).str();
  }
  if (static_cast<int64_t>(letters.size()) != rank)
    return n.fail("its equation gives a term " + Twine(letters.size()) +
                  " subscripts, the input has rank " + Twine(rank));
  return letters;
}

/// `x` with dimension `again` at the positions of dimension `first`, whose
/// subscript it has too.
FailureOr<Raised> diagonal(NodeContext &n, Raised &x, int64_t first,
                           int64_t again) {
  OpFoldResult size = x.shape[first];
  if (failed(requireEqual(n, size, x.shape[again], "sizes of one subscript")))
    return failure();
  if (isConstantIntValue(size, 1) != isConstantIntValue(x.shape[again], 1))
    return n.fail("a subscript repeated within a term has sizes that differ");
  Sizes shape = x.shape;
  shape.erase(shape.begin() + again);
  Value source = n.c.tensor(x);
  return n.c.elementwise(
      {}, shape, x.kind, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        SmallVector<Value> index;
        for (int64_t d = 0; d + 1 < x.rank(); ++d)
          index.push_back(linalg::IndexOp::create(b, loc, d));
        index.insert(index.begin() + again, index[first]);
        return tensor::ExtractOp::create(b, loc, source, index);
      });
}

/// Takes the diagonals of the dimensions whose subscripts are repeated.
LogicalResult takeDiagonals(NodeContext &n, Raised &x, std::string &letters) {
  for (size_t d = 0; d < letters.size();) {
    size_t first = letters.find(letters[d]);
    if (first == d) {
      ++d;
      continue;
    }
    FailureOr<Raised> taken = diagonal(n, x, first, d);
    if (failed(taken))
      return failure();
    x = *taken;
    letters.erase(d, 1);
  }
  return success();
}

LogicalResult raiseEinsum(NodeContext &n) {
  if (std::optional<Raised> attention = recogniseGroupedAttention(n))
    return n.finish(*attention);
  if (std::optional<Raised> attention = recogniseAttention(n))
    return n.finish(*attention);
  std::string equation = n.text("equation", "").str();
  llvm::erase(equation, ' ');
  auto [left, right] = StringRef(equation).split("->");
  bool explicitResult = StringRef(equation).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != n.numInputs() || terms.size() > 2)
    return n.fail(terms.size() > 2
                      ? "more than two inputs are not supported"
                      : "its equation and inputs differ in number");
  SmallVector<std::string> inputs;
  SmallVector<Raised> operands;
  std::map<char, OpFoldResult> sizes;
  std::map<char, int> uses;
  for (auto [i, term] : llvm::enumerate(terms)) {
    FailureOr<std::string> letters = expandTerm(n, term, n.input(i).rank());
    if (failed(letters))
      return failure();
    for (char letter : *letters)
      ++uses[letter];
    operands.push_back(n.input(i));
    if (failed(takeDiagonals(n, operands.back(), *letters)))
      return failure();
    for (auto [d, letter] : llvm::enumerate(*letters)) {
      OpFoldResult size = operands.back().shape[d];
      auto known = sizes.find(letter);
      if (known == sizes.end() || isConstantIntValue(known->second, 1))
        sizes[letter] = size;
      else if (!isConstantIntValue(size, 1) &&
               failed(requireEqual(n, known->second, size,
                                   "sizes of one subscript")))
        return failure();
    }
    inputs.push_back(*letters);
  }
  std::string result;
  if (explicitResult) {
    int64_t hidden = 0;
    for (auto &entry : sizes)
      hidden += entry.first <= 26;
    FailureOr<std::string> letters = expandTerm(
        n, right, right.size() + (right.contains("...") ? hidden - 3 : 0));
    if (failed(letters))
      return failure();
    result = *letters;
  } else {
    for (auto &entry : sizes)
      if (entry.first <= 26)
        result.insert(result.begin(), entry.first);
    for (auto &entry : uses)
      if (entry.first > 26 && entry.second == 1)
        result.push_back(entry.first);
  }
  // Loops: the result's subscripts, then those summed over.
  std::string loops = result;
  for (auto &entry : sizes)
    if (loops.find(entry.first) == std::string::npos)
      loops.push_back(entry.first);
  MLIRContext *context = n.b.getContext();
  auto mapOf = [&](const std::string &letters, Raised *operand) {
    SmallVector<AffineExpr> exprs;
    for (auto [d, letter] : llvm::enumerate(letters)) {
      bool repeats = operand && isConstantIntValue(operand->shape[d], 1) &&
                     !isConstantIntValue(sizes[letter], 1);
      exprs.push_back(repeats ? getAffineConstantExpr(0, context)
                              : getAffineDimExpr(loops.find(letter), context));
    }
    return AffineMap::get(loops.size(), 0, exprs, context);
  };
  Sizes shape;
  for (char letter : result) {
    if (!sizes.count(letter))
      return n.fail("its result has a subscript that no input has");
    shape.push_back(sizes[letter]);
  }
  SmallVector<AffineMap> maps;
  SmallVector<Value> values;
  for (auto [i, letters] : llvm::enumerate(inputs)) {
    maps.push_back(mapOf(letters, &operands[i]));
    values.push_back(n.c.tensor(operands[i]));
  }
  maps.push_back(mapOf(result, nullptr));
  SmallVector<utils::IteratorType> iterators(result.size(),
                                             utils::IteratorType::parallel);
  iterators.append(loops.size() - result.size(),
                   utils::IteratorType::reduction);
  int32_t kind = n.input(0).kind, sums = accumulatorKind(kind);
  Value init = n.c.filled(shape, n.c.zero(sums), sums);
  auto generic = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), values, init, maps, iterators,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value next;
        if (args.size() == 3)
          next = multiplyAdd(b, loc, args[0], args[1], args[2]);
        else
          next = isFloat(kind)
                     ? Value(arith::AddFOp::create(
                           b, loc, args[1],
                           widened(b, loc, args[0], args[1].getType())))
                     : Value(arith::AddIOp::create(b, loc, args[1], args[0]));
        linalg::YieldOp::create(b, loc, next);
      });
  return n.finish(
      n.c.rounded(n.c.fromTensor(generic.getResult(0), sums, shape), kind));
}

} // namespace

void tfc::raise::populateProductRules(RuleSet &rules) {
  rules.add("MatMul", raiseMatMul);
  rules.add("Gemm", raiseGemm);
  rules.add("Einsum", raiseEinsum);
}
