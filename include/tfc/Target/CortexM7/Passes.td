//===- Passes.td - passes of the Cortex-M7 target ----------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CORTEXM7_PASSES_TD
#define TFC_TARGET_CORTEXM7_PASSES_TD

include "mlir/Pass/PassBase.td"

def EntryPointPass : Pass<"m7-entry-point", "mlir::ModuleOp"> {
  let summary = "Make the model's function take the caller's buffers";
  let description = [{
    Turns `func @model(tensors) -> tensors` into `@tfc_compute`, whose arguments
    are the buffers of the inputs and then those of the outputs, and which
    returns a status. Names, types and sizes move to the module attribute
    `m7.interface`.

    Refused, all at once and by name: sizes that the model leaves open, with the
    option that fixes them, and element types that the target has not.

    ```mlir
    func.func @model(%x: tensor<1x4xf32> {tfc.name = "x"}) -> (tensor<1x4xf32> {tfc.name = "y"}) {
      return %x : tensor<1x4xf32>
    }
    // becomes
    func.func @tfc_compute(%x: memref<1x4xf32>, %y: memref<1x4xf32>) -> i32 { ... }
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::bufferization::BufferizationDialect",
                           "mlir::func::FuncDialect", "mlir::memref::MemRefDialect"];
}

def LowerAssertsPass : Pass<"m7-lower-asserts", "mlir::func::FuncOp"> {
  let summary = "Return a status where a check fails";
  let description = [{
    A `cf.assert` becomes a branch to a return of `the header's BAD_INPUT` (2). Runs where
    loops are branches.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect"];
}

def PlanArenaPass : Pass<"m7-plan-arena", "mlir::ModuleOp"> {
  let summary = "Place every temporary buffer in one static arena";
  let description = [{
    Each `memref.alloc` of `@tfc_compute` becomes a view of a new last argument,
    the arena, at a fixed offset; buffers whose lives do not meet may share
    bytes. A life goes from the first operation of the entry block that touches
    the buffer, or a view of it, to the last.

    The offsets are searched for the least size: orders of placing are tried and
    improved until one reaches the lower bound, the largest sum of buffers alive
    at once, or `effort` orders have been tried. Size, bound and places go to the
    module attribute `m7.plan`.

    ```mlir
    %a = memref.alloc() : memref<8xf32>
    // becomes
    %a = memref.view %arena[%c64][] : memref<128xi8> to memref<8xf32>
    ```
  }];
  let options = [Option<"effort", "effort", "unsigned", "2000", "Most orders that are tried">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::memref::MemRefDialect"];
}

def VerifyMemoryPlanPass : Pass<"attn-verify-memory-plan", "mlir::ModuleOp"> {
  let summary = "Check that no byte of the arena is overwritten while it lives";
  let description = [{
    Reads the views that the plan made, not the plan: each buffer's bytes and the
    span of operations that may touch them, by the uses of the view and of what
    is derived from it. Two buffers whose spans meet must not share a byte, and
    each must lie in the arena. Changes nothing; runs after every plan.
  }];
}

def SelectIntegersPass : Pass<"m7-select-integers", "mlir::func::FuncOp"> {
  let summary = "Compute a quantised graph in integers";
  let description = [{
    What lies between `attn.dequantize` and `attn.quantize` becomes operations of
    `m7`, moves of int8, and constants: products with their bias, norms, softmax,
    means, sums and products of elements, and any function of one int8 as a table.
    Inputs that are only rounded, and outputs that are dequantised last, become
    int8 or uint8, with `tfc.scale` and `tfc.zero` as attributes.

    Refused, by operation and with the reason: what has no form in integers, as
    where a scale is missing between two operations. With `allow-float` it stays
    in f32.

    ```mlir
    %f = attn.dequantize ins(%x : tensor<4xi8>) as !quant.uniform<i8:f32, 0.5> outs(...) -> tensor<4xf32>
    %e = linalg.generic ... ins(%f) { math.tanh }
    %y = attn.quantize ins(%e : tensor<4xf32>) as !quant.uniform<i8:f32, 0.01> outs(...) -> tensor<4xi8>
    // becomes
    %y = m7.table ins(%x : tensor<4xi8>) table dense<...> : tensor<256xi8> outs(...) -> tensor<4xi8>
    ```
  }];
  let options = [Option<"allowFloat", "allow-float", "bool", "false",
      "Leave in f32 what has no form in integers">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect", "tfc::m7::M7Dialect"];
}

def AssignScratchPass : Pass<"m7-assign-scratch", "mlir::func::FuncOp"> {
  let summary = "Give integer kernels the memory they work in";
  let description = [{
    Products and attention get their `scratch`, a temporary buffer of the size
    that docs/cortex-m7-integer.md states. Operands that a kernel cannot take as
    they lie, because their rows are not dense, are copied.

    ```mlir
    m7.product ins(%x : memref<9x8xi8>) ... outs(%y : memref<9x4xi8>)
    // becomes
    %scratch = memref.alloc() {alignment = 8 : i64} : memref<48xi8>
    m7.product ins(%x : memref<9x8xi8>) ... outs(%y : memref<9x4xi8>) scratch(%scratch : memref<48xi8>)
    memref.dealloc %scratch : memref<48xi8>
    ```
  }];
  let dependentDialects = ["mlir::memref::MemRefDialect"];
}

def CallKernelsPass : Pass<"m7-call-kernels", "mlir::ModuleOp"> {
  let summary = "Call a function for each integer operation";
  let description = [{
    All operations of one class of shapes share one function, and equal constants
    are stored once, in the order in which the kernel reads them: weights in
    pairs where their values allow it. Refused where no kernel takes the shape.

    ```mlir
    m7.table ins(%x : memref<9x8xi8>) table dense<...> : tensor<256xi8> outs(%y : memref<9x8xi8>)
    // becomes
    func.call @tfc_m7_table(%x_pointer, %y_pointer, %table_pointer, %c72_i32)
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::func::FuncDialect",
                           "mlir::LLVM::LLVMDialect", "mlir::memref::MemRefDialect",
                           "mlir::scf::SCFDialect"];
}

def ExpandIntegersPass : Pass<"m7-expand-integers", "mlir::func::FuncOp"> {
  let summary = "Write integer operations as linalg";
  let description = [{
    Operations of `m7` on tensors become what docs/cortex-m7-integer.md says they
    compute, as plain arithmetic of 32 and 64 bits. The pipeline does not do so:
    it is the reference that kernels must equal bit for bit, and runs anywhere.
    Operations on buffers stay.

    ```mlir
    %y = m7.add ins(%a, %b : tensor<4xi8>, tensor<4xi8>) factors 9, 7 offset 5 outs(...) -> tensor<4xi8>
    // becomes
    %y = linalg.generic ... ins(%a, %b) {
      ...
      %7 = arith.shrsi %6, %c20_i32 : i32
      %8 = arith.maxsi %7, %c-128_i32 : i32
      ...
    }
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect"];
}

def ExpandLongsPass : Pass<"m7-expand-longs", "mlir::ModuleOp"> {
  let summary = "Write conversions between f32 and 64 bits as 32-bit arithmetic";
  let description = [{
    The FPU converts 32 bits; LLVM would call a library for 64. The results are
    those of the operations, rounded to nearest, ties to even.

    ```mlir
    %y = arith.sitofp %x : i64 to f32
    // becomes
    %leading = math.ctlz %magnitude : i64
    ...
    %single = arith.uitofp %upper : i32 to f32
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::math::MathDialect"];
}

def CheckIndicesPass : Pass<"m7-check-indices", "mlir::ModuleOp"> {
  let summary = "Keep indices of 32 bits in order";
  let description = [{
    Integers of 64 bits that become indices are moved into the range of 32 bits
    first, so that a comparison with a size comes out as it would have. Constants
    beyond that range are refused.

    ```mlir
    %i = arith.index_cast %x : i64 to index
    // becomes
    %0 = arith.maxsi %x, %least : i64
    %1 = arith.minsi %0, %most : i64
    %i = arith.index_cast %1 : i64 to index
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect"];
}

def ConvertToLLVMPass : Pass<"m7-convert-to-llvm", "mlir::ModuleOp"> {
  let summary = "Convert the model's function to the LLVM dialect";
  let description = [{
    Buffers are bare pointers, indices have 32 bits, and constants are global
    and constant, so that the linker puts them into flash.
  }];
  let dependentDialects = ["mlir::LLVM::LLVMDialect"];
}

#endif // TFC_TARGET_CORTEXM7_PASSES_TD
