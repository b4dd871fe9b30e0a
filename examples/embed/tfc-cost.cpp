//===- tfc-cost.cpp - tfc with a target more --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CostTarget.h"

#include "tfc/Driver/CommandLine.h"

#include "llvm/Support/InitLLVM.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  tfc::TargetRegistry targets;
  targets.add(embed::costTarget());
  return tfc::runTfc(std::vector<std::string>(argv + 1, argv + argc),
                     llvm::outs(), llvm::errs(), targets);
}
