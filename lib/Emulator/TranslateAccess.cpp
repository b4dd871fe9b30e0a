//===- TranslateAccess.cpp - checks in front of accesses to memory -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"
#include "Translator.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/ModuleSlotTracker.h"
#include "llvm/IR/Operator.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;
using namespace tfc::emulator;

Translator::Space Translator::spaceOf(Value *pointer, unsigned depth) const {
  switch (pointer->getType()->getPointerAddressSpace()) {
  case 1:
  case 4:
    return Space::Global;
  case 3:
    return Space::Shared;
  case 5:
    return Space::Local;
  default:
    break;
  }
  if (depth > 16)
    return Space::Unknown;
  // Parameters point to global memory, but where they are passed by value
  // (LLVM's user guide for NVPTX, "Kernel Metadata").
  if (auto *argument = dyn_cast<Argument>(pointer))
    return argument->hasByValAttr() ? Space::Local : Space::Global;
  if (isa<AllocaInst>(pointer))
    return Space::Local;
  if (auto *gep = dyn_cast<GEPOperator>(pointer))
    return spaceOf(gep->getPointerOperand(), depth + 1);
  if (auto *cast = dyn_cast<AddrSpaceCastOperator>(pointer))
    return spaceOf(cast->getPointerOperand(), depth + 1);
  if (auto *select = dyn_cast<SelectInst>(pointer)) {
    Space space = spaceOf(select->getTrueValue(), depth + 1);
    return space == spaceOf(select->getFalseValue(), depth + 1)
               ? space
               : Space::Unknown;
  }
  if (auto *phi = dyn_cast<PHINode>(pointer)) {
    // Values that come from the phi itself are of its space.
    std::optional<Space> space;
    for (Value *incoming : phi->incoming_values()) {
      Value *base = incoming;
      while (auto *gep = dyn_cast<GEPOperator>(base))
        base = gep->getPointerOperand();
      if (base == phi)
        continue;
      Space other = spaceOf(incoming, depth + 4);
      if (space && *space != other)
        return Space::Unknown;
      space = other;
    }
    return space.value_or(Space::Unknown);
  }
  return Space::Unknown;
}

void Translator::noteGranule(uint64_t bytes) {
  uint32_t largest = countr_zero(bytes);
  info.granuleLog2 = std::min(info.granuleLog2, largest);
}

static std::string textOf(const Instruction &instruction,
                          ModuleSlotTracker &slots) {
  std::string text;
  raw_string_ostream stream(text);
  instruction.print(stream, slots);
  // Without metadata and attributes.
  StringRef shown = StringRef(text).trim();
  shown = shown.substr(0, shown.find(", !"));
  shown = shown.substr(0, shown.find(" #"));
  std::string result = ("'" + shown + "'").str();
  if (const DebugLoc &location = instruction.getDebugLoc())
    result += " (" + location->getFilename().str() + ":" +
              std::to_string(location.getLine()) + ")";
  return result;
}

/// Finds all that will be rewritten, while the code still is what messages
/// should show.
Error Translator::collect() {
  ModuleSlotTracker slots(module.get());
  slots.incorporateFunction(*kernel);
  for (Instruction &instruction : instructions(kernel)) {
    uint32_t site = info.sites.size();
    if (auto *call = dyn_cast<CallInst>(&instruction)) {
      Function *callee = call->getCalledFunction();
      bool foreign = !callee->isIntrinsic() || !nvvmName(*callee).empty() ||
                     callee->isTargetIntrinsic() ||
                     callee->getIntrinsicID() == Intrinsic::trap;
      if (!foreign)
        continue;
      calls.push_back({call, site});
    } else if (auto *array = dyn_cast<AllocaInst>(&instruction)) {
      if (Error error = noteLocal(*array))
        return error;
      continue;
    } else if (isa<LoadInst, StoreInst, AtomicRMWInst, AtomicCmpXchgInst>(
                   instruction)) {
      if (Error error = collectAccess(instruction, site))
        return error;
    } else {
      continue;
    }
    info.sites.push_back(textOf(instruction, slots));
  }
  return Error::success();
}

