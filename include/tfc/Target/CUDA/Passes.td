//===- Passes.td - passes of the CUDA target ---------------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CUDA_PASSES_TD
#define TFC_TARGET_CUDA_PASSES_TD

include "mlir/Pass/PassBase.td"

def CudaSelectProductsPass : Pass<"cuda-select-products", "mlir::func::FuncOp"> {
  let summary = "Make contractions that there are kernels for operations of cuda";
  let description = [{
    Sums in f32, over one loop, of products of two tensors of f32, f16 or bf16 become
    `cuda.product`, whatever order their dimensions are in; transpositions and
    repetitions of factors become part of it. What the sum starts from, if not 0, is
    added to it. Other types and sums stay as they are, and become a thread for each
    result. An attribute `cuda.tile` becomes the product's.

    ```mlir
    %zero = arith.constant 0.0 : f32
    %start = linalg.fill ins(%zero : f32) outs(%init : tensor<4x16xf32>) -> tensor<4x16xf32>
    %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>)
                       outs(%start : tensor<4x16xf32>) -> tensor<4x16xf32>
    // becomes
    %y = cuda.product f32 maps [#mk, #kn, #mn]
        ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%init : tensor<4x16xf32>) {
    ^bb0(%sum: f32):
      cuda.yield %sum : f32
    } -> tensor<4x16xf32>
    ```
  }];
  let options = [Option<"matmul", "matmul", "std::string", "\"f32\"",
      "How factors in f32 are multiplied: f32, or by tensor cores, rounded before to the "
      "11 bits of tf32 or to f16, beyond whose largest number, 65504, they are infinite">];
  let dependentDialects = ["tfc::cuda::CudaDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
}

def CudaFuseEpiloguesPass : Pass<"cuda-fuse-epilogues", "mlir::func::FuncOp"> {
  let summary = "Do what follows a product where its sums are";
  let description = [{
    An elementwise operation that alone reads a product goes into the product's
    region, with what else it reads: biases, activations, residuals, masks.

    ```mlir
    %sums = cuda.product f32 maps [#mk, #kn, #mn] ins(%x, %w) outs(%init) {
    ^bb0(%sum: f32):
      cuda.yield %sum : f32
    } -> tensor<4x16xf32>
    %y = linalg.generic {...} ins(%sums, %bias) outs(%init) { arith.addf }
    // becomes
    %y = cuda.product f32 maps [#mk, #kn, #n, #mn] ins(%x, %w) others(%bias) outs(%init) {
    ^bb0(%sum: f32, %offset: f32):
      %moved = arith.addf %sum, %offset : f32
      cuda.yield %moved : f32
    } -> tensor<4x16xf32>
    ```
  }];
  let dependentDialects = ["tfc::cuda::CudaDialect"];
}

def CudaLowerProductsPass : Pass<"cuda-lower-products", "mlir::func::FuncOp"> {
  let summary = "Make tiled kernels of products on buffers";
  let description = [{
    Each `cuda.product` becomes one `gpu.launch` with a block for each tile of a result.
    Tiles of the factors come to shared memory by cp.async, some tiles ahead: 16 bytes
    at a time where sizes prove that rows begin at multiples of 16 bytes, an element at
    a time otherwise, with zeros past the ends. Sums are kept in registers; they go
    through shared memory once more, so that the epilogue reads and writes neighbours.
    Buffers begin at multiples of 16 bytes.

    The tile is the one of a table for which a model of the architecture promises the
    least time (targets/CUDA/ProductTile.h says how). Batches whose rows lie one behind
    the other are one matrix.

    A product that has at most 8 rows for sure, and no `tile`, is limited by reading b,
    which is not copied then: a lane has a column, or a warp where neighbours in b are
    of the loop k, and multiplies what it reads by all rows, by FMA whatever the type.

    ```mlir
    cuda.product f32 maps [#mk, #kn, #mn] ins(%a, %b : memref<512x64xf32>, memref<64x512xf32>)
        outs(%c : memref<512x512xf32>) {
    ^bb0(%sum: f32):
      cuda.yield %sum : f32
    }
    // becomes
    gpu.launch blocks(...) in (%c64, ...) threads(...) in (%c128, ...)
               dynamic_shared_memory_size %c49152_i32 {
      nvgpu.device_async_copy ...
      scf.for ... {
        nvvm.cp.async.wait.group 1
        gpu.barrier
        ... math.fma ...
      }
      memref.store ...
      gpu.terminator
    }
    ```
  }];
  let options = [Option<"arch", "arch", "std::string", "\"sm_80\"",
      "The GPU whose processors and shared memory the choice of tiles counts with">,
                 Option<"chooseOnly", "choose-only", "bool", "false",
      "Only note the tile that is chosen for each product, as its attribute `tile`">];
  let dependentDialects = ["mlir::gpu::GPUDialect", "mlir::scf::SCFDialect",
                           "mlir::nvgpu::NVGPUDialect", "mlir::NVVM::NVVMDialect",
                           "mlir::LLVM::LLVMDialect", "mlir::math::MathDialect",
                           "mlir::vector::VectorDialect", "mlir::affine::AffineDialect",
                           "mlir::memref::MemRefDialect", "mlir::arith::ArithDialect"];
}

def CudaTransposeByTilesPass : Pass<"cuda-transpose-by-tiles", "mlir::func::FuncOp"> {
  let summary = "Transpose by tiles in shared memory";
  let description = [{
    Elementwise operations on buffers whose results lie along one loop and some of whose
    inputs along another one, of 16 steps at least if that is known. A block of 256
    threads has a tile of 32 x 32 elements: lanes read neighbours of those inputs to
    shared memory, and after a barrier they write neighbours of the results. Rows of the
    tile are 33 elements apart, so that neither meets a bank twice. Other inputs are read
    where results are written.

    ```mlir
    linalg.transpose ins(%x : memref<64x96xf32>) outs(%y : memref<96x64xf32>) permutation = [1, 0]
    // becomes
    gpu.launch blocks(...) in (%c6, ...) threads(...) in (%c256, ...)
               dynamic_shared_memory_size %c4224_i32 {
      %a = memref.load %x[%row, %lane] ...
      llvm.store %a, %shared ...
      gpu.barrier
      %b = llvm.load %shared ...
      memref.store %b, %y[%column, %lane] ...
      gpu.terminator
    }
    ```

    Left alone are inputs along several other loops, gathers, elements of i1, and
    reductions.
  }];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
                           "mlir::gpu::GPUDialect", "mlir::LLVM::LLVMDialect",
                           "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect"];
}

