//===- X86Dialect.cpp ---------------------------------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/X86/X86.h"

using namespace mlir;

#include "tfc/Target/X86/X86Dialect.cpp.inc"
#define GET_OP_CLASSES
#include "tfc/Target/X86/X86Ops.cpp.inc"

void tfc::x86::X86Dialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "tfc/Target/X86/X86Ops.cpp.inc"
      >();
}
