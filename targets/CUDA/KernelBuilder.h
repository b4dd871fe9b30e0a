//===- KernelBuilder.h - writes a kernel's arithmetic -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CUDA_KERNELBUILDER_H
#define TFC_TARGETS_CUDA_KERNELBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace tfc::cuda {

/// The size of a shaped value's dimension, as its type has it.
inline int64_t typeSize(mlir::Value value, int64_t dim) {
  return llvm::cast<mlir::ShapedType>(value.getType()).getDimSize(dim);
}

/// Where a kernel multiplies by tensor cores: 16 bits of an operand.
enum class HalfType { F16, BF16 };

/// Operations of one thread, in 32 bits where nothing else is said, with what
/// is known folded. Addresses are LLVM's pointers.
class KernelBuilder {
public:
  KernelBuilder(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}

  mlir::Value constant(int64_t value);
  mlir::Value wide(int64_t value);
  mlir::Value number(double value);
  /// An index or another integer as one of 32 or 64 bits.
  mlir::Value toInt(mlir::Value value);
  mlir::Value toWide(mlir::Value value);

  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value add(mlir::Value x, int64_t y) { return add(x, constant(y)); }
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, int64_t y) { return mul(x, constant(y)); }
  mlir::Value xOr(mlir::Value x, mlir::Value y);
  /// Of what is not negative, by a power of two.
  mlir::Value divide(mlir::Value x, int64_t by);
  mlir::Value remainder(mlir::Value x, int64_t by);
  /// Of what is not negative, by any number but 0.
  mlir::Value quotient(mlir::Value x, mlir::Value y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);
  mlir::Value less(mlir::Value x, mlir::Value y);
  mlir::Value equal(mlir::Value x, mlir::Value y);
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  mlir::Value both(mlir::Value x, mlir::Value y);
  mlir::Value either(mlir::Value x, mlir::Value y);

  /// Of f32; sums and products may become one instruction.
  mlir::Value addF(mlir::Value x, mlir::Value y);
  mlir::Value subF(mlir::Value x, mlir::Value y);
  mlir::Value mulF(mlir::Value x, mlir::Value y);
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z);
  mlir::Value maxF(mlir::Value x, mlir::Value y);
  /// 2^x, with an error of 2 units in the last place; subnormals are 0.
  mlir::Value exp2(mlir::Value x);
  mlir::Value reciprocal(mlir::Value x);
  /// Combines what the threads of the warp have whose numbers differ by any of
  /// `masks`.
  mlir::Value acrossLanes(mlir::Value x, llvm::ArrayRef<int64_t> masks,
                          mlir::Value (KernelBuilder::*combine)(mlir::Value,
                                                                mlir::Value));

  mlir::Type halfType(HalfType type);
  /// Two numbers of f32, rounded to a register of two halves.
  mlir::Value packHalves(mlir::Value low, mlir::Value high, HalfType type);

  /// The thread's number in its block and the block's in the grid.
  mlir::Value thread();
  mlir::Value block(unsigned dimension);

  mlir::Type sharedPointer();
  mlir::Type globalPointer();
  /// Where the launch's dynamic shared memory begins.
  mlir::Value sharedMemory();
  /// The first element of a buffer in device memory.
  mlir::Value addressOf(mlir::Value buffer);
  /// `bytes` further.
  mlir::Value advance(mlir::Value pointer, mlir::Value bytes);

  /// All threads of the block, or of the warp, have come here.
  void barrier();
  void warpBarrier();
  /// What the thread has written to device memory is there for all blocks
  /// before what it writes next, and what it reads next is not older than what
  /// it read.
  void fence();
  /// Adds to an i32 in device memory, for all blocks at once; what was there.
  mlir::Value atomicAdd(mlir::Value pointer, mlir::Value value);
  /// Copies 16 bytes from device memory to shared memory in the background;
  /// zeros, where not `inside`.
  void copyAsync(mlir::Value to, mlir::Value from, mlir::Value inside);
  void commitCopies();
  /// Waits for all copies but those of the last `groups` commits.
  void waitForCopies(int64_t groups);

  /// Four 8x8 matrices of halves from shared memory, each thread naming a row.
  std::array<mlir::Value, 4> loadMatrices(mlir::Value row, bool transposed);
  /// c + a b for a of 16x16 and b of 16x8, in f32.
  std::array<mlir::Value, 4> multiply(llvm::ArrayRef<mlir::Value> a,
                                      llvm::ArrayRef<mlir::Value> b,
                                      llvm::ArrayRef<mlir::Value> c,
                                      HalfType type);

  mlir::OpBuilder &b;
  mlir::Location loc;

private:
  mlir::Value intrinsic(llvm::StringRef name, mlir::Type type,
                        mlir::ValueRange arguments);
};

} // namespace tfc::cuda

#endif // TFC_TARGETS_CUDA_KERNELBUILDER_H
