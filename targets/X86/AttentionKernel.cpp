//===- AttentionKernel.cpp - attention of a block of queries ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "KernelCalls.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

int64_t sizeOf(Value value, int64_t dim) {
  return cast<ShapedType>(value.getType()).getDimSize(dim);
}

bool isF32(Value value) {
  return cast<ShapedType>(value.getType()).getElementType().isF32();
}

} // namespace

std::string tfc::x86::whyNoAttentionKernel(attn::AttentionOp op) {
  if (op.getScore() != attn::ScoreFunction::Softmax || op.getTop() ||
      op.getKeyBlocks() || op.getMaskBlock())
    return "its weights are no softmax of all scores";
  for (Value operand :
       {op.getQuery(), op.getKey(), op.getValue(), op.getInit(), op.getBias()})
    if (operand && !isF32(operand))
      return "its elements are not f32";
  for (Value operand : {op.getKey(), op.getValue()}) {
    int64_t size = sizeOf(operand, 3);
    if (ShapedType::isDynamic(size) || size < 2 || size > 1024)
      return "heads have no known size from 2 to 1024";
  }
  if (op.getScale().convertToDouble() <= 0)
    return "its scale is not above zero";
  return "";
}

AttentionShape::AttentionShape(attn::AttentionOp op, KernelShape shape)
    : keySize(sizeOf(op.getKey(), 3)), valueSize(sizeOf(op.getValue(), 3)),
      keyWidth(shape.vectors * shape.lanes),
      valueWidth(shape.headWidth(valueSize)),
      valuePanels(llvm::divideCeil(valueSize, valueWidth)), directWidth(0) {
  for (int64_t vectors : {1, 2, 4, 8})
    if (valueSize % (vectors * shape.lanes) == 0)
      directWidth = vectors * shape.lanes;
}

AttentionKernel::AttentionKernel(ModuleOp module, KernelShape shape,
                                 attn::AttentionOp op, func::FuncOp scores,
                                 func::FuncOp values, bool direct)
    : PanelFunction(module, shape, shape.lanes), op(op), sizes(op, shape),
      scoresFunction(scores), valuesFunction(values), direct(direct),
      needsScores(op.getBias() || op.getMask() || op.getSoftcap() ||
                  op.getMaskedScore() || op.getGlobal()) {}

Type AttentionKernel::broadcastType(Value operand, Type element) {
  constexpr int64_t open = ShapedType::kDynamic;
  SmallVector<int64_t> shape, strides(4, open);
  for (int64_t d = 0; d < 4; ++d)
    shape.push_back(sizeOf(operand, d) == 1 ? 1 : open);
  strides.back() = 1;
  return MemRefType::get(
      shape, element,
      StridedLayoutAttr::get(operand.getContext(), open, strides));
}

//===----------------------------------------------------------------------===//
// Small expressions
//===----------------------------------------------------------------------===//

