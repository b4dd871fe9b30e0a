//===- PackWeights.cpp - weights as the kernel reads them -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelShape.h"
#include "MappedFile.h"
#include "PackQuantized.h"
#include "TokenRows.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/ScopeExit.h"
#include <cmath>
#include <cstring>
#include <map>

namespace tfc::x86 {
#define GEN_PASS_DEF_X86PACKWEIGHTSPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

namespace {

/// The elements of a constant, or nothing where it has none in memory.
ArrayRef<float> floatsOf(ElementsAttr attr, SmallVectorImpl<float> &storage) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? blob->getDataAs<float>() : ArrayRef<float>();
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return {};
  storage.assign(dense.getValues<float>().begin(),
                 dense.getValues<float>().end());
  return storage;
}

/// Weights [K, N], or [N, K] when `transposed`, as panels [P, K, width].
void packPanels(ArrayRef<float> weights, int64_t depth, int64_t columns,
                bool transposed, int64_t width, MutableArrayRef<float> panels) {
  int64_t count = (columns + width - 1) / width;
  for (int64_t p = 0; p < count; ++p) {
    int64_t first = p * width, used = std::min(width, columns - first);
    float *panel = panels.data() + p * depth * width;
    for (int64_t k = 0; k < depth; ++k) {
      float *row = panel + k * width;
      if (!transposed)
        std::copy_n(weights.data() + k * columns + first, used, row);
      std::fill(row + used, row + width, 0.0f);
    }
    for (int64_t n = 0; transposed && n < used; ++n) {
      const float *column = weights.data() + (first + n) * depth;
      for (int64_t k = 0; k < depth; ++k)
        panel[k * width + n] = column[k];
    }
  }
}

Value constant(OpBuilder &b, Location loc, ElementsAttr numbers) {
  return arith::ConstantOp::create(b, loc, cast<TypedAttr>(numbers));
}

/// `weight` as one matrix of a stack, the operation that takes it out.
tensor::ExtractSliceOp matrixOfStack(Value weight) {
  auto slice = weight.getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice || slice.getSourceType().getRank() != 3 ||
      !slice.getSourceType().hasStaticShape() || !slice.hasUnitStride() ||
      slice.getType().getShape() !=
          slice.getSourceType().getShape().drop_front() ||
      !isConstantIntValue(slice.getMixedSizes()[0], 1))
    return nullptr;
  return slice;
}

/// The panels of matrix `number`, of the `count` that each has.
Value panelsOf(OpBuilder &b, Location loc, Value panels, OpFoldResult number,
               int64_t count) {
  auto type = cast<RankedTensorType>(panels.getType());
  OpFoldResult first = affine::makeComposedFoldedAffineApply(
      b, loc, b.getAffineSymbolExpr(0) * count, {number});
  SmallVector<OpFoldResult> offsets = {first, b.getIndexAttr(0),
                                       b.getIndexAttr(0)},
                            sizes = {b.getIndexAttr(count),
                                     b.getIndexAttr(type.getDimSize(1)),
                                     b.getIndexAttr(type.getDimSize(2))},
                            strides(3, b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, loc, panels, offsets, sizes,
                                        strides);
}

struct PackWeightsPass
    : public x86::impl::X86PackWeightsPassBase<PackWeightsPass> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<KernelShape> found = kernelShapeOf(getOperation(), vectorBits);
    if (mlir::failed(found))
      return signalPassFailure();
    shape = *found;
    packed.clear();
    narrow.clear();
    if (weights != "f32" && weights != "f16" && weights != "bf16") {
      getOperation().emitError("weights are f32, f16 or bf16, not ") << weights;
      return signalPassFailure();
    }
    packedIntegers.clear();
    UnnamedFile file;
    if (!scratchFile.empty() && file.open(scratchFile))
      scratch = &file;
    llvm::scope_exit forget([&] { scratch = nullptr; });
    SmallVector<attn::LinearOp> ops;
    getOperation().walk([&](attn::LinearOp op) { ops.push_back(op); });
    failed = false;
    for (attn::LinearOp op : ops)
      if (!failed)
        rewrite(op);
    if (failed)
      signalPassFailure();
  }

