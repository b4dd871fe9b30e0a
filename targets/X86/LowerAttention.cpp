//===- LowerAttention.cpp - attention to parallel regions -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "FewQueries.h"
#include "IndexArithmetic.h"
#include "KernelCalls.h"
#include "PanelCopy.h"
#include "ParallelRegion.h"
#include "RegionWork.h"
#include "tfc/Passes/Lower/DenseOperands.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86LOWERATTENTIONPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

namespace {

/// Multiply-adds and copied numbers below which a second worker costs more than
/// it brings.
constexpr int64_t productsWorthAWorker = 1 << 17;
constexpr int64_t copiesWorthAWorker = 1 << 14;

/// Queries up to which keys are not worth copying, and the keys of a part: the
/// same for any number of workers, so that results are.
constexpr int64_t fewQueries = AttentionShape::directQueries;
constexpr int64_t keysOfPart = 1024;

bool hasUnitStride(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         (strides.empty() || strides.back() == 1);
}

/// Tokens that attend to each other: of one batch, or a sequence of several
/// that lie in one.
struct Segment {
  Value batch;
  /// The number of the first, as a query and as a key.
  Value begin;
  Value numQueries, numKeys;
  /// The number of the first panel of keys among those of a head.
  Value firstPanel;
};

/// Tokens `first` to first + step - 1 of a segment.
struct Tile {
  Segment segment;
  Value first;
};

/// All tiles of `step` tokens of all segments.
struct TileList {
  int64_t step;
  Value count;
  /// Where segments are batches, the tiles of one; else [., 2], the sequence of
  /// a tile and its first token there, and the first tile of each sequence.
  Value perBatch, table, firstTiles;
};

/// The attention of one operation, as it is lowered.
class Lowering : IndexArithmetic {
public:
  Lowering(ModuleOp module, attn::AttentionOp op, KernelShape shape,
           llvm::StringMap<func::FuncOp> &kernels, bool profile)
      : IndexArithmetic(op), module(module), op(op), shape(shape),
        sizes(op, shape), kernels(kernels), profile(profile) {}

  void run();

private:
  Value sizeOf(Value buffer, int64_t dim);
  Value allocate(ArrayRef<int64_t> shape, ArrayRef<Value> open, Type element);
  Value allocate(ArrayRef<int64_t> shape, ArrayRef<Value> open) {
    return allocate(shape, open, b.getF32Type());
  }
  Value load(Value buffer, ArrayRef<Value> indices) {
    return memref::LoadOp::create(b, loc, buffer, indices);
  }
  Value bound(Value sequence);
  TileList tilesOf(int64_t step, Value tokens);
  TileList tilesOfSequences(int64_t step);
  Tile locate(const TileList &tiles, Value number);
  Value maskAsIntegers();
  func::FuncOp kernel(const Twine &key,
                      llvm::function_ref<func::FuncOp(StringRef)> build);
  func::FuncOp attentionKernel(bool direct);

  /// A parallel region of `count` iterations, of `work` each; `body` for each.
  /// `told` is what a profile is told of all iterations.
  void parallel(Value count, Value work, int64_t workWorthAWorker,
                ValueRange told, llvm::function_ref<void(Value, Value)> body);
  Value rowsOf(Value buffer, Value batch, Value head, Value first, Value count);
  Value stackOf(Value stacks, Value number);
  SmallVector<Value> toldWork();
  void copyToPanels();
  void computeBlocks();
  /// Without panels, for few queries: parts of the keys are dealt to workers,
  /// and merged.
  void computeParts();
  void mergeParts(Value parts, Value statistics, Value numParts);
  bool mayBeDirect();
  Value offsetOf(const Segment &segment);
  Value lengthOf(const Segment &segment);
  SmallVector<Value> argumentsOf(const Tile &tile, Value head, Value scores,
                                 Value statistics);

