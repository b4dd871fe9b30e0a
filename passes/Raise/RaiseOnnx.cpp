//===- RaiseOnnx.cpp - the walk over the graph ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseContext.h"
#include "tfc/Import/FunctionBody.h"
#include "tfc/Passes/Raise/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "llvm/ADT/ScopeExit.h"

namespace tfc::raise {
#define GEN_PASS_DEF_RAISEONNXPASS
#include "tfc/Passes/Raise/Passes.h.inc"
} // namespace tfc::raise

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

struct RaiseOnnxPass : public raise::impl::RaiseOnnxPassBase<RaiseOnnxPass> {
  void runOnOperation() override;

private:
  LogicalResult raise(func::FuncOp function);
  LogicalResult bindArguments(func::FuncOp source, func::FuncOp target,
                              RaiseContext &context);
  LogicalResult raiseNodes(Block &block, RaiseContext &context);
  void raiseNode(onnx::NodeOp node, RaiseContext &context);
  LogicalResult raiseInitializer(onnx::InitializerOp initializer,
                                 RaiseContext &context);
  SmallVector<Type> inputTypes(onnx::NodeOp node, RaiseContext &context);
  void refuse(onnx::NodeOp node, RaiseContext &context, const Twine &reason);
  bool expand(onnx::NodeOp node, RaiseContext &context, std::string &reason);
  LogicalResult raiseInstead(onnx::NodeOp node, RaiseContext &context,
                             GraphBuilder build);
  LogicalResult finish(func::FuncOp source, func::FuncOp target,
                       RaiseContext &context);

  RuleSet rules;
  bool failedNode = false;
  /// The node of the file whose function body is being raised.
  onnx::NodeOp expanded;
  /// Values that a refused node would have made; nodes that use them are not
  /// reported again.
  llvm::DenseSet<Value> unknown;
};

/// An argument of small integers: a byte each, whose low bits count.
static Raised lowBits(RaiseContext &context, Raised bytes, unsigned width) {
  SmallVector<Raised> operands = {bytes};
  return context.elementwise(
      operands, bytes.shape, bytes.kind,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value shift =
            arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(8 - width));
        Value high = arith::ShLIOp::create(b, loc, v[0], shift);
        if (isUnsigned(bytes.kind))
          return arith::ShRUIOp::create(b, loc, high, shift);
        return arith::ShRSIOp::create(b, loc, high, shift);
      });
}

LogicalResult RaiseOnnxPass::bindArguments(func::FuncOp source,
                                           func::FuncOp target,
                                           RaiseContext &context) {
  OpBuilder &b = context.b;
  Block *entry = &target.getBody().front();
  llvm::StringMap<OpFoldResult> symbols;
  for (auto [i, argument] : llvm::enumerate(source.getArguments())) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      return source.emitError("input ")
             << i << ": expected a ranked tensor, found "
             << argument.getType();
    Raised raised;
    raised.kind = kindOfElement(type.getElementType());
    if (raised.kind == 0)
      return source.emitError("input ")
             << i << ": element type " << type.getElementType()
             << " is not supported as an input";
    auto converted = RankedTensorType::get(type.getShape(),
                                           context.elementType(raised.kind));
    raised.tensor = entry->addArgument(converted, argument.getLoc());
    auto dims = source.getArgAttrOfType<ArrayAttr>(i, "onnx.dims");
    for (int64_t d = 0; d < type.getRank(); ++d) {
      StringRef symbol =
          dims ? cast<StringAttr>(dims[d]).getValue() : StringRef();
      if (!type.isDynamicDim(d)) {
        raised.shape.push_back(b.getIndexAttr(type.getDimSize(d)));
        continue;
      }
      OpFoldResult size =
          symbol.empty() ? OpFoldResult() : symbols.lookup(symbol);
      if (!size)
        size = tensor::DimOp::create(b, argument.getLoc(), raised.tensor, d)
                   .getResult();
      if (!symbol.empty())
        symbols[symbol] = size;
      raised.shape.push_back(size);
    }
    if (unsigned width = smallIntegerWidth(raised.kind))
      raised = lowBits(context, raised, width);
    context.set(argument, raised);
  }
  return success();
}

