//===- PlaceConstants.cpp - constants to the weights file -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappedFile.h"
#include "tfc/Target/X86/Passes.h"
#include "tfc/Target/X86/X86.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

namespace tfc::x86 {
#define GEN_PASS_DEF_X86PLACECONSTANTSPASS
#include "tfc/Target/X86/Passes.h.inc"
} // namespace tfc::x86

using namespace mlir;
using namespace tfc::x86;

namespace {

constexpr uint64_t weightAlignment = 64;

/// Appends constants to a stream and remembers where each lies.
class ConstantWriter {
public:
  explicit ConstantWriter(llvm::raw_ostream *stream) : stream(stream) {}

  /// The offset, in bytes, of the contents of `attr`.
  FailureOr<uint64_t> place(ElementsAttr attr, Location loc) {
    auto [entry, fresh] = places.try_emplace(attr, 0);
    if (!fresh)
      return entry->second;
    pad();
    entry->second = size;
    if (failed(write(attr, loc)))
      return failure();
    return entry->second;
  }

  uint64_t getSize() const { return size; }

private:
  void append(const char *data, uint64_t bytes) {
    if (stream)
      stream->write(data, bytes);
    size += bytes;
  }
  void pad() {
    static const char zeros[weightAlignment] = {};
    append(zeros, llvm::alignTo(size, weightAlignment) - size);
  }
  LogicalResult write(ElementsAttr attr, Location loc);

  llvm::raw_ostream *stream;
  uint64_t size = 0;
  DenseMap<Attribute, uint64_t> places;
};

LogicalResult ConstantWriter::write(ElementsAttr attr, Location loc) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return emitError(loc, "the contents of constant '")
             << resource.getRawHandle().getKey()
             << "' were left out of this IR; print it without eliding weights";
    // Piece by piece, so that little of a mapped file is in memory at a time.
    constexpr size_t piece = size_t(16) << 20;
    for (ArrayRef<char> rest = blob->getData(); !rest.empty();) {
      ArrayRef<char> head = rest.take_front(piece);
      append(head.data(), head.size());
      releasePages(head);
      rest = rest.drop_front(head.size());
    }
    return success();
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return emitError(loc, "expected dense elements in a constant");
  if (dense.getElementType().isInteger(1)) {
    for (bool value : dense.getValues<bool>()) {
      char byte = value;
      append(&byte, 1);
    }
    return success();
  }
  ArrayRef<char> raw = dense.getRawData();
  int64_t copies = dense.isSplat() ? dense.getNumElements() : 1;
  for (int64_t i = 0; i < copies; ++i)
    append(raw.data(), raw.size());
  return success();
}

struct PlaceConstantsPass
    : public tfc::x86::impl::X86PlaceConstantsPassBase<PlaceConstantsPass> {
  using Base::Base;

  void runOnOperation() override {
    std::unique_ptr<llvm::raw_fd_ostream> stream;
    if (!file.empty()) {
      std::error_code error;
      stream = std::make_unique<llvm::raw_fd_ostream>(file, error);
      if (error) {
        getOperation().emitError("cannot write '")
            << file << "': " << error.message();
        return signalPassFailure();
      }
    }
    ConstantWriter writer(stream.get());
    if (failed(placeAll(writer)))
      return signalPassFailure();
    if (stream) {
      stream->close();
      if (stream->has_error()) {
        getOperation().emitError("cannot write '")
            << file << "': " << stream->error().message();
        stream->clear_error();
        return signalPassFailure();
      }
    }
    getOperation()->setAttr(
        "x86.weights_bytes",
        Builder(&getContext()).getI64IntegerAttr(writer.getSize()));
  }

private:
  LogicalResult placeAll(ConstantWriter &writer) {
    SymbolTableCollection symbols;
    SmallVector<memref::GetGlobalOp> uses;
    getOperation().walk([&](memref::GetGlobalOp use) { uses.push_back(use); });
    for (memref::GetGlobalOp use : uses) {
      auto global = symbols.lookupNearestSymbolFrom<memref::GlobalOp>(
          use, use.getNameAttr());
      auto value =
          global && global.getConstant()
              ? dyn_cast_or_null<ElementsAttr>(global.getInitialValueAttr())
              : nullptr;
      if (!value)
        return use.emitError("expected a constant global");
      FailureOr<uint64_t> offset = writer.place(value, use.getLoc());
      if (failed(offset))
        return failure();
      OpBuilder b(use);
      Value buffer =
          BufferOp::create(b, use.getLoc(), use.getType(), BufferSpace::Weights,
                           *offset, Value(), ValueRange());
      use.replaceAllUsesWith(buffer);
      use.erase();
    }
    for (auto global :
         llvm::make_early_inc_range(getOperation().getOps<memref::GlobalOp>()))
      global.erase();
    return success();
  }
};

} // namespace
