//===- TranslateIntrinsics.cpp - registers, barriers, collectives and copies -*-
// C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"
#include "Translator.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <cstddef>

using namespace llvm;
using namespace tfc::emulator;

CallInst *Translator::callRuntime(StringRef name, Type *result,
                                  ArrayRef<Value *> arguments) {
  SmallVector<Type *> types;
  for (Value *argument : arguments)
    types.push_back(argument->getType());
  FunctionCallee callee = module->getOrInsertFunction(
      name, FunctionType::get(result, types, false));
  auto *function = cast<Function>(callee.getCallee());
  function->addFnAttr(Attribute::NoUnwind);
  function->addFnAttr(Attribute::Convergent);
  if (name.ends_with("Fault") || name == "tfcEmulatorTrap") {
    function->addFnAttr(Attribute::NoReturn);
    function->addFnAttr(Attribute::Cold);
  }
  if (name == "tfcEmulatorPermute")
    function->setDoesNotAccessMemory();
  return builder.CreateCall(callee, arguments);
}

Value *Translator::addressOf(Value *pointer) {
  if (pointer->getType()->isIntegerTy())
    return builder.CreateZExtOrTrunc(pointer, builder.getInt64Ty());
  return builder.CreatePtrToInt(pointer, builder.getInt64Ty());
}

Value *Translator::loadThread(size_t offset, Type *type) {
  Value *place =
      builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), thread, offset);
  LoadInst *load = builder.CreateLoad(type, place);
  load->setMetadata(LLVMContext::MD_invariant_load,
                    MDNode::get(module->getContext(), {}));
  return load;
}

/// Special registers, by their names after "read.ptx.sreg.".
Value *Translator::emitRegister(StringRef name) {
  Type *i32 = builder.getInt32Ty();
  auto [family, axis] = name.split('.');
  if (axis == "x" || axis == "y" || axis == "z") {
    size_t base = StringSwitch<size_t>(family)
                      .Case("tid", offsetof(ThreadState, thread))
                      .Case("ntid", offsetof(ThreadState, blockSize))
                      .Case("ctaid", offsetof(ThreadState, block))
                      .Case("nctaid", offsetof(ThreadState, gridSize))
                      .Default(SIZE_MAX);
    return base == SIZE_MAX ? nullptr
                            : loadThread(base + 4 * (axis[0] - 'x'), i32);
  }
  auto lane = [&] { return loadThread(offsetof(ThreadState, lane), i32); };
  auto bit = [&] { return builder.CreateShl(builder.getInt32(1), lane()); };
  auto below = [&] { return builder.CreateSub(bit(), builder.getInt32(1)); };
  if (name == "laneid")
    return lane();
  if (name == "warpid")
    return loadThread(offsetof(ThreadState, warp), i32);
  if (name == "warpsize")
    return builder.getInt32(warpSize);
  if (name == "dynamic.smem.size")
    return loadThread(offsetof(ThreadState, dynamicShared), i32);
  if (name == "total.smem.size")
    return loadThread(offsetof(ThreadState, totalShared), i32);
  if (name == "lanemask.eq")
    return bit();
  if (name == "lanemask.lt")
    return below();
  if (name == "lanemask.le")
    return builder.CreateOr(bit(), below());
  if (name == "lanemask.ge")
    return builder.CreateNot(below());
  if (name == "lanemask.gt")
    return builder.CreateNot(builder.CreateOr(bit(), below()));
  return nullptr;
}

/// "sync.aligned.all", "red.popc.count", ... after "barrier.cta.".
Value *Translator::emitBarrier(StringRef name, const Call &site, bool &known) {
  CallInst *call = site.call;
  std::optional<BarrierOp> op;
  for (auto [prefix, value] : {std::pair{"sync.", BarrierOp::Sync},
                               {"arrive.", BarrierOp::Arrive},
                               {"red.popc.", BarrierOp::Popc},
                               {"red.and.", BarrierOp::And},
                               {"red.or.", BarrierOp::Or}})
    if (!op && name.consume_front(prefix))
      op = value;
  bool aligned = name.consume_front("aligned.");
  known = op && (name == "all" || name == "count");
  if (!known)
    return nullptr;
  info.waits = true;
  unsigned next = 1;
  Value *count = builder.getInt32(0);
  if (name == "count")
    count = call->getArgOperand(next++);
  Value *predicate = builder.getInt32(0);
  if (next < call->arg_size())
    predicate =
        builder.CreateZExt(call->getArgOperand(next), builder.getInt32Ty());
  Value *result = callRuntime(
      "tfcEmulatorBarrier", builder.getInt32Ty(),
      {thread, call->getArgOperand(0), count, builder.getInt32(uint32_t(*op)),
       builder.getInt32(aligned), predicate, builder.getInt32(site.site)});
  if (call->getType()->isVoidTy())
    return nullptr;
  return builder.CreateZExtOrTrunc(result, call->getType());
}

