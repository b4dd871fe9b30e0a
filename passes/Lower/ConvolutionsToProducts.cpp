//===- ConvolutionsToProducts.cpp - products with patches -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Lower/Loops.h"
#include "tfc/Passes/Lower/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tfc::lower {
#define GEN_PASS_DEF_CONVOLUTIONSTOPRODUCTSPASS
#include "tfc/Passes/Lower/Passes.h.inc"
} // namespace tfc::lower

using namespace mlir;
using namespace tfc;

namespace {

/// Filters of a group below which a product has too few rows to be worth it.
constexpr int64_t filtersWorthAProduct = 8;

/// The loops of a convolution in the order of the product's dimensions: batches
/// and groups, filters, what is summed over, and the image.
struct Roles {
  SmallVector<unsigned> batch, group, filters, depth, image;

  SmallVector<unsigned> outer() const {
    SmallVector<unsigned> loops = batch;
    llvm::append_range(loops, group);
    return loops;
  }
};

using Loops = SmallVector<unsigned>;

Loops concatenated(std::initializer_list<Loops> parts) {
  Loops all;
  for (const Loops &part : parts)
    llvm::append_range(all, part);
  return all;
}

FailureOr<Roles> rolesOf(linalg::GenericOp op, RewriterBase &rewriter) {
  // Of 1x1 images and kernels too, so a loop may look like another kind.
  if (!linalg::isaConvolutionOpInterface(op) || !lower::addsProducts(op))
    return rewriter.notifyMatchFailure(op, "it is no convolution of f32");
  FailureOr<linalg::ConvolutionDimensions> dims =
      linalg::inferConvolutionDims(op);
  if (failed(dims))
    return rewriter.notifyMatchFailure(op, "its loops are no convolution's");
  Roles roles;
  llvm::append_range(roles.batch, dims->batch);
  llvm::append_range(roles.group, dims->depth);
  llvm::append_range(roles.filters, dims->outputChannel);
  llvm::append_range(roles.image, dims->outputImage);
  llvm::append_range(roles.depth, dims->inputChannel);
  llvm::append_range(roles.depth, dims->filterLoop);
  if (concatenated({roles.outer(), roles.filters, roles.depth, roles.image})
          .size() != op.getNumLoops())
    return rewriter.notifyMatchFailure(op, "it has loops of other kinds");
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  int64_t filters = 1;
  for (unsigned loop : roles.filters)
    filters = ShapedType::isDynamic(sizes[loop]) ? filtersWorthAProduct
                                                 : filters * sizes[loop];
  if (filters < filtersWorthAProduct)
    return rewriter.notifyMatchFailure(op, "a group has few filters");
  return roles;
}

/// Whether the dimensions of `map` are `loops` in their order.
bool isInOrder(AffineMap map, ArrayRef<unsigned> loops) {
  return map == AffineMap::getMultiDimMapWithTargets(map.getNumDims(), loops,
                                                     map.getContext());
}

/// `tensor`, whose dimensions are those of `parts` one after the other, with
/// one dimension for each loop of the first and one for each other part.
Value collapsed(OpBuilder &b, Location loc, Value tensor,
                ArrayRef<Loops> parts) {
  SmallVector<ReassociationIndices> groups;
  int64_t next = 0;
  for (size_t i = 0; i < parts[0].size(); ++i)
    groups.push_back({next++});
  for (const Loops &part : parts.drop_front()) {
    ReassociationIndices group;
    for (size_t i = 0; i < part.size(); ++i)
      group.push_back(next++);
    groups.push_back(group);
  }
  if (llvm::all_of(groups, [](auto &group) { return group.size() == 1; }))
    return tensor;
  return tensor::CollapseShapeOp::create(b, loc, tensor, groups);
}

/// As many loops, by number.
AffineMap mapTo(MLIRContext *context, unsigned loops,
                ArrayRef<unsigned> targets) {
  return AffineMap::getMultiDimMapWithTargets(loops, targets, context);
}

/// Gives each element of the image a place in each window that it is in.
Value gatherPatches(OpBuilder &b, linalg::GenericOp op, const Loops &order) {
  Location loc = op.getLoc();
  Value image = op.getDpsInputs()[0];
  // The order of the patches' dimensions is that of the loops that copy them.
  SmallVector<AffineExpr> place(op.getNumLoops(), b.getAffineConstantExpr(0));
  SmallVector<OpFoldResult> sizes;
  SmallVector<OpFoldResult> ranges =
      llvm::map_to_vector(cast<linalg::LinalgOp>(*op).createLoopRanges(b, loc),
                          [](Range range) { return range.size; });
  for (auto [position, loop] : llvm::enumerate(order)) {
    place[loop] = b.getAffineDimExpr(position);
    sizes.push_back(ranges[loop]);
  }
  AffineMap map = op.getIndexingMapsArray()[0].replaceDimsAndSymbols(
      place, {}, order.size(), 0);
  Value empty = tensor::EmptyOp::create(
      b, loc, sizes, cast<ShapedType>(image.getType()).getElementType());
  SmallVector<utils::IteratorType> loops(order.size(),
                                         utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, empty.getType(), image, empty,
             ArrayRef<AffineMap>{map, b.getMultiDimIdentityMap(order.size())},
             loops,
             [](OpBuilder &inner, Location loc, ValueRange elements) {
               linalg::YieldOp::create(inner, loc, elements[0]);
             })
      .getResult(0);
}

/// Whether windows of one element lie side by side, so that the image is the
/// patches already.
bool isPointwise(linalg::GenericOp op, const Roles &roles, const Loops &order) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  AffineMap map = op.getIndexingMapsArray()[0];
  SmallVector<AffineExpr> present;
  for (unsigned loop = 0; loop < sizes.size(); ++loop)
    present.push_back(sizes[loop] == 1 && llvm::is_contained(roles.depth, loop)
                          ? getAffineConstantExpr(0, map.getContext())
                          : getAffineDimExpr(loop, map.getContext()));
  AffineMap seen = map.replaceDimsAndSymbols(present, {}, sizes.size(), 0);
  Loops expected;
  for (unsigned loop : order)
    if (present[loop] == getAffineDimExpr(loop, map.getContext()))
      expected.push_back(loop);
  return isInOrder(seen, expected);
}

