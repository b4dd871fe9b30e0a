//===- StreamInputs.cpp - inputs that come strip by strip -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interface.h"
#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_STREAMINPUTSPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

/// Rows of an input that a slice takes: a strip, or one after the other in a
/// loop.
struct Strips {
  tensor::ExtractSliceOp slice;
  /// Counts rows.
  int64_t axis = 0;
  int64_t first = 0, count = 0;
  /// Rows from one turn of the loop to the next, and turns.
  int64_t step = 0, turns = 1;
};

/// Whether `slice` takes all of its source but for rows of `axis`.
bool isStripAlong(tensor::ExtractSliceOp slice, int64_t axis) {
  ArrayRef<int64_t> whole = slice.getSourceType().getShape();
  if (slice.getType().getRank() != slice.getSourceType().getRank() ||
      !slice.getType().hasStaticShape() || !slice.hasUnitStride())
    return false;
  for (auto [d, size] : llvm::enumerate(slice.getType().getShape()))
    if (static_cast<int64_t>(d) != axis &&
        (size != whole[d] || !isZeroInteger(slice.getMixedOffsets()[d])))
      return false;
  return true;
}

/// `iv` times a factor, plus a number.
struct Linear {
  int64_t factor = 0, added = 0;
};

/// What `offset` is of `iv`; factor 0 where it is something else.
Linear linearOf(OpFoldResult offset, Value iv) {
  auto value = dyn_cast<Value>(offset);
  if (!value || value == iv)
    return {value ? 1 : 0, 0};
  auto apply = value.getDefiningOp<affine::AffineApplyOp>();
  if (!apply || apply->getNumOperands() != 1 || apply->getOperand(0) != iv)
    return {};
  Linear result = {1, 0};
  AffineExpr expr = apply.getAffineMap().getResult(0);
  for (AffineExprKind kind : {AffineExprKind::Add, AffineExprKind::Mul}) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
    auto constant = binary && binary.getKind() == kind
                        ? dyn_cast<AffineConstantExpr>(binary.getRHS())
                        : AffineConstantExpr();
    if (!constant)
      continue;
    (kind == AffineExprKind::Add ? result.added : result.factor) =
        constant.getValue();
    expr = binary.getLHS();
  }
  return isa<AffineDimExpr, AffineSymbolExpr>(expr) ? result : Linear();
}

/// The rows that `slice` takes; nothing where it does not take whole rows, the
/// later ones later.
std::optional<Strips> stripsOf(tensor::ExtractSliceOp slice, Block &entry) {
  auto loop = dyn_cast<scf::ForOp>(slice->getParentOp());
  std::optional<int64_t> begin, end, step;
  if (loop) {
    begin = getConstantIntValue(loop.getLowerBound());
    end = getConstantIntValue(loop.getUpperBound());
    step = getConstantIntValue(loop.getStep());
  }
  bool isWalk = loop && loop->getBlock() == &entry && begin == 0 && end &&
                step && *step > 0 && *end % *step == 0;
  if (!isWalk && slice->getBlock() != &entry)
    return std::nullopt;
  for (auto [axis, offset] : llvm::enumerate(slice.getMixedOffsets())) {
    int64_t count = slice.getType().getDimSize(axis);
    if (!isStripAlong(slice, axis))
      continue;
    std::optional<int64_t> number = getConstantIntValue(offset);
    if (!isWalk && number)
      return Strips{slice, static_cast<int64_t>(axis), *number, count, count};
    Linear at = isWalk ? linearOf(offset, loop.getInductionVar()) : Linear();
    if (at.factor > 0)
      return Strips{slice, static_cast<int64_t>(axis), at.added,
                    count, at.factor * *step,          *end / *step};
  }
  return std::nullopt;
}

struct StreamInputsPass
    : public tfc::m7::impl::StreamInputsPassBase<StreamInputsPass> {
  using Base::Base;
  void runOnOperation() override;

private:
  FailureOr<unsigned> findInput(func::FuncOp function);
  FailureOr<SmallVector<Strips>> findStrips(func::FuncOp function,
                                            unsigned number);
  InFlightDiagnostic needsMore(Operation *user, unsigned number) {
    return user->emitError("needs more of input '")
           << nameOf(number)
           << "' than a strip of rows at a time; it cannot be streamed";
  }
  LogicalResult checkOrder(ArrayRef<Strips> strips, unsigned number);
  void stream(func::FuncOp function, unsigned number, ArrayRef<Strips> strips);

  SmallVector<DictionaryAttr> inputs;
  StringRef nameOf(unsigned number) {
    return inputs[number].getAs<StringAttr>("name").getValue();
  }
};

FailureOr<unsigned> StreamInputsPass::findInput(func::FuncOp function) {
  for (unsigned i = 0; i < inputs.size(); ++i)
    if (input.empty() ? inputs.size() == 1 : nameOf(i) == input)
      return i;
  InFlightDiagnostic error = function.emitError();
  if (input.empty())
    error << "which input is to be streamed must be said, as "
             "--input-stream=NAME";
  else
    error << "there is no input '" << input << "' to be streamed";
  error << "; the model has ";
  for (unsigned i = 0; i < inputs.size(); ++i)
    error << (i ? ", '" : "'") << nameOf(i) << "'";
  if (inputs.empty())
    error << "no input";
  return error;
}

