//===- FlashAttention.cpp - attention that never writes scores --*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlashAttention.h"
#include "Alignment.h"
#include "FlashKernel.h"
#include "Launch.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

namespace {

constexpr int64_t largestHead = 256;

Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

int64_t greatestHead(attn::AttentionOp op) {
  int64_t size = 0;
  for (Value operand : {op.getKey(), op.getValue()})
    size = std::max(size, typeSize(operand, 3));
  return size;
}

} // namespace

bool tfc::cuda::hasWholeHeads(attn::AttentionOp op, int64_t elementBytes) {
  int64_t elements = SharedTile::chunkBytes / elementBytes;
  return llvm::all_of(ArrayRef<Value>{op.getKey(), op.getValue()},
                      [&](Value operand) {
                        int64_t size = typeSize(operand, 3);
                        return !ShapedType::isDynamic(size) &&
                               size % elements == 0 && size <= largestHead;
                      });
}

std::string tfc::cuda::whyNoFlashAttention(attn::AttentionOp op) {
  if (op.getScore() != attn::ScoreFunction::Softmax || op.getTop() ||
      op.getKeyBlocks())
    return "its weights are no softmax of all scores";
  Type element = elementOf(op.getQuery());
  for (Value operand : {op.getKey(), op.getValue(), op.getInit()})
    if (elementOf(operand) != element)
      return "queries, keys and values are of different types";
  if (!element.isF16() && !element.isBF16() && !element.isF32())
    return "its elements are not f32, f16 or bf16";
  if (!hasWholeHeads(op, bytesOf(element)))
    return "heads have no known size that is a multiple of 16 bytes, up to "
           "256 elements";
  return "";
}

FlashTile tfc::cuda::chooseFlashTile(attn::AttentionOp op) {
  int64_t size = greatestHead(op);
  // What fits into the 99 KiB that the smallest GPUs have for a block.
  if (elementOf(op.getQuery()).isF32())
    return size > 128  ? FlashTile{32, 16, 4, false}
           : size > 64 ? FlashTile{32, 32, 4, false}
                       : FlashTile{64, 64, 4, false};
  int64_t queries = typeSize(op.getQuery(), 2);
  // Of sequences, many are short; and a block's place in them needs registers.
  bool isShort = op.getSequences()
                     ? size <= 64
                     : !ShapedType::isDynamic(queries) && queries <= 64;
  if (size > 128)
    return {128, op.getSequences() ? 16 : 32, 8, false};
  if (isShort)
    return {64, 64, 4, true};
  // What is read for each score needs registers too.
  bool readsScores = op.getBias() || op.getMask();
  return size > 64 || readsScores ? FlashTile{128, 64, 8, true}
                                  : FlashTile{128, 64, 4, true};
}

void tfc::cuda::emitFlashAttention(attn::AttentionOp op, FlashTile tile,
                                   OpBuilder &b) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Location loc = op.getLoc();
  KernelBuilder k(b, loc);
  auto size = [&](int64_t dim) -> Value {
    return b.createOrFold<memref::DimOp>(loc, op.getQuery(), dim);
  };
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value tiles = op.getSequences() ? numSequenceTiles(op, tile.queries, b)
                                  : b.createOrFold<arith::CeilDivUIOp>(
                                        loc, size(2), index(tile.queries));
  std::unique_ptr<FlashKernel> kernel =
      elementOf(op.getQuery()).isF32() ? createSingleKernel(op, tile, k)
                                       : createTensorCoreKernel(op, tile, k);
  std::optional<KeyTiles> listed = listKeyTiles(op, tile.queries, tile.keys);
  if (listed) {
    placeKeyTiles(*listed, op, b);
    kernel->useTiles(*listed);
  }
  gpu::LaunchOp launch =
      createLaunch(b, loc, {tiles, size(1), size(0)}, index(tile.threads()),
                   k.constant(kernel->sharedBytes()));
  launch->setAttr(wantsRegisters, b.getUnitAttr());
  kernel->emit();
}