void AttentionKernel::loop(Value begin, Value end, int64_t step, Body body) {
  auto loop = scf::ForOp::create(b, loc, begin, end, index(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

Value AttentionKernel::splat(double number) {
  return arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(vector, static_cast<float>(number)));
}

Value AttentionKernel::spread(Value scalar) {
  return vector::BroadcastOp::create(b, loc, vector, scalar);
}

Value AttentionKernel::spreadIndex(Value scalar) {
  Value narrow = arith::IndexCastOp::create(b, loc, b.getI32Type(), scalar);
  return vector::BroadcastOp::create(
      b, loc, VectorType::get({shape.lanes}, b.getI32Type()), narrow);
}

/// As the instruction has it: `arith.maximumf` would cost three.
Value AttentionKernel::larger(Value x, Value y) {
  Value isLarger =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, y, x);
  return arith::SelectOp::create(b, loc, isLarger, y, x);
}

/// 2^n of the nearest integer n, times a polynomial of 2^f for the rest, of
/// degree 5 with least relative error: 2.2e-7 in all, some of the roundings of
/// the multiply-adds. Adding 1.5 * 2^23 leaves n in the last bits.
Value AttentionKernel::powerOfTwo(Value exponent) {
  constexpr double shift = 12582912, least = -126;
  constexpr double coefficients[] = {0.001327647129073739, 0.009675540961325169,
                                     0.05550713092088699,  0.24022120237350464,
                                     0.6931469440460205,   1.0000001192092896};
  Value isSmall = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT,
                                        exponent, splat(least));
  Value shifted = arith::AddFOp::create(b, loc, exponent, splat(shift));
  Value nearest = arith::SubFOp::create(b, loc, shifted, splat(shift));
  Value rest = arith::SubFOp::create(b, loc, exponent, nearest);
  Value power = splat(coefficients[0]);
  for (double coefficient : ArrayRef(coefficients).drop_front())
    power = multiplyAdd(power, rest, splat(coefficient));
  auto integers = VectorType::get({shape.lanes}, b.getI32Type());
  auto integer = [&](int32_t number) -> Value {
    return arith::ConstantOp::create(b, loc,
                                     DenseElementsAttr::get(integers, number));
  };
  constexpr int32_t mantissaBits = 23, bias = 127;
  Value bits = vector::BitCastOp::create(b, loc, integers, shifted);
  Value scale = arith::ShLIOp::create(b, loc, bits, integer(mantissaBits));
  scale = arith::AddIOp::create(b, loc, scale, integer(bias << mantissaBits));
  Value result = arith::MulFOp::create(
      b, loc, power, vector::BitCastOp::create(b, loc, vector, scale));
  return arith::SelectOp::create(b, loc, isSmall, splat(0), result);
}

Value AttentionKernel::statistic(int64_t which, Value row) {
  return memref::LoadOp::create(b, loc, statistics,
                                ValueRange{index(which), row});
}

void AttentionKernel::setStatistic(int64_t which, Value row, Value value) {
  memref::StoreOp::create(b, loc, value, statistics,
                          ValueRange{index(which), row});
}

//===----------------------------------------------------------------------===//
// The block of queries
//===----------------------------------------------------------------------===//

func::FuncOp AttentionKernel::build(StringRef name) {
  Type f32 = b.getF32Type(), indexType = b.getIndexType();
  constexpr int64_t open = ShapedType::kDynamic;
  auto stack = [&](int64_t rows, int64_t columns) -> Type {
    return MemRefType::get(
        {open, rows, columns}, f32,
        StridedLayoutAttr::get(b.getContext(), open, {open, columns, 1}));
  };
  SmallVector<Type> types(NumFixedArguments, indexType);
  types[Query] = matrix(open, sizes.keySize, open, f32);
  types[Result] = matrix(open, sizes.valueSize, open, f32);
  types[Keys] = direct ? matrix(open, sizes.keySize, open, f32)
                       : stack(sizes.keySize, sizes.keyWidth);
  types[Values] = direct ? matrix(open, sizes.valueSize, open, f32)
                         : stack(open, sizes.valueWidth);
  types[Scores] =
      matrix(direct ? AttentionShape::directQueries : AttentionShape::queries,
             blockKeys(), blockKeys(), f32);
  types[Statistics] =
      matrix(AttentionShape::statistics, AttentionShape::queries,
             AttentionShape::queries, f32);
  if (op.getBias())
    types.push_back(broadcastType(op.getBias(), f32));
  if (op.getMask())
    types.push_back(broadcastType(op.getMask(), b.getI32Type()));
  func::FuncOp function = PanelFunction::begin(name, types);
  Block *entry = b.getInsertionBlock();
  ValueRange arguments = entry->getArguments();
  Value *const places[] = {
      &query,  &result, &keys,     &values, &scores, &statistics, &firstQuery,
      &offset, &length, &firstKey, &endKey, &batch,  &head};
  for (auto [place, value] : llvm::zip(places, arguments))
    *place = value;
  ValueRange rest = arguments.drop_front(NumFixedArguments);
  if (op.getBias()) {
    bias = rest.front();
    rest = rest.drop_front();
  }
  if (op.getMask())
    mask = rest.front();

  begin();
  findRange();
  loop(rangeBegin, rangeEnd, blockKeys(),
       [&](Value firstKey) { block(firstKey); });
  finish();
  func::ReturnOp::create(b, loc);
  return function;
}

