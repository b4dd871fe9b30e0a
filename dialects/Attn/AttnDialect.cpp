//===- AttnDialect.cpp - the attention dialect ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Support/BytecodeVersion.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tfc::attn;

/// The type of a position, which is an index where none is written.
static ParseResult parsePositionType(OpAsmParser &parser, Type &type) {
  if (failed(parser.parseOptionalColon())) {
    type = parser.getBuilder().getIndexType();
    return success();
  }
  return parser.parseType(type);
}

static void printPositionType(OpAsmPrinter &printer, Operation *, Type type) {
  if (!type.isIndex())
    printer << " : " << type;
}

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
  addInterfaces<VersionedBytecode<1>>();
}

//===----------------------------------------------------------------------===//
// What is the same for all operations
//===----------------------------------------------------------------------===//

using Effects =
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

bool tfc::attn::readsDestination(OpOperand &destination) {
  Operation *op = destination.getOwner();
  if (auto scan = dyn_cast<ScanOp>(op))
    return &destination == &scan.getStateMutable();
  return isa<CacheAppendOp>(op);
}

/// Buffers are read or, where they are the destination, written.
static void effectsOf(DestinationStyleOpInterface op, Effects &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    auto *resource = SideEffects::DefaultResource::get();
    if (op.isDpsInit(&operand) && readsDestination(operand))
      effects.emplace_back(MemoryEffects::Read::get(), &operand, resource);
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand, resource);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand, resource);
  }
}

/// A result has the sizes of its destination.
static LogicalResult reify(OpBuilder &b, DestinationStyleOpInterface op,
                           ReifiedRankedShapedTypeDims &shapes) {
  for (OpResult result : op->getResults())
    shapes.push_back(tensor::getMixedSizes(b, op.getLoc(),
                                           op.getTiedOpOperand(result)->get()));
  return success();
}

#define TFC_COMMON_METHODS(OP)                                                 \
  void tfc::attn::OP::getEffects(Effects &effects) {                           \
    effectsOf(*this, effects);                                                 \
  }                                                                            \
  LogicalResult tfc::attn::OP::reifyResultShapes(                              \
      OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {                     \
    return reify(b, *this, shapes);                                            \
  }
TFC_COMMON_METHODS(LinearOp)
TFC_COMMON_METHODS(NormOp)
TFC_COMMON_METHODS(AttentionOp)
TFC_COMMON_METHODS(RopeOp)
TFC_COMMON_METHODS(ScanOp)
TFC_COMMON_METHODS(CacheAppendOp)
TFC_COMMON_METHODS(QuantizeOp)
TFC_COMMON_METHODS(DequantizeOp)
TFC_COMMON_METHODS(PatchEmbedOp)
TFC_COMMON_METHODS(RouteOp)
#undef TFC_COMMON_METHODS
