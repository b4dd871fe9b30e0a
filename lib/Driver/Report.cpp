//===- Report.cpp - what became of a model, as JSON -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"
#include "Calibration.h"
#include "Page.h"
#include "PlanPicture.h"
#include "SearchCache.h"
#include "SearchPicture.h"

#include "tfc/Dialect/Onnx/Onnx.h"
#include "tfc/Driver/CommandLine.h"
#include "tfc/Passes/Compress/MultiplyAdds.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace tfc;

void Report::noteNodes(ModuleOp module) {
  module.walk([&](tfc::onnx::NodeOp node) {
    std::string name = node.getOpType().str();
    if (!node.getDomain().empty())
      name = (node.getDomain() + "::" + name).str();
    ++operators[name];
    operatorAt.try_emplace(node.getLoc(), name);
  });
}

void Report::collectOrigins(Location location,
                            std::map<std::string, unsigned> &from) const {
  auto known = operatorAt.find(location);
  if (known != operatorAt.end()) {
    ++from[known->second];
    return;
  }
  if (auto named = dyn_cast<NameLoc>(location))
    return collectOrigins(named.getChildLoc(), from);
  if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      collectOrigins(part, from);
}

void Report::noteRaised(ModuleOp module) {
  // Said by passes for this report alone.
  for (StringRef list : {"attentions", "routes", "scans"}) {
    auto notes =
        dyn_cast_or_null<ArrayAttr>(module->removeAttr(("tfc." + list).str()));
    if (!notes)
      continue;
    for (auto note : notes.getAsRange<DictionaryAttr>()) {
      llvm::json::Object entry;
      for (NamedAttribute part : note)
        entry[part.getName().str()] =
            cast<StringAttr>(part.getValue()).getValue().str();
      recognised[list.str()].push_back(std::move(entry));
    }
  }
  module.walk([&](Operation *op) {
    StringRef dialect = op->getName().getDialectNamespace();
    // What computes on tensors; sizes and constants are not worth a line.
    bool isAttn = dialect == "attn" && !op->hasTrait<OpTrait::IsTerminator>();
    bool isGeneral = dialect == "linalg" && op->getNumRegions() > 0;
    bool isMoving = op->getName().getStringRef() == "tensor.gather" ||
                    op->getName().getStringRef() == "tensor.scatter";
    if (!isAttn && !isGeneral && !isMoving)
      return;
    Group &group =
        (isAttn ? raised : general)[op->getName().getStringRef().str()];
    ++group.count;
    collectOrigins(op->getLoc(), group.from);
  });
}

/// Dictionaries, lists, numbers and text; nothing else is in a plan.
static llvm::json::Value toJson(Attribute attribute) {
  if (auto entries = dyn_cast<DictionaryAttr>(attribute)) {
    llvm::json::Object object;
    for (NamedAttribute entry : entries)
      object[entry.getName().str()] = toJson(entry.getValue());
    return object;
  }
  if (auto list = dyn_cast<ArrayAttr>(attribute)) {
    llvm::json::Array array;
    for (Attribute entry : list)
      array.push_back(toJson(entry));
    return array;
  }
  if (auto truth = dyn_cast<BoolAttr>(attribute))
    return truth.getValue();
  if (auto number = dyn_cast<IntegerAttr>(attribute))
    return number.getInt();
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return number.getValueAsDouble();
  auto text = dyn_cast<StringAttr>(attribute);
  return text ? llvm::json::fixUTF8(text.getValue()) : "";
}

void Report::noteLowered(ModuleOp module) {
  if (auto plan = module->getAttr("m7.plan"))
    memoryPlan = ::toJson(plan);
  if (auto known = module->getAttr("cuda.estimate"))
    estimate = ::toJson(known);
}

