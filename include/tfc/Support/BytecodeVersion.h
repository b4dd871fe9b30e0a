//===- BytecodeVersion.h - which bytecode a dialect reads -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_SUPPORT_BYTECODEVERSION_H
#define TFC_SUPPORT_BYTECODEVERSION_H

#include "mlir/Bytecode/BytecodeImplementation.h"

#include <memory>

namespace tfc {

/// A dialect's version in a file of MLIR bytecode: a number that goes up when
/// files that were written before mean something else, or are not read.
struct BytecodeVersion : mlir::DialectVersion {
  explicit BytecodeVersion(uint64_t number) : number(number) {}
  uint64_t number;
};

/// Writes `current` into bytecode, and reads files of up to it; a newer one is
/// refused with an error. Files from before there were versions have none, and
/// are read as 1. A dialect that changes derives from this, and overrides
/// `upgradeFromVersion`, which gets a BytecodeVersion.
template <uint64_t current>
class VersionedBytecode : public mlir::BytecodeDialectInterface {
public:
  explicit VersionedBytecode(mlir::Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}

  void writeVersion(mlir::DialectBytecodeWriter &writer) const override {
    writer.writeVarInt(current);
  }

  std::unique_ptr<mlir::DialectVersion>
  readVersion(mlir::DialectBytecodeReader &reader) const override {
    uint64_t found;
    if (failed(reader.readVarInt(found)))
      return nullptr;
    if (found <= current)
      return std::make_unique<BytecodeVersion>(found);
    reader.emitError("the file has version ")
        << found << " of the dialect '" << getDialect()->getNamespace()
        << "', and this tfc reads versions up to " << current
        << ": it was written by a later release";
    return nullptr;
  }
};

} // namespace tfc

#endif // TFC_SUPPORT_BYTECODEVERSION_H
