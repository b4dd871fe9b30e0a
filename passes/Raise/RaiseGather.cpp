//===- RaiseGather.cpp - reading by index -----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Indexing.h"
#include "RaiseContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::raise;

void tfc::raise::requireInRange(NodeContext &n, Raised &indices,
                                OpFoldResult extent, bool fromEnd) {
  Value tensor = n.c.tensor(indices);
  Type type = n.c.elementType(indices.kind);
  Value bound = arith::IndexCastOp::create(n.b, n.loc, type, n.c.value(extent));
  Value yes = arith::ConstantOp::create(n.b, n.loc, n.b.getBoolAttr(true));
  Value init = n.c.filled({}, yes, Bool);
  int64_t rank = indices.rank();
  MLIRContext *context = n.b.getContext();
  SmallVector<AffineMap> maps = {
      AffineMap::getMultiDimIdentityMap(rank, context),
      AffineMap::get(rank, 0, context)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  auto check = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), tensor, init, maps, iterators,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        // 0 <= i < extent, or 0 <= i + extent < 2 * extent, without a sign.
        Value number = args[0], end = bound;
        if (fromEnd) {
          number = arith::AddIOp::create(b, loc, number, bound);
          end = arith::AddIOp::create(b, loc, bound, bound);
        }
        Value ok = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                         number, end);
        linalg::YieldOp::create(
            b, loc, arith::AndIOp::create(b, loc, args[1], ok).getResult());
      });
  Value ok =
      tensor::ExtractOp::create(n.b, n.loc, check.getResult(0), ValueRange());
  n.c.require(ok, n.describe() + ": an index is out of range");
}

bool tfc::raise::provenInRange(NodeContext &n, Raised &indices,
                               OpFoldResult extent) {
  std::optional<SmallVector<int64_t>> known = n.c.integers(indices);
  std::optional<int64_t> size = getConstantIntValue(extent);
  return known && size && llvm::all_of(*known, [&](int64_t i) {
           return i >= -*size && i < *size;
         });
}

Value tfc::raise::resolveIndex(OpBuilder &b, Location loc, Value element,
                               Value extent) {
  Value index = arith::IndexCastOp::create(b, loc, b.getIndexType(), element);
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value negative =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, index, zero);
  Value wrapped = arith::AddIOp::create(b, loc, index, extent);
  return arith::SelectOp::create(b, loc, negative, wrapped, index);
}

