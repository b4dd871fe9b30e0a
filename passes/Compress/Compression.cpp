//===- Compression.cpp - the passes that make models smaller ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Compress/Compression.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

/// The pass after which weights are no numbers of f32.
static constexpr StringLiteral integersPass = "attn-quantize-weights";

ArrayRef<CompressionPass> tfc::compress::compressionPasses() {
  constexpr CompressionStatistics inputs = {/*inputs=*/true,
                                            /*positions=*/false, /*fit=*/true},
                                  weights = {/*inputs=*/true,
                                             /*positions=*/false,
                                             /*fit=*/false};
  static const std::vector<CompressionPass> passes = {
      {"attn-extract", [] { return createExtractPass(); }, {}},
      {"attn-linformer",
       [] { return createLinformerPass(); },
       {/*inputs=*/false, /*positions=*/true, /*fit=*/true}},
      {"attn-low-rank", [] { return createLowRankPass(); }, inputs},
      {"attn-prune", [] { return createPrunePass(); }, inputs},
      {"attn-prune-residual", [] { return createPruneResidualPass(); }, inputs},
      {"attn-prune-tokens", [] { return createPruneTokensPass(); }, {}},
      {integersPass, [] { return createQuantizeWeightsPass(); }, weights},
      {"attn-shrink-heads", [] { return createShrinkHeadsPass(); }, inputs},
      {"attn-smooth", [] { return createSmoothPass(); }, weights},
      {"attn-sparse-attention",
       [] { return createSparseAttentionPass(); },
       {/*inputs=*/false, /*positions=*/false, /*fit=*/true}},
  };
  return passes;
}

namespace {

/// A part of a pipeline: a name, and what is in braces after it.
struct Part {
  StringRef name, options;
};

} // namespace

/// Splits `text` at the commas that are in no braces.
static llvm::Expected<SmallVector<Part>> splitPipeline(StringRef text) {
  SmallVector<Part> parts;
  StringRef rest = text;
  while (true) {
    size_t end = rest.find_first_of(",{");
    Part part{rest.take_front(end).trim(), ""};
    if (part.name.empty())
      return llvm::createStringError("--compress takes passes, as in "
                                     "'low-rank{energy=0.98}'; there is none "
                                     "before '" +
                                     rest + "' of '" + text + "'");
    rest = rest.substr(std::min(end, rest.size()));
    if (rest.starts_with("{")) {
      unsigned depth = 0;
      size_t close = 0;
      for (; close < rest.size(); ++close) {
        depth += rest[close] == '{';
        depth -= rest[close] == '}';
        if (depth == 0)
          break;
      }
      if (depth != 0)
        return llvm::createStringError("--compress: a brace is open in '" +
                                       text + "'");
      part.options = rest.slice(1, close).trim();
      rest = rest.substr(close + 1).ltrim();
    }
    parts.push_back(part);
    if (rest.empty())
      return parts;
    if (!rest.consume_front(","))
      return llvm::createStringError("--compress: expected a comma before '" +
                                     rest + "'");
  }
}

static const CompressionPass *findPass(StringRef name) {
  name.consume_front("attn-");
  for (const CompressionPass &pass : compressionPasses())
    if (pass.name.drop_front(StringRef("attn-").size()) == name)
      return &pass;
  return nullptr;
}

llvm::Error tfc::compress::addCompressionPasses(StringRef text,
                                                OpPassManager &pm,
                                                CompressionStatistics &reads) {
  llvm::Expected<SmallVector<Part>> parts = splitPipeline(text);
  if (!parts)
    return parts.takeError();
  bool leavesIntegers = false;
  for (const Part &part : *parts) {
    const CompressionPass *known = findPass(part.name);
    if (!known) {
      std::string names;
      for (const CompressionPass &pass : compressionPasses())
        names += (names.empty() ? "" : ", ") +
                 pass.name.drop_front(StringRef("attn-").size()).str();
      return llvm::createStringError("--compress: there is no pass '" +
                                     part.name + "'; there are " + names);
    }
    if (leavesIntegers && known->name != integersPass)
      return llvm::createStringError(
          "--compress: '" + part.name +
          "' finds no weights in f32 after quantize-weights; put it before");
    leavesIntegers |= known->name == integersPass;
    std::unique_ptr<Pass> pass = known->create();
    std::string message;
    if (failed(pass->initializeOptions(part.options, [&](const Twine &what) {
          message = what.str();
          return failure();
        })))
      return llvm::createStringError("--compress: options of '" + part.name +
                                     "': " + StringRef(message).trim());
    reads.inputs |= known->reads.inputs;
    reads.positions |= known->reads.positions;
    reads.fit |= known->reads.fit;
    pm.addPass(std::move(pass));
  }
  return llvm::Error::success();
}

std::pair<std::string, std::string>
tfc::compress::splitBeforeIntegers(StringRef text) {
  llvm::Expected<SmallVector<Part>> parts = splitPipeline(text);
  if (!parts) {
    llvm::consumeError(parts.takeError());
    return {text.str(), ""};
  }
  for (const Part &part : *parts) {
    const CompressionPass *known = findPass(part.name);
    if (!known || known->name != integersPass)
      continue;
    size_t at = part.name.data() - text.data();
    return {text.take_front(at).rtrim(" ,").str(), text.substr(at).str()};
  }
  return {text.str(), ""};
}

int64_t tfc::compress::numberOfParameters(func::FuncOp function) {
  llvm::DenseSet<Attribute> seen;
  int64_t count = 0;
  function.walk([&](Operation *op) {
    ElementsAttr numbers;
    // Quantised numbers count as those that they stand for.
    if (op->use_empty() || !matchPattern(op, m_Constant(&numbers)) ||
        (!isa<FloatType>(numbers.getElementType()) &&
         !llvm::all_of(op->getUsers(), llvm::IsaPred<attn::DequantizeOp>)) ||
        !seen.insert(numbers).second)
      return;
    count += numbers.isSplat() ? 1 : numbers.getNumElements();
  });
  return count;
}
