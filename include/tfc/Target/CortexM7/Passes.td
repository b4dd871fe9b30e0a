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

def SplitPatchEmbeddingPass : Pass<"m7-split-patch-embedding", "mlir::func::FuncOp"> {
  let summary = "Embed an image by rows of patches";
  let description = [{
    A product of all patches with the weights becomes a loop over rows of
    patches, each of which reads a strip of the image and writes its tokens
    where they belong. No patches are copied, and what makes the image
    element by element, as a scaling of pixels, is done a strip at a time.
    Products of int8, whose rows are copied out of the image by m7-select-integers,
    copy those of one strip at a time; strips may overlap there. Where the image
    has a border of one number, which is not made then, or with `reads-once`,
    a strip stays for the next row of windows, which takes over the rows that
    both have and adds the others. Other convolutions of f32 whose stride is their kernel's height go by rows too. Transposes after
    them that undo each other go away, so that no map of channels is made.

    ```mlir
    %y = attn.patch_embed ins(%image, %w : tensor<1x3x96x96xf32>, tensor<32x3x16x16xf32>) outs(%init : tensor<1x36x32xf32>) -> tensor<1x36x32xf32>
    // becomes
    %y = scf.for %row = %c0 to %c96 step %c16 iter_args(%tokens = %init) -> (tensor<1x36x32xf32>) {
      %strip = tensor.extract_slice %image[0, 0, %row, 0] [1, 3, 16, 96] [1, 1, 1, 1] : tensor<1x3x96x96xf32> to tensor<1x3x16x96xf32>
      %token = affine.apply affine_map<(d0) -> ((d0 floordiv 16) * 6)>(%row)
      ...
      %made = linalg.generic ... ins(%strip, %w : tensor<1x3x16x96xf32>, tensor<32x3x16x16xf32>) outs(%start : tensor<1x6x32xf32>) ...
      %next = tensor.insert_slice %made into %tokens[0, %token, 0] [1, 6, 32] [1, 1, 1] : tensor<1x6x32xf32> into tensor<1x36x32xf32>
      scf.yield %next : tensor<1x36x32xf32>
    }
    ```
  }];
  let options = [Option<"readsOnce", "reads-once", "bool", "false",
      "Read each row of an image of int8 once, as a stream has them">];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect"];
}

def StreamInputsPass : Pass<"m7-stream-inputs", "mlir::ModuleOp"> {
  let summary = "Ask the caller for an input strip by strip";
  let description = [{
    An input of which one loop takes a strip of rows at a time, from the first
    row to the last, need not be in memory: the model gets a function and its
    context in the place of the buffer, and calls it for each strip. Rows and
    the dimension they are counted in go to `m7.interface`.

    An input that is used otherwise is refused, with the operation that needs
    more of it.

    ```mlir
    %strip = tensor.extract_slice %image[0, 0, %row, 0] [1, 3, 16, 96] [1, 1, 1, 1] : tensor<1x3x96x96xf32> to tensor<1x3x16x96xf32>
    // becomes
    %init = tensor.empty() : tensor<1x3x16x96xf32>
    %strip = m7.read_rows %rows(%context) axis 2 first %row outs(%init : tensor<1x3x16x96xf32>) -> tensor<1x3x16x96xf32>
    ```
  }];
  let options = [Option<"input", "input", "std::string", "", "Its name; may be left away where there is one">];
  let dependentDialects = ["M7Dialect", "mlir::tensor::TensorDialect"];
}

