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

namespace tfc::compress {

/// Takes `units` out of the model, and fits what is left where `options` and
/// the moments of the consumers' input allow. Fails with a `reason`, before
/// anything is changed.
llvm::LogicalResult removeUnits(const ChannelGroup &group,
                                llvm::ArrayRef<int64_t> units,
                                const ImportanceOptions &options,
                                std::string &reason);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_REMOVEUNITS_H
