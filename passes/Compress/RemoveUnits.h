//===- RemoveUnits.h - a group without some of its units --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_REMOVEUNITS_H
#define TFC_PASSES_COMPRESS_REMOVEUNITS_H

#include "ChannelImportance.h"
#include "SiteNames.h"

namespace tfc::compress {

/// Takes `units` out of the model, and fits what is left where `options` and
/// the moments of the consumers' input allow. Fails with a `reason`, before
/// anything is changed.
llvm::LogicalResult removeUnits(const ChannelGroup &group,
                                llvm::ArrayRef<int64_t> units,
                                const ImportanceOptions &options,
                                std::string &reason);

/// Notes for the report that `count` units of `group` are gone: what is left,
/// of how many, and `with` which other layers the first one lost them.
void noteRemoval(mlir::func::FuncOp function, llvm::StringRef pass,
                 const ChannelGroup &group, size_t count,
                 const SiteNames &names);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_REMOVEUNITS_H
