//===- CostTarget.h - a target of one's own ---------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef EMBED_COSTTARGET_H
#define EMBED_COSTTARGET_H

#include "tfc/Driver/Target.h"

namespace embed {

/// What an imagined machine does in a second.
struct Machine {
  double operations = 1e11;
  /// Between memory and the machine.
  double bytes = 2e10;
};

/// A target `cost` that writes, as text, what each node of the ONNX file costs
/// on `machine`: arithmetic operations, bytes of operands and results, and the
/// longer of the times for both (the roofline model; Williams, Waterman and
/// Patterson, 2009). It refuses models with open sizes.
tfc::TargetRegistry::Entry costTarget(Machine machine = {});

} // namespace embed

#endif // EMBED_COSTTARGET_H
