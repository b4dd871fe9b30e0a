//===- Passes.td - a kernel of the Cortex-M7 alone --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CORTEXM7_KERNELS_PASSES_TD
#define TFC_TARGET_CORTEXM7_KERNELS_PASSES_TD

include "mlir/Pass/PassBase.td"

def EmitKernelPass : Pass<"m7-emit-kernel", "mlir::ModuleOp"> {
  let summary = "Add the function of one integer kernel of the Cortex-M7";
  let description = [{
    Builds what the target calls for a class of shapes, so that a test or a
    bench can call it from C. docs/cortex-m7-integer.md says what each kind
    computes and which arguments its function takes.

    ```mlir
    // --m7-emit-kernel="kind=product k=192 rows=3"
    func.func @tfc_m7_product_k192_r3(%x: !llvm.ptr, ...)
    ```
  }];
  let options = [
    Option<"kind", "kind", "std::string", "\"\"",
           "product, plain-product, activation-product, softmax, table, add, multiply, layer-norm, rms-norm, mean or attention">,
    Option<"tokens", "tokens", "int64_t", "0", "Rows of keys and values of an attention">,
    Option<"depth", "k", "int64_t", "0", "Length of the sums: of products, norms and heads">,
    Option<"rows", "rows", "int64_t", "3", "Rows that products, also those of an attention, take at once: 1, 2 or 3">,
    ListOption<"weights", "weights", "int64_t",
               "Weights of two outputs of depth k; the module gets the attribute m7.paired, their "
               "paired form, or fails where they have none">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::func::FuncDialect",
                           "mlir::LLVM::LLVMDialect", "mlir::scf::SCFDialect"];
}

#endif // TFC_TARGET_CORTEXM7_KERNELS_PASSES_TD
