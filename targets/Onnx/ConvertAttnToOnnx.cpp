//===- ConvertAttnToOnnx.cpp - from attn to the onnx dialect ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementFunctions.h"
#include "Patterns.h"

#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Import/ElementTypes.h"
#include "tfc/Target/Onnx/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace tfc::toonnx {
#define GEN_PASS_DEF_CONVERTATTNTOONNXPASS
#include "tfc/Target/Onnx/Passes.h.inc"
} // namespace tfc::toonnx

using namespace mlir;
using namespace tfc;
using namespace tfc::toonnx;

namespace {

struct ConvertAttnToOnnxPass
    : public toonnx::impl::ConvertAttnToOnnxPassBase<ConvertAttnToOnnxPass> {
  void runOnOperation() override {
    OpPassManager before(ModuleOp::getOperationName());
    before.addPass(createPrepareForOnnxPass());
    before.addPass(createCanonicalizerPass());
    before.addPass(createCSEPass());
    before.addPass(createPrepareForOnnxPass());
    before.addPass(createCanonicalizerPass());
    // What nobody reads has no name yet, and would make no valid file.
    OpPassManager after(ModuleOp::getOperationName());
    after.addPass(createSimplifyNodesPass());
    if (failed(runPipeline(before, getOperation())) ||
        failed(convertInterface()) || failed(convert()) ||
        failed(runPipeline(after, getOperation())))
      return signalPassFailure();
    describeModule();
  }

private:
  LogicalResult convertInterface();
  FailureOr<Type> typeOfArgument(func::FuncOp function, Type type,
                                 DictionaryAttr attributes);
  LogicalResult convert();
  LogicalResult reportRest(const Refusals &refusals);
  void describeModule();
};

/// The type that the model states, whose integers may have no sign; here none
/// have one.
FailureOr<Type>
ConvertAttnToOnnxPass::typeOfArgument(func::FuncOp function, Type type,
                                      DictionaryAttr attributes) {
  auto name = attributes ? attributes.getAs<StringAttr>("tfc.name") : nullptr;
  auto kind = attributes ? attributes.getAs<IntegerAttr>("tfc.type") : nullptr;
  RankedTensorType tensor = tensorTypeFor(type);
  if (!tensor || !isa<RankedTensorType>(type))
    return function.emitError("'")
           << (name ? name.getValue() : "") << "' is no tensor of ONNX";
  Type stated = kind ? elementType(&getContext(), kind.getInt()) : Type();
  Type element = tensor.getElementType();
  if (!stated || stated == element)
    return Type(tensor);
  bool isSameWidth =
      isa<IntegerType>(stated) && isa<IntegerType>(element) &&
      stated.getIntOrFloatBitWidth() == element.getIntOrFloatBitWidth();
  if (!isSameWidth)
    return function.emitError("'")
           << (name ? name.getValue() : "") << "': its element type "
           << elementTypeName(kind.getInt()) << " is computed as " << element
           << ", which has no form";
  return Type(tensor.clone(stated));
}

/// tfc.name and tfc.dims to what the onnx dialect has.
static DictionaryAttr describe(DictionaryAttr attributes, OpBuilder &b) {
  NamedAttrList list;
  if (attributes) {
    if (Attribute name = attributes.get("tfc.name"))
      list.set("onnx.name", name);
    if (Attribute dims = attributes.get("tfc.dims"))
      list.set("onnx.dims", dims);
  }
  return list.getDictionary(b.getContext());
}

LogicalResult ConvertAttnToOnnxPass::convertInterface() {
  auto functions = getOperation().getOps<func::FuncOp>();
  if (!llvm::hasSingleElement(functions) ||
      !llvm::hasSingleElement((*functions.begin()).getBody()))
    return getOperation().emitError("expected one function of one block");
  func::FuncOp function = *functions.begin();
  Block &block = function.getBody().front();
  OpBuilder b = OpBuilder::atBlockBegin(&block);
  NodeBuilder nb(b, function.getLoc());
  SmallVector<Attribute> arguments, results;
  for (BlockArgument argument : block.getArguments()) {
    DictionaryAttr attributes =
        function.getArgAttrDict(argument.getArgNumber());
    Type inner = argument.getType();
    FailureOr<Type> type = typeOfArgument(function, inner, attributes);
    if (failed(type))
      return failure();
    arguments.push_back(describe(attributes, b));
    if (*type == inner)
      continue;
    argument.setType(*type);
    Value cast = nb.cast(argument, getElementTypeOrSelf(inner));
    argument.replaceAllUsesExcept(cast, cast.getDefiningOp());
  }
  Operation *end = block.getTerminator();
  b.setInsertionPoint(end);
  for (auto [i, operand] : llvm::enumerate(end->getOpOperands())) {
    DictionaryAttr attributes = function.getResultAttrDict(i);
    FailureOr<Type> type =
        typeOfArgument(function, operand.get().getType(), attributes);
    if (failed(type))
      return failure();
    results.push_back(describe(attributes, b));
    operand.set(nb.cast(operand.get(), getElementTypeOrSelf(*type)));
  }
  function.setType(
      b.getFunctionType(block.getArgumentTypes(), end->getOperandTypes()));
  function.setAllArgAttrs(arguments);
  function.setAllResultAttrs(results);
  return success();
}

/// Says of each operation that is left why it is.
LogicalResult ConvertAttnToOnnxPass::reportRest(const Refusals &refusals) {
  bool failedAny = false;
  getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ModuleOp, func::FuncOp, func::ReturnOp, onnx::NodeOp,
            onnx::InitializerOp, onnx::AbsentOp, onnx::YieldOp,
            UnrealizedConversionCastOp>(op))
      return WalkResult::advance();
    failedAny = true;
    InFlightDiagnostic error = op->emitError("'")
                               << op->getName() << "' has no form in ONNX";
    if (auto reason = refusals.find(op); reason != refusals.end())
      error << ": " << reason->second;
    // What is inside of it is left for the same reason.
    return WalkResult::skip();
  });
  return failure(failedAny);
}

