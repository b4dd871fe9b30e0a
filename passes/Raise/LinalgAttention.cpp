//===- LinalgAttention.cpp - attention as others lower it -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgAttention.h"
#include "ElementExpressions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include <cfloat>
#include <cmath>

using namespace mlir;
using namespace tfc::raise;

namespace {

/// The number of a constant, or that all elements of a tensor have.
std::optional<double> numberOf(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    value = fill.getInputs()[0];
  Attribute constant;
  if (!matchPattern(value, m_Constant(&constant)))
    return std::nullopt;
  if (auto splat = dyn_cast<SplatElementsAttr>(constant))
    constant = splat.getSplatValue<Attribute>();
  if (auto number = dyn_cast<FloatAttr>(constant))
    return number.getValueAsDouble();
  return std::nullopt;
}

bool isReduction(linalg::LinalgOp op) { return op.getNumReductionLoops() > 0; }

/// The loops of `op` at which its result `number` is made at `index`; a loop
/// of a reduction is `reduced`. Nothing where the result's map is no
/// permutation of loops and zeros.
std::optional<SmallVector<AffineExpr>> loopsAt(linalg::LinalgOp op,
                                               unsigned number,
                                               ArrayRef<AffineExpr> index,
                                               AffineExpr reduced) {
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(number));
  SmallVector<AffineExpr> loops(op.getNumLoops(), reduced);
  for (auto [expr, at] : llvm::zip(map.getResults(), index)) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      loops[dim.getPosition()] = at;
    else if (!isa<AffineConstantExpr>(expr))
      return std::nullopt;
  }
  return loops;
}

/// Follows values through views and bodies to what computes them.
class Tracer {
public:
  explicit Tracer(MLIRContext *context) : context(context), views(context) {}

  ScalarAt trace(ScalarAt scalar) {
    while (step(scalar))
      ;
    return scalar;
  }

  /// Operand `number` of the operation that computes `scalar`.
  ScalarAt operand(const ScalarAt &scalar, unsigned number) {
    return trace(
        {scalar.value.getDefiningOp()->getOperand(number), scalar.index});
  }

private:
  bool step(ScalarAt &scalar);
  bool throughBody(ScalarAt &scalar);

  MLIRContext *context;
  ElementExpressions views;
};

bool Tracer::throughBody(ScalarAt &scalar) {
  auto argument = dyn_cast<BlockArgument>(scalar.value);
  if (!argument)
    return false;
  auto op = dyn_cast<linalg::LinalgOp>(argument.getOwner()->getParentOp());
  if (!op || argument.getArgNumber() >= op.getNumDpsInputs())
    return false;
  OpOperand *source = op.getDpsInputOperand(argument.getArgNumber());
  SmallVector<AffineExpr> index;
  for (AffineExpr expr : op.getMatchingIndexingMap(source).getResults())
    index.push_back(expr.replaceDims(scalar.index));
  scalar = {source->get(), index};
  return true;
}

bool Tracer::step(ScalarAt &scalar) {
  auto type = dyn_cast<RankedTensorType>(scalar.value.getType());
  if (!type)
    return throughBody(scalar);
  if (static_cast<int64_t>(scalar.index.size()) != type.getRank())
    return false;
  // Where there is one place only, how it is written does not matter.
  for (auto [size, at] : llvm::zip(type.getShape(), scalar.index))
    if (size == 1)
      at = getAffineConstantExpr(0, context);
  Operation *by = scalar.value.getDefiningOp();
  if (!by)
    return false;
  if (auto op = dyn_cast<linalg::LinalgOp>(by)) {
    if (isReduction(op) || isa<linalg::FillOp>(by))
      return false;
    unsigned number = cast<OpResult>(scalar.value).getResultNumber();
    auto loops =
        loopsAt(op, number, scalar.index, getAffineConstantExpr(0, context));
    if (!loops)
      return false;
    scalar = {op.getBlock()->getTerminator()->getOperand(number), *loops};
    return true;
  }
  if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(by))
    return false;
  std::optional<SmallVector<AffineExpr>> source =
      views.sourceIndex(by, scalar.index);
  if (!source)
    return false;
  for (AffineExpr &expr : *source) {
    expr = simplifyAffineExpr(expr, /*numDims=*/8, views.symbols().size());
    // Other views than those with sizes of 1 are the products'.
    if (!isa<AffineDimExpr, AffineConstantExpr>(expr))
      return false;
  }
  scalar = {by->getOperand(0), *source};
  return true;
}

