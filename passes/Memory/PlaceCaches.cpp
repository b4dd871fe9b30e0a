//===- PlaceCaches.cpp - keys and values in one buffer ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Memory/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace tfc::memory {
#define GEN_PASS_DEF_PLACECACHESPASS
#include "tfc/Passes/Memory/Passes.h.inc"
} // namespace tfc::memory

using namespace mlir;
using namespace tfc;

namespace {

/// An input, the result that is the input with new tokens behind, and the
/// dimension of the tokens.
struct Cache {
  unsigned input, result;
  int64_t axis;
};

StringRef nameOf(DictionaryAttr attributes) {
  auto name = attributes ? attributes.getAs<StringAttr>("tfc.name") : nullptr;
  return name ? name.getValue() : StringRef();
}

bool isZero(ArrayRef<OpFoldResult> offsets) {
  return llvm::all_of(offsets, [](OpFoldResult offset) {
    return isConstantIntValue(offset, 0);
  });
}

/// The name of an open size in the model; empty where it has none.
StringRef symbolOf(BlockArgument argument, int64_t d) {
  auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
  auto symbols =
      function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "tfc.dims");
  return symbols ? cast<StringAttr>(symbols[d]).getValue() : StringRef();
}

/// Whether `size` is that of dimension `axis` of `argument`; sizes of one name
/// are equal.
bool isSizeOf(OpFoldResult size, BlockArgument argument, int64_t axis) {
  auto value = dyn_cast<Value>(size);
  auto dim = value ? value.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
  auto source = dim ? dyn_cast<BlockArgument>(dim.getSource()) : nullptr;
  std::optional<int64_t> d = source ? dim.getConstantIndex() : std::nullopt;
  if (!d || source.getOwner() != argument.getOwner())
    return false;
  StringRef symbol = symbolOf(argument, axis);
  return (source == argument && *d == axis) ||
         (!symbol.empty() && symbolOf(source, *d) == symbol);
}

struct PlaceCachesPass
    : public memory::impl::PlaceCachesPassBase<PlaceCachesPass> {
  using Base::Base;

  void runOnOperation() override;

private:
  /// By their names: those asked for, or all that look like caches.
  FailureOr<SmallVector<std::pair<unsigned, unsigned>>> findPairs();
  FailureOr<int64_t> findAxis(unsigned input, unsigned result);
  std::optional<unsigned> inputNamed(StringRef name);
  std::optional<unsigned> resultNamed(StringRef name);
};

std::optional<unsigned> PlaceCachesPass::inputNamed(StringRef name) {
  for (unsigned i = 0; i < getOperation().getNumArguments(); ++i)
    if (nameOf(getOperation().getArgAttrDict(i)) == name)
      return i;
  return std::nullopt;
}

std::optional<unsigned> PlaceCachesPass::resultNamed(StringRef name) {
  for (unsigned i = 0; i < getOperation().getNumResults(); ++i)
    if (nameOf(getOperation().getResultAttrDict(i)) == name)
      return i;
  return std::nullopt;
}

/// What an exporter may call the result that belongs to an input.
SmallVector<std::string> namesOfResults(StringRef input) {
  SmallVector<std::string> names;
  auto replace = [&](StringRef past, StringRef present) {
    size_t place = input.find(past);
    if (place != StringRef::npos)
      names.push_back((input.take_front(place) + present +
                       input.drop_front(place + past.size()))
                          .str());
  };
  replace("past_key_values", "present");
  replace("past_key_values", "present_key_values");
  replace("past", "present");
  return names;
}

FailureOr<SmallVector<std::pair<unsigned, unsigned>>>
PlaceCachesPass::findPairs() {
  func::FuncOp function = getOperation();
  SmallVector<std::pair<unsigned, unsigned>> pairs;
  for (const std::string &text : caches) {
    auto [input, result] = StringRef(text).split('=');
    std::optional<unsigned> in = inputNamed(input), out = resultNamed(result);
    if (!in || !out)
      return function.emitError("the model has no ")
             << (in ? "output '" : "input '") << (in ? result : input) << "'";
    pairs.emplace_back(*in, *out);
  }
  if (!pairs.empty())
    return pairs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    for (const std::string &name :
         namesOfResults(nameOf(function.getArgAttrDict(i))))
      if (std::optional<unsigned> result = resultNamed(name)) {
        pairs.emplace_back(i, *result);
        break;
      }
  if (pairs.empty())
    return function.emitError("no input and output have the names of a cache, "
                              "as past.0.key and present.0.key have");
  return pairs;
}

FailureOr<int64_t> PlaceCachesPass::findAxis(unsigned input, unsigned result) {
  func::FuncOp function = getOperation();
  BlockArgument past = function.getArgument(input);
  Operation *ret = function.getBody().front().getTerminator();
  auto refuse = [&](const Twine &reason) {
    return function.emitError("input '")
           << nameOf(function.getArgAttrDict(input)) << "' and output '"
           << nameOf(function.getResultAttrDict(result))
           << "' cannot be one buffer: " << reason;
  };
  auto append = ret->getOperand(result).getDefiningOp<tensor::InsertSliceOp>();
  auto copy = append ? append.getDest().getDefiningOp<tensor::InsertSliceOp>()
                     : tensor::InsertSliceOp();
  if (!copy || copy.getSource() != past || !append.hasUnitStride() ||
      !copy.hasUnitStride() || !isZero(copy.getMixedOffsets()) ||
      !copy.getDest().getDefiningOp<tensor::EmptyOp>() ||
      copy->getParentOp() != function || !copy->hasOneUse())
    return refuse("the output is not the input with something behind it");
  std::optional<int64_t> axis;
  for (auto [d, offset] : llvm::enumerate(append.getMixedOffsets())) {
    if (isConstantIntValue(offset, 0))
      continue;
    if (axis || !isSizeOf(offset, past, d))
      return refuse("what is new does not begin where the input ends");
    axis = d;
  }
  auto type = cast<RankedTensorType>(past.getType());
  if (!axis || *axis == 0)
    return refuse("what is new does not begin where the input ends");
  for (int64_t d = *axis + 1; d < type.getRank(); ++d)
    if (type.isDynamicDim(d))
      return refuse("a size behind that of the tokens is open");
  for (Operation *user : past.getUsers())
    if (user != copy && !isa<tensor::DimOp>(user))
      return refuse("the input is read elsewhere too");
  return *axis;
}

void PlaceCachesPass::runOnOperation() {
  func::FuncOp function = getOperation();
  if (function.isPrivate() || function.isDeclaration())
    return;
  if (capacity < 1) {
    function.emitError("expected a capacity of 1 at least, found ")
        << capacity.getValue();
    return signalPassFailure();
  }
  FailureOr<SmallVector<std::pair<unsigned, unsigned>>> pairs = findPairs();
  if (failed(pairs))
    return signalPassFailure();
  Builder b(&getContext());
  for (auto [input, result] : *pairs) {
    FailureOr<int64_t> axis = findAxis(input, result);
    if (failed(axis))
      return signalPassFailure();
    function.setArgAttr(input, memory::cacheAttribute,
                        b.getDenseI64ArrayAttr({result, *axis, capacity}));
  }
}

} // namespace
