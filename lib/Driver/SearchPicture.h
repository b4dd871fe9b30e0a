//===- SearchPicture.h - a search to look at --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_SEARCHPICTURE_H
#define TFC_LIB_DRIVER_SEARCHPICTURE_H

#include "llvm/Support/JSON.h"

namespace tfc {

/// Draws a search, an object as the report has it, into a Page: its candidates
/// by size and metric, and a table of those that no other is better than in
/// both.
void drawSearch(llvm::raw_ostream &stream, const llvm::json::Object &search);

} // namespace tfc

#endif // TFC_LIB_DRIVER_SEARCHPICTURE_H
