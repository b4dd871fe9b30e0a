//===- ExitCodes.h - what the tools return ----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_SUPPORT_EXITCODES_H
#define TFC_SUPPORT_EXITCODES_H

namespace tfc {

/// Exit codes of tfc and tfc-run, also printed by their --help.
enum ExitCode : int {
  /// The output is complete.
  ExitSuccess = 0,
  /// The model or the data was refused, or a file could not be read or
  /// written; the message says why. No output was written.
  ExitRefused = 1,
  /// The command line was not understood.
  ExitUsage = 2,
  /// A defect of tfc. tfc leaves a reproducer file and names it.
  ExitInternal = 3,
};

/// The table of exit codes as the tools' --help prints it.
inline constexpr const char *exitCodeHelp =
    "EXIT CODES:\n"
    "  0  success\n"
    "  1  the model or its data was refused; the message says why\n"
    "  2  the command line was not understood\n"
    "  3  an internal error: please report it\n";

} // namespace tfc

#endif // TFC_SUPPORT_EXITCODES_H
