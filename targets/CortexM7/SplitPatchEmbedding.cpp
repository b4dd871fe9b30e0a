//===- SplitPatchEmbedding.cpp - an image by rows of patches ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldTransposes.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_SPLITPATCHEMBEDDINGPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc;

namespace {

SmallVector<OpFoldResult> numbers(Builder &b, ArrayRef<int64_t> values) {
  return getAsIndexOpFoldResult(b.getContext(), values);
}

/// The rows of `shape` from `first` on, where dimension `axis` counts rows and
/// `sizes` are the slice's.
tensor::ExtractSliceOp extractRows(RewriterBase &b, Location loc, Value from,
                                   unsigned axis, OpFoldResult first,
                                   ArrayRef<int64_t> sizes) {
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
      strides(sizes.size(), b.getIndexAttr(1));
  offsets[axis] = first;
  return tensor::ExtractSliceOp::create(b, loc, from, offsets,
                                        numbers(b, sizes), strides);
}

Value insertRows(RewriterBase &b, Location loc, Value part, Value into,
                 unsigned axis, OpFoldResult first) {
  ArrayRef<int64_t> sizes = cast<RankedTensorType>(part.getType()).getShape();
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
      strides(sizes.size(), b.getIndexAttr(1));
  offsets[axis] = first;
  return tensor::InsertSliceOp::create(b, loc, part, into, offsets,
                                       numbers(b, sizes), strides);
}

/// Whether each element of `op`'s result comes from one of each operand, so
/// that nothing is computed twice where the result is cut.
bool isElementwise(Operation *op) {
  if (isa<attn::QuantizeOp, attn::DequantizeOp>(op))
    return true;
  auto generic = dyn_cast<linalg::LinalgOp>(op);
  return generic && generic->getNumResults() == 1 &&
         generic.getNumParallelLoops() == generic.getNumLoops() &&
         !generic.hasIndexSemantics() &&
         llvm::all_of(generic.getIndexingMapsArray(), [](AffineMap map) {
           return map.isProjectedPermutation(/*allowZeroInResults=*/true);
         });
}

/// A reshape that nothing uses any more must not count as a use of the image.
void eraseIfDead(RewriterBase &b, Operation *op) {
  if (op && isOpTriviallyDead(op))
    b.eraseOp(op);
}

/// Moves what makes `strip`'s source element by element into `loop`, so that
/// only a strip of it exists at a time. Others that use the source keep it.
void fuseProducers(RewriterBase &b, tensor::ExtractSliceOp strip,
                   scf::ForOp loop) {
  SmallVector<LoopLikeOpInterface> loops = {loop};
  while (strip) {
    Operation *producer = strip.getSource().getDefiningOp();
    if (!producer || !producer->hasOneUse() || !isElementwise(producer))
      return;
    auto fused = scf::tileAndFuseProducerOfSlice(b, strip, loops);
    if (!fused || fused->tiledOps.empty())
      return;
    b.eraseOp(strip);
    // Of its operands the largest is the image's.
    tensor::ExtractSliceOp next;
    for (Value operand : fused->tiledOps.front()->getOperands()) {
      auto slice = operand.getDefiningOp<tensor::ExtractSliceOp>();
      if (slice && (!next || slice.getType().getNumElements() >
                                 next.getType().getNumElements()))
        next = slice;
    }
    if (producer->use_empty())
      b.eraseOp(producer);
    strip = next;
  }
}

/// The tokens of one strip, added to `init`, which holds the biases: the sum
/// reads the pixels where they lie.
Value embed(RewriterBase &b, attn::PatchEmbedOp op, Value strip, Value init) {
  MLIRContext *context = b.getContext();
  auto d = [&](unsigned i) { return getAffineDimExpr(i, context); };
  int64_t width = cast<ShapedType>(op.getWeight().getType()).getDimSize(3);
  // Loops: batch, token, embedding; channel, row, column.
  auto map = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(6, 0, results, context);
  };
  SmallVector<AffineMap> maps = {map({d(0), d(3), d(4), d(1) * width + d(5)}),
                                 map({d(2), d(3), d(4), d(5)}),
                                 map({d(0), d(1), d(2)})};
  SmallVector<utils::IteratorType> iterators(6, utils::IteratorType::parallel);
  std::fill(iterators.begin() + 3, iterators.end(),
            utils::IteratorType::reduction);
  return linalg::GenericOp::create(
             b, op.getLoc(), init.getType(), ValueRange{strip, op.getWeight()},
             init, maps, iterators,
             [](OpBuilder &b, Location loc, ValueRange v) {
               Value term = arith::MulFOp::create(b, loc, v[0], v[1]);
               Value sum = arith::AddFOp::create(b, loc, v[2], term);
               linalg::YieldOp::create(b, loc, sum);
             })
      ->getResult(0);
}