def CudaVectorizeElementwisePass : Pass<"cuda-vectorize-elementwise", "mlir::func::FuncOp"> {
  let summary = "Make kernels that take 16 bytes of a row at a time";
  let description = [{
    Elementwise operations on buffers, copies, and gathers of rows become a `gpu.launch`
    in which a thread makes neighbours along a row: as many as 16 bytes hold of the
    largest elements, fewer where rows begin at multiples of less. What lies along rows
    is read and written by vectors, what neighbours share is read and computed once.
    Where rows do not end with a piece, the thread of the last one goes by elements.
    Buffers begin at multiples of 16 bytes.

    Left to `cuda-launch-loops` is what reads across rows, as transpositions, and what
    has more operands that lie elsewhere, as at odd offsets, than vectors; i1 has a byte
    each and is never a vector.

    ```mlir
    func.func @negate(%x: memref<128xf32>, %y: memref<128xf32>) {
      linalg.elementwise kind=#linalg.elementwise_kind<negf>
          ins(%x : memref<128xf32>) outs(%y : memref<128xf32>)
      return
    }
    ```

    becomes

    ```mlir
    func.func @negate(%x: memref<128xf32>, %y: memref<128xf32>) {
      %one = arith.constant 1 : index
      %four = arith.constant 4 : index
      %threads = arith.constant 32 : index
      gpu.launch blocks(%bx, %by, %bz) in (%gx = %one, %gy = %one, %gz = %one)
                 threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %one, %sz = %one) {
        %i = arith.muli %tx, %four : index
        %a = vector.load %x[%i] {alignment = 16} : memref<128xf32>, vector<4xf32>
        %b = arith.negf %a : vector<4xf32>
        vector.store %b, %y[%i] {alignment = 16} : memref<128xf32>, vector<4xf32>
        gpu.terminator
      }
      return
    }
    ```

    where the arithmetic is written once for each element.
  }];
  let options = [Option<"reportMisses", "report-misses", "bool", "false",
      "Remark why a thread has one element">];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
                           "mlir::gpu::GPUDialect", "mlir::linalg::LinalgDialect",
                           "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect",
                           "mlir::vector::VectorDialect"];
}