/// Matches one product.
class Matcher {
public:
  Matcher(linalg::LinalgOp product, LinalgAttention &found, std::string &reason)
      : context(product.getContext()), tracer(context), found(found),
        reason(reason) {
    found.values.product = product;
  }

  LogicalResult match();

private:
  LogicalResult miss(const Twine &why) {
    reason = why.str();
    return failure();
  }
  AffineExpr dim(unsigned number) { return getAffineDimExpr(number, context); }

  LogicalResult readProduct(linalg::LinalgOp op, BatchProduct &product);
  /// The exponential and what it is divided by, of a weight.
  bool isQuotient(const ScalarAt &weight, ScalarAt &numerator,
                  ScalarAt &denominator);
  /// What `scalar` sums, or takes the maximum of, over the keys.
  std::optional<ScalarAt> reducedElement(const ScalarAt &scalar, bool isSum);
  std::optional<ScalarAt> findScores(const ScalarAt &weight);
  LogicalResult readScores(ScalarAt score);
  LogicalResult readSelection(ScalarAt &score);
  /// Whether it is a product of matrices, times numbers, plus others.
  bool leadsToProduct(const ScalarAt &scalar);
  std::optional<linalg::LinalgOp> productOf(const ScalarAt &scalar);

  MLIRContext *context;
  Tracer tracer;
  LinalgAttention &found;
  std::string &reason;
};

/// The operand as [batch, rows, features], where `map` says what its dimensions
/// are: the loops `batch`, then `row` and `feature` in one of the orders.
std::optional<ProductOperand> readOperand(Value tensor, AffineMap map,
                                          ArrayRef<unsigned> batch,
                                          unsigned row, unsigned feature) {
  SmallVector<unsigned> dims;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      return std::nullopt;
    dims.push_back(dim.getPosition());
  }
  if (dims.size() != batch.size() + 2 ||
      !llvm::equal(ArrayRef(dims).take_front(batch.size()), batch))
    return std::nullopt;
  ArrayRef<unsigned> last = ArrayRef(dims).take_back(2);
  if (last[0] == row && last[1] == feature)
    return ProductOperand{tensor, true};
  if (last[0] == feature && last[1] == row)
    return ProductOperand{tensor, false};
  return std::nullopt;
}

/// Takes a transposition of the last two dimensions into account.
void lookThroughTranspose(ProductOperand &operand) {
  auto op = operand.tensor.getDefiningOp<linalg::LinalgOp>();
  if (!op || isReduction(op) || op.getNumDpsInputs() != 1 ||
      op->getNumResults() != 1)
    return;
  auto yielded =
      dyn_cast<BlockArgument>(op.getBlock()->getTerminator()->getOperand(0));
  if (!yielded || yielded.getArgNumber() != 0)
    return;
  AffineMap to = op.getMatchingIndexingMap(op.getDpsInitOperand(0)),
            from = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  if (!to.isPermutation() || !from.isPermutation() || to.getNumResults() < 2)
    return;
  SmallVector<AffineExpr> swapped(from.getResults());
  std::swap(swapped[swapped.size() - 1], swapped[swapped.size() - 2]);
  if (ArrayRef(swapped) != to.getResults())
    return;
  operand = {op.getDpsInputs()[0], !operand.isInOrder};
}

