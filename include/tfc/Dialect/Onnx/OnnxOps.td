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
  let arguments = (ins
      StrAttr:$op_type,
      DefaultValuedStrAttr<StrAttr, "">:$domain,
      I64Attr:$opset,
      DefaultValuedStrAttr<StrAttr, "">:$node_name,
      DictionaryAttr:$node_attrs,
      StrArrayAttr:$output_names,
      DefaultValuedAttr<StrArrayAttr, "{}">:$subgraph_names,
      Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region VariadicRegion<AnyRegion>:$subgraphs);
}

def Onnx_InitializerOp : Onnx_Op<"initializer", [Pure]> {
  let summary = "a constant tensor stored in the file";
  let arguments = (ins StrAttr:$initializer_name, ElementsAttr:$value);
  let results = (outs AnyType:$result);
}

def Onnx_AbsentOp : Onnx_Op<"absent", [Pure]> {
  let summary = "stands for an optional input that the node does not have";
  let results = (outs NoneType:$result);
}

def Onnx_YieldOp : Onnx_Op<"yield", [Terminator, ReturnLike, Pure]> {
  let summary = "ends a subgraph or a function with its outputs";
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
}

#endif // TFC_DIALECT_ONNX_OPS_TD
