//===- TanhGelu.h - a pass of one's own -------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef EMBED_TANHGELU_H
#define EMBED_TANHGELU_H

#include "mlir/Pass/Pass.h"

#include <memory>

namespace embed {

/// Replaces erf by the tanh of a polynomial, which makes of GELU the form that
/// Hendrycks and Gimpel give (Gaussian Error Linear Units, 2016, section 2):
/// erf(z) ~ tanh(2/sqrt(pi) (z + 0.08943 z^3)), within 0.0004.
std::unique_ptr<mlir::Pass> createTanhGeluPass();

} // namespace embed

#endif // EMBED_TANHGELU_H