/// As far as they are known; null for an absent input.
SmallVector<Type> RaiseOnnxPass::inputTypes(onnx::NodeOp node,
                                            RaiseContext &context) {
  SmallVector<Type> types;
  for (Value input : node.getInputs()) {
    Raised &raised = context.get(input);
    Type element = typeOfKind(&getContext(), raised.kind);
    SmallVector<int64_t> dims;
    for (OpFoldResult size : raised.shape)
      dims.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    types.push_back(raised.absent || raised.sequence
                        ? Type()
                        : Type(RankedTensorType::get(dims, element)));
  }
  return types;
}

/// Raises the nodes that `build` puts before the node; their results are its.
LogicalResult RaiseOnnxPass::raiseInstead(onnx::NodeOp node,
                                          RaiseContext &context,
                                          GraphBuilder build) {
  OpBuilder builder(node);
  SmallVector<Value> results;
  Operation *before = node->getPrevNode();
  if (failed(build(builder, results)))
    return failure();
  Operation *first =
      before ? before->getNextNode() : &node->getBlock()->front();
  SmallVector<Operation *> body;
  for (Operation *op = first; op != node; op = op->getNextNode())
    body.push_back(op);
  onnx::NodeOp outer = expanded;
  if (!outer)
    expanded = node;
  llvm::scope_exit restore([&] { expanded = outer; });
  for (Operation *op : body) {
    if (auto initializer = dyn_cast<onnx::InitializerOp>(op)) {
      if (failed(raiseInitializer(initializer, context)))
        return failure();
    } else if (isa<onnx::AbsentOp>(op)) {
      context.get(op->getResult(0)).absent = true;
    } else {
      raiseNode(cast<onnx::NodeOp>(op), context);
    }
  }
  for (auto [result, value] : llvm::zip(node.getResults(), results))
    if (value) {
      if (unknown.contains(value))
        unknown.insert(result);
      context.set(result, Raised(context.get(value)));
    }
  return success();
}

/// Replaces the node by ONNX's own definition of its operator.
bool RaiseOnnxPass::expand(onnx::NodeOp node, RaiseContext &context,
                           std::string &reason) {
  SmallVector<Type> types = inputTypes(node, context);
  return succeeded(raiseInstead(
      node, context, [&](OpBuilder &b, SmallVectorImpl<Value> &results) {
        return expandFunctionBody(node, types, b, results, reason);
      }));
}

/// Whether the rule of the operator looks for sequences among its inputs.
static bool takesSequences(onnx::NodeOp node) {
  StringRef name = node.getOpType();
  return node.getDomain().empty() &&
         (name.contains("Sequence") || name.starts_with("Optional") ||
          name == "Identity" || name == "Loop");
}

void RaiseOnnxPass::raiseNode(onnx::NodeOp node, RaiseContext &context) {
  context.loc = node.getLoc();
  const Rule *rule = rules.find(node);
  if (llvm::any_of(node.getInputs(),
                   [&](Value input) { return unknown.contains(input); })) {
    unknown.insert(node.result_begin(), node.result_end());
    // What no input could make right is worth saying at once.
    if (!rule && !hasFunctionBody(node))
      refuse(node, context, "tfc has no rule for it");
    return;
  }
  if (!takesSequences(node) && llvm::any_of(node.getInputs(), [&](Value input) {
        return context.get(input).sequence != nullptr;
      }))
    return refuse(node, context, "its input is a sequence");
  std::string reason;
  if (!inputTypesAllowed(node, inputTypes(node, context), reason))
    return refuse(node, context, reason);
  NodeContext nodeContext(context, node);
  if (rule) {
    if (succeeded((*rule)(nodeContext)))
      return;
    reason = nodeContext.reason;
  }
  std::string noBody;
  if (expand(node, context, noBody))
    return;
  if (reason.empty())
    reason = noBody;
  refuse(node, context, reason);
}

