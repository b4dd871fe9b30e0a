//===- tfc.cpp - the compiler -----------------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Driver/CommandLine.h"

#include "llvm/Support/InitLLVM.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::setBugReportMsg(
      "tfc: internal error; please report it with the model and this trace\n");
  return tfc::runTfc(std::vector<std::string>(argv + 1, argv + argc),
                     llvm::outs(), llvm::errs());
}