/// What the sums of `embed` start from.
Value startOf(RewriterBase &b, attn::PatchEmbedOp op, Value init) {
  if (op.getBias())
    return linalg::BroadcastOp::create(b, op.getLoc(), op.getBias(), init,
                                       ArrayRef<int64_t>{0, 1})
        ->getResult(0);
  Value zero = arith::ConstantOp::create(
      b, op.getLoc(), b.getZeroAttr(getElementTypeOrSelf(init.getType())));
  return linalg::FillOp::create(b, op.getLoc(), zero, init)->getResult(0);
}

bool isSplittable(attn::PatchEmbedOp op) {
  auto image = dyn_cast<RankedTensorType>(op.getImage().getType()),
       weight = dyn_cast<RankedTensorType>(op.getWeight().getType());
  return image && weight && image.hasStaticShape() && weight.hasStaticShape() &&
         image.getElementType().isF32() && weight.getElementType().isF32() &&
         image.getDimSize(2) >= weight.getDimSize(2);
}

void split(RewriterBase &b, attn::PatchEmbedOp op) {
  Location loc = op.getLoc();
  ArrayRef<int64_t> image =
                        cast<ShapedType>(op.getImage().getType()).getShape(),
                    weight =
                        cast<ShapedType>(op.getWeight().getType()).getShape();
  int64_t height = weight[2], rows = image[2] / height,
          columns = image[3] / weight[3];
  b.setInsertionPoint(op);
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value).getResult();
  };
  auto loop = scf::ForOp::create(b, loc, index(0), index(rows * height),
                                 index(height), op.getInit());
  b.setInsertionPointToStart(loop.getBody());
  Value row = loop.getInductionVar(), tokens = loop.getRegionIterArg(0);
  tensor::ExtractSliceOp strip = extractRows(
      b, loc, op.getImage(), 2, row, {image[0], image[1], height, image[3]});
  OpFoldResult token = affine::makeComposedFoldedAffineApply(
      b, loc, b.getAffineDimExpr(0).floorDiv(height) * columns, {row});
  Value part =
      extractRows(b, loc, tokens, 1, token, {image[0], columns, weight[0]});
  Value made = embed(b, op, strip, startOf(b, op, part));
  scf::YieldOp::create(b, loc, insertRows(b, loc, made, tokens, 1, token));
  b.replaceOp(op, loop);
  fuseProducers(b, strip, loop);
}

//===----------------------------------------------------------------------===//
// Products of int8
//===----------------------------------------------------------------------===//

/// A row of an image that a loop over rows of windows and one over the rows in
/// a window lead to: `outer * stride + inner * dilation`.
struct WindowRow {
  unsigned axis, outer, inner;
  int64_t stride, dilation;
};

/// The loop and its factor in `expr`, a multiple of one loop.
std::optional<std::pair<unsigned, int64_t>> multipleOf(AffineExpr expr) {
  int64_t factor = 1;
  if (auto product = dyn_cast<AffineBinaryOpExpr>(expr);
      product && product.getKind() == AffineExprKind::Mul) {
    auto constant = dyn_cast<AffineConstantExpr>(product.getRHS());
    if (!constant)
      return std::nullopt;
    factor = constant.getValue();
    expr = product.getLHS();
  }
  auto dim = dyn_cast<AffineDimExpr>(expr);
  if (!dim || factor <= 0)
    return std::nullopt;
  return std::pair(dim.getPosition(), factor);
}

/// The first dimension that `map` reads as rows of windows, of which loops
/// below `inside` count windows and the others the elements of one.
std::optional<WindowRow> findRow(AffineMap map, unsigned inside) {
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!sum || sum.getKind() != AffineExprKind::Add)
      continue;
    auto a = multipleOf(sum.getLHS()), b = multipleOf(sum.getRHS());
    if (!a || !b)
      return std::nullopt;
    if (a->first > b->first)
      std::swap(a, b);
    if (a->first >= inside || b->first < inside)
      return std::nullopt;
    return WindowRow{static_cast<unsigned>(axis), a->first, b->first, a->second,
                     b->second};
  }
  return std::nullopt;
}

/// Takes dimensions of one element off that `image` was given by a reshape, and
/// off the map that reads it.
void dropUnitDimensions(Value &image, AffineMap &map) {
  auto expand = image.getDefiningOp<tensor::ExpandShapeOp>();
  if (!expand || !expand.getResultType().hasStaticShape())
    return;
  SmallVector<int64_t> kept;
  for (const ReassociationIndices &group : expand.getReassociationIndices()) {
    int64_t chosen = group.front();
    for (int64_t dim : group)
      if (expand.getResultType().getDimSize(dim) != 1)
        chosen = dim;
    for (int64_t dim : group)
      if (dim != chosen && expand.getResultType().getDimSize(dim) != 1)
        return;
    kept.push_back(chosen);
  }
  map = map.getSubMap(SmallVector<unsigned>(kept.begin(), kept.end()));
  image = expand.getSrc();
}