/// Local arrays must fit a fiber's stack, with room for what runs on it.
Error Translator::noteLocal(const AllocaInst &array) {
  std::optional<TypeSize> size =
      array.getAllocationSize(module->getDataLayout());
  if (!size)
    return fail("a local array's size is not known");
  localBytes += size->getFixedValue();
  if (localBytes > FiberStacks::stackBytes / 2)
    return fail("its local arrays are more than " +
                Twine(FiberStacks::stackBytes / 2) + " bytes");
  return Error::success();
}

Error Translator::collectAccess(Instruction &instruction, uint32_t site) {
  Access access;
  access.instruction = &instruction;
  access.site = site;
  Type *type;
  Align alignment;
  auto strong = [](const auto &operation, AccessFlags::Kind weak,
                   AccessFlags::Kind kind) {
    return operation.isVolatile() || operation.isAtomic() ? kind : weak;
  };
  if (auto *load = dyn_cast<LoadInst>(&instruction)) {
    type = load->getType();
    alignment = load->getAlign();
    access.pointerOperand = LoadInst::getPointerOperandIndex();
    access.flags.kind =
        strong(*load, AccessFlags::Load, AccessFlags::StrongLoad);
  } else if (auto *store = dyn_cast<StoreInst>(&instruction)) {
    type = store->getValueOperand()->getType();
    alignment = store->getAlign();
    access.pointerOperand = StoreInst::getPointerOperandIndex();
    access.flags.kind =
        strong(*store, AccessFlags::Store, AccessFlags::StrongStore);
  } else if (auto *update = dyn_cast<AtomicRMWInst>(&instruction)) {
    type = update->getValOperand()->getType();
    alignment = update->getAlign();
    access.pointerOperand = AtomicRMWInst::getPointerOperandIndex();
    access.flags.kind = AccessFlags::Atomic;
  } else {
    auto &exchange = cast<AtomicCmpXchgInst>(instruction);
    type = exchange.getCompareOperand()->getType();
    alignment = exchange.getAlign();
    access.pointerOperand = AtomicCmpXchgInst::getPointerOperandIndex();
    access.flags.kind = AccessFlags::Atomic;
  }
  uint64_t bytes = module->getDataLayout().getTypeStoreSize(type);
  if (bytes == 0 || bytes > 4096)
    return fail("an access of " + Twine(bytes) + " bytes");
  access.flags.bytes = bytes;
  // Less aligned accesses are split by the backend, and larger ones than 16
  // bytes anyway.
  access.flags.alignment =
      std::min({alignment.value(), bit_floor(bytes), uint64_t(16)});
  access.space = spaceOf(instruction.getOperand(access.pointerOperand));
  if (access.space == Space::Shared || access.space == Space::Unknown) {
    noteGranule(bytes);
    noteGranule(access.flags.alignment);
  }
  accesses.push_back(access);
  return Error::success();
}

/// Local arrays lie on the thread's stack on the host: nothing may leave them.
void Translator::checkLocal(const Access &access) {
  Value *pointer = access.instruction->getOperand(access.pointerOperand);
  auto *array = dyn_cast<AllocaInst>(getUnderlyingObject(pointer, 0));
  const DataLayout &layout = module->getDataLayout();
  std::optional<TypeSize> size;
  if (array)
    size = array->getAllocationSize(layout);
  uint64_t bytes = access.flags.bytes;
  Value *address = addressOf(pointer);
  Value *flags = builder.getInt32(access.flags.pack());
  Value *site = builder.getInt32(access.site);
  // One of several arrays: it is of this thread at least.
  if (!size) {
    callRuntime("tfcEmulatorGeneric", builder.getPtrTy(),
                {thread, address, flags, site});
    return;
  }
  APInt offset(layout.getIndexTypeSizeInBits(pointer->getType()), 0);
  const Value *base =
      pointer->stripAndAccumulateConstantOffsets(layout, offset, true);
  if (base == array && offset.isNonNegative() &&
      offset.getZExtValue() + bytes <= size->getFixedValue())
    return;
  Value *place = builder.CreateSub(address, addressOf(array));
  uint64_t last = size->getFixedValue() < bytes ? 0 : *size - bytes + 1;
  Value *bad = builder.CreateICmpUGE(place, builder.getInt64(last));
  Instruction *end = SplitBlockAndInsertIfThen(
      bad, access.instruction, /*Unreachable=*/true,
      MDBuilder(module->getContext()).createUnlikelyBranchWeights());
  builder.SetInsertPoint(end);
  callRuntime("tfcEmulatorLocalFault", builder.getVoidTy(),
              {thread, place, builder.getInt64(*size), flags, site});
}

