//===- EntryPoint.cpp - a model's function in buffers -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interface.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_ENTRYPOINTPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

struct EntryPointPass
    : public tfc::m7::impl::EntryPointPassBase<EntryPointPass> {
  void runOnOperation() override;

private:
  FailureOr<func::FuncOp> findEntry();
  LogicalResult checkTensor(func::FuncOp entry, Type type, DictionaryAttr attrs,
                            StringRef what, unsigned number);
  LogicalResult checkSignature(func::FuncOp entry);
  LogicalResult checkBody(func::FuncOp entry);
  Attribute describe(Type type, DictionaryAttr attrs, StringRef what,
                     unsigned number);
  void bind(func::FuncOp entry);
};

std::string nameOf(DictionaryAttr attrs, StringRef what, unsigned number) {
  auto name = attrs ? attrs.getAs<StringAttr>("tfc.name") : StringAttr();
  return name ? name.str() : (what + Twine(number)).str();
}

FailureOr<func::FuncOp> EntryPointPass::findEntry() {
  func::FuncOp found;
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    if (function.isDeclaration() || function.isPrivate())
      continue;
    if (found)
      return function.emitError("expected one public function, found a second");
    found = function;
  }
  if (!found)
    return getOperation().emitError("expected a public function");
  if (!llvm::hasSingleElement(found.getBody()))
    return found.emitError("expected one block");
  return found;
}

LogicalResult EntryPointPass::checkTensor(func::FuncOp entry, Type type,
                                          DictionaryAttr attrs, StringRef what,
                                          unsigned number) {
  std::string name = nameOf(attrs, what, number);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || elementTypeName(tensor.getElementType(), 0).empty())
    return entry.emitError("the cortex-m7 target cannot pass ")
           << what << " '" << name << "' of type " << type
           << "; it takes f32, i1, i8, i16, i32 and i64";
  if (tensor.hasStaticShape())
    return success();
  std::string open, sizes;
  auto dims = attrs ? attrs.getAs<ArrayAttr>("tfc.dims") : ArrayAttr();
  for (auto [d, size] : llvm::enumerate(tensor.getShape())) {
    sizes += d ? "x" : "";
    if (!ShapedType::isDynamic(size)) {
      sizes += std::to_string(size);
      continue;
    }
    StringRef symbol = dims ? cast<StringAttr>(dims[d]).getValue() : "";
    sizes += "N";
    open += (open.empty() ? "" : ", ") + (symbol.empty()
                                              ? "dimension " + std::to_string(d)
                                              : "'" + symbol.str() + "'");
  }
  InFlightDiagnostic error = entry.emitError();
  error << what << " '" << name << "' has open sizes (" << open
        << "); the cortex-m7 target needs every size";
  if (what == "input")
    error << ": fix them with --shape " << name << "=" << sizes;
  return error;
}

LogicalResult EntryPointPass::checkSignature(func::FuncOp entry) {
  bool ok = true;
  for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes()))
    ok &= succeeded(
        checkTensor(entry, type, entry.getArgAttrDict(i), "input", i));
  // Open outputs follow from open inputs.
  if (!ok)
    return failure();
  for (auto [i, type] : llvm::enumerate(entry.getResultTypes()))
    ok &= succeeded(
        checkTensor(entry, type, entry.getResultAttrDict(i), "output", i));
  return success(ok);
}

/// Double precision is left to a library that bare metal has not.
LogicalResult EntryPointPass::checkBody(func::FuncOp entry) {
  bool ok = true;
  entry.walk([&](Operation *op) {
    bool isDouble = llvm::any_of(op->getResultTypes(), [](Type type) {
      return getElementTypeOrSelf(type).isF64();
    });
    // One message a chain of operations: where double precision begins.
    bool isFirst = llvm::none_of(op->getOperandTypes(), [](Type type) {
      return getElementTypeOrSelf(type).isF64();
    });
    if (!isDouble || !isFirst || op->hasTrait<OpTrait::ConstantLike>())
      return;
    op->emitError(
        "computes in double precision, for which the Cortex-M7 with a "
        "single precision FPU has no instructions");
    ok = false;
  });
  return success(ok);
}