private:
  KernelShape shape = {};
  void rewrite(attn::LinearOp op);
  /// The product, or null where the weight is none of these.
  Value packFloats(attn::LinearOp op, OpBuilder &b, TokenRows &rows,
                   ElementsAttr bias, int64_t width);
  Value packIntegers(attn::LinearOp op, OpBuilder &b, TokenRows &rows,
                     ElementsAttr bias, int64_t width);
  ElementsAttr pack(ElementsAttr weight, bool transposed, int64_t matrices,
                    int64_t depth, int64_t columns, int64_t width);
  /// Panels of f32 in the type asked for; fails with an error at `op` where
  /// that has no number for a weight.
  ElementsAttr narrowed(attn::LinearOp op, ElementsAttr panels);
  /// Null where it is not constant.
  ElementsAttr packBias(Value bias, int64_t padded);

  std::map<std::pair<const void *, bool>, ElementsAttr> packed;
  /// By the panels of f32.
  std::map<const void *, ElementsAttr> narrow;
  /// By integers, their type, and whether they are transposed.
  std::map<std::tuple<const void *, const void *, bool>,
           std::optional<QuantizedPanels>>
      packedIntegers;
  UnnamedFile *scratch = nullptr;
  bool failed = false;
};

/// `matrices` of one size, one after the other.
ElementsAttr PackWeightsPass::pack(ElementsAttr weight, bool transposed,
                                   int64_t matrices, int64_t depth,
                                   int64_t columns, int64_t width) {
  ElementsAttr &known = packed[{weight.getAsOpaquePointer(), transposed}];
  if (known)
    return known;
  SmallVector<float> storage;
  ArrayRef<float> floats = floatsOf(weight, storage);
  if (static_cast<int64_t>(floats.size()) != matrices * depth * columns)
    return nullptr;
  int64_t count = (columns + width - 1) / width;
  auto type = RankedTensorType::get({matrices * count, depth, width},
                                    Float32Type::get(&getContext()));
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocate(type.getNumElements() * sizeof(float), 64);
  MutableArrayRef<float> panels(
      reinterpret_cast<float *>(blob.getMutableData().data()),
      type.getNumElements());
  for (int64_t m = 0; m < matrices; ++m)
    packPanels(floats.slice(m * depth * columns, depth * columns), depth,
               columns, transposed, width,
               panels.slice(m * count * depth * width, count * depth * width));
  releasePages(ArrayRef(reinterpret_cast<const char *>(floats.data()),
                        floats.size() * sizeof(float)));
  // Without room on the disk the panels stay in memory.
  if (scratch)
    if (std::optional<AsmResourceBlob> mapped = scratch->keep(blob.getData()))
      blob = std::move(*mapped);
  return known =
             DenseResourceElementsAttr::get(type, "packed", std::move(blob));
}

/// The nearest number of a narrower type, halves to even, as bits.
static uint16_t bitsOfF16(float number) {
  auto narrow = static_cast<_Float16>(number);
  uint16_t bits;
  std::memcpy(&bits, &narrow, sizeof(bits));
  return bits;
}
static uint16_t bitsOfBF16(float number) {
  uint32_t bits;
  std::memcpy(&bits, &number, sizeof(bits));
  // A NaN would become infinite.
  if (std::isnan(number))
    return static_cast<uint16_t>(bits >> 16 | 64);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

ElementsAttr PackWeightsPass::narrowed(attn::LinearOp op, ElementsAttr panels) {
  if (weights == "f32")
    return panels;
  bool isF16 = weights == "f16";
  ElementsAttr &known = narrow[panels.getAsOpaquePointer()];
  if (known)
    return known;
  SmallVector<float> storage;
  ArrayRef<float> floats = floatsOf(panels, storage);
  Builder b(&getContext());
  auto type = RankedTensorType::get(
      cast<ShapedType>(panels.getType()).getShape(),
      isF16 ? Type(b.getF16Type()) : Type(b.getBF16Type()));
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocate(floats.size() * sizeof(uint16_t), 64);
  auto *bits = reinterpret_cast<uint16_t *>(blob.getMutableData().data());
  // All bits of the exponent.
  uint16_t infinite = isF16 ? 0x7c00 : 0x7f80;
  for (auto [i, number] : llvm::enumerate(floats)) {
    bits[i] = isF16 ? bitsOfF16(number) : bitsOfBF16(number);
    if ((bits[i] & infinite) == infinite && std::isfinite(number)) {
      op.emitError("its weights in ")
          << weights << " would be infinite: one is " << number;
      failed = true;
      return nullptr;
    }
  }
  if (scratch)
    if (std::optional<AsmResourceBlob> mapped = scratch->keep(blob.getData()))
      blob = std::move(*mapped);
  return known =
             DenseResourceElementsAttr::get(type, "packed", std::move(blob));
}

ElementsAttr PackWeightsPass::packBias(Value bias, int64_t padded) {
  auto type = RankedTensorType::get({padded}, Float32Type::get(&getContext()));
  SmallVector<float> values(padded, 0.0f);
  if (bias) {
    std::optional<std::vector<float>> numbers = constantRow(bias);
    if (!numbers || static_cast<int64_t>(numbers->size()) > padded)
      return nullptr;
    llvm::copy(*numbers, values.begin());
  }
  return DenseElementsAttr::get(type, ArrayRef<float>(values));
}

void PackWeightsPass::rewrite(attn::LinearOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getX().getType());
  if (!type || !type.getElementType().isF32() || type.getRank() < 1 ||
      op.getActivation() != attn::Activation::None)
    return;
  OpBuilder b(op);
  Location loc = op.getLoc();
  TokenRows rows(b, loc, op.getX());
  int64_t columns =
      cast<RankedTensorType>(op.getInit().getType()).getShape().back();
  if (ShapedType::isDynamic(columns) || columns == 0)
    return;
  int64_t width = shape.panelWidth(columns);
  ElementsAttr biasPanels =
      packBias(op.getBias(), llvm::divideCeil(columns, width) * width);
  if (!biasPanels)
    return;
  Value product = packFloats(op, b, rows, biasPanels, width);
  if (!product)
    product = packIntegers(op, b, rows, biasPanels, width);
  if (!product)
    return;
  Value result = rows.restore(product, columns);
  auto resultType = op.getResult().getType();
  if (result.getType() != resultType)
    result = tensor::CastOp::create(b, loc, resultType, result);
  op->getResult(0).replaceAllUsesWith(result);
  op.erase();
}