/// Takes a transposition before a folding of the batch into account, where the
/// batch was as that of `scores`.
void lookThroughFolding(ProductOperand &operand, Value scores) {
  auto collapse = operand.tensor.getDefiningOp<tensor::CollapseShapeOp>();
  auto shape = cast<RankedTensorType>(scores.getType()).getShape();
  if (!collapse || collapse.getSrcType().getRank() != 4 || shape.size() != 4 ||
      collapse.getReassociationIndices().size() != 3 ||
      collapse.getReassociationIndices()[0].size() != 2 ||
      ShapedType::isDynamicShape(shape.take_front(2)) ||
      collapse.getSrcType().getShape().take_front(2) != shape.take_front(2))
    return;
  ProductOperand unfolded{collapse.getSrc(), operand.isInOrder};
  lookThroughTranspose(unfolded);
  if (unfolded.tensor != collapse.getSrc())
    operand = unfolded;
}

LogicalResult Matcher::readProduct(linalg::LinalgOp op, BatchProduct &product) {
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  if (failed(dims) || dims->m.size() != 1 || dims->n.size() != 1 ||
      dims->k.size() != 1)
    return miss("a product is not of matrices");
  auto init = numberOf(op.getDpsInits()[0]);
  if (!init || *init != 0)
    return miss("a product is added to something");
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto rows = readOperand(op.getDpsInputs()[0], maps[0], dims->batch,
                          dims->m[0], dims->k[0]);
  auto columns = readOperand(op.getDpsInputs()[1], maps[1], dims->batch,
                             dims->n[0], dims->k[0]);
  auto result = readOperand(op->getResult(0), maps[2], dims->batch, dims->m[0],
                            dims->n[0]);
  if (!rows || !columns || !result || !result->isInOrder)
    return miss("an operand of a product is not in the order of batch, rows, "
                "features, or is the same for all of a batch");
  lookThroughTranspose(*columns);
  product = {op, *rows, *columns};
  return success();
}

bool Matcher::isQuotient(const ScalarAt &weight, ScalarAt &numerator,
                         ScalarAt &denominator) {
  Operation *by = weight.value.getDefiningOp();
  if (isa_and_nonnull<arith::DivFOp>(by)) {
    numerator = tracer.operand(weight, 0);
    denominator = tracer.operand(weight, 1);
    return true;
  }
  if (!isa_and_nonnull<arith::MulFOp>(by))
    return false;
  for (unsigned i : {0, 1}) {
    ScalarAt inverse = tracer.operand(weight, i);
    auto division = inverse.value.getDefiningOp<arith::DivFOp>();
    if (!division || numberOf(division.getLhs()) != 1.0)
      continue;
    numerator = tracer.operand(weight, 1 - i);
    denominator = tracer.operand(inverse, 1);
    return true;
  }
  return false;
}

/// Whether `value` is the larger of accumulator and `other`; sets `other`.
bool isMaximum(Value value, Value accumulator, Value &other) {
  Operation *by = value.getDefiningOp();
  if (isa_and_nonnull<arith::MaximumFOp, arith::MaxNumFOp>(by)) {
    other = by->getOperand(by->getOperand(0) == accumulator ? 1 : 0);
    return llvm::is_contained(by->getOperands(), accumulator);
  }
  auto select = dyn_cast_or_null<arith::SelectOp>(by);
  auto compare =
      select ? select.getCondition().getDefiningOp<arith::CmpFOp>() : nullptr;
  if (!compare || select.getFalseValue() != accumulator ||
      compare.getPredicate() != arith::CmpFPredicate::OGT ||
      compare.getLhs() != select.getTrueValue() ||
      compare.getRhs() != accumulator)
    return false;
  other = select.getTrueValue();
  return true;
}

