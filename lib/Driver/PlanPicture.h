//===- PlanPicture.h - a plan of memory to look at --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_PLANPICTURE_H
#define TFC_LIB_DRIVER_PLANPICTURE_H

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace tfc {

/// Writes a page without outside references: `plan`'s buffers as rectangles
/// over steps and bytes, the bytes alive and their peak. `plan` is the report's
/// `memory_plan`.
void writePlanPicture(llvm::raw_ostream &stream, llvm::StringRef title,
                      const llvm::json::Object &plan);

} // namespace tfc

#endif // TFC_LIB_DRIVER_PLANPICTURE_H
