//===- ScanKernel.cpp - kernels of recurrences over tokens ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScanKernel.h"
#include "KernelBuilder.h"
#include "ProductLoops.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

constexpr int64_t quad = 4, mostRows = 16, mostTokens = 16;
/// Of shared memory: several blocks on the 100 KiB of the smallest
/// multiprocessors.
constexpr int64_t mostBytes = 32 * 1024;
/// Tokens of a chunk.
constexpr int64_t chunkTokens = 128;
/// Blocks that are enough for two on each multiprocessor of an H100.
constexpr int64_t enoughBlocks = 264;

int64_t headsOfState(attn::ScanOp op) {
  return typeSize(op.getQuery(), 1) / typeSize(op.getKey(), 1);
}

/// Numbers of a token in shared memory.
int64_t numbersOfToken(attn::ScanOp op, const ScanTile &tile) {
  int64_t ofRows = 1 + headsOfState(op) + (op.getDecay() ? 1 : 0);
  int64_t ofColumns = 1 + (op.getStep() ? 1 : 0);
  return tile.allRows() * ofRows + tile.columns * ofColumns +
         (op.getBeta() ? quad : 0);
}

Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

/// What a launch does.
enum class Part {
  /// All tokens, from the state, which is replaced.
  Whole,
  /// A chunk, from zero: only its state, and what multiplies the one before.
  Local,
  /// A chunk, from the state before it.
  Apply,
};

/// The buffers between launches, of f32: `states` [B, G, chunks, D, E], of
/// which one is that before a chunk; what a chunk multiplies it with:
/// `products` [B, G, chunks, D] with `decay`, the sums of steps
/// [B, G, chunks, E] with `step`.
struct Chunks {
  Value count, states, products;
};

class ScanKernel {
public:
  ScanKernel(attn::ScanOp op, Part part, const Chunks &chunks, OpBuilder &b)
      : op(op), part(part), chunks(chunks), tile(op), b(b), loc(op.getLoc()),
        math(b, loc), k(b, loc) {}

  void launch();

private:
  Value size(Value buffer, int64_t dim) {
    return b.createOrFold<memref::DimOp>(loc, buffer, dim);
  }
  /// Of f32.
  Value load(Value buffer, ValueRange at);
  void storeTo(Value buffer, Value number, ValueRange at);
  void emitIf(Value condition, llvm::function_ref<void()> body);
  Value isRow(int64_t i) { return math.isLess(rowOf(i), depth); }
  Value rowOf(int64_t i);

  void findPlaces();
  void allocateShared();
  SmallVector<Value> startState();
  void loadRates();
  void endState(ValueRange values);
  void stage(Value buffer, int64_t width, Value limit,
             llvm::function_ref<SmallVector<Value>(Value, Value)> from,
             llvm::function_ref<SmallVector<Value>(Value, Value)> to,
             Value shared, bool isExponent = false);
  void stageTokens(Value first);
  SmallVector<Value> runTokens(Value first, ValueRange values);
  SmallVector<Value> advance(Value token, Value slot, ValueRange values);
  void writeResults(Value token, Value slot, ValueRange state);
  SmallVector<Value> loadRows(Value shared, ValueRange row);
  Value sumOfLanes(Value x);

  attn::ScanOp op;
  Part part;
  Chunks chunks;
  ScanTile tile;
  OpBuilder &b;
  Location loc;
  IndexMath math;
  KernelBuilder k;

  Value thread, laneOfColumn, columnOfBlock, column, isColumn, isOwner;
  Value batch, group, chunk, firstColumn, begin, end, depth, columns, tokens;
  Value keys, queries, decays, values, steps, betas;
  SmallVector<Value> rates;
  SmallVector<int64_t> lanesOfColumn;
};

} // namespace

Value ScanKernel::load(Value buffer, ValueRange at) {
  Value x = memref::LoadOp::create(b, loc, buffer, at);
  return x.getType().isF32()
             ? x
             : arith::ExtFOp::create(b, loc, b.getF32Type(), x).getResult();
}

void ScanKernel::storeTo(Value buffer, Value number, ValueRange at) {
  Type element = elementOf(buffer);
  if (!element.isF32())
    number = arith::TruncFOp::create(b, loc, element, number);
  memref::StoreOp::create(b, loc, number, buffer, at);
}

