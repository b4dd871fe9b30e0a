//===- NodeBuilder.h - builds onnx.node -------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_ONNX_NODEBUILDER_H
#define TFC_TARGETS_ONNX_NODEBUILDER_H

#include "tfc/Dialect/Onnx/Onnx.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"

namespace tfc::toonnx {

/// The version of ONNX's operators that are written, where none needs a newer
/// one.
constexpr int64_t opset = 20;

/// A size as a number, or as a tensor of rank 0 with an i64.
using Sizes = llvm::SmallVector<mlir::OpFoldResult>;

/// The tensor type that stands for a value of `type` in ONNX: scalars are
/// tensors of rank 0, `index` is i64. Null where there is none.
mlir::RankedTensorType tensorTypeFor(mlir::Type type);

/// Builds ONNX's operators as operations of the `onnx` dialect. All values are
/// ranked tensors.
class NodeBuilder {
public:
  NodeBuilder(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}

  mlir::OpBuilder &b;
  mlir::Location loc;

  static mlir::RankedTensorType typeOf(mlir::Value value) {
    return llvm::cast<mlir::RankedTensorType>(value.getType());
  }

  using Attributes = llvm::ArrayRef<mlir::NamedAttribute>;

  /// One node with one output, of type `result`.
  mlir::Value node(llvm::StringRef opType, mlir::ValueRange inputs,
                   mlir::Type result, Attributes attributes = {});
  /// The same with outputs of `results` and subgraphs, which are to be filled.
  onnx::NodeOp nodeOp(llvm::StringRef opType, mlir::ValueRange inputs,
                      mlir::TypeRange results, Attributes attributes = {},
                      llvm::ArrayRef<llvm::StringRef> subgraphs = {});
  mlir::NamedAttribute integer(llvm::StringRef name, int64_t value);
  mlir::NamedAttribute integers(llvm::StringRef name,
                                llvm::ArrayRef<int64_t> values);
  mlir::Value absent();

  /// A constant; `name` may be empty.
  mlir::Value constant(mlir::ElementsAttr value, llvm::StringRef name = "");
  /// Of rank 0.
  mlir::Value scalar(mlir::Type element, double value);
  mlir::Value number(int64_t value);
  /// Of rank 1.
  mlir::Value list(llvm::ArrayRef<int64_t> values);
  mlir::Value list(llvm::ArrayRef<mlir::OpFoldResult> sizes);

  /// An operator whose inputs broadcast; `element` is the result's, or null for
  /// that of the first input.
  mlir::Value elementwise(llvm::StringRef opType, mlir::ValueRange inputs,
                          mlir::Type element = nullptr);
  mlir::Value cast(mlir::Value value, mlir::Type element);
  /// The same value where more or less is known of its sizes.
  mlir::Value as(mlir::Value value, mlir::Type type);

  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> order);
  /// New dimensions of size 1 at places `axes` of the result, ascending.
  mlir::Value unsqueeze(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  mlir::Value squeeze(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  /// To `sizes`, as many as the value has.
  mlir::Value expand(mlir::Value value,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes);
  mlir::Value reshape(mlir::Value value,
                      llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// From `start` to before `end` along `axis`.
  mlir::Value slice(mlir::Value value, int64_t axis, mlir::OpFoldResult start,
                    mlir::OpFoldResult end, int64_t step = 1);
  mlir::Value gather(mlir::Value value, mlir::Value indices, int64_t axis);
  mlir::Value concat(mlir::ValueRange values, int64_t axis);
  mlir::Value reduce(llvm::StringRef opType, mlir::Value value,
                     llvm::ArrayRef<int64_t> axes, bool keep);
  /// 0, 1, ... as a tensor of rank 1.
  mlir::Value range(mlir::OpFoldResult count);
  /// A tensor of `sizes` with undefined elements.
  mlir::Value undefined(llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        mlir::Type element);

  // Sizes.
  mlir::OpFoldResult size(int64_t value) { return b.getIndexAttr(value); }
  mlir::OpFoldResult size(mlir::Value tensor, int64_t dim);
  Sizes sizes(mlir::Value tensor);
  /// As a tensor of rank 0.
  mlir::Value value(mlir::OpFoldResult size);
  mlir::OpFoldResult add(mlir::OpFoldResult x, mlir::OpFoldResult y);
  mlir::OpFoldResult multiply(mlir::OpFoldResult x, mlir::OpFoldResult y);
  static llvm::SmallVector<int64_t>
  shapeOf(llvm::ArrayRef<mlir::OpFoldResult> sizes);
};

} // namespace tfc::toonnx

#endif // TFC_TARGETS_ONNX_NODEBUILDER_H
