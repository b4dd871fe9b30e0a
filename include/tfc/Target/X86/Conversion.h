//===- Conversion.h - code around kernels to the LLVM dialect ---*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_X86_CONVERSION_H
#define TFC_TARGET_X86_CONVERSION_H

namespace mlir {
class ConversionTarget;
class LLVMTypeConverter;
class RewritePatternSet;
} // namespace mlir

namespace tfc::x86 {

/// Everything that an entry function may have to the LLVM dialect, for this
/// target and those whose hosts are x86-64: func, arith, cf, index, math,
/// memref, ub, vector and the frame's operations. Parallel regions and checks
/// stay.
void populateHostConversionPatterns(const mlir::LLVMTypeConverter &converter,
                                    mlir::RewritePatternSet &patterns);
void configureHostConversion(mlir::ConversionTarget &target);

} // namespace tfc::x86

#endif // TFC_TARGET_X86_CONVERSION_H