std::optional<ScalarAt> Matcher::reducedElement(const ScalarAt &scalar,
                                                bool isSum) {
  auto op = scalar.value.getDefiningOp<linalg::LinalgOp>();
  if (!op || op.getNumReductionLoops() != 1)
    return std::nullopt;
  AffineExpr keys = dim(found.rank - 1);
  if (llvm::is_contained(scalar.index, keys))
    return std::nullopt;
  unsigned number = cast<OpResult>(scalar.value).getResultNumber();
  auto loops = loopsAt(op, number, scalar.index, keys);
  auto init = numberOf(op.getDpsInits()[number]);
  if (!loops || !init || (isSum ? *init != 0 : *init > -FLT_MAX))
    return std::nullopt;
  Value accumulator = op.getRegionOutputArgs()[number];
  Value result = op.getBlock()->getTerminator()->getOperand(number), other;
  if (isSum) {
    auto sum = result.getDefiningOp<arith::AddFOp>();
    if (!sum || (sum.getLhs() != accumulator && sum.getRhs() != accumulator))
      return std::nullopt;
    other = sum.getLhs() == accumulator ? sum.getRhs() : sum.getLhs();
  } else if (!isMaximum(result, accumulator, other)) {
    return std::nullopt;
  }
  return tracer.trace({other, *loops});
}

std::optional<ScalarAt> Matcher::findScores(const ScalarAt &weight) {
  if (auto softmax = weight.value.getDefiningOp<linalg::SoftmaxOp>()) {
    if (softmax.getDimension() != found.rank - 1)
      return std::nullopt;
    return tracer.trace({softmax.getInput(), weight.index});
  }
  ScalarAt numerator, denominator;
  if (!isQuotient(weight, numerator, denominator) ||
      !numerator.value.getDefiningOp<math::ExpOp>())
    return std::nullopt;
  std::optional<ScalarAt> summed = reducedElement(denominator, /*isSum=*/true);
  // Written twice, it is the same where its operands are.
  bool isSame = summed && *summed == numerator;
  if (summed && !isSame && summed->value.getDefiningOp<math::ExpOp>())
    isSame = tracer.operand(*summed, 0) == tracer.operand(numerator, 0);
  if (!isSame)
    return std::nullopt;
  ScalarAt shifted = tracer.operand(numerator, 0);
  if (!shifted.value.getDefiningOp<arith::SubFOp>()) {
    reason = "scores are not taken relative to their maximum, so that large "
             "ones overflow";
    return std::nullopt;
  }
  ScalarAt score = tracer.operand(shifted, 0);
  std::optional<ScalarAt> maximum =
      reducedElement(tracer.operand(shifted, 1), /*isSum=*/false);
  if (maximum && *maximum == score)
    return score;
  reason = "what is subtracted from scores is not their maximum";
  return std::nullopt;
}

std::optional<linalg::LinalgOp> Matcher::productOf(const ScalarAt &scalar) {
  Value value = scalar.value;
  for (auto [number, at] : llvm::enumerate(scalar.index))
    if (at != dim(number) &&
        cast<RankedTensorType>(value.getType()).getDimSize(number) != 1)
      return std::nullopt;
  // A folded batch.
  if (auto expand = value.getDefiningOp<tensor::ExpandShapeOp>())
    if (expand.getSrcType().getRank() == 3 && found.rank == 4 &&
        expand.getReassociationIndices()[1].size() == 1)
      value = expand.getSrc();
  auto op = value.getDefiningOp<linalg::LinalgOp>();
  if (!op || !linalg::isaContractionOpInterface(op))
    return std::nullopt;
  return op;
}

bool Matcher::leadsToProduct(const ScalarAt &scalar) {
  if (isa<RankedTensorType>(scalar.value.getType()))
    return productOf(scalar).has_value();
  Operation *by = scalar.value.getDefiningOp();
  return isa_and_nonnull<arith::AddFOp, arith::MulFOp, arith::DivFOp>(by) &&
         (leadsToProduct(tracer.operand(scalar, 0)) ||
          leadsToProduct(tracer.operand(scalar, 1)));
}

/// Whether it is a tensor, read at dimensions of the scores or at one place.
bool isBroadcast(const ScalarAt &scalar) {
  return isa<RankedTensorType>(scalar.value.getType()) &&
         llvm::all_of(scalar.index,
                      llvm::IsaPred<AffineDimExpr, AffineConstantExpr>);
}