namespace {

/// Gather from a list of sizes.
std::optional<Raised> gatherElements(NodeContext &n, int64_t axis) {
  Raised &data = n.input(0), &indices = n.input(1);
  std::optional<Sizes> elements = n.c.elements(data);
  std::optional<SmallVector<int64_t>> positions = n.c.integers(indices);
  if (!elements || !positions || data.rank() != 1 || axis != 0)
    return std::nullopt;
  Sizes out;
  int64_t count = elements->size();
  for (int64_t position : *positions) {
    if (position < -count || position >= count)
      return std::nullopt;
    out.push_back((*elements)[position < 0 ? position + count : position]);
  }
  SmallVector<int64_t> shape;
  for (OpFoldResult size : indices.shape)
    shape.push_back(*getConstantIntValue(size));
  return n.c.fromElements(out, data.kind, shape);
}

/// The only index, where it is the iteration of a loop over `extent` or less.
Value iterationIndex(NodeContext &n, Raised &indices, OpFoldResult extent) {
  std::optional<Sizes> elements = n.c.elements(indices);
  auto index = elements && elements->size() == 1
                   ? dyn_cast<Value>(elements->front())
                   : Value();
  scf::ForOp loop = index ? scf::getForInductionVarOwner(index) : scf::ForOp();
  if (!loop || !isConstantIntValue(loop.getLowerBound(), 0) ||
      !isConstantIntValue(loop.getStep(), 1))
    return nullptr;
  std::optional<int64_t> end = getConstantIntValue(loop.getUpperBound()),
                         size = getConstantIntValue(extent);
  bool within = end && size
                    ? *end <= *size
                    : isEqualConstantIntOrValue(loop.getUpperBound(), extent);
  return within ? index : Value();
}

/// The slice of input 0 at `position` of `axis`, without that dimension where
/// `shape` has it not.
LogicalResult gatherSlice(NodeContext &n, int64_t axis, OpFoldResult position,
                          Sizes shape) {
  Raised &data = n.input(0);
  Sizes offsets(data.rank(), n.c.size(0)), sizes = data.shape,
                                           strides(data.rank(), n.c.size(1));
  offsets[axis] = position;
  sizes[axis] = n.c.size(1);
  Value part = tensor::ExtractSliceOp::create(n.b, n.loc, n.c.tensor(data),
                                              offsets, sizes, strides);
  Raised sliced = n.c.fromTensor(part, data.kind, sizes);
  return n.finish(n.c.fromTensor(n.c.reshape(sliced.tensor, sizes, shape),
                                 data.kind, shape));
}

LogicalResult raiseGather(NodeContext &n) {
  Raised &data = n.input(0), &indices = n.input(1);
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", 0), data.rank());
  if (failed(axis))
    return failure();
  if (data.rank() == 0)
    return n.fail("its data is a scalar");
  if (auto list = gatherElements(n, *axis))
    return n.finish(*list);
  OpFoldResult extent = data.shape[*axis];
  ArrayRef<OpFoldResult> dataShape(data.shape);
  Sizes shape(dataShape.take_front(*axis));
  shape.append(indices.shape.begin(), indices.shape.end());
  shape.append(dataShape.drop_front(*axis + 1).begin(), dataShape.end());
  // One constant index is a slice.
  std::optional<SmallVector<int64_t>> known = n.c.integers(indices);
  std::optional<int64_t> size = getConstantIntValue(extent);
  if (known && known->size() == 1 && (size || (*known)[0] >= 0)) {
    int64_t position = (*known)[0];
    if (size && (position < -*size || position >= *size))
      return n.fail("index " + Twine(position) + " lies outside " +
                    Twine(*size));
    if (!size)
      requireInRange(n, indices, extent);
    return gatherSlice(
        n, *axis, n.c.size(position < 0 ? position + *size : position), shape);
  }
  if (Value iteration = iterationIndex(n, indices, extent))
    return gatherSlice(n, *axis, iteration, shape);
  if (!provenInRange(n, indices, extent))
    requireInRange(n, indices, extent);
  Value source = n.c.tensor(data), bound = n.c.value(extent);
  int64_t rank = shape.size(), indexRank = indices.rank(), before = *axis;
  MLIRContext *context = n.b.getContext();
  SmallVector<AffineExpr> indexDims;
  for (int64_t d = 0; d < indexRank; ++d)
    indexDims.push_back(getAffineDimExpr(before + d, context));
  Value init = n.c.empty(shape, data.kind);
  SmallVector<AffineMap> maps = {
      AffineMap::get(rank, 0, indexDims, context),
      AffineMap::getMultiDimIdentityMap(rank, context)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto gather = linalg::GenericOp::create(
      n.b, n.loc, init.getType(), n.c.tensor(indices), init, maps, iterators,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        SmallVector<Value> at;
        for (int64_t d = 0; d < before; ++d)
          at.push_back(linalg::IndexOp::create(b, loc, d));
        at.push_back(resolveIndex(b, loc, args[0], bound));
        for (int64_t d = before + indexRank; d < rank; ++d)
          at.push_back(linalg::IndexOp::create(b, loc, d));
        linalg::YieldOp::create(
            b, loc, tensor::ExtractOp::create(b, loc, source, at).getResult());
      });
  return n.finish(n.c.fromTensor(gather.getResult(0), data.kind, shape));
}

LogicalResult raiseGatherElements(NodeContext &n) {
  Raised &data = n.input(0), &indices = n.input(1);
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", 0), data.rank());
  if (failed(axis))
    return failure();
  if (indices.rank() != data.rank())
    return n.fail("its indices and data differ in rank");
  for (int64_t d = 0; d < data.rank(); ++d) {
    std::optional<int64_t> a = getConstantIntValue(indices.shape[d]),
                           s = getConstantIntValue(data.shape[d]);
    if (d == *axis || indices.shape[d] == data.shape[d])
      continue;
    if (a && s) {
      if (*a > *s)
        return n.fail("its indices are larger than its data");
      continue;
    }
    Value fits = arith::CmpIOp::create(n.b, n.loc, arith::CmpIPredicate::ule,
                                       n.c.value(indices.shape[d]),
                                       n.c.value(data.shape[d]));
    n.c.require(fits, n.describe() + ": its indices are larger than its data");
  }
  OpFoldResult extent = data.shape[*axis];
  if (!provenInRange(n, indices, extent))
    requireInRange(n, indices, extent);
  Value source = n.c.tensor(data), bound = n.c.value(extent);
  SmallVector<Raised> operands = {indices};
  int64_t rank = data.rank(), at = *axis;
  return n.finish(n.c.elementwise(
      operands, indices.shape, data.kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        SmallVector<Value> position;
        for (int64_t d = 0; d < rank; ++d)
          position.push_back(
              d == at ? resolveIndex(b, loc, v[0], bound)
                      : linalg::IndexOp::create(b, loc, d).getResult());
        return tensor::ExtractOp::create(b, loc, source, position);
      }));
}

