//===- EntryPoint.cpp - a function on the frame -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Memory/Passes.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86ENTRYPOINTPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc;
using namespace tfc::x86;

namespace {

/// What the front end says of one argument or result.
struct TensorInfo {
  StringRef name;
  int32_t type = 0;
  SmallVector<StringRef> symbols;
};

TensorInfo readInfo(DictionaryAttr attrs, RankedTensorType type,
                    unsigned number, StringRef defaultPrefix,
                    SmallVectorImpl<std::string> &names) {
  TensorInfo info;
  if (auto name = attrs ? attrs.getAs<StringAttr>("tfc.name") : nullptr) {
    info.name = name.getValue();
  } else {
    names.push_back((defaultPrefix + Twine(number)).str());
    info.name = names.back();
  }
  if (auto kind = attrs ? attrs.getAs<IntegerAttr>("tfc.type") : nullptr)
    info.type = kind.getInt();
  info.symbols.assign(type.getRank(), StringRef());
  if (auto dims = attrs ? attrs.getAs<ArrayAttr>("tfc.dims") : nullptr)
    for (auto [symbol, dim] : llvm::zip(info.symbols, dims))
      symbol = cast<StringAttr>(dim).getValue();
  return info;
}

/// The number of `type` in ONNX's TensorProto.DataType, for IR that does not
/// say.
int32_t elementTypeNumber(Type type) {
  if (type.isF32())
    return 1;
  if (type.isF16())
    return 10;
  if (type.isF64())
    return 11;
  if (type.isBF16())
    return 16;
  if (auto integer = dyn_cast<IntegerType>(type)) {
    switch (integer.getWidth()) {
    case 1:
      return 9;
    case 8:
      return 3;
    case 16:
      return 5;
    case 32:
      return 6;
    case 64:
      return 7;
    default:
      break;
    }
  }
  return 0;
}

struct EntryPointPass
    : public tfc::x86::impl::X86EntryPointPassBase<EntryPointPass> {
  void runOnOperation() override;

private:
  FailureOr<func::FuncOp> findEntry();
  LogicalResult checkSignature(func::FuncOp function);
  LogicalResult bindInputs(func::FuncOp entry, OpBuilder &b);
  LogicalResult bindCache(func::FuncOp entry, unsigned input,
                          ArrayRef<Value> openSizes);
  void bindResults(func::ReturnOp ret, OpBuilder &b);
  Attribute describe(const TensorInfo &info, RankedTensorType type,
                     DenseI64ArrayAttr cache = nullptr);

  SmallVector<Attribute> inputs, outputs;
  /// By the number of a result that shares its buffer with an input: the part
  /// of the buffer that is used.
  DenseMap<int64_t, Value> caches;
  /// By the same number: the input's, the dimension and the room.
  DenseMap<int64_t, DenseI64ArrayAttr> cacheOfResult;
};

FailureOr<func::FuncOp> EntryPointPass::findEntry() {
  func::FuncOp found;
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    if (function.isDeclaration() || function.isPrivate())
      continue;
    if (found)
      return function.emitError("expected one public function, found a second");
    found = function;
  }
  if (!found)
    return getOperation().emitError("expected a public function");
  return found;
}

LogicalResult EntryPointPass::checkSignature(func::FuncOp function) {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitError("expected one block");
  auto check = [&](Type type, StringRef what,
                   unsigned number) -> LogicalResult {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || elementTypeNumber(tensor.getElementType()) == 0)
      return function.emitError("the x86 target cannot pass ")
             << what << " " << number << " of type " << type
             << "; it takes ranked tensors of f16, bf16, f32, f64, i1, i8, "
                "i16, "
                "i32 and i64";
    return success();
  };
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    if (failed(check(type, "input", i)))
      return failure();
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    if (failed(check(type, "output", i)))
      return failure();
  return success();
}

Attribute EntryPointPass::describe(const TensorInfo &info,
                                   RankedTensorType type,
                                   DenseI64ArrayAttr cache) {
  Builder b(&getContext());
  SmallVector<int64_t> dims;
  for (int64_t dim : type.getShape())
    dims.push_back(ShapedType::isDynamic(dim) ? -1 : dim);
  int32_t number =
      info.type ? info.type : elementTypeNumber(type.getElementType());
  SmallVector<NamedAttribute> entries = {
      b.getNamedAttr("name", b.getStringAttr(info.name)),
      b.getNamedAttr("type", b.getI32IntegerAttr(number)),
      b.getNamedAttr("dims", b.getDenseI64ArrayAttr(dims)),
      b.getNamedAttr("symbols", b.getStrArrayAttr(info.symbols))};
  if (cache)
    entries.push_back(b.getNamedAttr("cache", cache));
  return b.getDictionaryAttr(entries);
}

