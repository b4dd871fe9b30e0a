//===- X86Ops.td - what the x86 target needs besides upstream -*- tablegen -*-//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_X86_OPS_TD
#define TFC_TARGET_X86_OPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def X86_Dialect : Dialect {
  let name = "x86";
  let cppNamespace = "::tfc::x86";
  let summary = "Parallel regions, the thread count and packed weights of x86 code";
}

class X86_Op<string mnemonic, list<Trait> traits = []>
    : Op<X86_Dialect, mnemonic, traits>;

def X86_NumThreadsOp : X86_Op<"num_threads", [Pure]> {
  let summary = "how many workers a parallel region of this call may have";
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def X86_ParallelOp : X86_Op<"parallel", [RecursiveMemoryEffects, SameTypeOperands]> {
  let summary = "runs a range of independent iterations on the caller's threads";
  let description = [{
    The iterations 0 to `count` are dealt to workers in contiguous pieces. The
    region runs a piece: its arguments are the first iteration, the end (not
    included) and the number of the worker, in [0, x86.num_threads).
    `grain` is the least number of iterations worth a worker. Values are
    captured from outside by reference to SSA values; nothing is yielded.
    All temporary memory must be allocated outside; a region that needs
    scratch takes the slice of its worker.

    ```mlir
    x86.parallel %count grain %grain {
    ^bb0(%begin: index, %end: index, %worker: index):
      x86.yield
    }
    ```
  }];
  let arguments = (ins AnyTypeOf<[Index, I64]>:$count, AnyTypeOf<[Index, I64]>:$grain);
  let regions = (region AnyRegion:$body);
  let assemblyFormat = "$count `grain` $grain attr-dict `:` type($count) $body";
}

def X86_YieldOp : X86_Op<"yield", [Terminator, ReturnLike, Pure, HasParent<"ParallelOp">]> {
  let summary = "ends a parallel region";
  let assemblyFormat = "attr-dict";
}

#endif // TFC_TARGET_X86_OPS_TD
