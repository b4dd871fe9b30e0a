//===- KeyTiles.cpp - tiles of keys that a constant mask leaves -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyTiles.h"
#include "KernelBuilder.h"
#include "KeyRange.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

/// As many truths are looked at; more are read by the kernel alone.
constexpr int64_t mostTruths = 1 << 26;

/// The elements of a buffer that is a constant of the module, or a view of all
/// of it.
ElementsAttr constantOf(Value buffer) {
  while (Operation *op = buffer.getDefiningOp()) {
    if (isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp>(
            op)) {
      buffer = op->getOperand(0);
      continue;
    }
    auto use = dyn_cast<memref::GetGlobalOp>(op);
    if (!use)
      return nullptr;
    auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
        use, use.getNameAttr());
    return global && global.getConstant()
               ? dyn_cast_if_present<ElementsAttr>(global.getInitialValueAttr())
               : nullptr;
  }
  return nullptr;
}

std::optional<SmallVector<bool>> truthsOf(ElementsAttr elements) {
  if (!elements || !elements.getElementType().isInteger(1) ||
      elements.getNumElements() > mostTruths)
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(elements))
    return llvm::to_vector(dense.getValues<bool>());
  auto resource = dyn_cast<DenseResourceElementsAttr>(elements);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  // A byte for each truth, as files have them.
  if (!blob ||
      static_cast<int64_t>(blob->getData().size()) != elements.getNumElements())
    return std::nullopt;
  return llvm::map_to_vector(blob->getData(),
                             [](char truth) { return truth != 0; });
}

/// Which scores are seen, by a mask and by places.
class Seen {
public:
  Seen(attn::AttentionOp op, ArrayRef<bool> truths)
      : truths(truths), block(op.getMaskBlock().value_or(1)),
        offset(typeSize(op.getKey(), 2) - typeSize(op.getQuery(), 2)),
        causal(op.getCausal()), global(op.getGlobal()),
        left(op.getLeftWindow()), right(op.getRightWindow()) {
    for (int64_t d = 0; d < 4; ++d)
      sizes[d] = typeSize(op.getMask(), d);
  }

  bool at(int64_t batch, int64_t head, int64_t query, int64_t key) const {
    int64_t row = sizes[2] == 1 ? 0 : query / block,
            column = sizes[3] == 1 ? 0 : key / block;
    return byPlace(query + offset, key) &&
           truths[((batch * sizes[1] + head) * sizes[2] + row) * sizes[3] +
                  column];
  }

  int64_t sizes[4];

private:
  bool byPlace(int64_t position, int64_t key) const {
    if (causal && key > position)
      return false;
    if (global && (key < *global || position < *global))
      return true;
    return !(left && key < position - *left) &&
           !(right && key > position + *right);
  }

  ArrayRef<bool> truths;
  int64_t block, offset;
  bool causal;
  std::optional<int64_t> global, left, right;
};

/// How many scores of a tile are seen.
int64_t countSeen(const Seen &seen, int64_t batch, int64_t head,
                  std::pair<int64_t, int64_t> queries,
                  std::pair<int64_t, int64_t> keys) {
  int64_t count = 0;
  for (int64_t query = queries.first; query < queries.second; ++query)
    for (int64_t key = keys.first; key < keys.second; ++key)
      count += seen.at(batch, head, query, key);
  return count;
}

} // namespace

/// Its truths, where tiles can be told from them.
static std::optional<SmallVector<bool>> listedTruths(attn::AttentionOp op) {
  int64_t numQueries = typeSize(op.getQuery(), 2),
          numKeys = typeSize(op.getKey(), 2);
  bool hasPlaces = op.getCausal() || op.getLeftWindow() ||
                   op.getRightWindow() || op.getGlobal();
  if (!op.getMask() || op.getMaskedScore() ||
      ShapedType::isDynamic(numQueries) || ShapedType::isDynamic(numKeys) ||
      (hasPlaces && op.getQueryOffset()))
    return std::nullopt;
  std::optional<SmallVector<bool>> truths = truthsOf(constantOf(op.getMask()));
  int64_t matrices = typeSize(op.getMask(), 0) * typeSize(op.getMask(), 1);
  if (!truths || truths->empty() || numKeys == 0 ||
      matrices * numQueries > mostTruths / numKeys)
    return std::nullopt;
  return truths;
}

std::optional<double> tfc::cuda::countSeenScores(attn::AttentionOp op) {
  std::optional<SmallVector<bool>> truths = listedTruths(op);
  if (!truths)
    return std::nullopt;
  Seen seen(op, *truths);
  double count = 0;
  for (int64_t batch = 0; batch < seen.sizes[0]; ++batch)
    for (int64_t head = 0; head < seen.sizes[1]; ++head)
      count +=
          double(countSeen(seen, batch, head, {0, typeSize(op.getQuery(), 2)},
                           {0, typeSize(op.getKey(), 2)}));
  return count / double(seen.sizes[0] * seen.sizes[1]);
}