void AttentionKernel::begin() {
  numRows = memref::DimOp::create(b, loc, query, 0);
  numKeys = memref::DimOp::create(b, loc, values, direct ? 0 : 1);
  Value lowest = splat(-infinity), zero = splat(0);
  for (int64_t row = 0; row < AttentionShape::queries; row += shape.lanes)
    for (int64_t which : {Maximum, Sum})
      vector::StoreOp::create(b, loc, which == Maximum ? lowest : zero,
                              statistics, ValueRange{index(which), index(row)});
  eachRow([&](Value row) {
    for (int64_t c = 0; c < sizes.valueSize; c += shape.lanes)
      store(zero, result, {row, index(c)}, sizes.valueSize - c);
  });
}

/// As `attn.attention` states which keys a query sees.
void AttentionKernel::findRange() {
  auto add = [&](Value x, Value y) -> Value {
    return arith::AddIOp::create(b, loc, x, y);
  };
  auto subtract = [&](Value x, Value y) -> Value {
    return arith::SubIOp::create(b, loc, x, y);
  };
  auto least = [&](Value x, Value y) -> Value {
    return arith::MinSIOp::create(b, loc, x, y);
  };
  auto most = [&](Value x, Value y) -> Value {
    return arith::MaxSIOp::create(b, loc, x, y);
  };
  Value zero = index(0);
  rangeBegin = fullBegin = fullEnd = zero;
  // With a number for what is hidden, that counts; and each row may see the
  // global keys.
  if (op.getMaskedScore() || op.getGlobal()) {
    rangeBegin = firstKey;
    rangeEnd = least(endKey, op.getMaskedScore() ? numKeys : length);
    return;
  }
  Value first = add(firstQuery, offset);
  Value last = add(first, subtract(numRows, index(1)));
  Value some = length, whole = length;
  auto endAfter = [&](int64_t distance) {
    whole = least(whole, add(first, index(distance + 1)));
    some = least(some, add(last, index(distance + 1)));
  };
  if (op.getCausal())
    endAfter(0);
  if (op.getRightWindow())
    endAfter(*op.getRightWindow());
  rangeEnd = some;
  if (op.getLeftWindow()) {
    Value back = index(*op.getLeftWindow());
    Value width = index(sizes.keyWidth);
    rangeBegin = most(subtract(first, back), zero);
    rangeBegin = arith::MulIOp::create(
        b, loc, arith::DivUIOp::create(b, loc, rangeBegin, width), width);
    fullBegin = subtract(last, back);
  }
  rangeBegin = most(rangeBegin, firstKey);
  rangeEnd = least(rangeEnd, endKey);
  if (!needsScores)
    fullEnd = whole;
}

void AttentionKernel::block(Value firstKey) {
  Value left = arith::SubIOp::create(b, loc, rangeEnd, firstKey);
  Value count = arith::MinSIOp::create(b, loc, left, index(blockKeys()));
  multiplyScores(firstKey, count);

  double scale = op.getScale().convertToDouble();
  Value one = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(1));
  Value scaled = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(scale));
  Value end = arith::AddIOp::create(b, loc, firstKey, count);
  auto compare = [&](arith::CmpIPredicate predicate, Value x,
                     Value y) -> Value {
    return arith::CmpIOp::create(b, loc, predicate, x, y);
  };
  Value isWhole = compare(arith::CmpIPredicate::sge, firstKey, fullBegin);
  isWhole = arith::AndIOp::create(
      b, loc, isWhole, compare(arith::CmpIPredicate::sle, end, fullEnd));
  Value rest = arith::RemUIOp::create(b, loc, count, index(shape.lanes));
  isWhole = arith::AndIOp::create(
      b, loc, isWhole, compare(arith::CmpIPredicate::eq, rest, index(0)));

  eachRow([&](Value row) {
    auto choice = scf::IfOp::create(b, loc, b.getF32Type(), isWhole,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    scf::YieldOp::create(b, loc, greatestOfProducts(row, count));
    b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(b, loc, greatestOfScores(row, firstKey, count));
    b.setInsertionPointAfter(choice);
    setStatistic(Correction, row, choice.getResult(0));
  });
  // Of all rows at once: an exponential of one number costs as much as one of
  // a vector.
  for (int64_t row = 0; row < AttentionShape::queries; row += shape.lanes) {
    auto at = [&](int64_t which) {
      return SmallVector<Value>{index(which), index(row)};
    };
    auto load = [&](int64_t which) -> Value {
      return vector::LoadOp::create(b, loc, vector, statistics, at(which));
    };
    Value old = load(Maximum);
    Value now = larger(old, load(Correction));
    Value isLowest = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                           now, splat(-infinity));
    Value reference = arith::SelectOp::create(b, loc, isLowest, splat(0), now);
    Value correction = powerOfTwo(arith::MulFOp::create(
        b, loc, arith::SubFOp::create(b, loc, old, reference),
        splat(llvm::numbers::log2e)));
    vector::StoreOp::create(b, loc, now, statistics, at(Maximum));
    vector::StoreOp::create(b, loc, correction, statistics, at(Correction));
  }
  Value factor = arith::SelectOp::create(b, loc, isWhole, scaled, one);
  eachRow([&](Value row) { weights(row, factor, count); });
  addValues(firstKey, count);
}

