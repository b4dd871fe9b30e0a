//===- PeakNotes.cpp - what holds the arena at its peak ---------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PeakNotes.h"
#include "Interface.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace tfc::m7;

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

/// What the model would need with each option that was planned, and how much
/// less that is.
static void noteSavings(ModuleOp module, InFlightDiagnostic &error) {
  auto savings = module->getAttrOfType<ArrayAttr>("m7.savings");
  if (!savings)
    return;
  Interface interface = readInterface(module);
  int64_t now = interface.arenaBytes + interface.inputBytes(/*whole=*/false) +
                interface.outputBytes();
  for (auto one : savings.getAsRange<DictionaryAttr>()) {
    int64_t arena = number(one, "arena"), held = number(one, "held");
    if (arena + held < now)
      error.attachNote() << one.getAs<StringAttr>("how").getValue() << ": "
                         << now - arena - held << " bytes less (arena " << arena
                         << ", inputs and outputs " << held << ")";
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
  noteSavings(module, error);
}

/// Bytes that a layer of `bytes` would save as a product of two of rank `rank`.
static int64_t savedByRank(DictionaryAttr layer, int64_t rank) {
  int64_t inputs = number(layer, "inputs"), outputs = number(layer, "outputs");
  int64_t width = number(layer, "bytes") / (inputs * outputs);
  return width * (inputs * outputs - rank * (inputs + outputs));
}

/// What the `share`th part of full rank saves of `layers`, the greatest savings
/// first. Kernels take depths that are multiples of 4.
static void noteRank(ArrayRef<DictionaryAttr> layers, int64_t share,
                     StringRef part, InFlightDiagnostic &error) {
  auto rankOf = [&](DictionaryAttr layer) {
    int64_t full = std::min(number(layer, "inputs"), number(layer, "outputs"));
    return full / share / 4 * 4;
  };
  SmallVector<std::pair<int64_t, size_t>> savings;
  int64_t all = 0;
  for (auto [i, layer] : llvm::enumerate(layers)) {
    int64_t rank = rankOf(layer);
    int64_t bytes = rank > 0 ? savedByRank(layer, rank) : 0;
    if (bytes <= 0)
      continue;
    savings.push_back({-bytes, i});
    all += bytes;
  }
  if (savings.empty())
    return;
  llvm::sort(savings);
  error.attachNote() << "with linear layers at " << part
                     << " of their full rank: " << all << " bytes less";
  for (auto [negative, i] : ArrayRef(savings).take_front(3))
    error.attachNote() << "  " << -negative << " of them at node '"
                       << layers[i].getAs<StringAttr>("node").getValue()
                       << "', " << number(layers[i], "inputs") << " to "
                       << number(layers[i], "outputs") << " by rank "
                       << rankOf(layers[i]);
}

/// `weights`, the largest first.
static SmallVector<DictionaryAttr> bySize(ArrayAttr weights) {
  SmallVector<std::pair<int64_t, size_t>> order;
  for (auto [i, one] : llvm::enumerate(weights.getAsRange<DictionaryAttr>()))
    order.push_back({-number(one, "bytes"), i});
  llvm::sort(order);
  SmallVector<DictionaryAttr> sorted;
  for (auto [negative, i] : order)
    sorted.push_back(cast<DictionaryAttr>(weights[i]));
  return sorted;
}

void tfc::m7::noteFlash(ModuleOp module, InFlightDiagnostic &error) {
  auto weights = module->getAttrOfType<ArrayAttr>("m7.weights");
  if (!weights)
    return;
  SmallVector<DictionaryAttr> sorted = bySize(weights);
  SmallVector<DictionaryAttr> layers;
  int64_t floats = 0;
  constexpr size_t shown = 5;
  for (auto [i, one] : llvm::enumerate(sorted)) {
    bool isLayer = one.contains("inputs");
    if (i < shown)
      error.attachNote() << "  " << number(one, "bytes")
                         << (isLayer ? " bytes of weights of node '"
                                     : " bytes of constants of node '")
                         << one.getAs<StringAttr>("node").getValue() << "'";
    if (!isLayer)
      continue;
    layers.push_back(one);
    if (number(one, "bytes") ==
        4 * number(one, "inputs") * number(one, "outputs"))
      floats += number(one, "bytes");
  }
  if (sorted.size() > shown) {
    int64_t rest = 0;
    for (DictionaryAttr one : ArrayRef(sorted).drop_front(shown))
      rest += number(one, "bytes");
    error.attachNote() << "  and " << rest << " bytes of "
                       << sorted.size() - shown << " smaller constants";
  }
  if (floats > 0)
    error.attachNote() << "in int8, by --quantize (an estimate: weights at a "
                          "quarter): "
                       << floats - floats / 4 << " bytes less";
  noteRank(layers, 2, "half", error);
  noteRank(layers, 4, "a quarter", error);
}