LogicalResult raiseGatherND(NodeContext &n) {
  Raised &data = n.input(0), &indices = n.input(1);
  int64_t batch = n.integer("batch_dims", 0), rank = indices.rank();
  if (rank == 0 || batch < 0 || batch >= rank)
    return n.fail("batch_dims is out of range");
  std::optional<int64_t> depth = getConstantIntValue(indices.shape.back());
  if (!depth || *depth < 1 || batch + *depth > data.rank())
    return n.fail(
        "the last dimension of its indices must be known and fit its data");
  Sizes shape(ArrayRef(indices.shape).drop_back());
  shape.append(data.shape.begin() + batch + *depth, data.shape.end());
  // Every column of the indices has a bound of its own.
  for (int64_t k = 0; k < *depth; ++k) {
    Sizes offsets(rank, n.c.size(0)), sizes = indices.shape,
                                      strides(rank, n.c.size(1));
    offsets.back() = n.c.size(k);
    sizes.back() = n.c.size(1);
    Raised column;
    column.kind = indices.kind;
    column.shape = sizes;
    column.tensor = tensor::ExtractSliceOp::create(
        n.b, n.loc, n.c.tensor(indices), offsets, sizes, strides);
    requireInRange(n, column, data.shape[batch + k]);
  }
  Value source = n.c.tensor(data), positions = n.c.tensor(indices);
  Sizes dataShape = data.shape;
  return n.finish(n.c.elementwise(
      {}, shape, data.kind,
      [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        SmallVector<Value> row, at;
        for (int64_t d = 0; d < rank - 1; ++d)
          row.push_back(linalg::IndexOp::create(b, loc, d));
        for (int64_t d = 0; d < batch; ++d)
          at.push_back(row[d]);
        for (int64_t k = 0; k < *depth; ++k) {
          SmallVector<Value> entry = row;
          entry.push_back(arith::ConstantIndexOp::create(b, loc, k));
          Value element = tensor::ExtractOp::create(b, loc, positions, entry);
          at.push_back(resolveIndex(
              b, loc, element,
              getValueOrCreateConstantIndexOp(b, loc, dataShape[batch + k])));
        }
        for (int64_t d = rank - 1; d < static_cast<int64_t>(shape.size()); ++d)
          at.push_back(linalg::IndexOp::create(b, loc, d));
        return tensor::ExtractOp::create(b, loc, source, at);
      }));
}