void AttentionKernel::multiplyScores(Value firstKey, Value count) {
  if (direct) {
    Value block =
        blockOf(b, loc, scores, {index(0), index(0)}, {numRows, count});
    Value rows = blockOf(b, loc, keys, {firstKey, index(0)},
                         {count, b.getIndexAttr(sizes.keySize)});
    callKernel(b, loc, scoresFunction, {query, block, rows});
    return;
  }
  Value width = index(sizes.keyWidth);
  Value panel = arith::DivUIOp::create(b, loc, firstKey, width);
  loop(index(0), count, sizes.keyWidth, [&](Value column) {
    Value number = arith::AddIOp::create(
        b, loc, panel, arith::DivUIOp::create(b, loc, column, width));
    Value block = blockOf(b, loc, scores, {index(0), column},
                          {numRows, b.getIndexAttr(sizes.keyWidth)});
    callKernel(b, loc, scoresFunction,
               {query, block, matrixOf(b, loc, keys, number)});
  });
}

Value AttentionKernel::greatestOfProducts(Value row, Value count) {
  auto loop = scf::ForOp::create(b, loc, index(0), count, index(shape.lanes),
                                 splat(-infinity));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value products = vector::LoadOp::create(
        b, loc, vector, scores, ValueRange{row, loop.getInductionVar()});
    scf::YieldOp::create(b, loc, larger(loop.getRegionIterArg(0), products));
  }
  Value greatest = vector::ReductionOp::create(
      b, loc, vector::CombiningKind::MAXNUMF, loop.getResult(0));
  Value scale = arith::ConstantOp::create(
      b, loc, b.getF32FloatAttr(op.getScale().convertToDouble()));
  return arith::MulFOp::create(b, loc, greatest, scale);
}

Value AttentionKernel::greatestOfScores(Value row, Value firstKey,
                                        Value count) {
  auto loop = scf::ForOp::create(b, loc, index(0), count, index(shape.lanes),
                                 splat(-infinity));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value column = loop.getInductionVar();
    SmallVector<Value> at{row, column};
    Value product = vector::LoadOp::create(b, loc, vector, scores, at);
    Value key = arith::AddIOp::create(b, loc, firstKey, column);
    Value isThere = firstLanes(arith::SubIOp::create(b, loc, rangeEnd, key));
    Value scored = score(product, row, key, isThere);
    vector::StoreOp::create(b, loc, scored, scores, at);
    scf::YieldOp::create(b, loc, larger(loop.getRegionIterArg(0), scored));
  }
  return vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXNUMF,
                                     loop.getResult(0));
}