LogicalResult Matcher::readSelection(ScalarAt &score) {
  auto select = score.value.getDefiningOp<arith::SelectOp>();
  if (!select)
    return success();
  ScalarAt yes = tracer.operand(score, 1), no = tracer.operand(score, 2);
  ScalarAt condition = tracer.operand(score, 0);
  std::optional<double> hidden = numberOf(no.value);
  found.hidesWhereTrue = !hidden;
  if (!hidden)
    hidden = numberOf(yes.value);
  if (!hidden || *hidden > 0 || !isBroadcast(condition))
    return miss("scores are selected by what is no mask");
  found.mask = condition;
  found.hiddenScore = *hidden;
  score = found.hidesWhereTrue ? no : yes;
  return success();
}

LogicalResult Matcher::readScores(ScalarAt score) {
  if (failed(readSelection(score)))
    return failure();
  while (!isa<RankedTensorType>(score.value.getType())) {
    Operation *by = score.value.getDefiningOp();
    if (!isa_and_nonnull<arith::MulFOp, arith::DivFOp, arith::AddFOp>(by))
      return miss("scores are made by '" +
                  (by ? by->getName().getStringRef() : "an argument") +
                  "', not by a product, a scale and a bias");
    unsigned next = leadsToProduct(tracer.operand(score, 0)) ? 0 : 1;
    ScalarAt other = tracer.operand(score, 1 - next);
    if (isa<arith::AddFOp>(by)) {
      if (found.scale != 1)
        return miss("a bias is multiplied with the scale too");
      if (!isBroadcast(other))
        return miss("what is added to scores is no tensor that broadcasts");
      found.biases.push_back(other);
    } else {
      std::optional<double> number = numberOf(other.value);
      if (!number || !std::isfinite(*number) || *number == 0)
        return miss("scores are scaled by what is no constant");
      if (isa<arith::DivFOp>(by) && next == 1)
        return miss("scores divide a number");
      found.scale *= isa<arith::MulFOp>(by) ? *number : 1 / *number;
    }
    score = tracer.operand(score, next);
  }
  std::optional<linalg::LinalgOp> product = productOf(score);
  if (!product)
    return miss("scores are no product of queries and keys");
  found.scores = score.value;
  return readProduct(*product, found.keys);
}

LogicalResult Matcher::match() {
  linalg::LinalgOp product = found.values.product;
  Value weights = product.getDpsInputs()[0];
  bool isShared = !weights.hasOneUse();
  // A folded batch.
  if (auto collapse = weights.getDefiningOp<tensor::CollapseShapeOp>()) {
    SmallVector<ReassociationIndices> groups =
        collapse.getReassociationIndices();
    if (groups.size() == 3 && groups[1].size() == 1 && groups[2].size() == 1) {
      weights = collapse.getSrc();
      isShared |= !weights.hasOneUse();
    }
  }
  found.rank = cast<RankedTensorType>(weights.getType()).getRank();
  SmallVector<AffineExpr> index;
  for (unsigned i = 0; i < found.rank; ++i)
    index.push_back(dim(i));
  if (found.rank < 2)
    return failure();
  std::optional<ScalarAt> score =
      findScores(tracer.trace({weights, std::move(index)}));
  if (!score)
    return failure();
  if (found.rank > 4)
    return miss("the batch has more than two dimensions");
  if (isShared)
    return miss("the weights are used elsewhere too");
  if (failed(readProduct(product, found.values)))
    return failure();
  if (!found.values.rows.isInOrder)
    return miss("the weights are transposed");
  // Values are [..., keys, features].
  found.values.columns.isInOrder = !found.values.columns.isInOrder;
  if (failed(readScores(*score)))
    return failure();
  lookThroughFolding(found.keys.columns, found.scores);
  lookThroughFolding(found.values.columns, found.scores);
  return success();
}

} // namespace

LogicalResult tfc::raise::matchLinalgAttention(linalg::LinalgOp product,
                                               LinalgAttention &found,
                                               std::string &reason) {
  return Matcher(product, found, reason).match();
}
