//===- OptionParser.cpp - the tools' command lines --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Support/OptionParser.h"

#include <algorithm>
#include <cstdint>

using namespace tfc;

/// Edits (insertions, deletions, substitutions) that turn `a` into `b`.
static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::string_view
tfc::nearestSpelling(std::string_view word,
                     const std::vector<std::string_view> &candidates) {
  std::string_view best;
  size_t bestDistance = word.size() / 3 + 2;
  for (std::string_view candidate : candidates) {
    size_t distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

static std::string_view withoutDashes(std::string_view text) {
  size_t start = text.find_first_not_of('-');
  return start == std::string_view::npos ? std::string_view()
                                         : text.substr(start);
}

static const OptionSpec *findOption(const std::vector<OptionSpec> &table,
                                    std::string_view name) {
  // As in LLVM's tools, long options may be written with one dash or two.
  auto matches = [&](const OptionSpec &spec) {
    if (spec.spelling.empty())
      return false;
    return spec.spelling == name ||
           (withoutDashes(spec.spelling).size() > 1 &&
            withoutDashes(spec.spelling) == withoutDashes(name));
  };
  auto it = std::find_if(table.begin(), table.end(), matches);
  return it == table.end() ? nullptr : &*it;
}

static std::string unknownOption(const std::vector<OptionSpec> &table,
                                 std::string_view name) {
  std::string error = "unknown option '" + std::string(name) + "'";
  std::vector<std::string_view> known;
  for (const OptionSpec &spec : table)
    if (!spec.spelling.empty())
      known.push_back(spec.spelling);
  std::string_view near = nearestSpelling(name, known);
  if (!near.empty())
    error += "; did you mean '" + std::string(near) + "'?";
  return error;
}

ParsedCommandLine
tfc::parseCommandLine(const std::vector<OptionSpec> &table,
                      const std::vector<std::string> &arguments) {
  ParsedCommandLine result;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument == "--") {
      result.positionals.insert(result.positionals.end(),
                                arguments.begin() + i + 1, arguments.end());
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      result.positionals.emplace_back(argument);
      continue;
    }
    size_t equals = argument.find('=');
    std::string name(argument.substr(0, equals));
    const OptionSpec *spec = findOption(table, name);
    if (!spec) {
      result.error = unknownOption(table, name);
      return result;
    }
    ParsedOption option{spec->id, name, "", equals != std::string_view::npos};
    if (spec->value.empty()) {
      if (equals != std::string_view::npos) {
        result.error = "option '" + name + "' takes no value";
        return result;
      }
    } else if (equals != std::string_view::npos) {
      option.value = argument.substr(equals + 1);
    } else if (spec->value[0] == '[') {
      // Its value is left away.
    } else if (i + 1 < arguments.size()) {
      option.value = arguments[++i];
      option.hasValue = true;
    } else {
      result.error = "option '" + name + "' needs a value: " + name +
                     (spec->equals ? "=" : " ") + std::string(spec->value);
      return result;
    }
    result.options.push_back(std::move(option));
  }
  return result;
}

std::string tfc::formatOptions(const std::vector<OptionSpec> &table) {
  constexpr size_t column = 26;
  std::string text;
  for (const OptionSpec &spec : table) {
    if (spec.help.empty())
      continue;
    if (spec.spelling.empty()) {
      text += "\n" + std::string(spec.help) + ":\n";
      continue;
    }
    std::string line = "  " + std::string(spec.spelling);
    if (!spec.value.empty() && spec.value[0] == '[')
      line += spec.value;
    else if (!spec.value.empty())
      line += (spec.equals ? "=" : " ") + std::string(spec.value);
    if (line.size() + 2 > column)
      line += "\n" + std::string(column, ' ');
    else
      line.resize(column, ' ');
    for (char c : spec.help) {
      line += c;
      if (c == '\n')
        line += std::string(column, ' ');
    }
    text += line + "\n";
  }
  return text;
}

std::string tfc::parseNamedShape(std::string_view text, std::string &name,
                                 std::vector<long long> &sizes) {
  size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0)
    return "expected NAME=SIZExSIZE..., got '" + std::string(text) + "'";
  name = text.substr(0, equals);
  std::string_view rest = text.substr(equals + 1);
  sizes.clear();
  while (!rest.empty()) {
    size_t end = std::min(rest.find_first_of("x,"), rest.size());
    std::string_view word = rest.substr(0, end);
    bool open = word == "?" || word == "-1";
    bool digits =
        !word.empty() && word.size() <= 18 &&
        word.find_first_not_of("0123456789") == std::string_view::npos;
    if (!open && !digits)
      return "'" + std::string(word) + "' in '" + std::string(text) +
             "' is not a size: expected a number, or ? for an open size";
    long long size = -1;
    if (digits) {
      size = 0;
      for (char c : word)
        size = size * 10 + (c - '0');
    }
    sizes.push_back(size);
    if (end == rest.size())
      break;
    rest.remove_prefix(end + 1);
    if (rest.empty())
      return "'" + std::string(text) + "' ends in a separator";
  }
  return "";
}
