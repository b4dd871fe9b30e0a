//===- AttnTiling.cpp - tiles of attn operations ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace tfc::attn;

namespace {

using Sizes = SmallVector<OpFoldResult>;

/// Builds one tile of an operation: slices of its operands, then the operation
/// on them.
class Tile {
public:
  Tile(OpBuilder &b, Operation *op) : b(b), loc(op->getLoc()), op(op) {}

  Sizes shape(Value value) {
    if (isa<RankedTensorType>(value.getType()))
      return tensor::getMixedSizes(b, loc, value);
    return memref::getMixedSizes(b, loc, value);
  }

  OpFoldResult zero() { return b.getIndexAttr(0); }

  /// The part of `value` at `offsets` of `sizes`; dimensions after those given
  /// are whole.
  Value slice(Value value, ArrayRef<OpFoldResult> offsets,
              ArrayRef<OpFoldResult> sizes) {
    Sizes from(offsets), extent(sizes), strides;
    Sizes whole = shape(value);
    for (size_t d = from.size(); d < whole.size(); ++d) {
      from.push_back(zero());
      extent.push_back(whole[d]);
    }
    strides.assign(whole.size(), b.getIndexAttr(1));
    Operation *part;
    if (isa<RankedTensorType>(value.getType()))
      part =
          tensor::ExtractSliceOp::create(b, loc, value, from, extent, strides);
    else
      part = memref::SubViewOp::create(b, loc, value, from, extent, strides);
    slices.push_back(part);
    return part->getResult(0);
  }

  /// The operation on `operands`, its destinations among them.
  TilingResult finish(ArrayRef<Value> operands, ValueRange inits) {
    SmallVector<Type> types;
    if (op->getNumResults())
      llvm::append_range(types, inits.getTypes());
    Operation *tiled = mlir::clone(b, op, types, operands);
    return {{tiled}, SmallVector<Value>(tiled->getResults()), slices};
  }

  OpBuilder &b;
  Location loc;

private:
  Operation *op;
  SmallVector<Operation *> slices;
};

SmallVector<utils::IteratorType> allParallel(unsigned count) {
  return SmallVector<utils::IteratorType>(count, utils::IteratorType::parallel);
}

/// The first `count` dimensions of the destination.
SmallVector<Range> domain(OpBuilder &b, Operation *op, Value init,
                          unsigned count) {
  Tile tile(b, op);
  SmallVector<Range> ranges;
  for (OpFoldResult size : ArrayRef(tile.shape(init)).take_front(count))
    ranges.push_back({b.getIndexAttr(0), size, b.getIndexAttr(1)});
  return ranges;
}

/// A result's tile: the loops' offsets and sizes, then whole dimensions.
LogicalResult resultTile(OpBuilder &b, Operation *op, Value init,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes, Sizes &resultOffsets,
                         Sizes &resultSizes) {
  Tile tile(b, op);
  resultOffsets.assign(offsets.begin(), offsets.end());
  resultSizes.assign(sizes.begin(), sizes.end());
  for (OpFoldResult size :
       ArrayRef(tile.shape(init)).drop_front(offsets.size())) {
    resultOffsets.push_back(b.getIndexAttr(0));
    resultSizes.push_back(size);
  }
  return success();
}

/// The tile that makes a slice of the result, for a consumer that is tiled.
/// Dimensions without a loop must be whole there.
FailureOr<TilingResult> tileForResult(OpBuilder &b, TilingInterface op,
                                      Value init, unsigned loops,
                                      ArrayRef<OpFoldResult> offsets,
                                      ArrayRef<OpFoldResult> sizes) {
  Tile tile(b, op);
  Sizes whole = tile.shape(init);
  for (size_t d = loops; d < whole.size(); ++d)
    if (!isZeroInteger(offsets[d]) ||
        !isEqualConstantIntOrValue(sizes[d], whole[d]))
      return failure();
  return op.getTiledImplementation(b, offsets.take_front(loops),
                                   sizes.take_front(loops));
}

/// The dimensions of a quantised tensor that tiles may cut: a scale for each
/// slice belongs to whole slices.
template <typename Op>
unsigned cutDimensions(Op op) {
  if (auto slices =
          dyn_cast<quant::UniformQuantizedPerAxisType>(op.getQuantizedType()))
    return slices.getQuantizedDimension();
  if (auto blocks = dyn_cast<quant::UniformQuantizedSubChannelType>(
          op.getQuantizedType()))
    return *llvm::min_element(blocks.getQuantizedDimensions());
  return cast<ShapedType>(op.getInit().getType()).getRank();
}

template <typename Op>
FailureOr<TilingResult> elementTile(OpBuilder &b, Op op,
                                    ArrayRef<OpFoldResult> offsets,
                                    ArrayRef<OpFoldResult> sizes) {
  Tile tile(b, op);
  SmallVector<Value> operands = {tile.slice(op.getX(), offsets, sizes),
                                 tile.slice(op.getInit(), offsets, sizes)};
  return tile.finish(operands, operands.back());
}

} // namespace