/// A list of sizes with another at one place, as exporters write the repeats of
/// Tile.
std::optional<Raised> oneHotElements(NodeContext &n) {
  std::optional<SmallVector<int64_t>> hot = n.c.integers(n.input(0)),
                                      depth = n.c.integers(n.input(1));
  std::optional<Sizes> values = n.c.elements(n.input(2));
  if (!hot || hot->size() != 1 || !depth || depth->size() != 1 || !values ||
      values->size() != 2 || depth->front() < 0 || depth->front() > maxElements)
    return std::nullopt;
  Sizes elements(depth->front(), (*values)[0]);
  int64_t at = hot->front() < 0 ? hot->front() + depth->front() : hot->front();
  if (at >= 0 && at < depth->front())
    elements[at] = (*values)[1];
  // A single index of rank 1 at most: its axis has no neighbour but ones.
  SmallVector<int64_t> shape(n.input(0).rank(), 1);
  int64_t axis = n.integer("axis", -1);
  shape.insert(shape.begin() + (axis < 0 ? axis + shape.size() + 1 : axis),
               depth->front());
  return n.c.fromElements(elements, n.input(2).kind, shape);
}

LogicalResult raiseOneHot(NodeContext &n) {
  Raised &indices = n.input(0);
  int64_t rank = indices.rank() + 1;
  FailureOr<int64_t> axis = n.normalAxis(n.integer("axis", -1), rank);
  if (failed(axis))
    return failure();
  if (auto list = oneHotElements(n))
    return n.finish(*list);
  std::optional<Sizes> depth = n.scalars(1), stated = n.declared();
  if (!depth || depth->size() != 1)
    return n.fail("its depth is not one number");
  if (!n.c.elements(n.input(1))) {
    if (!stated || static_cast<int64_t>(stated->size()) != rank)
      return n.fail("its depth depends on data, and the model states no sizes "
                    "for its output");
    n.requireEqual(depth->front(), (*stated)[*axis],
                   "its depth is not the size that the model states");
    depth->front() = (*stated)[*axis];
  }
  bool real = isFloat(indices.kind);
  Sizes shape = indices.shape;
  shape.insert(shape.begin() + *axis, depth->front());
  Sizes spread = indices.shape;
  spread.insert(spread.begin() + *axis, n.c.size(1));
  Raised column =
      n.c.fromTensor(n.c.reshape(n.c.tensor(indices), indices.shape, spread),
                     indices.kind, spread);
  Value values = n.tensor(2), extent = n.c.value(depth->front());
  SmallVector<Raised> operands = {column};
  int64_t at = *axis;
  return n.finish(n.c.elementwise(
      operands, shape, n.input(2).kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value number = v[0];
        if (real)
          number = arith::FPToSIOp::create(b, loc, b.getI64Type(), number);
        Value index = resolveIndex(b, loc, number, extent);
        Value hit =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, index,
                                  linalg::IndexOp::create(b, loc, at));
        Value off = tensor::ExtractOp::create(
            b, loc, values,
            ValueRange{arith::ConstantIndexOp::create(b, loc, 0)});
        Value on = tensor::ExtractOp::create(
            b, loc, values,
            ValueRange{arith::ConstantIndexOp::create(b, loc, 1)});
        return arith::SelectOp::create(b, loc, hit, on, off);
      }));
}

LogicalResult raiseTrilu(NodeContext &n) {
  Raised &input = n.input(0);
  std::optional<Sizes> k = Sizes{n.c.size(0)};
  if (n.has(1))
    k = n.scalars(1);
  if (!k || k->size() != 1 || input.rank() < 2)
    return n.fail("its k must be one number and its rank at least 2");
  bool upper = n.integer("upper", 1) != 0;
  int64_t rank = input.rank();
  Value diagonal = n.c.value(k->front());
  SmallVector<Raised> operands = {input};
  Value zero = n.c.zero(input.kind);
  return n.finish(n.c.elementwise(
      operands, input.shape, input.kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value row = arith::AddIOp::create(
            b, loc, linalg::IndexOp::create(b, loc, rank - 2), diagonal);
        Value column = linalg::IndexOp::create(b, loc, rank - 1);
        auto predicate =
            upper ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sle;
        Value keep = arith::CmpIOp::create(b, loc, predicate, column, row);
        return arith::SelectOp::create(b, loc, keep, v[0], zero);
      }));
}

