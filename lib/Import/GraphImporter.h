//===- GraphImporter.h - ONNX graphs to `onnx` operations -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_IMPORT_GRAPHIMPORTER_H
#define TFC_LIB_IMPORT_GRAPHIMPORTER_H

#include "OnnxFile.h"
#include "tfc/Import/ElementTypes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace tfc {

/// The contents of a tensor as an attribute; large ones stay in the file.
/// Null after an error at `loc`.
mlir::ElementsAttr importTensor(mlir::Location loc, OnnxFile &file,
                                const ::onnx::TensorProto &tensor,
                                llvm::StringRef what);

/// Builds operations for nodes, in scopes of names.
class GraphImporter {
public:
  using Scope = llvm::StringMap<mlir::Value>;

  GraphImporter(OnnxFile &file, mlir::OpBuilder &builder,
                const llvm::StringMap<int64_t> &opsets);

  /// Imports initialisers and nodes of `graph` at the builder's position.
  mlir::LogicalResult importBody(const ::onnx::GraphProto &graph);

  mlir::LogicalResult importNode(const ::onnx::NodeProto &node);

  /// Imports the nodes of `function` in place of `call`, whose inputs are
  /// `inputs`. The results are appended to `results`.
  mlir::LogicalResult
  importFunction(const ::onnx::FunctionProto &function,
                 const ::onnx::NodeProto &call, mlir::ValueRange inputs,
                 llvm::SmallVectorImpl<mlir::Value> &results);

  /// The value that `name` stands for, or null.
  mlir::Value lookup(llvm::StringRef name) const;

  void define(llvm::StringRef name, mlir::Value value) {
    scopes.back()[name] = value;
  }

  /// The type that the graph states for `name`, else !onnx.value.
  mlir::Type statedType(llvm::StringRef name) const;
  void stateTypes(const ::onnx::GraphProto &graph);

  /// The tensor type of a value_info and the names of its open sizes; null
  /// after an error, or when it states none.
  mlir::FailureOr<mlir::Type>
  importType(const ::onnx::TypeProto &type, llvm::StringRef name,
             llvm::SmallVectorImpl<std::string> &symbols);

  void pushScope() { scopes.emplace_back(); }
  void popScope() { scopes.pop_back(); }

private:
  mlir::LogicalResult
  importAttributes(const ::onnx::NodeProto &node,
                   mlir::NamedAttrList &attributes,
                   llvm::SmallVectorImpl<const ::onnx::GraphProto *> &graphs,
                   llvm::SmallVectorImpl<llvm::StringRef> &graphNames);
  mlir::FailureOr<mlir::Attribute>
  importAttribute(const ::onnx::NodeProto &node,
                  const ::onnx::AttributeProto &attribute);
  mlir::LogicalResult importSubgraph(const ::onnx::GraphProto &graph,
                                     mlir::Region &region);
  /// Keeps the names of open sizes that the graph states for `op`'s results.
  void stateSymbols(mlir::Operation *op,
                    llvm::ArrayRef<llvm::StringRef> outputNames);
  mlir::Location locate(const ::onnx::NodeProto &node);

  OnnxFile &file;
  mlir::OpBuilder &b;
  /// Of the graph or function being imported.
  llvm::StringMap<int64_t> opsets;
  /// Functions that the model defines, by domain and name.
  std::map<std::pair<std::string, std::string>, const ::onnx::FunctionProto *>
      functions;
  unsigned callDepth = 0;
  llvm::SmallVector<Scope> scopes;
  llvm::StringMap<mlir::Type> statedTypes;
  /// The names of the open sizes of those types.
  llvm::StringMap<mlir::Attribute> statedSymbols;
};

/// "node 'name' (Op, opset 17)" for messages.
std::string describeNode(llvm::StringRef name, llvm::StringRef domain,
                         llvm::StringRef opType, int64_t opset);

} // namespace tfc

#endif // TFC_LIB_IMPORT_GRAPHIMPORTER_H
