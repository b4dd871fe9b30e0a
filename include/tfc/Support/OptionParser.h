//===- OptionParser.h - the tools' command lines ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A table-driven parser of command lines that depends on the C++ library only,
// so that tfc-run does not have to load LLVM to read its arguments.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_SUPPORT_OPTIONPARSER_H
#define TFC_SUPPORT_OPTIONPARSER_H

#include <string>
#include <string_view>
#include <vector>

namespace tfc {

/// One line of an option table. A row with an empty spelling is the heading of
/// a group in the help text.
struct OptionSpec {
  /// With its dashes: "--emit", "-o". Rows with an empty help text are parsed
  /// but not listed.
  std::string_view spelling;
  /// The placeholder of the option's value; empty for a flag, "[=NAME]" for a
  /// value that may be left away and is written with '=' only.
  std::string_view value;
  std::string_view help;
  int id = -1;
  /// Whether help shows "=" between option and value ("-mcpu=CPU"). Both
  /// "--x=v" and "--x v" are accepted whatever this says.
  bool equals = true;
};

struct ParsedOption {
  int id;
  /// As typed, for messages.
  std::string spelling;
  std::string value;
  /// Whether a value was written, be it an empty one.
  bool hasValue = false;
};

struct ParsedCommandLine {
  std::vector<ParsedOption> options;
  std::vector<std::string> positionals;
  /// Not empty when the command line is wrong: one sentence for the user.
  std::string error;
};

/// Splits a command line (without the program's name) by `table`. "--" ends the
/// options; "-" alone is a positional argument.
ParsedCommandLine parseCommandLine(const std::vector<OptionSpec> &table,
                                   const std::vector<std::string> &arguments);

/// The table as text, one or more lines an option, under its group headings.
std::string formatOptions(const std::vector<OptionSpec> &table);

/// The element of `candidates` that `word` is most likely a misspelling of, or
/// an empty string when none is near.
std::string_view
nearestSpelling(std::string_view word,
                const std::vector<std::string_view> &candidates);

/// Reads "name=1x128x?" into the name and its sizes, -1 for '?' or '-1'. The
/// name may itself contain '='. Returns an empty string, or what is wrong.
std::string parseNamedShape(std::string_view text, std::string &name,
                            std::vector<long long> &sizes);

} // namespace tfc

#endif // TFC_SUPPORT_OPTIONPARSER_H
