//===- Passes.td - what holds between the layers -----------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_CONTRACT_PASSES_TD
#define TFC_PASSES_CONTRACT_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyContractPass : Pass<"attn-verify-contract", "mlir::ModuleOp"> {
  let summary = "Check what a layer may expect of the one before it";
  let description = [{
    Changes nothing. Emits an error at each operation that breaks what holds at a
    border, and fails then.

    `onnx-to-attn`, after raising:

    - no operation, type or attribute of arguments and results is of the `onnx`
      dialect;
    - tensors have a rank.

    `attn-to-target`, before `x86`, `cortex-m7` and `convert-attn-to-onnx`, all of
    that, and:

    - one function is public, has a body of one block, and no calls are left
      (`inline` and `symbol-dce` do that);
    - its arguments and results are ranked tensors of f16, bf16, f32, f64, i1, i8,
      i16, i32 or i64;
    - `tfc.name` is a string that only one argument, or result, has, `tfc.dims` has
      a string for each dimension, and `tfc.type` is an integer;
    - operations are of dialects that targets lower: attn, linalg, tensor, arith,
      math, scf, and what those need. What is of another dialect, known to MLIR
      or not, is named. In between passes leave such operations alone.

    ```mlir
    func.func @main(%x: tensor<4xf32> {tfc.name = "x"}) -> tensor<4xf32> {
      %y = "their.op"(%x) : (tensor<4xf32>) -> tensor<4xf32>
      return %y : tensor<4xf32>
    }
    // with border=attn-to-target:
    // error: 'their.op' op is of a dialect that no target lowers; ...
    ```
  }];
  let options = [Option<"border", "border", "tfc::contract::Border",
      "tfc::contract::Border::AttnToTarget", "Which border the module is at", [{
        llvm::cl::values(
          clEnumValN(tfc::contract::Border::OnnxToAttn, "onnx-to-attn",
                     "after raising"),
          clEnumValN(tfc::contract::Border::AttnToTarget, "attn-to-target",
                     "before a target"))
      }]>,
    ListOption<"dialects", "dialects", "std::string",
      "Dialects that the target lowers besides, as those of its own operations">];
}

#endif // TFC_PASSES_CONTRACT_PASSES_TD