Value AttentionKernel::broadcastElements(Value buffer, Value query, Value key) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<Value> indices;
  const std::array<Value, 3> places{batch, head, query};
  for (auto [d, place] : llvm::enumerate(places)) {
    if (type.getDimSize(d) == 1) {
      indices.push_back(index(0));
      continue;
    }
    // A size that is open may be 1.
    Value size = memref::DimOp::create(b, loc, buffer, d);
    indices.push_back(arith::MinUIOp::create(
        b, loc, place, arith::SubIOp::create(b, loc, size, index(1))));
  }
  auto several = VectorType::get({shape.lanes}, type.getElementType());
  auto loadOne = [&]() -> Value {
    indices.push_back(index(0));
    Value one = memref::LoadOp::create(b, loc, buffer, indices);
    indices.pop_back();
    return vector::BroadcastOp::create(b, loc, several, one);
  };
  if (type.getDimSize(3) == 1)
    return loadOne();
  Value size = memref::DimOp::create(b, loc, buffer, 3);
  Value isOne =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, size, index(1));
  auto choice =
      scf::IfOp::create(b, loc, several, isOne, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(b, loc, loadOne());
  b.setInsertionPointToStart(choice.elseBlock());
  Value isThere = firstLanes(arith::SubIOp::create(b, loc, size, key));
  Value nothing = arith::ConstantOp::create(b, loc, b.getZeroAttr(several));
  indices.push_back(key);
  scf::YieldOp::create(b, loc,
                       vector::MaskedLoadOp::create(b, loc, several, buffer,
                                                    indices, isThere, nothing)
                           .getResult());
  return choice.getResult(0);
}

Value AttentionKernel::isSeen(Value query, Value position, Value key,
                              Value keys) {
  Value seen;
  auto both = [&](Value &all, Value condition) {
    all = all ? arith::AndIOp::create(b, loc, all, condition).getResult()
              : condition;
  };
  auto atMost = [&](Value x, Value y) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, x, y);
  };
  auto moved = [&](int64_t distance) {
    return spreadIndex(
        arith::AddIOp::create(b, loc, position, index(distance)));
  };
  if (op.getCausal())
    both(seen, atMost(keys, moved(0)));
  Value inWindow;
  if (op.getLeftWindow())
    both(inWindow, atMost(moved(-*op.getLeftWindow()), keys));
  if (op.getRightWindow())
    both(inWindow, atMost(keys, moved(*op.getRightWindow())));
  if (inWindow && op.getGlobal()) {
    Value last = index(*op.getGlobal() - 1);
    Value isGlobal =
        arith::OrIOp::create(b, loc, atMost(keys, spreadIndex(last)),
                             atMost(moved(0), spreadIndex(last)));
    inWindow = arith::OrIOp::create(b, loc, inWindow, isGlobal);
  }
  if (inWindow)
    both(seen, inWindow);
  if (op.getKeyLengths())
    both(seen, firstLanes(arith::SubIOp::create(b, loc, length, key)));
  if (mask) {
    Value truths = broadcastElements(mask, query, key);
    Value none =
        arith::ConstantOp::create(b, loc, b.getZeroAttr(truths.getType()));
    both(seen,
         arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, truths, none));
  }
  return seen;
}

Value AttentionKernel::score(Value product, Value row, Value key,
                             Value isThere) {
  Value scored = arith::MulFOp::create(b, loc, product,
                                       splat(op.getScale().convertToDouble()));
  if (op.getSoftcap()) {
    double cap = op.getSoftcap()->convertToDouble();
    Value part = arith::DivFOp::create(b, loc, scored, splat(cap));
    scored = arith::MulFOp::create(b, loc, math::TanhOp::create(b, loc, part),
                                   splat(cap));
  }
  Value query = arith::AddIOp::create(b, loc, firstQuery, row);
  if (bias)
    scored = arith::AddFOp::create(b, loc, scored,
                                   broadcastElements(bias, query, key));
  Value position = arith::AddIOp::create(b, loc, query, offset);
  auto lanes = VectorType::get({shape.lanes}, b.getI32Type());
  Value steps = arith::ConstantOp::create(
      b, loc,
      DenseIntElementsAttr::get(
          lanes, llvm::to_vector(llvm::seq<int32_t>(0, shape.lanes))));
  Value keyNumbers = arith::AddIOp::create(b, loc, spreadIndex(key), steps);
  if (Value seen = isSeen(query, position, key, keyNumbers)) {
    double hidden = op.getMaskedScore() ? op.getMaskedScore()->convertToDouble()
                                        : -infinity;
    scored = arith::SelectOp::create(b, loc, seen, scored, splat(hidden));
  }
  return arith::SelectOp::create(b, loc, isThere, scored, splat(-infinity));
}

