//===- Diagnostics.cpp - messages as clang prints them ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Driver/Diagnostics.h"

#include "mlir/IR/Location.h"
#include "tfc/Dialect/Onnx/Onnx.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tfc;

void DiagnosticPrinter::print(StringRef severity, StringRef place,
                              StringRef message) {
  if (beforePrint)
    beforePrint();
  if (severity == "error")
    ++numErrors;
  if (consumer)
    return consumer(severity, place, message);
  bool wasColored = err.colors_enabled();
  err.enable_colors(color);
  err.changeColor(llvm::raw_ostream::SAVEDCOLOR, /*Bold=*/true);
  err << place << ": ";
  auto tint = severity == "error"     ? llvm::raw_ostream::RED
              : severity == "warning" ? llvm::raw_ostream::MAGENTA
                                      : llvm::raw_ostream::CYAN;
  err.changeColor(tint, /*Bold=*/true);
  err << severity << ": ";
  err.resetColor();
  err << message << "\n";
  err.enable_colors(wasColored);
}

void DiagnosticPrinter::rememberNodes(ModuleOp module) {
  module.walk([&](tfc::onnx::NodeOp node) {
    nodes.try_emplace(
        node.getLoc(),
        (node.getOpType() + ", opset " + llvm::Twine(node.getOpset())).str());
  });
}

void DiagnosticPrinter::describe(Location location, std::string &place,
                                 std::string &subject) const {
  if (auto named = dyn_cast<NameLoc>(location)) {
    auto known = nodes.find(location);
    if (subject.empty() && known != nodes.end())
      subject = ("node '" + named.getName().getValue() + "' (" + known->second +
                 "): ")
                    .str();
    else if (subject.empty() && isa<FileLineColLoc>(named.getChildLoc()) &&
             !named.getName().empty())
      subject = ("'" + named.getName().getValue() + "': ").str();
    return describe(named.getChildLoc(), place, subject);
  }
  if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      if (place.empty())
        describe(part, place, subject);
    return;
  }
  if (auto call = dyn_cast<CallSiteLoc>(location))
    return describe(call.getCallee(), place, subject);
  if (auto line = dyn_cast<FileLineColLoc>(location)) {
    place = line.getFilename().getValue().str();
    if (line.getLine() > 0)
      place += ":" + std::to_string(line.getLine()) + ":" +
               std::to_string(line.getColumn());
  }
}

/// Which word stands for an MLIR severity.
static StringRef severityName(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Remark:
    return "remark";
  }
  return "error";
}

void DiagnosticPrinter::handle(Diagnostic &diagnostic) {
  std::lock_guard<std::mutex> guard(mutex);
  auto show = [&](Diagnostic &each) {
    std::string place, subject, message = each.str();
    describe(each.getLocation(), place, subject);
    StringRef text = message;
    // What the operation is called inside of tfc says nothing to a user who is
    // told the node.
    if (!subject.empty())
      text.consume_front("'onnx.node' op ");
    // The importer's own messages name the node already.
    if (!subject.empty() && text.starts_with("node '"))
      subject.clear();
    print(severityName(each.getSeverity()), place.empty() ? file : place,
          subject + text.str());
  };
  show(diagnostic);
  for (Diagnostic &note : diagnostic.getNotes()) {
    // MLIR attaches the failing operation in full; with weights that is no
    // help.
    if (StringRef(note.str()).starts_with("see current operation:"))
      continue;
    show(note);
  }
}
