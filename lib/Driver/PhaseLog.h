//===- PhaseLog.h - time and memory of the phases ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_PHASELOG_H
#define TFC_LIB_DRIVER_PHASELOG_H

#include "tfc/Driver/Driver.h"
#include <chrono>
#include <vector>

namespace tfc {

/// Measures phases and says on a stream which one is running.
class PhaseLog {
public:
  struct Entry {
    std::string name;
    double milliseconds;
    /// The most memory the process held during the phase, in KiB; of its whole
    /// life where the system cannot tell.
    uint64_t peakKiB;
  };

  PhaseLog(llvm::raw_ostream &err, bool verbose, bool progress)
      : err(err), verbose(verbose), progress(progress) {}
  ~PhaseLog() { clearLine(); }

  void begin(llvm::StringRef name);
  void end();
  /// Says something with the phases' times.
  void note(llvm::StringRef text);
  /// What the phases are part of, for the progress line; empty for nothing.
  void setPurpose(llvm::StringRef text) { purpose = text.str(); }
  /// How far the phase has come, for the progress line.
  void progressed(uint64_t done, uint64_t total);
  /// Removes the progress line, if one is shown.
  void clearLine();

  const std::vector<Entry> &entries() const { return done; }

private:
  void showLine(const llvm::Twine &text);

  llvm::raw_ostream &err;
  bool verbose, progress, lineShown = false;
  std::string current, purpose;
  std::chrono::steady_clock::time_point start;
  std::vector<Entry> done;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_PHASELOG_H
