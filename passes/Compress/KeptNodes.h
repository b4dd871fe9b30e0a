//===- KeptNodes.h - what stays in f32 beside int8 --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_KEPTNODES_H
#define TFC_PASSES_COMPRESS_KEPTNODES_H

#include "QuantizationSites.h"

#include "llvm/ADT/StringSet.h"

namespace tfc::compress {

/// The nodes that attn-quantize leaves in f32. What they read is not rounded
/// for them, unless a node in int8 gives it, and what they give not for others
/// in f32.
class KeptNodes {
public:
  explicit KeptNodes(ArrayRef<std::string> names) {
    for (const std::string &name : names)
      kept.insert(name);
  }

  bool isKept(Operation *op) const;

  /// The uses of a site's value that are to read it rounded.
  SmallVector<OpOperand *> roundedUses(Value value) const;

private:
  /// Whether what computes in int8 reads `use`, moved or not.
  bool isReadInIntegers(OpOperand &use) const;
  ::llvm::StringSet<> kept;
};

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_KEPTNODES_H
