//===- Passes.td - passes of the x86 target ----------------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_X86_PASSES_TD
#define TFC_TARGET_X86_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Entry, loops, memory, LLVM
//===----------------------------------------------------------------------===//

def X86EntryPointPass : Pass<"x86-entry-point", "mlir::ModuleOp"> {
  let summary = "Make the model's function take the caller's frame";
  let description = [{
    Turns `func @main_graph(tensors) -> tensors` into `@tfc_generated_compute`,
    whose arguments are `x86.buffer input` and whose results are written to
    `x86.buffer output`. Open sizes become `x86.input_dim`; those of the same
    name become one value. The sizes of the results are stated by
    `x86.output_dims`, in terms of the inputs' sizes.

    The names, types and open sizes of inputs and outputs move to the module
    attribute `x86.interface`.

    An argument with `tfc.cache` (see `memory-place-caches`) and its result are one buffer of
    the caller's, dense with room for as many tokens as the attribute says: new tokens are
    written behind those that are there. Checks of a call are that there is room for them,
    and that the caller passed one buffer for both.
  }];
  let dependentDialects = ["x86::X86Dialect", "mlir::LLVM::LLVMDialect",
                           "mlir::bufferization::BufferizationDialect",
                           "mlir::memref::MemRefDialect", "mlir::tensor::TensorDialect",
                           "mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect"];
}

def X86LowerAssertsPass : Pass<"x86-lower-asserts", "mlir::ModuleOp"> {
  let summary = "Number the run-time checks";
  let description = [{
    Rewrites `cf.assert` to `x86.check` and collects the messages in the module
    attribute `x86.checks`. Asserts in parallel regions are refused.
  }];
  let dependentDialects = ["x86::X86Dialect"];
}

def X86LowerLoopsPass : Pass<"x86-lower-loops", "mlir::func::FuncOp"> {
  let summary = "Lower linalg on buffers to parallel loops over scalars";
  let description = [{
    Every linalg operation becomes one `x86.parallel` over its outer parallel
    dimensions and `scf.for` loops inside. The innermost loop is the one with
    the most unit-stride accesses, so that LLVM's vectoriser can take it;
    reductions are carried in registers, and float sums may be reordered.
  }];
  let options = [Option<"profile", "profile", "bool", "false",
                        "Say what work each region is">];
  let dependentDialects = ["x86::X86Dialect", "mlir::scf::SCFDialect",
                           "mlir::affine::AffineDialect",
                           "mlir::memref::MemRefDialect", "mlir::arith::ArithDialect"];
}

def X86PlaceConstantsPass : Pass<"x86-place-constants", "mlir::ModuleOp"> {
  let summary = "Write constants to the weights file";
  let description = [{
    Appends the contents of every constant `memref.global` to a file, each at a
    multiple of 64 bytes, and replaces its uses by `x86.buffer weights`.
    Equal contents share one place when they are one attribute.
  }];
  let options = [Option<"file", "file", "std::string", "\"\"",
                        "Where the bytes go; empty: they are only counted">];
  let dependentDialects = ["x86::X86Dialect"];
}

def X86PlanArenaPass : Pass<"x86-plan-arena", "mlir::func::FuncOp"> {
  let summary = "Place every temporary buffer in one arena";
  let description = [{
    Buffers whose lives do not meet share memory. Sizes may be symbolic: then a
    place is as large as the largest of its buffers, computed once at the start
    of the call, and buffers of provably equal size are put together first.
    A size that is not a function of the inputs' sizes is refused.
  }];
  let dependentDialects = ["x86::X86Dialect", "mlir::arith::ArithDialect"];
}

def X86ExtractPlanPass : Pass<"x86-extract-plan", "mlir::ModuleOp"> {
  let summary = "Make the function that computes sizes before a call";
  let description = [{
    Clones what `x86.output_dims`, `x86.arena_bytes` and the checks that depend
    on sizes alone need into `@tfc_generated_plan`.
  }];
  let dependentDialects = ["x86::X86Dialect", "mlir::func::FuncDialect", "mlir::LLVM::LLVMDialect"];
}

def X86ConvertToLLVMPass : Pass<"x86-convert-to-llvm", "mlir::ModuleOp"> {
  let summary = "Convert everything but parallel regions and checks to LLVM";
  let description = [{
    Buffers become addresses: `x86.buffer` reads the pointer of its input, output
    or the arena from the frame, or adds to the address of the weights. Regions
    keep their form, with i64 arguments, until they are outlined.

    ```mlir
    %x = x86.buffer arena 0 offset(%bytes) : memref<4xf32>
    // becomes
    %arena = llvm.load %field : !llvm.ptr -> !llvm.ptr
    %data = llvm.getelementptr %arena[%bytes] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    ```
  }];
  let dependentDialects = ["mlir::LLVM::LLVMDialect"];
}