#define TFC_TILING_METHODS(OP, LOOPS)                                          \
  SmallVector<utils::IteratorType> OP::getLoopIteratorTypes() {                \
    return allParallel(LOOPS);                                                 \
  }                                                                            \
  SmallVector<Range> OP::getIterationDomain(OpBuilder &b) {                    \
    return domain(b, *this, getInit(), LOOPS);                                 \
  }                                                                            \
  LogicalResult OP::getResultTilePosition(                                     \
      OpBuilder &b, unsigned, ArrayRef<OpFoldResult> offsets,                  \
      ArrayRef<OpFoldResult> sizes, Sizes &resultOffsets,                      \
      Sizes &resultSizes) {                                                    \
    return resultTile(b, *this, getInit(), offsets, sizes, resultOffsets,      \
                      resultSizes);                                            \
  }                                                                            \
  FailureOr<TilingResult> OP::generateResultTileValue(                         \
      OpBuilder &b, unsigned, ArrayRef<OpFoldResult> offsets,                  \
      ArrayRef<OpFoldResult> sizes) {                                          \
    return tileForResult(b, cast<TilingInterface>(getOperation()), getInit(),  \
                         LOOPS, offsets, sizes);                               \
  }
TFC_TILING_METHODS(LinearOp, cast<ShapedType>(getInit().getType()).getRank())
TFC_TILING_METHODS(NormOp, getAxis())
TFC_TILING_METHODS(AttentionOp, 3)
TFC_TILING_METHODS(RopeOp, 3)
TFC_TILING_METHODS(PatchEmbedOp, 1)
TFC_TILING_METHODS(CacheAppendOp, getAxis())
TFC_TILING_METHODS(RouteOp, 1)
TFC_TILING_METHODS(QuantizeOp, cutDimensions(*this))
TFC_TILING_METHODS(DequantizeOp, cutDimensions(*this))
#undef TFC_TILING_METHODS

FailureOr<TilingResult>
LinearOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                                 ArrayRef<OpFoldResult> sizes) {
  Tile tile(b, *this);
  OpFoldResult column = offsets.back(), columns = sizes.back();
  OpFoldResult depth = tile.shape(getX()).back();
  SmallVector<Value> operands = {
      tile.slice(getX(), offsets.drop_back(), sizes.drop_back())};
  if (getTransposeWeight())
    operands.push_back(tile.slice(getWeight(), column, columns));
  else
    operands.push_back(
        tile.slice(getWeight(), {tile.zero(), column}, {depth, columns}));
  if (getBias())
    operands.push_back(tile.slice(getBias(), column, columns));
  operands.push_back(tile.slice(getInit(), offsets, sizes));
  return tile.finish(operands, operands.back());
}

FailureOr<TilingResult>
NormOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                               ArrayRef<OpFoldResult> sizes) {
  Tile tile(b, *this);
  SmallVector<Value> operands = {tile.slice(getX(), offsets, sizes)};
  if (getScale())
    operands.push_back(getScale());
  if (getBias())
    operands.push_back(getBias());
  operands.push_back(tile.slice(getInit(), offsets, sizes));
  return tile.finish(operands, operands.back());
}