  ModuleOp module;
  attn::AttentionOp op;
  KernelShape shape;
  AttentionShape sizes;
  llvm::StringMap<func::FuncOp> &kernels;
  bool profile;
  Value batches, heads, keyHeads, numQueries, numKeys, keyStacks, valueStacks,
      mask;
  TileList panels;
};

/// The plan of the arena follows sizes of buffers, not of these views.
Value Lowering::sizeOf(Value buffer, int64_t dim) {
  if (auto view = buffer.getDefiningOp<memref::TransposeOp>()) {
    dim = view.getPermutation().getDimPosition(dim);
    buffer = view.getIn();
  }
  if (auto view = buffer.getDefiningOp<memref::ExpandShapeOp>())
    return getValueOrCreateConstantIndexOp(b, loc,
                                           view.getMixedOutputShape()[dim]);
  return b.createOrFold<memref::DimOp>(loc, buffer, dim);
}

Value Lowering::allocate(ArrayRef<int64_t> shape, ArrayRef<Value> open,
                         Type element) {
  return memref::AllocOp::create(b, loc, MemRefType::get(shape, element), open,
                                 b.getI64IntegerAttr(64));
}

/// One bit a truth cannot be loaded by vectors, and AVX2 masks loads of no less
/// than 32.
Value Lowering::maskAsIntegers() {
  Value truths = op.getMask();
  auto type = cast<MemRefType>(truths.getType());
  SmallVector<Value> open;
  // Sizes are at most those of the scores, which the arena's plan knows where
  // the mask's own depend on data.
  const std::array<Value, 4> most{batches, heads, numQueries, numKeys};
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.isDynamicDim(d))
      open.push_back(least(sizeOf(truths, d), most[d]));
  Value integers = memref::AllocOp::create(
      b, loc, MemRefType::get(type.getShape(), b.getI32Type()), open,
      b.getI64IntegerAttr(64));
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  linalg::GenericOp::create(
      b, loc, truths, integers, ArrayRef<AffineMap>{identity, identity}, loops,
      [&](OpBuilder &inner, Location loc, ValueRange arguments) {
        Value wide = arith::ExtUIOp::create(inner, loc, inner.getI32Type(),
                                            arguments[0]);
        linalg::YieldOp::create(inner, loc, wide);
      });
  return integers;
}

func::FuncOp
Lowering::kernel(const Twine &key,
                 llvm::function_ref<func::FuncOp(StringRef)> build) {
  std::string text = key.str();
  auto [place, isNew] = kernels.try_emplace(text);
  if (isNew)
    place->second = build(text);
  return place->second;
}

func::FuncOp Lowering::attentionKernel(bool direct) {
  auto product = [&](StringRef name, int64_t width, SumStart start) {
    return kernel(
        "tfc_" + name + "_f32_" + Twine(width), [&](StringRef symbol) {
          return FloatKernel(module, shape.forWidth(width), width, start)
              .build(symbol);
        });
  };
  func::FuncOp scores, values;
  if (direct) {
    scores =
        kernel("tfc_dot_f32_" + Twine(sizes.keySize), [&](StringRef symbol) {
          return DotProducts(module, shape, shape.lanes)
              .build(symbol, sizes.keySize);
        });
    int64_t width = sizes.directWidth;
    values =
        kernel("tfc_strided_values_f32_" + Twine(width), [&](StringRef symbol) {
          return StridedFloatKernel(module, shape.forWidth(width), width,
                                    SumStart::ScaledResult)
              .build(symbol);
        });
  } else {
    scores = product("scores", sizes.keyWidth, SumStart::Zero);
    values = product("values", sizes.valueWidth, SumStart::ScaledResult);
  }
  // What the function depends on besides its arguments.
  std::string key;
  llvm::raw_string_ostream stream(key);
  stream << (direct ? "direct " : "") << op->getPropertiesAsAttribute()
         << sizes.keySize << " " << sizes.valueSize;
  for (Value operand : {op.getBias(), mask})
    if (operand)
      stream << AttentionKernel::broadcastType(
          operand, cast<MemRefType>(operand.getType()).getElementType());
  auto [place, isNew] = kernels.try_emplace(key);
  if (isNew) {
    std::string name = "tfc_attention_" + std::to_string(kernels.size());
    place->second =
        AttentionKernel(module, shape, op, scores, values, direct).build(name);
  }
  return place->second;
}

void Lowering::parallel(Value count, Value work, int64_t workWorthAWorker,
                        ValueRange told,
                        llvm::function_ref<void(Value, Value)> body) {
  Value grain = grainOf(b, loc, work, workWorthAWorker);
  OpBuilder::InsertionGuard guard(b);
  ValueRange part = beginParallel(b, loc, count, grain, told);
  auto loop = scf::ForOp::create(b, loc, part[0], part[1], index(1));
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar(), part[2]);
}

