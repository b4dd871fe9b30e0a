//===- Frame.h - access to the frame of a call ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The generated code's side of `struct tfc_frame` in tfc/Runtime/model.h.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_FRAME_H
#define TFC_TARGETS_X86_FRAME_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace tfc::x86 {

/// Fields of tfc_frame in their order; each takes eight bytes.
enum class FrameField : int32_t {
  Inputs,
  Outputs,
  InputDims,
  OutputDims,
  Arena,
  ParallelFor,
  Pool,
  NumThreads
};

/// Loads entry `index` of a table of eight-byte entries.
inline mlir::Value loadEntry(mlir::OpBuilder &b, mlir::Location loc,
                             mlir::Type type, mlir::Value table,
                             int64_t index) {
  mlir::Value address = mlir::LLVM::GEPOp::create(
      b, loc, table.getType(), b.getI64Type(), table,
      llvm::ArrayRef<mlir::LLVM::GEPArg>{static_cast<int32_t>(index)});
  auto load = mlir::LLVM::LoadOp::create(b, loc, type, address);
  // Nothing writes to what is read of the frame and its tables during a call.
  load.setInvariant(true);
  return load;
}

inline mlir::Value loadField(mlir::OpBuilder &b, mlir::Location loc,
                             mlir::Type type, mlir::Value frame,
                             FrameField field) {
  return loadEntry(b, loc, type, frame, static_cast<int64_t>(field));
}

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_FRAME_H
