//===- MetricCommand.cpp - a metric that the user computes ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MetricCommand.h"
#include "Output.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include <cmath>

using namespace tfc;
using llvm::StringRef;

/// As one word of a POSIX shell.
static std::string quoted(StringRef word) {
  std::string text = "'";
  for (char c : word)
    text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

static void replaceAll(std::string &text, StringRef what, StringRef by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos;
       at += by.size())
    text.replace(at, what.size(), by);
}

/// The last line of a file that is not blank.
static std::string lastLine(StringRef path) {
  auto text = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!text)
    return "";
  StringRef lines = (*text)->getBuffer().rtrim();
  return lines.substr(lines.rfind('\n') + 1).trim().str();
}

llvm::Error MetricCommand::execute(StringRef text, StringRef printed,
                                   StringRef complaints) const {
  std::string problem;
  std::optional<StringRef> redirects[] = {StringRef(), printed, complaints};
  StringRef arguments[] = {"/bin/sh", "-c", text};
  int status = llvm::sys::ExecuteAndWait(
      "/bin/sh", arguments, /*Env=*/std::nullopt, redirects, std::ceil(seconds),
      /*MemoryLimit=*/0, &problem);
  if (status == 0)
    return llvm::Error::success();
  std::string reason = "ended with status " + std::to_string(status);
  if (status < 0)
    reason = StringRef(problem).contains("timed out")
                 ? "took more than " +
                       llvm::formatv("{0:F0}", std::ceil(seconds)).str() +
                       " seconds (--metric-timeout)"
                 : "was ended: " + problem;
  std::string complaint = lastLine(complaints);
  return llvm::createStringError(
      "--metric-command '" + command + "' " + reason +
      (complaint.empty() ? "" : "; it said: " + complaint));
}

llvm::Expected<double> MetricCommand::run(StringRef library,
                                          const run::Arrays &outputs) const {
  ScratchFile arrays, printed, complaints;
  for (ScratchFile *file : {&arrays, &printed, &complaints})
    if (llvm::Error error = file->create(""))
      return std::move(error);
  std::string text = command.str();
  replaceAll(text, "{library}", quoted(library));
  if (readsOutputs()) {
    std::string problem = run::writeNpz(arrays.name().str(), outputs);
    if (!problem.empty())
      return llvm::createStringError(problem);
    replaceAll(text, "{outputs}", quoted(arrays.name()));
  }
  if (llvm::Error error = execute(text, printed.name(), complaints.name()))
    return std::move(error);
  std::string line = lastLine(printed.name());
  double number;
  if (StringRef(line).getAsDouble(number) || !std::isfinite(number))
    return llvm::createStringError(
        "--metric-command '" + command + "' printed " +
        (line.empty() ? "nothing" : "'" + line + "' in its last line") +
        "; expected a number");
  return number;
}