/// A product whose rows are windows that were copied out of an image, by rows
/// of windows.
class WindowProduct {
public:
  explicit WindowProduct(m7::ProductOp product) : product(product) {}

  /// Whether the product is one, and of one image.
  bool match() {
    flat = product.getX().getDefiningOp<tensor::CollapseShapeOp>();
    if (!flat || !flat->hasOneUse() || flat.getResultType().getRank() != 2)
      return false;
    copy = flat.getSrc().getDefiningOp<linalg::GenericOp>();
    if (!copy || !copy->hasOneUse() || copy.getNumDpsInputs() != 1 ||
        copy.getNumDpsInits() != 1 ||
        copy.getNumParallelLoops() != copy.getNumLoops() ||
        !flat.getSrcType().hasStaticShape() ||
        !copy.getIndexingMapsArray()[1].isIdentity() ||
        cast<linalg::YieldOp>(copy.getBlock()->getTerminator()).getOperand(0) !=
            copy.getBlock()->getArgument(0))
      return false;
    image = copy.getInputs()[0];
    map = copy.getIndexingMapsArray()[0];
    dropUnitDimensions(image, map);
    unsigned inside = flat.getReassociationIndices().front().size();
    std::optional<WindowRow> found = findRow(map, inside);
    if (!found)
      return false;
    row = *found;
    shape = llvm::to_vector(flat.getSrcType().getShape());
    for (auto [axis, expr] : llvm::enumerate(map.getResults()))
      if (axis != row.axis && expr.isFunctionOfDim(row.outer))
        return false;
    // Windows of one row must be neighbours among all.
    return llvm::all_of(ArrayRef(shape).take_front(row.outer),
                        [](int64_t size) { return size == 1; });
  }

  void split(RewriterBase &b) {
    Location loc = product.getLoc();
    int64_t rows = shape[row.outer];
    int64_t columns = flat.getResultType().getDimSize(0) / rows;
    auto type = cast<RankedTensorType>(product.getInit().getType());
    b.setInsertionPoint(product);
    auto index = [&](int64_t value) {
      return arith::ConstantIndexOp::create(b, loc, value).getResult();
    };
    auto loop = scf::ForOp::create(b, loc, index(0), index(rows * row.stride),
                                   index(row.stride), product.getInit());
    b.setInsertionPointToStart(loop.getBody());
    Value tokens = loop.getRegionIterArg(0);
    tensor::ExtractSliceOp strip = takeStrip(b, loop.getInductionVar());
    Value windows = copyWindows(b, strip, columns);
    OpFoldResult token = affine::makeComposedFoldedAffineApply(
        b, loc, b.getAffineDimExpr(0).floorDiv(row.stride) * columns,
        {loop.getInductionVar()});
    Value part =
        extractRows(b, loc, tokens, 0, token, {columns, type.getDimSize(1)});
    auto made = cast<m7::ProductOp>(b.clone(*product));
    made.getXMutable().assign(windows);
    made.getInitMutable().assign(part);
    made.getResult().setType(cast<RankedTensorType>(part.getType()));
    scf::YieldOp::create(
        b, loc, insertRows(b, loc, made.getResult(), tokens, 0, token));
    b.replaceOp(product, loop);
    Operation *source = copy.getInputs()[0].getDefiningOp();
    b.eraseOp(flat);
    b.eraseOp(copy);
    eraseIfDead(b, source);
    fuseProducers(b, strip, loop);
  }

private:
  tensor::ExtractSliceOp takeStrip(RewriterBase &b, Value first) {
    SmallVector<int64_t> sizes =
        llvm::to_vector(cast<RankedTensorType>(image.getType()).getShape());
    sizes[row.axis] = (shape[row.inner] - 1) * row.dilation + 1;
    return extractRows(b, product.getLoc(), image, row.axis, first, sizes);
  }

