//===- Pipelines.h - from `onnx` to `attn` ----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_PIPELINES_H
#define TFC_PASSES_RAISE_PIPELINES_H

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace tfc::raise {

struct RaiseOptions {
  /// Find more in the graph than its nodes say: masks as causality, windows and
  /// lengths, blocks of keys, recurrences. What is computed stays; without it
  /// passes see masks as tensors, and raising takes less time.
  bool findStructure = true;
};

/// A module of the `onnx` dialect to `attn`, linalg, tensor and arith on ranked
/// tensors. Fails, naming every node that it cannot express exactly.
void buildRaisePipeline(mlir::OpPassManager &pm, const RaiseOptions &options);

/// Registers the passes and the pipeline `raise` by name.
void registerRaisePipelines();

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_PIPELINES_H