def X86OutlineParallelPass : Pass<"x86-outline-parallel", "mlir::ModuleOp"> {
  let summary = "Turn parallel regions into tasks and checks into returns";
  let description = [{
    Each `x86.parallel` becomes a function called through the frame's
    `parallel_for`; what it uses from outside travels in a struct on the stack.

    With `profile`, the struct begins with the region's number, multiply-adds and bytes
    (`tfc_region` of tfc/Runtime/model.h), and the module's attribute `x86.regions` has
    the ONNX nodes of each number: a runtime's `parallel_for` can tell regions apart.
  }];
  let options = [Option<"profile", "profile", "bool", "false",
                        "Let the caller's parallel_for know which region it runs">];
  let dependentDialects = ["mlir::LLVM::LLVMDialect"];
}

def X86MergeTasksPass : Pass<"x86-merge-tasks", "mlir::ModuleOp"> {
  let summary = "Keep one function of those that do the same";
  let description = [{
    Layers of the same sizes do the same to other buffers, and a task gets its buffers
    from outside: so their tasks are equal, and one is compiled for all. Only internal
    functions go. Locations of the one that stays name all.

    ```mlir
    llvm.func internal @tfc_task_0(%record: !llvm.ptr) { ... }
    llvm.func internal @tfc_task_1(%record: !llvm.ptr) { ... }
    %task = llvm.mlir.addressof @tfc_task_1 : !llvm.ptr
    // becomes
    llvm.func internal @tfc_task_0(%record: !llvm.ptr) { ... }
    %task = llvm.mlir.addressof @tfc_task_0 : !llvm.ptr
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def X86LowerProductsPass : Pass<"x86-lower-products", "mlir::ModuleOp"> {
  let summary = "Make parallel regions of products of activations on buffers";
  let description = [{
    A contraction of two buffers in f32, neither of which is packed weights, becomes one
    region over its matrices, blocks of 192 rows and panels. A panel of the second factor,
    384 rows deep, is copied as the micro-kernel reads it, and multiplied with the rows of
    the block; the last panel is as narrow as its columns let it. The first factor is read
    where it lies, contiguous along its rows or along its columns. Where the number of rows is open, fewer than 8 take loops, as copies would
    cost more than they bring. Sums over several dimensions, vectors, and results that are
    not contiguous along rows or columns of the matrix stay loops.

    ```mlir
    linalg.generic {indexing_maps = [(b, m, n, k) -> (b, m, k), (b, m, n, k) -> (b, k, n), ...
    // becomes
    x86.parallel %blocks grain %grain : index { ... call @tfc_copy_to_panel_f32_48(...)
                                                    call @tfc_product_f32_48(...) ... }
    ```
  }];
  let options = [Option<"vectorBits", "vector-bits", "unsigned", "256",
                        "Width of the target's vector registers">,
                 Option<"profile", "profile", "bool", "false",
                        "Say what work each region is">];
  let dependentDialects = ["x86::X86Dialect", "mlir::scf::SCFDialect",
                           "mlir::vector::VectorDialect", "mlir::memref::MemRefDialect",
                           "mlir::arith::ArithDialect"];
}

def X86PackWeightsPass : Pass<"x86-pack-weights", "mlir::ModuleOp"> {
  let summary = "Lay constant weights out as the kernel reads them";
  let description = [{
    Rewrites `attn.linear` in f32 with a constant weight and a constant or no
    bias to `x86.packed_linear` on a matrix of rows. The panel is one to three
    vectors wide, whichever pads the weight least. Equal weights are packed
    once; the file's copy is let go. With `weights` of f16 or bf16 the panels are rounded
    to that, and made f32 again as they are read: half the memory, and half the traffic where
    rows are few. What would be infinite is refused.

    ```mlir
    %y = attn.linear ins(%x, %w, %b : tensor<4x8xf32>, tensor<8x10xf32>, tensor<10xf32>) ...
    // becomes
    %y = x86.packed_linear ins(%x, %panels, %bias : tensor<4x8xf32>, tensor<1x8x16xf32>, tensor<16xf32>) ...
    ```
  }];
  let options = [Option<"vectorBits", "vector-bits", "unsigned", "256",
                        "Width of the target's vector registers">,
                 Option<"scratchFile", "scratch-file", "std::string", "\"\"",
                        "Where packed weights are kept until they are written; "
                        "in memory when empty">,
                 Option<"weights", "weights", "std::string", "\"f32\"",
                        "The type of panels: f32, f16 or bf16">];
  let dependentDialects = ["x86::X86Dialect", "mlir::arith::ArithDialect",
                           "mlir::tensor::TensorDialect"];
}

def X86PackIntegersPass : Pass<"x86-pack-integers", "mlir::ModuleOp"> {
  let summary = "Multiply what was quantised to 8 bits as integers";
  let description = [{
    A product of `attn.dequantize` of activations, with one scale, and of a constant weight,
    with a scale for each column and no zero points, becomes `x86.packed_integer_linear`
    on the integers: what rounding there was before and behind stays. Sums are exact, where
    those of the dequantised numbers in f32 would be rounded. For CPUs with VNNI; others
    multiply in f32. K must be a multiple of 4, and at most 65536.

    ```mlir
    %x = attn.dequantize ins(%i : tensor<4x8xi8>) as !quant.uniform<i8:f32, 0.5:3> ...
    %w = attn.dequantize ins(%c : tensor<8x10xi8>) as !quant.uniform<i8:f32:1, {0.5, ...
    %y = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x10xf32>) ...
    // becomes
    %y = x86.packed_integer_linear signed ins(%i, %panels, %corrections, %scales, %bias : ...
    ```
  }];
  let options = [Option<"vectorBits", "vector-bits", "unsigned", "256",
                        "Width of the target's vector registers">];
  let dependentDialects = ["x86::X86Dialect", "mlir::arith::ArithDialect",
                           "mlir::tensor::TensorDialect", "mlir::affine::AffineDialect"];
}

def X86SelectKernelsPass : Pass<"x86-select-kernels", "mlir::func::FuncOp"> {
  let summary = "Leave attention that has a kernel, decompose the other";
  let description = [{
    `attn.attention` by softmax of f32, of heads of a known size, is left for
    `x86-lower-attention`; of others there remain the products and the softmax.

    ```mlir
    %y = attn.attention score hard scale 0.25 ins(%q, %k, %v : ...
    // becomes
    %s = linalg.generic ... ins(%q, %k : ...
    ```
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect",
                           "mlir::arith::ArithDialect", "mlir::math::MathDialect",
                           "mlir::scf::SCFDialect", "mlir::affine::AffineDialect"];
}

def X86LowerAttentionPass : Pass<"x86-lower-attention", "mlir::ModuleOp"> {
  let summary = "Make parallel regions of attention on buffers";
  let description = [{
    Each `attn.attention` becomes two: the first copies keys and values of each head to
    panels as the micro-kernels read them, the second computes a block of 48 queries of a
    head at a time. Scores exist for 192 keys of a block only, and are corrected as
    larger ones come (FlashAttention, Dao 2022). Keys that no query of a block sees, by
    causality, windows and lengths, are not visited. Query heads that share a head of keys
    share its panels.

    ```mlir
    attn.attention scale 0.25 ins(%q, %k, %v : ...) outs(%y : ...)
    // becomes
    x86.parallel %panels grain %grain : index { ... call @tfc_keys_f32_64(...) ... }
    x86.parallel %blocks grain %grain : index { ... call @tfc_attention_0(...) ... }
    ```
  }];
  let options = [Option<"vectorBits", "vector-bits", "unsigned", "256",
                        "Width of the target's vector registers">,
                 Option<"profile", "profile", "bool", "false",
                        "Say what work each region is">];
  let dependentDialects = ["x86::X86Dialect", "mlir::arith::ArithDialect", "mlir::func::FuncDialect",
                           "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
                           "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect",
                           "mlir::vector::VectorDialect"];
}

def X86LowerKernelsPass : Pass<"x86-lower-kernels", "mlir::ModuleOp"> {
  let summary = "Lower packed products to calls of a micro-kernel";
  let description = [{
    Each `x86.packed_linear` on buffers becomes one parallel region over blocks
    of rows and panels, which calls a kernel that the module shares among all
    products with panels of one width. The kernel keeps a block of the result
    in registers while it walks down the panel.
  }];
  let options = [Option<"vectorBits", "vector-bits", "unsigned", "256",
                        "Width of the target's vector registers">,
                 Option<"profile", "profile", "bool", "false",
                        "Say what work each region is">];
  let dependentDialects = ["x86::X86Dialect", "mlir::arith::ArithDialect", "mlir::func::FuncDialect",
                           "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect",
                           "mlir::vector::VectorDialect", "mlir::LLVM::LLVMDialect"];
}

#endif // TFC_TARGET_X86_PASSES_TD