struct ConvolutionToProduct : public OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics())
      return rewriter.notifyMatchFailure(op, "it is not on tensors");
    FailureOr<Roles> roles = rolesOf(op, rewriter);
    if (failed(roles))
      return failure();
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    Loops outer = roles->outer();
    if (!isInOrder(maps[1], concatenated({roles->group, roles->filters,
                                          roles->depth})) ||
        !isInOrder(maps[2],
                   concatenated({outer, roles->filters, roles->image})))
      return rewriter.notifyMatchFailure(
          op, "its channels are not in front of its image");
    Loops order = concatenated({outer, roles->depth, roles->image});
    rewrite(op, *roles, order, rewriter);
    return success();
  }

private:
  void rewrite(linalg::GenericOp op, const Roles &roles, const Loops &order,
               PatternRewriter &rewriter) const;
};

void ConvolutionToProduct::rewrite(linalg::GenericOp op, const Roles &roles,
                                   const Loops &order,
                                   PatternRewriter &rewriter) const {
  Location loc = op.getLoc();
  Loops outer = roles.outer();
  Value patches = op.getDpsInputs()[0];
  Loops depth = roles.depth;
  if (isPointwise(op, roles, order)) {
    // Windows have no dimensions in the image.
    depth.resize(cast<RankedTensorType>(patches.getType()).getRank() -
                 outer.size() - roles.image.size());
  } else {
    patches = gatherPatches(rewriter, op, order);
  }
  patches = collapsed(rewriter, loc, patches, {outer, depth, roles.image});
  Value weights = collapsed(rewriter, loc, op.getDpsInputs()[1],
                            {roles.group, roles.filters, roles.depth});
  Value init = op.getDpsInits()[0];
  Value flat =
      collapsed(rewriter, loc, init, {outer, roles.filters, roles.image});
  // Loops: batches, groups, filters, image, depth.
  unsigned numOuter = outer.size(), numLoops = numOuter + 3;
  unsigned f = numOuter, n = numOuter + 1, k = numOuter + 2;
  Loops outerLoops = llvm::to_vector(llvm::seq<unsigned>(0, numOuter)),
        groupLoops =
            llvm::to_vector(llvm::seq<unsigned>(roles.batch.size(), numOuter));
  auto map = [&](const Loops &loops) {
    return mapTo(rewriter.getContext(), numLoops, loops);
  };
  SmallVector<AffineMap> maps = {map(concatenated({groupLoops, {f, k}})),
                                 map(concatenated({outerLoops, {k, n}})),
                                 map(concatenated({outerLoops, {f, n}}))};
  SmallVector<utils::IteratorType> iterators(numLoops - 1,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  Value product =
      linalg::GenericOp::create(
          rewriter, loc, flat.getType(), ValueRange{weights, patches}, flat,
          maps, iterators,
          [](OpBuilder &b, Location loc, ValueRange elements) {
            Value term =
                arith::MulFOp::create(b, loc, elements[0], elements[1]);
            linalg::YieldOp::create(
                b, loc,
                arith::AddFOp::create(b, loc, elements[2], term).getResult());
          })
          .getResult(0);
  if (product.getType() != init.getType()) {
    auto collapse = flat.getDefiningOp<tensor::CollapseShapeOp>();
    product = tensor::ExpandShapeOp::create(
        rewriter, loc, init.getType(), product,
        collapse.getReassociationIndices(),
        tensor::getMixedSizes(rewriter, loc, init));
  }
  rewriter.replaceOp(op, product);
}

struct ConvolutionsToProductsPass
    : public tfc::lower::impl::ConvolutionsToProductsPassBase<
          ConvolutionsToProductsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ConvolutionToProduct>(&getContext());
    linalg::FillOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
