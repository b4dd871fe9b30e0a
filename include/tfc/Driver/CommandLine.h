//===- CommandLine.h - the command line of tfc ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DRIVER_COMMANDLINE_H
#define TFC_DRIVER_COMMANDLINE_H

#include "tfc/Driver/Target.h"
#include "tfc/Support/ExitCodes.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace tfc {

/// All of tfc but the process around it: parses `arguments` (without the
/// program's name), compiles, and returns the process's exit code.
ExitCode runTfc(const std::vector<std::string> &arguments,
                llvm::raw_ostream &out, llvm::raw_ostream &err,
                const TargetRegistry &targets = TargetRegistry());

/// What tfc's command line `arguments` ask to compile; --help and --version are
/// errors here.
llvm::Expected<CompileOptions>
parseCompileOptions(const std::vector<std::string> &arguments);

/// "tfc 0.1.0", the LLVM and the ONNX it was built with, one a line.
std::string versionText();

} // namespace tfc

#endif // TFC_DRIVER_COMMANDLINE_H
