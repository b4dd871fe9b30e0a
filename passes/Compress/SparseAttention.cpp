//===- SparseAttention.cpp - the greatest scores of a query alone *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionMoves.h"
#include "AttentionSites.h"
#include "SiteNames.h"
#include "tfc/Passes/Compress/Passes.h"

namespace tfc::compress {
#define GEN_PASS_DEF_SPARSEATTENTIONPASS
#include "tfc/Passes/Compress/Passes.h.inc"
} // namespace tfc::compress

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

/// Why `attention` cannot have the `top` scores of a query alone; empty where
/// it can.
static std::string whyNot(attn::AttentionOp attention, int64_t top) {
  if (attention.getScore() != attn::ScoreFunction::Softmax)
    return "its scores go through no softmax";
  if (attention.getKeyBlocks())
    return "its keys are in blocks that are listed";
  if (attention.getTop() && int64_t(*attention.getTop()) <= top)
    return "it has the greatest " + std::to_string(*attention.getTop()) +
           " scores alone";
  int64_t keys = cast<ShapedType>(attention.getKey().getType()).getDimSize(2);
  if (!ShapedType::isDynamic(keys) && keys <= top)
    return "it has " + std::to_string(keys) + " keys, not more than " +
           std::to_string(top);
  return "";
}

/// Whether a row may see no key at all, of which softmax makes something that
/// one key is not.
static bool mayHideAll(attn::AttentionOp attention) {
  return hidesKeys(attention) || attention.getBias() ||
         attention.getZeroMaskedRows() || attention.getZeroNanRows();
}

std::string tfc::compress::whyNotHard(attn::AttentionOp attention) {
  std::string reason = whyNot(attention, 1);
  return reason.empty() && mayHideAll(attention)
             ? "all keys of a query may be hidden"
             : reason;
}

namespace {

struct SparseAttentionPass
    : public compress::impl::SparseAttentionPassBase<SparseAttentionPass> {
  using SparseAttentionPassBase::SparseAttentionPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    std::vector<AttentionSite> found = findAttentionSites(function);
    AttentionNumbers numbers;
    if (failed(numbers.read(function, "sparse-attention", "top", found, top,
                            tops, sites)))
      return signalPassFailure();
    for (AttentionSite &site : found)
      if (int64_t number = numbers.of(site.name))
        if (failed(restrict(site, number, numbers.isNamed(site.name))))
          return signalPassFailure();
  }

private:
  LogicalResult restrict(AttentionSite &site, int64_t number, bool isNamed) {
    attn::AttentionOp attention = site.attention;
    std::string reason = whyNot(attention, number);
    if (!reason.empty())
      return leaveAlone(getOperation(), "sparse-attention", site, isNamed,
                        reason);
    Builder b(&getContext());
    if (number == 1 && !mayHideAll(attention)) {
      attention.removeTopAttr();
      attention.setScore(attn::ScoreFunction::Hard);
    } else {
      attention.setTop(number);
    }
    noteCompression(getOperation(), "sparse-attention", site.name,
                    b.getNamedAttr("top", b.getI64IntegerAttr(number)));
    return success();
  }
};

} // namespace