/// The heads of key and value that the query heads of a tile read, where that
/// is known: whole groups, or one head.
static LogicalResult keyHeads(Tile &tile, OpFoldResult queryHeads,
                              OpFoldResult groups, OpFoldResult &offset,
                              OpFoldResult &size) {
  std::optional<int64_t> heads = getConstantIntValue(queryHeads),
                         group = getConstantIntValue(groups),
                         count = getConstantIntValue(size);
  if (heads && group && *heads == *group)
    return success();
  if (!heads || !group || *group == 0 || !count)
    return failure();
  int64_t each = *heads / *group;
  if (*count != 1 && *count % each != 0)
    return failure();
  AffineExpr head = tile.b.getAffineDimExpr(0);
  offset = affine::makeComposedFoldedAffineApply(tile.b, tile.loc,
                                                 head.floorDiv(each), {offset});
  size = tile.b.getIndexAttr(std::max<int64_t>(1, *count / each));
  return success();
}

/// The keys that some query of a tile sees by its structure: [first, first +
/// count), and the tile's own query_offset where T - S is not that any more.
struct KeyRange {
  OpFoldResult first, count;
  Value queryOffset;
};

static KeyRange keysOfTile(Tile &tile, AttentionOp op, OpFoldResult queries,
                           OpFoldResult keys, OpFoldResult first,
                           OpFoldResult count) {
  OpBuilder &b = tile.b;
  KeyRange range{tile.zero(), keys, Value()};
  auto clamped = [&](AffineExpr expr, AffineExpr most,
                     ArrayRef<OpFoldResult> operands) {
    unsigned symbols = operands.size();
    OpFoldResult atLeast = affine::makeComposedFoldedAffineMax(
        b, tile.loc,
        AffineMap::get(0, symbols, {expr, b.getAffineConstantExpr(0)},
                       b.getContext()),
        operands);
    SmallVector<OpFoldResult> both = {atLeast};
    llvm::append_range(both, operands);
    return affine::makeComposedFoldedAffineMin(
        b, tile.loc,
        AffineMap::get(
            0, symbols + 1,
            {b.getAffineSymbolExpr(0), most.shiftSymbols(symbols, 1)},
            b.getContext()),
        both);
  };
  bool narrows = !op.getGlobal() && !op.getMaskBlock() && !op.getMaskedScore();
  bool right = narrows && (op.getCausal() || op.getRightWindow());
  // Lengths count from the first key.
  bool left = narrows && op.getLeftWindow() && !op.getKeyLengths();
  bool positioned = op.getCausal() || op.getLeftWindow() || op.getRightWindow();
  // Batches of one tile may see different keys.
  if (!positioned || op.hasOffsetPerBatch() || op.getSequences())
    return range;
  AffineExpr k, q, from, n, offset;
  bindSymbols(b.getContext(), k, q, from, n, offset);
  // With the keys of its last query the tile is again one whose last query is
  // at its last key. A tile whose queries see none has none.
  if (right && op.getCausal() && !left && !op.getQueryOffset()) {
    AffineMap seen = AffineMap::get(
        0, 4, {k - q + from + n, b.getAffineConstantExpr(0)}, b.getContext());
    range.count = affine::makeComposedFoldedAffineMax(
        b, tile.loc, seen, {keys, queries, first, count});
    return range;
  }
  OpFoldResult position = op.getQueryOffset()
                              ? OpFoldResult(op.getQueryOffset())
                              : affine::makeComposedFoldedAffineApply(
                                    b, tile.loc, k - q, {keys, queries});
  SmallVector<OpFoldResult> operands = {keys, queries, first, count, position};
  OpFoldResult end = keys;
  if (right)
    end = clamped(offset + from + n + op.getRightWindow().value_or(0), k,
                  operands);
  if (left) {
    SmallVector<OpFoldResult> withEnd = operands;
    withEnd.push_back(end);
    range.first =
        clamped(offset + from - static_cast<int64_t>(*op.getLeftWindow()),
                b.getAffineSymbolExpr(5), withEnd);
  }
  AffineExpr x, y, z;
  bindSymbols(b.getContext(), x, y, z);
  range.count = affine::makeComposedFoldedAffineApply(b, tile.loc, x - y,
                                                      {end, range.first});
  range.queryOffset = getValueOrCreateConstantIndexOp(
      b, tile.loc,
      affine::makeComposedFoldedAffineApply(b, tile.loc, x + y - z,
                                            {position, first, range.first}));
  return range;
}

