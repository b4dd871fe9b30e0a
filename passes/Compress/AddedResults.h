//===- AddedResults.h - what a function returns besides ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_ADDEDRESULTS_H
#define TFC_PASSES_COMPRESS_ADDEDRESULTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::compress {

/// Results of a function of one block behind those that it has, for the driver
/// to read when it calls the function.
class AddedResults {
public:
  explicit AddedResults(mlir::func::FuncOp function)
      : function(function), end(function.front().getTerminator()),
        results(end->getOperands()) {
    for (unsigned i = 0; i < results.size(); ++i)
      attributes.push_back(function.getResultAttrDict(i));
  }

  void add(mlir::Value result, mlir::DictionaryAttr attribute = {}) {
    results.push_back(result);
    attributes.push_back(attribute);
  }
  /// With `number` as attribute `name`.
  void add(mlir::Value result, llvm::StringRef name, int32_t number) {
    mlir::Builder b(function.getContext());
    add(result,
        b.getDictionaryAttr(b.getNamedAttr(name, b.getI32IntegerAttr(number))));
  }

  /// Makes the function return them.
  void finish() {
    end->setOperands(results);
    function.setFunctionType(mlir::FunctionType::get(
        function.getContext(), function.getArgumentTypes(),
        mlir::TypeRange(results)));
    function.setAllResultAttrs(attributes);
  }

private:
  mlir::func::FuncOp function;
  mlir::Operation *end;
  llvm::SmallVector<mlir::Value> results;
  llvm::SmallVector<mlir::DictionaryAttr> attributes;
};

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_ADDEDRESULTS_H