def CudaLaunchLoopsPass : Pass<"cuda-launch-loops", "mlir::func::FuncOp"> {
  let summary = "Make kernels of linalg on buffers and of loops over scalars";
  let description = [{
    Every linalg operation and every copy becomes one `gpu.launch` with a thread
    for each of its results; reductions are loops of a thread. What is left of
    loops and branches over scalars in buffers, as recurrences over few elements,
    becomes a launch of one thread. Loops around launches stay on the host.

    ```mlir
    func.func @negate(%x: memref<4xf32>, %y: memref<4xf32>) {
      linalg.elementwise kind=#linalg.elementwise_kind<negf>
          ins(%x : memref<4xf32>) outs(%y : memref<4xf32>)
      return
    }
    ```

    becomes

    ```mlir
    func.func @negate(%x: memref<4xf32>, %y: memref<4xf32>) {
      %one = arith.constant 1 : index
      %four = arith.constant 4 : index
      %threads = arith.constant 32 : index
      gpu.launch blocks(%bx, %by, %bz) in (%gx = %one, %gy = %one, %gz = %one)
                 threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %one, %sz = %one) {
        scf.for %i = %tx to %four step %threads {
          %a = memref.load %x[%i] : memref<4xf32>
          %b = arith.negf %a : f32
          memref.store %b, %y[%i] : memref<4xf32>
        }
        gpu.terminator
      }
      return
    }
    ```
  }];
  let dependentDialects = ["mlir::gpu::GPUDialect", "mlir::scf::SCFDialect",
                           "mlir::affine::AffineDialect",
                           "mlir::memref::MemRefDialect", "mlir::arith::ArithDialect"];
}

def CudaSelectKernelsPass : Pass<"cuda-select-kernels", "mlir::func::FuncOp"> {
  let summary = "Leave attention and norms that have kernels, decompose the others";
  let description = [{
    On tensors. Kept are softmax of f32, f16 or bf16 with heads of a known size, a
    multiple of 16 bytes, up to 256 elements; norms of such elements over the last
    dimension, of a known size up to 2048; and recurrences whose keys have a known size
    up to 512. Causal linear attention becomes such a recurrence, of values with a
    column of ones more, and a division by its results. Constant `key_blocks` of
    64 keys or a multiple become a mask of blocks. With `matmul=f16`, queries, keys and values
    of f32 are rounded to f16 for tensor cores, where heads are multiples of 8.
  }];
  let options = [Option<"matmul", "matmul", "std::string", "\"f32\"",
                        "how f32 is multiplied: f32, tf32 (attention: as f32) or f16">];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect"];
}

def CudaLowerAttentionPass : Pass<"cuda-lower-attention", "mlir::ModuleOp"> {
  let summary = "Make kernels of attention on buffers";
  let description = [{
    Each `attn.attention` becomes a launch that never writes scores: FlashAttention-2
    (Dao 2023), of f16 and bf16 on tensor cores, of f32 by multiply-adds. With eight
    known queries at most, and more keys than a tile has, it is LeanAttention (Sanovar
    et al. 2024): keys are dealt to as many blocks as run at once. With `sequences`, blocks
    find theirs on the device. Where a mask is a constant, what tiles of keys each tile of
    queries sees is listed in a constant of the module, and others are skipped. Operands whose rows
    may begin elsewhere than at multiples of 16 bytes are copied first. `docs/cuda.md`
    has both schedules.
  }];
  let options = [ListOption<"occupancyOf", "occupancy-of", "int64_t",
      "For decoding of known sizes, remark how busy so many multiprocessors are">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::gpu::GPUDialect",
                           "mlir::LLVM::LLVMDialect", "mlir::NVVM::NVVMDialect",
                           "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
                           "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect",
                           "mlir::vector::VectorDialect", "tfc::x86::X86Dialect"];
}

def CudaEstimatePass : Pass<"cuda-estimate", "mlir::ModuleOp"> {
  let summary = "Remark what each kernel takes at least by the roofline model";
  let description = [{
    On buffers, of what becomes a kernel: operations on floats, bytes of its operands,
    each counted once, and the longer of what both take at a device's peaks (Williams,
    Waterman, Patterson 2009). Peaks are those of NVIDIA's data sheets, without sparsity:

    | device | f32 | tf32 | f16, bf16 | memory |
    |---|---|---|---|---|
    | `a100` (80 GB, SXM) | 19.5 | 156 | 312 TFLOP/s | 2.039 TB/s |
    | `h100` (SXM5) | 67 | 494.7 | 989.4 TFLOP/s | 3.35 TB/s |

    These are lower bounds, not measured: they know nothing of launches, caches or idle
    multiprocessors. What a loop on the host repeats counts once.

    ```mlir
    // 268435456 operations, 3145728 bytes: 13.77 us at least on a100, by arithmetic;
    // an estimate, not measured
    cuda.product f32 maps [#mk, #kn, #mn]
        ins(%a, %b : memref<512x512xf32>, memref<512x512xf32>) outs(%c : memref<512x512xf32>) {
    ^bb0(%sum: f32):
      cuda.yield %sum : f32
    }
    ```
  }];
  let options = [Option<"name", "device", "std::string", "\"a100\"",
      "The device whose peaks are counted with: a100 or h100">,
                 Option<"note", "note", "bool", "false",
      "Instead of remarks, an attribute of the module, `cuda.estimate`: what --report has">];
}