/// The part of a bias or mask that a tile of [batch, heads, queries, keys]
/// reads; null where an open size may turn out to be 1 or that of the scores.
static Value broadcastTile(Tile &tile, Value value, Sizes offsets,
                           Sizes sizes) {
  ArrayRef<int64_t> shape = cast<ShapedType>(value.getType()).getShape();
  for (unsigned d = 0; d < 4; ++d) {
    if (ShapedType::isDynamic(shape[d]))
      return nullptr;
    if (shape[d] == 1) {
      offsets[d] = tile.zero();
      sizes[d] = tile.b.getIndexAttr(1);
    }
  }
  return tile.slice(value, offsets, sizes);
}

/// Whether `broadcastTile` has a tile: an open size may be 1, or not. Asked
/// before anything is made, as a pattern that fails may leave nothing behind.
static bool hasBroadcastTile(Value value) {
  return !value || cast<ShapedType>(value.getType()).hasStaticShape();
}

FailureOr<TilingResult>
AttentionOp::getTiledImplementation(OpBuilder &b,
                                    ArrayRef<OpFoldResult> offsets,
                                    ArrayRef<OpFoldResult> sizes) {
  if (!hasBroadcastTile(getBias()) || !hasBroadcastTile(getMask()))
    return failure();
  Tile tile(b, *this);
  Sizes query = tile.shape(getQuery()), key = tile.shape(getKey());
  Sizes keyOffsets = {offsets[0], offsets[1], tile.zero()};
  Sizes keySizes = {sizes[0], sizes[1], key[2]};
  if (failed(keyHeads(tile, query[1], key[1], keyOffsets[1], keySizes[1])))
    return failure();
  // A block of the mask or of queries must not be cut, nor positions counted
  // from elsewhere.
  if ((getMaskBlock() || getBlockSize() || hasOffsetPerBatch() ||
       getSequences()) &&
      (!isZeroInteger(offsets[2]) ||
       !isEqualConstantIntOrValue(sizes[2], query[2])))
    return failure();
  KeyRange keys =
      keysOfTile(tile, *this, query[2], key[2], offsets[2], sizes[2]);
  keyOffsets[2] = keys.first;
  keySizes[2] = keys.count;
  SmallVector<Value> operands = {tile.slice(getQuery(), offsets, sizes),
                                 tile.slice(getKey(), keyOffsets, keySizes),
                                 tile.slice(getValue(), keyOffsets, keySizes)};
  Sizes scoreOffsets(offsets), scoreSizes(sizes);
  scoreOffsets.push_back(keyOffsets[2]);
  scoreSizes.push_back(keySizes[2]);
  if (getBias())
    operands.push_back(
        broadcastTile(tile, getBias(), scoreOffsets, scoreSizes));
  if (getMask()) {
    Sizes maskSizes = scoreSizes;
    if (getMaskBlock())
      llvm::copy(ArrayRef(tile.shape(getMask())).drop_front(2),
                 maskSizes.begin() + 2);
    operands.push_back(broadcastTile(tile, getMask(), scoreOffsets, maskSizes));
  }
  if (llvm::is_contained(operands, Value()))
    return failure();
  if (getKeyLengths())
    operands.push_back(tile.slice(getKeyLengths(), offsets[0], sizes[0]));
  if (hasOffsetPerBatch())
    operands.push_back(tile.slice(getQueryOffset(), offsets[0], sizes[0]));
  else if (Value offset =
               keys.queryOffset ? keys.queryOffset : getQueryOffset())
    operands.push_back(offset);
  if (getKeyBlocks())
    operands.push_back(getKeyBlocks());
  Value init = tile.slice(getInit(), offsets, sizes);
  operands.push_back(init);
  if (getSequences())
    operands.push_back(getSequences());
  FailureOr<TilingResult> result = tile.finish(operands, init);
  auto tiled = cast<AttentionOp>(result->tiledOps.front());
  if (keys.queryOffset && !getQueryOffset()) {
    auto segments = llvm::to_vector(tiled.getProperties().operandSegmentSizes);
    segments[6] = 1;
    llvm::copy(segments, tiled.getProperties().operandSegmentSizes.begin());
  }
  return result;
}

