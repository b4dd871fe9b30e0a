//===- AttentionBlocks.cpp - keys that are listed in blocks -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionPatterns.h"
#include "ElementOrigin.h"
#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// Queries [B * H * blocks, 1, size, D] of a tensor [B, H, blocks * size, D],
/// and keys [B * H * blocks, 1, seen * size, D] of blocks of such a tensor.
struct Blocks {
  int64_t heads = 0, count = 0, size = 0, seen = 0;
};

/// [batch, head, block] of the first of the operation's dimensions.
SmallVector<AffineExpr> partsOf(const Origin &origin, const Blocks &blocks,
                                int64_t batches) {
  AffineExpr all = getAffineDimExpr(0, origin.tensor.getContext());
  AffineExpr zero = getAffineConstantExpr(0, origin.tensor.getContext());
  AffineExpr rest = all.floorDiv(blocks.count);
  return {batches == 1 ? zero : origin.simplified(rest.floorDiv(blocks.heads)),
          blocks.heads == 1 ? zero
          : batches == 1    ? origin.simplified(rest)
                            : origin.simplified(rest % blocks.heads),
          blocks.count == 1 ? zero : origin.simplified(all % blocks.count)};
}

/// Whether the origin is a tensor [B, H, rows, depth] at the batch and head of
/// `blocks` and column d3.
bool isOfHeads(const Origin &origin, const Blocks &blocks, int64_t folded) {
  auto type = cast<RankedTensorType>(origin.tensor.getType());
  if (type.getRank() != 4 || !type.hasStaticShape() ||
      type.getDimSize(0) * type.getDimSize(1) * blocks.count != folded ||
      type.getDimSize(1) != blocks.heads)
    return false;
  SmallVector<AffineExpr> parts = partsOf(origin, blocks, type.getDimSize(0));
  return origin.index[0] == parts[0] && origin.index[1] == parts[1] &&
         (type.getDimSize(3) == 1 ||
          origin.index[3] == getAffineDimExpr(3, type.getContext()));
}

/// The queries before they were cut, and their blocks.
Value wholeQueries(Value query, Blocks &blocks) {
  auto folded = cast<RankedTensorType>(query.getType());
  blocks.size = folded.getDimSize(2);
  Origin origin(query);
  while (origin.step()) {
    auto type = cast<RankedTensorType>(origin.tensor.getType());
    if (type.getRank() != 4 || !type.hasStaticShape() ||
        type.getDimSize(2) % blocks.size || type.getDimSize(2) == blocks.size)
      continue;
    blocks.heads = type.getDimSize(1);
    blocks.count = type.getDimSize(2) / blocks.size;
    if (!isOfHeads(origin, blocks, folded.getDimSize(0)))
      continue;
    MLIRContext *context = query.getContext();
    AffineExpr row =
        partsOf(origin, blocks, type.getDimSize(0))[2] * blocks.size;
    if (blocks.size > 1)
      row = row + getAffineDimExpr(2, context);
    if (origin.index[2] == origin.simplified(row))
      return origin.tensor;
  }
  return nullptr;
}

/// The table of a gather of blocks.
struct Table {
  Value numbers;
  SmallVector<AffineExpr> index;
};

/// The keys or values that blocks were gathered from, and by what table.
std::optional<std::pair<Value, Table>> wholeKeys(Value key, Blocks &blocks) {
  auto folded = cast<RankedTensorType>(key.getType());
  if (folded.getDimSize(2) % blocks.size)
    return std::nullopt;
  blocks.seen = folded.getDimSize(2) / blocks.size;
  Origin origin(key);
  while (origin.step()) {
    auto type = cast<RankedTensorType>(origin.tensor.getType());
    if (!isOfHeads(origin, blocks, folded.getDimSize(0)) ||
        type.getDimSize(2) % blocks.size)
      continue;
    MLIRContext *context = key.getContext();
    for (unsigned symbol = 0; symbol < origin.expressions.symbols().size();
         ++symbol) {
      const OpaqueInteger *number = origin.expressions.opaqueInteger(symbol);
      AffineExpr row = getAffineSymbolExpr(symbol, context) * blocks.size;
      if (blocks.size > 1)
        row = row + getAffineDimExpr(2, context) % blocks.size;
      if (number && origin.index[2] == origin.simplified(row))
        return std::pair(origin.tensor, Table{number->tensor, number->index});
    }
  }
  return std::nullopt;
}

