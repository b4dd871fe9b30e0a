//===- PeakNotes.cpp - what holds the arena at its peak ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PeakNotes.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

static int64_t number(DictionaryAttr of, StringRef name) {
  return of.getAs<IntegerAttr>(name).getInt();
}

/// "'node' (operation)" of one step.
static std::string stepName(ArrayAttr steps, int64_t step) {
  if (step < 0 || step >= static_cast<int64_t>(steps.size()))
    return "''";
  auto entry = cast<DictionaryAttr>(steps[step]);
  return ("'" + entry.getAs<StringAttr>("node").getValue() + "' (" +
          entry.getAs<StringAttr>("op").getValue() + ")")
      .str();
}

/// What the arena would need with each size of tiles that was planned.
static void noteTiles(DictionaryAttr tiles, InFlightDiagnostic &error) {
  for (auto one :
       tiles.getAs<ArrayAttr>("tried").getAsRange<DictionaryAttr>()) {
    int64_t rows = number(one, "rows");
    Diagnostic &note = error.attachNote();
    if (rows == 0)
      note << "without tiles of tokens the arena has ";
    else
      note << "with tiles of " << rows << " tokens the arena has ";
    note << number(one, "bytes") << " bytes";
    if (rows == number(tiles, "rows"))
      note << ", the least that was found";
  }
}

void tfc::m7::notePeak(ModuleOp module, InFlightDiagnostic &error) {
  auto plan = module->getAttrOfType<DictionaryAttr>("m7.plan");
  if (!plan)
    return;
  int64_t step = number(plan, "bound_step");
  int64_t all = std::max<int64_t>(number(plan, "live_bytes"), 1);
  auto steps = plan.getAs<ArrayAttr>("steps");
  SmallVector<DictionaryAttr> live;
  for (auto buffer :
       plan.getAs<ArrayAttr>("buffers").getAsRange<DictionaryAttr>())
    if (number(buffer, "first") <= step && step <= number(buffer, "last"))
      live.push_back(buffer);
  llvm::sort(live, [&](DictionaryAttr a, DictionaryAttr b) {
    return std::pair(-number(a, "bytes"), number(a, "offset")) <
           std::pair(-number(b, "bytes"), number(b, "offset"));
  });
  error.attachNote() << "the arena is fullest, with " << all
                     << " bytes alive, at node " << stepName(steps, step);
  constexpr size_t shown = 5;
  for (DictionaryAttr buffer : ArrayRef(live).take_front(shown))
    error.attachNote() << "  " << number(buffer, "bytes") << " bytes ("
                       << (100 * number(buffer, "bytes") + all / 2) / all
                       << " %) that node "
                       << stepName(steps, number(buffer, "first"))
                       << " makes and node "
                       << stepName(steps, number(buffer, "last"))
                       << " uses last";
  if (live.size() > shown)
    error.attachNote() << "  and " << live.size() - shown << " smaller buffers";
  if (auto tiles = plan.getAs<DictionaryAttr>("tiles"))
    noteTiles(tiles, error);
}