FailureOr<TilingResult>
RopeOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                               ArrayRef<OpFoldResult> sizes) {
  if (!hasBroadcastTile(getCosine()) || !hasBroadcastTile(getSine()))
    return failure();
  Tile tile(b, *this);
  SmallVector<Value> operands = {tile.slice(getX(), offsets, sizes)};
  Sizes from(offsets), extent(sizes);
  from.push_back(tile.zero());
  for (Value angles : {getCosine(), getSine()}) {
    Sizes whole = extent;
    whole.push_back(tile.shape(angles).back());
    operands.push_back(broadcastTile(tile, angles, from, whole));
  }
  if (llvm::is_contained(operands, Value()))
    return failure();
  operands.push_back(tile.slice(getInit(), offsets, sizes));
  return tile.finish(operands, operands.back());
}

FailureOr<TilingResult>
CacheAppendOp::getTiledImplementation(OpBuilder &b,
                                      ArrayRef<OpFoldResult> offsets,
                                      ArrayRef<OpFoldResult> sizes) {
  Tile tile(b, *this);
  SmallVector<Value> operands = {tile.slice(getPresent(), offsets, sizes)};
  if (getPositions())
    operands.push_back(tile.slice(getPositions(), offsets[0], sizes[0]));
  operands.push_back(tile.slice(getCache(), offsets, sizes));
  return tile.finish(operands, operands.back());
}

FailureOr<TilingResult>
PatchEmbedOp::getTiledImplementation(OpBuilder &b,
                                     ArrayRef<OpFoldResult> offsets,
                                     ArrayRef<OpFoldResult> sizes) {
  Tile tile(b, *this);
  SmallVector<Value> operands = {tile.slice(getImage(), offsets, sizes),
                                 getWeight()};
  if (getBias())
    operands.push_back(getBias());
  operands.push_back(tile.slice(getInit(), offsets, sizes));
  return tile.finish(operands, operands.back());
}

FailureOr<TilingResult>
QuantizeOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                                   ArrayRef<OpFoldResult> sizes) {
  return elementTile(b, *this, offsets, sizes);
}

FailureOr<TilingResult>
DequantizeOp::getTiledImplementation(OpBuilder &b,
                                     ArrayRef<OpFoldResult> offsets,
                                     ArrayRef<OpFoldResult> sizes) {
  return elementTile(b, *this, offsets, sizes);
}

//===----------------------------------------------------------------------===//
// attn.scan: batch, heads of keys and features of values
//===----------------------------------------------------------------------===//

namespace {

/// A tile of a scan: [batch, heads of keys, features of values].
class ScanTile {
public:
  ScanTile(OpBuilder &b, ScanOp op, ArrayRef<OpFoldResult> offsets,
           ArrayRef<OpFoldResult> sizes)
      : tile(b, op), op(op), offsets(offsets), sizes(sizes) {}

  /// Fails where it is not known how many query heads read a head of keys.
  LogicalResult findQueryHeads() {
    std::optional<int64_t> heads =
        getConstantIntValue(tile.shape(op.getQuery())[1]);
    std::optional<int64_t> groups =
        getConstantIntValue(tile.shape(op.getKey())[1]);
    if (!heads || !groups || *groups == 0)
      return failure();
    AffineExpr head = tile.b.getAffineDimExpr(0);
    auto times = [&](OpFoldResult value) {
      return affine::makeComposedFoldedAffineApply(
          tile.b, tile.loc, head * (*heads / *groups), {value});
    };
    queryHead = times(offsets[1]);
    queryHeads = times(sizes[1]);
    return success();
  }

