//===- PositionProjections.h - projections along the sequence in a file *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_POSITIONPROJECTIONS_H
#define TFC_PASSES_COMPRESS_POSITIONPROJECTIONS_H

#include "AttentionSites.h"

#include <Eigen/Core>

namespace tfc::compress {

/// What keys and values, of [T, D], are multiplied with: both of [L, T].
struct PositionProjection {
  Eigen::MatrixXd keys, values;
};

/// Those of some sites, by their names, of an .npz file: arrays of f32 called
/// SITE, for keys and values, or SITE.key and SITE.value. Errors are of
/// `function`: other names, types and ranks, one without the other.
mlir::FailureOr<llvm::StringMap<PositionProjection>>
readPositionProjections(mlir::func::FuncOp function, llvm::StringRef file,
                        llvm::ArrayRef<AttentionSite> found);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_POSITIONPROJECTIONS_H
