//===- PackTokens.cpp - batches without padding -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskValues.h"
#include "TokenIndex.h"
#include "TokenLayout.h"
#include "tfc/Passes/Optimize/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace tfc::optimize {
#define GEN_PASS_DEF_PACKTOKENSPASS
#include "tfc/Passes/Optimize/Passes.h.inc"
} // namespace tfc::optimize

using namespace mlir;
using namespace tfc;
using namespace tfc::optimize;

namespace {

class TokenPacker {
public:
  TokenPacker(func::FuncOp function, Value mask, TokenIndex index,
              IRRewriter &rewriter)
      : function(function), mask(mask), layout(function, mask),
        index(std::move(index)), b(rewriter) {}

  /// Computes what attention leads to for the tokens alone.
  LogicalResult run();

private:
  /// `value` for the tokens alone.
  Value get(Value value);
  /// An operand whose dimensions, where not less than 0, count those.
  Value getOperand(Value value, int64_t batch, int64_t token);
  Value getInit(Value init, TokenDims dims);
  LogicalResult pack(Operation *op);
  SmallVector<Value> operandsOf(Operation *op, TokenDims result);
  SmallVector<OpFoldResult> packedSizes(ArrayRef<OpFoldResult> sizes,
                                        TokenDims dims);
  Value clone(Operation *op, TokenDims result);
  LogicalResult checkAttention(attn::AttentionOp op);
  LogicalResult leave(OpOperand &use);
  bool mayReadZeros(OpOperand &use);
  bool isZeroWithoutToken(Value value);

  func::FuncOp function;
  Value mask;
  TokenLayout layout;
  TokenIndex index;
  IRRewriter &b;
  IRMapping packed, unpacked;
  /// Whose results are packed because an attention leads to them.
  SetVector<Operation *> replaced;
};

} // namespace

Value TokenPacker::get(Value value) {
  if (Value known = packed.lookupOrNull(value))
    return known;
  std::optional<TokenDims> dims = layout.of(value);
  Operation *op = value.getDefiningOp();
  OpBuilder::InsertionGuard guard(b);
  if (op && op->getNumRegions() <= 1 && layout.ofResult(op) &&
      !isa<attn::AttentionOp>(op)) {
    b.setInsertionPointAfter(op);
    clone(op, *dims);
    return packed.lookup(value);
  }
  // All that follow may use it.
  b.setInsertionPointAfterValue(op ? value : index.bounds);
  Value result = index.pack(b, value.getLoc(), value, dims->batch, dims->token);
  packed.map(value, result);
  return result;
}

Value TokenPacker::getOperand(Value value, int64_t batch, int64_t token) {
  std::optional<TokenDims> dims = layout.of(value);
  if (dims && dims->batch == batch && dims->token == token)
    return get(value);
  if (batch < 0 && token < 0)
    return value;
  return index.pack(b, value.getLoc(), value, batch, token);
}

SmallVector<OpFoldResult> TokenPacker::packedSizes(ArrayRef<OpFoldResult> sizes,
                                                   TokenDims dims) {
  SmallVector<OpFoldResult> result(sizes);
  result[dims.batch] = b.getIndexAttr(1);
  result[dims.token] = index.count;
  return result;
}

Value TokenPacker::getInit(Value init, TokenDims dims) {
  auto empty = [&](Value like) -> Value {
    return tensor::EmptyOp::create(
        b, init.getLoc(),
        packedSizes(tensor::getMixedSizes(b, init.getLoc(), like), dims),
        cast<ShapedType>(init.getType()).getElementType());
  };
  if (init.getDefiningOp<tensor::EmptyOp>())
    return empty(init);
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    return linalg::FillOp::create(b, init.getLoc(), fill.getInputs()[0],
                                  empty(init))
        .getResult(0);
  return getOperand(init, dims.batch, dims.token);
}

SmallVector<Value> TokenPacker::operandsOf(Operation *op, TokenDims result) {
  SmallVector<Value> operands;
  auto linalg = dyn_cast<linalg::LinalgOp>(op);
  auto style = dyn_cast<DestinationStyleOpInterface>(op);
  TokenDims loops = linalg ? *layout.loopsOf(linalg) : TokenDims{-1, -1};
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    if (!isa<RankedTensorType>(value.getType())) {
      operands.push_back(value);
    } else if (style && style.isDpsInit(&operand)) {
      operands.push_back(getInit(value, result));
    } else if (linalg) {
      TokenDims at{-1, -1};
      for (auto [place, expr] : llvm::enumerate(
               linalg.getMatchingIndexingMap(&operand).getResults()))
        if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
          int64_t loop = dim.getPosition();
          if (loop == loops.batch)
            at.batch = place;
          if (loop == loops.token)
            at.token = place;
        }
      operands.push_back(getOperand(value, at.batch, at.token));
    } else if (isa<attn::RopeOp>(op) && operand.getOperandNumber() > 0) {
      // Angles of a place, which may differ between batches.
      auto shape = cast<ShapedType>(value.getType()).getShape();
      operands.push_back(
          getOperand(value, shape[0] == 1 ? -1 : 0, shape[2] == 1 ? -1 : 2));
    } else if (layout.of(value)) {
      operands.push_back(get(value));
    } else {
      operands.push_back(value);
    }
  }
  return operands;
}