FailureOr<SmallVector<Strips>>
StreamInputsPass::findStrips(func::FuncOp function, unsigned number) {
  Value argument = function.getArgument(number);
  bufferization::ToTensorOp whole;
  for (Operation *user : argument.getUsers()) {
    whole = dyn_cast<bufferization::ToTensorOp>(user);
    if (!whole || !argument.hasOneUse())
      return user->emitError("uses input '")
             << nameOf(number) << "' as a buffer; it cannot be streamed";
  }
  if (!whole || whole.getResult().use_empty())
    return function.emitError("input '")
           << nameOf(number) << "' is not used; it cannot be streamed";
  SmallVector<Strips> strips;
  Block &entry = function.getBody().front();
  for (Operation *user : whole.getResult().getUsers()) {
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    std::optional<Strips> own = slice ? stripsOf(slice, entry) : std::nullopt;
    if (!own)
      return needsMore(user, number);
    strips.push_back(*own);
  }
  llvm::sort(strips, [&](const Strips &a, const Strips &b) {
    Operation *first = entry.findAncestorOpInBlock(*a.slice),
              *second = entry.findAncestorOpInBlock(*b.slice);
    return first == second ? a.slice->isBeforeInBlock(b.slice)
                           : first->isBeforeInBlock(second);
  });
  if (failed(checkOrder(strips, number)))
    return failure();
  return strips;
}

/// Each row comes once, from the first on and as many at a time.
LogicalResult StreamInputsPass::checkOrder(ArrayRef<Strips> strips,
                                           unsigned number) {
  const Strips start = strips.front();
  tensor::ExtractSliceOp before = start.slice;
  for (int64_t next = 0; !strips.empty();) {
    // Those of one loop follow one another in each of its turns.
    Operation *parent = strips.front().slice->getParentOp();
    bool isLoop = isa<scf::ForOp>(parent);
    ArrayRef<Strips> turn = strips.take_while([&](const Strips &own) {
      return isLoop && own.slice->getParentOp() == parent;
    });
    turn = strips.take_front(std::max<size_t>(turn.size(), 1));
    for (auto [i, own] : llvm::enumerate(turn)) {
      tensor::ExtractSliceOp slice = own.slice;
      int64_t expected = next + static_cast<int64_t>(i) * own.count;
      if (own.step != own.count * static_cast<int64_t>(turn.size()))
        return needsMore(slice, number);
      if (next == 0 && i == 0 && own.first != expected)
        return slice->emitError("begins with row ")
               << own.first << " of input '" << nameOf(number)
               << "'; it cannot be streamed";
      if (own.first != expected || own.axis != start.axis) {
        InFlightDiagnostic error = slice->emitError("reads input '");
        error << nameOf(number) << "' once more; it cannot be streamed";
        error.attachNote(before.getLoc()) << "after this";
        return error;
      }
      if (own.count != start.count)
        return slice->emitError("takes ")
               << own.count << " rows of input '" << nameOf(number)
               << "' at a time, after " << start.count
               << "; it cannot be streamed";
    }
    next += turn.front().step * turn.front().turns;
    strips = strips.drop_front(turn.size());
  }
  return success();
}

void StreamInputsPass::stream(func::FuncOp function, unsigned number,
                              ArrayRef<Strips> strips) {
  tensor::ExtractSliceOp any = strips.front().slice;
  const int64_t axis = strips.front().axis;
  RankedTensorType type = any.getType();
  Block &block = function.getBody().front();
  Operation *whole = any.getSource().getDefiningOp();
  Value context =
      block.insertArgument(number, contextType(&getContext()), any.getLoc());
  Value rows = block.insertArgument(number, rowsType(type), any.getLoc());
  for (const Strips &own : strips) {
    tensor::ExtractSliceOp slice = own.slice;
    Location loc = slice.getLoc();
    OpBuilder b(slice);
    Value first =
        getValueOrCreateConstantIndexOp(b, loc, slice.getMixedOffsets()[axis]);
    Value init =
        tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
    auto read = ReadRowsOp::create(b, loc, type, rows, context, first, init,
                                   b.getI64IntegerAttr(axis));
    slice.replaceAllUsesWith(read.getResult());
    slice.erase();
  }
  whole->erase();
  block.eraseArgument(number + 2);
  OpBuilder b(&getContext());
  function.setFunctionType(b.getFunctionType(
      block.getArgumentTypes(), function.getFunctionType().getResults()));
  NamedAttrList described(inputs[number]);
  described.set("strip_axis", b.getI64IntegerAttr(axis));
  described.set("strip_rows", b.getI64IntegerAttr(type.getDimSize(axis)));
  inputs[number] = described.getDictionary(&getContext());
}

void StreamInputsPass::runOnOperation() {
  auto function = getOperation().lookupSymbol<func::FuncOp>(computeName);
  auto interface =
      getOperation()->getAttrOfType<DictionaryAttr>("m7.interface");
  if (!function || !interface) {
    getOperation().emitError("expected the model's function in buffers");
    return signalPassFailure();
  }
  inputs = llvm::to_vector(
      interface.getAs<ArrayAttr>("inputs").getAsRange<DictionaryAttr>());
  FailureOr<unsigned> number = findInput(function);
  if (failed(number))
    return signalPassFailure();
  FailureOr<SmallVector<Strips>> strips = findStrips(function, *number);
  if (failed(strips))
    return signalPassFailure();
  stream(function, *number, *strips);
  Builder b(&getContext());
  NamedAttrList described(interface);
  described.set("inputs", b.getArrayAttr(SmallVector<Attribute>(inputs.begin(),
                                                                inputs.end())));
  getOperation()->setAttr("m7.interface",
                          described.getDictionary(&getContext()));
}

} // namespace