std::optional<KeyTiles> tfc::cuda::listKeyTiles(attn::AttentionOp op,
                                                int64_t queries, int64_t keys) {
  std::optional<SmallVector<bool>> truths = listedTruths(op);
  if (!truths)
    return std::nullopt;
  int64_t numQueries = typeSize(op.getQuery(), 2),
          numKeys = typeSize(op.getKey(), 2);
  Seen seen(op, *truths);
  KeyTiles tiles;
  tiles.batches = seen.sizes[0];
  tiles.heads = seen.sizes[1];
  tiles.queryTiles = llvm::divideCeil(numQueries, queries);
  int64_t rows = tiles.batches * tiles.heads * tiles.queryTiles;
  // Keys of a batch's length are only known later.
  bool mayBeWhole = !KeyRange::needsScoresOf(op) && !op.getKeyLengths();
  tiles.numbers.assign(2 * rows + 1, 0);
  tiles.numbers[0] = tiles.numbers.size();
  for (int64_t row = 0; row < rows; ++row) {
    int64_t matrix = row / tiles.queryTiles;
    int64_t first = row % tiles.queryTiles * queries;
    int64_t last = std::min(first + queries, numQueries);
    SmallVector<int32_t> inPart;
    for (int64_t tile = 0; tile * keys < numKeys; ++tile) {
      std::pair<int64_t, int64_t> ofTile(tile * keys,
                                         std::min((tile + 1) * keys, numKeys));
      int64_t count = countSeen(seen, matrix / tiles.heads,
                                matrix % tiles.heads, {first, last}, ofTile);
      if (mayBeWhole && count == (last - first) * keys)
        tiles.numbers.push_back(tile);
      else if (count > 0)
        inPart.push_back(tile);
    }
    tiles.numbers[2 * row + 1] = tiles.numbers.size();
    tiles.numbers.append(inPart);
    tiles.numbers[2 * row + 2] = tiles.numbers.size();
  }
  // The one behind the last is read too, and not used.
  tiles.numbers.push_back(0);
  return tiles;
}

void tfc::cuda::placeKeyTiles(KeyTiles &tiles, attn::AttentionOp op,
                              OpBuilder &b) {
  auto module = op->getParentOfType<ModuleOp>();
  int64_t size = tiles.numbers.size();
  auto type = MemRefType::get(size, b.getI32Type());
  auto elements = DenseElementsAttr::get(
      RankedTensorType::get(size, b.getI32Type()), ArrayRef(tiles.numbers));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(module.getBody());
  auto global = memref::GlobalOp::create(
      b, op.getLoc(), "key_tiles", b.getStringAttr("private"), type, elements,
      /*constant=*/true, /*alignment=*/IntegerAttr());
  global->remove();
  SymbolTable(module).insert(global, module.getBody()->begin());
  b.setInsertionPoint(op);
  tiles.buffer =
      memref::GetGlobalOp::create(b, op.getLoc(), type, global.getSymName());
}

LogicalResult tfc::cuda::maskOfKeyBlocks(attn::AttentionOp op, OpBuilder &b) {
  DenseIntElementsAttr listed;
  int64_t keys = typeSize(op.getKey(), 2);
  constexpr int64_t leastBlock = 64;
  if (!op.getKeyBlocks() || ShapedType::isDynamic(keys) ||
      *op.getBlockSize() % leastBlock != 0 ||
      !matchPattern(op.getKeyBlocks(), m_Constant(&listed)))
    return failure();
  int64_t rows = listed.getType().getDimSize(0),
          seen = listed.getType().getDimSize(1),
          blocks = keys / static_cast<int64_t>(*op.getBlockSize());
  SmallVector<bool> truths(rows * blocks, false);
  for (auto [i, number] : llvm::enumerate(listed.getValues<APInt>())) {
    int64_t block = number.getSExtValue();
    if (block < 0 || block >= blocks)
      return failure();
    bool &truth = truths[i / seen * blocks + block];
    if (truth)
      return failure();
    truth = true;
  }
  b.setInsertionPoint(op);
  auto type = RankedTensorType::get({1, 1, rows, blocks}, b.getI1Type());
  Value mask = arith::ConstantOp::create(b, op.getLoc(),
                                         DenseElementsAttr::get(type, truths));
  op.getKeyBlocksMutable().clear();
  op.getMaskMutable().assign(mask);
  op.setMaskBlock(op.getBlockSize());
  op.removeBlockSizeAttr();
  return success();
}