/// `op` on the tokens alone.
Value TokenPacker::clone(Operation *op, TokenDims result) {
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[result.batch] = 1;
  shape[result.token] = ShapedType::kDynamic;
  auto packedType = RankedTensorType::get(shape, type.getElementType());
  Value value;
  if (auto view = dyn_cast<tensor::ExpandShapeOp>(op)) {
    value = tensor::ExpandShapeOp::create(
        b, loc, packedType, get(view.getSrc()), view.getReassociationIndices(),
        packedSizes(view.getMixedOutputShape(), result));
  } else if (auto view = dyn_cast<tensor::CollapseShapeOp>(op)) {
    value = tensor::CollapseShapeOp::create(
        b, loc, packedType, get(view.getSrc()), view.getReassociationIndices());
  } else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    value = tensor::ExtractSliceOp::create(
        b, loc, packedType, get(slice.getSource()), slice.getMixedOffsets(),
        packedSizes(slice.getMixedSizes(), result), slice.getMixedStrides());
  } else if (auto attention = dyn_cast<attn::AttentionOp>(op)) {
    auto sequences = attn::AttentionOp::create(
        b, loc, get(attention.getQuery()), get(attention.getKey()),
        get(attention.getValue()), getInit(attention.getInit(), result),
        attention.getScale().convertToDouble());
    sequences.setCausal(attention.getCausal());
    sequences.setSoftcapAttr(attention.getSoftcapAttr());
    sequences.getSequencesMutable().assign(index.bounds);
    sequences->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    value = sequences.getResult();
  } else {
    SmallVector<Value> operands = operandsOf(op, result);
    Operation *copy = b.clone(*op);
    copy->setOperands(operands);
    copy->getResult(0).setType(packedType);
    value = copy->getResult(0);
  }
  packed.map(op->getResult(0), value);
  return value;
}

/// What hides keys besides the mask would count places that are not there any
/// more.
LogicalResult TokenPacker::checkAttention(attn::AttentionOp op) {
  auto refuse = [&](const Twine &reason) {
    return op.emitError("batches without padding: ") << reason;
  };
  MaskValues values(mask);
  SmallVector<Value> hiding;
  for (Value operand : {op.getBias(), op.getMask()})
    if (operand)
      hiding.push_back(operand);
  if (hiding.empty())
    return refuse("it attends to all tokens, whatever the mask says");
  for (Value operand : hiding)
    if (!hidesMaskedKeys(values, operand))
      return refuse("its mask or bias is more than the mask of the input, or "
                    "another");
  if (op.getScore() != attn::ScoreFunction::Softmax || op.getTop() ||
      op.getMaskBlock() || op.getKeyLengths() || op.getQueryOffset() ||
      op.getLeftWindow() || op.getRightWindow() || op.getGlobal() ||
      op.getKeyBlocks())
    return refuse("it is no plain attention by softmax");
  return success();
}

LogicalResult TokenPacker::pack(Operation *op) {
  std::optional<TokenDims> dims =
      op->getNumResults() == 1 ? layout.ofResult(op) : std::nullopt;
  if (!dims)
    return success();
  if (auto attention = dyn_cast<attn::AttentionOp>(op))
    if (failed(checkAttention(attention)))
      return failure();
  b.setInsertionPoint(op);
  clone(op, *dims);
  replaced.insert(op);
  return success();
}

/// Whether an element is 0 where the mask is, a factor being so.
bool TokenPacker::isZeroWithoutToken(Value value) {
  auto op = value.getDefiningOp<linalg::GenericOp>();
  std::optional<TokenDims> dims = layout.of(value);
  if (!op || !dims ||
      !llvm::hasSingleElement(op.getBody()->without_terminator()))
    return false;
  auto product = dyn_cast<arith::MulFOp>(op.getBody()->front());
  if (!product)
    return false;
  AffineMap result = op.getIndexingMapMatchingResult(op->getResult(0));
  AffineExpr batch = result.getResult(dims->batch),
             token = result.getResult(dims->token);
  return llvm::any_of(product->getOperands(), [&](Value factor) {
    auto argument = dyn_cast<BlockArgument>(factor);
    if (!argument || argument.getOwner() != op.getBody())
      return false;
    OpOperand *operand = op.getMatchingOpOperand(argument);
    MaskValues values(mask);
    auto zero = dyn_cast_if_present<FloatAttr>(values.at(
        operand->get(), op.getMatchingIndexingMap(operand).getResults(), batch,
        token, 0));
    return zero && zero.getValue().isZero();
  });
}

