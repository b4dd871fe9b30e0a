//===- KernelBuilder.h - what kernels are written with ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_KERNELS_KERNELBUILDER_H
#define TFC_TARGETS_CORTEXM7_KERNELS_KERNELBUILDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace tfc::m7 {

/// Writes one function of 32 bit words and bare pointers.
class KernelBuilder {
public:
  using Value = mlir::Value;
  using Values = llvm::SmallVector<Value>;

  /// `arguments`: a letter each, `p` a pointer, `i` a word, `l` 64 bits.
  /// `computes` says what the kernel is for, in printed assembly.
  KernelBuilder(mlir::ModuleOp module, llvm::StringRef name,
                llvm::StringRef arguments, const llvm::Twine &computes);

  Value argument(unsigned index) { return function.getArgument(index); }
  mlir::func::FuncOp finish();

  Value word(int64_t value);
  Value wide(int64_t value);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value shiftLeft(Value a, int64_t bits);
  Value shiftRight(Value a, int64_t bits);
  Value shiftRightUnsigned(Value a, int64_t bits);
  Value shiftLeftBy(Value a, Value bits);
  Value divideUnsigned(Value a, Value b);
  Value countLeadingZeros(Value a);
  /// a >= b, without sign.
  Value notBelow(Value a, Value b);
  Value select(Value condition, Value a, Value b);
  Value minimum(Value a, Value b);
  Value maximum(Value a, Value b);
  Value extend(Value a);
  Value extendUnsigned(Value a);
  Value truncate(Value a);

  Value at(Value pointer, int64_t bytes);
  Value at(Value pointer, Value bytes);
  Value loadWord(Value pointer, int64_t bytes = 0);
  /// A word at any address: the core reads it by one instruction, where LLVM
  /// must not join it with others.
  Value loadWordAnywhere(Value pointer, int64_t bytes = 0);
  Value loadWide(Value pointer, int64_t bytes = 0);
  Value loadByte(Value pointer, int64_t bytes = 0, bool isSigned = true);
  void storeWord(Value value, Value pointer, int64_t bytes = 0);
  void storeByte(Value value, Value pointer, int64_t bytes = 0);
  /// Two words by one instruction: LLVM keeps a volatile access of 64 bits
  /// whole, while loads of words are seldom joined under register pressure.
  std::pair<Value, Value> loadPair(Value pointer, int64_t bytes = 0);
  void storePair(Value first, Value second, Value pointer, int64_t bytes = 0);

  Value rotate8(Value word);
  Value smlad(Value a, Value b, Value sum);
  Value sxtb16(Value word);
  Value sxtab16(Value sum, Value word);
  Value ssub16(Value a, Value b);
  Value saturate8(Value word);
  /// sum + round(a * b / 2^32), halves upwards: `smmlar`.
  Value multiplyHigh(Value a, Value b, Value sum);

  /// for (i = from; i < to; i += step), with values carried.
  Values loop(Value from, Value to, Value step, mlir::ValueRange carried,
              llvm::function_ref<Values(Value, mlir::ValueRange)> body);
  void loop(Value from, Value to, Value step,
            llvm::function_ref<void(Value)> body);
  void call(mlir::func::FuncOp callee, mlir::ValueRange arguments);

private:
  Value intrinsic(llvm::StringRef name, mlir::ValueRange arguments);

  mlir::ImplicitLocOpBuilder b;
  mlir::func::FuncOp function;
  mlir::Type i8, i32, i64, pointer;
};

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_KERNELS_KERNELBUILDER_H