def CallRowsPass : Pass<"m7-call-rows", "mlir::func::FuncOp"> {
  let summary = "Call the function that delivers rows of an input";
  let description = [{
    A `m7.read_rows` on buffers becomes a call, and a branch to a return of the
    header's INPUT_ENDED (3) where it does not return 0. Runs where loops are
    branches.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect",
                           "mlir::func::FuncDialect"];
}

def LowerAssertsPass : Pass<"m7-lower-asserts", "mlir::func::FuncOp"> {
  let summary = "Return a status where a check fails";
  let description = [{
    A `cf.assert` becomes a branch to a return of `the header's BAD_INPUT` (2). Runs where
    loops are branches.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect"];
}

def SplitHeadsPass : Pass<"m7-split-heads", "mlir::func::FuncOp"> {
  let summary = "Make what a head of an attention needs when it needs it";
  let description = [{
    The result of each head takes the place of its queries. Where queries, keys
    or values of the heads are columns of products, each head gets products of
    its own, of those columns' weights, if less lives at a time then: instead of
    all heads' keys and values there are one head's and what they are made of.
    Nothing is computed twice. Where the queries are used otherwise too, or
    are not seen as the result is, they stay.

    ```mlir
    %k = m7.product ins(%x : tensor<9x8xi8>) weights dense<1> : tensor<16x8xi8> ...
    %k0 = tensor.extract_slice %k[0, 0] [9, 8] [1, 1] : tensor<9x16xi8> to tensor<9x8xi8>
    %h0 = m7.attention ins(%q0, %k0, %v0 : ...) ... outs(%e : tensor<9x8xi8>)
    // becomes
    %k0 = m7.product ins(%x : tensor<9x8xi8>) weights dense<1> : tensor<8x8xi8> ...
    %h0 = m7.attention ins(%q0, %k0, %v0 : ...) ... outs(%q0 : tensor<9x8xi8>)
    ```
  }];
  let dependentDialects = ["M7Dialect", "mlir::tensor::TensorDialect"];
}

def FitArenaPass : Pass<"m7-fit-arena", "mlir::ModuleOp"> {
  let summary = "Choose tiles that make the arena fit";
  let description = [{
    Plans the arena of copies of the module: without tiles first, then with ever
    smaller tiles of rows (attn-tile-tokens), until arena and 2 KB of stack fit
    `sram` bytes, and takes the first that fits or, where none does, the least.
    What the caller holds of inputs and outputs, by `m7.interface`, is taken off
    `sram` first. Without a limit there are no tiles.

    The choice goes to the function's attribute `memory.tile_rows`; with what was
    tried, to the module's `m7.tiles`.

    ```mlir
    func.func @tfc_compute(...) attributes {memory.tile_rows = 32 : i64}
    ```
  }];
  let options = [Option<"sram", "sram", "int64_t", "0", "Bytes for arena, stack, inputs and outputs; 0: no limit">];
}

def NoteSavingsPass : Pass<"m7-note-savings", "mlir::ModuleOp"> {
  let summary = "Say what would make a model that does not fit smaller";
  let description = [{
    Where the tiles of m7-fit-arena leave more than `sram` bytes, with room for a
    stack that is not known yet, plans copies of the module as options would make
    them: each input that m7-stream-inputs takes by rows; an image of about three
    quarters of its rows and columns; and in f32 each buffer at a quarter of its
    size. The sizes of arena, inputs and outputs go to `m7.savings`.

    The smaller image is the same module with other sizes, which follow from the
    image's through all operations; constants whose sizes change, such as embeddings
    of positions, only have sizes there. Where one operation cannot have the sizes of its
    neighbours, smaller images are tried in steps up to 64, and left out if none goes.

    With `flash` each constant goes to `m7.weights`, with its node and, for
    weights of a linear layer, its inputs and outputs. Changes nothing else.

    ```mlir
    module attributes {m7.savings = [{arena = 5632 : i64, held = 40 : i64, how = "with --input-stream=image"} ],
                       m7.weights = [{bytes = 8192 : i64, inputs = 32 : i64, node = "/mlp/MatMul", outputs = 64 : i64} ] }
    ```
  }];
  let options = [Option<"sram", "sram", "int64_t", "0", "Bytes for arena, stack, inputs and outputs; 0: no limit">,
                 Option<"flash", "flash", "int64_t", "0", "Bytes for code and constants; 0: no limit">];
}

def PlanArenaPass : Pass<"m7-plan-arena", "mlir::ModuleOp"> {
  let summary = "Place every temporary buffer in one static arena";
  let description = [{
    Each `memref.alloc` of `@tfc_compute` becomes a view of a new last argument,
    the arena, at a fixed offset; buffers whose lives do not meet may share
    bytes. A life goes from the first step that touches the buffer, or a view of
    it, to the last. A step is an operation that touches memory; a loop that has
    temporaries of its own is as many steps as its body, and what is made in an
    iteration ends with it.

    The offsets are searched for the least size. Orders of placing are tried
    first; where the best leaves a gap to the lower bound, the largest sum of
    buffers alive at once, branch and bound closes it from both sides, as far as
    `nodes` go. Size, bound, places and steps go to the module attribute
    `m7.plan`.

    ```mlir
    %a = memref.alloc() : memref<8xf32>
    // becomes
    %a = memref.view %arena[%c64][] : memref<128xi8> to memref<8xf32>
    ```
  }];
  let options = [Option<"orders", "orders", "unsigned", "2000", "Most orders that are tried">,
                 Option<"nodes", "nodes", "unsigned", "20000", "Most nodes of branch and bound">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::memref::MemRefDialect"];
}

def VerifyMemoryPlanPass : Pass<"attn-verify-memory-plan", "mlir::ModuleOp"> {
  let summary = "Check that no byte of the arena is overwritten while it lives";
  let description = [{
    Reads the views that the plan made, not the plan: each buffer's bytes and the
    span of steps that may touch them, by the uses of the view and of what
    is derived from it. Two buffers whose spans meet must not share a byte, and
    each must lie in the arena. A kernel's result may lie in the place of an
    operand only if the kernel reads that row by row, as an attention does its
    queries, and then in exactly its place. Changes nothing; runs after every
    plan.
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
    in f32; with `float-operators` too, all of which must come from these
    operators. Which node has which operator is in the module's `tfc.operators`,
    as `{"/MatMul" = ["MatMul"]}`.

    ```mlir
    %f = attn.dequantize ins(%x : tensor<4xi8>) as !quant.uniform<i8:f32, 0.5> outs(...) -> tensor<4xf32>
    %e = linalg.generic ... ins(%f) { math.tanh }
    %y = attn.quantize ins(%e : tensor<4xf32>) as !quant.uniform<i8:f32, 0.01> outs(...) -> tensor<4xi8>
    // becomes
    %y = m7.table ins(%x : tensor<4xi8>) table dense<...> : tensor<256xi8> outs(...) -> tensor<4xi8>
    ```
  }];
  let options = [Option<"allowFloat", "allow-float", "bool", "false",
      "Leave in f32 what has no form in integers">,
                 ListOption<"floatOperators", "float-operators", "std::string",
      "Only what comes from these ONNX operators">];
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

def MarkNodesPass : Pass<"m7-mark-nodes", "mlir::ModuleOp"> {
  let summary = "Say where the work of each node begins";
  let description = [{
    Calls `@tfc_profile` with a node's number before the first of its operations
    in the function's block, and with the count of nodes at its end. A node whose
    operations are not one after the other begins more than once; what several
    nodes were fused into is the first one's. The names go to the module attribute
    `m7.nodes`. Runs where loops and kernels are in their final order.

    ```mlir
    memref.copy %x, %y : memref<4xf32> to memref<4xf32> loc("/Identity")
    // becomes
    llvm.call @tfc_profile(%c0_i32) : (i32) -> ()
    memref.copy %x, %y : memref<4xf32> to memref<4xf32>
    llvm.call @tfc_profile(%c1_i32) : (i32) -> ()
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::LLVM::LLVMDialect"];
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
