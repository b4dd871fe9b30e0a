//===- MappedFile.h - constants that lie in files ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_MAPPEDFILE_H
#define TFC_TARGETS_X86_MAPPEDFILE_H

#include "mlir/IR/AsmState.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace tfc::x86 {

/// Tells the system that the pages of a mapped file are not needed soon, so
/// that compiling never holds all weights in memory. Does nothing to memory
/// that is not a file's.
void releasePages(llvm::ArrayRef<char> bytes);

/// A file without a name, for constants that are made while compiling: they
/// are written to it and mapped from it, so that the system may drop them.
class UnnamedFile {
public:
  UnnamedFile() = default;
  UnnamedFile(const UnnamedFile &) = delete;
  UnnamedFile &operator=(const UnnamedFile &) = delete;
  ~UnnamedFile() { close(); }

  /// Makes the file where `path` would be; false when the system has no room.
  bool open(llvm::StringRef path);
  void close();
  bool isOpen() const { return descriptor >= 0; }

  /// Writes `bytes` and maps them; nothing when the disk is full.
  std::optional<mlir::AsmResourceBlob> keep(llvm::ArrayRef<char> bytes);

private:
  int descriptor = -1;
  uint64_t size = 0;
};

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_MAPPEDFILE_H