Attribute EntryPointPass::describe(Type type, DictionaryAttr attrs,
                                   StringRef what, unsigned number) {
  Builder b(&getContext());
  auto tensor = cast<RankedTensorType>(type);
  auto kind = attrs ? attrs.getAs<IntegerAttr>("tfc.type") : IntegerAttr();
  NamedAttrList entries;
  entries.set("name", b.getStringAttr(nameOf(attrs, what, number)));
  entries.set("element",
              b.getStringAttr(elementTypeName(tensor.getElementType(),
                                              kind ? kind.getInt() : 0)));
  entries.set("dims", b.getDenseI64ArrayAttr(tensor.getShape()));
  auto scale = attrs ? attrs.getAs<FloatAttr>("tfc.scale") : FloatAttr();
  auto zero = attrs ? attrs.getAs<IntegerAttr>("tfc.zero") : IntegerAttr();
  if (scale && zero) {
    entries.set("scale", scale);
    entries.set("zero", zero);
  }
  return entries.getDictionary(&getContext());
}

void EntryPointPass::bind(func::FuncOp entry) {
  Block &block = entry.getBody().front();
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  SmallVector<Type> types;
  OpBuilder b = OpBuilder::atBlockBegin(&block);
  unsigned inputs = block.getNumArguments();
  for (unsigned i = 0; i < inputs; ++i) {
    BlockArgument argument = block.getArgument(i);
    auto type = cast<RankedTensorType>(argument.getType());
    auto buffer = MemRefType::get(type.getShape(), type.getElementType());
    types.push_back(buffer);
    argument.setType(buffer);
    // Inputs are only read, so two of them may be one buffer.
    auto tensor = bufferization::ToTensorOp::create(b, argument.getLoc(), type,
                                                    argument, /*restrict=*/true,
                                                    /*writable=*/false);
    argument.replaceAllUsesExcept(tensor, tensor);
  }
  b.setInsertionPoint(ret);
  for (Value result : ret.getOperands()) {
    auto type = cast<RankedTensorType>(result.getType());
    auto buffer = MemRefType::get(type.getShape(), type.getElementType());
    types.push_back(buffer);
    Value argument = block.addArgument(buffer, ret.getLoc());
    bufferization::MaterializeInDestinationOp::create(
        b, ret.getLoc(), TypeRange(), result, argument, /*restrict=*/true,
        /*writable=*/true);
  }
  Value ok = arith::ConstantIntOp::create(b, ret.getLoc(), 0, 32);
  func::ReturnOp::create(b, ret.getLoc(), ok);
  ret.erase();
  entry.removeArgAttrsAttr();
  entry.removeResAttrsAttr();
  entry.setFunctionType(b.getFunctionType(types, b.getI32Type()));
  entry.setSymName(computeName);
}

void EntryPointPass::runOnOperation() {
  FailureOr<func::FuncOp> entry = findEntry();
  if (failed(entry) || failed(checkSignature(*entry)) ||
      failed(checkBody(*entry)))
    return signalPassFailure();
  Builder b(&getContext());
  SmallVector<Attribute> inputs, outputs;
  for (auto [i, type] : llvm::enumerate(entry->getArgumentTypes()))
    inputs.push_back(describe(type, entry->getArgAttrDict(i), "input", i));
  for (auto [i, type] : llvm::enumerate(entry->getResultTypes()))
    outputs.push_back(describe(type, entry->getResultAttrDict(i), "output", i));
  getOperation()->setAttr(
      "m7.interface",
      b.getDictionaryAttr(
          {b.getNamedAttr("inputs", b.getArrayAttr(inputs)),
           b.getNamedAttr("outputs", b.getArrayAttr(outputs))}));
  bind(*entry);
}

} // namespace
