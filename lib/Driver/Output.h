//===- Output.h - files written whole or not at all -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_OUTPUT_H
#define TFC_LIB_DRIVER_OUTPUT_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace tfc {

/// Writes `path` by way of a temporary file beside it, so that it appears
/// complete or stays as it was, also when a signal ends the process.
llvm::Error writeWhole(llvm::StringRef path,
                       llvm::function_ref<void(llvm::raw_ostream &)> write);

/// Fails when a file of this name cannot be written, before any work is done.
llvm::Error checkWritable(llvm::StringRef path);

/// A file name that is removed when this object or the process dies.
class ScratchFile {
public:
  ScratchFile() = default;
  ~ScratchFile();
  ScratchFile(const ScratchFile &) = delete;
  ScratchFile &operator=(const ScratchFile &) = delete;

  /// Creates an empty file; it lies beside `path`, where there is room for what
  /// will be `path`, or among the system's temporary files if that is empty.
  llvm::Error create(llvm::StringRef path);
  llvm::StringRef name() const { return file; }

private:
  std::string file;
};

/// A folder among the system's temporary files that is removed with all that is
/// in it when this object dies: for artefacts of several files.
class ScratchFolder {
public:
  ScratchFolder() = default;
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;

  llvm::Error create();
  /// The path of a file in it.
  std::string file(llvm::StringRef name) const;

private:
  std::string folder;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_OUTPUT_H
