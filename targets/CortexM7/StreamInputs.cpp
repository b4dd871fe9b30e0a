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

/// The slice that walks an input, and the dimension along which it does.
struct Walk {
  tensor::ExtractSliceOp slice;
  int64_t axis = 0;
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

/// How many times `iv` `offset` is; 0 where it is something else.
int64_t timesOf(OpFoldResult offset, Value iv) {
  auto value = dyn_cast<Value>(offset);
  if (!value || value == iv)
    return value ? 1 : 0;
  auto apply = value.getDefiningOp<affine::AffineApplyOp>();
  if (!apply || apply->getNumOperands() != 1 || apply->getOperand(0) != iv)
    return 0;
  auto product =
      dyn_cast<AffineBinaryOpExpr>(apply.getAffineMap().getResult(0));
  if (!product || product.getKind() != AffineExprKind::Mul ||
      !isa<AffineDimExpr, AffineSymbolExpr>(product.getLHS()))
    return 0;
  auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
  return factor ? factor.getValue() : 0;
}

/// The dimension of `slice` that the loop around it walks from the first row
/// on, each row once; nothing where it does otherwise.
std::optional<int64_t> axisOf(tensor::ExtractSliceOp slice, Block &entry) {
  auto loop = dyn_cast<scf::ForOp>(slice->getParentOp());
  if (!loop || loop->getBlock() != &entry)
    return std::nullopt;
  std::optional<int64_t> begin = getConstantIntValue(loop.getLowerBound()),
                         end = getConstantIntValue(loop.getUpperBound()),
                         step = getConstantIntValue(loop.getStep());
  if (begin != 0 || !end || !step || *step <= 0 || *end % *step != 0)
    return std::nullopt;
  for (auto [axis, offset] : llvm::enumerate(slice.getMixedOffsets())) {
    int64_t times = timesOf(offset, loop.getInductionVar());
    if (times > 0 && times * *step == slice.getType().getDimSize(axis) &&
        isStripAlong(slice, axis))
      return axis;
  }
  return std::nullopt;
}

struct StreamInputsPass
    : public tfc::m7::impl::StreamInputsPassBase<StreamInputsPass> {
  using Base::Base;
  void runOnOperation() override;

private:
  FailureOr<unsigned> findInput(func::FuncOp function);
  FailureOr<Walk> findWalk(func::FuncOp function, unsigned number);
  void stream(func::FuncOp function, unsigned number, Walk walk);

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

FailureOr<Walk> StreamInputsPass::findWalk(func::FuncOp function,
                                           unsigned number) {
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
  Walk walk;
  for (Operation *user : whole.getResult().getUsers()) {
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    std::optional<int64_t> axis =
        slice ? axisOf(slice, function.getBody().front()) : std::nullopt;
    if (!axis)
      return user->emitError("needs more of input '")
             << nameOf(number)
             << "' than a strip of rows at a time; it cannot be streamed";
    if (walk.slice) {
      InFlightDiagnostic error = user->emitError("reads input '");
      error << nameOf(number) << "' once more; it cannot be streamed";
      error.attachNote(walk.slice.getLoc()) << "after this";
      return error;
    }
    walk = {slice, *axis};
  }
  return walk;
}

void StreamInputsPass::stream(func::FuncOp function, unsigned number,
                              Walk walk) {
  tensor::ExtractSliceOp slice = walk.slice;
  RankedTensorType type = slice.getType();
  Location loc = slice.getLoc();
  OpBuilder b(slice);
  Block &block = function.getBody().front();
  Operation *whole = slice.getSource().getDefiningOp();
  Value context = block.insertArgument(number, contextType(&getContext()), loc);
  Value rows = block.insertArgument(number, rowsType(type), loc);
  Value first = getValueOrCreateConstantIndexOp(
      b, loc, slice.getMixedOffsets()[walk.axis]);
  Value init =
      tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
  auto read = ReadRowsOp::create(b, loc, type, rows, context, first, init,
                                 b.getI64IntegerAttr(walk.axis));
  slice.replaceAllUsesWith(read.getResult());
  slice.erase();
  whole->erase();
  block.eraseArgument(number + 2);
  function.setFunctionType(b.getFunctionType(
      block.getArgumentTypes(), function.getFunctionType().getResults()));
  NamedAttrList described(inputs[number]);
  described.set("strip_axis", b.getI64IntegerAttr(walk.axis));
  described.set("strip_rows", b.getI64IntegerAttr(type.getDimSize(walk.axis)));
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
  FailureOr<Walk> walk = findWalk(function, *number);
  if (failed(walk))
    return signalPassFailure();
  stream(function, *number, *walk);
  Builder b(&getContext());
  NamedAttrList described(interface);
  described.set("inputs", b.getArrayAttr(SmallVector<Attribute>(inputs.begin(),
                                                                inputs.end())));
  getOperation()->setAttr("m7.interface",
                          described.getDictionary(&getContext()));
}

} // namespace