void RaiseOnnxPass::refuse(onnx::NodeOp node, RaiseContext &context,
                           const Twine &reason) {
  InFlightDiagnostic error = (expanded ? expanded : node).emitError();
  error << NodeContext(context, expanded ? expanded : node).describe() << ": ";
  if (expanded)
    error << "in its function body, " << node.getOpType() << ": ";
  error << reason;
  failedNode = true;
  unknown.insert(node.result_begin(), node.result_end());
}

LogicalResult RaiseOnnxPass::raiseInitializer(onnx::InitializerOp initializer,
                                              RaiseContext &context) {
  Raised raised;
  raised.constant = initializer.getValue();
  auto type = cast<RankedTensorType>(raised.constant.getType());
  raised.kind = kindOfElement(type.getElementType());
  if (raised.kind == 0 && !initializer.use_empty()) {
    failedNode = true;
    return initializer.emitError("initializer '")
           << initializer.getInitializerName() << "': element type "
           << type.getElementType() << " is not supported";
  }
  for (int64_t dim : type.getShape())
    raised.shape.push_back(context.size(dim));
  context.set(initializer, raised);
  return success();
}

LogicalResult RaiseOnnxPass::raiseNodes(Block &block, RaiseContext &context) {
  SmallVector<Operation *> ops;
  for (Operation &op : block.without_terminator())
    ops.push_back(&op);
  for (Operation *op : ops) {
    if (auto initializer = dyn_cast<onnx::InitializerOp>(op)) {
      if (failed(raiseInitializer(initializer, context)))
        return failure();
    } else if (isa<onnx::AbsentOp>(op)) {
      context.get(op->getResult(0)).absent = true;
    } else if (auto node = dyn_cast<onnx::NodeOp>(op)) {
      raiseNode(node, context);
    } else {
      return op->emitError("expected an operation of the onnx dialect");
    }
  }
  return failure(failedNode);
}

/// The sizes that the graph states for an output must be those that it has.
static LogicalResult checkDeclared(func::FuncOp source, unsigned index,
                                   RankedTensorType declared,
                                   const Raised &raised) {
  std::string found;
  llvm::raw_string_ostream os(found);
  bool same = static_cast<size_t>(declared.getRank()) == raised.shape.size();
  for (auto [i, size] : llvm::enumerate(raised.shape)) {
    std::optional<int64_t> known = getConstantIntValue(size);
    os << (i ? "x" : "");
    if (known)
      os << *known;
    else
      os << "?";
    if (same && known && !declared.isDynamicDim(i) &&
        declared.getDimSize(i) != *known)
      same = false;
  }
  if (same)
    return success();
  auto name = source.getResultAttrOfType<StringAttr>(index, "onnx.name");
  return source.emitError("output '")
         << (name ? name.getValue() : "") << "' is declared as " << declared
         << ", but the graph makes sizes " << found;
}

LogicalResult RaiseOnnxPass::finish(func::FuncOp source, func::FuncOp target,
                                    RaiseContext &context) {
  OpBuilder &b = context.b;
  context.loc = source.getLoc();
  SmallVector<Value> results;
  SmallVector<Attribute> argumentAttrs, resultAttrs;
  auto describe = [&](DictionaryAttr attrs, int32_t kind) {
    NamedAttrList list;
    if (attrs) {
      list.set("tfc.name", attrs.get("onnx.name"));
      if (Attribute dims = attrs.get("onnx.dims"))
        list.set("tfc.dims", dims);
    }
    list.set("tfc.type", b.getI32IntegerAttr(kind));
    return list.getDictionary(b.getContext());
  };
  for (auto [i, argument] : llvm::enumerate(source.getArguments()))
    argumentAttrs.push_back(
        describe(source.getArgAttrDict(i), context.get(argument).kind));
  for (auto [i, operand] : llvm::enumerate(
           source.getBody().front().getTerminator()->getOperands())) {
    Raised &raised = context.get(operand);
    if (raised.sequence || raised.absent)
      return source.emitError("output ")
             << i << ": only tensors can be an output";
    auto declared = dyn_cast<RankedTensorType>(operand.getType());
    if (declared && failed(checkDeclared(source, i, declared, raised)))
      return failure();
    results.push_back(context.tensor(raised));
    resultAttrs.push_back(describe(source.getResultAttrDict(i), raised.kind));
  }
  func::ReturnOp::create(b, source.getLoc(), results);
  target.setFunctionType(
      b.getFunctionType(target.getBody().front().getArgumentTypes(),
                        ValueRange(results).getTypes()));
  target.setAllArgAttrs(argumentAttrs);
  target.setAllResultAttrs(resultAttrs);
  return success();
}