/// Inputs go to memory as words; the words that come back are what the call
/// returns, one for each element.
Value *Translator::emitWarp(const Call &site, WarpOp op, uint32_t form,
                            ArrayRef<Value *> inputs) {
  info.waits = true;
  Type *i32 = builder.getInt32Ty();
  SmallVector<Value *> words;
  for (Value *input : inputs) {
    Type *type = input->getType();
    if (type->isPointerTy() || type->isIntegerTy(64)) {
      Value *wide = addressOf(input);
      words.push_back(builder.CreateTrunc(wide, i32));
      words.push_back(
          builder.CreateTrunc(builder.CreateLShr(wide, uint64_t(32)), i32));
    } else if (type->isIntegerTy()) {
      words.push_back(builder.CreateZExtOrTrunc(input, i32));
    } else {
      words.push_back(builder.CreateBitCast(input, i32));
    }
  }
  constexpr unsigned mostResults = 8;
  auto makeArray = [&](unsigned count) {
    IRBuilder<>::InsertPointGuard guard(builder);
    BasicBlock &entry = kernel->getEntryBlock();
    builder.SetInsertPoint(&entry, entry.begin());
    return builder.CreateAlloca(ArrayType::get(i32, count));
  };
  Value *in = makeArray(words.size()), *out = makeArray(mostResults);
  for (auto [i, word] : enumerate(words))
    builder.CreateStore(word, builder.CreateConstInBoundsGEP1_64(i32, in, i));
  callRuntime("tfcEmulatorWarp", builder.getVoidTy(),
              {thread, builder.getInt32(uint32_t(op)), builder.getInt32(form),
               builder.getInt32(site.site), in, out});
  auto result = [&](unsigned i, Type *type) -> Value * {
    Value *word = builder.CreateLoad(
        i32, builder.CreateConstInBoundsGEP1_64(i32, out, i));
    if (type->isIntegerTy())
      return builder.CreateZExtOrTrunc(word, type);
    return builder.CreateBitCast(word, type);
  };
  Type *type = site.call->getType();
  if (type->isVoidTy())
    return nullptr;
  auto *structure = dyn_cast<StructType>(type);
  if (!structure)
    return result(0, type);
  Value *all = PoisonValue::get(type);
  for (unsigned i = 0; i < structure->getNumElements(); ++i)
    all = builder.CreateInsertValue(all,
                                    result(i, structure->getElementType(i)), i);
  return all;
}

Value *Translator::emitMaskedWarp(StringRef name, const Call &site,
                                  bool &known) {
  CallInst *call = site.call;
  auto op = StringSwitch<std::optional<WarpOp>>(name)
                .Case("bar.warp.sync", WarpOp::Sync)
                .StartsWith("shfl.sync.idx.", WarpOp::ShuffleIdx)
                .StartsWith("shfl.sync.up.", WarpOp::ShuffleUp)
                .StartsWith("shfl.sync.down.", WarpOp::ShuffleDown)
                .StartsWith("shfl.sync.bfly.", WarpOp::ShuffleXor)
                .Case("vote.all.sync", WarpOp::VoteAll)
                .Case("vote.any.sync", WarpOp::VoteAny)
                .Case("vote.uni.sync", WarpOp::VoteUni)
                .Case("vote.ballot.sync", WarpOp::VoteBallot)
                .StartsWith("match.any.sync.", WarpOp::MatchAny)
                .StartsWith("match.all.sync.", WarpOp::MatchAll)
                .Case("redux.sync.add", WarpOp::ReduceAdd)
                .Case("redux.sync.min", WarpOp::ReduceMin)
                .Case("redux.sync.max", WarpOp::ReduceMax)
                .Case("redux.sync.umin", WarpOp::ReduceUMin)
                .Case("redux.sync.umax", WarpOp::ReduceUMax)
                .Case("redux.sync.and", WarpOp::ReduceAnd)
                .Case("redux.sync.or", WarpOp::ReduceOr)
                .Case("redux.sync.xor", WarpOp::ReduceXor)
                .Case("elect.sync", WarpOp::Elect)
                .Default(std::nullopt);
  // PTX ISA 8.4: what each came with.
  int since = name.starts_with("elect.")   ? 90
              : name.starts_with("redux.") ? 80
                                           : 70;
  known = op && target.architecture >= since;
  if (!known)
    return nullptr;
  SmallVector<Value *> inputs(call->args());
  // redux has its mask last.
  if (name.starts_with("redux."))
    std::swap(inputs[0], inputs[1]);
  if ((*op == WarpOp::MatchAny || *op == WarpOp::MatchAll))
    inputs[1] = builder.CreateZExt(inputs[1], builder.getInt64Ty());
  return emitWarp(site, *op, 0, inputs);
}

