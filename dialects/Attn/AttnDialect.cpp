//===- AttnDialect.cpp ---------------------------------------------------*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "tfc/Dialect/Attn/AttnDialect.cpp.inc"
#include "tfc/Dialect/Attn/AttnEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "tfc/Dialect/Attn/AttnAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "tfc/Dialect/Attn/AttnOps.cpp.inc"

void tfc::attn::AttnDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "tfc/Dialect/Attn/AttnAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "tfc/Dialect/Attn/AttnOps.cpp.inc"
      >();
}

MutableOperandRange tfc::attn::LinearOp::getDpsInitsMutable() {
  return getInitMutable();
}
MutableOperandRange tfc::attn::NormOp::getDpsInitsMutable() {
  return getInitMutable();
}
MutableOperandRange tfc::attn::AttentionOp::getDpsInitsMutable() {
  return getInitMutable();
}
MutableOperandRange tfc::attn::PatchEmbedOp::getDpsInitsMutable() {
  return getInitMutable();
}