Value Lowering::rowsOf(Value buffer, Value batch, Value head, Value first,
                       Value count) {
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  int64_t size = cast<MemRefType>(buffer.getType()).getDimSize(3);
  return blockOf(b, loc, buffer, {batch, head, first, zero},
                 {one, one, count, b.getIndexAttr(size)}, /*rank=*/2);
}

/// Item `number` of [N, ., ., .].
Value Lowering::stackOf(Value stacks, Value number) {
  OpFoldResult zero = b.getIndexAttr(0);
  SmallVector<OpFoldResult> part = {b.getIndexAttr(1)};
  for (int64_t d = 1; d < 4; ++d)
    part.push_back(OpFoldResult(sizeOf(stacks, d)));
  auto type = cast<MemRefType>(stacks.getType());
  for (int64_t d = 1; d < 4; ++d)
    if (!type.isDynamicDim(d))
      part[d] = b.getIndexAttr(type.getDimSize(d));
  return blockOf(b, loc, stacks, {number, zero, zero, zero}, part, /*rank=*/3);
}

/// Where a sequence begins, and the one before ends.
Value Lowering::bound(Value sequence) {
  return arith::IndexCastOp::create(b, loc, b.getIndexType(),
                                    load(op.getSequences(), sequence));
}

TileList Lowering::tilesOf(int64_t step, Value tokens) {
  if (op.getSequences())
    return tilesOfSequences(step);
  Value perBatch = divideUp(tokens, step);
  return {step, multiply(batches, perBatch), perBatch, Value(), Value()};
}

/// Lengths are known when it runs: so is how many tiles there are.
TileList Lowering::tilesOfSequences(int64_t step) {
  constexpr int64_t open = ShapedType::kDynamic;
  Type indexType = b.getIndexType();
  Value one = index(1), zero = index(0), width = index(step);
  Value sequences = subtract(sizeOf(op.getSequences(), 0), one);
  // Each sequence has one tile at most that is not full.
  Value most = add(divide(numKeys, width), sequences);
  Value table = allocate({open, 2}, most, indexType);
  Value firstTiles = allocate({open}, sequences, indexType);
  auto outer = scf::ForOp::create(b, loc, zero, sequences, one, zero);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(outer.getBody());
  Value sequence = outer.getInductionVar(), count = outer.getRegionIterArg(0);
  memref::StoreOp::create(b, loc, count, firstTiles, sequence);
  Value length = subtract(bound(add(sequence, one)), bound(sequence));
  auto inner = scf::ForOp::create(b, loc, zero, length, width, count);
  scf::YieldOp::create(b, loc, inner.getResult(0));
  b.setInsertionPointToStart(inner.getBody());
  Value tile = inner.getRegionIterArg(0);
  memref::StoreOp::create(b, loc, sequence, table, ValueRange{tile, zero});
  memref::StoreOp::create(b, loc, inner.getInductionVar(), table,
                          ValueRange{tile, one});
  scf::YieldOp::create(b, loc, add(tile, one));
  return {step, outer.getResult(0), Value(), table, firstTiles};
}

Tile Lowering::locate(const TileList &tiles, Value number) {
  Value zero = index(0), one = index(1);
  if (!tiles.table) {
    Value batch = divide(number, tiles.perBatch);
    Value first =
        multiply(remainder(number, tiles.perBatch), index(tiles.step));
    return {{batch, zero, numQueries, numKeys, zero}, first};
  }
  Value sequence = load(tiles.table, {number, zero});
  Value begin = bound(sequence);
  Value length = subtract(bound(add(sequence, one)), begin);
  return {{zero, begin, length, length, load(panels.firstTiles, sequence)},
          load(tiles.table, {number, one})};
}