void ScanKernel::emitIf(Value condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

/// The lane's row number `i`: quads of the lanes of a column lie side by side.
Value ScanKernel::rowOf(int64_t i) {
  return math.add(math.multiply(laneOfColumn, quad),
                  i / quad * quad * tile.lanes + i % quad);
}

void ScanKernel::findPlaces() {
  thread = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
  laneOfColumn = math.remainder(thread, tile.lanes);
  columnOfBlock = math.divide(thread, tile.lanes);
  Value block = gpu::BlockIdOp::create(b, loc, gpu::Dimension::x);
  auto next = [&](Value count) {
    Value place = math.remainder(block, count);
    block = math.divide(block, count);
    return place;
  };
  firstColumn =
      math.multiply(next(math.divideCeil(columns, tile.columns)), tile.columns);
  column = math.add(firstColumn, columnOfBlock);
  isColumn = math.isLess(column, columns);
  isOwner = b.createOrFold<arith::AndIOp>(
      loc, isColumn, math.isLess(laneOfColumn, math.of(1)));
  begin = math.of(0);
  end = tokens;
  if (part != Part::Whole) {
    Value count = chunks.count;
    if (part == Part::Local)
      count = math.subtract(count, math.of(1));
    chunk = next(count);
    begin = math.multiply(chunk, chunkTokens);
    end = b.createOrFold<arith::MinUIOp>(loc, math.add(begin, chunkTokens),
                                         tokens);
  }
  group = next(size(op.getKey(), 1));
  batch = block;
}

void ScanKernel::allocateShared() {
  auto bytes = MemRefType::get({ShapedType::kDynamic}, b.getI8Type(),
                               AffineMap(), sharedSpace(b.getContext()));
  Value memory = gpu::DynamicSharedMemoryOp::create(b, loc, bytes);
  int64_t at = 0;
  auto view = [&](ArrayRef<int64_t> shape) -> Value {
    auto type = MemRefType::get(shape, b.getF32Type(), AffineMap(),
                                sharedSpace(b.getContext()));
    Value region =
        memref::ViewOp::create(b, loc, type, memory, math.of(at), ValueRange());
    at += type.getNumElements() * int64_t(sizeof(float));
    return region;
  };
  keys = view({tile.tokens, tile.allRows()});
  queries = view({tile.tokens, headsOfState(op), tile.allRows()});
  if (op.getDecay())
    decays = view({tile.tokens, tile.allRows()});
  values = view({tile.tokens, tile.columns});
  if (op.getStep())
    steps = view({tile.tokens, tile.columns});
  if (op.getBeta())
    betas = view({tile.tokens, 1});
}

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

SmallVector<Value> ScanKernel::startState() {
  Value zero = k.number(0);
  SmallVector<Value> state(tile.rows, zero);
  if (part == Part::Local)
    return state;
  Value last = math.subtract(depth, math.of(1)),
        lastColumn = math.subtract(columns, math.of(1));
  for (auto [i, number] : llvm::enumerate(state)) {
    // Where there is none, another is read, for nothing.
    Value row = b.createOrFold<arith::MinUIOp>(loc, rowOf(i), last),
          place = b.createOrFold<arith::MinUIOp>(loc, column, lastColumn);
    Value found = part == Part::Whole
                      ? load(op.getState(), {batch, group, row, place})
                      : load(chunks.states, {batch, group, chunk, row, place});
    number = k.select(isRow(i), found, zero);
  }
  return state;
}

/// In powers of 2; 0 for rows that there are not, so that they stay 0.
void ScanKernel::loadRates() {
  if (!op.getRate())
    return;
  Value last = math.subtract(depth, math.of(1)),
        lastColumn = math.subtract(columns, math.of(1));
  for (int64_t i = 0; i < tile.rows; ++i) {
    Value row = b.createOrFold<arith::MinUIOp>(loc, rowOf(i), last),
          place = b.createOrFold<arith::MinUIOp>(loc, column, lastColumn);
    Value rate = k.mulF(load(op.getRate(), {group, row, place}),
                        k.number(llvm::numbers::log2e));
    rates.push_back(k.select(isRow(i), rate, k.number(0)));
  }
}

/// The state to where it is read next, and what a chunk multiplies by.
void ScanKernel::endState(ValueRange values) {
  ValueRange state = values.take_front(tile.rows),
             products = values.drop_front(tile.rows);
  Value isLast;
  if (part == Part::Apply)
    isLast = k.equal(math.add(chunk, 1), chunks.count);
  auto forEachRow = [&](Value condition,
                        llvm::function_ref<void(int64_t)> body) {
    for (int64_t i = 0; i < tile.rows; ++i)
      emitIf(b.createOrFold<arith::AndIOp>(loc, condition, isRow(i)),
             [&] { body(i); });
  };
  Value writes =
      isLast ? b.createOrFold<arith::AndIOp>(loc, isColumn, isLast) : isColumn;
  forEachRow(writes, [&](int64_t i) {
    if (part == Part::Local)
      storeTo(chunks.states, state[i],
              {batch, group, math.add(chunk, 1), rowOf(i), column});
    else
      storeTo(op.getState(), state[i], {batch, group, rowOf(i), column});
  });
  if (part != Part::Local || products.empty())
    return;
  if (op.getStep())
    return emitIf(isOwner, [&] {
      storeTo(chunks.products, products[0], {batch, group, chunk, column});
    });
  // All columns have the same.
  forEachRow(k.equal(column, math.of(0)), [&](int64_t i) {
    storeTo(chunks.products, products[i], {batch, group, chunk, rowOf(i)});
  });
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

/// `width` numbers of each of the tile's tokens to shared memory, from where
/// `from` says to where `to` says, given a token of the tile and a place; zeros
/// from place `limit` on and beyond the last token. Exponents become powers.
void ScanKernel::stage(
    Value buffer, int64_t width, Value limit,
    llvm::function_ref<SmallVector<Value>(Value, Value)> from,
    llvm::function_ref<SmallVector<Value>(Value, Value)> to, Value shared,
    bool isExponent) {
  constexpr int64_t atOnce = 4;
  int64_t all = tile.tokens * width;
  int64_t turns =
      std::min<int64_t>(atOnce, llvm::divideCeil(all, ScanTile::threads));
  auto loop = scf::ForOp::create(b, loc, thread, math.of(all),
                                 math.of(turns * ScanTile::threads));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> items, numbers;
  for (int64_t turn = 0; turn < turns; ++turn) {
    Value item = math.add(loop.getInductionVar(), turn * ScanTile::threads);
    Value place = math.remainder(item, width), token = math.divide(item, width);
    Value there = math.isLess(place, limit);
    Value last = math.subtract(limit, math.of(1));
    Value number = load(
        buffer, from(token, b.createOrFold<arith::MinUIOp>(loc, place, last)));
    if (isExponent)
      number = k.mulF(number, k.number(llvm::numbers::log2e));
    number = k.select(there, number, k.number(0));
    items.push_back(item);
    numbers.push_back(isExponent ? k.exp2(number) : number);
  }
  for (auto [item, number] : llvm::zip_equal(items, numbers)) {
    auto write = [&, item = item, number = number] {
      memref::StoreOp::create(
          b, loc, number, shared,
          to(math.divide(item, width), math.remainder(item, width)));
    };
    if (all % (turns * ScanTile::threads) == 0)
      write();
    else
      emitIf(math.isLess(item, math.of(all)), write);
  }
}

void ScanKernel::stageTokens(Value first) {
  Value lastToken = math.subtract(end, math.of(1));
  // Tokens beyond the end are read from the last, and not used.
  auto at = [&](Value token) {
    return b.createOrFold<arith::MinUIOp>(loc, math.add(first, token),
                                          lastToken);
  };
  auto plain = [](Value token, Value place) {
    return SmallVector<Value>{token, place};
  };
  auto ofGroup = [&](Value token, Value place) {
    return SmallVector<Value>{batch, group, at(token), place};
  };
  auto ofColumn = [&](Value token, Value place) {
    return SmallVector<Value>{batch, group, at(token),
                              math.add(firstColumn, place)};
  };
  k.barrier();
  stage(op.getKey(), tile.allRows(), depth, ofGroup, plain, keys);
  Value columnsLeft = math.subtract(columns, firstColumn);
  stage(op.getValue(), tile.columns, columnsLeft, ofColumn, plain, values);
  if (op.getStep())
    stage(op.getStep(), tile.columns, columnsLeft, ofColumn, plain, steps);
  if (op.getBeta())
    stage(op.getBeta(), 1, math.of(1), ofGroup, plain, betas);
  if (Value decay = op.getDecay()) {
    bool isShared = typeSize(decay, 3) == 1;
    auto ofDecay = [&](Value token, Value place) {
      return ofGroup(token, isShared ? Value(math.of(0)) : place);
    };
    stage(decay, tile.allRows(), depth, ofDecay, plain, decays,
          /*isExponent=*/true);
  }
  if (part != Part::Local)
    for (int64_t i = 0, heads = headsOfState(op); i < heads; ++i)
      stage(
          op.getQuery(), tile.allRows(), depth,
          [&](Value token, Value place) {
            Value head = math.add(math.multiply(group, heads), i);
            return SmallVector<Value>{batch, head, at(token), place};
          },
          [&](Value token, Value place) {
            return SmallVector<Value>{token, math.of(i), place};
          },
          queries);
  k.barrier();
}

/// The lane's rows of a row of shared memory.
SmallVector<Value> ScanKernel::loadRows(Value shared, ValueRange row) {
  SmallVector<Value> result;
  auto type = VectorType::get({quad}, b.getF32Type());
  for (int64_t i = 0; i < tile.rows; i += quad) {
    SmallVector<Value> at(row);
    at.push_back(rowOf(i));
    Value loaded =
        vector::LoadOp::create(b, loc, type, shared, at, /*nontemporal=*/false,
                               llvm::Align(pieceBytes));
    for (int64_t j = 0; j < quad; ++j)
      result.push_back(vector::ExtractOp::create(b, loc, loaded, j));
  }
  return result;
}

Value ScanKernel::sumOfLanes(Value x) {
  return k.acrossLanes(x, lanesOfColumn, &KernelBuilder::addF);
}

/// The state after the token in `slot`, and what goes with it.
SmallVector<Value> ScanKernel::advance(Value token, Value slot,
                                       ValueRange before) {
  SmallVector<Value> state(before.take_front(tile.rows)),
      products(before.drop_front(tile.rows));
  Value value = load(values, {slot, columnOfBlock});
  SmallVector<Value> key = loadRows(keys, slot), decay;
  if (op.getDecay()) {
    decay = loadRows(decays, slot);
    for (auto [product, factor] : llvm::zip(products, decay))
      product = k.mulF(product, factor);
  }
  if (op.getStep()) {
    Value step = load(steps, {slot, columnOfBlock});
    for (Value rate : rates)
      decay.push_back(k.exp2(k.mulF(step, rate)));
    for (Value &sum : products)
      sum = k.addF(sum, step);
  }
  for (auto [number, factor] : llvm::zip(state, decay))
    number = k.mulF(number, factor);
  if (op.getBeta()) {
    Value sum = k.number(0);
    for (auto [x, y] : llvm::zip_equal(key, state))
      sum = k.fma(x, y, sum);
    value =
        k.mulF(load(betas, {slot, math.of(0)}), k.subF(value, sumOfLanes(sum)));
  }
  for (auto [x, number] : llvm::zip_equal(key, state))
    number = k.fma(x, value, number);
  if (part != Part::Local)
    writeResults(token, slot, state);
  llvm::append_range(state, products);
  return state;
}

void ScanKernel::writeResults(Value token, Value slot, ValueRange state) {
  int64_t heads = headsOfState(op);
  double scale = op.getScale().convertToDouble();
  for (int64_t i = 0; i < heads; ++i) {
    Value sum = k.number(0);
    for (auto [x, y] : llvm::zip_equal(
             loadRows(queries, ValueRange{slot, math.of(i)}), state))
      sum = k.fma(x, y, sum);
    sum = sumOfLanes(sum);
    if (scale != 1)
      sum = k.mulF(sum, k.number(scale));
    Value head = math.add(math.multiply(group, heads), i);
    emitIf(isOwner,
           [&] { storeTo(op.getInit(), sum, {batch, head, token, column}); });
  }
}

SmallVector<Value> ScanKernel::runTokens(Value first, ValueRange before) {
  Value left = math.subtract(end, first);
  Value count = b.createOrFold<arith::MinUIOp>(loc, left, math.of(tile.tokens));
  auto loop = scf::ForOp::create(b, loc, math.of(0), count, math.of(1), before);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value slot = loop.getInductionVar();
  scf::YieldOp::create(
      b, loc, advance(math.add(first, slot), slot, loop.getRegionIterArgs()));
  return SmallVector<Value>(loop.getResults());
}

void ScanKernel::launch() {
  OpBuilder::InsertionGuard guard(b);
  depth = size(op.getKey(), 3);
  columns = size(op.getValue(), 3);
  tokens = size(op.getKey(), 2);
  for (int64_t mask = tile.lanes / 2; mask > 0; mask /= 2)
    lanesOfColumn.push_back(mask);
  Value blocks =
      math.multiply(math.divideCeil(columns, tile.columns),
                    math.multiply(size(op.getKey(), 0), size(op.getKey(), 1)));
  if (part != Part::Whole)
    blocks = math.multiply(blocks, part == Part::Local
                                       ? math.subtract(chunks.count, math.of(1))
                                       : chunks.count);
  int64_t bytes = tile.tokens * numbersOfToken(op, tile) * sizeof(float);
  createLaunch(b, loc, rowOfBlocks(b, loc, blocks), math.of(ScanTile::threads),
               k.constant(bytes));
  findPlaces();
  allocateShared();
  loadRates();
  SmallVector<Value> start = startState();
  if (part == Part::Local && op.getDecay())
    start.append(tile.rows, k.number(1));
  if (part == Part::Local && op.getStep())
    start.push_back(k.number(0));
  auto loop =
      scf::ForOp::create(b, loc, begin, end, math.of(tile.tokens), start);
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(loop.getBody());
    stageTokens(loop.getInductionVar());
    scf::YieldOp::create(
        b, loc, runTokens(loop.getInductionVar(), loop.getRegionIterArgs()));
  }
  endState(loop.getResults());
}

//===----------------------------------------------------------------------===//
// Chunks
//===----------------------------------------------------------------------===//

/// A thread for each number of a state, which goes through the chunks.
static void combineChunks(attn::ScanOp op, const Chunks &chunks, OpBuilder &b) {
  constexpr int64_t threads = 256;
  OpBuilder::InsertionGuard guard(b);
  Location loc = op.getLoc();
  IndexMath math(b, loc);
  KernelBuilder k(b, loc);
  SmallVector<Value> sizes;
  Value count = math.of(1);
  for (int64_t dim = 0; dim < 4; ++dim) {
    sizes.push_back(b.createOrFold<memref::DimOp>(loc, op.getState(), dim));
    count = math.multiply(count, sizes.back());
  }
  createLaunch(b, loc, rowOfBlocks(b, loc, math.divideCeil(count, threads)),
               math.of(threads));
  Value rest = math.add(
      math.multiply(gpu::BlockIdOp::create(b, loc, gpu::Dimension::x), threads),
      gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x));
  auto branch = scf::IfOp::create(b, loc, math.isLess(rest, count),
                                  /*withElseRegion=*/false);
  b.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Value> at(4);
  for (size_t dim = 4; dim-- > 0; rest = math.divide(rest, sizes[dim]))
    at[dim] = dim == 0 ? rest : math.remainder(rest, sizes[dim]);
  auto place = [&](Value chunk) {
    return SmallVector<Value>{at[0], at[1], chunk, at[2], at[3]};
  };
  auto widened = [&](Value x) {
    return x.getType().isF32()
               ? x
               : arith::ExtFOp::create(b, loc, b.getF32Type(), x).getResult();
  };
  Value start = widened(memref::LoadOp::create(b, loc, op.getState(), at));
  memref::StoreOp::create(b, loc, start, chunks.states, place(math.of(0)));
  Value rate;
  if (op.getRate())
    rate = k.mulF(widened(memref::LoadOp::create(b, loc, op.getRate(),
                                                 ValueRange(at).drop_front())),
                  k.number(llvm::numbers::log2e));
  auto loop =
      scf::ForOp::create(b, loc, math.of(1), chunks.count, math.of(1), start);
  b.setInsertionPointToStart(loop.getBody());
  Value chunk = loop.getInductionVar(),
        before = math.subtract(chunk, math.of(1));
  Value state = memref::LoadOp::create(b, loc, chunks.states, place(chunk));
  Value kept = loop.getRegionIterArg(0);
  if (chunks.products) {
    Value product = memref::LoadOp::create(
        b, loc, chunks.products,
        ValueRange{at[0], at[1], before, rate ? at[3] : at[2]});
    if (rate)
      product = k.exp2(k.mulF(product, rate));
    state = k.fma(product, kept, state);
  } else {
    state = k.addF(state, kept);
  }
  memref::StoreOp::create(b, loc, state, chunks.states, place(chunk));
  scf::YieldOp::create(b, loc, state);
}