/// Checks an access to global memory without a call: one comparison of the
/// bytes' shadow. An address outside of the device's range, or one that is not
/// aligned, is checked as the range's first, which is never allocated.
Value *Translator::checkGlobal(const Access &access, Value *address) {
  const AccessFlags &flags = access.flags;
  DeviceMemory &memory = target.memory;
  auto constant = [&](uint64_t value) { return builder.getInt64(value); };
  Value *offset = builder.CreateSub(address, constant(memory.base()));
  Value *valid =
      builder.CreateICmpULT(offset, constant(memory.size() - flags.bytes));
  if (flags.alignment > 1) {
    Value *low = builder.CreateAnd(offset, constant(flags.alignment - 1));
    valid = builder.CreateAnd(valid, builder.CreateICmpEQ(low, constant(0)));
  }
  offset = builder.CreateSelect(valid, offset, constant(0));
  auto pointerTo = [&](const void *base) {
    return builder.CreateIntToPtr(
        builder.CreateAdd(offset, constant(reinterpret_cast<uint64_t>(base))),
        builder.getPtrTy());
  };
  bool loads = flags.kind == AccessFlags::Load ||
               flags.kind == AccessFlags::StrongLoad ||
               flags.kind == AccessFlags::Atomic;
  uint8_t wanted = DeviceMemory::Allocated;
  if (loads && target.mode.unwritten)
    wanted |= DeviceMemory::Written;
  auto *shadowType = builder.getIntNTy(8 * flags.bytes);
  auto repeated = [&](uint8_t byte) {
    return builder.getInt(APInt::getSplat(8 * flags.bytes, APInt(8, byte)));
  };
  Value *shadowPlace = pointerTo(memory.shadowBase());
  Value *shadow = builder.CreateAlignedLoad(shadowType, shadowPlace, Align(1));
  Value *bad = builder.CreateICmpNE(builder.CreateAnd(shadow, repeated(wanted)),
                                    repeated(wanted));
  MDNode *unlikely =
      MDBuilder(module->getContext()).createUnlikelyBranchWeights();
  Instruction *end = SplitBlockAndInsertIfThen(bad, access.instruction,
                                               /*Unreachable=*/true, unlikely);
  builder.SetInsertPoint(end);
  callRuntime("tfcEmulatorGlobalFault", builder.getVoidTy(),
              {thread, address, builder.getInt32(flags.pack()),
               builder.getInt32(access.site)});
  builder.SetInsertPoint(access.instruction);
  if (target.mode.unwritten && flags.kind != AccessFlags::Load &&
      flags.kind != AccessFlags::StrongLoad)
    builder.CreateAlignedStore(
        repeated(DeviceMemory::Allocated | DeviceMemory::Written), shadowPlace,
        Align(1));
  return pointerTo(memory.storageBase());
}

void Translator::rewriteAccess(const Access &access) {
  Instruction *instruction = access.instruction;
  builder.SetInsertPoint(instruction);
  if (access.space == Space::Local)
    return checkLocal(access);
  Value *address = addressOf(instruction->getOperand(access.pointerOperand));
  Value *place;
  if (access.space == Space::Global) {
    place = checkGlobal(access, address);
  } else {
    StringRef function = access.space == Space::Shared ? "tfcEmulatorShared"
                                                       : "tfcEmulatorGeneric";
    place = callRuntime(function, builder.getPtrTy(),
                        {thread, address, builder.getInt32(access.flags.pack()),
                         builder.getInt32(access.site)});
  }
  instruction->setOperand(access.pointerOperand, place);
  // Nothing may move in front of the check.
  instruction->dropUnknownNonDebugMetadata();
}