/// Whether it makes no difference, to what is computed for tokens, that there
/// are zeros where others were.
bool TokenPacker::mayReadZeros(OpOperand &use) {
  Operation *op = use.getOwner();
  if (isa<func::ReturnOp, tensor::DimOp>(op))
    return true;
  TokenDims dims = *layout.of(use.get());
  // A token by its place: what comes of it where there is none, comes of zero.
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return isOneInteger(slice.getMixedSizes()[dims.token]);
  auto linalg = dyn_cast<linalg::LinalgOp>(op);
  if (!linalg || linalg.isDpsInit(&use))
    return false;
  bool isSum = llvm::any_of(linalg.getBlock()->without_terminator(),
                            [](Operation &inner) {
                              return isa<arith::AddFOp>(inner);
                            }) &&
               llvm::hasSingleElement(linalg.getBlock()->without_terminator());
  return isSum && isZeroWithoutToken(use.get());
}

LogicalResult TokenPacker::leave(OpOperand &use) {
  Operation *op = use.getOwner();
  Value value = use.get();
  TokenDims dims = *layout.of(value);
  if (!mayReadZeros(use))
    return op->emitError("batches without padding: it reads tokens that "
                         "attention leads to otherwise than token by token, "
                         "and would see the padding gone");
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> place = dim.getConstantIndex();
    b.setInsertionPoint(op);
    if (place == dims.batch || place == dims.token)
      b.replaceOp(
          op, getValueOrCreateConstantIndexOp(
                  b, op->getLoc(), index.sizes[place == dims.batch ? 0 : 1]));
    else
      use.set(packed.lookup(value));
    return success();
  }
  Value whole = unpacked.lookupOrNull(value);
  if (!whole) {
    Value tokens = packed.lookup(value);
    b.setInsertionPointAfterValue(tokens);
    whole = index.unpack(b, value.getLoc(), tokens,
                         cast<RankedTensorType>(value.getType()), dims.batch,
                         dims.token);
    unpacked.map(value, whole);
  }
  use.set(whole);
  return success();
}

LogicalResult TokenPacker::run() {
  SmallVector<Operation *> ops;
  for (Operation &op : function.front())
    ops.push_back(&op);
  for (Operation *op : ops) {
    bool follows = llvm::any_of(op->getOperands(), [&](Value value) {
      return replaced.contains(value.getDefiningOp());
    });
    if (!follows && !isa<attn::AttentionOp>(op))
      continue;
    if (failed(pack(op)))
      return failure();
  }
  for (Operation *op : replaced) {
    for (OpOperand &use : llvm::make_early_inc_range(op->getUses()))
      if (!replaced.contains(use.getOwner()) && failed(leave(use)))
        return failure();
  }
  for (Operation *op : llvm::reverse(replaced))
    b.eraseOp(op);
  return success();
}

namespace {

struct PackTokensPass
    : public optimize::impl::PackTokensPassBase<PackTokensPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration() || !function.getBody().hasOneBlock())
      return;
    FailureOr<Value> mask = findMask();
    if (failed(mask))
      return signalPassFailure();
    auto argument = cast<BlockArgument>(*mask);
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                      "tfc.name");
    IRRewriter rewriter(&getContext());
    rewriter.setInsertionPointToStart(&function.front());
    TokenIndex index(rewriter, argument.getLoc(), argument,
                     name ? name.getValue() : "");
    if (failed(TokenPacker(function, argument, index, rewriter).run()))
      signalPassFailure();
  }

private:
  /// The input that says which keys the first attention sees.
  FailureOr<Value> findMask() {
    func::FuncOp function = getOperation();
    MaskValues values;
    for (auto op : function.getOps<attn::AttentionOp>())
      for (Value operand : {op.getBias(), op.getMask()})
        if (operand && hidesMaskedKeys(values, operand) &&
            values.input().getParentBlock() == &function.front())
          return values.input();
    function.emitError("batches without padding: no attention has a mask that "
                       "an input of ones and zeros, [batch, tokens], is made "
                       "to");
    return failure();
  }
};

} // namespace