void AttentionKernel::weights(Value row, Value factor, Value count) {
  Value greatest = statistic(Maximum, row);
  Value lowest = arith::ConstantOp::create(
      b, loc, b.getF32FloatAttr(-std::numeric_limits<float>::infinity()));
  Value none = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
  Value isLowest = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                         greatest, lowest);
  Value reference = arith::SelectOp::create(b, loc, isLowest, none, greatest);
  Value minus = spread(arith::NegFOp::create(b, loc, reference));
  Value factors = spread(factor);
  auto loop =
      scf::ForOp::create(b, loc, index(0), count, index(shape.lanes), splat(0));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> at{row, loop.getInductionVar()};
    Value scored = vector::LoadOp::create(b, loc, vector, scores, at);
    // In this order: the least number of masks may not become -inf, or its
    // difference with itself NaN.
    Value distance = multiplyAdd(scored, factors, minus);
    Value weight = powerOfTwo(
        arith::MulFOp::create(b, loc, distance, splat(llvm::numbers::log2e)));
    vector::StoreOp::create(b, loc, weight, scores, at);
    scf::YieldOp::create(
        b, loc,
        arith::AddFOp::create(b, loc, loop.getRegionIterArg(0), weight)
            .getResult());
  }
  Value sum = vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD,
                                          loop.getResult(0));
  Value before = arith::MulFOp::create(b, loc, statistic(Sum, row),
                                       statistic(Correction, row));
  setStatistic(Sum, row, arith::AddFOp::create(b, loc, before, sum));
}

void AttentionKernel::addValues(Value firstKey, Value count) {
  Value rowWeights =
      blockOf(b, loc, scores, {index(0), index(0)}, {numRows, count});
  Value corrections = blockOf(b, loc, statistics, {index(Correction), index(0)},
                              {b.getIndexAttr(1), numRows}, /*rank=*/1);
  int64_t width = direct ? sizes.directWidth : sizes.valueWidth;
  for (int64_t column = 0; column < sizes.valueSize; column += width) {
    int64_t used = std::min(width, sizes.valueSize - column);
    Value columns = blockOf(b, loc, result, {index(0), index(column)},
                            {numRows, b.getIndexAttr(used)});
    Value panel = direct ? blockOf(b, loc, values, {firstKey, index(column)},
                                   {count, b.getIndexAttr(width)})
                         : blockOf(b, loc, values,
                                   {index(column / width), firstKey, index(0)},
                                   {b.getIndexAttr(1), count,
                                    b.getIndexAttr(sizes.valueWidth)},
                                   /*rank=*/2);
    callKernel(b, loc, valuesFunction,
               {rowWeights, corrections, columns, panel});
  }
}

void AttentionKernel::finish() {
  // The caller divides by what may be zero, when it has all parts.
  bool zeroEmpty = direct || op.getZeroMaskedRows() || op.getZeroNanRows();
  eachRow([&](Value row) {
    Value sum = spread(statistic(Sum, row));
    Value inverse = arith::DivFOp::create(b, loc, splat(1), sum);
    Value isSome =
        arith::CmpFOp::create(b, loc,
                              op.getZeroNanRows() ? arith::CmpFPredicate::OGT
                                                  : arith::CmpFPredicate::UNE,
                              sum, splat(0));
    for (int64_t c = 0; c < sizes.valueSize; c += shape.lanes) {
      SmallVector<Value> at{row, index(c)};
      Value value = arith::MulFOp::create(
          b, loc, load(result, at, sizes.valueSize - c), inverse);
      if (zeroEmpty)
        value = arith::SelectOp::create(b, loc, isSome, value, splat(0));
      store(value, result, at, sizes.valueSize - c);
    }
  });
}
