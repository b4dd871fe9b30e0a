//===- EntryFunctions.h - what firmware calls ----------------------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_ENTRYFUNCTIONS_H
#define TFC_TARGETS_CORTEXM7_ENTRYFUNCTIONS_H

#include "Interface.h"

namespace llvm {
class Module;
} // namespace llvm

namespace tfc::m7 {

/// What follows the prefix in the names of the functions that firmware calls.
/// None of them calls another, when all is optimised.
constexpr llvm::StringLiteral entrySuffixes[] = {"_init", "_invoke", "_run"};

/// Adds the functions that firmware calls, around the model's own:
///
///     int <prefix>_init(context *, void *arena, const inputs *,
///                       const outputs *);
///     int <prefix>_invoke(const context *);
///     int <prefix>_run(void *arena, const inputs *, const outputs *);
///
/// The first checks all that can be wrong with pointers, the second nothing;
/// the third is both.
void addEntryFunctions(llvm::Module &module, const Interface &interface,
                       llvm::StringRef prefix);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_ENTRYFUNCTIONS_H
