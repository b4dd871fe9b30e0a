//===- GraphWriter.h - ONNX nodes in the place of others --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_GRAPHWRITER_H
#define TFC_PASSES_RAISE_GRAPHWRITER_H

#include "RaiseContext.h"

#include "mlir/IR/IRMapping.h"

namespace tfc::raise {

/// The opset that the written nodes are of.
constexpr int64_t writtenOpset = 23;

/// Writes nodes of ONNX's own domain.
class GraphWriter {
public:
  GraphWriter(mlir::OpBuilder &b, onnx::NodeOp node) : b(b), node(node) {}

  mlir::Value add(llvm::StringRef type, llvm::ArrayRef<mlir::Value> inputs,
                  llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
    auto made = onnx::NodeOp::create(
        b, node.getLoc(), onnx::ValueType::get(b.getContext()),
        b.getStringAttr(type), b.getStringAttr(""),
        b.getI64IntegerAttr(writtenOpset), node.getNodeNameAttr(),
        b.getDictionaryAttr(attributes), b.getStrArrayAttr({"written"}),
        b.getStrArrayAttr({}), inputs, 0);
    return made.getResult(0);
  }

  mlir::Value constant(mlir::DenseElementsAttr value) {
    return onnx::InitializerOp::create(b, node.getLoc(), value.getType(),
                                       b.getStringAttr("written"), value);
  }
  mlir::Value integers(llvm::ArrayRef<int64_t> values) {
    auto type = mlir::RankedTensorType::get(
        {static_cast<int64_t>(values.size())}, b.getI64Type());
    return constant(mlir::DenseElementsAttr::get(type, values));
  }
  mlir::Value real(float value) {
    auto type = mlir::RankedTensorType::get({}, b.getF32Type());
    return constant(mlir::DenseElementsAttr::get(type, value));
  }

  mlir::Value cast(mlir::Value x, int32_t from, int32_t to) {
    if (from == to)
      return x;
    return add("Cast", {x}, b.getNamedAttr("to", b.getI64IntegerAttr(to)));
  }
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation) {
    return add("Transpose", {x},
               b.getNamedAttr("perm", b.getDenseI64ArrayAttr(permutation)));
  }

  mlir::Value integer(int64_t value) {
    auto type = mlir::RankedTensorType::get({}, b.getI64Type());
    return constant(mlir::DenseElementsAttr::get(type, value));
  }

  /// The nodes of a subgraph of one input and one output.
  mlir::Value inlined(mlir::Region &subgraph, mlir::Value argument) {
    mlir::Block &block = subgraph.front();
    mlir::IRMapping mapping;
    mapping.map(block.getArgument(0), argument);
    for (mlir::Operation &op : block.without_terminator()) {
      auto inner = llvm::dyn_cast<onnx::NodeOp>(op);
      if (inner && inner.getDomain().empty() &&
          inner.getOpType() == "Identity" && inner.getNumResults() == 1)
        mapping.map(inner.getResult(0),
                    mapping.lookupOrDefault(inner.getInputs()[0]));
      else
        b.clone(op, mapping);
    }
    return mapping.lookupOrDefault(block.getTerminator()->getOperand(0));
  }

  mlir::OpBuilder &b;
  onnx::NodeOp node;
};

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_GRAPHWRITER_H