void Lowering::copyToPanels() {
  constexpr int64_t open = ShapedType::kDynamic;
  panels = tilesOf(sizes.keyWidth, numKeys);
  Value stacks = multiply(batches, keyHeads);
  Value most = panels.perBatch ? panels.perBatch : sizeOf(panels.table, 0);
  keyStacks =
      allocate({open, open, sizes.keySize, sizes.keyWidth}, {stacks, most});
  valueStacks = allocate({open, sizes.valuePanels, open, sizes.valueWidth},
                         {stacks, numKeys});
  func::FuncOp copyKeys =
      kernel("tfc_keys_f32_" + Twine(sizes.keySize), [&](StringRef name) {
        return PanelCopy(module, shape, sizes.keyWidth)
            .buildTransposed(name, sizes.keySize);
      });
  func::FuncOp copyValues =
      kernel("tfc_rows_f32_" + Twine(sizes.valueSize), [&](StringRef name) {
        return PanelCopy(module, shape, sizes.valueWidth)
            .buildRows(name, sizes.valueSize);
      });
  Value work = index(sizes.keyWidth * (sizes.keySize + sizes.valueSize));
  parallel(multiply(panels.count, keyHeads), work, copiesWorthAWorker, {},
           [&](Value i, Value) {
             Value number = remainder(i, panels.count);
             Value head = divide(i, panels.count);
             auto [segment, first] = locate(panels, number);
             Value panel =
                 panels.table ? number : remainder(number, panels.perBatch);
             Value stack = add(multiply(segment.batch, keyHeads), head);
             Value row = add(segment.begin, first);
             Value count =
                 least(subtract(segment.numKeys, first), index(panels.step));
             callKernel(b, loc, copyKeys,
                        {rowsOf(op.getKey(), segment.batch, head, row, count),
                         matrixOf(b, loc, stackOf(keyStacks, stack), panel)});
             Value target = blockOf(b, loc, stackOf(valueStacks, stack),
                                    {b.getIndexAttr(0), row, b.getIndexAttr(0)},
                                    {b.getIndexAttr(sizes.valuePanels), count,
                                     b.getIndexAttr(sizes.valueWidth)});
             callKernel(b, loc, copyValues,
                        {rowsOf(op.getValue(), segment.batch, head, row, count),
                         target});
           });
}

Value Lowering::offsetOf(const Segment &segment) {
  Value offset = op.getQueryOffset();
  if (!offset)
    return subtract(segment.numKeys, segment.numQueries);
  if (!op.hasOffsetPerBatch())
    return offset;
  return arith::IndexCastOp::create(b, loc, b.getIndexType(),
                                    load(offset, segment.batch));
}

Value Lowering::lengthOf(const Segment &segment) {
  if (!op.getKeyLengths())
    return segment.numKeys;
  Value length = arith::IndexCastOp::create(
      b, loc, b.getIndexType(), load(op.getKeyLengths(), segment.batch));
  return arith::MaxSIOp::create(
      b, loc, arith::MinSIOp::create(b, loc, length, segment.numKeys),
      index(0));
}

SmallVector<Value> Lowering::argumentsOf(const Tile &tile, Value head,
                                         Value scores, Value statistics) {
  const Segment &segment = tile.segment;
  Value keyHead = divide(head, divide(heads, keyHeads));
  Value stack = add(multiply(segment.batch, keyHeads), keyHead);
  Value row = add(segment.begin, tile.first);
  Value count = least(subtract(segment.numQueries, tile.first),
                      index(AttentionShape::queries));
  OpFoldResult zero = b.getIndexAttr(0);
  SmallVector<Value> arguments(AttentionKernel::NumFixedArguments);
  arguments[AttentionKernel::Query] =
      rowsOf(op.getQuery(), segment.batch, head, row, count);
  arguments[AttentionKernel::Result] =
      rowsOf(op.getInit(), segment.batch, head, row, count);
  arguments[AttentionKernel::Keys] = blockOf(
      b, loc, stackOf(keyStacks, stack), {segment.firstPanel, zero, zero},
      {divideUp(segment.numKeys, sizes.keyWidth), b.getIndexAttr(sizes.keySize),
       b.getIndexAttr(sizes.keyWidth)});
  arguments[AttentionKernel::Values] =
      blockOf(b, loc, stackOf(valueStacks, stack), {zero, segment.begin, zero},
              {b.getIndexAttr(sizes.valuePanels), segment.numKeys,
               b.getIndexAttr(sizes.valueWidth)});
  arguments[AttentionKernel::Scores] = scores;
  arguments[AttentionKernel::Statistics] = statistics;
  arguments[AttentionKernel::FirstQuery] = tile.first;
  arguments[AttentionKernel::Offset] = offsetOf(segment);
  arguments[AttentionKernel::Length] = lengthOf(segment);
  arguments[AttentionKernel::FirstKey] = index(0);
  arguments[AttentionKernel::EndKey] = segment.numKeys;
  arguments[AttentionKernel::Batch] = segment.batch;
  arguments[AttentionKernel::Head] = head;
  for (Value operand : {op.getBias(), mask})
    if (operand)
      arguments.push_back(operand);
  return arguments;
}