/// Ones on a diagonal, in the sizes of the input.
LogicalResult raiseEyeLike(NodeContext &n) {
  Raised &input = n.input(0);
  int32_t kind = n.integer("dtype", input.kind);
  if (input.rank() != 2 || !isKnownKind(kind) || isSmallFloat(kind))
    return n.fail("its input must be a matrix, and its dtype a type to compute "
                  "with");
  Value diagonal = n.c.value(n.c.size(n.integer("k", 0)));
  Value one = n.c.constantOf(kind, 1), zero = n.c.zero(kind);
  if (kind == Bool)
    one = arith::ConstantOp::create(n.b, n.loc, n.b.getBoolAttr(true));
  return n.finish(n.c.elementwise(
      {}, input.shape, kind,
      [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        Value row = arith::AddIOp::create(
            b, loc, linalg::IndexOp::create(b, loc, 0), diagonal);
        Value here =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                  linalg::IndexOp::create(b, loc, 1), row);
        return arith::SelectOp::create(b, loc, here, one, zero);
      }));
}

/// The first elements of each sample along the time in the other order, as many
/// as its length.
LogicalResult raiseReverseSequence(NodeContext &n) {
  Raised input = n.input(0), lengths = n.input(1);
  FailureOr<int64_t> batch =
                         n.normalAxis(n.integer("batch_axis", 1), input.rank()),
                     time =
                         n.normalAxis(n.integer("time_axis", 0), input.rank());
  if (failed(batch) || failed(time))
    return failure();
  if (*batch == *time || *batch > 1 || *time > 1 || lengths.rank() != 1)
    return n.fail("its axes of batch and time must be the first two, and its "
                  "lengths a list");
  OpFoldResult extent = input.shape[*time];
  if (lengths.shape[0] != input.shape[*batch]) {
    if (getConstantIntValue(lengths.shape[0]) &&
        getConstantIntValue(input.shape[*batch]))
      return n.fail("it has not one length for each sample");
    n.requireEqual(lengths.shape[0], input.shape[*batch],
                   "it has not one length for each sample");
  }
  requireInRange(n, lengths, n.c.add(extent, n.c.size(1)));
  Value source = n.c.tensor(input), list = n.c.tensor(lengths);
  return n.finish(n.c.elementwise(
      {}, input.shape, input.kind,
      [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        SmallVector<Value> index;
        for (int64_t d = 0; d < input.rank(); ++d)
          index.push_back(linalg::IndexOp::create(b, loc, d));
        Value length = arith::IndexCastOp::create(
            b, loc, b.getIndexType(),
            tensor::ExtractOp::create(b, loc, list, index[*batch]));
        Value one = arith::ConstantIndexOp::create(b, loc, 1);
        Value last = arith::SubIOp::create(b, loc, length, one);
        Value turned = arith::SubIOp::create(b, loc, last, index[*time]);
        Value turns = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                            index[*time], length);
        index[*time] =
            arith::SelectOp::create(b, loc, turns, turned, index[*time]);
        return tensor::ExtractOp::create(b, loc, source, index);
      }));
}

} // namespace

void tfc::raise::populateGatherRules(RuleSet &rules) {
  rules.add("EyeLike", raiseEyeLike);
  rules.add("ReverseSequence", raiseReverseSequence);
  rules.add("Gather", raiseGather);
  rules.add("GatherElements", raiseGatherElements);
  rules.add("GatherND", raiseGatherND);
  rules.add("OneHot", raiseOneHot);
  rules.add("Trilu", raiseTrilu);
}