/// The table as constants [blocks of queries, blocks seen], all of which are
/// blocks of the keys.
Value tableOf(PatternRewriter &rewriter, Location loc, const Table &table,
              const Blocks &blocks, int64_t keys, const Origin &origin) {
  DenseIntElementsAttr numbers;
  if (!matchPattern(table.numbers, m_Constant(&numbers)) ||
      numbers.getNumElements() != blocks.count * blocks.seen)
    return nullptr;
  for (const APInt &number : numbers.getValues<APInt>())
    if (number.isNegative() || number.getSExtValue() >= keys / blocks.size)
      return nullptr;
  MLIRContext *context = rewriter.getContext();
  SmallVector<AffineExpr> expected = {
      partsOf(origin, blocks, /*batches=*/2)[2],
      origin.simplified(getAffineDimExpr(2, context).floorDiv(blocks.size))};
  // Dimensions of size 1 do not matter.
  SmallVector<int64_t> sizes = {blocks.count, blocks.seen};
  unsigned next = 0;
  for (auto [at, size] :
       llvm::zip_equal(table.index, numbers.getType().getShape())) {
    if (size == 1)
      continue;
    while (next < 2 && sizes[next] == 1)
      ++next;
    if (next == 2 || sizes[next] != size ||
        origin.simplified(at) != expected[next])
      return nullptr;
    ++next;
  }
  auto type = RankedTensorType::get(sizes, numbers.getElementType());
  return arith::ConstantOp::create(rewriter, loc, numbers.reshape(type));
}

struct FindKeyBlocks : public OpRewritePattern<attn::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(attn::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    auto type = [](Value value) { return cast<ShapedType>(value.getType()); };
    bool plain = op.getScore() == attn::ScoreFunction::Softmax &&
                 !op.getBias() && !op.getMask() && !op.getKeyLengths() &&
                 !op.getQueryOffset() && !op.getCausal() &&
                 !op.getLeftWindow() && !op.getRightWindow() &&
                 !op.getKeyBlocks();
    if (!plain || !isa<RankedTensorType>(op.getInit().getType()) ||
        !type(op.getQuery()).hasStaticShape() ||
        !type(op.getKey()).hasStaticShape() ||
        type(op.getQuery()).getDimSize(1) != 1 ||
        type(op.getKey()).getDimSize(1) != 1 ||
        type(op.getQuery()).getNumElements() == 0)
      return rewriter.notifyMatchFailure(op, "heads of it are not folded");
    Blocks blocks;
    Value query = wholeQueries(op.getQuery(), blocks);
    if (!query)
      return rewriter.notifyMatchFailure(op, "queries are not cut in blocks");
    auto key = wholeKeys(op.getKey(), blocks),
         value = wholeKeys(op.getValue(), blocks);
    if (!key || !value || key->second.numbers != value->second.numbers ||
        key->second.index != value->second.index ||
        type(key->first).getDimSize(2) != type(value->first).getDimSize(2) ||
        type(key->first).getDimSize(0) != type(query).getDimSize(0))
      return rewriter.notifyMatchFailure(op, "keys are not gathered in blocks");
    Location loc = op.getLoc();
    Value table =
        tableOf(rewriter, loc, key->second, blocks,
                type(key->first).getDimSize(2), Origin(op.getQuery()));
    if (!table)
      return rewriter.notifyMatchFailure(op, "the table is no constant");
    replace(op, rewriter, query, key->first, value->first, table, blocks);
    return success();
  }

private:
  static void replace(attn::AttentionOp op, PatternRewriter &rewriter,
                      Value query, Value key, Value value, Value table,
                      const Blocks &blocks) {
    Location loc = op.getLoc();
    auto from = cast<RankedTensorType>(query.getType());
    int64_t depth = cast<ShapedType>(value.getType()).getDimSize(3);
    SmallVector<int64_t> shape(from.getShape());
    shape[3] = depth;
    Value init =
        tensor::EmptyOp::create(rewriter, loc, shape, from.getElementType());
    auto whole =
        attn::AttentionOp::create(rewriter, loc, query, key, value, init,
                                  op.getScale().convertToDouble());
    whole.getKeyBlocksMutable().assign(table);
    whole.setBlockSize(blocks.size);
    if (op.getSoftcap())
      whole.setSoftcap(*op.getSoftcap());
    whole.setZeroMaskedRows(op.getZeroMaskedRows());
    whole.setZeroNanRows(op.getZeroNanRows());
    if (Attribute note = op->getAttr("tfc.note"))
      whole->setAttr("tfc.note", note);
    auto reshaped = [&](ArrayRef<int64_t> sizes) {
      return RankedTensorType::get(sizes, from.getElementType());
    };
    Value split = tensor::ExpandShapeOp::create(
        rewriter, loc,
        reshaped({shape[0], shape[1], blocks.count, blocks.size, depth}),
        whole->getResult(0),
        SmallVector<ReassociationIndices>{{0}, {1}, {2, 3}, {4}});
    Value folded = tensor::CollapseShapeOp::create(
        rewriter, loc, split,
        SmallVector<ReassociationIndices>{{0, 1, 2}, {3}, {4}});
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        op, op.getInit().getType(), folded,
        SmallVector<ReassociationIndices>{{0, 1}, {2}, {3}});
  }
};

} // namespace

void tfc::raise::populateBlockPatterns(RewritePatternSet &patterns) {
  patterns.add<FindKeyBlocks>(patterns.getContext());
}