  Value copyWindows(RewriterBase &b, Value strip, int64_t columns) {
    SmallVector<int64_t> sizes = shape;
    sizes[row.outer] = 1;
    Location loc = copy.getLoc();
    Type element = getElementTypeOrSelf(strip.getType());
    Value init = tensor::EmptyOp::create(b, loc, sizes, element);
    SmallVector<AffineMap> maps = {map, copy.getIndexingMapsArray()[1]};
    Value windows =
        linalg::GenericOp::create(b, loc, init.getType(), strip, init, maps,
                                  copy.getIteratorTypesArray(),
                                  [](OpBuilder &b, Location loc, ValueRange v) {
                                    linalg::YieldOp::create(b, loc, v[0]);
                                  })
            ->getResult(0);
    auto type = RankedTensorType::get(
        {columns, flat.getResultType().getDimSize(1)}, element);
    return tensor::CollapseShapeOp::create(b, loc, type, windows,
                                           flat.getReassociationIndices());
  }

  m7::ProductOp product;
  tensor::CollapseShapeOp flat;
  linalg::GenericOp copy;
  Value image;
  /// What an element of the windows, of `shape`, is in `image`.
  AffineMap map;
  SmallVector<int64_t> shape;
  WindowRow row = {};
};

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// The rows of patches of a convolution of f32 whose stride is its kernel's
/// height. Others read rows more than once, which nothing would be gained for.
std::optional<WindowRow> findPatchRow(linalg::GenericOp op) {
  unsigned parallel = op.getNumParallelLoops();
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || parallel == op.getNumLoops() ||
      llvm::any_of(op->getOperandTypes(), [](Type type) {
        auto tensor = dyn_cast<RankedTensorType>(type);
        return !tensor || !tensor.hasStaticShape() ||
               !tensor.getElementType().isF32();
      }))
    return std::nullopt;
  for (auto [i, type] : llvm::enumerate(op.getIteratorTypesArray()))
    if ((type == utils::IteratorType::parallel) != (i < parallel))
      return std::nullopt;
  std::optional<WindowRow> row =
      findRow(op.getIndexingMapsArray()[0], parallel);
  if (!row || row->dilation != 1 ||
      row->stride != op.getStaticLoopRanges()[row->inner])
    return std::nullopt;
  return row;
}

/// Computes one row of patches at a time.
LogicalResult split(RewriterBase &b, linalg::GenericOp op, WindowRow row) {
  Value image = op.getInputs()[0];
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  dropUnitDimensions(image, maps[0]);
  Operation *source = op.getInputs()[0].getDefiningOp();
  b.modifyOpInPlace(op, [&] {
    op.getInputsMutable()[0].assign(image);
    op.setIndexingMapsAttr(b.getAffineMapArrayAttr(maps));
  });
  eraseIfDead(b, source);
  SmallVector<OpFoldResult> sizes(op.getNumLoops(), b.getIndexAttr(0));
  sizes[row.outer] = b.getIndexAttr(1);
  scf::SCFTilingOptions options;
  options.setTileSizes(sizes);
  b.setInsertionPoint(op);
  FailureOr<scf::SCFTilingResult> tiled =
      scf::tileUsingSCF(b, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled) || tiled->loops.size() != 1)
    return op.emitOpError("cannot be computed by rows of patches");
  b.replaceOp(op, tiled->replacements);
  auto strip = tiled->tiledOps.front()
                   ->getOperand(0)
                   .getDefiningOp<tensor::ExtractSliceOp>();
  if (strip)
    fuseProducers(b, strip, cast<scf::ForOp>(tiled->loops.front()));
  return success();
}

struct SplitPatchEmbeddingPass
    : public tfc::m7::impl::SplitPatchEmbeddingPassBase<
          SplitPatchEmbeddingPass> {
  void runOnOperation() override {
    SmallVector<attn::PatchEmbedOp> embeddings;
    SmallVector<std::pair<linalg::GenericOp, WindowRow>> convolutions;
    SmallVector<WindowProduct> products;
    getOperation().walk([&](Operation *op) {
      if (auto embedding = dyn_cast<attn::PatchEmbedOp>(op);
          embedding && isSplittable(embedding))
        embeddings.push_back(embedding);
      if (auto generic = dyn_cast<linalg::GenericOp>(op))
        if (std::optional<WindowRow> row = findPatchRow(generic))
          convolutions.push_back({generic, *row});
      if (auto product = dyn_cast<m7::ProductOp>(op))
        if (WindowProduct windows(product); windows.match())
          products.push_back(windows);
    });
    IRRewriter rewriter(&getContext());
    for (attn::PatchEmbedOp op : embeddings)
      split(rewriter, op);
    for (WindowProduct &product : products)
      product.split(rewriter);
    for (auto [op, row] : convolutions)
      if (failed(split(rewriter, op, row)))
        return signalPassFailure();
    if (products.empty() && embeddings.empty() && convolutions.empty())
      return;
    RewritePatternSet patterns(&getContext());
    // Strips of an image that is not made any more must not keep its memory.
    tensor::populateFoldTensorEmptyPatterns(patterns);
    m7::populateFoldTransposesPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
