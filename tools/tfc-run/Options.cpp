//===- Options.cpp - the command line of tfc-run ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include "tfc/Support/ExitCodes.h"
#include "tfc/Support/OptionParser.h"

#include <charconv>

using namespace tfc;
using namespace tfc::run;

namespace {

enum Id {
  Inputs,
  Input,
  Random,
  Seed,
  Shape,
  Range,
  Outputs,
  Output,
  Target,
  Emulate,
  Ram,
  Flash,
  Profile,
  InputRows,
  Threads,
  Repeat,
  Warmup,
  Json,
  Describe,
  Help,
  Version
};

const std::vector<OptionSpec> &table() {
  static const std::vector<OptionSpec> rows = {
      {"", "", "INPUTS"},
      {"--inputs", "FILE.npz",
       "read the inputs from a numpy archive, by their names", Inputs, false},
      {"--input", "NAME=FILE.npy", "read one input from a numpy file", Input,
       false},
      {"--random", "", "make up the inputs that no file gives", Random},
      {"--seed", "N", "of random inputs (default: 0)", Seed, false},
      {"--shape", "NAME=1x128",
       "sizes of a random input ('?' for those that the model fixes); open "
       "sizes of one name in the model agree, and are 1 where none is given",
       Shape, false},
      {"--range", "NAME=LO:HI",
       "random integers from LO to HI-1 (default: 0:2)", Range, false},
      {"", "", "OUTPUTS"},
      {"--outputs", "FILE.npz", "write all outputs to a numpy archive", Outputs,
       false},
      {"--output", "NAME=FILE.npy", "write one output to a numpy file", Output,
       false},
      {"--describe", "",
       "print what the model takes and gives, and run nothing", Describe},
      {"--json", "", "print what is printed as one JSON object", Json},
      {"", "", "RUNNING"},
      {"--threads", "N", "threads to use (default: 1; 0: one a core)", Threads,
       false},
      {"--repeat", "N",
       "timed calls (default: 1); prints least, median and most milliseconds",
       Repeat, false},
      {"--warmup", "N", "calls before those (default: 0, or 1 with --repeat)",
       Warmup, false},
      {"--profile", "",
       "print where the time goes: milliseconds, GFLOP/s and bytes of the "
       "nodes of a call, or instructions on a Cortex-M7; tfc's --profile "
       "prepares for it",
       Profile},
      {"", "", "DEVICES"},
      {"--target", "NAME",
       "x86-64 (the default), or cortex-m7: MODEL.o, with MODEL.h beside it, "
       "runs in qemu on a board with a Cortex-M7; prints instructions, and "
       "stack and arena as used",
       Target},
      {"--emulate", "",
       "run the kernels of a model for a GPU on this machine's CPU, with "
       "checks of every access: for tests of small models",
       Emulate},
      {"--ram", "BYTES", "for arena and stack, at most 4M (default: 320K)",
       Ram},
      {"--flash", "BYTES", "for code and constants, at most 3M (default: 1M)",
       Flash},
      {"--input-rows", "N",
       "let inputs that the model asks for by rows end after N rows",
       InputRows},
      {"", "", "GENERAL"},
      {"--help", "", "print this text", Help},
      {"-h", "", "", Help},
      {"--version", "", "print the version", Version},
  };
  return rows;
}

bool parseNumber(const std::string &text, int64_t &number) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// "NAME=VALUE" at the last '='.
bool splitPair(const std::string &text,
               std::pair<std::string, std::string> &pair) {
  size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    return false;
  pair = {text.substr(0, at), text.substr(at + 1)};
  return true;
}

std::string count(const std::string &spelling, const std::string &value,
                  int64_t least, int64_t &out) {
  if (parseNumber(value, out) && out >= least && out <= 1000000000)
    return "";
  return spelling + " takes a number of at least " + std::to_string(least) +
         ", not '" + value + "'";
}

/// Bytes, or KiB and MiB with K and M.
std::string bytes(const std::string &spelling, std::string value, int64_t most,
                  int64_t &out) {
  std::string number = value;
  int64_t unit = 1;
  if (!number.empty() && (number.back() == 'K' || number.back() == 'M')) {
    unit = number.back() == 'K' ? 1 << 10 : 1 << 20;
    number.pop_back();
  }
  if (!parseNumber(number, out) || out < 1 || out > most / unit)
    return spelling + " takes bytes, as 320K, up to " +
           std::to_string(most >> 20) + "M, not '" + value + "'";
  out *= unit;
  return "";
}

} // namespace

