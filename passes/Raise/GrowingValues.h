//===- GrowingValues.h - what loops append to -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_GROWINGVALUES_H
#define TFC_PASSES_RAISE_GROWINGVALUES_H

#include "RaiseContext.h"

namespace tfc::raise {

/// The carried values of a Loop that its body does nothing with but append to
/// them, by Concat(value, item). The items can be collected instead, as Loop
/// collects its other outputs, and joined after it.
class GrowingValues {
public:
  /// `body` is that of the Loop `n`, which carries `count` values.
  GrowingValues(NodeContext &n, mlir::Region &body, unsigned count);

  bool empty() const { return axes.empty(); }
  bool contains(unsigned carried) const { return axes.contains(carried); }

  /// Lets the body give the items instead of the values that grew. What it then
  /// makes of the values themselves is used nowhere.
  void yieldItems();

  /// The value after the loop: `before`, then the items, which were collected
  /// as [iterations, item].
  mlir::FailureOr<Raised> joined(unsigned carried, Raised &before,
                                 Raised &items);

private:
  NodeContext &n;
  mlir::Operation *terminator;
  /// Of the values that grow: the axis along which they do.
  llvm::DenseMap<unsigned, int64_t> axes;
};

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_GROWINGVALUES_H