  /// Where the tile is in what has all features of `value`'s last dimension, or
  /// those of the tile.
  Sizes at(bool ofQuery, bool features) {
    Sizes from = {offsets[0], ofQuery ? queryHead : offsets[1], tile.zero()};
    if (features)
      from.push_back(offsets[2]);
    return from;
  }
  Sizes extent(Value value, bool ofQuery, bool features) {
    Sizes size = {sizes[0], ofQuery ? queryHeads : sizes[1],
                  tile.shape(value)[2]};
    if (features)
      size.push_back(sizes[2]);
    return size;
  }
  Value part(Value value, bool ofQuery, bool features) {
    return tile.slice(value, at(ofQuery, features),
                      extent(value, ofQuery, features));
  }

  TilingResult build() {
    SmallVector<Value> operands = {part(op.getQuery(), true, false),
                                   part(op.getKey(), false, false),
                                   part(op.getValue(), false, true)};
    if (op.getDecay())
      operands.push_back(part(op.getDecay(), false, false));
    if (op.getStep()) {
      operands.push_back(part(op.getStep(), false, true));
      Sizes from = {offsets[1], tile.zero(), offsets[2]},
            size = {sizes[1], tile.shape(op.getRate())[1], sizes[2]};
      operands.push_back(tile.slice(op.getRate(), from, size));
    }
    if (op.getBeta())
      operands.push_back(part(op.getBeta(), false, false));
    operands.push_back(part(op.getInit(), true, true));
    operands.push_back(part(op.getState(), false, true));
    return tile.finish(operands, ArrayRef(operands).take_back(2));
  }

  Tile tile;

private:
  ScanOp op;
  ArrayRef<OpFoldResult> offsets, sizes;
  OpFoldResult queryHead, queryHeads;
};

} // namespace

SmallVector<utils::IteratorType> ScanOp::getLoopIteratorTypes() {
  return allParallel(3);
}

SmallVector<Range> ScanOp::getIterationDomain(OpBuilder &b) {
  SmallVector<Range> ranges = domain(b, *this, getState(), 4);
  ranges.erase(ranges.begin() + 2);
  return ranges;
}

LogicalResult ScanOp::getResultTilePosition(OpBuilder &b, unsigned result,
                                            ArrayRef<OpFoldResult> offsets,
                                            ArrayRef<OpFoldResult> sizes,
                                            Sizes &resultOffsets,
                                            Sizes &resultSizes) {
  ScanTile part(b, *this, offsets, sizes);
  if (failed(part.findQueryHeads()))
    return failure();
  bool ofQuery = result == 0;
  Value init = ofQuery ? getInit() : getState();
  resultOffsets = part.at(ofQuery, true);
  resultSizes = part.extent(init, ofQuery, true);
  return success();
}

/// For a consumer of the state alone; a tile of the other result may cut the
/// query heads that share a state.
FailureOr<TilingResult>
ScanOp::generateResultTileValue(OpBuilder &b, unsigned result,
                                ArrayRef<OpFoldResult> offsets,
                                ArrayRef<OpFoldResult> sizes) {
  Tile tile(b, *this);
  if (result != 1 || !isZeroInteger(offsets[2]) ||
      !isEqualConstantIntOrValue(sizes[2], tile.shape(getState())[2]))
    return failure();
  FailureOr<TilingResult> tiled = getTiledImplementation(
      b, {offsets[0], offsets[1], offsets[3]}, {sizes[0], sizes[1], sizes[3]});
  if (succeeded(tiled) && tiled->tiledValues.size() == 2)
    tiled->tiledValues = {tiled->tiledValues[1]};
  return tiled;
}

FailureOr<TilingResult>
ScanOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                               ArrayRef<OpFoldResult> sizes) {
  ScanTile part(b, *this, offsets, sizes);
  if (failed(part.findQueryHeads()))
    return failure();
  return part.build();
}

FailureOr<TilingResult>
RouteOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                                ArrayRef<OpFoldResult> sizes) {
  Tile tile(b, *this);
  SmallVector<Value> operands = {tile.slice(getX(), offsets, sizes),
                                 tile.slice(getChoices(), offsets, sizes),
                                 tile.slice(getGates(), offsets, sizes)};
  for (Value weight : {getW1(), getW2(), getW3(), getB1(), getB2()})
    if (weight)
      operands.push_back(weight);
  operands.push_back(tile.slice(getInit(), offsets, sizes));
  return tile.finish(operands, operands.back());
}