def CudaLowerNormsPass : Pass<"cuda-lower-norms", "mlir::func::FuncOp"> {
  let summary = "Make kernels of norms on buffers";
  let description = [{
    Each `attn.norm` becomes a launch with a warp for each row, which has the row in
    registers, read once. Operands that are not dense are copied first.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::gpu::GPUDialect",
                           "mlir::LLVM::LLVMDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::memref::MemRefDialect",
                           "mlir::scf::SCFDialect", "mlir::vector::VectorDialect"];
}

def CudaLowerScansPass : Pass<"cuda-lower-scans", "mlir::func::FuncOp"> {
  let summary = "Make kernels of recurrences on buffers";
  let description = [{
    Each `attn.scan` becomes a launch whose threads have the state in registers. Where
    that would be few blocks for many tokens, and there is no `beta`, tokens are cut
    into chunks of 128, and there are three launches: the state that each chunk makes
    of zero, and what it multiplies the one before with; the state before each chunk;
    results. `docs/cuda.md` has the schedule.

    ```mlir
    attn.scan scale 1.0 ins(%q, %k, %v : memref<1x1x2048x16xf32>, ...)
        step(%step : ...) rate(%rate : ...) outs(%y, %state : ...)
    // becomes
    %states = memref.alloc() : memref<1x1x16x16x64xf32>
    %sums = memref.alloc() : memref<1x1x16x64xf32>
    gpu.launch ... // 15 chunks
    gpu.launch ... // a thread for each number of the state
    gpu.launch ... // 16 chunks
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::gpu::GPUDialect",
                           "mlir::LLVM::LLVMDialect", "mlir::math::MathDialect",
                           "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect",
                           "mlir::vector::VectorDialect"];
}

def CudaSelectSortsPass : Pass<"cuda-select-sorts", "mlir::func::FuncOp"> {
  let summary = "Make what compares all elements of rows with each other a sort";
  let description = [{
    On targets without a kernel, an element's place in its row is a count of those that
    come before it: which are less, or equal and earlier. That becomes `cuda.sort`, by
    keys that sort as the comparison does. What looks for the first places after that,
    as top-k does, becomes the other form of it. Comparisons of floating-point numbers
    hold for no NaN, so nothing counts as before one and its place is 0.

    ```mlir
    #mine = affine_map<(i, a, j) -> (i, a)>
    #its = affine_map<(i, a, j) -> (i, j)>
    %zeros = linalg.fill ins(%zero : i64) outs(%init : tensor<?x64xi64>) -> tensor<?x64xi64>
    %places = linalg.generic {
        indexing_maps = [#mine, #its, #mine],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %x : tensor<?x64xi32>, tensor<?x64xi32>) outs(%zeros : tensor<?x64xi64>) {
    ^bb0(%mine: i32, %its: i32, %count: i64):
      %less = arith.cmpi slt, %its, %mine : i32
      %equal = arith.cmpi eq, %its, %mine : i32
      %a = linalg.index 1 : index
      %j = linalg.index 2 : index
      %earlier = arith.cmpi ult, %j, %a : index
      %tie = arith.andi %equal, %earlier : i1
      %before = arith.ori %less, %tie : i1
      %one = arith.extui %before : i1 to i64
      %more = arith.addi %count, %one : i64
      linalg.yield %more : i64
    } -> tensor<?x64xi64>
    // becomes
    %places = cuda.sort 1 ins(%x : tensor<?x64xi32>) outs(%init : tensor<?x64xi64>) {
    ^bb0(%element: i32):
      cuda.yield %element : i32
    } -> tensor<?x64xi64>
    ```
  }];
  let dependentDialects = ["tfc::cuda::CudaDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
}

def CudaLowerSortsPass : Pass<"cuda-lower-sorts", "mlir::func::FuncOp"> {
  let summary = "Make kernels of sorts on buffers";
  let description = [{
    Each `cuda.sort` becomes a launch with a block for each row of up to 2048 elements,
    which a bitonic network (Batcher 1968) sorts in shared memory. Longer rows, and those
    of open sizes, are pieces of 2048 with a block for each; launches follow that merge
    neighbours, a thread finding an element's place in the other piece by bisection,
    until pieces are rows. Where only the first elements are wanted, only these are
    merged. Rows have less than 2^31 elements.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::gpu::GPUDialect",
                           "mlir::LLVM::LLVMDialect", "mlir::memref::MemRefDialect",
                           "mlir::scf::SCFDialect"];
}

def CudaReduceByWarpsPass : Pass<"cuda-reduce-by-warps", "mlir::func::FuncOp"> {
  let summary = "Combine numbers along rows by warps";
  let description = [{
    Of linalg on buffers, operations with one reduction loop, of 64 steps or more or of
    an open number, whose inputs lie along it side by side, and which combine f32 or i32
    by one operation of `arith` with a neutral element: sums, products, maxima. Each
    result is a warp's: lane i takes every 32nd piece from i on, so that neighbours read
    neighbours, and five shuffles combine what lanes have. A piece is what 16 bytes hold,
    or 8 or 4 of them, where rows are known to be whole pieces, one for each lane at least;
    its numbers are combined apart, and at the end with each other. Else it is a number. Other
    operations are left to `cuda-launch-loops`.
  }];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect",
                           "mlir::gpu::GPUDialect", "mlir::memref::MemRefDialect",
                           "mlir::scf::SCFDialect", "mlir::vector::VectorDialect"];
}

def CudaCheckOnDevicePass : Pass<"cuda-check-on-device", "mlir::func::FuncOp"> {
  let summary = "Check what lies on the device without waiting for it";
  let description = [{
    A check of numbers that kernels have written, as of the range of indices, would make
    the host wait for them. It becomes a launch that sets `cuda.status`, and what is
    launched behind it does nothing where that is set; the runtime reads it when the
    call is over.

    ```mlir
    func.func @checked(%flag: memref<i1>) {
      %holds = memref.load %flag[] : memref<i1>
      x86.check %holds, 0
      return
    }
    ```

    becomes

    ```mlir
    func.func @checked(%flag: memref<i1>) {
      %status = cuda.status : memref<i32>
      %c1 = arith.constant 1 : index
      gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
                 threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
        %holds = memref.load %flag[] : memref<i1>
        %true = arith.constant true
        %fails = arith.xori %holds, %true : i1
        scf.if %fails {
          %code = arith.constant 1 : i32
          memref.store %code, %status[] : memref<i32>
        }
        gpu.terminator
      }
      return
    }
    ```
  }];
  let dependentDialects = ["cuda::CudaDialect", "mlir::gpu::GPUDialect",
                           "mlir::scf::SCFDialect"];
}

def CudaOutlineKernelsPass : Pass<"cuda-outline-kernels", "mlir::ModuleOp"> {
  let summary = "Move launched regions to kernels, one for all that are equal";
  let description = [{
    Each `gpu.launch` becomes a `gpu.launch_func` of a kernel in the one
    `gpu.module @kernels`. Kernels that do the same on other values are one: equal
    layers of a model share theirs. Those of launches with `cuda.wants_registers` may
    use as many registers as leave room for one block (`nvvm.minctasm`).
  }];
  let dependentDialects = ["mlir::gpu::GPUDialect"];
}

def CudaConvertKernelsPass : Pass<"cuda-convert-kernels", "mlir::gpu::GPUModuleOp"> {
  let summary = "Convert kernels to the LLVM and NVVM dialects";
  let description = [{
    Functions of `math` must have an instruction or a polynomial by now; one that has
    neither, as those of f64, is refused.
  }];
  let dependentDialects = ["mlir::LLVM::LLVMDialect", "mlir::NVVM::NVVMDialect"];
}

def CudaConvertHostPass : Pass<"cuda-convert-host", "mlir::ModuleOp"> {
  let summary = "Convert what surrounds the launches to the LLVM dialect";
  let description = [{
    The entry function, on x86-64. Buffers are addresses of the device: constants
    lie where the runtime has put them, a launch calls `tfc_device_launch` with the
    kernel's number, and loads and stores outside of kernels copy an element from
    or to the device, which waits for it. The module attribute `cuda.kernels` has the
    kernels' names in the order of their numbers, and `cuda.host_access` is there
    where the host reads or writes.
  }];
  let dependentDialects = ["mlir::LLVM::LLVMDialect"];
}

#endif // TFC_TARGET_CUDA_PASSES_TD
