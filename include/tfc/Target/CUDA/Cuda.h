//===- Cuda.h - the cuda dialect --------------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGET_CUDA_CUDA_H
#define TFC_TARGET_CUDA_CUDA_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "tfc/Target/CUDA/CudaDialect.h.inc"
#include "tfc/Target/CUDA/CudaEnums.h.inc"

#define GET_OP_CLASSES
#include "tfc/Target/CUDA/CudaOps.h.inc"

#endif // TFC_TARGET_CUDA_CUDA_H
