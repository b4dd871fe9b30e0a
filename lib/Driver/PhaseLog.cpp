//===- PhaseLog.cpp - time and memory of the phases -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PhaseLog.h"

#include "llvm/Support/Format.h"
#include <cstdio>
#include <cstring>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace tfc;

/// Starts a new measurement of the peak; Linux only, elsewhere without effect.
static void resetPeak() {
  if (FILE *file = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", file);
    std::fclose(file);
  }
}

static uint64_t peakKiB() {
  unsigned long long peak = 0;
  if (FILE *file = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof(line), file))
      if (std::sscanf(line, "VmHWM: %llu", &peak) == 1)
        break;
    std::fclose(file);
  }
  if (peak)
    return peak;
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

/// Of the terminal.
static size_t columns() {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1
             ? size.ws_col
             : 80;
}

void PhaseLog::showLine(const llvm::Twine &text) {
  if (!progress)
    return;
  clearLine();
  std::string line = ("tfc: " + llvm::Twine(purpose) +
                      (purpose.empty() ? "" : ": ") + current + " ..." + text)
                         .str();
  // What wraps cannot be removed.
  err << llvm::StringRef(line).take_front(columns() - 1);
  err.flush();
  lineShown = true;
}

void PhaseLog::begin(llvm::StringRef name) {
  current = name.str();
  showLine("");
  resetPeak();
  start = std::chrono::steady_clock::now();
}

void PhaseLog::end() {
  if (current.empty())
    return;
  std::chrono::duration<double, std::milli> passed =
      std::chrono::steady_clock::now() - start;
  done.push_back({current, passed.count(), peakKiB()});
  current.clear();
  clearLine();
  if (verbose)
    err << llvm::format("tfc: %-8s %10.1f ms  peak %8.1f MiB\n",
                        done.back().name.c_str(), passed.count(),
                        done.back().peakKiB / 1024.0);
}

void PhaseLog::note(llvm::StringRef text) {
  if (verbose && !text.empty())
    err << "tfc: " << text << "\n";
}

void PhaseLog::progressed(uint64_t done, uint64_t total) {
  showLine(" " + llvm::Twine(done) + " of " + llvm::Twine(total));
}

void PhaseLog::clearLine() {
  if (!lineShown)
    return;
  err << "\r\x1b[K";
  err.flush();
  lineShown = false;
}
