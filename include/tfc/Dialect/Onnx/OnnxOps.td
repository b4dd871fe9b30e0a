//===- OnnxOps.td - the ONNX file as IR --------------------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DIALECT_ONNX_OPS_TD
#define TFC_DIALECT_ONNX_OPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::tfc::onnx";
  let summary = "An ONNX model, one operation a node, nothing decided";
  let description = [{
    The dialect mirrors a file. It knows no operator by name: a node is an
    `onnx.node` that carries its operator type, domain, the version of that
    domain's operator set that the file imports, its attributes, its subgraphs
    as regions and the names the file gave to it and to its results.
  }];
  let useDefaultTypePrinterParser = 1;
}

class Onnx_Type<string name, string typeMnemonic>
    : TypeDef<Onnx_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Onnx_ValueType : Onnx_Type<"Value", "value"> {
  let summary = "a value whose type the file does not state";
}
def Onnx_StringType : Onnx_Type<"String", "string"> {
  let summary = "element type of ONNX string tensors";
}

class Onnx_Op<string mnemonic, list<Trait> traits = []>
    : Op<Onnx_Dialect, mnemonic, traits>;

def Onnx_NodeOp : Onnx_Op<"node"> {
  let summary = "one node of an ONNX graph";
  let description = [{
    `op_type` and `domain` (empty for ONNX's own) name the operator; `opset` is
    the version of that domain's operator set that the file imports, so the
    operator is the newest one of at most this version. `node_attrs` are the
    attributes other than graphs, which are regions, named by `subgraph_names`;
    these may use values from outside. `output_names` are the file's, empty for
    an output that the node leaves out. An input that it leaves out is
    `onnx.absent`.

    ```mlir
    func.func @sum(%x: tensor<4xf32>, %y: tensor<4xf32>) -> !onnx.value {
      %z = onnx.node "Add"(%x, %y) opset 18 name "sum" outputs ["z"]
          : (tensor<4xf32>, tensor<4xf32>) -> !onnx.value
      return %z : !onnx.value
    }
    ```
  }];
  let arguments = (ins
      StrAttr:$op_type,
      DefaultValuedStrAttr<StrAttr, "">:$domain,
      I64Attr:$opset,
      DefaultValuedStrAttr<StrAttr, "">:$node_name,
      DefaultValuedAttr<DictionaryAttr, "{}">:$node_attrs,
      StrArrayAttr:$output_names,
      DefaultValuedAttr<StrArrayAttr, "{}">:$subgraph_names,
      Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region VariadicRegion<AnyRegion>:$subgraphs);
  let assemblyFormat = [{
    $op_type `(` $inputs `)` (`domain` $domain^)? `opset` $opset (`name` $node_name^)?
    (`attributes` $node_attrs^)? `outputs` $output_names
    (`subgraphs` $subgraph_names^)? attr-dict `:` functional-type($inputs, $outputs)
    $subgraphs
  }];
  let hasVerifier = 1;
}

def Onnx_InitializerOp : Onnx_Op<"initializer", [Pure,
    AllTypesMatch<["value", "result"]>]> {
  let summary = "a constant tensor stored in the file";
  let description = [{
    ```mlir
    func.func @constant() {
      %w = onnx.initializer "weight" = dense<[1.0, 2.0]> : tensor<2xf32>
      return
    }
    ```
  }];
  let arguments = (ins StrAttr:$initializer_name, ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$initializer_name `=` $value attr-dict";
}

def Onnx_AbsentOp : Onnx_Op<"absent", [Pure]> {
  let summary = "stands for an optional input that the node does not have";
  let description = [{
    ```mlir
    func.func @absent() {
      %none = onnx.absent
      return
    }
    ```
  }];
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict";
}

def Onnx_YieldOp : Onnx_Op<"yield", [Terminator, ReturnLike, Pure]> {
  let summary = "ends a subgraph with its outputs";
  let description = [{
    ```mlir
    func.func @choose(%condition: tensor<i1>, %x: tensor<4xf32>) {
      %y = onnx.node "If"(%condition) opset 18 outputs ["y"]
          subgraphs ["then_branch", "else_branch"] : (tensor<i1>) -> !onnx.value {
        onnx.yield %x : tensor<4xf32>
      }, {
        onnx.yield %x : tensor<4xf32>
      }
      return
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
}

#endif // TFC_DIALECT_ONNX_OPS_TD