std::string Report::estimateSummary() const {
  if (!estimate)
    return "";
  const llvm::json::Object &known = *estimate->getAsObject();
  int64_t kernels = known.getInteger("kernels").value_or(0),
          open = known.getInteger("of_open_sizes").value_or(0);
  std::string rest =
      open ? llvm::formatv("; {0} have open sizes", open).str() : "";
  return llvm::formatv("an estimate, not measured: {0} kernels, {1:F1} us at "
                       "least on {2}",
                       kernels - open,
                       known.getNumber("us_at_least").value_or(0),
                       known.getString("device").value_or(""))
             .str() +
         rest;
}

std::string Report::planSummary() const {
  if (!memoryPlan)
    return "";
  const llvm::json::Object &plan = *memoryPlan->getAsObject();
  int64_t bytes = plan.getInteger("bytes").value_or(0);
  std::string summary;
  llvm::raw_string_ostream stream(summary);
  stream << "arena " << bytes << " bytes, ";
  if (plan.getBoolean("proven").value_or(false))
    stream << "the least for these buffers";
  else
    stream << llvm::formatv("at most {0:P1} above the least",
                            plan.getNumber("gap").value_or(0));
  return summary;
}

void Report::drawPage(llvm::raw_ostream &stream,
                      const CompileOptions &options) const {
  StringRef model = llvm::sys::path::filename(options.input);
  Page page(stream,
            (search ? "Search of a smaller " : "Memory of ") + model.str());
  if (search)
    drawSearch(stream, *search);
  if (search && memoryPlan)
    page.beginPart("Memory");
  if (memoryPlan)
    drawPlan(stream, *memoryPlan->getAsObject());
  if (!search && !memoryPlan)
    page.addParagraph("Nothing was searched, and no plan was made for " +
                      model.str() + ".");
}

void Report::noteEmitted(ModuleOp module) {
  if (auto measured = module->getAttr("m7.sizes"))
    sizes = ::toJson(measured);
}

std::string Report::describeSizes() const {
  const llvm::json::Object *known = sizes ? sizes->getAsObject() : nullptr;
  if (!known)
    return "";
  auto bytes = [&](StringRef name) {
    return llvm::formatv("{0}", known->getInteger(name).value_or(0)).str();
  };
  return "arena " + bytes("arena") + ", stack " + bytes("stack") + ", flash " +
         bytes("flash") + " bytes; SRAM with inputs in memory " +
         bytes("sram_with_inputs") +
         (bytes("sram_with_inputs") == bytes("sram_with_whole_inputs")
              ? ""
              : ", if all of them were " + bytes("sram_with_whole_inputs"));
}

void Report::noteCalibration(const RangeChoice &choice, int64_t samples,
                             size_t tensors) {
  llvm::json::Object entry{
      {"samples", samples},
      {"tensors", int64_t(tensors)},
      {"ranges", choice.method == RangeMethod::MinMax       ? "minmax"
                 : choice.method == RangeMethod::Percentile ? "percentile"
                                                            : "mse"}};
  if (choice.method == RangeMethod::Percentile)
    entry["percentile"] = choice.percentile;
  calibration = std::move(entry);
}

void Report::noteCompression(int64_t before, int64_t after, Attribute sites) {
  compression = llvm::json::Object{
      {"parameters_before", before},
      {"parameters_after", after},
      {"sites", sites ? ::toJson(sites) : llvm::json::Array()}};
}

void Report::noteMultiplyAdds(ModuleOp module) {
  func::FuncOp function = functionOf(module);
  if (!function)
    return;
  llvm::Expected<int64_t> count = compress::numberOfMultiplyAdds(function);
  if (count)
    multiplyAdds = *count;
  else
    llvm::consumeError(count.takeError());
}

static llvm::json::Object toJson(const Candidate &candidate) {
  llvm::json::Object entry = tfc::toJson(candidate.measured);
  entry["passes"] = candidate.passes;
  entry["fitted"] = candidate.isFitted;
  if (candidate.flash)
    entry["flash"] = *candidate.flash;
  if (candidate.sram)
    entry["sram"] = *candidate.sram;
  return entry;
}