LogicalResult RaiseOnnxPass::raise(func::FuncOp function) {
  OpBuilder b(function);
  auto target = func::FuncOp::create(b, function.getLoc(), "raised",
                                     b.getFunctionType({}, {}));
  Block *entry = b.createBlock(&target.getBody());
  RaiseContext context(b, entry);
  context.raiseSubgraph =
      [&](Region &subgraph,
          ArrayRef<Raised> arguments) -> FailureOr<SmallVector<Raised>> {
    Block &block = subgraph.front();
    RaiseContext::Values outer = context.snapshot();
    llvm::scope_exit restore([&] { context.restore(std::move(outer)); });
    for (auto [argument, value] : llvm::zip(block.getArguments(), arguments))
      context.set(argument, value);
    Location loc = context.loc;
    if (failed(raiseNodes(block, context)))
      return failure();
    context.loc = loc;
    SmallVector<Raised> results;
    for (Value operand : block.getTerminator()->getOperands()) {
      if (unknown.contains(operand))
        return failure();
      results.push_back(context.get(operand));
    }
    return results;
  };
  context.raiseInstead = [&](onnx::NodeOp node, GraphBuilder build) {
    return raiseInstead(node, context, build);
  };
  unknown.clear();
  failedNode = false;
  if (failed(bindArguments(function, target, context)) ||
      failed(raiseNodes(function.getBody().front(), context)) ||
      failed(finish(function, target, context))) {
    target.erase();
    return failure();
  }
  if (!context.attentions.empty())
    getOperation()->setAttr("tfc.attentions",
                            b.getArrayAttr(context.attentions));
  if (!context.routes.empty())
    getOperation()->setAttr("tfc.routes", b.getArrayAttr(context.routes));
  StringAttr name = function.getSymNameAttr();
  getOperation()->setAttr("tfc.model_name",
                          function->getAttrOfType<StringAttr>("onnx.graph_name")
                              ? function->getAttr("onnx.graph_name")
                              : name);
  function.erase();
  target.setSymNameAttr(name);
  return success();
}

/// Whether a function is a file's graph: importing names it, and others may not.
static bool isGraph(func::FuncOp function) {
  return function->hasAttr("onnx.graph_name") ||
         llvm::any_of(function.getOps(), [](Operation &op) {
           return isa_and_nonnull<onnx::OnnxDialect>(op.getDialect());
         });
}

void RaiseOnnxPass::runOnOperation() {
  rules = RuleSet();
  populateElementwiseRules(rules);
  populateShapeRules(rules);
  populateLayoutRules(rules);
  populateGatherRules(rules);
  populateReduceRules(rules);
  populateProductRules(rules);
  populateConvolutionRules(rules);
  populateAttentionRules(rules);
  populateFlexAttentionRules(rules);
  populateRotaryRules(rules);
  populateChannelRules(rules);
  populateControlRules(rules);
  populateSequenceRules(rules);
  populateUniqueRules(rules);
  populateGridSampleRules(rules);
  populateQuantizeRules(rules);
  populateQuantizedOperatorRules(rules);
  populateScatterRules(rules);
  populateSortRules(rules);
  populateSelectionRules(rules);
  populateSliceRules(rules);
  populateTransposedConvolutionRules(rules);
  populateFourierRules(rules);
  populateCastRules(rules);
  populateResizeRules(rules);
  populateCumulativeRules(rules);
  populateScanRules(rules);
  for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
    if (isGraph(function) && failed(raise(function)))
      return signalPassFailure();
  for (StringRef name : {"onnx.ir_version", "onnx.opset", "onnx.producer",
                         "onnx.producer_version", "onnx.file", "onnx.metadata"})
    getOperation()->removeAttr(name);
}

} // namespace
