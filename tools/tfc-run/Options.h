//===- Options.h - the command line of tfc-run ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TOOLS_TFC_RUN_OPTIONS_H
#define TFC_TOOLS_TFC_RUN_OPTIONS_H

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tfc::run {

struct Options {
  std::string model;
  std::string inputsFile;                                       ///< .npz
  std::vector<std::pair<std::string, std::string>> inputFiles;  ///< name, .npy
  std::string outputsFile;                                      ///< .npz
  std::vector<std::pair<std::string, std::string>> outputFiles; ///< name, .npy
  bool random = false;
  uint64_t seed = 0;
  /// Sizes of random inputs, by name of the input; -1 keeps the model's.
  std::map<std::string, std::vector<long long>> shapes;
  /// Lowest and one more than the highest value of random integers.
  std::map<std::string, std::pair<int64_t, int64_t>> ranges;
  /// Whether the model is an object for the Cortex-M7, and what the emulated
  /// board has for it.
  bool cortexM7 = false;
  /// Whether a model's GPU is emulated.
  bool emulate = false;
  int64_t ram = 320 << 10, flash = 1 << 20;
  bool profile = false;
  /// Rows after which inputs that the model asks for by rows end.
  int64_t inputRows = INT32_MAX;
  int64_t threads = 1; ///< 0: one a core
  int64_t repeat = 1, warmup = 0;
  bool json = false, describe = false, help = false, version = false;

  /// An empty string, or what is wrong with the command line.
  std::string parse(const std::vector<std::string> &arguments);

  static std::string helpText();
  static std::string versionText();

private:
  std::string set(int id, const std::string &spelling,
                  const std::string &value);
};

} // namespace tfc::run

#endif // TFC_TOOLS_TFC_RUN_OPTIONS_H
