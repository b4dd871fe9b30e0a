//===- Interface.h - what the artefact shows --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTERFACE_H
#define TFC_TARGETS_CORTEXM7_INTERFACE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include <optional>
#include <string>
#include <vector>

namespace tfc::m7 {

/// The function that the model is, between the passes of the target.
constexpr llvm::StringLiteral computeName = "tfc_compute";

/// The function that is told where nodes begin, until it has its final name.
constexpr llvm::StringLiteral profileName = "tfc_profile";

/// Bytes at whose multiples the arena and the buffers in it start: the width of
/// the bus that loads of two words use.
constexpr int64_t arenaAlignment = 8;

/// The C type of an element, `kind` being ONNX's number of it or 0; empty for
/// types that the target has not.
std::string elementTypeName(mlir::Type type, int64_t kind);

/// How the caller delivers an input that it does not hand over as a whole.
struct InterfaceStrip {
  /// The dimension that counts rows, and the rows of a call.
  int64_t axis = 0, rows = 0;
  /// The C name of the pointer that each call gets.
  std::string context;
};

/// One input or output.
struct InterfaceTensor {
  std::string name;
  /// The name as a C identifier, unique among its kin.
  std::string identifier;
  std::string element;
  std::vector<int64_t> dims;
  /// An integer x stands for (x - zeroPoint) * scale, where there is a scale.
  std::optional<double> scale;
  int64_t zeroPoint = 0;
  std::optional<InterfaceStrip> strip;

  int64_t count() const;
  int64_t elementBytes() const;
  /// Bytes of one strip.
  int64_t stripBytes() const;
  /// The element type as numpy spells it.
  std::string numpyType() const;
};

/// What the header says of a model.
struct Interface {
  std::vector<InterfaceTensor> inputs, outputs;
  int64_t arenaBytes = 0;
  /// The nodes that the code announces; none where it was not asked to.
  std::vector<std::string> nodes;

  /// Bytes of the inputs that the caller holds in memory; all where `whole`.
  int64_t inputBytes(bool whole) const;
  int64_t outputBytes() const;
};

/// Reads `m7.interface`, `m7.plan` and `m7.nodes` of a module.
Interface readInterface(mlir::ModuleOp module);

/// What is known of an artefact once it is there; sizes are in bytes.
struct ArtefactSizes {
  uint64_t flash = 0, stack = 0;
  bool hardFloat = true;
};

/// The text of the C header, for names that start with `prefix`.
std::string headerText(const Interface &interface, llvm::StringRef prefix,
                       const ArtefactSizes &sizes);

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTERFACE_H
