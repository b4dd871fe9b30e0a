//===- AttentionSites.h - attentions by name --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_ATTENTIONSITES_H
#define TFC_PASSES_COMPRESS_ATTENTIONSITES_H

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::compress {

/// An attention, as it is called before anything is changed: by the linear
/// layer behind it, or by its own node where there is none.
struct AttentionSite {
  attn::AttentionOp attention;
  std::string name;
};

/// Those on tensors, in the order of the function, those of loops among them.
std::vector<AttentionSite> findAttentionSites(mlir::func::FuncOp function);

/// Fails with an error of `function`, which lists the sites that there are,
/// where one of `names` is none.
llvm::LogicalResult checkAttentionSites(mlir::func::FuncOp function,
                                        llvm::StringRef pass,
                                        llvm::ArrayRef<AttentionSite> found,
                                        llvm::ArrayRef<std::string> names);

/// Whether something hides keys from queries or counts their positions: a mask,
/// lengths, a window.
bool hidesKeys(attn::AttentionOp attention);

/// Whether what hides keys goes by the places of queries and keys: anything but
/// a mask that has a truth for each of them.
bool hidesByPlace(attn::AttentionOp attention);

/// Numbers for some attentions, "SITE=N", and one for all others: what options
/// of a pass say. Errors are of `function`, and name the pass and the option.
class AttentionNumbers {
public:
  /// `forAll` is 0 where it was not given.
  llvm::LogicalResult read(mlir::func::FuncOp function, llvm::StringRef pass,
                           llvm::StringRef option,
                           llvm::ArrayRef<AttentionSite> found, int64_t forAll,
                           llvm::ArrayRef<std::string> entries,
                           llvm::ArrayRef<std::string> sites);

  /// 0 where nothing was asked of the site.
  int64_t of(llvm::StringRef site) const;
  bool isNamed(llvm::StringRef site) const { return bySite.contains(site); }

private:
  int64_t forAll = 0;
  llvm::StringMap<int64_t> bySite;
  std::vector<std::string> only;
};

/// Says of a site in the report why nothing was done, or refuses it where it
/// was asked for by name.
llvm::LogicalResult leaveAlone(mlir::func::FuncOp function,
                               llvm::StringRef pass, const AttentionSite &site,
                               bool isNamed, const llvm::Twine &reason);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_ATTENTIONSITES_H
