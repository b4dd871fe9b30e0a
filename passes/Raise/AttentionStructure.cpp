//===- AttentionStructure.cpp - structure of attention's operands *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionPatterns.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Raise/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/FormatVariadic.h"

namespace tfc::raise {
#define GEN_PASS_DEF_ATTENTIONSTRUCTUREPASS
#include "tfc/Passes/Raise/Passes.h.inc"
} // namespace tfc::raise

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

std::string describe(attn::AttentionOp op) {
  std::string text;
  auto also = [&](const Twine &part) {
    text += (text.empty() ? part : ", " + part).str();
  };
  also(llvm::formatv("scale {0:f6}", op.getScale().convertToDouble()).str());
  if (op.getSoftcap())
    also(llvm::formatv("softcap {0:f6}", op.getSoftcap()->convertToDouble())
             .str());
  auto heads = [](Value value) {
    return cast<ShapedType>(value.getType()).getDimSize(1);
  };
  int64_t groups = heads(op.getKey());
  if (groups != heads(op.getQuery()) && !ShapedType::isDynamic(groups))
    also(Twine(groups) + " groups of heads");
  if (op.getCausal())
    also("causal");
  if (op.getLeftWindow())
    also("left window " + Twine(*op.getLeftWindow()));
  if (op.getRightWindow())
    also("right window " + Twine(*op.getRightWindow()));
  if (op.getGlobal())
    also(Twine(*op.getGlobal()) + " global keys");
  if (op.getKeyLengths())
    also("key lengths");
  if (op.getKeyBlocks())
    also("listed blocks of " + Twine(*op.getBlockSize()) + " keys");
  if (op.getGroupSize())
    also("groups of " + Twine(*op.getGroupSize()) + " keys");
  if (op.getBias())
    also("with a bias");
  if (op.getMaskBlock())
    also("with a mask of blocks of " + Twine(*op.getMaskBlock()));
  else if (op.getMask())
    also("with a mask");
  if (!op.getMask() && !op.getBias())
    also("without a mask");
  return text;
}

struct AttentionStructurePass
    : public tfc::raise::impl::AttentionStructurePassBase<
          AttentionStructurePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMaskPatterns(patterns);
    populateConstantMaskPatterns(patterns);
    populateOperandPatterns(patterns);
    populateBlockPatterns(patterns);
    // Folded batches go as the transposes around them do.
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    renewNotes();
  }

private:
  /// The notes for the report say what was found here too.
  void renewNotes() {
    SmallVector<Attribute> notes;
    if (auto known = getOperation()->getAttrOfType<ArrayAttr>("tfc.attentions"))
      notes.assign(known.begin(), known.end());
    getOperation()->walk([&](attn::AttentionOp op) {
      auto number = dyn_cast_or_null<IntegerAttr>(op->removeAttr("tfc.note"));
      if (!number || number.getInt() >= static_cast<int64_t>(notes.size()))
        return;
      NamedAttrList note(cast<DictionaryAttr>(notes[number.getInt()]));
      note.set("detail", StringAttr::get(&getContext(), describe(op)));
      notes[number.getInt()] = note.getDictionary(&getContext());
    });
    if (!notes.empty())
      getOperation()->setAttr("tfc.attentions",
                              ArrayAttr::get(&getContext(), notes));
  }
};

} // namespace