void Report::noteSearch(StringRef metric, bool isGreaterBetter, StringRef size,
                        const Measured &whole) {
  search = llvm::json::Object{{"metric", metric.str()},
                              {"greater_is_better", isGreaterBetter},
                              {"size", size.str()},
                              {"original", tfc::toJson(whole)},
                              {"candidates", llvm::json::Array()}};
}

void Report::noteCandidate(const Candidate &candidate) {
  search->getArray("candidates")->push_back(::toJson(candidate));
}

void Report::noteChosen(const Candidate &chosen) {
  (*search)["chosen"] = ::toJson(chosen);
}

void Report::noteSensitivity(StringRef site, const Measured &alone,
                             const Measured &whole) {
  sensitivities.push_back(
      llvm::json::Object{{"site", site.str()},
                         {"metric", alone.metric},
                         {"loss", alone.loss},
                         {"added_loss", alone.loss - whole.loss}});
}

void Report::noteQuantization(StringRef metric, const Measured &whole,
                              const Measured &quantized,
                              ArrayRef<std::string> kept) {
  auto entry = [](const Measured &measured) {
    return llvm::json::Object{{"metric", measured.metric},
                              {"loss", measured.loss}};
  };
  llvm::json::Array names;
  for (const std::string &name : kept)
    names.push_back(name);
  quantization =
      llvm::json::Object{{"metric", metric.str()},
                         {"original", entry(whole)},
                         {"quantized", entry(quantized)},
                         {"kept", std::move(names)},
                         {"sensitivity", llvm::json::Array(sensitivities)}};
}

static llvm::json::Object
toObject(const std::map<std::string, unsigned> &counts) {
  llvm::json::Object object;
  for (const auto &[name, count] : counts)
    object[name] = count;
  return object;
}

llvm::json::Value Report::toJson(const CompileOptions &options,
                                 const PhaseLog &log, ExitCode result) const {
  llvm::json::Array phases;
  for (const PhaseLog::Entry &entry : log.entries())
    phases.push_back(llvm::json::Object{{"name", entry.name},
                                        {"ms", entry.milliseconds},
                                        {"peak_rss_kib", entry.peakKiB}});
  auto groups = [](const std::map<std::string, Group> &kinds) {
    llvm::json::Array array;
    for (const auto &[name, group] : kinds)
      array.push_back(llvm::json::Object{{"op", name},
                                         {"count", group.count},
                                         {"from", toObject(group.from)}});
    return array;
  };
  auto listOf = [&](StringRef list) {
    auto found = recognised.find(list.str());
    return found == recognised.end() ? llvm::json::Array() : found->second;
  };
  bool isX86 = options.target == "x86-64";
  llvm::json::Object report{{"version", versionText()},
                            {"input", options.input},
                            {"output", options.output},
                            {"target", options.target},
                            {"cpu", isX86 ? options.cpu : options.target},
                            {"opt_level", options.optLevel},
                            {"exit_code", int(result)},
                            {"phases", std::move(phases)},
                            {"onnx_operators", toObject(operators)},
                            {"attentions", listOf("attentions")},
                            {"routes", listOf("routes")},
                            {"scans", listOf("scans")},
                            {"raised", groups(raised)},
                            {"general", groups(general)}};
  if (multiplyAdds)
    report["multiply_adds"] = *multiplyAdds;
  if (calibration)
    report["calibration"] = *calibration;
  if (compression)
    report["compression"] = *compression;
  if (search)
    report["search"] = llvm::json::Object(*search);
  if (quantization)
    report["quantization"] = *quantization;
  if (memoryPlan)
    report["memory_plan"] = *memoryPlan;
  if (estimate)
    report["estimate"] = *estimate;
  if (sizes)
    report["sizes"] = *sizes;
  return report;
}