Value PackWeightsPass::packFloats(attn::LinearOp op, OpBuilder &b,
                                  TokenRows &rows, ElementsAttr bias,
                                  int64_t width) {
  ElementsAttr weight;
  Location loc = op.getLoc();
  auto chosen = matrixOfStack(op.getWeight());
  if (!matchPattern(chosen ? chosen.getSource() : op.getWeight(),
                    m_Constant(&weight)))
    return {};
  ArrayRef<int64_t> shape = cast<ShapedType>(weight.getType()).getShape();
  int64_t matrices = chosen ? shape.front() : 1;
  if (chosen)
    shape = shape.drop_front();
  int64_t depth = shape[op.getTransposeWeight() ? 1 : 0],
          columns = shape[op.getTransposeWeight() ? 0 : 1];
  if (depth == 0)
    return {};
  ElementsAttr panels =
      pack(weight, op.getTransposeWeight(), matrices, depth, columns, width);
  if (panels)
    panels = narrowed(op, panels);
  if (!panels)
    return {};
  Value init = rows.empty(columns);
  Value panelsValue = constant(b, loc, panels);
  if (chosen)
    panelsValue = panelsOf(b, loc, panelsValue, chosen.getMixedOffsets()[0],
                           llvm::divideCeil(columns, width));
  return PackedLinearOp::create(b, loc, init.getType(), rows.flat(),
                                panelsValue, constant(b, loc, bias), init)
      .getResult();
}

Value PackWeightsPass::packIntegers(attn::LinearOp op, OpBuilder &b,
                                    TokenRows &rows, ElementsAttr bias,
                                    int64_t width) {
  auto dequantize = op.getWeight().getDefiningOp<attn::DequantizeOp>();
  if (!dequantize)
    return {};
  std::tuple<const void *, const void *, bool> key = {
      nullptr, dequantize.getQuantizedType().getAsOpaquePointer(),
      op.getTransposeWeight()};
  ElementsAttr stored;
  if (matchPattern(dequantize.getX(), m_Constant(&stored)))
    std::get<0>(key) = stored.getAsOpaquePointer();
  auto known = packedIntegers.find(key);
  if (known == packedIntegers.end()) {
    std::optional<QuantizedConstant> weight =
        QuantizedConstant::of(op.getWeight());
    std::optional<QuantizedPanels> panels =
        weight ? packQuantized(*weight, op.getTransposeWeight(), width,
                               &getContext())
               : std::nullopt;
    known = packedIntegers.try_emplace(key, panels).first;
  }
  if (!known->second)
    return {};
  const QuantizedPanels &panels = *known->second;
  Location loc = op.getLoc();
  int64_t columns =
      cast<RankedTensorType>(op.getInit().getType()).getShape().back();
  Value init = rows.empty(columns);
  Value zeros =
      panels.zeroPoints ? constant(b, loc, panels.zeroPoints) : Value();
  return PackedQuantizedLinearOp::create(
             b, loc, init.getType(), rows.flat(),
             constant(b, loc, panels.integers), constant(b, loc, panels.scales),
             constant(b, loc, bias), zeros, init, panels.bits, panels.group)
      .getResult();
}

} // namespace
