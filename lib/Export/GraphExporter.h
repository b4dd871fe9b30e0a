//===- GraphExporter.h - `onnx` operations to ONNX graphs -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_EXPORT_GRAPHEXPORTER_H
#define TFC_LIB_EXPORT_GRAPHEXPORTER_H

#include "ModelBytes.h"

#include "tfc/Dialect/Onnx/Onnx.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace tfc {

/// Describes a tensor of `type` without its contents. Fails, with an error at
/// `loc`, for element types that ONNX lacks.
mlir::LogicalResult describeTensor(mlir::Location loc,
                                   mlir::RankedTensorType type,
                                   ::onnx::TensorProto &tensor);

/// The contents of `value` where they lie as a file has them; empty where they
/// must be put together.
llvm::ArrayRef<char> contentsInPlace(mlir::ElementsAttr value);

/// Type and contents. Fails, with an error at `loc`, where contents are not
/// there or the type is none of ONNX's.
mlir::LogicalResult exportTensor(mlir::Location loc, mlir::ElementsAttr value,
                                 ::onnx::TensorProto &tensor);

/// Writes operations of one function into the graph of a model, and its large
/// initialisers beside it.
class GraphExporter {
public:
  GraphExporter(ExportedModel &model, const llvm::StringMap<int64_t> &opsets)
      : model(model), opsets(opsets) {}

  mlir::LogicalResult exportFunction(mlir::func::FuncOp function);

private:
  /// The names in use in a graph and in those around it.
  using Names = llvm::StringSet<>;

  static std::string unique(llvm::StringRef wanted, Names &names);
  void nameValues(mlir::Block &block, Names &names);
  mlir::LogicalResult exportOperations(mlir::Block &block,
                                       ::onnx::GraphProto &graph,
                                       const Names &names);
  mlir::LogicalResult exportInitializer(onnx::InitializerOp op,
                                        ::onnx::GraphProto &graph);
  mlir::LogicalResult exportNode(onnx::NodeOp op, ::onnx::GraphProto &graph,
                                 const Names &names);
  mlir::LogicalResult exportAttribute(onnx::NodeOp op,
                                      mlir::NamedAttribute attribute,
                                      ::onnx::NodeProto &node);
  mlir::LogicalResult exportSubgraph(onnx::NodeOp op, mlir::Region &region,
                                     llvm::StringRef name,
                                     ::onnx::GraphProto &graph, Names names);
  mlir::LogicalResult exportInputs(mlir::func::FuncOp function,
                                   ::onnx::GraphProto &graph, Names &names);
  mlir::LogicalResult checkOpset(onnx::NodeOp op);
  /// Makes `name` another name of a value.
  void addIdentity(mlir::Value value, llvm::StringRef name,
                   ::onnx::GraphProto &graph);

  ExportedModel &model;
  llvm::StringMap<int64_t> opsets;
  llvm::DenseMap<mlir::Value, std::string> valueNames;
  /// Of nodes, which are those of values in no way.
  Names nodeNames;
};

} // namespace tfc

#endif // TFC_LIB_EXPORT_GRAPHEXPORTER_H
