//===- SharedLibrary.h - object and weights to a library --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_X86_SHAREDLIBRARY_H
#define TFC_TARGETS_X86_SHAREDLIBRARY_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tfc::x86 {

/// Links `object` with the entry points of tfc/Runtime/model.h to the shared
/// library `output`. The bytes of `weightsFile` become a read-only segment at
/// the end of the file, which the loader maps and nothing reads at link time.
llvm::Error linkSharedLibrary(llvm::StringRef object,
                              llvm::StringRef weightsFile,
                              llvm::StringRef runtimeDirectory,
                              llvm::StringRef entry,
                              llvm::ArrayRef<llvm::StringRef> libraries,
                              llvm::StringRef output);

/// The entry points' object file: in `directory`, or where that is empty, where
/// TFC_RUNTIME_DIR says or beside the tools.
llvm::Expected<std::string> findEntryObject(llvm::StringRef directory,
                                            llvm::StringRef entry);

} // namespace tfc::x86

#endif // TFC_TARGETS_X86_SHAREDLIBRARY_H