static Chunks allocateChunks(attn::ScanOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  IndexMath math(b, loc);
  auto size = [&](Value buffer, int64_t dim) -> Value {
    return b.createOrFold<memref::DimOp>(loc, buffer, dim);
  };
  Chunks chunks;
  chunks.count = b.createOrFold<arith::MaxUIOp>(
      loc, math.divideCeil(size(op.getKey(), 2), chunkTokens), math.of(1));
  auto allocate = [&](ArrayRef<Value> sizes) -> Value {
    SmallVector<int64_t> shape;
    SmallVector<Value> open;
    for (Value size : sizes) {
      std::optional<int64_t> known = getConstantIntValue(size);
      shape.push_back(known.value_or(ShapedType::kDynamic));
      if (!known)
        open.push_back(size);
    }
    return memref::AllocOp::create(
        b, loc, MemRefType::get(shape, b.getF32Type()), open);
  };
  Value state = op.getState();
  chunks.states = allocate({size(state, 0), size(state, 1), chunks.count,
                            size(state, 2), size(state, 3)});
  if (op.getDecay() || op.getStep())
    chunks.products = allocate({size(state, 0), size(state, 1), chunks.count,
                                size(state, op.getDecay() ? 2 : 3)});
  return chunks;
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

ScanTile::ScanTile(attn::ScanOp op) {
  int64_t depth = typeSize(op.getKey(), 3);
  lanes = llvm::PowerOf2Ceil(llvm::divideCeil(depth, mostRows));
  rows = llvm::alignTo(llvm::divideCeil(depth, lanes), quad);
  columns = threads / lanes;
  tokens = mostTokens;
  while (tokens > 1 &&
         tokens * numbersOfToken(op, *this) * int64_t(sizeof(float)) >
             mostBytes)
    tokens /= 2;
}

std::string tfc::cuda::whyNoScanKernel(attn::ScanOp op) {
  int64_t depth = typeSize(op.getKey(), 3);
  if (ShapedType::isDynamic(depth) || depth == 0 || depth > mostRows * warpSize)
    return "keys have no known size up to 512";
  if (ShapedType::isDynamic(typeSize(op.getQuery(), 1)) ||
      ShapedType::isDynamic(typeSize(op.getKey(), 1)) ||
      typeSize(op.getKey(), 1) == 0)
    return "its number of heads is open";
  for (Value operand : op->getOperands())
    if (elementOf(operand).getIntOrFloatBitWidth() > 32)
      return "there is none for f64";
  constexpr int64_t mostOfBlock = 48 * 1024;
  ScanTile tile(op);
  if (tile.tokens * numbersOfToken(op, tile) * int64_t(sizeof(float)) >
      mostOfBlock)
    return "too many heads share a state";
  return "";
}

bool tfc::cuda::isScannedInChunks(attn::ScanOp op) {
  int64_t tokens = typeSize(op.getKey(), 2);
  if (op.getBeta() || (!ShapedType::isDynamic(tokens) && tokens <= chunkTokens))
    return false;
  int64_t batch = typeSize(op.getKey(), 0),
          columns = typeSize(op.getValue(), 3);
  if (ShapedType::isDynamic(batch) || ShapedType::isDynamic(columns))
    return true;
  return batch * typeSize(op.getKey(), 1) *
             llvm::divideCeil(columns, ScanTile(op).columns) <
         enoughBlocks;
}

void tfc::cuda::emitScan(attn::ScanOp op, OpBuilder &b) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  if (!isScannedInChunks(op))
    return ScanKernel(op, Part::Whole, {}, b).launch();
  Chunks chunks = allocateChunks(op, b);
  ScanKernel(op, Part::Local, chunks, b).launch();
  combineChunks(op, chunks, b);
  ScanKernel(op, Part::Apply, chunks, b).launch();
}
