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

/// Draws a plan of memory, an object as the report has it, into a Page.
void drawPlan(llvm::raw_ostream &stream, const llvm::json::Object &plan);

} // namespace tfc

#endif // TFC_LIB_DRIVER_PLANPICTURE_H