/// Makes input `input` and the result that it is a cache of one buffer of the
/// caller's, dense with room for all tokens that it may have. What was copied
/// in front of the new tokens is there already.
LogicalResult EntryPointPass::bindCache(func::FuncOp entry, unsigned input,
                                        ArrayRef<Value> openSizes) {
  auto cache =
      entry.getArgAttrOfType<DenseI64ArrayAttr>(input, memory::cacheAttribute);
  BlockArgument argument = entry.getArgument(input);
  auto type = cast<RankedTensorType>(argument.getType());
  int64_t result = cache[0], axis = cache[1], capacity = cache[2];
  tensor::InsertSliceOp copy;
  for (Operation *user : argument.getUsers())
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(user))
      copy = insert;
  if (!copy)
    return entry.emitError("expected argument ")
           << input << ", a cache, to be put into the result";
  OpBuilder b(copy);
  Location loc = copy.getLoc();
  SmallVector<int64_t> shape = llvm::to_vector(type.getShape());
  shape[axis] = capacity;
  SmallVector<Value> open;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (!type.isDynamicDim(d))
      continue;
    if (d != axis)
      open.push_back(openSizes.front());
    openSizes = openSizes.drop_front();
  }
  auto memref = MemRefType::get(shape, type.getElementType());
  Value buffer = BufferOp::create(b, loc, memref, BufferSpace::Output, result,
                                  Value(), open);
  Value given = BufferOp::create(b, loc, memref, BufferSpace::Input, input,
                                 Value(), open);
  auto address = [&](Value of) -> Value {
    return memref::ExtractAlignedPointerAsIndexOp::create(b, loc, of);
  };
  StringRef name =
      entry.getArgAttrOfType<StringAttr>(input, "tfc.name").getValue();
  auto require = [&](arith::CmpIPredicate predicate, Value x, Value y,
                     const Twine &otherwise) {
    cf::AssertOp::create(b, loc, arith::CmpIOp::create(b, loc, predicate, x, y),
                         ("cache '" + name + "': " + otherwise).str());
  };
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, loc, copy.getDest());
  require(arith::CmpIPredicate::ule,
          getValueOrCreateConstantIndexOp(b, loc, sizes[axis]),
          arith::ConstantIndexOp::create(b, loc, capacity),
          "it has room for " + Twine(capacity) +
              " tokens, fewer than there are");
  require(arith::CmpIPredicate::eq, address(given), address(buffer),
          "the input and the output must be one buffer");
  SmallVector<OpFoldResult> zeros(type.getRank(), b.getIndexAttr(0)),
      ones(type.getRank(), b.getIndexAttr(1));
  Value used = memref::SubViewOp::create(b, loc, buffer, zeros, sizes, ones);
  caches[result] = used;
  cacheOfResult[result] = DenseI64ArrayAttr::get(
      &getContext(), {static_cast<int64_t>(input), axis, capacity});
  Value tensor = bufferization::ToTensorOp::create(
      b, loc, copy.getType(), used, /*restrict=*/true, /*writable=*/true);
  copy.replaceAllUsesWith(tensor);
  copy.erase();
  return success();
}

LogicalResult EntryPointPass::bindInputs(func::FuncOp entry, OpBuilder &b) {
  llvm::StringMap<Value> symbolSizes;
  SmallVector<std::string> names;
  int64_t position = 0;
  Block &block = entry.getBody().front();
  for (auto [i, argument] : llvm::enumerate(block.getArguments())) {
    Location loc = argument.getLoc();
    auto type = cast<RankedTensorType>(argument.getType());
    TensorInfo info =
        readInfo(entry.getArgAttrDict(i), type, i, "input", names);
    auto cache =
        entry.getArgAttrOfType<DenseI64ArrayAttr>(i, memory::cacheAttribute);
    inputs.push_back(describe(info, type, cache));
    SmallVector<Value> sizes, open;
    for (auto [d, size] : llvm::enumerate(type.getShape())) {
      Value value;
      if (!ShapedType::isDynamic(size)) {
        value = arith::ConstantIndexOp::create(b, loc, size);
      } else {
        Value known = info.symbols[d].empty()
                          ? Value()
                          : symbolSizes.lookup(info.symbols[d]);
        value = known ? known
                      : Value(InputDimOp::create(b, loc, b.getIndexType(),
                                                 position + d));
        if (!info.symbols[d].empty())
          symbolSizes[info.symbols[d]] = value;
        open.push_back(value);
      }
      sizes.push_back(value);
    }
    position += type.getRank();
    if (cache && failed(bindCache(entry, i, open)))
      return failure();
    for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
      auto dim = dyn_cast<tensor::DimOp>(user);
      std::optional<int64_t> index =
          dim ? dim.getConstantIndex() : std::nullopt;
      if (index && *index < type.getRank()) {
        dim.replaceAllUsesWith(sizes[*index]);
        dim.erase();
      }
    }
    auto memref = MemRefType::get(type.getShape(), type.getElementType());
    Value buffer =
        BufferOp::create(b, loc, memref, BufferSpace::Input, i, Value(), open);
    // Callers may pass one buffer twice: inputs are only read, so they may
    // meet.
    Value tensor = bufferization::ToTensorOp::create(b, loc, type, buffer,
                                                     /*restrict=*/true,
                                                     /*writable=*/false);
    argument.replaceAllUsesWith(tensor);
  }
  return success();
}