/// Of all queries with all keys, for a profile.
SmallVector<Value> Lowering::toldWork() {
  if (!profile)
    return {};
  return workOf(
      b, op,
      multiply(multiply(multiply(sizeOf(op.getInit(), 0), heads), numQueries),
               multiply(numKeys, index(sizes.keySize + sizes.valueSize))));
}

void Lowering::computeBlocks() {
  constexpr int64_t open = ShapedType::kDynamic;
  constexpr int64_t rows = AttentionShape::queries;
  Value workers = NumThreadsOp::create(b, loc);
  Value scores = allocate({open, rows, AttentionShape::keys}, workers);
  Value statistics =
      allocate({open, AttentionShape::statistics, rows}, workers);
  func::FuncOp compute = attentionKernel(/*direct=*/false);
  TileList blocks = tilesOf(rows, numQueries);
  Value work = multiply(multiply(least(numQueries, index(rows)), numKeys),
                        index(sizes.keySize + sizes.valueSize));
  parallel(multiply(blocks.count, heads), work, productsWorthAWorker,
           toldWork(), [&](Value i, Value worker) {
             Value number = remainder(i, blocks.count);
             Value head = divide(i, blocks.count);
             callKernel(b, loc, compute,
                        argumentsOf(locate(blocks, number), head,
                                    matrixOf(b, loc, scores, worker),
                                    matrixOf(b, loc, statistics, worker)));
           });
}

bool Lowering::mayBeDirect() {
  return !op.getSequences() && sizes.directWidth > 0;
}

void Lowering::computeParts() {
  constexpr int64_t open = ShapedType::kDynamic;
  constexpr int64_t rows = AttentionShape::queries;
  Value workers = NumThreadsOp::create(b, loc);
  Value scores =
      allocate({open, fewQueries, AttentionShape::directKeys}, workers);
  // One part at least, which writes what a row is that sees no key.
  Value numParts =
      arith::MaxUIOp::create(b, loc, divideUp(numKeys, keysOfPart), index(1));
  Value count = multiply(multiply(batches, heads), numParts);
  Value parts = allocate({open, fewQueries, sizes.valueSize}, count);
  Value statistics = allocate({open, AttentionShape::statistics, rows}, count);
  func::FuncOp compute = attentionKernel(/*direct=*/true);
  Value work = multiply(multiply(numQueries, least(numKeys, index(keysOfPart))),
                        index(sizes.keySize + sizes.valueSize));
  OpFoldResult zero = b.getIndexAttr(0);
  Value group = divide(heads, keyHeads);
  Segment segment{Value(), index(0), numQueries, numKeys, index(0)};
  parallel(
      count, work, productsWorthAWorker, toldWork(),
      [&](Value i, Value worker) {
        // The heads of a group go first: what they read stays in the cache.
        Value rest = divide(i, group);
        Value part = remainder(rest, numParts);
        Value keyNumber = divide(rest, numParts);
        Value number = add(multiply(keyNumber, group), remainder(i, group));
        Value head = remainder(number, heads);
        Value keyHead = remainder(keyNumber, keyHeads);
        segment.batch = divide(keyNumber, keyHeads);
        Value place = add(multiply(number, numParts), part);
        Value first = multiply(part, index(keysOfPart));
        SmallVector<Value> arguments(AttentionKernel::NumFixedArguments);
        arguments[AttentionKernel::Query] =
            rowsOf(op.getQuery(), segment.batch, head, index(0), numQueries);
        arguments[AttentionKernel::Result] =
            blockOf(b, loc, matrixOf(b, loc, parts, place), {zero, zero},
                    {numQueries, b.getIndexAttr(sizes.valueSize)});
        arguments[AttentionKernel::Keys] =
            rowsOf(op.getKey(), segment.batch, keyHead, index(0), numKeys);
        arguments[AttentionKernel::Values] =
            rowsOf(op.getValue(), segment.batch, keyHead, index(0), numKeys);
        arguments[AttentionKernel::Scores] = matrixOf(b, loc, scores, worker);
        arguments[AttentionKernel::Statistics] =
            matrixOf(b, loc, statistics, place);
        arguments[AttentionKernel::FirstQuery] = index(0);
        arguments[AttentionKernel::Offset] = offsetOf(segment);
        arguments[AttentionKernel::Length] = lengthOf(segment);
        arguments[AttentionKernel::FirstKey] = first;
        arguments[AttentionKernel::EndKey] =
            least(add(first, index(keysOfPart)), numKeys);
        arguments[AttentionKernel::Batch] = segment.batch;
        arguments[AttentionKernel::Head] = head;
        for (Value operand : {op.getBias(), mask})
          if (operand)
            arguments.push_back(operand);
        callKernel(b, loc, compute, arguments);
      });
  mergeParts(parts, statistics, numParts);
}