LogicalResult ConvertAttnToOnnxPass::convert() {
  TypeConverter types;
  types.addConversion([](Type type) -> std::optional<Type> {
    if (RankedTensorType tensor = tensorTypeFor(type))
      return Type(tensor);
    return std::nullopt;
  });
  auto materialize = [](OpBuilder &b, Type type, ValueRange inputs,
                        Location loc) -> Value {
    return UnrealizedConversionCastOp::create(b, loc, type, inputs)
        .getResult(0);
  };
  types.addSourceMaterialization(materialize);
  types.addTargetMaterialization(materialize);
  Refusals refusals;
  RewritePatternSet patterns(&getContext());
  populateAttnPatterns(types, patterns, refusals);
  populateGenericPatterns(types, patterns, refusals);
  populateScalarPatterns(types, patterns, refusals);
  populateTensorPatterns(types, patterns, refusals);
  populateSlicePatterns(types, patterns, refusals);
  populateControlPatterns(types, patterns, refusals);
  ConversionTarget target(getContext());
  target.addLegalDialect<onnx::OnnxDialect, func::FuncDialect>();
  target.addLegalOp<ModuleOp, UnrealizedConversionCastOp>();
  if (failed(
          applyPartialConversion(getOperation(), target, std::move(patterns))))
    return failure();
  return reportRest(refusals);
}

/// The first version in which `node` is as it is meant. All others that are
/// written mean the same in it.
static int64_t versionWith(onnx::NodeOp node) {
  if (node.getOpType() == "BitCast")
    return 26;
  if (node.getOpType() != "QuantizeLinear" &&
      node.getOpType() != "DequantizeLinear")
    return toonnx::opset;
  // Integers of 16 and 4 bits, and blocks.
  auto isNew = [](Value value) {
    unsigned bits = getElementTypeOrSelf(value).getIntOrFloatBitWidth();
    return bits == 16 || bits == 4;
  };
  bool hasBlocks = node.getNodeAttrs().contains("block_size");
  return hasBlocks || isNew(node.getInputs()[0]) ||
                 (node.getInputs().size() > 2 && isNew(node.getInputs()[2]))
             ? 21
             : toonnx::opset;
}

void ConvertAttnToOnnxPass::describeModule() {
  ModuleOp module = getOperation();
  OpBuilder b(&getContext());
  int64_t version = toonnx::opset;
  module.walk([&](onnx::NodeOp node) {
    version = std::max(version, versionWith(node));
  });
  module.walk([&](onnx::NodeOp node) { node.setOpset(version); });
  if (auto name = module->getAttrOfType<StringAttr>("tfc.model_name"))
    for (func::FuncOp function : module.getOps<func::FuncOp>())
      function->setAttr("onnx.graph_name", name);
  for (NamedAttribute attribute : llvm::to_vector(module->getAttrs()))
    if (attribute.getName().getValue().starts_with("tfc."))
      module->removeAttr(attribute.getName());
  module->setAttr("onnx.ir_version",
                  b.getI64IntegerAttr(version == toonnx::opset ? 9
                                      : version == 21          ? 10
                                                               : 13));
  module->setAttr("onnx.opset", b.getDictionaryAttr(b.getNamedAttr(
                                    "ai.onnx", b.getI64IntegerAttr(version))));
  module->setAttr("onnx.producer", b.getStringAttr("tfc"));
}

} // namespace