/// "m16n8k16.row.col.f32.f32", ... after "mma.".
static std::optional<MatrixForm> parseMultiply(StringRef name) {
  MatrixForm form;
  if (!name.consume_front("m16n8k") || name.consumeInteger(10, form.k) ||
      !name.consume_front(".row.col."))
    return std::nullopt;
  form.saturate = name.consume_front("satfinite.");
  auto is = [&](StringRef types, unsigned k1, unsigned k2) {
    return name == types && (form.k == k1 || form.k == k2);
  };
  auto elements = [&](MatrixForm::Element a, MatrixForm::Element b) {
    form.a = a;
    form.b = b;
    return form;
  };
  constexpr auto s8 = MatrixForm::S8, u8 = MatrixForm::U8;
  if (is("s8", 16, 32))
    return elements(s8, s8);
  if (is("u8", 16, 32))
    return elements(u8, u8);
  if (is("s8.u8", 16, 32))
    return elements(s8, u8);
  if (is("u8.s8", 16, 32))
    return elements(u8, s8);
  if (form.saturate)
    return std::nullopt;
  if (is("bf16", 8, 16))
    return elements(MatrixForm::BF16, MatrixForm::BF16);
  if (is("tf32", 4, 8))
    return elements(MatrixForm::TF32, MatrixForm::TF32);
  auto [d, c] = name.split('.');
  auto isFloat = [](StringRef type) { return type == "f16" || type == "f32"; };
  if ((form.k != 8 && form.k != 16) || !isFloat(d) || !isFloat(c))
    return std::nullopt;
  form.dHalf = d == "f16";
  form.cHalf = c == "f16";
  return form;
}

/// ldmatrix, stmatrix and mma.
Value *Translator::emitMatrix(StringRef name, const Call &site, bool &known) {
  SmallVector<Value *> inputs(site.call->args());
  if (name.consume_front("mma.")) {
    std::optional<MatrixForm> form = parseMultiply(name);
    known = form.has_value();
    return known ? emitWarp(site, WarpOp::Multiply, form->pack(), inputs)
                 : nullptr;
  }
  bool loads = name.consume_front("ldmatrix.");
  // stmatrix came with compute capability 9.0.
  known = (loads ||
           (target.architecture >= 90 && name.consume_front("stmatrix."))) &&
          name.consume_front("sync.aligned.m8n8.x");
  uint32_t count = 0;
  known = known && !name.consumeInteger(10, count) && count <= 4;
  bool transposed = name.consume_front(".trans");
  known = known && name.starts_with(".b16");
  if (!known)
    return nullptr;
  noteGranule(16);
  return emitWarp(site, loads ? WarpOp::LoadMatrix : WarpOp::StoreMatrix,
                  count | transposed << 3, inputs);
}

bool Translator::emitAsyncCopy(StringRef name, const Call &site) {
  CallInst *call = site.call;
  Type *nothing = builder.getVoidTy();
  if (name == "commit.group") {
    callRuntime("tfcEmulatorCommitCopies", nothing, {thread});
    return true;
  }
  if (name == "wait.group") {
    callRuntime("tfcEmulatorWaitForCopies", nothing,
                {thread, call->getArgOperand(0)});
    return true;
  }
  if (name == "wait.all") {
    callRuntime("tfcEmulatorCommitCopies", nothing, {thread});
    callRuntime("tfcEmulatorWaitForCopies", nothing,
                {thread, builder.getInt32(0)});
    return true;
  }
  if (!name.consume_front("ca.shared.global.") &&
      !name.consume_front("cg.shared.global."))
    return false;
  uint32_t bytes;
  if (name.consumeInteger(10, bytes) || !(name.empty() || name == ".s"))
    return false;
  noteGranule(bytes);
  Value *size = builder.getInt32(bytes);
  callRuntime("tfcEmulatorCopyAsync", nothing,
              {thread, addressOf(call->getArgOperand(0)),
               addressOf(call->getArgOperand(1)), size,
               name.empty() ? size : call->getArgOperand(2),
               builder.getInt32(site.site)});
  return true;
}

Value *Translator::emitIntrinsic(StringRef name, const Call &site,
                                 bool &known) {
  CallInst *call = site.call;
  StringRef rest = name;
  if (rest.consume_front("read.ptx.sreg.")) {
    Value *value = emitRegister(rest);
    known = value != nullptr;
    return value;
  }
  if (rest.consume_front("barrier.cta."))
    return emitBarrier(rest, site, known);
  if (rest.consume_front("cp.async.")) {
    known = emitAsyncCopy(rest, site);
    return nullptr;
  }
  if (name.starts_with("ldmatrix.") || name.starts_with("stmatrix.") ||
      name.starts_with("mma."))
    return emitMatrix(name, site, known);
  // Fences order what already is in order here.
  if (name.starts_with("membar.") || name.starts_with("prefetch") ||
      name == "nanosleep")
    return nullptr;
  if (name.starts_with("isspacep.shared")) {
    Value *offset = builder.CreateSub(addressOf(call->getArgOperand(0)),
                                      builder.getInt64(target.sharedWindow));
    return builder.CreateICmpULT(offset, builder.getInt64(2 * maxSharedBytes));
  }
  if (name.starts_with("isspacep.global")) {
    Value *offset = builder.CreateSub(addressOf(call->getArgOperand(0)),
                                      builder.getInt64(target.memory.base()));
    return builder.CreateICmpULT(offset,
                                 builder.getInt64(target.memory.size()));
  }
  Value *result = emitMaskedWarp(name, site, known);
  if (known)
    return result;
  result = emitMath(name, *call);
  known = result != nullptr;
  return result;
}