void EntryPointPass::bindResults(func::ReturnOp ret, OpBuilder &b) {
  SmallVector<Value> allSizes;
  SmallVector<std::string> names;
  auto entry = ret->getParentOfType<func::FuncOp>();
  SmallVector<SmallVector<Value>> openSizes;
  for (auto [i, result] : llvm::enumerate(ret.getOperands())) {
    auto type = cast<RankedTensorType>(result.getType());
    TensorInfo info =
        readInfo(entry.getResultAttrDict(i), type, i, "output", names);
    outputs.push_back(describe(info, type, cacheOfResult.lookup(i)));
    openSizes.emplace_back();
    for (auto [d, size] : llvm::enumerate(type.getShape())) {
      Value value =
          ShapedType::isDynamic(size)
              ? Value(tensor::DimOp::create(b, ret.getLoc(), result, d))
              : Value(arith::ConstantIndexOp::create(b, ret.getLoc(), size));
      allSizes.push_back(value);
      if (ShapedType::isDynamic(size))
        openSizes.back().push_back(value);
    }
  }
  OutputDimsOp::create(b, ret.getLoc(), allSizes);
  for (auto [i, result] : llvm::enumerate(ret.getOperands())) {
    auto type = cast<RankedTensorType>(result.getType());
    auto memref = MemRefType::get(type.getShape(), type.getElementType());
    Value buffer = caches.lookup(i);
    if (!buffer)
      buffer = BufferOp::create(b, ret.getLoc(), memref, BufferSpace::Output, i,
                                Value(), openSizes[i]);
    bufferization::MaterializeInDestinationOp::create(
        b, ret.getLoc(), TypeRange(), result, buffer, /*restrict=*/true,
        /*writable=*/true);
  }
}

void EntryPointPass::runOnOperation() {
  ModuleOp module = getOperation();
  FailureOr<func::FuncOp> entry = findEntry();
  if (failed(entry) || failed(checkSignature(*entry)))
    return signalPassFailure();
  inputs.clear();
  outputs.clear();
  caches.clear();
  cacheOfResult.clear();

  Block &block = entry->getBody().front();
  OpBuilder b = OpBuilder::atBlockBegin(&block);
  if (failed(bindInputs(*entry, b)))
    return signalPassFailure();
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  b.setInsertionPoint(ret);
  bindResults(ret, b);
  Value ok = arith::ConstantIntOp::create(b, ret.getLoc(), 0, 32);
  func::ReturnOp::create(b, ret.getLoc(), ok);
  ret.erase();

  block.eraseArguments(0, block.getNumArguments());
  auto pointer = LLVM::LLVMPointerType::get(&getContext());
  block.addArgument(pointer, entry->getLoc());
  Builder attrs(&getContext());
  auto modelName = module->getAttrOfType<StringAttr>("tfc.model_name");
  module->setAttr(
      "x86.interface",
      attrs.getDictionaryAttr(
          {attrs.getNamedAttr("model",
                              modelName ? modelName : attrs.getStringAttr("")),
           attrs.getNamedAttr("inputs", attrs.getArrayAttr(inputs)),
           attrs.getNamedAttr("outputs", attrs.getArrayAttr(outputs))}));
  entry->setFunctionType(
      attrs.getFunctionType({pointer}, {attrs.getI32Type()}));
  entry->removeArgAttrsAttr();
  entry->removeResAttrsAttr();
  entry->setSymName("tfc_generated_compute");
}

} // namespace