std::string Options::set(int id, const std::string &spelling,
                         const std::string &value) {
  std::pair<std::string, std::string> pair;
  int64_t number = 0;
  std::string error;
  switch (id) {
  case Inputs:
    inputsFile = value;
    return "";
  case Outputs:
    outputsFile = value;
    return "";
  case Input:
  case Output:
    if (!splitPair(value, pair))
      return spelling + " takes NAME=FILE.npy, not '" + value + "'";
    (id == Input ? inputFiles : outputFiles).push_back(pair);
    return "";
  case Random:
    random = true;
    return "";
  case Seed:
    error = count(spelling, value, 0, number);
    seed = number;
    return error;
  case Shape: {
    std::vector<long long> sizes;
    error = parseNamedShape(value, pair.first, sizes);
    if (!error.empty())
      return spelling + ": " + error;
    shapes[pair.first] = sizes;
    return "";
  }
  case Range: {
    int64_t low = 0, high = 0;
    size_t colon = std::string::npos;
    if (splitPair(value, pair))
      colon = pair.second.find(':');
    if (colon == std::string::npos ||
        !parseNumber(pair.second.substr(0, colon), low) ||
        !parseNumber(pair.second.substr(colon + 1), high) || low >= high)
      return spelling + " takes NAME=LO:HI with LO below HI, not '" + value +
             "'";
    ranges[pair.first] = {low, high};
    return "";
  }
  case Target:
    cortexM7 = value == "cortex-m7";
    return cortexM7 || value == "x86-64"
               ? ""
               : "--target can be x86-64 or cortex-m7, not '" + value + "'";
  case Emulate:
    emulate = true;
    return "";
  case Ram:
    return bytes(spelling, value, 4 << 20, ram);
  case Flash:
    return bytes(spelling, value, 3 << 20, flash);
  case Profile:
    profile = true;
    return "";
  case InputRows:
    return count(spelling, value, 0, inputRows);
  case Threads:
    return count(spelling, value, 0, threads);
  case Repeat:
    return count(spelling, value, 1, repeat);
  case Warmup:
    return count(spelling, value, 0, warmup);
  case Json:
    json = true;
    return "";
  case Describe:
    describe = true;
    return "";
  case Help:
    help = true;
    return "";
  default:
    version = true;
    return "";
  }
}

std::string Options::parse(const std::vector<std::string> &arguments) {
  ParsedCommandLine line = parseCommandLine(table(), arguments);
  warmup = -1;
  for (const ParsedOption &option : line.options) {
    std::string error = set(option.id, option.spelling, option.value);
    if (!error.empty())
      return error;
  }
  if (!line.error.empty())
    return line.error;
  if (warmup < 0)
    warmup = repeat > 1 ? 1 : 0;
  if (line.positionals.size() != 1)
    return line.positionals.empty()
               ? "no model given; see tfc-run --help"
               : "one model at a time, not also '" + line.positionals[1] + "'";
  model = line.positionals.front();
  return "";
}

std::string Options::helpText() {
  return "OVERVIEW: runs a model that tfc compiled\n\n"
         "USAGE: tfc-run MODEL.so [options]\n" +
         formatOptions(table()) +
         "\nEXAMPLES:\n"
         "  tfc-run bert.so --describe\n"
         "  tfc-run bert.so --inputs in.npz --outputs out.npz\n"
         "  tfc-run bert.so --random --shape input_ids=1x128 --threads 2 "
         "--repeat 50\n"
         "  tfc-run vit.o --target=cortex-m7 --inputs in.npz --outputs "
         "out.npz\n\n" +
         exitCodeHelp;
}

std::string Options::versionText() { return "tfc-run " TFC_VERSION "\n"; }