void Lowering::mergeParts(Value parts, Value statistics, Value numParts) {
  std::string key = "tfc_merge_f32_" + std::to_string(sizes.valueSize);
  if (op.getZeroNanRows())
    key += "_no_nan";
  else if (op.getZeroMaskedRows())
    key += "_no_empty";
  func::FuncOp merge = kernel(key, [&](StringRef name) {
    return MergedParts(module, shape, shape.lanes).build(name, op);
  });
  OpFoldResult zero = b.getIndexAttr(0);
  Value work = multiply(multiply(numQueries, numParts), index(sizes.valueSize));
  parallel(multiply(batches, heads), work, copiesWorthAWorker, {},
           [&](Value i, Value) {
             Value first = multiply(i, numParts);
             Value own = blockOf(
                 b, loc, parts, {first, zero, zero},
                 {numParts, numQueries, b.getIndexAttr(sizes.valueSize)});
             Value ownStatistics =
                 blockOf(b, loc, statistics, {first, zero, zero},
                         {numParts, b.getIndexAttr(AttentionShape::statistics),
                          b.getIndexAttr(AttentionShape::queries)});
             callKernel(b, loc, merge,
                        {own, ownStatistics,
                         rowsOf(op.getInit(), divide(i, heads),
                                remainder(i, heads), index(0), numQueries)});
           });
}

void Lowering::run() {
  batches = sizeOf(op.getInit(), 0);
  heads = sizeOf(op.getInit(), 1);
  numQueries = sizeOf(op.getInit(), 2);
  keyHeads = sizeOf(op.getKey(), 1);
  numKeys = sizeOf(op.getKey(), 2);
  if (op.getMask())
    mask = maskAsIntegers();
  std::optional<int64_t> queries = getConstantIntValue(numQueries);
  if (!mayBeDirect() || (queries && *queries > fewQueries)) {
    copyToPanels();
    computeBlocks();
  } else if (queries) {
    computeParts();
  } else {
    Value isFew = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule,
                                        numQueries, index(fewQueries));
    auto choice = scf::IfOp::create(b, loc, isFew, /*withElseRegion=*/true);
    b.setInsertionPointToStart(choice.thenBlock());
    computeParts();
    b.setInsertionPointToStart(choice.elseBlock());
    copyToPanels();
    computeBlocks();
  }
  op.erase();
}

struct LowerAttentionPass
    : public x86::impl::X86LowerAttentionPassBase<LowerAttentionPass> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<KernelShape> shape = kernelShapeOf(getOperation(), vectorBits);
    if (failed(shape))
      return signalPassFailure();
    SmallVector<attn::AttentionOp> ops;
    getOperation().walk([&](attn::AttentionOp op) { ops.push_back(op); });
    llvm::StringMap<func::FuncOp> kernels;
    OpBuilder b(&getContext());
    for (attn::AttentionOp op : ops) {
      std::string reason = whyNoAttentionKernel(op);
      if (!reason.empty()) {
        op.emitError("there is no kernel for it: ") << reason;
        return signalPassFailure();
      }
      lower::makeOperandsDense(op, op.getInitMutable(), b, hasUnitStride,
                               [&](OpOperand &operand, int64_t dim) {
                                 return dim == 0 ||
                                        operand.get() == op.getQuery();
                               });
      Lowering(getOperation(), op, *shape, kernels, profile).run();
    }
  }
};

} // namespace
